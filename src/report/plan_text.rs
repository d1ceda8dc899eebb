//! A plan for people: a line an action with its reason, and a line that sums up.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde_json::Value;

use super::advice::advice;
use super::occurrence::{Upcoming, upcoming_text};
use super::reason;
use super::style::{BLOCKED, CANCEL, CREATE, DEFERRED, DIM, HELP, Painted, REPLACE, STRONG, error_label};
use super::untrusted::Untrusted;
use super::when::{in_words, local_and_utc, occurrence, utc, zone_of};
use crate::model::{Manifest, ManifestName, OccurrenceKind, Zone};
use crate::plan::{
    BlockedReason, Create, CreateReason, FieldChange, IdleReason, LaneUse, Lateness, Plan, Refusal, Row, Step, Window,
};

/// How much to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// What there is to do; the rest as counts.
    Brief,
    /// Every row, with job ids.
    Full,
}

/// A plan, and what it takes to tell of it.
#[derive(Debug, Clone, Copy)]
pub struct PlanView<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The hub in a word: its host name, or `emulator`.
    pub hub: &'a str,
    /// For time zones and advice.
    pub manifests: &'a [Arc<Manifest>],
    /// Runs to come that no row is about.
    pub upcoming: &'a [Upcoming],
    /// How much to tell.
    pub detail: Detail,
}

/// Longest value that is shown of a field.
const VALUE_LEN_MAX: usize = 60;
/// Foreign jobs that are named.
const FOREIGN_NAMED: usize = 3;

/// The plan as text, ending with its summary line.
#[must_use]
pub fn plan_text(view: &PlanView<'_>) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = PlanText::new(view).write(&mut text);
    text
}

/// `Plan: 1 to create, 1 to replace, 0 to cancel, 2 deferred, 1 blocked; 14 unchanged.`
#[must_use]
pub fn summary_text(plan: &Plan) -> String {
    let sum = plan.summary();
    let missed = if sum.missed > 0 { format!(", {} missed", sum.missed) } else { String::new() };
    format!(
        "Plan: {} to create, {} to replace, {} to cancel, {} deferred, {} blocked; {} unchanged{missed}.",
        sum.create, sum.replace, sum.cancel, sum.deferred, sum.blocked, sum.unchanged
    )
}

/// Why a plan must not be applied, with what would let it pass. Empty when it may.
#[must_use]
pub fn refusals_text(refusals: &[Refusal]) -> String {
    let mut text = String::new();
    for refusal in refusals {
        let code = Painted(STRONG, refusal.as_str());
        let _ = writeln!(text, "{}[{code}]: {refusal}", error_label());
        let _ = writeln!(text, "  {} {}", Painted(HELP, "= help:"), refusal.help());
    }
    text
}

struct PlanText<'a> {
    view: &'a PlanView<'a>,
    manifests: HashMap<&'a ManifestName, &'a Manifest>,
    name_width: usize,
    when_width: usize,
}

impl<'a> PlanText<'a> {
    fn new(view: &'a PlanView<'a>) -> Self {
        let manifests = view.manifests.iter().map(|manifest| (&manifest.name, manifest.as_ref())).collect();
        let mut text = Self { view, manifests, name_width: 0, when_width: 0 };
        for row in view.plan.rows.iter().filter(|row| is_shown(row, view.detail)) {
            text.name_width = text.name_width.max(row.name.as_str().len());
            text.when_width = text.when_width.max(when(row, text.zone(row)).chars().count());
        }
        let upcoming = view.upcoming.iter().map(|upcoming| upcoming.name.as_str().len());
        text.name_width = upcoming.fold(text.name_width, usize::max);
        text
    }

    fn zone(&self, row: &Row) -> Option<&'a Zone> {
        self.manifests.get(&row.name).and_then(|manifest| zone_of(manifest))
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let PlanView { plan, hub, upcoming, .. } = *self.view;
        let head = format!("{} · {} ({}) · owner {}", plan.environment, hub, plan.size, plan.owner);
        writeln!(out, "{} · {}", Painted(STRONG, head), utc(plan.now))?;
        writeln!(out)?;
        let before = out.len();
        for row in plan.rows.iter().filter(|row| is_shown(row, self.view.detail)) {
            self.row(out, row)?;
        }
        out.push_str(&upcoming_text(upcoming, self.name_width));
        self.folded(out)?;
        if out.len() > before {
            writeln!(out)?;
        }
        writeln!(out, "{}", lanes(&plan.lanes))?;
        writeln!(out, "{}", Painted(STRONG, summary_text(plan)))
    }

    fn row(&self, out: &mut String, row: &Row) -> fmt::Result {
        let Self { name_width, when_width, .. } = *self;
        let zone = self.zone(row);
        let (mark, when, line) = (mark(&row.step), when(row, zone), line(row, zone));
        writeln!(out, "  {mark} {:<name_width$}  {when:<when_width$}  {line}", row.name.as_str())?;
        match &row.step {
            Step::Create(create) => self.create_details(out, create),
            Step::Deferred(deferral) => apply_window(out, deferral.apply_between),
            Step::Blocked { id, reason } => {
                if let Some(id) = id {
                    writeln!(out, "      job {}", Untrusted::new(id.as_str()))?;
                }
                self.help(out, row, *reason)
            }
            Step::Idle { reason: IdleReason::NotDue { apply_between }, .. } => apply_window(out, *apply_between),
            Step::Cancel { id, .. } | Step::Idle { id: Some(id), .. } => {
                writeln!(out, "      {} {}", Painted(DIM, "job"), Painted(DIM, id))
            }
            Step::Idle { .. } => Ok(()),
        }
    }

    fn create_details(&self, out: &mut String, create: &Create) -> fmt::Result {
        let width = create.changes.iter().map(|change| change.path.chars().count()).max().unwrap_or_default();
        for change in &create.changes {
            writeln!(out, "      {:<width$}  {}", Untrusted::new(&change.path), change_text(change))?;
        }
        for id in &create.after {
            writeln!(out, "      {} {}", Painted(DIM, "cancels first"), Painted(DIM, id))?;
        }
        if self.view.detail == Detail::Full {
            writeln!(out, "      {} {}", Painted(DIM, "job"), Painted(DIM, &create.job.id))?;
        }
        Ok(())
    }

    fn help(&self, out: &mut String, row: &Row, reason: BlockedReason) -> fmt::Result {
        let manifest = self.manifests.get(&row.name).copied();
        writeln!(out, "      {} {}", Painted(HELP, "= help:"), advice(row, reason, manifest, self.view.plan.now))
    }

    /// The rows that are not worth a line, by reason.
    fn folded(&self, out: &mut String) -> fmt::Result {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in self.view.plan.rows.iter().filter(|row| !is_shown(row, self.view.detail)) {
            if let Step::Idle { reason, .. } = &row.step {
                *counts.entry(reason.as_str()).or_default() += 1;
            }
        }
        if counts.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = counts.iter().map(|(code, count)| format!("{count} {code}")).collect();
        writeln!(out, "  {} {}", Painted(DIM, "·"), Painted(DIM, list.join(", ")))
    }
}

/// Rows with something to do, and those that an owner of the manifest should not overlook.
fn is_shown(row: &Row, detail: Detail) -> bool {
    let Step::Idle { reason, .. } = &row.step else { return true };
    let is_news = matches!(
        reason,
        IdleReason::NotDue { .. } | IdleReason::Starting | IdleReason::PruneNever | IdleReason::PruneNeedsFullView
    );
    is_news || detail == Detail::Full
}

const fn is_replace(create: &Create) -> bool {
    matches!(create.reason, CreateReason::ReplaceBeforeStart)
}

fn mark(step: &Step) -> impl fmt::Display {
    match step {
        Step::Create(create) if is_replace(create) => Painted(REPLACE, '±'),
        Step::Create(_) => Painted(CREATE, '+'),
        Step::Cancel { .. } => Painted(CANCEL, '-'),
        Step::Deferred(_) => Painted(DEFERRED, '~'),
        Step::Blocked { .. } => Painted(BLOCKED, '!'),
        Step::Idle { .. } => Painted(DIM, '·'),
    }
}

/// Why a job is created, and when it starts if not at its nominal start.
fn create_words(row: &Row, create: &Create) -> String {
    let why = reason::create(create.reason);
    match create.lateness {
        Some(Lateness(late)) if create.reason == CreateReason::LateWithinDeadline => {
            format!("starts NOW, {} after its nominal time", in_words(late))
        }
        Some(Lateness(late)) => format!("{why}; starts NOW, {} after its nominal time", in_words(late)),
        None if row.occurrence.kind() == OccurrenceKind::Asap => format!("{why}; starts NOW"),
        None => why.to_owned(),
    }
}

/// What happens, its code, and the code in words.
fn line(row: &Row, zone: Option<&Zone>) -> String {
    let with_words = |verb: &str, code: &str, words: &str| format!("{verb} ({code}): {words}");
    match &row.step {
        Step::Create(create) => {
            let verb = if is_replace(create) { "replace" } else { "create" };
            with_words(verb, create.reason.as_str(), &create_words(row, create))
        }
        Step::Cancel { reason, .. } => with_words("cancel", reason.as_str(), reason::cancel(*reason)),
        Step::Deferred(deferral) => {
            let mut words = reason::deferred(deferral.reason).to_owned();
            if let Some(start) = deferral.expected_start {
                let _ = write!(words, "; can start {}", local_and_utc(start, zone));
                if start > deferral.apply_between.until {
                    words.push_str(", which is after its deadline");
                }
            }
            with_words("deferred", deferral.reason.as_str(), &words)
        }
        Step::Blocked { reason, .. } => with_words("blocked", reason.as_str(), reason::blocked(*reason)),
        Step::Idle { reason, .. } => with_words("unchanged", reason.as_str(), reason::idle(reason)),
    }
}

/// When a row is, and which generation if not the first.
fn when(row: &Row, zone: Option<&Zone>) -> String {
    let generation = if row.generation > 0 { format!(", generation {}", row.generation) } else { String::new() };
    format!("{}{generation}", occurrence(row.occurrence, zone))
}

fn apply_window(out: &mut String, window: Window) -> fmt::Result {
    let Window { from, until } = window;
    writeln!(out, "      {}", Painted(DIM, format!("apply between {} and {}", utc(from), utc(until))))
}

fn change_text(change: &FieldChange) -> String {
    let show = |value: &Option<Value>| match value {
        None => "(absent)".to_owned(),
        Some(Value::Null) => "null (deletes it)".to_owned(),
        Some(value) => Untrusted::new(&value.to_string()).cut(VALUE_LEN_MAX).to_string(),
    };
    format!("{} -> {}", Painted(CANCEL, show(&change.from)), Painted(CREATE, show(&change.to)))
}

/// `lanes: 2 of 10 in use (1 own, 1 foreign: nightly-import)`.
fn lanes(lanes: &LaneUse) -> String {
    let LaneUse { total, own: _, foreign } = lanes;
    let own = lanes.own_count();
    let mut text = format!("Lanes: {} of {total} in use before this plan", own + foreign.len());
    if own + foreign.len() > 0 {
        let _ = write!(text, " ({own} own, {} foreign", foreign.len());
        let named: Vec<_> =
            foreign.iter().take(FOREIGN_NAMED).map(|id| Untrusted::new(id.as_str()).to_string()).collect();
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
