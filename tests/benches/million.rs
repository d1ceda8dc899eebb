//! A hub of a million devices: every figure next to its floor, taken in the same run.
//! `cargo bench --bench million`; `HUBJOBS_BENCH_DEVICES=100000` for a smaller hub.

#![expect(clippy::unwrap_used, reason = "a benchmark ends with the first surprise")]
#![expect(clippy::print_stdout, reason = "the figures are the result")]

#[path = "../local_hub/mod.rs"]
mod local_hub;
#[path = "million/fleet.rs"]
mod million_fleet;

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use hubjobs::emulator::state::{Fidelity, Throttling};
use hubjobs::emulator::{EmulatorConfig, Served, StateDir};
use hubjobs::model::{ClockMode, EmulatorClock};
use local_hub::{Answer, Caller, config, serve};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const COUNT: &str = "SELECT COUNT() AS n FROM devices WHERE tags.building = '43' AND properties.reported.fw < '2.1'";
const GROUP: &str = "SELECT tags.ring AS ring, COUNT() AS n FROM devices GROUP BY tags.ring";
const AGGREGATE: &str = "SELECT tags.ring AS ring, AVG(properties.reported.temperature) AS a, SUM(properties.reported.battery) AS s, \
                         MIN(properties.reported.battery) AS l, MAX(properties.reported.battery) AS g FROM devices GROUP BY tags.ring";
/// Each value of this path is on few devices.
const VARIED: &str = "SELECT COUNT() AS n FROM devices WHERE properties.reported.uptimeSeconds > 3999000";

fn main() {
    let devices: u32 = std::env::var("HUBJOBS_BENCH_DEVICES").map_or(1_000_000, |count| count.parse().unwrap());
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let dir = StateDir::new(folder.path());
    let runtime = Runtime::new().unwrap();
    let config = EmulatorConfig {
        fleet: Some(million_fleet::fleet(devices)),
        clock: EmulatorClock { mode: ClockMode::Real, ..config().clock },
        fidelity: Fidelity { throttling: Throttling::Off, ..Fidelity::default() },
        ..config()
    };
    println!("{devices} devices");
    let (served, grown) = timed(|| runtime.block_on(serve(&dir, &config)));
    report("grow, write the first snapshot, serve", grown, None, None);
    queries(&runtime, &served, devices);
    pages(&runtime, &served, "SELECT deviceId FROM devices", devices, "all devices, page by page");
    twin_job(&runtime, &served, devices, folder.path());
    pages(
        &runtime,
        &served,
        "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'big'",
        devices,
        "all records of a job, page by page",
    );
    memory("after the job, this process with its client");
    let ((), stopped) = timed(|| runtime.block_on(served.stop()).unwrap());
    report("stop: the last snapshot", stopped, None, None);
    let (served, started) = timed(|| runtime.block_on(serve(&dir, &config)));
    let floor = read_all(folder.path());
    report("start from disk (floor: read the bytes)", started, Some(floor), Some(Duration::from_secs(10)));
    runtime.block_on(served.stop()).unwrap();
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn report(what: &str, took: Duration, floor: Option<Duration>, target: Option<Duration>) {
    let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
    let floor = floor.map_or_else(String::new, |floor| {
        format!("floor {:.2} ms, {:.1} x; ", ms(floor), took.as_secs_f64() / floor.as_secs_f64())
    });
    let target = target.map_or_else(String::new, |target| {
        format!("target {:.0} ms: {}", ms(target), if took <= target { "pass" } else { "FAIL" })
    });
    println!("{what:<58} {:>10.2} ms  {floor}{target}", ms(took));
}

async fn query(caller: &Caller, text: &str, continuation: Option<&str>) -> Answer {
    let mut request = caller.request(Method::POST, "/devices/query").json(&json!({"query": text}));
    if let Some(continuation) = continuation {
        request = request.header("x-ms-continuation", continuation);
    }
    Answer::of(request).await
}

/// First use, and the median of what follows.
fn queries(runtime: &Runtime, served: &Served, devices: u32) {
    let caller = Caller::new(served.connection_string());
    let floors = [Some(count_codes(devices)), Some(group_codes(devices)), None, None];
    println!("count over typed rows, one thread: {:.2} ms", count_rows(devices).as_secs_f64() * 1e3);
    for ((name, text, new_paths), floor) in [
        ("count", COUNT, 2),
        ("group by", GROUP, 1),
        ("group by, four aggregates", AGGREGATE, 2),
        ("count, varied numbers", VARIED, 1),
    ]
    .into_iter()
    .zip(floors)
    {
        let once = || timed(|| runtime.block_on(query(&caller, text, None)).ok()).1;
        // The goal is one of each path.
        let first = Duration::from_millis(300) * new_paths;
        report(&format!("{name}: first use of {new_paths} paths"), once(), None, Some(first));
        let mut warm: Vec<Duration> = (0..21).map(|_| once()).collect();
        warm.sort_unstable();
        report(&format!("{name}: warm, over HTTP"), warm[10], floor, Some(Duration::from_millis(40)));
    }
}

/// Every page, and whether the last ones take longer than the first.
fn pages(runtime: &Runtime, served: &Served, text: &str, devices: u32, what: &str) {
    let caller = Caller::new(served.connection_string());
    let (mut took, mut rows, mut continuation) = (Vec::new(), 0, None);
    loop {
        let (answer, one) = timed(|| runtime.block_on(query(&caller, text, continuation.as_deref())));
        took.push(one);
        rows += answer.ok().as_array().unwrap().len();
        continuation = answer.header("x-ms-continuation").map(str::to_owned);
        if continuation.is_none() {
            break;
        }
    }
    assert_eq!(rows, devices as usize);
    let tenth = took.len().div_ceil(10);
    let sum = |pages: &[Duration]| pages.iter().sum::<Duration>();
    let (first, last) = (sum(&took[..tenth]), sum(&took[took.len() - tenth..]));
    report(&format!("{what}: {} pages", took.len()), sum(&took), None, None);
    report("  the last tenth of them (floor: the first tenth)", last, Some(first), Some(first * 2));
}

/// Created by HTTP, polled to its end, durable; and how long other calls had to wait meanwhile.
fn twin_job(runtime: &Runtime, served: &Served, devices: u32, folder: &Path) {
    let caller = Caller::new(served.connection_string());
    let job = json!({"jobId": "big", "type": "scheduleUpdateTwin", "queryCondition": "*",
                     "updateTwin": {"etag": "*", "tags": {"wave": "1"}, "properties": {"desired": {"telemetry": {"intervalSeconds": 30}}}}});
    let mut longest = Duration::ZERO;
    let (ended, took): (Value, _) = timed(|| {
        runtime.block_on(caller.put("/jobs/v2/big", &job)).ok();
        loop {
            let (answer, one) = timed(|| runtime.block_on(caller.get("/jobs/v2/big")).ok());
            longest = longest.max(one);
            if answer["status"] == "completed" {
                return answer;
            }
        }
    });
    assert_eq!(ended["deviceJobStatistics"]["succeededCount"], devices);
    let floor = write_journal(folder);
    report("twin job over all, durable (floor: write its journal)", took, Some(floor), Some(Duration::from_secs(10)));
    report("  longest other call meanwhile", longest, None, Some(Duration::from_millis(500)));
}

fn memory(what: &str) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for name in ["VmHWM", "VmRSS"] {
        let Some(line) = status.lines().find(|line| line.starts_with(name)) else { continue };
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        let verdict = if kib <= 2 << 20 { "pass" } else { "FAIL" };
        println!("{what}: {name} {} MiB  target 2048 MiB: {verdict}", kib >> 10);
    }
}

/// The floor of a count: codes of two columns, one thread.
fn count_codes(devices: u32) -> Duration {
    let building: Vec<u8> = (0..devices).map(|n| (n % 50 == 0).into()).collect();
    let fw: Vec<u8> = (0..devices).map(|n| (n % 6 == 0).into()).collect();
    let count = || building.iter().zip(&fw).filter(|(building, fw)| **building == 1 && **fw == 1).count();
    best(|| std::hint::black_box(count()))
}

/// The floor of a group-by: codes of one column, one thread.
fn group_codes(devices: u32) -> Duration {
    let ring: Vec<u8> = (0..devices).map(|n| (n % 3) as u8).collect();
    best(|| {
        let mut counts = [0_u32; 256];
        ring.iter().for_each(|code| counts[usize::from(*code)] += 1);
        std::hint::black_box(counts)
    })
}

/// What a program would do that knows the two fields.
fn count_rows(devices: u32) -> Duration {
    struct Row {
        building: String,
        fw: String,
    }
    let row = |n: u32| Row {
        building: if n.is_multiple_of(50) { "43" } else { "44" }.to_owned(),
        fw: if n.is_multiple_of(6) { "2.0.4" } else { "2.1.4" }.to_owned(),
    };
    let rows: Vec<Row> = (0..devices).map(row).collect();
    let count = || rows.iter().filter(|row| row.building == "43" && *row.fw < *"2.1").count();
    best(|| std::hint::black_box(count()))
}

fn best<T>(work: impl Fn() -> T) -> Duration {
    (0..7).map(|_| timed(&work).1).min().unwrap()
}

/// The floor of a durable job: what stands in its journal, written and synced once.
fn write_journal(folder: &Path) -> Duration {
    let journals = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let len = journals
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
        .map(|path| fs::metadata(path).unwrap().len());
    let bytes = vec![b'x'; usize::try_from(len.sum::<u64>()).unwrap()];
    let mut file = File::create(folder.join("floor")).unwrap();
    timed(|| {
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
    })
    .1
}

/// The floor of a start: every byte of the folder, read.
fn read_all(folder: &Path) -> Duration {
    let mut buffer = vec![0; 1 << 20];
    timed(|| {
        for entry in fs::read_dir(folder).unwrap() {
            let mut file = File::open(entry.unwrap().path()).unwrap();
            while file.read(&mut buffer).unwrap() > 0 {}
        }
    })
    .1
}
