//! Cron expressions: which readings of a local clock they name. Knows no time zone.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::Offset;

use super::field::{self, FieldKind, Numbers};
use super::fields::{DayRule, Fields};

/// A standard five-field cron expression: minute, hour, day of the month, month, day of the week.
///
/// - Numbers, three-letter names of months and weekdays in any case, lists `1,5`, ranges `1-5`,
///   steps `*/2` and `1-9/2`; `@hourly @daily @midnight @weekly @monthly @yearly @annually`.
/// - Weekdays count as in Unix: 0 and 7 are Sunday. `5-7` and `FRI-SUN` are ranges; other ranges
///   that run backwards are refused.
/// - A day of the month and a day of the week that are both restricted are OR-ed (crontab(5)). A
///   field that starts with `*` is not restricted, `*/2` included, as in Vixie cron: then both must
///   match.
///
/// Equality is that of the meaning: `0 22 * * 1-5` equals `0 22 * * mon-fri`. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct CronExpression {
    text: Arc<str>,
    fields: Fields,
    /// One, or two whose union is meant: the `cron` crate ANDs the two kinds of days.
    schedules: Arc<[cron::Schedule]>,
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

impl PartialEq for CronExpression {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for CronExpression {}

impl CronExpression {
    /// Reads five fields, or a macro such as `@daily`.
    ///
    /// # Errors
    /// When the text has another form, or names a date that never comes, such as the 31st of
    /// February.
    pub fn parse(text: &str) -> Result<Self, InvalidCron> {
        let fields = Fields::parse(text)?;
        let expression = Self { text: text.into(), fields, schedules: schedules(&fields) };
        match expression.next_reading(Reading::BEFORE_2000) {
            Some(_) => Ok(expression),
            None => Err(Fields::never(text)),
        }
    }

    /// The expression as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it goes with elapsed time where the clocks change: its hour field starts with `*`.
    /// All others name fixed times, each of which runs once.
    #[must_use]
    pub const fn follows_elapsed_time(&self) -> bool {
        self.fields.any_hour
    }

    /// The first reading after `after` that it names, before the year 2101.
    pub(super) fn next_reading(&self, after: Reading) -> Option<Reading> {
        let after = DateTime::<Utc>::from_timestamp_secs(after.0)?;
        let next = self.schedules.iter().filter_map(|schedule| schedule.after(&after).next()).min()?;
        Some(Reading(next.timestamp()))
    }

    /// Whether it names that minute of a local clock; seconds are not looked at.
    pub(super) fn names(&self, local: civil::DateTime) -> bool {
        let holds = |numbers: Numbers, value: i8| numbers.holds(value.unsigned_abs());
        let fields = &self.fields;
        let day = holds(fields.days, local.day());
        let weekday = holds(fields.weekdays, local.weekday().to_sunday_zero_offset());
        holds(fields.minutes, local.minute())
            && holds(fields.hours, local.hour())
            && holds(fields.months, local.month())
            && match fields.day_rule {
                DayRule::Both => day && weekday,
                DayRule::Either => day || weekday,
            }
    }
}

/// What a local clock reads, in seconds, as if its zone were UTC. The `cron` crate is given these
/// and nothing else: with zones of its own it skips and reorders occurrences where clocks change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reading(i64);

impl Reading {
    const BEFORE_2000: Self = Self(946_684_799);

    /// At that instant, under that offset; a part of a second is dropped.
    pub(super) fn at(instant: Timestamp, offset: Offset) -> Self {
        let seconds = instant.as_second() - i64::from(instant.subsec_nanosecond() < 0);
        Self(seconds + i64::from(offset.seconds()))
    }

    /// The instant at which a clock with that offset reads this.
    pub(super) fn instant(self, offset: Offset) -> Option<Timestamp> {
        Timestamp::from_second(self.0 - i64::from(offset.seconds())).ok()
    }

    /// One second earlier.
    pub(super) const fn just_before(self) -> Self {
        Self(self.0 - 1)
    }

    /// Date and time of day.
    pub(super) fn civil(self) -> Option<civil::DateTime> {
        self.instant(Offset::UTC).map(|instant| Offset::UTC.to_datetime(instant))
    }
}

/// The same for the `cron` crate: it wants seconds first, and counts weekdays from 1 for Sunday,
/// so they go by name.
fn schedules(fields: &Fields) -> Arc<[cron::Schedule]> {
    const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let days = list(&field::DAY, fields.days, |day| day.to_string());
    let weekdays = list(&field::WEEKDAY, fields.weekdays, |weekday| WEEKDAYS[usize::from(weekday)].to_owned());
    let minutes = list(&field::MINUTE, fields.minutes, |minute| minute.to_string());
    let hours = list(&field::HOUR, fields.hours, |hour| hour.to_string());
    let months = list(&field::MONTH, fields.months, |month| month.to_string());
    let schedule = |days: &str, weekdays: &str| {
        let text = format!("0 {minutes} {hours} {days} {months} {weekdays}");
        cron::Schedule::from_str(&text).expect("`cron` reads lists of numbers and names that are in range")
    };
    match fields.day_rule {
        DayRule::Both => Arc::new([schedule(&days, &weekdays)]),
        DayRule::Either => Arc::new([schedule(&days, "*"), schedule("*", &weekdays)]),
    }
}

fn list(kind: &FieldKind, numbers: Numbers, spell: impl Fn(u8) -> String) -> String {
    if numbers == kind.all() {
        return "*".to_owned(); // quicker to read, and shared by the `cron` crate
    }
    numbers.iter().map(spell).collect::<Vec<_>>().join(",")
}
