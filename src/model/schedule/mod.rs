//! When a manifest runs.

mod at;
mod cron;
mod expression;
mod field;
mod fields;
mod occurrences;
#[cfg(test)]
mod properties;
mod zone;

pub use at::{Asap, At, InvalidAt};
pub use cron::{ConcurrencyPolicy, Cron, DstMark};
pub use expression::{CronExpression, InvalidCron};
pub use occurrences::Occurrences;
pub use zone::{InvalidZone, Zone, tzdb_version};

use super::duration::Seconds;

/// When a manifest runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// Once, at a given minute.
    At(At),
    /// Again and again.
    Cron(Cron),
    /// Once, as soon as possible.
    Asap(Asap),
}

impl Schedule {
    /// How late an occurrence may start when the manifest does not say.
    pub const STARTING_DEADLINE_DEFAULT: Seconds = Seconds::HOUR;

    /// The latest that an occurrence may ever be created after its nominal start.
    ///
    /// Ours, not the hub's. The hub forgets a job after 30 days ("IoT Hub quotas and throttling"),
    /// and a forgotten job would run again. The oldest job that a decision may depend on was created
    /// [`Self::LOOKAHEAD_MAX`] before its start; 14 days for the first wave, and 21 for the last,
    /// keep it within 28.
    pub const STARTING_DEADLINE_MAX: Seconds = Seconds::new(14 * Seconds::DAY.get());

    /// The earliest that an occurrence may be created before its nominal start: the hub refuses a
    /// start more than 168 h ahead ("Schedule jobs on multiple devices").
    pub const LOOKAHEAD_MAX: Seconds = Seconds::new(7 * Seconds::DAY.get());
}
