//! Reasons in words: what a code means for the reader of a plan.

use crate::model::JobStatus;
use crate::plan::{BlockedReason, CancelReason, CreateReason, DeferredReason, IdleReason};

pub(super) const fn create(reason: CreateReason) -> &'static str {
    match reason {
        CreateReason::SlotEmpty => "it has no job yet",
        CreateReason::LateWithinDeadline => "its time has passed, its deadline has not",
        CreateReason::ReplaceBeforeStart => "the manifest changed, and its job has not started",
        CreateReason::ResumeReplace => "the job before it was cancelled, perhaps by hand",
    }
}

pub(super) const fn cancel(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::Superseded => "its manifest no longer wants this run",
        CancelReason::Suspended => "its manifest is suspended",
        CancelReason::ManifestRemoved => "its manifest is gone",
        CancelReason::SlotRace => "another job fills its slot; two runners raced",
        CancelReason::HeldReplacement => "the manifest changed, and the new job has to wait for an earlier one",
    }
}

pub(super) const fn deferred(reason: DeferredReason) -> &'static str {
    match reason {
        DeferredReason::LanesTaken => "every lane of the hub is taken",
        DeferredReason::LaneReserved => "an earlier run needs the free lane first",
        DeferredReason::HeldByPrevious => "an earlier job of this manifest is not over by then",
    }
}

pub(super) const fn blocked(reason: BlockedReason) -> &'static str {
    match reason {
        BlockedReason::RunningCannotBeReplaced => {
            "the manifest changed while its job runs, and a running job cannot be stopped"
        }
        BlockedReason::ChangedAfterRun => "the manifest changed after its job had run",
        BlockedReason::CancelledSlot => "its job was cancelled, and hubjobs never undoes that by itself",
        BlockedReason::AsapAlreadyUsed => "`notAfter` changed, but the job of the earlier `notAfter` exists",
        BlockedReason::NotAfterTooFar => "`notAfter` is more than 14 days ahead, longer than the hub's memory allows",
        BlockedReason::UnitExhausted => "36 jobs were created for this run, and the job id has no room for another",
        BlockedReason::IdCollision => "a job with this id does something else",
        BlockedReason::AdoptedDiffers => {
            "the adopted job does something else than the manifest, or starts at another time"
        }
        BlockedReason::AdoptedUnknown => "the hub knows no job of somebody else with the id that the manifest adopts",
        BlockedReason::AdoptedSuspended => {
            "the manifest is suspended, but its adopted job will run: hubjobs never cancels jobs of others"
        }
    }
}

pub(super) const fn idle(reason: &IdleReason) -> &'static str {
    match reason {
        IdleReason::NotDue { .. } => "it is not time yet",
        IdleReason::Missed => "its deadline has passed, and the hub remembers no job of it",
        IdleReason::SupersededOccurrence => "its time has passed, and a neighbouring run stands for it",
        IdleReason::InSync => "its job waits on the hub",
        IdleReason::Starting => "its job should start any moment; look again",
        IdleReason::InProgress => "its job runs",
        IdleReason::RunningEarlierRevision => "its job runs as the manifest was before; the next run has the change",
        IdleReason::Done(JobStatus::Failed) => "its job has failed",
        IdleReason::Done(_) => "its job has ended",
        IdleReason::DoneWithEarlierRevision => "its job ran as the manifest was before; the next run has the change",
        IdleReason::Suspended => "its manifest is suspended",
        IdleReason::PruneNever => "its manifest is gone, but this environment never prunes; the job will run",
        IdleReason::PruneNeedsFullView => "its manifest is gone, but only a run over all manifests prunes",
    }
}
