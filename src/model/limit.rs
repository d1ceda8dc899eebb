//! Limits that a plan must keep, and where they are set.

use super::manifest::ManifestSource;
use super::percent::Percent;

/// A limit, and where it is set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Limit<T> {
    /// The limit itself; what reaches it still passes.
    pub value: T,
    /// Where it is set; nothing when nobody set it, and it is the default.
    pub source: Option<ManifestSource>,
}

impl<T> Limit<T> {
    /// A limit that nobody set.
    #[must_use]
    pub const fn by_default(value: T) -> Self {
        Self { value, source: None }
    }

    /// A limit that stands somewhere.
    #[must_use]
    pub const fn set(value: T, source: ManifestSource) -> Self {
        Self { value, source: Some(source) }
    }
}

/// Limits of an environment, which a plan must keep to be applied. They are about the plan as a whole:
/// twenty jobs of five hundred devices reach as far as one of ten thousand.
#[derive(Debug, Clone, PartialEq)]
pub struct SafetyLimits {
    /// Most devices that the jobs of a plan may reach together.
    pub max_devices: Option<Limit<u64>>,
    /// Largest share of the hub's devices that they may reach together.
    pub max_percent_of_hub: Option<Limit<Percent>>,
    /// Most jobs that a plan may create.
    pub max_new_jobs: Option<Limit<u64>>,
    /// Largest share of the own queued and scheduled jobs that one prune may cancel.
    pub max_cancel_percent: Limit<Percent>,
}

impl SafetyLimits {
    /// Share of the own jobs not yet started that a prune may cancel when nobody says otherwise.
    pub const MAX_CANCEL_PERCENT_DEFAULT: Percent = Percent::whole(30);

    /// No limits but this one.
    #[must_use]
    pub const fn of_cancels(max_cancel_percent: Percent) -> Self {
        Self {
            max_devices: None,
            max_percent_of_hub: None,
            max_new_jobs: None,
            max_cancel_percent: Limit::by_default(max_cancel_percent),
        }
    }
}

/// What holds when a project says nothing.
impl Default for SafetyLimits {
    fn default() -> Self {
        Self::of_cancels(Self::MAX_CANCEL_PERCENT_DEFAULT)
    }
}

/// Limits of one manifest, which count beside those of the environment: the stricter one decides.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ManifestLimits {
    /// Most devices that one of its jobs may reach.
    pub max_devices: Option<Limit<u64>>,
    /// Largest share of the hub's devices that one of its jobs may reach.
    pub max_percent_of_hub: Option<Limit<Percent>>,
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
