//! One planned run of a manifest.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::job_id::SlotKey;
use super::manifest::Manifest;

/// Which kind of schedule an occurrence comes from; the first letter of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OccurrenceKind {
    /// `schedule.at`.
    At,
    /// `schedule.cron`.
    Cron,
    /// `schedule.asap`, keyed by its `notAfter`.
    Asap,
}

impl OccurrenceKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::At, Self::Cron, Self::Asap];

    const fn letter(self) -> char {
        match self {
            Self::At => 't',
            Self::Cron => 'c',
            Self::Asap => 'n',
        }
    }
}

/// Kind of schedule and nominal start (for `asap` the `notAfter`), a whole minute of UTC in this
/// century: `c2612012100`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OccurrenceKey {
    start: Timestamp,
    kind: OccurrenceKind,
}

impl OccurrenceKey {
    /// Characters of a key.
    pub const LEN: usize = 11;

    /// The key of that start; nothing when it is not a whole minute of the years 2000 to 2099,
    /// which is all that the two digits of the year can tell apart.
    #[must_use]
    pub fn new(kind: OccurrenceKind, start: Timestamp) -> Option<Self> {
        let civil = TimeZone::UTC.to_datetime(start);
        let whole_minute = civil.second() == 0 && civil.subsec_nanosecond() == 0;
        (whole_minute && (2000..2100).contains(&civil.year())).then_some(Self { start, kind })
    }

    /// Nominal start; for `asap` the end of its window.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        self.start
    }

    /// Kind of schedule.
    #[must_use]
    pub const fn kind(self) -> OccurrenceKind {
        self.kind
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (letter, digits) = text.split_at_checked(1)?;
        let kind = OccurrenceKind::ALL.into_iter().find(|k| letter.starts_with(k.letter()))?;
        if digits.len() != Self::LEN - 1 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let field = |at: usize| digits[at..at + 2].parse::<i8>().ok();
        let year = 2000 + i16::from(field(0)?);
        let civil = DateTime::new(year, field(2)?, field(4)?, field(6)?, field(8)?, 0, 0).ok()?;
        Self::new(kind, TimeZone::UTC.to_timestamp(civil).ok()?)
    }
}

impl fmt::Display for OccurrenceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = TimeZone::UTC.to_datetime(self.start);
        let year = t.year() - 2000;
        write!(f, "{}{year:02}{:02}{:02}{:02}{:02}", self.kind.letter(), t.month(), t.day(), t.hour(), t.minute())
    }
}

/// An occurrence that a manifest wants, before anything is known of the hub.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The manifest that wants it.
    pub manifest: Arc<Manifest>,
    /// Its identity.
    pub slot: SlotKey,
    /// When it may run at the latest: nominal start + `startingDeadline`, or `notAfter`.
    pub deadline: Timestamp,
}

impl Desired {
    /// Nominal start; for `asap` there is none before its creation.
    #[must_use]
    pub fn nominal_start(&self) -> Option<Timestamp> {
        match self.slot.occurrence.kind() {
            OccurrenceKind::At | OccurrenceKind::Cron => Some(self.slot.occurrence.start()),
            OccurrenceKind::Asap => None,
        }
    }
}
