//! Creates one job, and settles what a lost answer leaves open.

use super::cancel::{CancelResult, cancel};
use super::conduct::Conduct;
use super::outcome::{Certainty, Settled};
use crate::hub::{ErrorCode, HubClient, HubError, JobFilter};
use crate::model::{JobId, JobStatus, ObservedJob, Revision};
use crate::plan::Create;

/// Creates a job. The id never changes: a lost answer is settled by reading it, and a repeat that
/// is refused as a duplicate is a success if the job there is ours.
pub(super) async fn create<H: HubClient>(hub: &H, conduct: &Conduct<'_>, create: &Create) -> Settled {
    let id = create.job.id.to_job_id();
    let mut certainty = Certainty::Answered;
    let mut doubt = String::new();
    for _ in 0..conduct.patience.tries {
        if is_too_late(conduct, create) {
            return if certainty == Certainty::Answered { Settled::TooLate } else { Settled::Uncertain(doubt) };
        }
        match hub.create_job(&create.job).await {
            Ok(()) => return with_slot_alone(hub, conduct, create, &id, certainty).await,
            Err(HubError::Ambiguous { cause }) => {
                certainty = Certainty::ReadAfterwards;
                doubt = cause;
            }
            Err(error) => match error.code() {
                // After a lost answer it may be our own job that fills the lanes.
                Some(ErrorCode::ThrottlingMaxActiveJobCountExceeded) if certainty == Certainty::Answered => {
                    return Settled::Deferred;
                }
                Some(ErrorCode::JobAlreadyExists) => {
                    if certainty == Certainty::Answered {
                        certainty = Certainty::AlreadyThere;
                    }
                    doubt = error.to_string();
                }
                // A refusal of the repeat says nothing about the first try.
                _ if certainty != Certainty::Answered => doubt = error.to_string(),
                _ => return Settled::Failed(error),
            },
        }
        match look_for(hub, conduct, &id, &mut doubt).await {
            Some(job) if is_ours(&job, &create.job.id.revision) => {
                return with_slot_alone(hub, conduct, create, &id, certainty).await;
            }
            Some(_) => return Settled::IdCollision,
            None if conduct.interrupt.is_set() => break,
            None => {}
        }
    }
    Settled::Uncertain(doubt)
}

/// Whether the plan has gone stale for this job: past its deadline, or past the start that it was
/// planned to have. A job whose start has passed begins at once, but ends when it would have ended;
/// the next plan gives it a start of its own.
fn is_too_late(conduct: &Conduct<'_>, create: &Create) -> bool {
    let now = conduct.clock.now();
    now > create.deadline || create.job.start.is_some_and(|start| start <= now)
}

/// The revision is in the id, so an echo too incomplete to compare is taken for ours.
fn is_ours(job: &ObservedJob, revision: &Revision) -> bool {
    job.body.as_ref().is_none_or(|body| body.revision() == *revision)
}

/// Reads the job until it shows or patience ends: right after a creation the hub may say
/// `unknown` for a while.
async fn look_for<H: HubClient>(hub: &H, conduct: &Conduct<'_>, id: &JobId, doubt: &mut String) -> Option<ObservedJob> {
    for pause in conduct.patience.settle_pauses {
        match hub.get_job(id).await {
            Ok(Some(job)) => return Some(job),
            Ok(None) => {}
            Err(error) => *doubt = error.to_string(),
        }
        if !conduct.interrupt.sleep(pause).await {
            return None;
        }
    }
    None
}

/// Looks at the slot again after a creation whose start lies ahead: a runner of another commit may
/// have filled it between our look and our creation. Of two, the greater id gives way.
async fn with_slot_alone<H: HubClient>(
    hub: &H,
    conduct: &Conduct<'_>,
    create: &Create,
    id: &JobId,
    certainty: Certainty,
) -> Settled {
    if create.job.start.is_none() {
        return Settled::Done(certainty);
    }
    let rival = match rival(hub, create, id).await {
        Ok(None) => return Settled::Done(certainty),
        Ok(Some(rival)) => rival,
        Err(error) => return Settled::Uncertain(format!("created, but its slot could not be read again: {error}")),
    };
    // What has started cannot give way.
    let cancelled = if rival.status.is_cancellable() { rival.id.max(id.clone()) } else { id.clone() };
    let result = cancel(hub, &cancelled, &conduct.patience, &conduct.interrupt).await;
    Settled::SlotRace { cancelled, confirmed: matches!(result, CancelResult::Cancelled(_)) }
}

/// Another job of the same slot that is alive. Waiting jobs hold lanes, so the lists are short. They
/// may lag: what was cancelled for this creation is no rival, and what is found is read once more.
async fn rival<H: HubClient>(hub: &H, create: &Create, id: &JobId) -> Result<Option<ObservedJob>, HubError> {
    let slot = create.job.id.slot();
    for status in [JobStatus::Queued, JobStatus::Scheduled] {
        let filter = JobFilter { kind: None, status: Some(status) };
        let mut page = None;
        loop {
            let found = hub.list_jobs(&filter, page.as_ref()).await?;
            let is_rival = |job: &&ObservedJob| {
                job.id != *id && !create.after.contains(&job.id) && job.id.own().is_some_and(|own| own.slot() == slot)
            };
            for job in found.items.iter().filter(is_rival) {
                let read = hub.get_job(&job.id).await?.filter(|job| job.status != JobStatus::Cancelled);
                if read.is_some() {
                    return Ok(read);
                }
            }
            match found.next {
                Some(next) if page.as_ref() != Some(&next) => page = Some(next),
                _ => break,
            }
        }
    }
    Ok(None)
}
