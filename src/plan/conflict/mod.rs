//! Writers that get in each other's way: two that write one path of one device at one time.
//!
//! Three filters, cheap to expensive: the paths of the patches, the times of the runs, and the devices
//! of the conditions, which take a query unless the conditions say it themselves. A pair counts when
//! the plan brings at least one of the two about, now or later: what is on the hub already is nobody's
//! decision any more. Runs of one manifest never conflict, and neither do a job and its replacement.

mod clash;
mod findings;
mod pairs;
mod writers;

use jiff::Timestamp;
use serde_json::Value;

use super::devices::Overlap;
use super::finding::Finding;
use super::question::{Answers, Question};
use super::review::ReviewInput;
use super::row::Plan;
use pairs::{Pair, Pairs};
use writers::Writers;

/// Two writers of one path.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// Path in the twin, such as `tags.building` or `desired.telemetry.interval`: of several the first
    /// where the two differ.
    pub path: String,
    /// Further paths that both write.
    pub further: usize,
    /// The row of the plan that writes it.
    pub row: usize,
    /// Who else does.
    pub other: Writer,
    /// What the row writes there; null deletes.
    pub ours: Value,
    /// What the other writes there, or above or below it. Not to be trusted.
    pub theirs: Value,
    /// When both may be at work.
    pub from: Timestamp,
    /// The end of that; nothing when nobody can tell.
    pub until: Option<Timestamp>,
    /// Devices that both reach; nothing when they were not counted.
    pub devices: Option<u64>,
    /// Whether both certainly reach the same devices: they were counted, or the conditions say so.
    pub is_certain: bool,
    /// Whether both write the same.
    pub is_redundant: bool,
}

/// Somebody who writes twins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writer {
    /// Another row of the plan.
    Row(usize),
    /// A run that no row is about, by the name of its manifest.
    Occurrence(String),
    /// A job of others, by its id. Not to be trusted.
    Foreign(String),
    /// An automatic configuration, by its id. Not to be trusted.
    Configuration(String),
}

/// What has to be asked to know whether two writers reach the same devices. None for those whose
/// conditions say it.
pub(super) fn conflict_questions(plan: &Plan, input: &ReviewInput<'_>) -> Vec<Question> {
    let writers = Writers::new(plan, input);
    let pairs = Pairs::of(&writers);
    pairs.found.iter().filter_map(|pair| pair.overlap.question()).collect()
}

/// The pairs that get in each other's way, by row, and the rules that they break.
pub(super) fn conflicts(plan: &Plan, input: &ReviewInput<'_>, answers: &Answers) -> (Vec<Conflict>, Vec<Finding>) {
    let writers = Writers::new(plan, input);
    let pairs = Pairs::of(&writers);
    let mut found: Vec<_> =
        pairs.found.iter().filter_map(|pair| Some((conflict(plan, &writers, pair, answers)?, pair))).collect();
    found.sort_by(|(a, _), (b, _)| (a.row, &a.other).cmp(&(b.row, &b.other)));
    let mut findings: Vec<_> =
        found.iter().filter_map(|(conflict, pair)| findings::finding(plan, &writers, conflict, pair)).collect();
    findings.extend(pairs.is_cut.then(findings::not_all_compared));
    (found.into_iter().map(|(conflict, _)| conflict).collect(), findings)
}

/// Nothing when no device is reached by both.
fn conflict(plan: &Plan, writers: &Writers<'_>, pair: &Pair<'_>, answers: &Answers) -> Option<Conflict> {
    let devices = pair.overlap.devices(answers);
    if devices == Some(0) {
        return None;
    }
    let first = pair.clashes.iter().find(|clash| !clash.is_redundant).or(pair.clashes.first())?;
    let meeting = &pair.meeting;
    Some(Conflict {
        path: first.path(),
        further: pair.clashes.len() - 1,
        row: meeting.row,
        other: writers.writer(pair.other, meeting.other_row),
        ours: first.ours.clone(),
        theirs: first.theirs.clone(),
        from: meeting.from.max(plan.now),
        until: meeting.until,
        devices,
        is_certain: devices.is_some() || matches!(pair.overlap, Overlap::Certain(_)),
        is_redundant: first.is_redundant,
    })
}
