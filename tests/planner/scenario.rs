//! The notation of the scenarios.
//!
//! ```text
//! == title
//! now 08:00                                            default 08:00; times are UTC
//! sku S1 | lookahead 1h | prune cancelScheduled | partial | select NAME.. | max-cancel-percent 30
//! at   NAME 09:00 [rev=a] [deadline=1h] [max=10m] [gen=0] [suspend] [moved=OLD,..] [adopt=ID]
//! cron NAME "0 22 * * *" [zone=UTC] [allow] [..]       as `at`
//! asap NAME 12-05T00:00 [..]
//! job  NAME t2612010900 [rev=a] [gen=0] [seq=0] STATUS [start=09:00] [max=10m] [no-body] [other-body]
//! foreign ID STATUS [start=09:00] [rev=foreign] [max=10m] [no-body]
//! --
//! what the plan says, a row a line; `refused` lines are what `approve` says, `warning` lines what a
//! reviewer should look at
//! ```
//!
//! `HH:MM` is a time of 1 December 2026, a Tuesday; `MM-DDTHH:MM` one of that year. A revision is a
//! letter: the job's payload. The start of a job is that of its slot unless given.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::Arc;

use hubjobs::expand::{Window, expand};
use hubjobs::model::{
    Asap, At, ConcurrencyPolicy, Cron, CronExpression, Digit, EnvironmentName, HubSize, JobAction, JobBody, JobId,
    JobStatus, Manifest, ManifestLimits, ManifestName, ManifestSource, MethodCall, MethodName, ObservedJob,
    OccurrenceKind, OwnJobId, Owner, Percent, PrunePolicy, Revision, SafetyLimits, Schedule, Seconds, Sku, SuccessWhen,
    Target, TargetCondition, Unit, Zone,
};
use hubjobs::plan::{
    Answers, Completeness, Create, Deferral, IdleReason, Plan, PlanInput, ReviewInput, Row, Selection, Step, approve,
    plan, review,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A case file: scenarios, and remarks before them.
pub(crate) struct File {
    preface: String,
    pub(crate) scenarios: Vec<Scenario>,
}

/// What is on the hub and in git, and what the plan is to say of it.
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
            let (input, expected) = rest.split_once("--\n").expect("a line `--` before the expected plan");
            let expected =
                expected.lines().filter(|line| !line.is_empty()).fold(String::new(), |text, line| text + line + "\n");
            Scenario { title: title.to_owned(), input: input.to_owned(), expected }
        };
        Self { preface, scenarios: parts.map(scenario).collect() }
    }

    /// The file with what the planner says now.
    pub(crate) fn updated(&self) -> String {
        self.scenarios.iter().fold(format!("{}\n", self.preface.trim_end()), |text, scenario| {
            format!("{text}\n== {}\n{}--\n{}", scenario.title, scenario.input, scenario.run())
        })
    }
}

impl Scenario {
    /// The plan, printed.
    pub(crate) fn run(&self) -> String {
        let mut world = World::default();
        for line in self.input.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            world.read(line);
        }
        world.print(&world.plan())
    }
}

/// The owner of all jobs that are not foreign.
pub(crate) fn owner() -> Owner {
    Owner::parse("bldgx7q").expect("a valid owner")
}

/// All that a plan depends on, as written in a scenario.
struct World {
    now: Timestamp,
    sku: Sku,
    lookahead: Seconds,
    prune: PrunePolicy,
    completeness: Completeness,
    selection: Selection,
    max_cancel_percent: Percent,
    manifests: Vec<Arc<Manifest>>,
    observed: Vec<ObservedJob>,
    letters: BTreeMap<Revision, char>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            now: time("08:00"),
            sku: Sku::S2,
            lookahead: Seconds::HOUR,
            prune: PrunePolicy::Never,
            completeness: Completeness::Complete,
            selection: Selection::Everything,
            max_cancel_percent: Percent::whole(30),
            manifests: Vec::new(),
            observed: Vec::new(),
            letters: BTreeMap::new(),
        }
    }
}

impl World {
    fn read(&mut self, line: &str) {
        let words = Words::new(line);
        match words.at(0) {
            "now" => self.now = time(words.at(1)),
            "sku" => self.sku = Sku::parse(words.at(1)).expect("a sku"),
            "lookahead" => self.lookahead = Seconds::parse(words.at(1)).expect("a duration"),
            "prune" => {
                self.prune = match words.at(1) {
                    "never" => PrunePolicy::Never,
                    "cancelScheduled" => PrunePolicy::CancelScheduled,
                    other => panic!("prune is never or cancelScheduled, not {other}"),
                }
            }
            "partial" => self.completeness = Completeness::Partial,
            "select" => self.selection = Selection::Only(words.positional[1..].iter().map(|word| name(word)).collect()),
            "max-cancel-percent" => {
                let percent = words.at(1).parse().expect("a number");
                self.max_cancel_percent = Percent::new(percent).expect("a percentage");
            }
            "at" | "cron" | "asap" => self.read_manifest(&words),
            "job" => self.read_job(&words),
            "foreign" => self.read_foreign(&words),
            other => panic!("no such line: {other}"),
        }
    }

    fn read_manifest(&mut self, words: &Words) {
        let starting_deadline = words.duration("deadline", Schedule::STARTING_DEADLINE_DEFAULT);
        let schedule = match words.at(0) {
            "at" => Schedule::At(At { start: time(words.at(2)), zone: None, starting_deadline }),
            "asap" => Schedule::Asap(Asap { not_after: time(words.at(2)) }),
            _ => Schedule::Cron(Cron {
                expression: CronExpression::parse(words.at(2)).expect("a cron expression"),
                zone: Zone::new(words.value("zone").unwrap_or("UTC")).expect("a time zone"),
                starting_deadline,
                concurrency: if words.flag("allow") { ConcurrencyPolicy::Allow } else { ConcurrencyPolicy::Forbid },
            }),
        };
        let body = self.body(words);
        self.manifests.push(Arc::new(Manifest {
            name: name(words.at(1)),
            labels: BTreeMap::new(),
            source: ManifestSource { path: format!("{}.yaml", words.at(1)), line: 1 },
            suspend: words.flag("suspend"),
            generation: words.digit("gen"),
            target: Target::Condition(body.condition),
            schedule,
            max_execution: body.max_execution,
            action: body.action,
            success_when: SuccessWhen::default(),
            expect_devices: None,
            limits: ManifestLimits::default(),
            moved_from: words.value("moved").into_iter().flat_map(|list| list.split(',')).map(name).collect(),
            adopt: words.value("adopt").map(JobId::new),
        }));
    }

    fn read_job(&mut self, words: &Words) {
        let body = self.body(words);
        let unit = Unit {
            wave: words.digit("wave"),
            generation: words.digit("gen"),
            sequence: words.digit("seq"),
            chunk: Digit::ZERO,
        };
        let text = format!("hj1-{}-{}-{}-{unit}-{}", owner(), words.at(1), words.at(2), body.revision());
        let id = OwnJobId::parse(&text).expect("a slot such as `lock t2612010900`");
        let slot_start = Some(id.occurrence.start()).filter(|_| id.occurrence.kind() != OccurrenceKind::Asap);
        let body = match (words.flag("no-body"), words.flag("other-body")) {
            (true, _) => None,
            (_, true) => Some(body_of("tampered", body.max_execution)),
            _ => Some(body),
        };
        self.observe(id.to_job_id(), words.at(3), words.value("start").map(time).or(slot_start), body);
    }

    fn read_foreign(&mut self, words: &Words) {
        let body = match words.value("rev") {
            Some(_) => self.body(words),
            None => body_of("foreign", words.duration("max", MAX_EXECUTION_DEFAULT)),
        };
        let body = Some(body).filter(|_| !words.flag("no-body"));
        self.observe(JobId::new(words.at(1)), words.at(2), words.value("start").map(time), body);
    }

    fn observe(&mut self, id: JobId, status: &str, start: Option<Timestamp>, body: Option<JobBody>) {
        self.observed.push(ObservedJob {
            id,
            status: JobStatus::parse(status),
            kind: body.as_ref().map(|body| body.action.kind()),
            created: None,
            start,
            end: None,
            body,
            statistics: None,
            failure_reason: None,
        });
    }

    /// The body of a revision. One letter is one body: a scenario that gives it two is misleading.
    fn body(&mut self, words: &Words) -> JobBody {
        let letter = words.value("rev").unwrap_or("a");
        let body = body_of(letter, words.duration("max", MAX_EXECUTION_DEFAULT));
        let letter = letter.chars().next().expect("a letter");
        self.letters.insert(body.revision(), letter);
        let bodies = self.letters.values().filter(|known| **known == letter).count();
        assert_eq!(bodies, 1, "revision {letter} has two bodies");
        body
    }

    fn plan(&self) -> Plan {
        let owner = owner();
        let window = Window { now: self.now, lookahead: self.lookahead };
        plan(&PlanInput {
            now: self.now,
            environment: &EnvironmentName::new("test").expect("a name"),
            owner: &owner,
            size: HubSize { sku: self.sku, units: NonZeroU32::MIN },
            lookahead: self.lookahead,
            prune: self.prune,
            selection: &self.selection,
            completeness: self.completeness,
            manifests: &self.manifests,
            desired: &expand(&self.manifests, &owner, window),
            observed: &self.observed,
        })
    }

    fn print(&self, plan: &Plan) -> String {
        let mut text = plan.rows.iter().fold(String::new(), |text, row| text + &self.print_row(row) + "\n");
        let limits = SafetyLimits::of_cancels(self.max_cancel_percent);
        let mut input = ReviewInput::of_limits(&limits);
        (input.manifests, input.observed) = (&self.manifests, &self.observed);
        let review = review(plan.clone(), &input, &Answers::default());
        for finding in review.findings() {
            let word = if finding.denies() { "refused" } else { "warning" };
            let _ = writeln!(text, "{word} {}: {}", finding.rule, finding.message);
        }
        assert_eq!(approve(review.clone()).is_err(), review.is_denied(), "a denied plan never passes");
        text
    }

    fn print_row(&self, row: &Row) -> String {
        let slot = format!("{} {}", row.name, row.occurrence);
        match &row.step {
            Step::Create(create) => format!("create {slot} {}", self.print_create(row, create)),
            Step::Cancel { id, reason } => format!("cancel {slot} {} {}", self.job_of(row, id), reason.as_str()),
            Step::Deferred(deferral) => format!("deferred {slot} {}", print_deferral(deferral)),
            Step::Blocked { id, reason } => {
                format!("blocked {slot} {} {}", self.job_or_none(row, id), reason.as_str())
            }
            Step::Idle { id, reason } => {
                let detail = match reason {
                    IdleReason::NotDue { apply_between } => {
                        format!(", apply {}..{}", clock(apply_between.from), clock(apply_between.until))
                    }
                    IdleReason::Done(status) => format!(", {status}"),
                    _ => String::new(),
                };
                format!("none {slot} {} {}{detail}", self.job_or_none(row, id), reason.as_str())
            }
        }
    }

    fn print_create(&self, row: &Row, create: &Create) -> String {
        let mut text = format!("{} {}", self.job_of(row, &create.job.id.to_job_id()), create.reason.as_str());
        match create.job.start {
            Some(start) => text += &format!(", starts {}", clock(start)),
            None => text += ", starts now",
        }
        if let Some(late) = create.lateness {
            text += &format!(" {} late", late.0);
        }
        text += &format!(", until {}", clock(create.deadline));
        if !create.after.is_empty() {
            let after: Vec<_> = create.after.iter().map(|id| self.slot_and_job(row, id)).collect();
            text += &format!(", after {}", after.join(" and "));
        }
        text
    }

    fn job_or_none(&self, row: &Row, id: &Option<JobId>) -> String {
        id.as_ref().map_or_else(|| "-".to_owned(), |id| self.job_of(row, id))
    }

    /// Unit and revision: `u0010:a`; with its name if that is not the row's. A foreign job, which only
    /// a manifest that adopts it can bring into a row, by its id.
    fn job_of(&self, row: &Row, id: &JobId) -> String {
        let Some(own) = id.own().filter(|own| own.owner == owner()) else {
            let adopts = self.manifests.iter().any(|manifest| manifest.adopt.as_ref() == Some(id));
            assert!(adopts, "{id} of another owner is in a row");
            assert!(matches!(row.step, Step::Idle { .. } | Step::Blocked { .. }), "{id} of another owner is touched");
            return id.to_string();
        };
        let letter = self.letters.get(&own.revision).expect("a revision of the scenario");
        let name = if own.name == row.name { String::new() } else { format!("{}/", own.name) };
        format!("{name}{}:{letter}", own.unit)
    }

    fn slot_and_job(&self, row: &Row, id: &JobId) -> String {
        let own = id.own().expect("only own jobs are cancelled");
        format!("{} {}", own.occurrence, self.job_of(row, id))
    }
}

fn print_deferral(deferral: &Deferral) -> String {
    let expected = deferral.expected_start.map_or_else(|| "unknown".to_owned(), clock);
    let due = if deferral.is_due { ", due" } else { "" };
    let Deferral { reason, apply_between, .. } = deferral;
    let (from, until) = (clock(apply_between.from), clock(apply_between.until));
    format!("{}, expected {expected}, apply {from}..{until}{due}", reason.as_str())
}

const MAX_EXECUTION_DEFAULT: Seconds = Seconds::new(600);

/// A body told apart by its payload.
pub(crate) fn body_of(payload: &str, max_execution: Seconds) -> JobBody {
    JobBody {
        condition: TargetCondition::new("tags.building = '43'").expect("a short condition"),
        action: JobAction::Method(MethodCall {
            name: MethodName::new("lockDoor").expect("a method name"),
            payload: payload.into(),
            response_timeout: Seconds::new(15),
            connect_timeout: Seconds::new(5),
        }),
        max_execution,
    }
}

pub(crate) fn name(text: &str) -> ManifestName {
    ManifestName::new(text).expect("a manifest name")
}

/// `HH:MM` or `HH:MM:SS` on 1 December 2026, or `MM-DDTHH:MM` in 2026.
pub(crate) fn time(text: &str) -> Timestamp {
    let seconds = if text.len() == "HH:MM:SS".len() { "" } else { ":00" };
    let day = if text.contains('T') { "2026-" } else { "2026-12-01T" };
    let full = format!("{day}{text}{seconds}Z");
    full.parse().unwrap_or_else(|error| panic!("{text} is not a time: {error}"))
}

/// The opposite of [`time`].
fn clock(instant: Timestamp) -> String {
    let civil = TimeZone::UTC.to_datetime(instant);
    assert!(civil.second() == 0 && civil.year() == 2026, "{instant} cannot be written");
    let day = (civil.month(), civil.day());
    civil.strftime(if day == (12, 1) { "%H:%M" } else { "%m-%dT%H:%M" }).to_string()
}

/// A line in words; what stands in double quotes is one word.
struct Words {
    positional: Vec<String>,
    named: BTreeMap<String, String>,
    flags: BTreeSet<String>,
}

const FLAGS: [&str; 4] = ["allow", "suspend", "no-body", "other-body"];
const KEYS: [&str; 10] = ["rev", "deadline", "max", "gen", "seq", "wave", "start", "zone", "moved", "adopt"];

impl Words {
    fn new(line: &str) -> Self {
        let mut words = Self { positional: Vec::new(), named: BTreeMap::new(), flags: BTreeSet::new() };
        for (index, part) in line.split('"').enumerate() {
            if index % 2 == 1 {
                words.positional.push(part.to_owned());
                continue;
            }
            for word in part.split_whitespace() {
                match word.split_once('=') {
                    Some((key, value)) => {
                        assert!(KEYS.contains(&key), "no such key: {key}");
                        words.named.insert(key.to_owned(), value.to_owned());
                    }
                    None if FLAGS.contains(&word) => drop(words.flags.insert(word.to_owned())),
                    None => words.positional.push(word.to_owned()),
                }
            }
        }
        words
    }

    fn at(&self, index: usize) -> &str {
        self.positional.get(index).unwrap_or_else(|| panic!("word {index} is missing in {:?}", self.positional))
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.named.get(key).map(String::as_str)
    }

    fn flag(&self, flag: &str) -> bool {
        self.flags.contains(flag)
    }

    fn duration(&self, key: &str, default: Seconds) -> Seconds {
        self.value(key).map_or(default, |text| Seconds::parse(text).expect("a duration"))
    }

    fn digit(&self, key: &str) -> Digit {
        let value = self.value(key).map_or(0, |text| text.parse().expect("a number"));
        Digit::new(value).expect("0 to 35")
    }
}
