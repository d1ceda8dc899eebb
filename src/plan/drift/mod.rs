//! Where the hub is not what git says, although nobody changed git: jobs that are missing, altered or
//! cancelled, and devices that no longer hold what a job wrote.
//!
//! Pure: [`holdings`] says what has to be asked, [`device_drift`] reads the answers, both by the text
//! of the questions.

mod devices;
mod jobs;
mod writers;

pub use devices::{DeviceDrift, Held, Holding, Unchecked, device_drift, holdings};
pub use jobs::{JobDrift, JobDriftKind, job_drift};

/// All that was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drift {
    /// Jobs, by manifest and start.
    pub jobs: Vec<JobDrift>,
    /// Values that were looked for on devices, by manifest and path; nothing when none was.
    pub devices: Option<Vec<DeviceDrift>>,
}

impl Drift {
    /// Whether anything is not as it should be. What could not be checked is no drift.
    #[must_use]
    pub fn is_found(&self) -> bool {
        !self.jobs.is_empty() || self.devices.iter().flatten().any(DeviceDrift::is_found)
    }
}
