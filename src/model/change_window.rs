//! Times at which jobs may, or must not, act on devices.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::Disambiguation;

use super::manifest::ManifestSource;
use super::schedule::Zone;

/// What a window means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowKind {
    /// Jobs run within one of these, if there is any.
    Allow,
    /// No job runs within one of these.
    Deny,
}

/// The times of a window, on the clocks of its zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WindowTimes {
    /// Again and again.
    Weekly {
        /// The days on which it begins.
        days: Vec<Weekday>,
        /// Its first minute.
        from: Time,
        /// The minute after its last; on the next day if it is not later than `from`.
        until: Time,
    },
    /// Once.
    Once {
        /// Its first minute.
        from: DateTime,
        /// The minute after its last.
        until: DateTime,
    },
}

/// Times at which jobs may, or must not, act on devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeWindow {
    /// Name within its policy.
    pub name: String,
    /// What it means.
    pub kind: WindowKind,
    /// When.
    pub times: WindowTimes,
    /// Whose clocks.
    pub zone: Zone,
    /// Where it stands.
    pub source: ManifestSource,
}

/// A span of time: its first instant, and the one after its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeSpan {
    /// First instant.
    pub from: Timestamp,
    /// The instant after the last.
    pub until: Timestamp,
}

impl ChangeWindow {
    /// Its occurrences that touch a span of time, soonest first.
    ///
    /// Where clocks are set back or forward over an edge, the window is read the careful way: one that
    /// denies is as long as it can be, one that allows as short.
    #[must_use]
    pub fn spans(&self, around: TimeSpan) -> Vec<TimeSpan> {
        let spans: Vec<_> = match &self.times {
            WindowTimes::Once { from, until } => self.span(*from, *until).into_iter().collect(),
            WindowTimes::Weekly { days, from, until } => {
                let date = |at: Timestamp| at.to_zoned(self.zone.rules().clone()).date();
                // One that began the day before may still last.
                let first = date(around.from).yesterday().and_then(Date::yesterday);
                let last = date(around.until);
                let dates = first.into_iter().flat_map(|first| first.series(jiff::Span::new().days(1)));
                let dates = dates.take_while(|date| *date <= last).filter(|date| days.contains(&date.weekday()));
                dates.filter_map(|date| self.of_day(date, *from, *until)).collect()
            }
        };
        spans.into_iter().filter(|span| span.until >= around.from && span.from <= around.until).collect()
    }

    fn of_day(&self, date: Date, from: Time, until: Time) -> Option<TimeSpan> {
        let end = if until > from { date } else { date.tomorrow().ok()? };
        self.span(date.to_datetime(from), end.to_datetime(until))
    }

    fn span(&self, from: DateTime, until: DateTime) -> Option<TimeSpan> {
        // The last days of the calendar are no instants any more. A window until then has no end, and
        // must not vanish for it.
        let instant = |local: DateTime, choice: Disambiguation| {
            let zoned = self.zone.rules().to_ambiguous_zoned(local).disambiguate(choice);
            zoned.map_or(Timestamp::MAX, |zoned| zoned.timestamp())
        };
        let (first, last) = match self.kind {
            WindowKind::Deny => (Disambiguation::Earlier, Disambiguation::Later),
            WindowKind::Allow => (Disambiguation::Later, Disambiguation::Earlier),
        };
        let span = TimeSpan { from: instant(from, first), until: instant(until, last) };
        (span.from < span.until).then_some(span)
    }
}

/// `Mon-Fri 22:00 to 06:00 Europe/Berlin`.
impl fmt::Display for ChangeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.times {
            WindowTimes::Weekly { days, from, until } => {
                let names: Vec<_> = days.iter().map(|day| day_name(*day)).collect();
                let days = if names.len() == 7 { "daily".to_owned() } else { names.join(" ") };
                write!(f, "{days} {} to {} {}", from.strftime("%H:%M"), until.strftime("%H:%M"), self.zone)
            }
            WindowTimes::Once { from, until } => {
                let format = "%Y-%m-%d %H:%M";
                write!(f, "{} to {} {}", from.strftime(format), until.strftime(format), self.zone)
            }
        }
    }
}

const fn day_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(kind: WindowKind, days: &[Weekday], from: &str, until: &str) -> ChangeWindow {
        ChangeWindow {
            name: "night".to_owned(),
            kind,
            times: WindowTimes::Weekly {
                days: days.to_vec(),
                from: from.parse().expect("a time"),
                until: until.parse().expect("a time"),
            },
            zone: Zone::new("Europe/Berlin").expect("a zone"),
            source: ManifestSource { path: "policy.yaml".to_owned(), line: 1 },
        }
    }

    fn spans(window: &ChangeWindow, from: &str, until: &str) -> Vec<String> {
        let around = TimeSpan { from: from.parse().expect("a time"), until: until.parse().expect("a time") };
        window.spans(around).iter().map(|span| format!("{} {}", span.from, span.until)).collect()
    }

    #[test]
    fn a_night_passes_midnight() {
        let night = window(WindowKind::Deny, &[Weekday::Friday], "22:00", "06:00");
        assert_eq!(
            spans(&night, "2026-12-05T03:00:00Z", "2026-12-05T04:00:00Z"),
            ["2026-12-04T21:00:00Z 2026-12-05T05:00:00Z"]
        );
        assert!(spans(&night, "2026-12-06T03:00:00Z", "2026-12-06T04:00:00Z").is_empty(), "Saturday's is no night");
        let whole = window(WindowKind::Deny, &[Weekday::Friday], "00:00", "00:00");
        assert_eq!(
            spans(&whole, "2026-12-04T12:00:00Z", "2026-12-04T12:00:00Z"),
            ["2026-12-03T23:00:00Z 2026-12-04T23:00:00Z"]
        );
    }

    #[test]
    fn a_window_may_have_no_end() {
        let now = TimeSpan {
            from: "2026-12-01T08:00:00Z".parse().expect("a time"),
            until: "2026-12-01T09:00:00Z".parse().expect("a time"),
        };
        for kind in [WindowKind::Deny, WindowKind::Allow] {
            for zone in ["UTC", "Pacific/Honolulu", "Pacific/Kiritimati"] {
                let from = "2026-11-01T00:00".parse().expect("a time");
                let times = WindowTimes::Once { from, until: "9999-12-31T23:59".parse().expect("a time") };
                let zone = Zone::new(zone).expect("a zone");
                let held = ChangeWindow { times, zone, ..window(kind, &[], "00:00", "00:00") };
                assert_eq!(held.spans(now).len(), 1, "{held}");
            }
        }
    }

    /// On 2027-03-28 clocks in Berlin go from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
    #[test]
    fn when_clocks_change_a_window_is_read_the_careful_way() {
        let sunday = |kind| window(kind, &[Weekday::Sunday], "02:30", "04:00");
        let spring = ("2027-03-28T00:00:00Z", "2027-03-28T02:00:00Z");
        assert_eq!(spans(&sunday(WindowKind::Deny), spring.0, spring.1), ["2027-03-28T00:30:00Z 2027-03-28T02:00:00Z"]);
        assert_eq!(
            spans(&sunday(WindowKind::Allow), spring.0, spring.1),
            ["2027-03-28T01:30:00Z 2027-03-28T02:00:00Z"]
        );
        let autumn = ("2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z");
        assert_eq!(spans(&sunday(WindowKind::Deny), autumn.0, autumn.1), ["2026-10-25T00:30:00Z 2026-10-25T03:00:00Z"]);
        assert_eq!(
            spans(&sunday(WindowKind::Allow), autumn.0, autumn.1),
            ["2026-10-25T01:30:00Z 2026-10-25T03:00:00Z"]
        );
    }
}
