//! Validation of a large project against its floor: the least that any validator must do.
//!
//! The floor reads the same files, parses each with the same YAML parser into a value with the
//! places of its parts, and asks the same schema whether it fits; it collects no finding, lowers
//! nothing and compares no names. Both use all cores. Ours must reach 0.7 of its speed.
//!
//! `cargo bench --bench validate`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "floor/validation.rs"]
mod floor;

use std::path::Path;
use std::time::{Duration, Instant};

use hubjobs::diagnostic::{SourceMap, Span};
use hubjobs::model::Manifest;
use hubjobs::{load, validate};

const FILES: usize = 10_000;
const ROUNDS: usize = 7;

/// A manifest of about 740 bytes, unlike all others.
fn manifest(n: usize) -> String {
    format!(
        "# yaml-language-server: $schema=../../schemas/manifest.schema.json\n\
         # Locks the doors of building {n} at night.\n\
         apiVersion: hubjobs.dev/v1\n\
         kind: MethodJob\n\
         metadata:\n  name: lock-doors-{n}\n  labels:\n    team: facilities\n    building: \"{n}\"\n\
         spec:\n  suspend: false\n\
         \x20 target:\n    condition: >-\n      tags.building = '{n}' AND tags.floor IN [1, 2, 3]\n\
         \x20     AND properties.reported.firmware != '1.{n}'\n\
         \x20 schedule:\n    cron: \"{minute} 22 * * 1-5\"\n    timeZone: Europe/Berlin\n    startingDeadline: 30m\n\
         \x20 maxExecutionTime: 1h30m\n\
         \x20 method:\n    name: lockDoor\n    payload:\n      reason: night\n      retries: 3\n      doors: [front, back, \"garage {n}\"]\n\
         \x20   responseTimeout: 15s\n    connectTimeout: 5s\n\
         \x20 successWhen:\n    methodStatus: [200, 202]\n    minSucceededPercent: 97.5\n",
        minute = n % 60,
    )
}

fn write_project(dir: &Path) {
    for n in 0..FILES {
        let folder = dir.join(format!("jobs/{:02}", n % 100));
        std::fs::create_dir_all(&folder).expect("a writable folder");
        std::fs::write(folder.join(format!("{n}.yaml")), manifest(n)).expect("a writable file");
    }
}

/// Load and validate, all of it. What the caller gets stays alive until the clock has stopped.
fn ours(dir: &Path) -> (SourceMap, Vec<Manifest>) {
    let mut sources = SourceMap::new();
    let project = sources.add("hubjobs.yaml", String::new());
    let pattern = load::Pattern { text: "jobs/**/*.yaml".to_owned(), span: Span::file(project) };
    let loaded = load::manifests(dir, &[pattern], &mut sources);
    let validated = validate::manifests(&sources, &loaded.ids);
    assert!(loaded.diagnostics.is_empty() && validated.diagnostics.is_empty() && validated.complete);
    (sources, validated.manifests)
}

fn timed<T>(work: impl FnOnce() -> T, count: impl FnOnce(&T) -> usize) -> Duration {
    let start = Instant::now();
    let result = work();
    let time = start.elapsed();
    assert_eq!(count(&result), FILES);
    time
}

/// Processor time of this process so far, in ticks of 10 ms. On a busy machine it is the steadier
/// figure; where there is no `/proc`, it is not printed.
fn ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in brackets, may hold blanks.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(str::parse::<u64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

fn main() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    write_project(dir.path());
    let schema = serde_json::from_str(&validate::schema_json()).expect("the schema is JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("the schema is valid");
    // In turns, so that both see the same neighbours; the first round fills the page cache.
    let (mut floors, mut ourses) = (Vec::new(), Vec::new());
    let (mut floor_ticks, mut our_ticks) = (0, 0);
    for _ in 0..=ROUNDS {
        let start = ticks();
        floors.push(timed(|| floor::validate(dir.path(), &validator, drop).len(), |valid| *valid));
        let middle = ticks();
        ourses.push(timed(|| ours(dir.path()), |(_, manifests)| manifests.len()));
        if let (Some(start), Some(middle), Some(end)) = (start, middle, ticks()) {
            floor_ticks += middle - start;
            our_ticks += end - middle;
        }
    }
    let best = |times: &[Duration]| times[1..].iter().min().copied().unwrap_or_default();
    let (floor, ours) = (best(&floors), best(&ourses));
    let rate = |time: Duration| FILES as f64 / time.as_secs_f64();
    println!("{FILES} manifests of {} bytes in as many files, best of {ROUNDS}", manifest(1234).len());
    println!("floor {:>8.1} ms  {:>7.0} docs/s", floor.as_secs_f64() * 1e3, rate(floor));
    println!("ours  {:>8.1} ms  {:>7.0} docs/s", ours.as_secs_f64() * 1e3, rate(ours));
    if our_ticks > 0 {
        println!("ratio of processor time {:.2}", floor_ticks as f64 / our_ticks as f64);
    }
    println!("ratio {:.2} (must be at least 0.70)", rate(ours) / rate(floor));
}
