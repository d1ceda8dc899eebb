//! Whether an earlier job of the same manifest stands in the way (`concurrencyPolicy`).

use std::collections::HashSet;

use jiff::Timestamp;

use super::decide::Want;
use super::inventory::OwnJob;
use crate::model::{ConcurrencyPolicy, JobId, Manifest, Schedule};

/// A job of the manifest that is at work, or will be.
#[derive(Debug, Clone)]
pub(super) struct Busy {
    /// The job on the hub; nothing for one that the plan creates.
    pub(super) id: Option<JobId>,
    /// When it starts; nothing when it may have started.
    pub(super) from: Option<Timestamp>,
    /// When it must have ended; nothing when that is unknown.
    pub(super) until: Option<Timestamp>,
    /// Its slot is no longer wanted, but it runs and cannot be stopped: its successor waits,
    /// whatever the policy.
    pub(super) is_superseded: bool,
}

/// The jobs of a manifest that are alive after the plan's cancels.
pub(super) fn busy<'a>(
    manifest: &Manifest,
    jobs: impl Iterator<Item = &'a OwnJob<'a>>,
    cancelled: &HashSet<JobId>,
) -> Vec<Busy> {
    jobs.filter(|job| !job.seen.status.is_terminal() && !cancelled.contains(&job.seen.id))
        .map(|job| Busy {
            id: Some(job.seen.id.clone()),
            from: job.seen.start.filter(|_| job.seen.status.is_cancellable()),
            until: job.seen.latest_end(),
            is_superseded: !wants(manifest, job),
        })
        .collect()
}

/// Whether the manifest wants the slot that a job fills.
pub(super) fn wants(manifest: &Manifest, job: &OwnJob<'_>) -> bool {
    use crate::model::OccurrenceKind::{Asap, At, Cron};
    let occurrence = job.id.occurrence;
    let in_schedule = match (&manifest.schedule, occurrence.kind()) {
        (Schedule::At(at), At) => at.start == occurrence.start(),
        (Schedule::Asap(asap), Asap) => asap.not_after == occurrence.start(),
        (Schedule::Cron(cron), Cron) => cron.includes(occurrence.start()),
        _ => false,
    };
    in_schedule && job.id.unit.generation == manifest.generation && job.id.unit.wave.get() == 0
}

/// Whether occurrences of a manifest may overlap.
pub(super) fn policy(manifest: &Manifest) -> ConcurrencyPolicy {
    match &manifest.schedule {
        Schedule::Cron(cron) => cron.concurrency,
        Schedule::At(_) | Schedule::Asap(_) => ConcurrencyPolicy::Forbid,
    }
}

/// Whether a wanted job must wait, and until when as far as one can tell.
pub(super) enum Hold {
    /// It need not.
    Free,
    /// Until then, if that is known.
    Until(Option<Timestamp>),
}

/// When a wanted job that must wait can start, as far as one can tell: not beyond its deadline.
pub(super) fn release(manifest: &Manifest, want: &Want, now: Timestamp, busy: &[Busy]) -> Option<Timestamp> {
    let mut start = want.starts(now);
    loop {
        match hold(manifest, want, start, busy) {
            Hold::Free => return Some(start),
            Hold::Until(None) => return None,
            Hold::Until(Some(until)) if until > want.deadline => return Some(until),
            Hold::Until(Some(until)) => start = until,
        }
    }
}

/// Looks for a job of the same manifest that is still at work when the wanted one starts, or that
/// would start before it must have ended. A replacement waits for earlier jobs only: those after it
/// are looked at in their turn.
pub(super) fn hold(manifest: &Manifest, want: &Want, start: Timestamp, busy: &[Busy]) -> Hold {
    let policy = policy(manifest);
    let end = super::decide::shift(start, manifest.max_execution.to_signed());
    let mut until = None;
    let mut is_held = false;
    for job in busy.iter().filter(|job| job.id.is_none() || job.id != want.replaces) {
        if policy == ConcurrencyPolicy::Allow && !job.is_superseded {
            continue;
        }
        let is_later_on_hub = job.id.is_some() && job.from.is_some_and(|job_start| job_start > start);
        if want.replaces.is_some() && is_later_on_hub {
            continue;
        }
        let ends_before = job.until.is_some_and(|job_end| job_end <= start);
        let starts_after = job.from.is_some_and(|job_start| job_start >= end);
        if !ends_before && !starts_after {
            is_held = true;
            until = until.max(job.until);
        }
    }
    if is_held { Hold::Until(until) } else { Hold::Free }
}
