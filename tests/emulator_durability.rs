//! A `kill -9` at any moment loses nothing that was acknowledged, and damaged files are refused.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hubjobs::emulator::{Attached, Emulator, EmulatorConfig, EmulatorError, StateDir, StoreError, attach};
use hubjobs::model::JobId;
use local_hub::{Caller, config, fleet, serve};
use rand::RngExt as _;
use reqwest::Method;
use serde_json::{Value, json};

/// Tells [`emulator_process`] which folder to serve.
const STATE: &str = "HUBJOBS_TEST_STATE";
/// Tells it how many devices to begin with.
const DEVICES: &str = "HUBJOBS_TEST_DEVICES";
const ROUNDS: u64 = 40;
const WRITERS: usize = 4;

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

/// What one writer knows of its device: which revision of the tag was sent, and which was
/// acknowledged.
#[derive(Default)]
struct Progress {
    sent: AtomicU64,
    acknowledged: AtomicU64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let progress: Arc<[Progress; WRITERS]> = Arc::default();
    let mut created = Vec::new();
    for round in 0..ROUNDS {
        if round % 4 == 3 {
            // Killed while it starts, perhaps between a snapshot and its journal.
            let _process = Killed::start(dir.path());
            tokio::time::sleep(Duration::from_millis(rand::rng().random_range(5..40))).await;
        }
        let process = Killed::start(dir.path());
        let caller = Caller::new(process.attached(dir.path()).await.connection_string());
        check(&caller, &progress, &created).await;
        created.push(create(&caller, round).await);
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| tokio::spawn(write_on(caller.clone(), writer, Arc::clone(&progress)))).collect();
        tokio::time::sleep(Duration::from_millis(rand::rng().random_range(1..60))).await;
        drop(process);
        for writer in writers {
            writer.await.unwrap();
        }
    }
    let revisions: u64 = progress.iter().map(|progress| progress.acknowledged.load(Ordering::SeqCst)).sum();
    assert!(revisions > ROUNDS, "the writers were hardly heard: {revisions}");
}

/// Creates a device, those of the writers first; gives the path under which it is found.
async fn create(caller: &Caller, round: u64) -> String {
    let path =
        if round < WRITERS as u64 { format!("/devices/writer-{round}") } else { format!("/devices/extra-{round}") };
    let id = path.trim_start_matches("/devices/").to_owned();
    caller.put(&path, &json!({"deviceId": id})).await.ok();
    path
}

/// Raises the tag of a device until the emulator is gone.
async fn write_on(caller: Caller, writer: usize, progress: Arc<[Progress; WRITERS]>) {
    let progress = &progress[writer];
    loop {
        let revision = progress.sent.fetch_add(1, Ordering::SeqCst) + 1;
        let patch = json!({"tags": {"revision": revision}});
        let path = format!("/twins/writer-{writer}");
        match caller.request(Method::PATCH, &path).json(&patch).send().await {
            Ok(response) if response.status() == 200 => progress.acknowledged.store(revision, Ordering::SeqCst),
            Ok(response) if response.status() == 404 => return,
            Ok(response) => panic!("{response:?}"),
            Err(_) => return,
        }
    }
}

async fn check(caller: &Caller, progress: &[Progress; WRITERS], created: &[String]) {
    for path in created {
        assert_eq!(caller.get(path).await.status, 200, "{path} was acknowledged");
    }
    for (writer, progress) in progress.iter().enumerate() {
        let twin = caller.get(&format!("/twins/writer-{writer}")).await;
        if twin.status == 404 {
            assert_eq!(progress.acknowledged.load(Ordering::SeqCst), 0);
            continue;
        }
        let found = twin.ok()["tags"]["revision"].as_u64().unwrap_or(0);
        let (acknowledged, sent) = (progress.acknowledged.load(Ordering::SeqCst), progress.sent.load(Ordering::SeqCst));
        assert!((acknowledged..=sent).contains(&found), "{acknowledged} acknowledged, {found} found, {sent} sent");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_last_record_is_dropped() {
    let dir = left_by_a_kill().await;
    let journal = dir.path().join("journal-1.log");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() - 3]).unwrap();
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
