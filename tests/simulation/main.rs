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
    let failures: Vec<(u64, String)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| search(&next, seeds))).collect();
        workers.into_iter().filter_map(|worker| worker.join().expect("a worker that does not panic")).collect()
    });
    // The smallest seed, so that a failure reads the same however many workers there are.
    if let Some((seed, report)) = failures.into_iter().min() {
        panic!("{report}\nHUBJOBS_SEED={seed} reproduces this");
    }
}

/// Tries one seed after the other, until one fails.
fn search(next: &AtomicU64, seeds: u64) -> Option<(u64, String)> {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds {
            return None;
        }
        let mut world = World::new(seed);
        if let Err(violation) = world.live() {
            return Some((seed, format!("{}\nseed {seed}: {violation}", world.log())));
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}
