//! What fuzzing has kept, run again on stable: see `tests/fuzz/`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends with the first surprise, and says with which input"
)]

#[path = "fuzz/bodies/http.rs"]
mod http;
#[path = "fuzz/bodies/mqtt.rs"]
mod mqtt;
#[path = "fuzz/bodies/query.rs"]
mod query;
#[path = "fuzz/bodies/state.rs"]
mod state;

use std::path::Path;

/// Runs a target over its corpus; the name of the input that breaks it is the last one printed.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new("tests/fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&std::fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 0, "no corpus in {}", folder.display());
}

#[test]
fn query() {
    replay("query", query::run);
}

#[test]
fn http() {
    replay("http", http::run);
}

#[test]
fn mqtt() {
    replay("mqtt", mqtt::run);
}

#[test]
fn state() {
    replay("state", state::run);
}
