//! Schedules that come once.

use jiff::civil::{self, DateTime};
use jiff::tz::{AmbiguousOffset, Offset};
use jiff::{SignedDuration, Timestamp};

use super::zone::{Zone, rfc3339_offset};
use crate::model::duration::Seconds;
use crate::model::occurrence::{OccurrenceKey, OccurrenceKind};

/// Once, at a given minute.
#[derive(Debug, Clone, PartialEq)]
pub struct At {
    /// Nominal start, a whole minute.
    pub start: Timestamp,
    /// The zone it was written in, for printing; nothing when written with an offset alone.
    pub zone: Option<Zone>,
    /// How late it may still start, at most 14 d.
    pub starting_deadline: Seconds,
}

/// Once, as soon as possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Asap {
    /// Slot key and deadline, a whole minute.
    pub not_after: Timestamp,
}

/// Why a text is not a time to run at. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAt {
    /// Of another form.
    #[error("`{0}` is not a time such as `2026-12-01T09:30` or `2026-12-01T09:30:00+01:00`")]
    Form(String),
    /// The calendar or the clock does not have it, such as the 30th of February.
    #[error("`{0}` is not in the calendar")]
    NotInCalendar(String),
    /// Has seconds.
    #[error("`{0}` is not a whole minute")]
    NotWholeMinute(String),
    /// Local, and of no zone.
    #[error("`{0}` has no offset from UTC, and there is no `timeZone`")]
    NoZone(String),
    /// The local clock skips it.
    #[error("`{time}` does not exist in {zone}: the clock goes from {} to {}", minute(*before), minute(*after))]
    InGap {
        /// As written.
        time: String,
        /// Name of the zone.
        zone: String,
        /// Last minute before the gap, local.
        before: DateTime,
        /// First minute after the gap, local.
        after: DateTime,
    },
    /// The local clock shows it twice.
    #[error("`{time}` comes twice in {zone}: as `{first}` and again as `{second}`")]
    InOverlap {
        /// As written.
        time: String,
        /// Name of the zone.
        zone: String,
        /// The first of the two, to be typed.
        first: String,
        /// The second of the two, to be typed.
        second: String,
    },
    /// Outside the years 2000 to 2099.
    #[error("`{0}` is not within the years 2000 to 2099")]
    Year(String),
}

impl InvalidAt {
    /// What to type instead, when one can tell.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoZone(time) => Some(format!("write `{time}Z` for UTC, or add `timeZone`")),
            Self::InGap { before, after, .. } => Some(format!("write `{}` or `{}`", minute(*before), minute(*after))),
            Self::InOverlap { first, second, .. } => Some(format!("write `{first}` or `{second}`")),
            Self::NotWholeMinute(_) => Some("leave the seconds out, or write `:00`".to_owned()),
            Self::Form(_) | Self::NotInCalendar(_) | Self::Year(_) => None,
        }
    }
}

impl At {
    /// Reads RFC 3339 with an offset, when the zone serves printing only, or a local time of the
    /// zone, `2026-12-01T09:30`. Seconds may be left out, and must be zero.
    ///
    /// # Errors
    /// When the text has another form, or is no single minute of the years 2000 to 2099: the local
    /// clock skips it or shows it twice, or no zone is given.
    pub fn parse(text: &str, zone: Option<Zone>, starting_deadline: Seconds) -> Result<Self, InvalidAt> {
        Ok(Self { start: instant(text, zone.as_ref())?, zone, starting_deadline })
    }
}

impl Asap {
    /// How far ahead `notAfter` may be. Ours, not the hub's: later, and the hub could forget the
    /// job (30 days after it ran) while it may still be created.
    pub const WINDOW_MAX: Seconds = Seconds::new(14 * Seconds::DAY.get());

    /// Reads `notAfter` in the forms of [`At::parse`].
    ///
    /// # Errors
    /// As [`At::parse`].
    pub fn parse(not_after: &str, zone: Option<&Zone>) -> Result<Self, InvalidAt> {
        Ok(Self { not_after: instant(not_after, zone)? })
    }
}

fn instant(text: &str, zone: Option<&Zone>) -> Result<Timestamp, InvalidAt> {
    let written = Written::parse(text)?;
    let instant = match (written.offset, zone) {
        (Some(offset), _) => offset.to_timestamp(written.local).map_err(|_| InvalidAt::Year(text.to_owned()))?,
        (None, Some(zone)) => resolve(text, written.local, zone)?,
        (None, None) => return Err(InvalidAt::NoZone(text.to_owned())),
    };
    match OccurrenceKey::new(OccurrenceKind::At, instant) {
        Some(_) => Ok(instant),
        None => Err(InvalidAt::Year(text.to_owned())),
    }
}

fn resolve(text: &str, local: DateTime, zone: &Zone) -> Result<Timestamp, InvalidAt> {
    let ambiguous = zone.rules().to_ambiguous_timestamp(local);
    let (time, name) = (text.to_owned(), zone.name().to_owned());
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            offset.to_timestamp(local).map_err(|_| InvalidAt::Year(text.to_owned()))
        }
        AmbiguousOffset::Fold { before, after } => {
            let with = |offset| format!("{}{}", minute(local), rfc3339_offset(offset));
            Err(InvalidAt::InOverlap { time, zone: name, first: with(before), second: with(after) })
        }
        AmbiguousOffset::Gap { before, after } => {
            let (last, first) = gap_neighbours(local, zone, before, after).ok_or(InvalidAt::Year(text.to_owned()))?;
            Err(InvalidAt::InGap { time, zone: name, before: last, after: first })
        }
    }
}

/// The last minute before and the first after the gap that a local time is in.
fn gap_neighbours(local: DateTime, zone: &Zone, before: Offset, after: Offset) -> Option<(DateTime, DateTime)> {
    // Read with the later offset, a time in the gap is an instant before it, and by less than its length.
    let earlier = after.to_timestamp(local).ok()?;
    let transition = zone.rules().following(earlier).next()?.timestamp();
    let last_minute = transition.checked_sub(SignedDuration::from_mins(1)).ok()?;
    Some((before.to_datetime(last_minute), after.to_datetime(transition)))
}

fn minute(local: DateTime) -> String {
    local.strftime("%Y-%m-%dT%H:%M").to_string()
}

/// A time, read but not yet placed.
struct Written {
    local: DateTime,
    offset: Option<Offset>,
}

impl Written {
    /// `2026-12-01T09:30`, `:00` and a fraction of zeros may follow, then `Z` or `+01:00`.
    fn parse(text: &str) -> Result<Self, InvalidAt> {
        let form = || InvalidAt::Form(text.to_owned());
        let (minutes, rest) = text.split_at_checked("2026-12-01T09:30".len()).ok_or_else(form)?;
        let number = |at: usize, len: usize| digits(&minutes[at..at + len]);
        let separated = minutes.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
        if !separated {
            return Err(form());
        }
        let (seconds, zone) = rest.split_at(rest.find(['Z', '+', '-']).unwrap_or(rest.len()));
        if !is_zero_seconds(seconds).ok_or_else(form)? {
            return Err(InvalidAt::NotWholeMinute(text.to_owned()));
        }
        let calendar = || -> Option<DateTime> {
            let small = |at| number(at, 2).and_then(|n| i8::try_from(n).ok());
            let date = civil::Date::new(number(0, 4)?, small(5)?, small(8)?).ok()?;
            Some(date.to_datetime(civil::Time::new(small(11)?, small(14)?, 0, 0).ok()?))
        };
        let local = calendar().ok_or_else(|| InvalidAt::NotInCalendar(text.to_owned()))?;
        Ok(Self { local, offset: offset(zone).ok_or_else(form)? })
    }
}

fn digits(text: &str) -> Option<i16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Whether `:00`, `:00.000` or nothing at all; nothing when it is of no such form.
fn is_zero_seconds(text: &str) -> Option<bool> {
    let Some(seconds) = text.strip_prefix(':') else { return text.is_empty().then_some(true) };
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let digits_only = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let well_formed = whole.len() == 2 && digits_only(whole) && digits_only(fraction);
    well_formed.then(|| whole.bytes().chain(fraction.bytes()).all(|b| b == b'0'))
}

/// `Z`, `+01:00` or nothing at all.
fn offset(text: &str) -> Option<Option<Offset>> {
    let sign = match text.bytes().next() {
        None => return Some(None),
        Some(b'Z') => return (text == "Z").then_some(Some(Offset::UTC)),
        Some(b'-') => -1,
        Some(_) => 1,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes) = (Some(hours).filter(|h| h.len() == 2)?, Some(minutes).filter(|m| m.len() == 2)?);
    let (hours, minutes) = (i32::from(digits(hours)?), i32::from(digits(minutes)?));
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 60 + minutes) * 60).ok().map(Some)
}
