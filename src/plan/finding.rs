//! What a reviewer has to know before anything else: rules that a plan breaks or touches.

use std::fmt;

use super::acknowledgement::Acknowledgement;
use crate::model::ManifestSource;

/// A rule that a plan breaks or touches.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// Whether it stops the plan.
    pub level: Level,
    /// What was found, with its numbers, in one sentence. Fits behind "error: ".
    pub message: String,
    /// What would let the plan pass, as a line to type.
    pub help: Option<String>,
    /// Where the manifest, the limit or the policy stands.
    pub source: Option<ManifestSource>,
    /// The row of the plan that it is about.
    pub row: Option<usize>,
    /// The acknowledgement that lets it pass all the same.
    pub acknowledged: Option<Acknowledgement>,
}

impl Finding {
    /// Whether it stops the plan.
    #[must_use]
    pub const fn denies(&self) -> bool {
        matches!(self.level, Level::Deny) && self.acknowledged.is_none()
    }
}

/// What a finding means for the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing of the plan is applied.
    Deny,
    /// Somebody should look.
    Warn,
}

impl Level {
    /// Stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
        }
    }
}

/// A rule, by its stable code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Jobs would be pruned although not one manifest was loaded.
    PruneWithoutManifests,
    /// Jobs would be pruned although some manifests could not be read.
    PruneOnPartialView,
    /// A larger share of the own queued and scheduled jobs would be pruned than allowed.
    MaxCancelPercent,
    /// Two jobs of the project write different values to the same devices at the same time.
    ConflictingWriters,
    /// A job of others writes what a job of the plan writes.
    ConflictsWithForeignJob,
    /// An automatic configuration writes what a job of the plan writes.
    ConflictsWithConfiguration,
    /// Two write the same value.
    Redundant,
    /// A new manifest does what jobs of a name that is gone are for.
    LooksRenamed,
    /// More devices would be reached than a plan, or a manifest, may.
    MaxDevices,
    /// A larger share of the hub's devices would be reached than a plan, or a manifest, may.
    MaxPercentOfHub,
    /// More jobs would be created than a plan may.
    MaxNewJobs,
    /// Fewer or more devices match than a manifest expects.
    ExpectDevices,
    /// Far more devices match than at the last run, although the condition is the same.
    TargetGrew,
    /// A limit on devices cannot be checked, because they were not counted.
    Uncounted,
    /// An acknowledgement is about no limit that the plan breaks.
    UnneededAcknowledgement,
    /// A rule of a policy, as `policy/<policy>/<rule>`.
    Policy(String),
    /// A job would run when a policy says that none may.
    WindowClosed,
    /// A job reaches more devices than the tier serves in its time.
    CannotFinish,
    /// A condition matches nothing now.
    NoDevices,
    /// The jobs of the plan take more messages than the hub serves in a day.
    DailyQuota,
    /// Some numbers are missing.
    CountsIncomplete,
    /// The automatic device configurations of the hub could not be read.
    ConfigurationsUnread,
}

impl Rule {
    /// Stable code.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        match self {
            Self::Policy(code) => code.as_str(),
            rule => rule.explained().code,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
