//! A plan: one row for each slot that was looked at, with a typed reason for every action and every
//! non-action.

use jiff::Timestamp;

use super::changes::FieldChange;
use crate::model::{
    EnvironmentName, HubSize, JobId, JobStatus, ManifestName, ManifestSource, NewJob, OccurrenceKey, Owner,
    PrunePolicy, Seconds,
};

/// What to do, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Which environment.
    pub environment: EnvironmentName,
    /// Whose jobs.
    pub owner: Owner,
    /// The time that it was made for.
    pub now: Timestamp,
    /// Tier and units of the hub.
    pub size: HubSize,
    /// Policy for jobs whose manifest is gone.
    pub prune: PrunePolicy,
    /// Number of manifests that were read.
    pub manifest_count: usize,
    /// Whether that was all of them.
    pub completeness: super::Completeness,
    /// Own queued and scheduled jobs on the hub before the plan.
    pub own_waiting_count: usize,
    /// Who holds the lanes now.
    pub lanes: LaneUse,
    /// Sorted by name, then nominal start, then generation.
    pub rows: Vec<Row>,
}

/// Who holds the lanes of the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneUse {
    /// Lanes of the sku.
    pub total: usize,
    /// Own jobs that hold one, sorted.
    pub own: Vec<JobId>,
    /// Foreign jobs that hold one, sorted.
    pub foreign: Vec<JobId>,
}

impl LaneUse {
    /// Lanes that nobody holds.
    #[must_use]
    pub fn free(&self) -> usize {
        self.total.saturating_sub(self.own_count() + self.foreign.len())
    }

    /// How many own jobs hold one.
    #[must_use]
    pub fn own_count(&self) -> usize {
        self.own.len()
    }

    /// All jobs that hold one.
    pub fn holders(&self) -> impl Iterator<Item = &JobId> {
        self.own.iter().chain(&self.foreign)
    }
}

/// What happens to one slot, or to one job that no manifest wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Manifest.
    pub name: ManifestName,
    /// Where it stands; nothing when it is gone.
    pub source: Option<ManifestSource>,
    /// Nominal start and kind of schedule.
    pub occurrence: OccurrenceKey,
    /// `spec.generation` of the slot.
    pub generation: u8,
    /// What happens.
    pub step: Step,
}

/// What happens to a slot.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A job is created, after others of the same manifest were cancelled.
    Create(Box<Create>),
    /// A job that has not started is cancelled.
    Cancel {
        /// Which.
        id: JobId,
        /// Why.
        reason: CancelReason,
    },
    /// To be done, but not now.
    Deferred(Deferral),
    /// Cannot be done; a person has to decide.
    Blocked {
        /// The job in the way.
        id: Option<JobId>,
        /// Why.
        reason: BlockedReason,
    },
    /// Nothing to do.
    Idle {
        /// The job in the slot, if any.
        id: Option<JobId>,
        /// Why.
        reason: IdleReason,
    },
}

/// A job to create.
#[derive(Debug, Clone, PartialEq)]
pub struct Create {
    /// The job.
    pub job: NewJob,
    /// Why.
    pub reason: CreateReason,
    /// Jobs that must be cancelled, and seen to be, before it is created: those that it replaces,
    /// and others of the same manifest.
    pub after: Vec<JobId>,
    /// What differs from the job that it replaces.
    pub changes: Vec<FieldChange>,
    /// It must not be created later than this.
    pub deadline: Timestamp,
    /// By how much it starts after its nominal start.
    pub lateness: Option<Lateness>,
}

/// By how much a job starts after its nominal start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lateness(pub Seconds);

/// Why a job is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CreateReason {
    /// The slot is due and empty.
    SlotEmpty,
    /// The slot is empty, its nominal start has passed, its deadline has not.
    LateWithinDeadline,
    /// The slot holds another revision that has not started.
    ReplaceBeforeStart,
    /// The slot holds only a cancelled job of another revision: an interrupted replacement, or
    /// somebody cancelled it by hand.
    ResumeReplace,
}

/// Why a job is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CancelReason {
    /// Its manifest no longer wants that slot: time, cron or generation changed.
    Superseded,
    /// Its manifest is suspended.
    Suspended,
    /// Its manifest is gone, and the environment prunes.
    ManifestRemoved,
    /// Another job of the same slot is alive or has run: two runners raced.
    SlotRace,
    /// It holds an earlier revision, and its replacement has to wait for an earlier job.
    HeldReplacement,
}

/// Something to do later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deferral {
    /// Why not now.
    pub reason: DeferredReason,
    /// When it can start, as far as one can tell.
    pub expected_start: Option<Timestamp>,
    /// When an apply must run for it.
    pub apply_between: Window,
    /// Whether it is due already, so that waiting for it makes sense.
    pub is_due: bool,
}

/// A closed span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First instant.
    pub from: Timestamp,
    /// Last instant.
    pub until: Timestamp,
}

/// Why something is done later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeferredReason {
    /// Every lane of the hub is taken.
    LanesTaken,
    /// A lane is free, but another occurrence needs it before this one starts.
    LaneReserved,
    /// An earlier job of the same manifest is not over by then.
    HeldByPrevious,
}

/// Why nothing can be done without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockedReason {
    /// Another revision runs, and a running job cannot be stopped.
    RunningCannotBeReplaced,
    /// The slot ran with another revision.
    ChangedAfterRun,
    /// The job was cancelled by somebody, and is not to be revived by a machine.
    CancelledSlot,
    /// `notAfter` changed although the job of the earlier one is known.
    AsapAlreadyUsed,
    /// `notAfter` is more than 14 days ahead, longer than the hub's memory allows.
    NotAfterTooFar,
    /// The slot was filled 36 times.
    UnitExhausted,
    /// A job with our id does something else.
    IdCollision,
    /// The adopted job does something else than the manifest says, or starts at another time.
    AdoptedDiffers,
    /// The hub knows no job of somebody else with the id that the manifest adopts.
    AdoptedUnknown,
    /// The manifest is suspended, and its adopted job waits: it is not ours to cancel.
    AdoptedSuspended,
}

/// Why there is nothing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdleReason {
    /// Later than now + lookahead.
    NotDue {
        /// When an apply must run for it.
        apply_between: Window,
    },
    /// Past its deadline.
    Missed,
    /// Past its nominal start, but a job of a neighbouring occurrence is known.
    SupersededOccurrence,
    /// The job is queued or scheduled, as wanted.
    InSync,
    /// The job was to start by now; what became of it shows at the next look.
    Starting,
    /// The job runs.
    InProgress,
    /// A cron job runs with an earlier revision; the next occurrence has the new one.
    RunningEarlierRevision,
    /// The job has ended.
    Done(JobStatus),
    /// The cron job has ended with an earlier revision.
    DoneWithEarlierRevision,
    /// The manifest is suspended.
    Suspended,
    /// The manifest is gone, but the environment does not prune.
    PruneNever,
    /// The manifest is gone, but a selection is active, and a partial view never prunes.
    PruneNeedsFullView,
}

impl Step {
    /// Whether a job comes of it, now or as soon as there is a lane.
    #[must_use]
    pub const fn starts_job(&self) -> bool {
        matches!(self, Self::Create(_) | Self::Deferred(_))
    }
}

impl CreateReason {
    /// Stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.explained().code
    }
}

impl CancelReason {
    /// Stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.explained().code
    }
}

impl DeferredReason {
    /// Stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.explained().code
    }
}

impl BlockedReason {
    /// Stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.explained().code
    }
}

impl IdleReason {
    /// Stable code.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.explained().code
    }
}

/// How many rows do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Jobs to create in an empty slot.
    pub create: usize,
    /// Jobs to create in place of another.
    pub replace: usize,
    /// Jobs to cancel without a successor in the same slot.
    pub cancel: usize,
    /// Slots to fill later.
    pub deferred: usize,
    /// Slots that need a person.
    pub blocked: usize,
    /// Slots past their deadline.
    pub missed: usize,
    /// Slots with nothing to do.
    pub unchanged: usize,
}

impl Plan {
    /// How many rows do what.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for row in &self.rows {
            let counter = match &row.step {
                Step::Create(create) if create.reason == CreateReason::ReplaceBeforeStart => &mut summary.replace,
                Step::Create(_) => &mut summary.create,
                Step::Cancel { .. } => &mut summary.cancel,
                Step::Deferred(_) => &mut summary.deferred,
                Step::Blocked { .. } => &mut summary.blocked,
                Step::Idle { reason: IdleReason::Missed, .. } => &mut summary.missed,
                Step::Idle { .. } => &mut summary.unchanged,
            };
            *counter += 1;
        }
        summary
    }

    /// Whether there is something to do, now or later.
    #[must_use]
    pub fn has_differences(&self) -> bool {
        self.rows.iter().any(|row| matches!(row.step, Step::Create(_) | Step::Cancel { .. } | Step::Deferred(_)))
    }

    /// Whether there is something to do now.
    #[must_use]
    pub fn has_actions(&self) -> bool {
        self.rows.iter().any(|row| matches!(row.step, Step::Create(_) | Step::Cancel { .. }))
    }

    /// Whether a row needs a person.
    #[must_use]
    pub fn has_blocked(&self) -> bool {
        self.rows.iter().any(|row| matches!(row.step, Step::Blocked { .. }))
    }
}
