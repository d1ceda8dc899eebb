//! Ten thousand devices connected over MQTT and TLS at once, and a method job over them: each figure next
//! to a server that says the same bytes and knows nothing.
//! `cargo bench --bench mqtt`; `HUBJOBS_BENCH_CONNECTIONS=1000` for fewer.

#![expect(clippy::unwrap_used, reason = "a benchmark ends with the first surprise")]
#![expect(clippy::print_stdout, reason = "the figures are the result")]

#[path = "mqtt/bare.rs"]
mod bare;
#[path = "mqtt/devices.rs"]
mod devices;
#[path = "../local_hub/mod.rs"]
mod local_hub;
#[path = "../mqtt/wire.rs"]
#[allow(dead_code, reason = "devices of this bench use a part of it")]
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bare::Bare;
use devices::{Devices, Process};
use hubjobs::emulator::state::{Fidelity, Lanes, Throttling};
use hubjobs::emulator::{Emulator, EmulatorConfig, Exposure, Served, StateDir};
use hubjobs::model::{ClockMode, EmulatorClock};
use local_hub::{Caller, config};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What the issue asks of a job over all devices.
const JOB_TARGET: Duration = Duration::from_secs(10);
/// How many devices connect.
const CONNECTIONS: &str = "HUBJOBS_BENCH_CONNECTIONS";
/// Set for the process that is the floor.
const BARE: &str = "HUBJOBS_MQTT_BARE";
/// Devices in one bulk request.
const BULK: usize = 100;

fn main() {
    // Both ends of all connections do not fit into the files of one process.
    rlimit::increase_nofile_limit(1 << 16).unwrap();
    if let Some(devices) = Devices::requested() {
        return devices.run();
    }
    let count: usize = std::env::var(CONNECTIONS).map_or(10_000, |count| count.parse().unwrap());
    if std::env::var_os(BARE).is_some() {
        let Figures { connect, job, memory_kib } = bare(count);
        println!("{} {} {memory_kib}", connect.as_secs_f64(), job.as_secs_f64());
        return;
    }
    println!("{count} devices over MQTT and TLS");
    // The machine is shared: the floor is taken on either side of the hub, and the lower one counts.
    let (before, hub) = (bare_apart(count), hub(count));
    let floor = before.least(&bare_apart(count));
    report("connect: handshake, CONNECT, SUBSCRIBE", hub.connect, floor.connect, None);
    report("method job, created to completed", hub.job, floor.job, Some(JOB_TARGET));
    report("both", hub.connect + hub.job, floor.connect + floor.job, None);
    println!("memory of a connection: {} KiB; floor {} KiB", hub.memory_kib, floor.memory_kib);
}

/// What one server took.
struct Figures {
    connect: Duration,
    job: Duration,
    /// Of one connection.
    memory_kib: u64,
}

impl Figures {
    fn least(&self, other: &Self) -> Self {
        Self {
            connect: self.connect.min(other.connect),
            job: self.job.min(other.job),
            memory_kib: self.memory_kib.max(other.memory_kib),
        }
    }
}

/// The floor, in a process of its own: memory that it gave back would be the hub's for nothing.
fn bare_apart(count: usize) -> Figures {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.env(BARE, "").env(CONNECTIONS, count.to_string()).output().unwrap();
    let figures: Vec<f64> =
        String::from_utf8(output.stdout).unwrap().split_whitespace().map(|figure| figure.parse().unwrap()).collect();
    let seconds = Duration::from_secs_f64;
    Figures { connect: seconds(figures[0]), job: seconds(figures[1]), memory_kib: figures[2] as u64 }
}

fn bare(count: usize) -> Figures {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bare = runtime.block_on(Bare::serve(folder.path()));
    let devices = Devices { port: bare.port, authority: bare.authority.clone(), key: "AAAA".to_owned(), count };
    let (process, connect, memory_kib) = connect(&devices);
    let start = Instant::now();
    runtime.block_on(bare.call_all(count));
    let job = start.elapsed();
    assert_eq!(process.finish(), count);
    Figures { connect, job, memory_kib }
}

fn hub(count: usize) -> Figures {
    let runtime = Runtime::new().unwrap();
    // On the disk of the build, since temporary files may live in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let served = runtime.block_on(serve(folder.path()));
    let caller = Caller::new(served.connection_string());
    runtime.block_on(register(&caller, count));
    let key = served.connection_string().split(';').find_map(|part| part.strip_prefix("SharedAccessKey="));
    let devices = Devices {
        port: served.ports().mqtt.unwrap().port(),
        authority: served.authority().unwrap().to_path_buf(),
        key: key.unwrap().to_owned(),
        count,
    };
    let (process, connect, memory_kib) = connect(&devices);
    let start = Instant::now();
    let statistics = runtime.block_on(job(&caller));
    let job = start.elapsed();
    assert_eq!(statistics["succeededCount"], count);
    assert_eq!(process.finish(), count, "the devices answered, not the hub");
    runtime.block_on(served.stop()).unwrap();
    Figures { connect, job, memory_kib }
}

async fn serve(folder: &Path) -> Served {
    let fidelity = Fidelity { throttling: Throttling::Off, lanes: Lanes::Off, ..Fidelity::default() };
    let clock = EmulatorClock { mode: ClockMode::Real, ..config().clock };
    let config = EmulatorConfig { fidelity, clock, ..config() };
    let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
    let exposure = Exposure { mqtt: vec![bind().await], ..Exposure::plain(bind().await) };
    Emulator::open(&StateDir::new(folder), &config).unwrap().serve_on(exposure).await.unwrap()
}

/// Identities that nothing simulates.
async fn register(caller: &Caller, count: usize) {
    let ids: Vec<String> = (0..count).map(devices::id).collect();
    for ids in ids.chunks(BULK) {
        let entries: Vec<Value> = ids.iter().map(|id| json!({"id": id, "importMode": "create"})).collect();
        caller.post("/devices", &json!(entries)).await.ok();
    }
}

/// Runs a method job over all devices as a client does: creates it and asks until it has ended.
async fn job(caller: &Caller) -> Value {
    let job = json!({"jobId": "lock", "type": "scheduleDeviceMethod", "queryCondition": "*",
        "maxExecutionTimeInSeconds": 300, "cloudToDeviceMethod": {"methodName": "lockDoor",
        "payload": {"reason": "night"}, "responseTimeoutInSeconds": 120}});
    caller.put("/jobs/v2/lock", &job).await.ok();
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let job = caller.get("/jobs/v2/lock").await.ok();
        if job["status"] == "completed" {
            return job["deviceJobStatistics"].clone();
        }
    }
}

/// Lets all devices connect; how long that took, and what a connection costs this process.
fn connect(devices: &Devices) -> (Process, Duration, u64) {
    let before = resident_kib();
    let start = Instant::now();
    let process = devices.start();
    let took = start.elapsed();
    (process, took, resident_kib().saturating_sub(before) / devices.count as u64)
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string(PathBuf::from("/proc/self/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn report(what: &str, took: Duration, floor: Duration, target: Option<Duration>) {
    let target = target.map_or_else(String::new, |target| {
        format!("; target {} s: {}", target.as_secs(), if took <= target { "pass" } else { "FAIL" })
    });
    let ratio = took.as_secs_f64() / floor.as_secs_f64();
    println!("{what:<40} {:>6.2} s; floor {:.2} s, {ratio:.1} x{target}", took.as_secs_f64(), floor.as_secs_f64());
}
