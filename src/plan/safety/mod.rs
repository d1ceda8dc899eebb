//! Safety limits: how far a plan may reach before somebody has to say that it is meant.
//!
//! What is measured is devices, not jobs. Limits of an environment are about the plan as a whole: jobs
//! to create and those that wait for a lane, each distinct target counted once. Limits and
//! expectations of a manifest are about each of its jobs.

mod growth;
mod prune;
mod reach;
mod ruling;

use std::sync::Arc;

pub(super) use self::growth::last_runs;
use self::ruling::{Broken, Ruling};
use super::acknowledgement::{Acknowledgeable, Acknowledgement};
use super::effect::{Effect, Outlook};
use super::finding::{Finding, Level, Rule};
use super::question::{Answers, Counts};
use super::row::{IdleReason, Plan, Step};
use super::words::grouped;
use crate::model::{Manifest, ObservedJob, SafetyLimits};

/// What safety limits are checked against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) plan: &'a Plan,
    /// One for each row.
    pub(super) effects: &'a [Option<Effect>],
    /// What the hub said.
    pub(super) answers: &'a Answers,
    /// Devices of the hub, when they were counted.
    pub(super) hub_devices: Option<u64>,
    pub(super) manifests: &'a [Arc<Manifest>],
    /// Every job of the hub, own and foreign.
    pub(super) observed: &'a [ObservedJob],
    pub(super) limits: &'a SafetyLimits,
    pub(super) acknowledgements: &'a [Acknowledgement],
    pub(super) counts: Counts,
}

/// The limits that a plan breaks, and the acknowledgements that it does not need. All of them are about
/// devices and jobs of the hub: without one there is nothing to hold against them.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    if subject.counts == Counts::Offline {
        return Vec::new();
    }
    let mut ruling = Ruling::new(subject.acknowledgements);
    prune::check(subject, &mut ruling);
    new_jobs(subject, &mut ruling);
    reach::check(subject, &mut ruling);
    ruling.into_findings()
}

/// The limits that jobs will break which are not due yet. They stop nothing today.
pub(super) fn outlook(subject: &Subject<'_>, outlook: &Outlook<'_>) -> Vec<Finding> {
    let mut ruling = Ruling::new(&[]);
    reach::check_coming(subject, outlook, &mut ruling);
    let warned = |finding: Finding| match finding.level {
        Level::Deny => {
            let row = finding.row.map(|row| &subject.plan.rows[row]);
            let waiting = row.filter(|row| matches!(row.step, Step::Idle { reason: IdleReason::InSync, .. }));
            let what_now = match waiting {
                Some(row) => format!("its job waits on the hub and will start: `hubjobs cancel {}` stops it", row.name),
                None => "it is not due yet, and is refused when it is".to_owned(),
            };
            let message = format!("{}; {what_now}", finding.message);
            Finding { level: Level::Warn, message, ..finding }
        }
        Level::Warn => finding,
    };
    ruling.into_findings().into_iter().map(warned).collect()
}

fn new_jobs(subject: &Subject<'_>, ruling: &mut Ruling<'_>) {
    let Some(limit) = &subject.limits.max_new_jobs else { return };
    let created = subject.plan.rows.iter().filter(|row| matches!(row.step, Step::Create(_))).count() as u64;
    if created <= limit.value {
        return;
    }
    let environment = &subject.plan.environment;
    ruling.broken(Broken {
        rule: Rule::MaxNewJobs,
        by: Acknowledgeable::MaxNewJobs,
        #[expect(clippy::cast_precision_loss, reason = "job counts are far below 2^52")]
        found: created as f64,
        message: format!(
            "this plan would create {} {}; environment `{environment}` allows at most {} (`maxNewJobs`)",
            grouped(created),
            if created == 1 { "job" } else { "jobs" },
            grouped(limit.value),
        ),
        line: format!("`maxNewJobs: {created}`"),
        source: limit.source.clone(),
        row: None,
    });
}
