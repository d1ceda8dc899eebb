//! Follows jobs until they have ended, and goes on applying what was deferred as lanes become free.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch::Sender;
use tokio::time::{Instant, sleep_until};

use super::carry_out::carry_out;
use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Signals;
use super::progress::JobProgress;
use super::session::Session;
use super::tide::HubTide;
use super::verdicts::{is_slow_to_judge, judge_job};
use crate::hub::HubError;
use crate::model::{JobId, ManifestName, ObservedJob, OccurrenceKey, OccurrenceKind, Seconds};
use crate::plan::{IdleReason, Plan, Row, Selection, Step, approve};
use crate::reconcile::{Action, Interrupt, Outcome, Settled, Tide, Watched, watch};
use crate::report::{Event, JobVerdict, counted, verdict_text, verdicts_summary_text};
use crate::run_once::plan_once;

/// What tells one slot from another within an environment.
type Slot = (ManifestName, OccurrenceKey, u8);

fn slot(row: &Row) -> Slot {
    (row.name.clone(), row.occurrence, row.generation)
}

/// Slots that are due and found no lane, or were held by an earlier job. Only these are applied
/// while waiting: nobody has approved anything else.
#[derive(Debug)]
pub(super) struct Pending<'a> {
    slots: BTreeSet<Slot>,
    selection: &'a Selection,
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
}

fn deferred_ids(outcomes: &[Outcome]) -> BTreeSet<JobId> {
    outcomes.iter().filter(|outcome| outcome.settled == Settled::Deferred).map(|outcome| outcome.id.clone()).collect()
}

/// The jobs that should have started by now and have not ended: created by this run, or found.
pub(super) fn due_jobs(plan: &Plan, outcomes: &[Outcome]) -> Vec<JobId> {
    let created: BTreeSet<&JobId> = outcomes
        .iter()
        .filter(|outcome| outcome.action == Action::Create && matches!(outcome.settled, Settled::Done(_)))
        .map(|outcome| &outcome.id)
        .collect();
    let due = |row: &Row| match &row.step {
        Step::Create(create) if create.job.start.is_none() => {
            Some(create.job.id.to_job_id()).filter(|id| created.contains(id))
        }
        Step::Idle { id: Some(id), reason: IdleReason::InSync | IdleReason::InProgress | IdleReason::Starting } => {
            is_due(row.occurrence, plan.now).then(|| id.clone())
        }
        _ => None,
    };
    plan.rows.iter().filter_map(due).collect()
}

/// Whether an occurrence should have started.
pub(super) fn is_due(occurrence: OccurrenceKey, now: Timestamp) -> bool {
    occurrence.kind() == OccurrenceKind::Asap || occurrence.start() <= now
}

/// A wait for jobs.
pub(super) struct Vigil<'a> {
    pub(super) session: &'a Session,
    pub(super) context: &'a Context,
    pub(super) connection: &'a Connection,
    pub(super) timeout: Option<Duration>,
}

impl Vigil<'_> {
    /// Waits until all jobs have ended, the time is over or the user interrupts; judges every job
    /// that has ended, and says how the process ends because of them.
    ///
    /// # Errors
    /// When the hub cannot be read.
    pub(super) async fn keep(&self, mut open: Vec<JobId>, mut pending: Pending<'_>) -> Result<Exit, Failure> {
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        let progress = JobProgress::new(&self.session.terminal);
        let (mut verdicts, mut exit) = (Vec::new(), Exit::Done);
        loop {
            let ended = self.follow(&open, deadline, &progress).await?;
            for job in &ended {
                progress.ended(&job.id);
                // Out of patience, it counts as one that was not waited for.
                let Some(verdict) = self.judge(job, deadline).await? else { break };
                open.retain(|id| *id != job.id);
                verdicts.push(verdict);
            }
            let is_over = self.session.signals.exit().is_some() || deadline.is_some_and(|end| Instant::now() >= end);
            if is_over || (open.is_empty() && pending.slots.is_empty()) {
                break;
            }
            if !pending.slots.is_empty() {
                let (created, applied) = self.apply_pending(&mut pending, open.is_empty() && ended.is_empty()).await?;
                open.extend(created);
                exit = exit.or_worse(applied);
            }
        }
        progress.finish();
        Ok(exit.or_worse(self.conclude(&verdicts, open.len() + pending.slots.len())))
    }

    /// Watches jobs until at least one has ended, or the wait is over.
    async fn follow(
        &self,
        open: &[JobId],
        deadline: Option<Instant>,
        progress: &JobProgress,
    ) -> Result<Vec<ObservedJob>, Failure> {
        let (stop, enough) = Interrupt::channel();
        let tide = RoundTide { tide: &self.connection.tide, signals: &self.session.signals, deadline, stop: &stop };
        // A job that has ended is judged at once, and may have freed a lane.
        let seen = |job: &ObservedJob| {
            progress.seen(job);
            if job.status.is_terminal() {
                stop.send_replace(true);
            }
        };
        let watched = watch(&self.connection.hub, &tide, open, &enough, &seen).await?;
        let ended = watched.into_iter().filter(Watched::has_ended);
        Ok(ended.filter_map(|watched| watched.job).collect())
    }

    /// Judges a job that has ended, which may take many queries; nothing when patience ends before.
    async fn judge(&self, job: &ObservedJob, deadline: Option<Instant>) -> Result<Option<JobVerdict>, Failure> {
        if is_slow_to_judge(self.context, job) {
            let devices = job.statistics.unwrap_or_default().device_count;
            let rate = self.context.environment.hub.size().queries_per_minute();
            let note = format!("reading the answers of {devices} devices; this hub answers {rate} queries a minute");
            self.session.terminal.note(&note);
        }
        let verdict = tokio::select! {
            judged = judge_job(self.context, self.connection, job) => judged?,
            () = out_of_patience(&self.session.signals, deadline) => None,
        };
        if let Some(verdict) = &verdict {
            self.session.terminal.event(&Event::JobComplete(verdict));
            self.session.terminal.text(&verdict_text(verdict));
        }
        Ok(verdict)
    }

    /// Plans again and creates what found no lane before. When nothing of ours holds a lane, others
    /// do, and time must pass first. Gives the jobs created, and how the process ends because of it.
    async fn apply_pending(&self, pending: &mut Pending<'_>, must_wait: bool) -> Result<(Vec<JobId>, Exit), Failure> {
        let Self { session, context, connection, .. } = self;
        connection.now().await?;
        let scope = context.scope(pending.selection);
        let mut plan = plan_once(&connection.hub, &scope, &*connection.clock).await?;
        let busy = busy_jobs(&plan);
        let lost = self.drop_lost(pending, &plan);
        plan.rows.retain(|row| matches!(row.step, Step::Create(_)) && pending.slots.contains(&slot(row)));
        if plan.rows.is_empty() {
            if must_wait && !pending.slots.is_empty() {
                connection.tide.pass(&busy).await?;
            }
            return Ok((Vec::new(), lost));
        }
        let approved = approve(plan.clone(), &context.environment.safety)
            .map_err(|_| Failure::UnsafePlan(context.environment.name.to_string()))?;
        let outcomes = carry_out(session, connection, &approved).await?;
        let deferred = deferred_ids(&outcomes);
        for row in &plan.rows {
            if let Step::Create(create) = &row.step
                && !deferred.contains(&create.job.id.to_job_id())
            {
                pending.slots.remove(&slot(row));
            }
        }
        Ok((due_jobs(&plan, &outcomes), lost.or_worse(Exit::of_steps(&outcomes))))
    }

    /// Gives up what can no longer be applied: its deadline passed, or somebody else was faster.
    fn drop_lost(&self, pending: &mut Pending<'_>, plan: &Plan) -> Exit {
        let awaited: BTreeSet<Slot> = plan.rows.iter().filter(|row| is_awaited(row)).map(slot).collect();
        let mut exit = Exit::Done;
        for (name, occurrence, generation) in pending.slots.extract_if(.., |slot| !awaited.contains(slot)) {
            let is_missed = |row: &Row| matches!(row.step, Step::Idle { reason: IdleReason::Missed, .. });
            let is_it = |row: &&Row| (&row.name, row.occurrence, row.generation) == (&name, occurrence, generation);
            if plan.rows.iter().filter(is_it).any(is_missed) {
                self.session
                    .terminal
                    .warn(&format!("`{name}` was not created: its deadline passed, and no lane was free"));
                exit = Exit::Partly;
            }
        }
        exit
    }

    fn conclude(&self, verdicts: &[JobVerdict], open_count: usize) -> Exit {
        let terminal = &self.session.terminal;
        if !verdicts.is_empty() {
            terminal.text(&format!("{}\n", verdicts_summary_text(verdicts)));
        }
        let judged = match verdicts.iter().any(|verdict| verdict.judgement.verdict.is_failure()) {
            true => Exit::JobFailed,
            false => Exit::Done,
        };
        if let Some(interrupted) = self.session.signals.exit() {
            terminal.note(&format!("stopped waiting for {}; nothing was cancelled", counted(open_count, "job")));
            return judged.or_worse(interrupted);
        }
        if open_count > 0 {
            let limit = Seconds::new(self.timeout.unwrap_or_default().as_secs());
            let help = ["the jobs go on; `hubjobs wait` waits again".to_owned()];
            terminal
                .error(&format!("the wait of {limit} is over, and {} did not end", counted(open_count, "job")), &help);
            return judged.or_worse(Exit::JobFailed);
        }
        judged
    }
}

/// The jobs that may stand in the way of others: those of others, and those that no row may touch.
fn busy_jobs(plan: &Plan) -> Vec<JobId> {
    let in_row = |row: &Row| match &row.step {
        Step::Idle { id, .. } | Step::Blocked { id, .. } => id.clone(),
        Step::Create(_) | Step::Cancel { .. } | Step::Deferred(_) => None,
    };
    plan.lanes.foreign.iter().cloned().chain(plan.rows.iter().filter_map(in_row)).collect()
}

/// Whether a row still is what somebody waits for.
fn is_awaited(row: &Row) -> bool {
    match &row.step {
        Step::Create(_) => true,
        Step::Deferred(deferral) => deferral.is_due,
        Step::Cancel { .. } | Step::Blocked { .. } | Step::Idle { .. } => false,
    }
}

/// A hub's time that ends with the user's patience.
struct RoundTide<'a> {
    tide: &'a HubTide,
    signals: &'a Signals,
    deadline: Option<Instant>,
    stop: &'a Sender<bool>,
}

impl Tide for RoundTide<'_> {
    async fn pass(&self, jobs: &[JobId]) -> Result<(), HubError> {
        tokio::select! {
            passed = self.tide.pass(jobs) => passed,
            () = out_of_patience(self.signals, self.deadline) => {
                self.stop.send_replace(true);
                Ok(())
            }
        }
    }
}

/// Returns when the user interrupts or the time is over.
async fn out_of_patience(signals: &Signals, deadline: Option<Instant>) {
    let expired = async {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = signals.interrupted() => {}
        () = expired => {}
    }
}
