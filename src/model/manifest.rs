//! A manifest: valid by construction, since it is made of valid parts.

use std::collections::BTreeMap;
use std::fmt;

use super::duration::Seconds;
use super::job::{JobAction, JobBody};
use super::job_id::{Digit, JobId};
use super::limit::{ExpectedDevices, Limit, ManifestLimits};
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
    pub expect_devices: Option<Limit<ExpectedDevices>>,
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
