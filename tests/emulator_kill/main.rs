//! `kill -9` of a started emulator at any moment: while it writes, writes a snapshot, ticks or starts.
//! Whatever it acknowledged is there afterwards, and whatever it did not is there wholly or not at all.
//!
//! `HUBJOBS_SEED=n` makes the same choices again; `HUBJOBS_ROUNDS=n` kills so many times.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

#[path = "../simulation/dice.rs"]
#[expect(dead_code, reason = "not every throw is needed")]
mod dice;
#[path = "../local_hub/mod.rs"]
mod local_hub;
#[path = "../started_hub/mod.rs"]
mod started_hub;
mod writer;

use std::path::Path;
use std::time::Duration;

use dice::Dice;
use hubjobs::emulator::Attached;
use hubjobs::emulator::admin::{AdminClient, TickRequest};
use jiff::{SignedDuration, Timestamp};
use local_hub::Caller;
use serde_json::{Value, json};
use started_hub::{Started, command, state_of};
use writer::{Actual, TARGETS, Writer};

const ROUNDS: u64 = 200;
const WRITERS: u64 = 3;
/// Every so many rounds, one in a folder of its own.
const FRESH_EVERY: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_nothing_acknowledged() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seed = number("HUBJOBS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("HUBJOBS_SEED={seed} makes the same choices again");
    let mut dice = Dice::new(seed);
    let mut old = World::new(seed);
    let mut writes = 0;
    for round in 0..number("HUBJOBS_ROUNDS").unwrap_or(ROUNDS) {
        if round % FRESH_EVERY == FRESH_EVERY - 1 {
            let mut fresh = World::new(dice.below(u64::MAX));
            fresh.round(&mut dice).await;
            writes += fresh.finish().await;
        } else {
            old.round(&mut dice).await;
        }
    }
    assert!(old.generation() > 3, "generations change: {}", old.generation());
    writes += old.finish().await;
    assert!(writes > ROUNDS, "the writers were hardly heard: {writes}");
}

/// One state folder, and all that is known of the hub in it.
struct World {
    folder: tempfile::TempDir,
    writers: Vec<Writer>,
    /// What the clock was known to show.
    now: Timestamp,
    snapshot_after: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            writers: (0..WRITERS).map(|number| Writer::new(number, Dice::new(seed ^ (number << 32)))).collect(),
            now: Timestamp::MIN,
            snapshot_after: 6_000 + seed % 20_000,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Number of the generation on disk.
    fn generation(&self) -> u64 {
        let names = std::fs::read_dir(state_of(self.path())).unwrap().map(|entry| entry.unwrap().file_name());
        let number = |name: &str| name.strip_prefix("snapshot-")?.split('.').next()?.parse::<u64>().ok();
        names.filter_map(|name| number(name.to_str().unwrap())).max().unwrap_or(0)
    }

    /// Starts, compares, writes from several connections, and kills in the middle.
    async fn round(&mut self, dice: &mut Dice) {
        if dice.percent(25) {
            let starting = Started::spawn(command(self.path(), self.snapshot_after));
            tokio::time::sleep(Duration::from_millis(dice.below(60))).await;
            starting.kill();
        }
        let mut process = Started::spawn(command(self.path(), self.snapshot_after));
        let attached = process.attached(self.path()).await;
        let caller = self.compare(&attached).await;
        let writing: Vec<_> = self.writers.drain(..).map(|writer| tokio::spawn(writer.write(caller.clone()))).collect();
        let ticking = tokio::spawn(tick(attached.admin().clone(), self.now, dice.clone()));
        tokio::time::sleep(Duration::from_millis(dice.below(110))).await;
        process.kill();
        for writer in writing {
            self.writers.push(writer.await.unwrap());
        }
        self.now = ticking.await.unwrap();
    }

    /// Compares the hub with what is known of it.
    async fn compare(&mut self, attached: &Attached) -> Caller {
        let now = attached.admin().clock().await.unwrap().now;
        assert!(now >= self.now, "the clock showed {} and now shows {now}", self.now);
        let caller = Caller::new(attached.connection_string());
        let actual = Actual::read(&caller).await;
        for writer in &mut self.writers {
            writer.compare(&actual, &caller).await;
        }
        assert_eq!(
            actual.count(),
            self.writers.iter().map(Writer::device_count).sum::<usize>(),
            "nobody made the others"
        );
        caller
    }

    /// A last start: everything is there, and jobs that were killed while they ran have ended. Gives the
    /// number of acknowledged writes.
    async fn finish(mut self) -> u64 {
        let mut process = Started::spawn(command(self.path(), self.snapshot_after));
        let attached = process.attached(self.path()).await;
        let caller = self.compare(&attached).await;
        attached.admin().tick(TickRequest::By(SignedDuration::from_hours(1))).await.unwrap();
        for id in self.writers.iter().flat_map(Writer::started_jobs) {
            let job = caller.get(&format!("/jobs/v2/{id}")).await.ok();
            assert_eq!(job["status"], "completed", "{job}");
            let statistics: &Value = &job["deviceJobStatistics"];
            assert_eq!([&statistics["deviceCount"], &statistics["succeededCount"]], [TARGETS, TARGETS], "{job}");
        }
        self.writers.iter().map(|writer| writer.acknowledged).sum()
    }
}

/// Ticks until the emulator is gone; gives the latest time that it said.
async fn tick(admin: AdminClient, mut now: Timestamp, mut dice: Dice) -> Timestamp {
    loop {
        tokio::time::sleep(Duration::from_millis(dice.below(30))).await;
        let by = TickRequest::By(SignedDuration::from_secs(dice.between(1, 40)));
        match admin.tick(by).await {
            Ok(reading) => now = now.max(reading.now),
            Err(_) => return now,
        }
    }
}

#[test]
fn choices_come_from_the_seed() {
    let (mut one, mut other) = (Dice::new(7), Dice::new(7));
    assert_eq!(json!([one.below(1_000), one.below(9)]), json!([other.below(1_000), other.below(9)]));
}
