//! Occurrences of a cron schedule, in order of time. This file holds the rule for clock changes.
//!
//! A zone is a row of segments, each with one offset from UTC. Within a segment the readings that
//! the expression names are the occurrences; what differs is where a segment begins.
//!
//! - **Elapsed time** (`*` or `*/2` as the hour): it begins with what the clock reads after the
//!   change. Readings in a gap do not come, those in an overlap come twice.
//! - **Fixed times** (any other hour): it begins where the segment before ended, so that no reading
//!   is lost and none comes again. Readings in an overlap were done in the first pass. All readings
//!   in a gap become one occurrence: the first instant after it.
//!
//! The size of the change does not matter: half an hour in Australia/Lord_Howe, or the whole
//! 30 December 2011 that Pacific/Apia skipped, whose fixed times run at 00:00 on the 31st.

use std::ops::RangeInclusive;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::cron::Cron;
use super::expression::Reading;
use super::zone::Zone;

/// 2000-01-01T00:00:00Z, the first instant that an occurrence key can hold.
const YEAR_2000: Timestamp = Timestamp::constant(946_684_800, 0);
/// 2100-01-01T00:00:00Z, the first instant that no occurrence key can hold.
const YEAR_2100: Timestamp = Timestamp::constant(4_102_444_800, 0);

/// Starts of a cron schedule: strictly ascending, whole minutes, within the years 2000 to 2099 of
/// UTC.
#[derive(Debug, Clone)]
pub struct Occurrences<'a> {
    cron: &'a Cron,
    /// Readings up to and including this one are done.
    done: Reading,
    segment: Segment,
}

/// A stretch of time with one offset from UTC.
#[derive(Debug, Clone, Copy)]
struct Segment {
    offset: Offset,
    /// First instant after it.
    end: Option<Timestamp>,
}

impl Segment {
    fn at(zone: &Zone, instant: Timestamp) -> Self {
        let end = zone.rules().following(instant).next().map(|transition| transition.timestamp());
        Self { offset: zone.rules().to_offset(instant), end }
    }
}

impl Cron {
    /// Starts strictly after an instant, without end before the year 2100.
    ///
    /// Nothing is allocated. The first costs two look-ups in the zone, each further one a step of
    /// the expression.
    #[must_use]
    pub fn after(&self, instant: Timestamp) -> Occurrences<'_> {
        let instant = instant.clamp(YEAR_2000 - SignedDuration::from_secs(1), YEAR_2100);
        let segment = Segment::at(&self.zone, instant);
        let mut done = Reading::at(instant, segment.offset);
        if !self.expression.follows_elapsed_time() {
            done = done.max(high_water(&self.zone, instant).unwrap_or(done));
        }
        Occurrences { cron: self, done, segment }
    }

    /// Starts in a window, both ends included.
    pub fn between(&self, window: RangeInclusive<Timestamp>) -> impl Iterator<Item = Timestamp> + '_ {
        let (from, until) = window.into_inner();
        let before = from.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN);
        self.after(before).take_while(move |start| *start <= until)
    }

    /// Whether an instant is a start; cheaper than [`Self::after`].
    #[must_use]
    pub fn includes(&self, instant: Timestamp) -> bool {
        let local = self.zone.rules().to_datetime(instant);
        if local.second() != 0 || local.subsec_nanosecond() != 0 || !(YEAR_2000..YEAR_2100).contains(&instant) {
            return false;
        }
        let named = self.expression.names(local);
        if self.expression.follows_elapsed_time() {
            return named;
        }
        (named && !self.is_second_pass(instant)) || self.first_skipped(instant).is_some()
    }

    /// Whether the local clock has shown this time before.
    fn is_second_pass(&self, instant: Timestamp) -> bool {
        let reading = Reading::at(instant, self.zone.rules().to_offset(instant));
        high_water(&self.zone, instant).is_some_and(|shown| reading <= shown)
    }

    /// When a gap ends at this instant, which must lie in this century: the first reading within it
    /// that the expression names.
    pub(super) fn first_skipped(&self, instant: Timestamp) -> Option<Reading> {
        let rules = self.zone.rules();
        let before = rules.to_offset(instant - SignedDuration::from_secs(1));
        let (begin, end) = (Reading::at(instant, before), Reading::at(instant, rules.to_offset(instant)));
        let is_gap = begin < end;
        let next = is_gap.then(|| self.expression.next_reading(begin.just_before()))??;
        (next < end).then_some(next)
    }
}

/// The latest reading that the local clock showed before it was last set, if that was within two
/// days before the instant, or at it. No zone has set its clock back by more than a day.
fn high_water(zone: &Zone, instant: Timestamp) -> Option<Reading> {
    let just_after = instant + SignedDuration::from_nanos(1);
    let recent = instant - SignedDuration::from_hours(48);
    zone.rules()
        .preceding(just_after)
        .map(|transition| transition.timestamp())
        .take_while(|transition| *transition > recent)
        .map(|transition| {
            let before = zone.rules().to_offset(transition - SignedDuration::from_secs(1));
            Reading::at(transition, before).just_before()
        })
        .max()
}

impl Occurrences<'_> {
    /// Enters the segment that begins at `transition`, when `named` is the first reading that is
    /// not done. Returns the occurrence that a gap brings about.
    fn enter_segment(&mut self, transition: Timestamp, named: Reading) -> Option<Timestamp> {
        self.segment = Segment::at(&self.cron.zone, transition);
        let resumed = Reading::at(transition, self.segment.offset);
        if self.cron.expression.follows_elapsed_time() {
            self.done = resumed.just_before();
        } else if named < resumed {
            self.done = resumed;
            return Some(transition);
        }
        None
    }
}

impl Iterator for Occurrences<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        loop {
            let named = self.cron.expression.next_reading(self.done)?;
            let start = named.instant(self.segment.offset)?;
            let start = match self.segment.end {
                Some(end) if start >= end => match self.enter_segment(end, named) {
                    Some(first_after_gap) => first_after_gap,
                    None => continue,
                },
                _ => {
                    self.done = named;
                    start
                }
            };
            return (start < YEAR_2100).then_some(start);
        }
    }
}

impl std::iter::FusedIterator for Occurrences<'_> {}
