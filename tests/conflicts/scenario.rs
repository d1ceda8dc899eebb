//! The notation of the scenarios: fields of a line stand between `|`.
//!
//! ```text
//! == title
//! now 08:00 | sku S2 | lookahead 4h | timeline                  one a line; times are UTC
//! twin    NAME | at 09:00 | CONDITION | PATCH [| max 10m]       cron .. and asap .. as well
//! job     NAME | t2612010900 STATUS | CONDITION | PATCH [..]
//! foreign ID   | STATUS 09:00 | CONDITION | PATCH [..]
//! config  ID   | CONDITION | PATCH of the desired properties
//! count   DEVICES | PART OF A QUERY                             what the hub answers
//! --
//! what is asked, what conflicts, and which rules that touches; with `timeline` the lanes instead
//! ```
//!
//! `HH:MM` is a time of 1 December 2026, a Tuesday.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::Arc;

use hubjobs::expand::{Window, expand};
use hubjobs::model::{
    Asap, At, ConcurrencyPolicy, Cron, CronExpression, Desired, Digit, EnvironmentName, HubSize, JobAction, JobBody,
    JobId, JobStatus, Manifest, ManifestLimits, ManifestName, ManifestSource, ObservedConfiguration, ObservedJob,
    OwnJobId, Owner, PrunePolicy, SafetyLimits, Schedule, Seconds, Sku, SuccessWhen, Target, TargetCondition,
    TwinPatch, Zone,
};
use hubjobs::plan::{
    Answer, Answers, Completeness, Configurations, Counts, Plan, PlanInput, Question, Review, ReviewInput, Selection,
    Span, SpanKind, Writer, plan, questions, review,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// A case file: scenarios, and remarks before them.
pub(crate) struct File {
    preface: String,
    pub(crate) scenarios: Vec<Scenario>,
}

/// A project and a hub, and what the review is to say of them.
pub(crate) struct Scenario {
    pub(crate) title: String,
    input: String,
    pub(crate) expected: String,
}

impl File {
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = text.split("\n== ");
        let preface = parts.next().expect("split gives at least one part").to_owned();
        let scenario = |part: &str| {
            let (title, rest) = part.split_once('\n').expect("a line with the title");
            let (input, expected) = rest.split_once("--\n").expect("a line `--` before what is expected");
            let expected =
                expected.lines().filter(|line| !line.is_empty()).fold(String::new(), |text, line| text + line + "\n");
            Scenario { title: title.to_owned(), input: input.to_owned(), expected }
        };
        Self { preface, scenarios: parts.map(scenario).collect() }
    }

    /// The file with what the review says now.
    pub(crate) fn updated(&self) -> String {
        self.scenarios.iter().fold(format!("{}\n", self.preface.trim_end()), |text, scenario| {
            format!("{text}\n== {}\n{}--\n{}", scenario.title, scenario.input, scenario.run())
        })
    }
}

impl Scenario {
    /// The review, printed.
    pub(crate) fn run(&self) -> String {
        let mut world = World::default();
        for line in self.input.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            world.read(line);
        }
        if world.shows_timeline { world.print_timeline() } else { world.print() }
    }
}

fn owner() -> Owner {
    Owner::parse("bldgx7q").expect("a valid owner")
}

/// All that a review depends on.
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) sku: Sku,
    pub(crate) lookahead: Seconds,
    pub(crate) manifests: Vec<Arc<Manifest>>,
    pub(crate) observed: Vec<ObservedJob>,
    configurations: Vec<ObservedConfiguration>,
    counts: Vec<(u64, String)>,
    shows_timeline: bool,
}

impl Default for World {
    fn default() -> Self {
        Self {
            now: time("08:00"),
            sku: Sku::S3,
            lookahead: Seconds::new(4 * 3_600),
            manifests: Vec::new(),
            observed: Vec::new(),
            configurations: Vec::new(),
            counts: Vec::new(),
            shows_timeline: false,
        }
    }
}

impl World {
    fn read(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let fields: Vec<&str> = rest.split('|').map(str::trim).collect();
        match (word, &fields[..]) {
            ("now", [at]) => self.now = time(at),
            ("sku", [sku]) => self.sku = Sku::parse(sku).expect("a sku"),
            ("lookahead", [length]) => self.lookahead = Seconds::parse(length).expect("a duration"),
            ("timeline", _) => self.shows_timeline = true,
            ("twin", [name, schedule, condition, patch, more @ ..]) => {
                let body = body(condition, patch, max(more));
                self.manifests.push(manifest(name, schedule_of(schedule), body));
            }
            ("job", [name, slot, condition, patch, more @ ..]) => {
                let (slot, status) = slot.split_once(' ').expect("a slot and a status");
                let body = body(condition, patch, max(more));
                let id = OwnJobId::parse(&format!("hj1-{}-{name}-{slot}-u0000-{}", owner(), body.revision()));
                let id = id.expect("a slot such as t2612010900");
                let start = id.occurrence.start();
                self.observe(id.to_job_id(), status, Some(start), body);
            }
            ("foreign", [id, state, condition, patch, more @ ..]) => {
                let (status, start) = state.split_once(' ').unwrap_or((state, ""));
                let start = (!start.is_empty()).then(|| time(start));
                self.observe(JobId::new(*id), status, start, body(condition, patch, max(more)));
            }
            ("config", [id, condition, desired]) => self.configurations.push(ObservedConfiguration {
                id: (*id).to_owned(),
                target_condition: (*condition).to_owned(),
                desired: object(&serde_json::from_str(desired).expect("an object")),
                ..ObservedConfiguration::default()
            }),
            ("count", [devices, part]) => {
                self.counts.push((devices.parse().expect("a number"), (*part).to_owned()));
            }
            _ => panic!("no such line: {line}"),
        }
    }

    fn observe(&mut self, id: JobId, status: &str, start: Option<Timestamp>, body: JobBody) {
        self.observed.push(ObservedJob {
            id,
            status: JobStatus::parse(status),
            kind: Some(body.action.kind()),
            created: None,
            start,
            end: None,
            body: Some(body),
            statistics: None,
            failure_reason: None,
        });
    }

    fn plan(&self, desired: &[Desired]) -> Plan {
        plan(&PlanInput {
            now: self.now,
            environment: &EnvironmentName::new("test").expect("a name"),
            owner: &owner(),
            size: HubSize { sku: self.sku, units: NonZeroU32::MIN },
            lookahead: self.lookahead,
            prune: PrunePolicy::Never,
            selection: &Selection::Everything,
            completeness: Completeness::Complete,
            manifests: &self.manifests,
            desired,
            observed: &self.observed,
        })
    }

    /// The review, and what was asked for it.
    pub(crate) fn review(&self) -> (Review, Vec<Question>) {
        let desired = expand(&self.manifests, &owner(), Window { now: self.now, lookahead: self.lookahead });
        let plan = self.plan(&desired);
        let limits = SafetyLimits::default();
        let input = ReviewInput {
            manifests: &self.manifests,
            desired: &desired,
            observed: &self.observed,
            configurations: Configurations::Known(&self.configurations),
            counts: Counts::All,
            ..ReviewInput::of_limits(&limits)
        };
        let asked = questions(&plan, &input);
        let count = |question: &Question| {
            let known = self.counts.iter().find(|(_, part)| question.as_str().contains(part));
            known.map(|(devices, _)| Answer::Rows(vec![json!({"n": devices})]))
        };
        let answers: Answers = asked.iter().filter_map(|question| Some((question.clone(), count(question)?))).collect();
        (review(plan, &input, &answers), asked)
    }

    fn print(&self) -> String {
        let (review, asked) = self.review();
        let mut text = String::new();
        let both = |question: &&Question| {
            let query = question.as_str();
            query.starts_with("SELECT COUNT() AS n FROM devices WHERE") && !query.contains("IS_DEFINED")
        };
        for question in asked.iter().filter(both) {
            let _ = writeln!(text, "ask {question}");
        }
        let rows = &review.plan().rows;
        for conflict in review.conflicts() {
            let other = match &conflict.other {
                Writer::Row(row) => rows[*row].name.to_string(),
                Writer::Occurrence(name) => format!("occurrence {name}"),
                Writer::Foreign(id) => format!("foreign {id}"),
                Writer::Configuration(id) => format!("config {id}"),
            };
            let devices = conflict.devices.map_or_else(|| "?".to_owned(), |devices| devices.to_string());
            let until = conflict.until.map_or_else(|| "?".to_owned(), clock);
            let certain = if conflict.is_certain { "" } else { ", uncertain" };
            let redundant = if conflict.is_redundant { ", redundant" } else { "" };
            let _ = writeln!(
                text,
                "conflict {} - {other}: {} +{}, {}..{until}, devices {devices}{certain}{redundant}",
                rows[conflict.row].name,
                conflict.path,
                conflict.further,
                clock(conflict.from)
            );
        }
        let codes = ["conflicting-writers", "conflicts-with-foreign-job", "conflicts-with-configuration", "redundant"];
        for finding in review.findings().iter().filter(|finding| codes.contains(&finding.rule.as_str())) {
            let _ = writeln!(text, "{} {}: {}", finding.level.as_str(), finding.rule, finding.message);
            let _ = writeln!(text, "  help: {}", finding.help.as_deref().expect("a help line"));
        }
        text
    }

    fn print_timeline(&self) -> String {
        let (review, _) = self.review();
        let timeline = review.timeline();
        let mut text = timeline.window.map_or_else(String::new, |window| {
            format!("{} lanes, {}..{}\n", timeline.lanes, clock(window.from), clock(window.until))
        });
        let end = |until: Option<Timestamp>| until.map_or_else(|| "?".to_owned(), clock);
        for Span { lane, label, kind, from, start, until, .. } in &timeline.spans {
            let kind = match kind {
                SpanKind::Own => "own",
                SpanKind::Foreign => "foreign",
                SpanKind::Planned => "planned",
                SpanKind::Deferred => "deferred",
                SpanKind::Upcoming => "upcoming",
            };
            let _ = writeln!(text, "lane {lane}: {} {} {} {label} ({kind})", clock(*from), clock(*start), end(*until));
        }
        for wait in &timeline.waits {
            let holder = wait.holder.map_or("-", |holder| &timeline.spans[holder].label);
            let late = if wait.misses_deadline { ", too late" } else { "" };
            let _ = writeln!(
                text,
                "{} waits for {holder} until {}, {}{late}",
                wait.name,
                end(wait.until),
                wait.reason.as_str()
            );
        }
        for stretch in &timeline.taken {
            let _ = writeln!(text, "all taken {}..{}", clock(stretch.from), end(stretch.until));
        }
        text
    }
}

pub(crate) fn manifest(name: &str, schedule: Schedule, body: JobBody) -> Arc<Manifest> {
    Arc::new(Manifest {
        name: ManifestName::new(name).expect("a manifest name"),
        labels: BTreeMap::new(),
        source: ManifestSource { path: format!("{name}.yaml"), line: 1 },
        suspend: false,
        generation: Digit::ZERO,
        target: Target::Condition(body.condition),
        schedule,
        max_execution: body.max_execution,
        action: body.action,
        success_when: SuccessWhen::default(),
        expect_devices: None,
        limits: ManifestLimits::default(),
        moved_from: Vec::new(),
        adopt: None,
    })
}

pub(crate) fn at(start: Timestamp) -> Schedule {
    Schedule::At(At { start, zone: None, starting_deadline: Schedule::STARTING_DEADLINE_DEFAULT })
}

fn schedule_of(text: &str) -> Schedule {
    let (kind, when) = text.split_once(' ').expect("a kind of schedule and a time");
    match kind {
        "at" => at(time(when)),
        "asap" => Schedule::Asap(Asap { not_after: time(when) }),
        "cron" => Schedule::Cron(Cron {
            expression: CronExpression::parse(when).expect("a cron expression"),
            zone: Zone::utc(),
            starting_deadline: Schedule::STARTING_DEADLINE_DEFAULT,
            concurrency: ConcurrencyPolicy::Forbid,
        }),
        other => panic!("no such schedule: {other}"),
    }
}

fn max(more: &[&str]) -> Seconds {
    match more {
        [] => Seconds::new(600),
        [max] => Seconds::parse(max.strip_prefix("max ").expect("max 10m")).expect("a duration"),
        other => panic!("too many fields: {other:?}"),
    }
}

pub(crate) fn body(condition: &str, patch: &str, max_execution: Seconds) -> JobBody {
    let patch: Value = serde_json::from_str(patch).expect("a patch");
    JobBody {
        condition: TargetCondition::new(condition).expect("a short condition"),
        action: JobAction::Twin(TwinPatch { tags: object(&patch["tags"]), desired: object(&patch["desired"]) }),
        max_execution,
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// `HH:MM` on 1 December 2026, or `MM-DDTHH:MM` in 2026.
pub(crate) fn time(text: &str) -> Timestamp {
    let full = if text.contains('T') { format!("2026-{text}:00Z") } else { format!("2026-12-01T{text}:00Z") };
    full.parse().unwrap_or_else(|error| panic!("{text} is not a time: {error}"))
}

fn clock(instant: Timestamp) -> String {
    let civil = TimeZone::UTC.to_datetime(instant);
    let day = (civil.month(), civil.day());
    civil.strftime(if day == (12, 1) { "%H:%M" } else { "%m-%dT%H:%M" }).to_string()
}
