//! What became different between the plan that was reviewed and the plan of this moment, which side
//! moved, and whether that may be applied.
//!
//! By the clock alone a job that was reviewed may become late, missed or deferred, and the next
//! occurrence of a reviewed manifest may fall due. What somebody else did already need not be done
//! again. Everything else that is new is refused, above all another job to cancel.

mod compare;

use std::fmt;

pub use compare::departures;

use super::reviewed::{Slot, Standing};
use super::words::grouped;
use crate::model::ManifestName;

/// Something that became different.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Departure {
    /// Who moved.
    pub side: Side,
    /// What.
    pub kind: DepartureKind,
}

/// Who moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The manifests.
    Git,
    /// The jobs or the devices of the hub.
    Hub,
    /// Only time went by.
    Clock,
}

impl Side {
    /// Stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Hub => "hub",
            Self::Clock => "clock",
        }
    }
}

/// What became different. `Display` is a clause that starts with the name of the thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum DepartureKind {
    /// A manifest that was not there.
    #[error("{0}: the manifest is new")]
    Added(String),
    /// A manifest that is not there any more.
    #[error("{0}: the manifest is gone")]
    Removed(String),
    /// A field of a manifest, as it was and as it is.
    #[error("{name}: {field} was {from}, and is {to}")]
    Changed {
        /// Manifest.
        name: String,
        /// Field, or what stands for several.
        field: &'static str,
        /// When it was reviewed.
        from: String,
        /// Now.
        to: String,
    },
    /// A job would be cancelled that was not to be.
    #[error("{0}: this job would be cancelled, and was not to be")]
    NewCancel(String),
    /// A job that was to be cancelled need not be any more.
    #[error("{0}: this job need not be cancelled any more")]
    CancelDone(String),
    /// A job would be created in a slot in which none was to be.
    #[error("{slot}: a job would be created, and {}", was(*standing))]
    NewCreate {
        /// Slot.
        slot: Slot,
        /// What was said of it; nothing when it was not looked at.
        standing: Option<Standing>,
    },
    /// A job that was to be created cannot be.
    #[error("{0}: a job was to be created, and the slot needs a person now")]
    CreateBlocked(Slot),
    /// A slot that was left for later is filled now.
    #[error("{0}: it was left for later, and is due now")]
    FellDue(Slot),
    /// An occurrence that came into view since.
    #[error("{0}: the next occurrence is due")]
    NextOccurrence(Slot),
    /// A job that was to be created is there.
    #[error("{0}: the job is there already")]
    CreateDone(Slot),
    /// A job that was to be created is left for later.
    #[error("{0}: it was to be created, and is left for later")]
    CreateDeferred(Slot),
    /// A job that was to be created is not, for its time has passed or has not come.
    #[error("{0}: it is not due any more")]
    CreateNotDue(Slot),
    /// The target of a manifest matches another number of devices, too far off.
    #[error("{name}: {} devices matched, and {} do now", grouped(*from), grouped(*to))]
    CountMoved {
        /// Manifest.
        name: ManifestName,
        /// When it was reviewed.
        from: u64,
        /// Now.
        to: u64,
    },
    /// The devices were counted for the review, and cannot be now.
    #[error("{name}: {} devices matched, and they cannot be counted now", grouped(*from))]
    Uncounted {
        /// Manifest.
        name: ManifestName,
        /// When it was reviewed.
        from: u64,
    },
    /// The devices were not counted for the review, and are now.
    #[error("{name}: {} devices match; they were not counted for the review", grouped(*to))]
    NewlyCounted {
        /// Manifest.
        name: ManifestName,
        /// Now.
        to: u64,
    },
}

fn was(standing: Option<Standing>) -> &'static str {
    match standing {
        None => "this run was not in the plan",
        Some(Standing::Idle) => "nothing was to be done in this slot",
        Some(Standing::Past) => "its time had passed already",
        Some(Standing::Filled) => "the slot had a job",
        Some(Standing::Blocked) => "the slot needed a person",
        Some(Standing::NotDue | Standing::Deferred | Standing::Create) => "it was to be created later",
    }
}

impl DepartureKind {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.explained().code
    }

    /// Whether nothing may be applied because of it.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        match self {
            Self::Added(_)
            | Self::Removed(_)
            | Self::Changed { .. }
            | Self::NewCancel(_)
            | Self::NewCreate { .. }
            | Self::CreateBlocked(_)
            | Self::CountMoved { .. }
            | Self::Uncounted { .. } => true,
            Self::CancelDone(_)
            | Self::FellDue(_)
            | Self::NextOccurrence(_)
            | Self::CreateDone(_)
            | Self::CreateDeferred(_)
            | Self::CreateNotDue(_)
            | Self::NewlyCounted { .. } => false,
        }
    }
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<5}  {}", self.side.as_str(), self.kind)
    }
}
