//! A manifest: valid by construction, since it is made of valid parts.

use std::collections::BTreeMap;
use std::fmt;

use super::duration::Seconds;
use super::job::{JobAction, JobBody};
use super::job_id::{Digit, JobId};
use super::name::ManifestName;
use super::percent::Percent;
use super::schedule::Schedule;
use super::target::Target;

/// Where a manifest stands, for messages only; identity is its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManifestSource {
    /// Path as printed, relative to where the user is.
    pub path: String,
    /// Line of the document's `metadata.name`, from 1.
    pub line: u32,
}

impl fmt::Display for ManifestSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// When a finished job counts as a success.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SuccessWhen {
    /// Statuses of a device's answer that count as success; nothing means any, as on the hub.
    pub method_status: Option<Vec<i32>>,
    /// Share of the devices that must succeed; nothing means that failures only warn.
    pub min_succeeded: Option<Percent>,
}

/// How many devices the target of a manifest is expected to match; outside of it, nothing is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExpectedDevices {
    min: Option<u64>,
    max: Option<u64>,
}

/// The least is above the most, or neither is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no number of devices is expected")]
pub struct InvalidExpectedDevices;

impl ExpectedDevices {
    /// # Errors
    /// When no number fits, or every number does.
    pub fn new(min: Option<u64>, max: Option<u64>) -> Result<Self, InvalidExpectedDevices> {
        let is_empty = max.is_some_and(|max| min.unwrap_or_default() > max);
        if is_empty || (min.is_none() && max.is_none()) { Err(InvalidExpectedDevices) } else { Ok(Self { min, max }) }
    }

    /// The fewest devices that are expected.
    #[must_use]
    pub const fn min(self) -> Option<u64> {
        self.min
    }

    /// The most devices that are expected.
    #[must_use]
    pub const fn max(self) -> Option<u64> {
        self.max
    }
}

/// Limits of one manifest, which count beside those of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ManifestLimits {
    /// Most devices that one of its jobs may reach.
    pub max_devices: Option<u64>,
    /// Largest share of the hub's devices that one of its jobs may reach.
    pub max_percent_of_hub: Option<Percent>,
}

/// One job manifest (`MethodJob` or `TwinJob`).
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Identity within the project.
    pub name: ManifestName,
    /// For people and for selectors; not in the revision.
    pub labels: BTreeMap<String, String>,
    /// Where it stands.
    pub source: ManifestSource,
    /// Creates nothing while true; own jobs not yet started are cancelled.
    pub suspend: bool,
    /// Raised to run a used slot again.
    pub generation: Digit,
    /// Which devices.
    pub target: Target,
    /// When.
    pub schedule: Schedule,
    /// The job ends this long after its start.
    pub max_execution: Seconds,
    /// What is done to each device.
    pub action: JobAction,
    /// What counts as success.
    pub success_when: SuccessWhen,
    /// How many devices the target should match; nothing means any number.
    pub expect_devices: Option<ExpectedDevices>,
    /// Its own safety limits.
    pub limits: ManifestLimits,
    /// Names that it had before: own jobs under them are jobs of this manifest.
    pub moved_from: Vec<ManifestName>,
    /// A job of somebody else that fills its slot.
    pub adopt: Option<JobId>,
}

impl Manifest {
    /// The device-visible body that each of its jobs has.
    #[must_use]
    pub fn body(&self) -> JobBody {
        JobBody { condition: self.target.condition(), action: self.action.clone(), max_execution: self.max_execution }
    }
}
