//! Runs to come.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::style::{DIM, Painted};
use super::when::{local_and_utc, utc};
use crate::model::{DstMark, ManifestName, Zone};

/// The next runs of one manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upcoming {
    /// Manifest.
    pub name: ManifestName,
    /// Its runs, soonest first.
    pub starts: Vec<UpcomingStart>,
}

/// One run to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpcomingStart {
    /// Nominal start.
    pub start: Timestamp,
    /// The same on the clock of the manifest's zone.
    pub local: String,
    /// That zone; nothing is UTC.
    pub zone: Option<Zone>,
    /// What a change of the clocks does to it.
    pub dst: Option<DstMark>,
    /// First and last instant at which an apply creates its job in time.
    pub apply_between: (Timestamp, Timestamp),
}

/// A line for each run: local time, UTC, and when an apply must run for it. `name_width` aligns
/// names with lines around them.
#[must_use]
pub fn upcoming_text(upcoming: &[Upcoming], name_width: usize) -> String {
    let width = upcoming.iter().map(|next| next.name.as_str().len()).max().unwrap_or_default().max(name_width);
    let mut text = String::new();
    for (next, run) in upcoming.iter().flat_map(|next| next.starts.iter().map(move |run| (next, run))) {
        let (from, until) = run.apply_between;
        let dst = run.dst.map_or_else(String::new, |mark| format!("  {}", dst_words(mark)));
        let line = format!("next {}{dst}", local_and_utc(run.start, run.zone.as_ref()));
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {} {:<width$}  {line}", Painted(DIM, '·'), next.name.as_str());
        let window = format!("apply between {} and {}", utc(from), utc(until));
        let _ = writeln!(text, "      {}", Painted(DIM, window));
    }
    text
}

/// The same for machines.
#[must_use]
pub fn upcoming_json(upcoming: &[Upcoming]) -> Value {
    let run = |run: &UpcomingStart| {
        json!({
            "start": run.start.to_string(),
            "local": run.local,
            "dst": run.dst.map(dst_code),
            "applyBetween": {"from": run.apply_between.0.to_string(), "until": run.apply_between.1.to_string()},
        })
    };
    let of = |next: &Upcoming| json!({"name": next.name.as_str(), "starts": next.starts.iter().map(run).collect::<Vec<_>>()});
    upcoming.iter().map(of).collect()
}

fn dst_words(mark: DstMark) -> String {
    match mark {
        DstMark::Moved { from } => format!("moved from {}, which the clock skips", from.strftime("%H:%M")),
        DstMark::FirstOfTwo => "the first of two, the clock shows this time twice".to_owned(),
        DstMark::SecondOfTwo => "the second of two, the clock shows this time twice".to_owned(),
    }
}

const fn dst_code(mark: DstMark) -> &'static str {
    match mark {
        DstMark::Moved { .. } => "moved",
        DstMark::FirstOfTwo => "first-of-two",
        DstMark::SecondOfTwo => "second-of-two",
    }
}
