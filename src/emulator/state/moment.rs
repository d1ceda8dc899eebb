//! Time as the hub keeps it.

use std::fmt;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// An instant in ticks of 100 ns since 1970, the resolution of all times on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub(super) struct Moment(i64);

/// Ticks in one second.
pub(super) const SECOND: i64 = 10_000_000;
/// Ticks in one millisecond.
pub(super) const MILLISECOND: i64 = SECOND / 1_000;

/// How the hub writes a time that never was set.
pub(super) const NEVER: &str = "0001-01-01T00:00:00Z";
/// How the hub writes the end of a job that has not ended: the greatest time of .NET
/// (documented by user reports: azure-iot-sdk-csharp#467).
pub(super) const NOT_ENDED: &str = "9999-12-31T23:59:59.9999999Z";

impl Moment {
    /// 1970.
    #[cfg(test)]
    pub(super) const EPOCH: Self = Self(0);

    /// Later by a number of ticks; the end of time is not passed.
    pub(super) const fn plus(self, ticks: i64) -> Self {
        Self(self.0.saturating_add(ticks))
    }

    /// Later by a number of seconds.
    pub(super) fn plus_seconds(self, seconds: u64) -> Self {
        self.plus(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND))
    }

    /// Ticks since 1970.
    pub(super) const fn ticks(self) -> i64 {
        self.0
    }

    /// Ticks since the year 1, as .NET counts; the hub uses them as generation ids.
    pub(super) const fn dotnet_ticks(self) -> i64 {
        self.0.saturating_add(621_355_968_000_000_000)
    }

    /// Reads ISO 8601 with `Z`, an offset, or no zone, which means UTC; any number of digits after
    /// the point.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Some(timestamp.into());
        }
        let local: civil::DateTime = text.parse().ok()?;
        local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().into())
    }

    /// The same instant for the time library; beyond its range, its last instant.
    pub(super) fn timestamp(self) -> Timestamp {
        let duration = SignedDuration::new(
            self.0.div_euclid(SECOND),
            i32::try_from(self.0.rem_euclid(SECOND) * 100).unwrap_or_default(),
        );
        Timestamp::from_duration(duration).unwrap_or(Timestamp::MAX)
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        let ticks = timestamp.as_nanosecond().div_euclid(100);
        Self(i64::try_from(ticks).unwrap_or(i64::MAX))
    }
}

/// `2026-08-30T21:44:00.8884134Z`: seven digits, always.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.7}", self.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_that_clients_send() {
        let expected = "2026-09-01T22:00:00.4200000Z";
        for text in ["2026-09-01T22:00:00.42Z", "2026-09-02T00:00:00.42+02:00", "2026-09-01T22:00:00.420000"] {
            assert_eq!(Moment::parse(text).map(|m| m.to_string()).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(Moment::parse("tomorrow"), None);
    }

    #[test]
    fn keeps_seven_digits() {
        let moment = Moment::parse("2026-08-30T21:44:00.888413499Z");
        assert_eq!(moment.map(|m| m.to_string()).as_deref(), Some("2026-08-30T21:44:00.8884134Z"));
        assert_eq!(Moment::EPOCH.plus(-1).to_string(), "1969-12-31T23:59:59.9999999Z");
    }
}
