//! Durable creations a second over HTTP, next to what the disk alone would allow; and a large hub.

#![expect(clippy::unwrap_used, reason = "a benchmark ends with the first surprise")]

#[path = "../local_hub/mod.rs"]
mod local_hub;

use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use divan::counter::ItemsCount;
use hubjobs::emulator::state::{Fidelity, Throttling};
use hubjobs::emulator::{Emulator, EmulatorConfig, StateDir};
use hubjobs::model::JobId;
use local_hub::{Caller, config, fleet, serve};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const CREATIONS: u64 = 512;

fn main() {
    divan::main();
}

/// A folder on the disk of the build, since temporary files may live in memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// The floor: a record and a sync at a time.
#[divan::bench(sample_count = 20)]
fn disk_alone(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let mut file = File::create(folder.path().join("journal")).unwrap();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        file.write_all(&[b'x'; 250]).unwrap();
        file.sync_data().unwrap();
    });
}

/// Creates identities, each acknowledged only when it is on disk.
#[divan::bench(args = [1, 16, 64], sample_count = 10)]
fn durable_creations(bencher: divan::Bencher<'_, '_>, connections: u64) {
    let folder = folder();
    let runtime = Runtime::new().unwrap();
    let config =
        EmulatorConfig { fidelity: Fidelity { throttling: Throttling::Off, ..Fidelity::default() }, ..config() };
    let served = runtime.block_on(serve(&StateDir::new(folder.path()), &config));
    let caller = Caller::new(served.connection_string());
    let number = AtomicU64::new(0);
    bencher.counter(ItemsCount::new(CREATIONS)).bench_local(|| {
        let tasks: Vec<_> = (0..connections)
            .map(|_| {
                let first = number.fetch_add(CREATIONS / connections, Ordering::Relaxed);
                runtime.spawn(create(caller.clone(), first..first + CREATIONS / connections))
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
    });
    runtime.block_on(served.stop()).unwrap();
}

async fn create(caller: Caller, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let id = format!("device-{number}");
        let request = caller.request(Method::PUT, &format!("/devices/{id}")).json(&json!({"deviceId": id}));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

const DEVICES: u32 = 10_000;

fn with_devices() -> EmulatorConfig {
    EmulatorConfig { fleet: Some(fleet(DEVICES)), ..config() }
}

/// What every command pays first: the snapshot of a large hub.
#[divan::bench(sample_count = 10)]
fn open_ten_thousand_devices(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let dir = StateDir::new(folder.path());
    drop(Emulator::open(&dir, &with_devices()).unwrap());
    bencher.counter(ItemsCount::new(DEVICES)).bench_local(|| Emulator::open(&dir, &with_devices()).unwrap());
}

/// A job over all of them, throttled as on S3, from its creation to its end in mode fast.
#[divan::bench(sample_count = 5)]
fn job_over_ten_thousand_devices(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let runtime = Runtime::new().unwrap();
    let served = runtime.block_on(serve(&StateDir::new(folder.path()), &with_devices()));
    let caller = Caller::new(served.connection_string());
    let number = AtomicU64::new(0);
    bencher.counter(ItemsCount::new(DEVICES)).bench_local(|| {
        let id = format!("job-{}", number.fetch_add(1, Ordering::Relaxed));
        let job = json!({"jobId": id, "type": "scheduleDeviceMethod", "queryCondition": "*",
                         "cloudToDeviceMethod": {"methodName": "lockDoor"}});
        runtime.block_on(async {
            caller.put(&format!("/jobs/v2/{id}"), &job).await.ok();
            while served.admin().advance(&[JobId::new(id.as_str())]).await.unwrap().progressed {}
            let ended = caller.get(&format!("/jobs/v2/{id}")).await.ok();
            assert_eq!(ended["deviceJobStatistics"]["succeededCount"], DEVICES);
        });
    });
    runtime.block_on(served.stop()).unwrap();
}
