//! What is due and could not be created yet.

use std::collections::BTreeSet;

use super::exit::Exit;
use super::terminal::Terminal;
use crate::model::{JobId, ManifestName, OccurrenceKey};
use crate::plan::{Deferral, IdleReason, Plan, Row, Selection, Step, Window};
use crate::reconcile::{Outcome, Settled};
use crate::report::utc;

/// What tells one slot from another within an environment.
pub(super) type Slot = (ManifestName, OccurrenceKey, u8);

/// The slot of a row.
pub(super) fn slot(row: &Row) -> Slot {
    (row.name.clone(), row.occurrence, row.generation)
}

/// Slots that are due and found no lane, or were held by an earlier job. Only these are applied
/// while waiting: nobody has approved anything else.
#[derive(Debug)]
pub(super) struct Pending<'a> {
    /// Which.
    pub(super) slots: BTreeSet<Slot>,
    /// What they were selected from.
    pub(super) selection: &'a Selection,
}

impl<'a> Pending<'a> {
    /// What a plan and its outcomes left for later although it is due.
    pub(super) fn of(plan: &Plan, outcomes: &[Outcome], selection: &'a Selection) -> Self {
        let deferred = deferred_ids(outcomes);
        let is_pending = |row: &&Row| match &row.step {
            Step::Deferred(deferral) => deferral.is_due,
            Step::Create(create) => create.job.start.is_none() && deferred.contains(&create.job.id.to_job_id()),
            Step::Cancel { .. } | Step::Blocked { .. } | Step::Idle { .. } => false,
        };
        Self { slots: plan.rows.iter().filter(is_pending).map(slot).collect(), selection }
    }

    /// Nothing.
    pub(super) const fn none(selection: &'a Selection) -> Self {
        Self { slots: BTreeSet::new(), selection }
    }

    /// Gives up what can no longer be applied: its deadline passed, or somebody else was faster.
    pub(super) fn drop_lost(&mut self, plan: &Plan, terminal: &Terminal) -> Exit {
        let awaited: BTreeSet<Slot> = plan.rows.iter().filter(|row| is_awaited(row)).map(slot).collect();
        let mut exit = Exit::Done;
        for (name, occurrence, generation) in self.slots.extract_if(.., |slot| !awaited.contains(slot)) {
            let is_missed = |row: &Row| matches!(row.step, Step::Idle { reason: IdleReason::Missed, .. });
            let is_it = |row: &&Row| (&row.name, row.occurrence, row.generation) == (&name, occurrence, generation);
            if plan.rows.iter().filter(is_it).any(is_missed) {
                terminal.warn(&format!("`{name}` was not created: its deadline passed, and no lane was free"));
                exit = Exit::Partly;
            }
        }
        exit
    }
}

/// The jobs that found no lane.
pub(super) fn deferred_ids(outcomes: &[Outcome]) -> BTreeSet<JobId> {
    outcomes.iter().filter(|outcome| outcome.settled == Settled::Deferred).map(|outcome| outcome.id.clone()).collect()
}

/// Says why slots that are due stay empty for now, and how the process ends because of it.
pub(super) fn explain_left(terminal: &Terminal, left: &[Row]) -> Exit {
    let mut exit = Exit::Done;
    for Row { name, step, .. } in left {
        match step {
            Step::Deferred(Deferral { apply_between: Window { from, until }, .. }) => terminal.note(&format!(
                "`{name}` is left for a later run: what is in its way starts later itself; \
                 apply between {} and {}",
                utc(*from),
                utc(*until)
            )),
            Step::Create(create) => {
                let replaced = create.after.first().map(ToString::to_string).unwrap_or_default();
                terminal.warn(&format!(
                    "`{name}` was not created: `{replaced}` would have to be cancelled for it, which nobody \
                     approved; run `hubjobs apply` again"
                ));
                exit = Exit::Partly;
            }
            Step::Cancel { .. } | Step::Blocked { .. } | Step::Idle { .. } => {}
        }
    }
    exit
}

/// Whether a row still is what somebody waits for.
fn is_awaited(row: &Row) -> bool {
    match &row.step {
        Step::Create(_) => true,
        Step::Deferred(deferral) => deferral.is_due,
        Step::Cancel { .. } | Step::Blocked { .. } | Step::Idle { .. } => false,
    }
}
