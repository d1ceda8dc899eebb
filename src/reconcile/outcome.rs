//! What became of each step of a plan.

use crate::hub::HubError;
use crate::model::{JobId, ManifestName, OccurrenceKey};

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Cancel a job.
    Cancel,
    /// Create a job.
    Create,
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What was tried.
    pub action: Action,
    /// Manifest.
    pub name: ManifestName,
    /// Nominal start and kind of schedule.
    pub occurrence: OccurrenceKey,
    /// Job.
    pub id: JobId,
    /// How it ended.
    pub settled: Settled,
}

/// How certain a success is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// The hub answered the request.
    Answered,
    /// The answer was lost; the job was read afterwards.
    ReadAfterwards,
    /// The job was there before the request: another runner of the same commit was faster.
    AlreadyThere,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// As planned.
    Done(Certainty),
    /// Every lane of the hub was taken; a later run continues.
    Deferred,
    /// Its deadline passed before it could be asked for.
    TooLate,
    /// The job had started before it could be cancelled, so its successor was not created.
    StartedBeforeCancel,
    /// Not tried, since a job that had to be cancelled first was not.
    PredecessorRemains(JobId),
    /// Not tried, since the run was interrupted.
    Interrupted,
    /// A job with this id does something else; it was not touched.
    IdCollision,
    /// Another job of the same slot was found after the creation; the one with the greater id was
    /// cancelled, if it could be.
    SlotRace {
        /// The job that gave way.
        cancelled: JobId,
        /// Whether it is certain that it did.
        confirmed: bool,
    },
    /// The hub refused, or could not be reached.
    Failed(HubError),
    /// It is not known whether the hub did it.
    Uncertain(String),
}

/// What an outcome means for the run as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ruling {
    /// Done, or left for a later run as planned.
    Fine,
    /// Not done; the reason is known.
    NotDone,
    /// The hub refused or could not be reached.
    Failed,
    /// Stopped by the user.
    Interrupted,
    /// Not known.
    Uncertain,
}

impl Settled {
    /// Stable code.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.explained().code
    }

    /// What it means for the run as a whole.
    #[must_use]
    pub const fn ruling(&self) -> Ruling {
        match self {
            Self::Done(_) | Self::Deferred => Ruling::Fine,
            Self::TooLate | Self::StartedBeforeCancel | Self::PredecessorRemains(_) | Self::IdCollision => {
                Ruling::NotDone
            }
            Self::Failed(_) => Ruling::Failed,
            Self::Interrupted => Ruling::Interrupted,
            Self::SlotRace { .. } | Self::Uncertain(_) => Ruling::Uncertain,
        }
    }
}
