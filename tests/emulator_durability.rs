//! What a crash leaves is taken up again, and damaged files are refused.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hubjobs::emulator::{Attached, Emulator, EmulatorConfig, EmulatorError, StateDir, StoreError, attach, read_state};
use hubjobs::model::JobId;
use local_hub::{Caller, config, fleet, serve};
use reqwest::Method;
use serde_json::{Value, json};

/// Tells [`emulator_process`] which folder to serve.
const STATE: &str = "HUBJOBS_TEST_STATE";
/// Tells it how many devices to begin with.
const DEVICES: &str = "HUBJOBS_TEST_DEVICES";

/// Not a test by itself: the other process of the tests below.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emulator_process() {
    let Some(dir) = std::env::var_os(STATE) else { return };
    let devices = std::env::var(DEVICES).map_or(0, |count| count.parse().unwrap());
    let config = EmulatorConfig { fleet: (devices > 0).then(|| fleet(devices)), ..config() };
    let served = serve(&StateDir::new(PathBuf::from(dir)), &config).await;
    served.ended().await.unwrap();
}

struct Killed(Child);

impl Killed {
    fn start(dir: &Path) -> Self {
        Self::with_devices(dir, 0)
    }

    fn with_devices(dir: &Path, devices: u32) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "emulator_process", "--nocapture"])
            .env(STATE, dir)
            .env(DEVICES, devices.to_string())
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    async fn attached(&self, dir: &Path) -> Attached {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(attached) = attach(&StateDir::new(dir)).await.unwrap() {
                return attached;
            }
            assert!(Instant::now() < deadline, "the emulator process did not start");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Runs a throttled job to its end in slices, and gives the job and its device records. Every
/// `kill_every` slices the process is killed and started again.
async fn run_job(kill_every: usize) -> (Value, Value) {
    const COUNT: u32 = 600;
    let dir = tempfile::tempdir().unwrap();
    let mut process = Killed::with_devices(dir.path(), COUNT);
    let mut attached = process.attached(dir.path()).await;
    let job = json!({"jobId": "lock", "type": "scheduleDeviceMethod", "queryCondition": "*",
                     "cloudToDeviceMethod": {"methodName": "lockDoor"}, "startTime": "2026-12-01T09:00:00Z"});
    Caller::new(attached.connection_string()).put("/jobs/v2/lock", &job).await.ok();
    for slice in 1.. {
        if !attached.admin().advance(&[JobId::new("lock")]).await.unwrap().progressed {
            break;
        }
        if slice % kill_every == 0 {
            drop(process);
            process = Killed::with_devices(dir.path(), COUNT);
            attached = process.attached(dir.path()).await;
        }
    }
    let caller = Caller::new(attached.connection_string());
    let query = json!({"query": "SELECT * FROM devices.jobs"});
    let records = caller.request(Method::POST, "/devices/query").header("x-ms-max-item-count", "100").json(&query);
    (caller.get("/jobs/v2/lock").await.ok(), local_hub::Answer::of(records).await.ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_ends_the_same_however_often_its_hub_is_killed() {
    let (job, records) = run_job(usize::MAX).await;
    assert_eq!(job["deviceJobStatistics"]["succeededCount"], 600);
    assert_eq!(run_job(1).await, (job, records));
}

/// A folder whose hub knows the devices `a`, `b` and `c`, left by a kill, so that they stand in
/// the journal.
async fn left_by_a_kill() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let process = Killed::start(dir.path());
    let caller = Caller::new(process.attached(dir.path()).await.connection_string());
    for id in ["a", "b", "c"] {
        caller.put(&format!("/devices/{id}"), &json!({"deviceId": id})).await.ok();
    }
    dir
}

async fn devices(dir: &Path) -> Vec<Value> {
    let served = serve(&StateDir::new(dir), &config()).await;
    let list = Caller::new(served.connection_string()).get("/devices").await.ok();
    served.stop().await.unwrap();
    list.as_array().unwrap().iter().map(|device| device["deviceId"].clone()).collect()
}

/// Bytes of a journal up to its reserve.
fn written(journal: &[u8]) -> usize {
    journal.len() - journal.iter().rev().take_while(|byte| **byte == 0).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_last_record_is_dropped() {
    let dir = left_by_a_kill().await;
    let journal = dir.path().join("journal-1.log");
    let mut bytes = fs::read(&journal).unwrap();
    let end = written(&bytes);
    bytes[end - 20..].fill(0);
    fs::write(&journal, &bytes).unwrap();
    assert_eq!(devices(dir.path()).await, ["a", "b"]);
    assert_eq!(devices(dir.path()).await, ["a", "b"], "and stays dropped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_is_refused_with_the_way_out() {
    let dir = left_by_a_kill().await;
    let journal = dir.path().join("journal-1.log");
    let mut bytes = fs::read(&journal).unwrap();
    bytes[40] ^= 1;
    fs::write(&journal, &bytes).unwrap();
    let error = Emulator::open(&StateDir::new(dir.path()), &config()).unwrap_err();
    assert!(matches!(error, EmulatorError::Store(StoreError::Damaged { .. })));
    assert!(error.to_string().contains("restore that folder from a copy, or move it away"), "{error}");
    assert_eq!(fs::read(&journal).unwrap(), bytes, "a refused file is left alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_endpoint_is_not_followed() {
    let dir = left_by_a_kill().await;
    assert!(dir.path().join("endpoint.json").exists());
    assert!(attach(&StateDir::new(dir.path())).await.unwrap().is_none());
    assert_eq!(devices(dir.path()).await, ["a", "b", "c"]);
    assert!(!dir.path().join("endpoint.json").exists(), "a clean stop leaves none");
}

/// What opening the folder says, and that it leaves every file alone.
fn refusal(dir: &Path) -> String {
    let contents = || {
        let files = ["snapshot-1.json", "journal-1.log", "snapshot-2.json", "journal-2.log"];
        files.map(|name| fs::read(dir.join(name)).ok())
    };
    let before = contents();
    let error = Emulator::open(&StateDir::new(dir), &config()).unwrap_err();
    assert_eq!(contents(), before, "a refused file is left alone");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_and_foreign_files_are_refused_with_the_way_out() {
    const WAY_OUT: &str = "restore that folder from a copy, or move it away";
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 5] = [
        ("this file of what happened since the snapshot is missing", |dir| {
            fs::remove_file(dir.join("journal-1.log")).unwrap();
        }),
        ("the snapshot it continues is missing", |dir| fs::remove_file(dir.join("snapshot-1.json")).unwrap()),
        ("the snapshot it continues is missing", |dir| {
            // The snapshot of the next generation was taken away, an old one put back.
            fs::copy(dir.join("journal-1.log"), dir.join("journal-2.log")).unwrap();
        }),
        ("it was cut off", |dir| {
            let bytes = fs::read(dir.join("journal-1.log")).unwrap();
            fs::write(dir.join("journal-1.log"), &bytes[..written(&bytes) - 30]).unwrap();
        }),
        ("its end is missing", |dir| {
            let bytes = fs::read(dir.join("snapshot-1.json")).unwrap();
            fs::write(dir.join("snapshot-1.json"), &bytes[..bytes.len() - "end 12345678\n".len()]).unwrap();
        }),
    ];
    let whole = left_by_a_kill().await;
    let copied = || {
        let dir = tempfile::tempdir().unwrap();
        for name in ["snapshot-1.json", "journal-1.log", "keys.json"] {
            fs::copy(whole.path().join(name), dir.path().join(name)).unwrap();
        }
        dir
    };
    for (expected, damage) in cases {
        let dir = copied();
        damage(dir.path());
        let message = refusal(dir.path());
        assert!(message.contains(expected) && message.contains(WAY_OUT), "{expected}: {message}");
    }
    for (file, at) in [("snapshot-1.json", "hubjobs snapshot ".len()), ("journal-1.log", 8)] {
        let dir = copied();
        let mut bytes = fs::read(dir.path().join(file)).unwrap();
        bytes[at] += 7;
        fs::write(dir.path().join(file), &bytes).unwrap();
        let message = refusal(dir.path());
        assert!(message.contains("use the version that wrote it, or move the folder away"), "{file}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_damaged_byte_gives_another_hub() {
    let dir = left_by_a_kill().await;
    let snapshot = fs::read(dir.path().join("snapshot-1.json")).unwrap();
    let journal = fs::read(dir.path().join("journal-1.log")).unwrap();
    let (end, frames) = (snapshot.len(), written(&journal));
    let state =
        |snapshot: &[u8], journal: &[u8]| read_state(snapshot, journal).map(|hub| serde_json::to_string(&hub).unwrap());
    let whole = state(&snapshot, &journal).unwrap();
    for at in 0..end {
        for value in [snapshot[at] ^ (1 << (at % 8)), 0, b'9', b'"'] {
            let mut bytes = snapshot.clone();
            bytes[at] = value;
            let found = state(&bytes, &journal);
            // The digits of the checksum may be in either case, and the last line needs no end.
            assert!(value == snapshot[at] || at > end - 10 || found.is_err(), "byte {at} of the snapshot: {value}");
            assert!(found.is_err() || found.is_ok_and(|found| found == whole), "byte {at} of the snapshot: {value}");
        }
        assert!(at >= end - 1 || state(&snapshot[..at], &journal).is_err(), "{at} bytes of the snapshot");
    }
    for at in 0..frames {
        for value in [journal[at] ^ (1 << (at % 8)), b'9', 0xff] {
            let mut bytes = journal.clone();
            bytes[at] = value;
            let found = state(&snapshot, &bytes);
            assert!(value == journal[at] || found.is_err(), "byte {at} of the journal: {value}");
        }
        assert!(state(&snapshot, &journal[..at]).is_err(), "{at} bytes of the journal");
    }
}
