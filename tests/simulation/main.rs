//! What must never happen, in thousands of small worlds: people edit manifests, time jumps, replies
//! are lost, processes are killed, and runners of the same commit act at once.
//!
//! At every step the hub's own state is asked: no slot ever runs twice, no foreign job is touched,
//! a replaced job never overlaps its replacement, nothing is created outside its window. At the
//! end, without faults, one run leaves nothing to do for the next.
//!
//! `HUBJOBS_SEED=n` reproduces one world and prints what happened in it; `HUBJOBS_SEEDS=n` tries
//! that many.

mod commit;
mod dice;
mod ledger;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use world::World;

const SEEDS: u64 = 4_000;

#[test]
fn what_must_never_happen_does_not() {
    if let Some(seed) = number("HUBJOBS_SEED") {
        let mut world = World::new(seed);
        let end = world.live();
        println!("{}", world.log());
        assert_eq!(end, Ok(()), "seed {seed}");
        return;
    }
    let seeds = number("HUBJOBS_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let found: Vec<Found> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| search(&next, seeds))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker that does not panic")).collect()
    });
    // The smallest seed, so that a failure reads the same however many workers there are.
    if let Some((seed, report)) = found.iter().filter_map(|found| found.failure.as_ref()).min() {
        panic!("{report}\nHUBJOBS_SEED={seed} reproduces this");
    }
    let mut seen = BTreeMap::new();
    for (what, count) in found.into_iter().flat_map(|found| found.seen) {
        *seen.entry(what).or_insert(0) += count;
    }
    println!("{seen:#?}");
    let missing: Vec<_> = MUST_COME_UP.iter().filter(|what| !seen.contains_key(**what)).collect();
    assert!(seeds < SEEDS || missing.is_empty(), "the worlds are too quiet: {missing:?} never came up");
}

/// What makes the worlds worth living in: without these, nothing would be shown.
const MUST_COME_UP: &[&str] = &[
    "blocked asap-already-used",
    "blocked cancelled-slot",
    "blocked changed-after-run",
    "blocked running-cannot-be-replaced",
    "cancel manifest-removed",
    "cancel superseded",
    "cancel suspended",
    "create late-within-deadline",
    "create replace-before-start",
    "create resume-replace",
    "create slot-empty",
    "deferred held-by-previous",
    "deferred lanes-taken",
    "none starting",
    "none superseded-occurrence",
    "under an earlier name done",
    "under an earlier name in-progress",
    "under an earlier name in-sync",
    "outcome already-done",
    "outcome confirmed-after-ambiguity",
    "outcome deferred",
    "outcome interrupted",
    "outcome predecessor-remains",
    "outcome started-before-cancel",
    "outcome too-late",
    "outcome uncertain",
];

/// What one worker found.
#[derive(Default)]
struct Found {
    failure: Option<(u64, String)>,
    seen: BTreeMap<String, u64>,
}

/// Tries one seed after the other, until one fails.
fn search(next: &AtomicU64, seeds: u64) -> Found {
    let mut found = Found::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds {
            return found;
        }
        let mut world = World::new(seed);
        if let Err(violation) = world.live() {
            found.failure = Some((seed, format!("{}\nseed {seed}: {violation}", world.log())));
            return found;
        }
        for (what, count) in world.seen() {
            *found.seen.entry(what).or_default() += count;
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}
