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
