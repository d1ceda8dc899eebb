//! Follows jobs until they have ended, and goes on applying what was deferred as lanes become free.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch::Sender;
use tokio::time::{Instant, sleep_until};

use super::carry_out::carry_out;
use super::connect::Connection;
use super::context::Context;
use super::counting::while_counting;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Signals;
use super::pending::{Pending, deferred_ids, explain_left, slot};
use super::progress::JobProgress;
use super::session::Session;
use super::tide::HubTide;
use super::verdicts::{is_slow_to_judge, judge_job};
use crate::hub::{HubClient as _, HubError};
use crate::model::{JobId, ObservedJob, OccurrenceKey, OccurrenceKind, Seconds};
use crate::plan::{IdleReason, Plan, Row, Step, approve};
use crate::reconcile::{Action, Interrupt, Outcome, Settled, Tide, Watched, watch};
use crate::report::{Event, JobVerdict, counted, finding_part, findings_text, verdict_text, verdicts_summary_text};
use crate::run_once::{Inquiry, plan_once, review_once};

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
    /// How what was deferred is reviewed before it is applied.
    pub(super) inquiry: Inquiry<'a>,
}

/// How far a wait has come.
#[derive(Debug)]
struct Course {
    /// Jobs that have not ended.
    open: Vec<JobId>,
    /// Jobs that the hub does not know any more.
    lost: Vec<JobId>,
    verdicts: Vec<JobVerdict>,
    /// How the process ends because of what was applied on the way.
    exit: Exit,
}

/// Why a wait is over.
enum End {
    /// All has ended.
    Complete,
    /// The user interrupted, or the time is over.
    Impatience,
    /// A clock that stands still, with nothing to move it on.
    Stalled,
    /// What is left waits for jobs that only start later, or for consent.
    Later,
}

/// What a round of applying came to.
struct Round {
    created: Vec<JobId>,
    exit: Exit,
    /// Whether to stop, since nothing that is at work stands in the way of what is left.
    is_last: bool,
}

impl Vigil<'_> {
    /// Waits until all jobs have ended, the time is over or the user interrupts; judges every job
    /// that has ended, and says how the process ends because of them. A hub that fails ends the wait,
    /// but what was seen until then is told and counts.
    pub(super) async fn keep(&self, open: Vec<JobId>, mut pending: Pending<'_>) -> Exit {
        let progress = JobProgress::new(&self.session.terminal);
        let mut course = Course { open, lost: Vec::new(), verdicts: Vec::new(), exit: Exit::Done };
        let end = self.go_on(&mut course, &mut pending, &progress).await;
        progress.finish();
        course.exit.or_worse(self.conclude(&course, pending.slots.len(), end))
    }

    async fn go_on(
        &self,
        course: &mut Course,
        pending: &mut Pending<'_>,
        progress: &JobProgress,
    ) -> Result<End, Failure> {
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        let tide = &self.connection.tide;
        loop {
            let (ended, lost) = self.follow(&course.open, deadline, progress).await?;
            for job in &ended {
                progress.ended(&job.id);
                // Out of patience, it counts as one that was not waited for.
                let Some(verdict) = self.judge(job, deadline).await? else { break };
                course.open.retain(|id| *id != job.id);
                course.verdicts.push(verdict);
            }
            course.open.retain(|id| !lost.contains(id));
            course.lost.extend(lost);
            if self.session.signals.exit().is_some() || deadline.is_some_and(|end| Instant::now() >= end) {
                return Ok(End::Impatience);
            }
            if course.open.is_empty() && pending.slots.is_empty() {
                return Ok(End::Complete);
            }
            if !ended.is_empty() {
                tide.hope_again();
            } else if tide.has_stalled() {
                return Ok(End::Stalled);
            }
            if !pending.slots.is_empty() {
                let must_wait = course.open.is_empty() && ended.is_empty();
                let round = self.apply_pending(pending, must_wait, deadline).await?;
                course.open.extend(round.created);
                course.exit = course.exit.or_worse(round.exit);
                if round.is_last {
                    return Ok(End::Later);
                }
            }
        }
    }

    /// Watches jobs until at least one has ended, or the wait is over. Gives those that have ended,
    /// and those that the hub does not know.
    async fn follow(
        &self,
        open: &[JobId],
        deadline: Option<Instant>,
        progress: &JobProgress,
    ) -> Result<(Vec<ObservedJob>, Vec<JobId>), Failure> {
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
        let lost = watched.iter().filter(|watched| watched.is_lost).map(|watched| watched.id.clone()).collect();
        let ended = watched.into_iter().filter(Watched::has_ended);
        Ok((ended.filter_map(|watched| watched.job).collect(), lost))
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

    /// Plans again and creates what found no lane before. When nothing of ours is waited for, others
    /// stand in the way, and time must pass first.
    async fn apply_pending(
        &self,
        pending: &mut Pending<'_>,
        must_wait: bool,
        deadline: Option<Instant>,
    ) -> Result<Round, Failure> {
        let Self { session, context, connection, .. } = self;
        let now = connection.now().await?;
        let scope = context.scope(pending.selection);
        let mut planned = plan_once(&connection.hub, &scope, &*connection.clock).await?;
        let plan = &mut planned.plan;
        let exit = pending.drop_lost(plan, &session.terminal);
        plan.rows.retain(|row| pending.slots.contains(&slot(row)));
        // Nobody has approved to cancel what such a row replaces.
        let (ready, left): (Vec<_>, Vec<_>) =
            plan.rows.drain(..).partition(|row| matches!(&row.step, Step::Create(create) if create.after.is_empty()));
        if ready.is_empty() {
            let go_on = Round { created: Vec::new(), exit, is_last: false };
            if !must_wait || left.is_empty() {
                return Ok(go_on);
            }
            let holders = self.holders(plan, now).await?;
            let is_deferred = |row: &Row| matches!(row.step, Step::Deferred(_));
            if !left.iter().any(is_deferred) || holders.as_ref().is_some_and(Vec::is_empty) {
                return Ok(Round {
                    exit: exit.or_worse(explain_left(&session.terminal, &left)),
                    is_last: true,
                    ..go_on
                });
            }
            let holders = holders.unwrap_or_default();
            tokio::select! {
                passed = connection.tide.pass(&holders) => passed?,
                () = out_of_patience(&session.signals, deadline) => {}
            }
            return Ok(go_on);
        }
        plan.rows = ready;
        let reviewed = review_once(&connection.hub, &scope, planned, &self.inquiry);
        let review = session.read(while_counting(&session.terminal, &connection.asking, reviewed)).await?;
        let approved = approve(review).map_err(|refused| {
            let findings: Vec<_> =
                refused.findings().iter().filter(|finding| finding.denies()).map(finding_part).collect();
            session.terminal.stderr(&findings_text(&findings));
            Failure::UnsafePlan(context.environment.name.to_string())
        })?;
        let plan = approved.plan();
        let outcomes = carry_out(session, connection, &approved).await?;
        let deferred = deferred_ids(&outcomes);
        for row in &plan.rows {
            if let Step::Create(create) = &row.step
                && !deferred.contains(&create.job.id.to_job_id())
            {
                pending.slots.remove(&slot(row));
            }
        }
        let exit = exit.or_worse(Exit::of_steps(&outcomes));
        Ok(Round { created: due_jobs(plan, &outcomes), exit, is_last: false })
    }

    /// The jobs at work that hold lanes, own or foreign: those may be waited for, unlike jobs that
    /// only start later. Nothing when one has ended since the plan, so that there is a lane.
    async fn holders(&self, plan: &Plan, now: Timestamp) -> Result<Option<Vec<JobId>>, Failure> {
        let mut at_work = Vec::new();
        for id in plan.lanes.holders() {
            let Some(job) = self.connection.hub.get_job(id).await? else { continue };
            if job.status.is_terminal() {
                return Ok(None);
            }
            if !job.status.is_cancellable() || job.start.is_none_or(|start| start <= now) {
                at_work.push(job.id);
            }
        }
        Ok(Some(at_work))
    }

    fn conclude(&self, course: &Course, pending_count: usize, end: Result<End, Failure>) -> Exit {
        let terminal = &self.session.terminal;
        let Course { open, lost, verdicts, .. } = course;
        if !verdicts.is_empty() {
            terminal.text(&format!("{}\n", verdicts_summary_text(verdicts)));
        }
        let has_failed = !lost.is_empty() || verdicts.iter().any(|verdict| verdict.judgement.verdict.is_failure());
        let judged = if has_failed { Exit::JobFailed } else { Exit::Done };
        for id in lost {
            terminal.error(&format!("the hub does not know the job `{id}` any more"), &[]);
        }
        let open_count = open.len() + pending_count;
        let jobs = counted(open_count, "job");
        match end {
            Err(failure) => {
                terminal.error(&failure.to_string(), &failure.help());
                judged.or_worse(failure.exit())
            }
            Ok(End::Impatience) => {
                if let Some(interrupted) = self.session.signals.exit() {
                    terminal.note(&format!("stopped waiting for {jobs}; nothing was cancelled"));
                    return judged.or_worse(interrupted);
                }
                if open_count == 0 {
                    return judged;
                }
                let limit = Seconds::new(self.timeout.unwrap_or_default().as_secs());
                let help = ["the jobs go on; `hubjobs wait` waits again".to_owned()];
                terminal.error(&format!("the wait of {limit} is over, and {jobs} did not end"), &help);
                judged.or_worse(Exit::JobFailed)
            }
            Ok(End::Stalled) => {
                let help = ["`hubjobs status` lists the jobs; `hubjobs emulator tick` moves the clock".to_owned()];
                let message = format!("{jobs} did not end: the emulator's clock stands still, and nothing moves it on");
                terminal.error(&message, &help);
                judged.or_worse(Exit::JobFailed)
            }
            Ok(End::Complete | End::Later) => judged,
        }
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
            passed = self.tide.pass(jobs) => {
                if self.tide.has_stalled() {
                    self.stop.send_replace(true);
                }
                passed
            }
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
