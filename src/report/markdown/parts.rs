//! The items of a comment. Each is whole by itself, and holds data only as the neighbours in
//! `inert` write it.

use std::fmt::Write as _;

use serde_json::Value;

use super::inert::{code, code_cut, prose};
use super::page::Section;
use crate::model::Seconds;
use crate::report::document::{
    BlockedPart, ChangePart, CountsMode, CreatePart, EffectPart, FindingPart, ForecastPart, PathPart, PlanDocument,
    RowPart, SpanPart, SpanWord, StepPart, UpcomingPart,
};
use crate::report::effect_text::is_same;
use crate::report::headline::{Headline, OFFLINE, Severity, Standing, devices_of, percent, severity};
use crate::report::untrusted::json_text;
use crate::report::when::{grouped, in_words, utc};

pub(super) const FINDINGS: Section =
    Section { opening: "\n#### Findings\n\n", closing: "", noun: "findings", share: 25 };
pub(super) const BLOCKED: Section =
    Section { opening: "\n#### Blocked, needs a person\n\n", closing: "", noun: "blocked slots", share: 20 };
pub(super) const ACTIONS: Section = Section {
    opening: "\n#### Actions\n\n| action | manifest | when | devices | why |\n|---|---|---|--:|---|\n",
    closing: "",
    noun: "actions",
    share: 60,
};
pub(super) const EFFECTS: Section =
    Section { opening: "\n#### On the devices\n", closing: "", noun: "effects", share: 60 };
pub(super) const COMING: Section =
    Section { opening: "\n#### Not due yet, as of today\n", closing: "", noun: "effects of jobs to come", share: 40 };
pub(super) const CHANGES: Section =
    Section { opening: "\n#### Changes to jobs on the hub\n", closing: "", noun: "lists of changes", share: 50 };
pub(super) const TIMELINE: Section = Section {
    opening: "\n<details><summary>Lanes and times</summary>\n\n| lane | job | whose | from | acts from | until |\n\
              |--:|---|---|---|---|---|\n",
    closing: "\n</details>\n",
    noun: "spans of the timeline",
    share: 40,
};
pub(super) const WAITS: Section =
    Section { opening: "\n#### Waiting for lanes\n\n", closing: "", noun: "waits", share: 30 };
pub(super) const UPCOMING: Section = Section {
    opening: "\n<details><summary>Next runs</summary>\n\n",
    closing: "\n</details>\n",
    noun: "next runs",
    share: 40,
};
pub(super) const JOBS: Section = Section { opening: "\n", closing: "", noun: "jobs in full", share: 100 };

/// Verdict and what to do next.
pub(super) fn top(document: &PlanDocument, name: Option<&str>, headline: &Headline) -> String {
    let PlanDocument { environment, owner, hub, now, summary, .. } = document;
    let name = name.map_or_else(String::new, |name| format!("{}: ", code(name)));
    let mut text = format!("### {name}{}\n\n", prose(&headline.line()));
    let _ = writeln!(
        text,
        "{} on {} ({} × {}), owner {}, as of {}. {}\n",
        code(environment),
        code(&hub.name),
        code(&hub.sku),
        hub.units,
        code(owner),
        utc(*now),
        super::super::plan_text::summary_text(summary)
    );
    for step in next_steps(document, headline.standing) {
        let _ = writeln!(text, "- {step}");
    }
    text
}

/// What to do next, in order.
fn next_steps(document: &PlanDocument, standing: Standing) -> Vec<String> {
    let apply = code(&format!("hubjobs apply -e {}", document.environment));
    let mut steps = Vec::new();
    if document.is_offline() {
        steps.push(format!("**Offline:** {OFFLINE}. What is listed as new may be on the hub already."));
    }
    match standing {
        Standing::Refused => steps.push(
            "**Next:** nothing is applied as long as a finding below says *refused*. Its help line says what would \
             let it pass; then plan again."
                .to_owned(),
        ),
        _ if document.is_offline() => {
            let plan = code(&format!("hubjobs plan -e {}", document.environment));
            steps.push(format!("**Next:** somebody who may sign in to the hub runs {plan}."));
        }
        Standing::Ready => steps.push(format!(
            "**Next:** review the devices and values below, then merge. The pipeline applies it, or {apply} does."
        )),
        Standing::Blocked => {
            steps.push("**Next:** follow the help lines of the blocked slots; nothing else is to be done.".to_owned());
        }
        Standing::Waiting => {
            steps.push("**Next:** nothing now; an apply within the times below does what is deferred.".to_owned());
        }
        Standing::Idle => steps.push("**Next:** nothing now; the hub has every job that is due.".to_owned()),
    }
    if standing != Standing::Blocked && document.summary.blocked > 0 {
        steps.push("Blocked slots need a person; the rest does not wait for them.".to_owned());
    }
    if document.counts.mode == CountsMode::None && standing != Standing::Idle {
        steps.push(
            "Devices were **not counted**: plan with `--counts all` to see how many each job reaches.".to_owned(),
        );
    }
    steps
}

/// How to get at the rest.
pub(super) fn foot(document: &PlanDocument) -> String {
    let digest = match document.digest.as_str() {
        "" => String::new(),
        digest => format!("Digest {}. ", code(digest)),
    };
    format!(
        "\n<sub>{digest}Times are local to the manifest, and UTC. Devices as counted at {}; a job chooses its devices \
         when it starts.</sub>\n",
        utc(document.now)
    )
}

pub(super) fn finding(finding: &FindingPart) -> String {
    let word = match severity(finding) {
        Severity::Deny => "refused",
        Severity::Warn => "warning",
        Severity::Acknowledged => "acknowledged",
    };
    let mut text = format!("- **{word}** {}: {}", code(&finding.code), prose(&finding.message));
    if let Some(source) = &finding.source {
        let _ = write!(text, " ({})", code(&format!("{}:{}", source.path, source.line)));
    }
    if let Some(acknowledged) = &finding.acknowledged {
        let _ = write!(text, "<br>passes with {}", code(&format!("--ack {acknowledged}")));
    }
    if let Some(help) = &finding.help {
        let _ = write!(text, "<br>**help:** {}", prose(help));
    }
    text.push('\n');
    text
}

pub(super) fn blocked(row: &RowPart, blocked: &BlockedPart) -> String {
    let BlockedPart { reason, message, help, .. } = blocked;
    let (name, when, code_word) = (code(&row.name), prose(&row.when), code(reason));
    format!("- {name} ({when}) {code_word}: {}<br>**help:** {}\n", prose(message), prose(help))
}

/// A row of the table.
pub(super) fn action(row: &RowPart) -> String {
    let (reason, message) = row.step.reason();
    let devices = match (devices_of(row), row.effect.as_ref().and_then(|effect| effect.percent_of_hub)) {
        (Some(devices), Some(share)) => format!("{} ({})", grouped(devices), percent(share)),
        (Some(devices), None) => grouped(devices),
        (None, _) if row.effect.is_some() => "?".to_owned(),
        (None, _) => String::new(),
    };
    let verb = row.step.verb();
    format!(
        "| {verb} | {} | {} | {devices} | {} {} |\n",
        code(&row.name),
        prose(&row.when),
        code(reason),
        prose(message)
    )
}

/// What a row does to its devices.
pub(super) fn effect(row: &RowPart) -> Option<String> {
    let effect = row.effect.as_ref()?;
    let head = format!("\n**{}** {}, {}\n", row.step.verb(), code(&row.name), reach(effect));
    Some(head + &effect_text(effect))
}

/// What a job does to its devices that is not due yet.
pub(super) fn coming((name, when, effect): (&str, &str, &EffectPart)) -> String {
    format!("\n{} {}, {}\n", code(name), prose(when), reach(effect)) + &effect_text(effect)
}

fn effect_text(effect: &EffectPart) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "\nwhere {}", code_cut(&effect.condition, 500));
    match &effect.change {
        ChangePart::Method { name, payload } => {
            let _ = writeln!(text, "\ncalls method {} with {}", code(name), code_cut(&payload.to_string(), 500));
        }
        ChangePart::Twin { paths } => {
            text.push_str("\n| path | devices | now | becomes |\n|---|--:|---|---|\n");
            for path in paths.iter().take(PATHS_SHOWN) {
                twin_path(&mut text, path);
            }
            if paths.len() > PATHS_SHOWN {
                let _ = writeln!(text, "\n… and {} more paths.", paths.len() - PATHS_SHOWN);
            }
        }
    }
    if let Some(forecast) = &effect.forecast {
        let _ = writeln!(text, "\n{}", forecast_words(forecast));
    }
    if !effect.samples.is_empty() {
        let samples: Vec<_> = effect.samples.iter().take(5).map(|id| code(id)).collect();
        let _ = writeln!(text, "\nfor example {}", samples.join(", "));
    }
    text
}

/// Paths of one action that are shown, and values of one path.
const PATHS_SHOWN: usize = 40;
const VALUES_SHOWN: usize = 6;

fn reach(effect: &EffectPart) -> String {
    let Some(devices) = effect.devices else { return "devices not counted".to_owned() };
    let mut text = format!("**{}** {}", grouped(devices), if devices == 1 { "device" } else { "devices" });
    if let Some(share) = effect.percent_of_hub {
        let _ = write!(text, ", {} of the hub", percent(share));
    }
    if let Some(connected) = effect.connected {
        let _ = write!(text, ", {} connected", grouped(connected));
    }
    text
}

fn twin_path(text: &mut String, path: &PathPart) {
    let to = if path.to.is_null() { "*deleted*".to_owned() } else { value(&path.to) };
    let name = code(&path.path);
    let Some(from) = &path.from else {
        let _ = writeln!(text, "| {name} | ? | *not counted* | {to} |");
        return;
    };
    for (index, current) in from.iter().take(VALUES_SHOWN).enumerate() {
        let name = if index == 0 { name.as_str() } else { "" };
        let now = current.value.as_ref().map_or_else(|| "*unset*".to_owned(), value);
        let becomes = match &current.value {
            Some(now) if is_same(now, &path.to) => "*the same*",
            None if path.to.is_null() => "*stays unset*",
            _ => &to,
        };
        let _ = writeln!(text, "| {name} | {} | {now} | {becomes} |", grouped(current.devices));
    }
    let hidden = from.iter().skip(VALUES_SHOWN).map(|current| current.devices).sum::<u64>() + path.unlisted;
    if path.compound > 0 {
        let name = if from.is_empty() { name.as_str() } else { "" };
        let _ = writeln!(text, "| {name} | {} | *an object or a list* | {to} |", grouped(path.compound));
    }
    if hidden > 0 || (from.is_empty() && path.compound == 0) {
        let name = if from.is_empty() && path.compound == 0 { name.as_str() } else { "" };
        let _ = writeln!(text, "| {name} | {} | *other values* | {to} |", grouped(hidden));
    }
}

fn value(value: &Value) -> String {
    code_cut(&value.to_string(), 60)
}

fn forecast_words(forecast: &ForecastPart) -> String {
    let ForecastPart { duration_seconds, limit_seconds, messages } = *forecast;
    let words = |seconds| in_words(Seconds::new(seconds));
    format!(
        "takes at least {} of the {} that it may take, and about {} messages",
        words(duration_seconds),
        words(limit_seconds),
        grouped(messages)
    )
}

/// What differs from the job that is replaced.
pub(super) fn changes(row: &RowPart) -> Option<String> {
    let StepPart::Replace(CreatePart { changes, .. }) = &row.step else { return None };
    if changes.is_empty() {
        return None;
    }
    let mut text = format!("\n{}\n\n| field | on the hub | in git |\n|---|---|---|\n", code(&row.name));
    let side = |side: &Option<Value>| match side {
        None => "*absent*".to_owned(),
        Some(Value::Null) => "*null, deletes it*".to_owned(),
        Some(other) => value(other),
    };
    for change in changes.iter().take(PATHS_SHOWN) {
        let _ = writeln!(text, "| {} | {} | {} |", code(&change.path), side(&change.from), side(&change.to));
    }
    if changes.len() > PATHS_SHOWN {
        let _ = writeln!(text, "\n… and {} more fields.", changes.len() - PATHS_SHOWN);
    }
    Some(text)
}

pub(super) fn span(span: &SpanPart) -> String {
    let whose = match span.kind {
        SpanWord::Own => "own",
        SpanWord::Foreign => "foreign",
        SpanWord::Planned => "planned",
        SpanWord::Deferred => "deferred",
        SpanWord::Upcoming => "to come",
    };
    let until = span.until.map_or_else(|| "unknown".to_owned(), utc);
    let (lane, label) = (span.lane + 1, code(&span.label));
    format!("| {lane} | {label} | {whose} | {} | {} | {until} |\n", utc(span.from), utc(span.start))
}

/// Who waits, and when every lane is taken.
pub(super) fn wait(message: &str) -> String {
    format!("- {}\n", prose(message))
}

pub(super) fn upcoming(upcoming: &UpcomingPart) -> impl Iterator<Item = String> {
    upcoming.starts.iter().map(|run| {
        let dst = run.dst_message.as_ref().map_or_else(String::new, |words| format!(", {}", prose(words)));
        format!("- {} {}{dst}\n", code(&upcoming.name), prose(&run.when))
    })
}

/// The job as the hub is asked for it. No line of it can close the fence: each begins with a quote, a
/// bracket, a digit or a word of JSON.
pub(super) fn job(row: &RowPart) -> Option<String> {
    let (StepPart::Create(create) | StepPart::Replace(create)) = &row.step else { return None };
    let mut text = format!("<details><summary>{} in full</summary>\n\n", html_name(&row.name));
    let _ = writeln!(text, "job {}", code(&create.job_id));
    if let Some(source) = &row.source {
        let _ = writeln!(text, "from {}", code(&format!("{}:{}", source.path, source.line)));
    }
    for id in &create.cancels_first {
        let _ = writeln!(text, "cancels first {}", code(id));
    }
    let _ = writeln!(text, "\n```json\n{}```\n\n</details>\n", json_text(&create.job));
    Some(text)
}

/// A name in a line of HTML, where Markdown does not look for code spans.
fn html_name(name: &str) -> String {
    name.chars().take(60).filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}
