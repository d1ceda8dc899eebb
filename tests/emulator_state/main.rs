//! The emulator's state machine: scenarios as data, and properties that no sequence of events
//! may break.

mod bodies;
mod columns;
mod fleet;
mod in_process;
mod keys;
mod lag;
mod live;
mod properties;
mod scenario;
mod slices;

use std::fs;
use std::path::{Path, PathBuf};

/// Runs every scenario of `tests/cases/emulator`. With `HUBJOBS_UPDATE=1` the answers in the files are
/// written anew.
#[test]
fn scenarios() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/emulator");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).expect("the folder of scenarios").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a scenario");
        let actual = scenario::play(&text);
        if actual == text {
            continue;
        }
        if std::env::var_os("HUBJOBS_UPDATE").is_some() {
            fs::write(&file, &actual).expect("a scenario can be written");
        } else {
            wrong.push(format!("{}\n{}", file.display(), first_difference(&text, &actual)));
        }
    }
    assert!(wrong.is_empty(), "{}\n(HUBJOBS_UPDATE=1 accepts the answers)", wrong.join("\n"));
}

fn first_difference(expected: &str, actual: &str) -> String {
    let (mut expected, mut actual) = (expected.lines(), actual.lines());
    for number in 1.. {
        match (expected.next(), actual.next()) {
            (None, None) => break,
            (expected, actual) if expected != actual => {
                return format!("line {number}\n  expected {}\n  got      {}", show(expected), show(actual));
            }
            _ => {}
        }
    }
    "they differ in white space".to_owned()
}

fn show(line: Option<&str>) -> &str {
    line.unwrap_or("the end")
}
