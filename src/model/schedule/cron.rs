//! A schedule that comes again and again.

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::AmbiguousOffset;

use super::expression::CronExpression;
use super::zone::Zone;
use crate::model::duration::Seconds;

/// Whether an occurrence may start while an earlier job of the same manifest is still at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ConcurrencyPolicy {
    /// It waits until every earlier job has ended, or must end before it.
    #[default]
    Forbid,
    /// It does not wait.
    Allow,
}

/// Again and again.
///
/// Where clocks change, an expression whose hour field starts with `*` goes with elapsed time: it
/// runs at each instant at which the local clock reads what it names, so twice in an overlap and
/// not in a gap. All others name fixed times, and each runs once: in an overlap at the first of its
/// two instants, in a gap at the first instant after it. Several times in one gap are one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Cron {
    /// At which local minutes.
    pub expression: CronExpression,
    /// Of which zone.
    pub zone: Zone,
    /// How late an occurrence may still start, at most 14 d.
    pub starting_deadline: Seconds,
    /// Whether occurrences may overlap.
    pub concurrency: ConcurrencyPolicy,
}

/// What a change of the clocks does to an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DstMark {
    /// It is the first instant after a gap, and stands for times in the gap; the expression may
    /// name its own local time besides.
    Moved {
        /// The first local time in the gap that the expression names.
        from: civil::DateTime,
    },
    /// The clock shows its time twice; this is the first.
    FirstOfTwo,
    /// The clock shows its time twice; this is the second.
    SecondOfTwo,
}

impl Cron {
    /// What a change of the clocks does to the occurrence that starts then; nothing when there is
    /// none.
    #[must_use]
    pub fn dst_mark(&self, start: Timestamp) -> Option<DstMark> {
        if !self.includes(start) {
            return None;
        }
        let fixed = !self.expression.follows_elapsed_time();
        if let Some(from) = self.first_skipped(start).filter(|_| fixed).and_then(|reading| reading.civil()) {
            return Some(DstMark::Moved { from });
        }
        let rules = self.zone.rules();
        match rules.to_ambiguous_timestamp(rules.to_datetime(start)).offset() {
            AmbiguousOffset::Fold { before, .. } if rules.to_offset(start) == before => Some(DstMark::FirstOfTwo),
            AmbiguousOffset::Fold { .. } => Some(DstMark::SecondOfTwo),
            AmbiguousOffset::Gap { .. } | AmbiguousOffset::Unambiguous { .. } => None,
        }
    }
}
