//! When a manifest runs.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::duration::Seconds;

/// A zone of the IANA database that is compiled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// The name is not in the time zone database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone `{name}`")]
pub struct InvalidZone {
    name: String,
}

impl Zone {
    /// # Errors
    /// When the name is not in the database that is compiled in.
    pub fn new(name: &str) -> Result<Self, InvalidZone> {
        let invalid = || InvalidZone { name: name.to_owned() };
        let zone = TimeZone::get(name).map_err(|_| invalid())?;
        Ok(Self { name: zone.iana_name().ok_or_else(invalid)?.to_owned(), zone })
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules.
    #[must_use]
    pub const fn rules(&self) -> &TimeZone {
        &self.zone
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

/// Whether an occurrence may start while an earlier job of the same manifest is still at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ConcurrencyPolicy {
    /// It waits until every earlier job has ended, or must end before it.
    #[default]
    Forbid,
    /// It does not wait.
    Allow,
}

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

/// Once, at a given minute.
#[derive(Debug, Clone, PartialEq)]
pub struct At {
    /// Nominal start, a whole minute.
    pub start: Timestamp,
    /// The zone it was written in, for printing; nothing when written with an offset.
    pub zone: Option<Zone>,
    /// How late it may still start, at most 14 d.
    pub starting_deadline: Seconds,
}

/// Again and again.
#[derive(Debug, Clone, PartialEq)]
pub struct Cron {
    /// At which local minutes.
    pub expression: CronExpression,
    /// Of which zone.
    pub zone: Zone,
    /// How late an occurrence may still start, at most 14 d.
    pub starting_deadline: Seconds,
    /// Whether occurrences may overlap.
    pub concurrency: ConcurrencyPolicy,
}

/// Once, as soon as possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Asap {
    /// Slot key and deadline, a whole minute.
    pub not_after: Timestamp,
}

/// A standard five-field cron expression with Unix weekday numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronExpression {
    text: String,
}

/// Why a text is not a cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidCron {
    /// Fragment that fits behind "error: ".
    pub message: String,
    /// Byte range of the offending part.
    pub span: std::ops::Range<usize>,
    /// What to type instead, when one can tell.
    pub help: Option<String>,
}

impl CronExpression {
    /// The expression as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}
