//! Runs to come.

use jiff::Timestamp;

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

pub(super) fn dst_words(mark: DstMark) -> String {
    match mark {
        DstMark::Moved { from } => format!("moved from {}, which the clock skips", from.strftime("%H:%M")),
        DstMark::FirstOfTwo => "the first of two, the clock shows this time twice".to_owned(),
        DstMark::SecondOfTwo => "the second of two, the clock shows this time twice".to_owned(),
    }
}

pub(super) const fn dst_code(mark: DstMark) -> &'static str {
    match mark {
        DstMark::Moved { .. } => "moved",
        DstMark::FirstOfTwo => "first-of-two",
        DstMark::SecondOfTwo => "second-of-two",
    }
}
