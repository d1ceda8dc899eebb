//! Times, durations and numbers in words.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{Manifest, OccurrenceKey, OccurrenceKind, Schedule, Seconds, Zone};
pub use crate::plan::grouped;

/// An instant on the clock of a zone and in UTC: `Tue 2026-12-01 09:30 CET (08:30Z)`. Without a
/// zone, or in UTC, only once: `Tue 2026-12-01 08:30Z`.
#[must_use]
pub fn local_and_utc(instant: Timestamp, zone: Option<&Zone>) -> String {
    let universal = instant.to_zoned(TimeZone::UTC);
    let Some(zone) = zone.filter(|zone| zone.name() != "UTC") else {
        return universal.strftime("%a %Y-%m-%d %H:%MZ").to_string();
    };
    let local = instant.to_zoned(zone.rules().clone());
    let format = if local.date() == universal.date() { "%H:%MZ" } else { "%Y-%m-%d %H:%MZ" };
    format!("{} ({})", local.strftime("%a %Y-%m-%d %H:%M %Z"), universal.strftime(format))
}

/// An instant in UTC: `2026-12-01 08:30Z`, with seconds when there are any.
#[must_use]
pub fn utc(instant: Timestamp) -> String {
    let universal = instant.to_zoned(TimeZone::UTC);
    let format = if universal.second() == 0 { "%Y-%m-%d %H:%MZ" } else { "%Y-%m-%d %H:%M:%SZ" };
    universal.strftime(format).to_string()
}

/// A duration in its two largest units: `40 min`, `1 h 30 min`, `2 d 3 h`.
#[must_use]
pub fn in_words(duration: Seconds) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let seconds = duration.get();
    let first = units.iter().position(|(_, size)| seconds >= *size).unwrap_or(units.len() - 1);
    let (unit, size) = units[first];
    let whole = format!("{} {unit}", seconds / size);
    match units.get(first + 1) {
        Some((unit, smaller)) if seconds % size / smaller > 0 => format!("{whole} {} {unit}", seconds % size / smaller),
        _ => whole,
    }
}

/// A number and its noun: `1 job`, `2 jobs`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The zone that a manifest thinks in; nothing is UTC.
#[must_use]
pub fn zone_of(manifest: &Manifest) -> Option<&Zone> {
    match &manifest.schedule {
        Schedule::At(at) => at.zone.as_ref(),
        Schedule::Cron(cron) => Some(&cron.zone),
        Schedule::Asap(_) => None,
    }
}

/// When an occurrence is.
pub(super) fn occurrence(occurrence: OccurrenceKey, zone: Option<&Zone>) -> String {
    match occurrence.kind() {
        OccurrenceKind::At | OccurrenceKind::Cron => local_and_utc(occurrence.start(), zone),
        OccurrenceKind::Asap => format!("asap, until {}", utc(occurrence.start())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn local_time_comes_with_utc() {
        let berlin = Zone::new("Europe/Berlin").expect("a zone");
        let auckland = Zone::new("Pacific/Auckland").expect("a zone");
        let start = at("2026-12-01T21:00:00Z");
        assert_eq!(local_and_utc(start, Some(&berlin)), "Tue 2026-12-01 22:00 CET (21:00Z)");
        assert_eq!(local_and_utc(start, Some(&auckland)), "Wed 2026-12-02 10:00 NZDT (2026-12-01 21:00Z)");
        assert_eq!(local_and_utc(start, Some(&Zone::utc())), "Tue 2026-12-01 21:00Z");
        assert_eq!(local_and_utc(start, None), "Tue 2026-12-01 21:00Z");
        assert_eq!(utc(at("2026-12-01T21:00:05.5Z")), "2026-12-01 21:00:05Z");
    }

    #[test]
    fn durations_have_two_units() {
        for (seconds, words) in [
            (0, "0 s"),
            (40 * 60, "40 min"),
            (5_400, "1 h 30 min"),
            (3_601, "1 h"),
            (3 * 86_400 + 7_200 + 5, "3 d 2 h"),
            (61, "1 min 1 s"),
        ] {
            assert_eq!(in_words(Seconds::new(seconds)), words);
        }
    }
}
