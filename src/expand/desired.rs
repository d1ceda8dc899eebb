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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand::example::{at, cron, manifest, time};
    use crate::model::Asap;

    fn slots_of(manifests: &[Manifest], now: &str, lookahead: Seconds) -> Vec<String> {
        let manifests: Vec<_> = manifests.iter().cloned().map(Arc::new).collect();
        let owner = Owner::parse("bldgx7q").expect("an owner");
        expand(&manifests, &owner, Window { now: time(now), lookahead })
            .iter()
            .map(|desired| format!("{} {} until {}", desired.slot.name, desired.slot.occurrence, desired.deadline))
            .collect()
    }

    #[test]
    fn cron_slots_are_those_between_deadline_and_lookahead_both_included() {
        let hourly = || manifest("hourly", cron("0 * * * *", "UTC", Seconds::HOUR));
        let both = ["hourly c2612010800 until 2026-12-01T09:00:00Z", "hourly c2612010900 until 2026-12-01T10:00:00Z"];
        let ahead = "hourly c2612011000 until 2026-12-01T11:00:00Z";
        assert_eq!(slots_of(&[hourly()], "2026-12-01T09:00:00Z", Seconds::HOUR), [both[0], both[1], ahead]);
        assert_eq!(slots_of(&[hourly()], "2026-12-01T09:00:01Z", Seconds::HOUR), [both[1], ahead]);
        assert_eq!(slots_of(&[hourly()], "2026-12-01T09:59:59Z", Seconds::ZERO), [both[1]]);
        assert_eq!(slots_of(&[hourly()], "2026-12-01T08:59:59Z", Seconds::ZERO), [both[0]]);
    }

    #[test]
    fn a_slot_that_happens_once_is_always_there() {
        let once = manifest("once", at("2026-12-01T09:30Z", Seconds::HOUR));
        let asap = manifest("soon", Schedule::Asap(Asap::parse("2026-12-01T12:00Z", None).expect("a time")));
        for now in ["2020-01-01T00:00:00Z", "2026-12-01T09:00:00Z", "2090-01-01T00:00:00Z"] {
            assert_eq!(
                slots_of(&[once.clone(), asap.clone()], now, Seconds::HOUR),
                ["once t2612010930 until 2026-12-01T10:30:00Z", "soon n2612011200 until 2026-12-01T12:00:00Z"]
            );
        }
    }

    #[test]
    fn the_order_of_the_manifests_does_not_matter() {
        let manifests = ["c", "a", "b"].map(|name| manifest(name, cron("*/30 * * * *", "UTC", Seconds::HOUR)));
        let sorted = ["a", "b", "c"].map(|name| manifest(name, cron("*/30 * * * *", "UTC", Seconds::HOUR)));
        let now = "2026-12-01T09:00:00Z";
        let slots = slots_of(&manifests, now, Seconds::HOUR);
        assert_eq!(slots.len(), 15);
        assert!(slots.is_sorted(), "{slots:?}");
        assert_eq!(slots, slots_of(&sorted, now, Seconds::HOUR));
    }

    #[test]
    fn the_generation_is_that_of_the_manifest_and_the_wave_is_the_first() {
        let mut raised = manifest("raised", at("2026-12-01T09:30Z", Seconds::HOUR));
        raised.generation = Digit::new(3).expect("a digit");
        let owner = Owner::parse("bldgx7q").expect("an owner");
        let window = Window { now: time("2026-12-01T09:00:00Z"), lookahead: Seconds::HOUR };
        let slot = &expand(&[Arc::new(raised)], &owner, window)[0].slot;
        assert_eq!((slot.generation.get(), slot.wave, &slot.owner), (3, Digit::ZERO, &owner));
    }

    #[test]
    fn the_longest_deadline_of_the_densest_cron_is_whole() {
        let manifests = [manifest("dense", cron("* * * * *", "Europe/Berlin", Schedule::STARTING_DEADLINE_MAX))];
        let slots = slots_of(&manifests, "2026-10-30T00:00:00Z", Schedule::LOOKAHEAD_MAX);
        assert_eq!(slots.len(), 21 * 24 * 60 + 1); // elapsed time, with the overlap of 25 October
    }

    #[test]
    fn a_window_at_the_end_of_time_is_cut() {
        let cut = [manifest("dense", cron("* * * * *", "UTC", Seconds::new(u64::MAX)))];
        assert_eq!(slots_of(&cut[..0], "2026-12-01T09:00:00Z", Seconds::new(u64::MAX)).len(), 0);
        let window = Window { now: Timestamp::MAX, lookahead: Seconds::new(u64::MAX) };
        assert_eq!(window.nominal_starts(Seconds::new(u64::MAX)), Timestamp::MIN..=Timestamp::MAX);
    }
}
