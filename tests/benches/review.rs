//! A whole `hubjobs plan` with all its counts, as a process: 1 000 manifests against an emulator with
//! 100 000 devices and 5 000 jobs, throttles off. The floor is a process that only fetches the same
//! pages and asks the same queries, as many at once. Ours must be within 1.2 times of it.
//!
//! `cargo bench --bench review`; `HUBJOBS_BENCH_SMALL=1` for a tenth of everything.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, stream};
use hubjobs::emulator::admin::TickRequest;
use hubjobs::emulator::state::{Fidelity, Throttling};
use hubjobs::emulator::{Emulator, EmulatorConfig, Served, StateDir};
use hubjobs::hub::HubClient as _;
use hubjobs::hub::rest::{ConnectionString, Endpoint, RestConfig, RestHub, SasCredential, SasSigner};
use hubjobs::model::{
    ClockMode, Connectivity, DeviceGroup, EmulatorClock, Fleet, HubSize, IdPattern, JobAction, JobBody, NewJob,
    OwnJobId, Percent, Seconds, Shape, Sku, TargetCondition, Template, TwinPatch,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const LANES: usize = 10;
const ROUNDS: usize = 5;
/// As many as `hubjobs` asks at once.
const AT_ONCE: usize = 4;
const CONNECTION: &str = "HUBJOBS_FLOOR_CONNECTION";

/// How large everything is.
#[derive(Clone, Copy)]
struct Scale {
    manifests: usize,
    jobs: usize,
    devices: u32,
}

impl Scale {
    fn wanted() -> Self {
        match std::env::var_os("HUBJOBS_BENCH_SMALL") {
            Some(_) => Self { manifests: 100, jobs: 500, devices: 10_000 },
            None => Self { manifests: 1_000, jobs: 5_000, devices: 100_000 },
        }
    }
}

/// A hundred buildings with ten floors each; some floors are left out of every condition.
fn condition(n: usize) -> String {
    format!("tags.building = {} AND tags.floor = {}", n % 100, n / 100)
}

fn manifest(n: usize) -> String {
    format!(
        "apiVersion: hubjobs.dev/v1\nkind: TwinJob\nmetadata: {{name: move-{n}}}\nspec:\n  \
         target: {{condition: \"{}\"}}\n  schedule: {{at: \"2026-12-01T08:30:00Z\"}}\n  maxExecutionTime: 5m\n  \
         twin: {{desired: {{telemetry: {{intervalSeconds: 30}}}}}}\n",
        condition(n)
    )
}

/// What counting takes for such manifests.
fn queries(scale: Scale) -> Vec<String> {
    let path = "properties.desired.telemetry.intervalSeconds";
    let mut queries = vec!["SELECT COUNT() AS n FROM devices".to_owned()];
    for n in 0..scale.manifests {
        let rest = format!("FROM devices WHERE {}", condition(n));
        queries.push(format!("SELECT connectionState AS v, COUNT() AS n {rest} GROUP BY connectionState"));
        queries.push(format!("SELECT {path} AS v, COUNT() AS n {rest} GROUP BY {path}"));
        queries.push(format!("SELECT deviceId {rest}"));
        queries.push(format!("SELECT COUNT() AS n {rest} AND IS_DEFINED({path})"));
    }
    queries
}

fn write_project(dir: &Path, scale: Scale) {
    let project = "apiVersion: hubjobs.dev/v1\nkind: Project\nmetadata: {name: bench}\nspec:\n  \
         ownerId: 5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10\n  owner: bench\n  manifests: [\"jobs/**/*.yaml\"]\n  \
         environments:\n    local:\n      prune: never\n      \
         hub: {emulator: {sku: S3, units: 10, clock: {start: \"2026-12-01T08:00:00Z\", mode: fast}}}\n";
    std::fs::write(dir.join("hubjobs.yaml"), project).expect("a writable file");
    std::fs::create_dir_all(dir.join("jobs")).expect("a writable folder");
    for n in 0..scale.manifests {
        std::fs::write(dir.join(format!("jobs/{n}.yaml")), manifest(n)).expect("a writable file");
    }
}

fn fleet(devices: u32) -> Fleet {
    let member = |name: &str, shape| (name.to_owned(), Template { shape, missing: Percent::ZERO });
    let interval = Shape::Weighted(vec![(30.into(), 1), (60.into(), 8), (300.into(), 1)]);
    let group = DeviceGroup {
        name: "locks".to_owned(),
        count: devices,
        id_pattern: IdPattern::parse("lock-{n:06}").expect("a pattern"),
        tags: vec![
            member("building", Shape::Integers { from: 0, to: 99 }),
            member("floor", Shape::Integers { from: 0, to: 11 }),
            member("note", Shape::Constant(json!("as installed by the contractor in the spring"))),
        ],
        desired: vec![member("telemetry", Shape::Object(vec![member("intervalSeconds", interval)]))],
        reported: vec![member("fw", Shape::Constant(json!("2.1.4")))],
        connectivity: Connectivity {
            offline: Percent::whole(10),
            flapping: Percent::ZERO,
            flapping_period: Seconds::HOUR,
        },
        reports_desired: false,
        methods: BTreeMap::new(),
    };
    Fleet { name: "bench".to_owned(), seed: 7, groups: vec![group] }
}

/// A job of others that is over.
fn job(n: usize) -> NewJob {
    let Value::Object(desired) = json!({"telemetry": {"intervalSeconds": 60}}) else { unreachable!("an object") };
    let body = JobBody {
        condition: TargetCondition::new("deviceId IN ['nobody']").expect("short"),
        action: JobAction::Twin(TwinPatch { desired, ..TwinPatch::default() }),
        max_execution: Seconds::new(60),
    };
    let id = format!("hj1-otherab-move-{n}-t2612010730-u0000-{}", body.revision());
    NewJob { id: OwnJobId::parse(&id).expect("of our form"), body, start: None }
}

/// Serves a hub below the project, where `hubjobs plan` finds it, and lets every job run its course.
async fn serve(dir: &Path, scale: Scale) -> Served {
    let config = EmulatorConfig {
        size: HubSize { sku: Sku::S3, units: NonZeroU32::new(10).expect("ten") },
        clock: EmulatorClock { start: Some("2026-12-01T08:00:00Z".parse().expect("a time")), mode: ClockMode::Fast },
        fleet: Some(fleet(scale.devices)),
        fidelity: Fidelity { throttling: Throttling::Off, ..Fidelity::default() },
        snapshot_after: hubjobs::emulator::SNAPSHOT_AFTER,
    };
    let emulator = Emulator::open(&StateDir::new(dir.join(".hubjobs/local")), &config).expect("a free folder");
    let served = emulator.serve(TcpListener::bind("127.0.0.1:0").await.expect("a free port")).await.expect("served");
    let connection = ConnectionString::parse(served.connection_string()).expect("a connection string");
    let endpoint = Endpoint::loopback(served.address()).expect("a loopback address");
    let hub = RestHub::connect(RestConfig::emulator(endpoint, connection)).expect("a client");
    for first in (0..scale.jobs).step_by(LANES) {
        let jobs: Vec<_> = (first..(first + LANES).min(scale.jobs)).map(job).collect();
        try_join_all(jobs.iter().map(|job| hub.create_job(job))).await.expect("created");
        served.admin().tick(TickRequest::By(SignedDuration::from_secs(1))).await.expect("ticked");
    }
    served
}

/// The floor: every page of the job list, one after the other, then the queries, some at once.
async fn fetch(connection: &str, scale: Scale) -> usize {
    let connection = ConnectionString::parse(connection).expect("a connection string");
    let SasCredential::SharedAccessKey { policy, key } = connection.credential else { panic!("not a key") };
    let host = format!("{}:{}", connection.host.as_str(), connection.port.expect("a port"));
    let token = SasSigner::new(&host, Some(&policy), key).token(Timestamp::now());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = |path: &str| format!("http://{host}{path}?api-version=2021-04-12");
    let (mut jobs, mut next) = (0, None::<String>);
    loop {
        let mut request = http.get(url("/jobs/v2/query")).header("authorization", token.expose());
        if let Some(next) = &next {
            request = request.header("x-ms-continuation", next);
        }
        let response = request.header("x-ms-max-item-count", "100").send().await.expect("an answer");
        next = response.headers().get("x-ms-continuation").and_then(|token| Some(token.to_str().ok()?.to_owned()));
        jobs += response.json::<Vec<Value>>().await.expect("a page").len();
        if next.is_none() {
            break;
        }
    }
    assert_eq!(jobs, scale.jobs);
    let queries = queries(scale);
    let asked = stream::iter(&queries).map(|query| {
        let request = http.post(url("/devices/query")).header("authorization", token.expose());
        let request = request.header("x-ms-max-item-count", "100").json(&json!({"query": query}));
        async { request.send().await.expect("an answer").json::<Vec<Value>>().await.expect("rows").len() }
    });
    asked.buffer_unordered(AT_ONCE).fold(0, async |rows, more| rows + more).await
}

fn timed(command: &mut Command) -> (Duration, String) {
    let start = Instant::now();
    let output = command.stderr(Stdio::inherit()).output().expect("a process");
    let time = start.elapsed();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    (time, text)
}

fn main() {
    let scale = Scale::wanted();
    if let Ok(connection) = std::env::var(CONNECTION) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        println!("{} rows", runtime.block_on(fetch(&connection, scale)));
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary folder");
    write_project(dir.path(), scale);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let served = runtime.block_on(serve(dir.path(), scale));
    let (mut floors, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        let mut floor = Command::new(std::env::current_exe().expect("this bench"));
        floors.push(timed(floor.env(CONNECTION, served.connection_string())).0);
        let mut plan = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        let (time, text) = timed(plan.args(["plan", "-o", "json", "-C"]).arg(dir.path()));
        ours.push(time);
        let plan: Value = serde_json::from_str(&text).expect("a plan");
        assert_eq!(plan["counts"]["queries"], queries(scale).len(), "the same queries");
        let rows = plan["rows"].as_array().expect("rows");
        assert!(rows.iter().all(|row| row["effect"]["devices"].is_u64()), "every row is counted");
        assert_eq!(rows.len(), scale.manifests);
    }
    runtime.block_on(served.stop()).expect("stopped");
    let median = |times: &mut Vec<Duration>| {
        times.remove(0); // the first fills the page cache
        times.sort();
        times[times.len() / 2]
    };
    let (floor, ours) = (median(&mut floors), median(&mut ours));
    let Scale { manifests, jobs, devices } = scale;
    println!("{manifests} manifests, {devices} devices, {jobs} jobs, whole processes, median of {ROUNDS}");
    println!("floor {:>8.1} ms", floor.as_secs_f64() * 1e3);
    println!("ours  {:>8.1} ms", ours.as_secs_f64() * 1e3);
    println!("ratio {:.2} (must be at most 1.20)", ours.as_secs_f64() / floor.as_secs_f64());
}
