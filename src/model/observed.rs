//! Jobs as the hub shows them.

use std::fmt;

use jiff::Timestamp;

use super::job::{JobBody, JobKind};
use super::job_id::JobId;

/// State of a job, with the words of the wire. The documentation says `pending` and `canceled`;
/// the service does not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobStatus {
    /// Accepted, not yet looked at.
    Queued,
    /// Waits for its start.
    Scheduled,
    /// Acts on devices; cannot be stopped.
    Running,
    /// Ended; says nothing about how its devices fared.
    Completed,
    /// Could not run as a whole.
    Failed,
    /// Cancelled before its start.
    Cancelled,
    /// A word that this version does not know; treated as occupying a lane.
    Other(String),
}

impl JobStatus {
    /// Reads the word of the wire, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "queued" | "enqueued" => Self::Queued,
            "scheduled" => Self::Scheduled,
            "running" => Self::Running,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "cancelled" | "canceled" => Self::Cancelled,
            _ => Self::Other(word.to_owned()),
        }
    }

    /// The word of the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Queued => "queued",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Other(word) => word,
        }
    }

    /// Ended for good: completed, failed or cancelled.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Not yet started, so it can still be cancelled.
    #[must_use]
    pub const fn is_cancellable(&self) -> bool {
        matches!(self, Self::Queued | Self::Scheduled)
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How the devices of a job fared so far; the total is the sum of the four others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DeviceJobStatistics {
    /// Devices selected when the job started.
    pub device_count: u64,
    /// Gave an error, or none came online in time.
    pub failed_count: u64,
    /// Did what was asked, or answered the method with any status.
    pub succeeded_count: u64,
    /// Being worked on.
    pub running_count: u64,
    /// Not yet reached.
    pub pending_count: u64,
}

impl DeviceJobStatistics {
    /// Devices with a result.
    #[must_use]
    pub const fn executed(&self) -> u64 {
        self.failed_count + self.succeeded_count
    }
}

/// A job of the hub, own or foreign. The hub leaves members out at times, above all right after
/// creation, so all but the id and the status are optional.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedJob {
    /// Its id.
    pub id: JobId,
    /// Its state.
    pub status: JobStatus,
    /// What kind of job it is, when it is one of the two that concern us.
    pub kind: Option<JobKind>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it starts or started.
    pub start: Option<Timestamp>,
    /// When it ended; the hub's year 9999 placeholder reads as nothing.
    pub end: Option<Timestamp>,
    /// What it does, when the hub echoes enough to tell.
    pub body: Option<JobBody>,
    /// Devices by result.
    pub statistics: Option<DeviceJobStatistics>,
    /// Why it failed as a whole. Text of the hub, not to be trusted.
    pub failure_reason: Option<String>,
}

impl ObservedJob {
    /// When the job must have ended: start + max execution time.
    #[must_use]
    pub fn latest_end(&self) -> Option<Timestamp> {
        let body = self.body.as_ref()?;
        let start = self.start.or(self.created)?;
        start.checked_add(body.max_execution.to_signed()).ok()
    }
}
