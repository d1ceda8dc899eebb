//! What a reviewer agreed to, in the parts that a later plan is compared by.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::intent::Intent;
use crate::model::{ManifestName, OccurrenceKey};

/// What a reviewer agreed to.
#[derive(Debug, Clone, PartialEq)]
pub struct Reviewed {
    /// What the plan meant to do.
    pub intent: Intent,
    /// The time that it was made for.
    pub now: Timestamp,
    /// The slots that were looked at.
    pub slots: BTreeMap<Slot, Standing>,
    /// Devices that the target of a manifest matched, where they were counted.
    pub devices: BTreeMap<ManifestName, u64>,
}

/// What tells one slot from another within an environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Manifest.
    pub name: ManifestName,
    /// Kind of schedule and nominal start.
    pub occurrence: OccurrenceKey,
    /// `spec.generation`.
    pub generation: u8,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, occurrence, generation } = self;
        write!(f, "{name} {}", occurrence.start().strftime("%Y-%m-%d %H:%MZ"))?;
        if *generation > 0 { write!(f, ", generation {generation}") } else { Ok(()) }
    }
}

/// What a plan says of a slot; of several rows about one, the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Nothing is done: its manifest is suspended or gone.
    Idle,
    /// Its time has passed.
    Past,
    /// Its time has not come.
    NotDue,
    /// It has a job.
    Filled,
    /// A person has to decide.
    Blocked,
    /// It is filled later.
    Deferred,
    /// A job is created in it.
    Create,
}

/// How far the number of devices may move between a review and an apply: whichever of the two is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountTolerance {
    /// Percent of the number that was reviewed.
    pub percent: u64,
    /// Devices.
    pub devices: u64,
}

impl Default for CountTolerance {
    /// 10 % or 25 devices.
    fn default() -> Self {
        Self { percent: 10, devices: 25 }
    }
}

impl CountTolerance {
    /// Whether a number is near enough to the one that was reviewed.
    #[must_use]
    pub const fn allows(self, reviewed: u64, now: u64) -> bool {
        let off = reviewed.abs_diff(now);
        // In hundredths, so that nothing is rounded.
        off <= self.devices || off as u128 * 100 <= reviewed as u128 * self.percent as u128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whichever_tolerance_is_more_counts() {
        let tolerance = CountTolerance::default();
        for (reviewed, now, is_near) in [
            (12, 12, true),
            (12, 37, true),
            (12, 38, false),
            (0, 25, true),
            (0, 26, false),
            (1_000, 900, true),
            (1_000, 899, false),
            (1_000, 1_100, true),
            (1_000, 1_101, false),
            (u64::MAX, 0, false),
        ] {
            assert_eq!(tolerance.allows(reviewed, now), is_near, "{reviewed} {now}");
        }
    }
}
