//! Twin writers that get in each other's way, and lanes against time, as scenarios in text:
//! `tests/cases/conflicts/*.txt`. [`scenario`] says how they are read.
//!
//! `HUBJOBS_UPDATE=1` rewrites what the scenarios expect; read the difference before it is kept.

mod properties;
mod scenario;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use scenario::File;

/// One test for each case file, so that a failure names it and `cargo test <name>` runs it alone.
macro_rules! case_files {
    ($($name:ident),* $(,)?) => {
        const CASE_FILES: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*
    };
}

case_files! {
    devices,
    others,
    paths,
    times,
    timeline,
}

#[test]
fn every_case_file_is_run() {
    let on_disk: BTreeSet<String> = std::fs::read_dir(directory())
        .expect("the folder of the cases")
        .map(|entry| entry.expect("an entry of the folder").path())
        .map(|path| path.file_stem().expect("a file with a name").to_string_lossy().into_owned())
        .collect();
    let listed: BTreeSet<String> = CASE_FILES.iter().map(ToString::to_string).collect();
    assert_eq!(on_disk, listed);
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/conflicts")
}

fn check(name: &str) {
    let path = directory().join(format!("{name}.txt"));
    let file = File::parse(&std::fs::read_to_string(&path).expect("a readable case file"));
    if std::env::var_os("HUBJOBS_UPDATE").is_some() {
        std::fs::write(&path, file.updated()).expect("a writable case file");
        return;
    }
    let mut failures = String::new();
    for scenario in &file.scenarios {
        let (expected, found) = (&scenario.expected, scenario.run());
        if *expected != found {
            let _ = writeln!(failures, "\n== {}\n-- expected\n{expected}-- found\n{found}", scenario.title);
        }
    }
    assert!(failures.is_empty(), "{}:{failures}", path.display());
}
