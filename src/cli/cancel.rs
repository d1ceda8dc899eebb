//! `hubjobs cancel`.

use super::args::CancelArgs;
use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use crate::hub::observe;
use crate::model::{JobStatus, ObservedJob, OwnJobId};
use crate::reconcile::{Action, CancelResult, Outcome, Settled, cancel};
use crate::report::{Event, Untrusted, counted, outcome_text};

/// Cancels jobs that have not started.
///
/// # Errors
/// When there is no such job, it is not ours, nobody approves, or the hub cannot be read.
pub(super) async fn run(args: &CancelArgs, session: &Session) -> Result<Exit, Failure> {
    let context = session.one_hub_of_project()?;
    session.with_hub(context, async |connection| cancel_jobs(args, session, context, connection).await).await
}

async fn cancel_jobs(
    args: &CancelArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
) -> Result<Exit, Failure> {
    let jobs = session.read(observe(&connection.hub)).await?.jobs;
    let found = context.jobs_of(&args.name, &jobs);
    if found.is_empty() {
        return Err(Failure::NoJob(args.name.clone()));
    }
    let (own, adopted): (Vec<_>, Vec<_>) = found.into_iter().partition(|job| context.own(&job.id).is_some());
    if own.is_empty() {
        return Err(Failure::ForeignJob(args.name.clone()));
    }
    for job in adopted.iter().filter(|job| !job.status.is_terminal()) {
        session
            .terminal
            .warn(&format!("`{}` is adopted, not ours to cancel: it goes on", Untrusted::new(job.id.as_str())));
    }
    let own: Vec<_> = own.into_iter().filter_map(|job| Some((job, context.own(&job.id)?))).collect();
    let (waiting, others): (Vec<_>, Vec<_>) = own.into_iter().partition(|(job, _)| job.status.is_cancellable());
    let running = others.iter().filter(|(job, _)| !job.status.is_terminal()).count();
    explain(session, &others, waiting.is_empty());
    if waiting.is_empty() {
        return Ok(if running > 0 { Exit::Partly } else { Exit::Done });
    }
    if !args.auto_approve {
        ask(session, context, &waiting).await?;
    }
    let outcomes = cancel_all(session, connection, waiting).await;
    let cancelled = outcomes.iter().any(|outcome| matches!(outcome.settled, Settled::Done(_)));
    if cancelled {
        session.terminal.note("a cancelled run stays cancelled: raise `spec.generation` to run it again");
    }
    let exit = Exit::of_steps(&outcomes);
    Ok(if running > 0 { exit.or_worse(Exit::Partly) } else { exit })
}

/// Says of each job why it is left alone; `is_all` when no other job is there to cancel.
fn explain(session: &Session, others: &[(&ObservedJob, OwnJobId)], is_all: bool) {
    for (job, _) in others {
        match &job.status {
            JobStatus::Completed | JobStatus::Failed | JobStatus::Cancelled => {
                tracing::info!("`{}` has ended: {}", job.id, job.status);
            }
            _ => session.terminal.warn(&format!("`{}` runs, and IoT Hub cannot stop a running job", job.id)),
        }
    }
    if is_all && others.iter().all(|(job, _)| job.status.is_terminal()) {
        session.terminal.note(&format!("nothing to cancel: {} ended before", counted(others.len(), "job")));
    }
}

async fn ask(session: &Session, context: &Context, waiting: &[(&ObservedJob, OwnJobId)]) -> Result<(), Failure> {
    for (job, _) in waiting {
        session.terminal.note(&format!("  - {} {}", job.id, job.status));
    }
    let environment = &context.environment.name;
    session.ask(&format!("Cancel {} in environment `{environment}`?", counted(waiting.len(), "job"))).await
}

async fn cancel_all(
    session: &Session,
    connection: &Connection,
    waiting: Vec<(&ObservedJob, OwnJobId)>,
) -> Vec<Outcome> {
    let interrupt = session.signals.interrupt();
    let mut outcomes = Vec::new();
    for (job, own) in waiting {
        let settled = match interrupt.is_set() {
            true => Settled::Interrupted,
            false => match cancel(&connection.hub, &job.id, &connection.patience, &interrupt).await {
                CancelResult::Cancelled(certainty) => Settled::Done(certainty),
                CancelResult::Started => Settled::StartedBeforeCancel,
                CancelResult::Failed(error) => Settled::Failed(error),
                CancelResult::Uncertain(doubt) => Settled::Uncertain(doubt),
            },
        };
        let outcome =
            Outcome { action: Action::Cancel, name: own.name, occurrence: own.occurrence, id: job.id.clone(), settled };
        session.terminal.event(&Event::ApplyComplete(&outcome));
        session.terminal.text(&outcome_text(&outcome));
        outcomes.push(outcome);
    }
    outcomes
}
