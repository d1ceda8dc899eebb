//! A plan for people: a line an action with its reason, and a line that sums up.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde_json::Value;

use super::document::{
    ChangedField, CountsMode, CreatePart, FindingPart, LanesPart, MessagesPart, PlanDocument, RowPart, StepPart,
    SummaryPart, UpcomingPart, WindowPart,
};
use super::effect_text::effect_lines;
use super::headline::OFFLINE;
use super::style::{
    BLOCKED, CANCEL, CREATE, DEFERRED, DIM, HELP, Painted, REPLACE, STRONG, error_label, warning_label,
};
use super::timeline_text::timeline_text;
use super::untrusted::{Untrusted, words};
use super::when::{grouped, utc};
use super::wrap::wrapped;

/// How much to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// What there is to do; the rest as counts.
    Brief,
    /// Every row, with job ids.
    Full,
}

/// Longest value that is shown of a field.
const VALUE_LEN_MAX: usize = 60;
/// Characters of a line that is drawn, where nobody says how many there are.
const WIDTH: usize = 80;
/// Foreign jobs that are named.
const FOREIGN_NAMED: usize = 3;

/// The plan as text, ending with its summary line. On a terminal, which has a `width`, long lines are
/// broken between words; elsewhere each item is one line, for those who search.
#[must_use]
pub fn plan_text(document: &PlanDocument, detail: Detail, width: Option<usize>) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = PlanText::new(document, detail, width.unwrap_or(WIDTH)).write(&mut text);
    match width {
        Some(width) => wrapped(&text, width),
        None => text,
    }
}

/// `Plan: 1 to create, 1 to replace, 0 to cancel, 2 deferred, 1 blocked; 14 unchanged.`
#[must_use]
pub fn summary_text(sum: &SummaryPart) -> String {
    let missed = if sum.missed > 0 { format!(", {} missed", sum.missed) } else { String::new() };
    format!(
        "Plan: {} to create, {} to replace, {} to cancel, {} deferred, {} blocked; {} unchanged{missed}.",
        sum.create, sum.replace, sum.cancel, sum.deferred, sum.blocked, sum.unchanged
    )
}

/// Why a plan must not be applied, or what to look at, with what would let it pass. Empty when there
/// is nothing.
#[must_use]
pub fn findings_text(findings: &[FindingPart]) -> String {
    let mut text = String::new();
    for finding in findings {
        let code = Painted(STRONG, Untrusted::new(&finding.code));
        // Writing into a string cannot fail.
        let _ = match finding.denies() {
            true => write!(text, "{}[{code}]: ", error_label()),
            false => write!(text, "{}[{code}]: ", warning_label()),
        };
        let _ = writeln!(text, "{}", words(&finding.message));
        if let Some(source) = &finding.source {
            let place = format!("{}:{}", source.path, source.line);
            let _ = writeln!(text, "  {} {}", Painted(HELP, "-->"), Untrusted::new(&place));
        }
        if let Some(acknowledged) = &finding.acknowledged {
            let note = Painted(HELP, "= note:");
            let _ = writeln!(text, "  {note} passes with `--ack {}`", Untrusted::new(acknowledged));
        }
        if let Some(help) = &finding.help {
            let _ = writeln!(text, "  {} {}", Painted(HELP, "= help:"), words(help));
        }
    }
    text
}

struct PlanText<'a> {
    document: &'a PlanDocument,
    detail: Detail,
    /// Characters of a line.
    width: usize,
    name_width: usize,
    when_width: usize,
}

impl<'a> PlanText<'a> {
    fn new(document: &'a PlanDocument, detail: Detail, width: usize) -> Self {
        let shown = || document.rows.iter().filter(|row| is_shown(row, detail));
        let upcoming = document.upcoming.iter().map(|upcoming| upcoming.name.len());
        Self {
            document,
            detail,
            width,
            name_width: shown().map(|row| row.name.len()).chain(upcoming).max().unwrap_or_default(),
            when_width: shown().map(|row| row.when.chars().count()).max().unwrap_or_default(),
        }
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let PlanDocument { environment, owner, hub, now, upcoming, .. } = self.document;
        let [environment, name, sku, owner] =
            [environment, &hub.name, &hub.sku, owner].map(|text| Untrusted::new(text));
        let head = format!("{environment} · {name} ({sku}\u{d7}{}) · owner {owner}", hub.units);
        writeln!(out, "{} · {}", Painted(STRONG, head), utc(*now))?;
        writeln!(out)?;
        let before = out.len();
        for row in self.document.rows.iter().filter(|row| is_shown(row, self.detail)) {
            self.row(out, row)?;
        }
        for next in upcoming {
            self.upcoming(out, next)?;
        }
        self.folded(out)?;
        if out.len() > before {
            writeln!(out)?;
        }
        let chart = timeline_text(&self.document.timeline, self.detail, self.width);
        if !chart.is_empty() {
            writeln!(out, "{chart}")?;
        }
        writeln!(out, "{}", lanes(&self.document.lanes))?;
        self.counting(out)?;
        writeln!(out, "Digest: {}", Painted(DIM, Untrusted::new(&self.document.digest)))?;
        writeln!(out, "{}", Painted(STRONG, summary_text(&self.document.summary)))
    }

    /// What counting came to; nothing when there was nothing to count.
    fn counting(&self, out: &mut String) -> fmt::Result {
        let PlanDocument { rows, upcoming, counts, quota, .. } = self.document;
        if counts.mode == CountsMode::Offline {
            return writeln!(out, "Offline: {}", Painted(STRONG, OFFLINE));
        }
        if rows.iter().all(|row| row.effect.is_none()) && upcoming.iter().all(|next| next.effect.is_none()) {
            return Ok(());
        }
        if counts.mode == CountsMode::None {
            writeln!(out, "Devices: {}", Painted(STRONG, "not counted (`--counts none`)"))?;
        }
        if let Some(MessagesPart { messages, per_day }) = quota {
            writeln!(out, "Messages: about {} of {} a day", grouped(*messages), grouped(*per_day))?;
        }
        Ok(())
    }

    fn row(&self, out: &mut String, row: &RowPart) -> fmt::Result {
        let Self { name_width, when_width, .. } = *self;
        let (code, message) = row.step.reason();
        let (mark, verb, when) = (mark(&row.step), row.step.verb(), &row.when);
        let (name, when, code) = (Untrusted::new(&row.name), Untrusted::new(when), Untrusted::new(code));
        writeln!(out, "  {mark} {name:<name_width$}  {when:<when_width$}  {verb} ({code}): {}", words(message))?;
        if let Some(effect) = &row.effect {
            effect_lines(out, effect, self.document.counts.mode)?;
        }
        match &row.step {
            StepPart::Create(create) | StepPart::Replace(create) => self.create_details(out, create),
            StepPart::Deferred(deferred) => apply_window(out, deferred.apply_between),
            StepPart::Blocked(blocked) => {
                if let Some(id) = &blocked.job_id {
                    writeln!(out, "      job {}", Untrusted::new(id))?;
                }
                writeln!(out, "      {} {}", Painted(HELP, "= help:"), words(&blocked.help))
            }
            StepPart::Cancel(cancel) => job(out, &cancel.job_id),
            StepPart::None(idle) => match (idle.apply_between, &idle.job_id) {
                (Some(window), _) => apply_window(out, window),
                (None, Some(id)) => job(out, id),
                (None, None) => Ok(()),
            },
        }
    }

    fn create_details(&self, out: &mut String, create: &CreatePart) -> fmt::Result {
        let width = create.changes.iter().map(|change| change.path.chars().count()).max().unwrap_or_default();
        for change in &create.changes {
            writeln!(out, "      {:<width$}  {}", Untrusted::new(&change.path), change_text(change))?;
        }
        for id in &create.cancels_first {
            writeln!(out, "      {} {}", Painted(DIM, "cancels first"), Painted(DIM, Untrusted::new(id)))?;
        }
        if self.detail == Detail::Full {
            job(out, &create.job_id)?;
        }
        Ok(())
    }

    fn upcoming(&self, out: &mut String, next: &UpcomingPart) -> fmt::Result {
        let width = self.name_width;
        for (index, run) in next.starts.iter().enumerate() {
            let dst = run.dst_message.as_ref().map_or_else(String::new, |message| format!("  {}", words(message)));
            let (name, when) = (Untrusted::new(&next.name), Untrusted::new(&run.when));
            writeln!(out, "  {} {name:<width$}  next {when}{dst}", Painted(DIM, '·'))?;
            if let Some(effect) = next.effect.as_ref().filter(|_| index == 0) {
                effect_lines(out, effect, self.document.counts.mode)?;
            }
            apply_window(out, run.apply_between)?;
        }
        Ok(())
    }

    /// The rows that are not worth a line, by reason.
    fn folded(&self, out: &mut String) -> fmt::Result {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in self.document.rows.iter().filter(|row| !is_shown(row, self.detail)) {
            *counts.entry(row.step.reason().0).or_default() += 1;
        }
        if counts.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = counts.iter().map(|(code, count)| format!("{count} {}", Untrusted::new(code))).collect();
        writeln!(out, "  {} {}", Painted(DIM, "·"), Painted(DIM, list.join(", ")))
    }
}

/// Rows with something to do, and those that an owner of the manifest should not overlook.
fn is_shown(row: &RowPart, detail: Detail) -> bool {
    let StepPart::None(idle) = &row.step else { return true };
    let is_news = matches!(idle.reason.as_str(), "not-due" | "starting" | "prune-never" | "prune-needs-full-view");
    is_news || detail == Detail::Full
}

fn mark(step: &StepPart) -> impl fmt::Display {
    match step {
        StepPart::Replace(_) => Painted(REPLACE, '±'),
        StepPart::Create(_) => Painted(CREATE, '+'),
        StepPart::Cancel(_) => Painted(CANCEL, '-'),
        StepPart::Deferred(_) => Painted(DEFERRED, '~'),
        StepPart::Blocked(_) => Painted(BLOCKED, '!'),
        StepPart::None(_) => Painted(DIM, '·'),
    }
}

fn job(out: &mut String, id: &str) -> fmt::Result {
    writeln!(out, "      {} {}", Painted(DIM, "job"), Painted(DIM, Untrusted::new(id)))
}

fn apply_window(out: &mut String, window: WindowPart) -> fmt::Result {
    let WindowPart { from, until } = window;
    writeln!(out, "      {}", Painted(DIM, format!("apply between {} and {}", utc(from), utc(until))))
}

fn change_text(change: &ChangedField) -> String {
    let show = |value: &Option<Value>| match value {
        None => "(absent)".to_owned(),
        Some(Value::Null) => "null (deletes it)".to_owned(),
        Some(value) => Untrusted::new(&value.to_string()).cut(VALUE_LEN_MAX).to_string(),
    };
    format!("{} -> {}", Painted(CANCEL, show(&change.from)), Painted(CREATE, show(&change.to)))
}

/// `lanes: 2 of 10 in use (1 own, 1 foreign: nightly-import)`.
fn lanes(lanes: &LanesPart) -> String {
    let LanesPart { total, own, foreign, .. } = lanes;
    let mut text = format!("Lanes: {} of {total} in use before this plan", own + foreign.len());
    if own + foreign.len() > 0 {
        let _ = write!(text, " ({own} own, {} foreign", foreign.len());
        let named: Vec<_> = foreign.iter().take(FOREIGN_NAMED).map(|id| Untrusted::new(id).to_string()).collect();
        if !named.is_empty() {
            let _ = write!(text, ": {}", named.join(", "));
        }
        if foreign.len() > FOREIGN_NAMED {
            let _ = write!(text, " and {} more", foreign.len() - FOREIGN_NAMED);
        }
        text.push(')');
    }
    text
}
