//! A whole `hubjobs plan`, as a process: 10 000 manifests in as many files against an emulator that
//! holds their 10 000 finished jobs. The floor is a process that only lists, validates and diffs:
//! it parses the same files with the same YAML parser, asks the same schema, fetches the same
//! pages, and compares by key. Ours must be within 1.2 times of it.
//!
//! `cargo bench --bench plan_hub`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "floor/mod.rs"]
mod floor;

use std::num::NonZeroU32;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use hubjobs::emulator::admin::TickRequest;
use hubjobs::emulator::state::{Fidelity, Throttling};
use hubjobs::emulator::{Emulator, EmulatorConfig, Served, StateDir};
use hubjobs::hub::HubClient as _;
use hubjobs::hub::rest::{ConnectionString, Endpoint, RestConfig, RestHub};
use hubjobs::model::{
    ClockMode, EmulatorClock, EnvironmentName, HubSize, JobAction, JobBody, NewJob, OwnJobId, Owner, OwnerId,
    OwnerSlug, Seconds, Sku, TargetCondition, TwinPatch,
};
use jiff::SignedDuration;
use serde_json::json;
use tokio::net::TcpListener;

const JOBS: usize = 10_000;
const LANES: usize = 10;
const ROUNDS: usize = 7;
const OWNER_ID: &str = "5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10";

fn condition(n: usize) -> String {
    format!("tags.building = '{n}' AND tags.floor IN [1, 2, 3] AND properties.reported.firmware != '1.{n}'")
}

fn manifest(n: usize) -> String {
    format!(
        "# yaml-language-server: $schema=../../schemas/manifest.schema.json\n\
         # Moves the sensors of building {n}, and has them report more often.\n\
         apiVersion: hubjobs.dev/v1\nkind: TwinJob\n\
         metadata:\n  name: move-{n}\n  labels:\n    team: facilities\n    building: \"{n}\"\n\
         spec:\n  suspend: false\n  target:\n    condition: \"{}\"\n\
         \x20 schedule:\n    at: \"2026-12-01T07:30:00Z\"\n    startingDeadline: 2h\n  maxExecutionTime: 1h30m\n\
         \x20 twin:\n    tags:\n      wave: \"{n}\"\n    desired:\n      telemetry:\n        intervalSeconds: 60\n",
        condition(n)
    )
}

fn job(n: usize, owner: &Owner) -> NewJob {
    let object = |value: serde_json::Value| value.as_object().cloned().expect("an object");
    let patch = TwinPatch {
        tags: object(json!({"wave": n.to_string()})),
        desired: object(json!({"telemetry": {"intervalSeconds": 60}})),
    };
    let body = JobBody {
        condition: TargetCondition::new(condition(n)).expect("short"),
        action: JobAction::Twin(patch),
        max_execution: Seconds::new(5_400),
    };
    let id = format!("hj1-{owner}-move-{n}-t2612010730-u0000-{}", body.revision());
    NewJob { id: OwnJobId::parse(&id).expect("of our form"), body, start: None }
}

fn write_project(dir: &Path) {
    let project = format!(
        "apiVersion: hubjobs.dev/v1\nkind: Project\nmetadata: {{name: bench}}\nspec:\n  ownerId: {OWNER_ID}\n\
         \x20 owner: bench\n  manifests: [\"jobs/**/*.yaml\"]\n  environments:\n    local:\n      prune: never\n\
         \x20     hub: {{emulator: {{sku: S3, units: 1, clock: {{start: \"2026-12-01T08:00:00Z\", mode: fast}}}}}}\n"
    );
    std::fs::write(dir.join("hubjobs.yaml"), project).expect("a writable file");
    for n in 0..JOBS {
        let folder = dir.join(format!("jobs/{:02}", n % 100));
        std::fs::create_dir_all(&folder).expect("a writable folder");
        std::fs::write(folder.join(format!("{n}.yaml")), manifest(n)).expect("a writable file");
    }
}

/// Serves a hub below the project, where `hubjobs plan` finds it, and lets every job run its course.
async fn serve(dir: &Path) -> Served {
    let config = EmulatorConfig {
        size: HubSize { sku: Sku::S3, units: NonZeroU32::MIN },
        clock: EmulatorClock { start: Some("2026-12-01T08:00:00Z".parse().expect("a time")), mode: ClockMode::Fast },
        fleet: None,
        fidelity: Fidelity { throttling: Throttling::Off, ..Fidelity::default() },
        snapshot_after: hubjobs::emulator::SNAPSHOT_AFTER,
    };
    let emulator = Emulator::open(&StateDir::new(dir.join(".hubjobs/local")), &config).expect("a free folder");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let served = emulator.serve(listener).await.expect("served");
    let hub = client(&served);
    let slug = OwnerSlug::new("bench").expect("a slug");
    let local = EnvironmentName::new("local").expect("a name");
    let owner = Owner::derive(&slug, &OwnerId::new(OWNER_ID).expect("a UUID"), &local);
    for first in (0..JOBS).step_by(LANES) {
        let jobs: Vec<_> = (first..first + LANES).map(|n| job(n, &owner)).collect();
        try_join_all(jobs.iter().map(|job| hub.create_job(job))).await.expect("created");
        served.admin().tick(TickRequest::By(SignedDuration::from_secs(1))).await.expect("ticked");
    }
    served
}

fn client(served: &Served) -> RestHub {
    let connection = ConnectionString::parse(served.connection_string()).expect("a connection string");
    let endpoint = Endpoint::loopback(served.address()).expect("a loopback address");
    RestHub::connect(RestConfig::emulator(endpoint, connection)).expect("a client")
}

fn timed(command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.stderr(Stdio::inherit()).output().expect("a process");
    let time = start.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    time
}

fn main() {
    if let Some(job) = floor::Process::requested() {
        return job.run();
    }
    let dir = tempfile::tempdir().expect("a temporary folder");
    write_project(dir.path());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let served = runtime.block_on(serve(dir.path()));
    let (mut floors, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        let process = floor::Process { dir: dir.path().to_owned(), connection: served.connection_string().to_owned() };
        floors.push(timed(&mut process.command()));
        let mut plan = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        // Exit code 0 also says that there was nothing to do: every job was found and compared.
        ours.push(timed(plan.args(["plan", "--counts", "none", "--detailed-exitcode", "-C"]).arg(dir.path())));
    }
    runtime.block_on(served.stop()).expect("stopped");
    let median = |times: &mut Vec<Duration>| {
        times.remove(0); // the first fills the page cache
        times.sort();
        times[times.len() / 2]
    };
    let (floor, ours) = (median(&mut floors), median(&mut ours));
    println!("{JOBS} manifests against {JOBS} jobs, whole processes, median of {ROUNDS}");
    println!("floor {:>8.1} ms", floor.as_secs_f64() * 1e3);
    println!("ours  {:>8.1} ms", ours.as_secs_f64() * 1e3);
    println!("ratio {:.2} (must be at most 1.20)", ours.as_secs_f64() / floor.as_secs_f64());
}
