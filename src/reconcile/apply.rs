//! Cancels, then creates.

use std::collections::HashSet;

use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;

use super::cancel::{CancelResult, cancel};
use super::conduct::{Conduct, Progress};
use super::create::create;
use super::outcome::{Action, Outcome, Settled};
use crate::hub::HubClient;
use crate::model::JobId;
use crate::plan::{ApprovedPlan, Create, Row, Step};

/// Carries out an approved plan: first every cancel, each until it is seen, then the creations in
/// the order of their starts. A creation whose predecessors are not all cancelled is not tried.
///
/// Calls go out side by side, and what became of each is told in the order of the calls, so that two
/// runs of the same plan say the same. Safe to repeat and to kill: see the module.
pub async fn reconcile<H: HubClient>(hub: &H, plan: &ApprovedPlan, conduct: &Conduct<'_>) -> Vec<Outcome> {
    let rows = &plan.plan().rows;
    let concurrency = conduct.concurrency_max.get();
    let tell = |outcome: &Outcome| (conduct.progress)(Progress::Settled(outcome));
    let cancels = stream::iter(cancels(rows)).map(|cancel| cancel_one(hub, conduct, cancel));
    let mut outcomes: Vec<Outcome> = cancels.buffered(concurrency).inspect(tell).collect().await;
    let gone: HashSet<JobId> =
        outcomes.iter().filter(|o| matches!(o.settled, Settled::Done(_))).map(|o| o.id.clone()).collect();

    let mut creates: Vec<(&Row, &Create)> = rows
        .iter()
        .filter_map(|row| match &row.step {
            Step::Create(create) => Some((row, create.as_ref())),
            _ => None,
        })
        .collect();
    // What is due comes first, should the hub have fewer lanes than the plan thought.
    creates.sort_by_key(|(_, create)| create.job.start);
    let creates = stream::iter(creates).map(|(row, create)| create_one(hub, conduct, row, create, &gone));
    outcomes.extend(creates.buffered(concurrency).inspect(tell).collect::<Vec<_>>().await);
    outcomes
}

/// A job to cancel.
#[derive(Clone, Copy)]
struct Cancel<'a> {
    row: &'a Row,
    id: &'a JobId,
    /// From this start on it is left alone: it may be starting, and only the next look can tell.
    before: Option<Timestamp>,
}

/// The jobs to cancel, each once: those of rows of their own, and those that a creation follows.
fn cancels(rows: &[Row]) -> Vec<Cancel<'_>> {
    let mut seen = HashSet::new();
    let mut all: Vec<_> = rows
        .iter()
        .flat_map(|row| {
            let (ids, before) = match &row.step {
                Step::Cancel { id, .. } => (std::slice::from_ref(id), None),
                Step::Create(create) => (create.after.as_slice(), create.job.start),
                Step::Deferred(_) | Step::Blocked { .. } | Step::Idle { .. } => (&[][..], None),
            };
            ids.iter().map(move |id| Cancel { row, id, before })
        })
        .collect();
    // A row of its own says why a job goes, whenever it starts.
    all.sort_by_key(|cancel| cancel.before.is_some());
    all.retain(|cancel| seen.insert(cancel.id));
    all
}

async fn cancel_one<H: HubClient>(hub: &H, conduct: &Conduct<'_>, job: Cancel<'_>) -> Outcome {
    let Cancel { row, id, before } = job;
    let settled = if conduct.interrupt.is_set() {
        Settled::Interrupted
    } else if before.is_some_and(|start| start <= conduct.clock.now()) {
        Settled::TooLate
    } else {
        (conduct.progress)(Progress::Cancelling(id));
        match cancel(hub, id, &conduct.patience, &conduct.interrupt).await {
            CancelResult::Cancelled(certainty) => Settled::Done(certainty),
            CancelResult::Started => Settled::StartedBeforeCancel,
            CancelResult::Failed(error) => Settled::Failed(error),
            CancelResult::Uncertain(doubt) => Settled::Uncertain(doubt),
        }
    };
    // A creation may name a job of another occurrence of its manifest.
    let occurrence = id.own().map_or(row.occurrence, |own| own.occurrence);
    Outcome { action: Action::Cancel, name: row.name.clone(), occurrence, id: id.clone(), settled }
}

async fn create_one<H: HubClient>(
    hub: &H,
    conduct: &Conduct<'_>,
    row: &Row,
    wanted: &Create,
    gone: &HashSet<JobId>,
) -> Outcome {
    let id = wanted.job.id.to_job_id();
    let settled = if conduct.interrupt.is_set() {
        Settled::Interrupted
    } else if let Some(remaining) = wanted.after.iter().find(|id| !gone.contains(*id)) {
        Settled::PredecessorRemains(remaining.clone())
    } else {
        (conduct.progress)(Progress::Creating(&id));
        create(hub, conduct, wanted).await
    };
    Outcome { action: Action::Create, name: row.name.clone(), occurrence: row.occurrence, id, settled }
}
