//! The next starts of a manifest, for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{DstMark, Manifest, Schedule};

/// One start to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Nominal start.
    pub start: Timestamp,
    /// The same on the clock of the manifest's zone, or of UTC if it has none, with weekday and
    /// offset: `Sun 2026-03-29 03:00 +02:00`.
    pub local: String,
    /// What a change of the clocks does to it, if anything.
    pub dst: Option<DstMark>,
}

/// The next starts strictly after an instant, at most `count`. A manifest that runs `asap` has no
/// nominal start, and so none.
#[must_use]
pub fn next_occurrences(manifest: &Manifest, after: Timestamp, count: usize) -> Vec<Occurrence> {
    match &manifest.schedule {
        Schedule::At(at) if at.start > after && count > 0 => {
            let zone = at.zone.as_ref().map_or(TimeZone::UTC, |zone| zone.rules().clone());
            vec![Occurrence { start: at.start, local: local_text(at.start, zone), dst: None }]
        }
        Schedule::Cron(cron) => {
            let occurrence = |start| Occurrence {
                start,
                local: local_text(start, cron.zone.rules().clone()),
                dst: cron.dst_mark(start),
            };
            cron.after(after).take(count).map(occurrence).collect()
        }
        Schedule::At(_) | Schedule::Asap(_) => Vec::new(),
    }
}

fn local_text(instant: Timestamp, zone: TimeZone) -> String {
    instant.to_zoned(zone).strftime("%a %Y-%m-%d %H:%M %:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand::example::{at, cron, manifest, time};
    use crate::model::{Asap, Seconds};

    fn texts(schedule: Schedule, after: &str, count: usize) -> Vec<String> {
        let occurrences = next_occurrences(&manifest("example", schedule), time(after), count);
        occurrences.into_iter().map(|occurrence| format!("{} = {}", occurrence.local, occurrence.start)).collect()
    }

    #[test]
    fn cron_gives_as_many_as_asked_for() {
        let nightly = || cron("0 22 * * 1-5", "Europe/Berlin", Seconds::HOUR);
        let two = [
            "Fri 2026-10-23 22:00 +02:00 = 2026-10-23T20:00:00Z",
            "Mon 2026-10-26 22:00 +01:00 = 2026-10-26T21:00:00Z",
        ];
        assert_eq!(texts(nightly(), "2026-10-23T00:00:00Z", 2), two);
        assert_eq!(texts(nightly(), "2026-10-23T00:00:00Z", 0), [""; 0]);
        assert_eq!(texts(nightly(), "2026-10-23T20:00:00Z", 1), two[1..]);
    }

    #[test]
    fn at_comes_once_in_the_zone_it_was_written_in() {
        let once = || at("2026-12-01T09:30Z", Seconds::HOUR);
        assert_eq!(texts(once(), "2026-12-01T09:29:59Z", 9), ["Tue 2026-12-01 09:30 +00:00 = 2026-12-01T09:30:00Z"]);
        assert_eq!(texts(once(), "2026-12-01T09:30:00Z", 9), [""; 0]);
        assert_eq!(texts(once(), "2026-01-01T00:00:00Z", 0), [""; 0]);
        let Schedule::At(mut local) = once() else { unreachable!("made by `at`") };
        local.zone = crate::model::Zone::new("Asia/Kolkata").ok();
        let expected = ["Tue 2026-12-01 15:00 +05:30 = 2026-12-01T09:30:00Z"];
        assert_eq!(texts(Schedule::At(local), "2026-01-01T00:00:00Z", 1), expected);
    }

    #[test]
    fn asap_has_no_nominal_start() {
        let asap = Asap::parse("2026-12-01T12:00Z", None).expect("a time");
        assert_eq!(texts(Schedule::Asap(asap), "2026-01-01T00:00:00Z", 9), [""; 0]);
    }
}
