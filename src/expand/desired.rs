//! Which slots the planner has to look at.

use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Desired, Digit, Manifest, OccurrenceKey, OccurrenceKind, Owner, Schedule, Seconds, SlotKey};

/// The time that a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The hub's time.
    pub now: Timestamp,
    /// How early an occurrence may be created before its nominal start.
    pub lookahead: Seconds,
}

impl Window {
    /// Nominal starts of the cron slots that count: not older than the deadline, and not later than
    /// the lookahead. Both ends are included, since an occurrence may start until its deadline.
    fn nominal_starts(self, starting_deadline: Seconds) -> RangeInclusive<Timestamp> {
        let until = shift(self.now, self.lookahead.to_signed());
        shift(self.now, -starting_deadline.to_signed())..=until
    }
}

/// All slots that the manifests want, suspended ones included: `at` and `asap` slots always, cron
/// slots whose nominal start lies in [now - `startingDeadline`, now + lookahead].
///
/// Sorted by name, then nominal start; the same for any order of the manifests. Wave 0 only: later
/// waves follow from what the hub tells of the first. A slot costs about 0.1 µs more than one step
/// of its cron expression; a cron of every minute with the longest deadline has 20 160 of them.
#[must_use]
pub fn expand(manifests: &[Arc<Manifest>], owner: &Owner, window: Window) -> Vec<Desired> {
    let mut desired: Vec<_> = manifests.iter().flat_map(|manifest| slots(manifest, owner, window)).collect();
    desired.sort_by(|a, b| a.slot.cmp(&b.slot)); // stable, and one pass when the manifests came sorted
    desired
}

fn slots<'a>(manifest: &'a Arc<Manifest>, owner: &'a Owner, window: Window) -> impl Iterator<Item = Desired> + 'a {
    let (once, cron) = match &manifest.schedule {
        Schedule::At(at) => {
            (Some((OccurrenceKind::At, at.start, shift(at.start, at.starting_deadline.to_signed()))), None)
        }
        Schedule::Asap(asap) => (Some((OccurrenceKind::Asap, asap.not_after, asap.not_after)), None),
        Schedule::Cron(cron) => (None, Some(cron)),
    };
    let recurring = cron.into_iter().flat_map(move |cron| {
        let deadline = move |start| shift(start, cron.starting_deadline.to_signed());
        cron.between(window.nominal_starts(cron.starting_deadline))
            .map(move |start| (OccurrenceKind::Cron, start, deadline(start)))
    });
    once.into_iter().chain(recurring).filter_map(move |(kind, start, deadline)| {
        let occurrence = OccurrenceKey::new(kind, start)?;
        let slot = SlotKey {
            owner: owner.clone(),
            name: manifest.name.clone(),
            occurrence,
            wave: Digit::ZERO,
            generation: manifest.generation,
        };
        Some(Desired { manifest: Arc::clone(manifest), slot, deadline })
    })
}

/// Ends at the first and the last instant that there is.
fn shift(instant: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    instant.checked_add(by).unwrap_or(end)
}
