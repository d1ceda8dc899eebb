//! The picture in the README is what the program prints today.
//!
//! `HUBJOBS_UPDATE=1 cargo test --test recording` draws `.github/recording.svg` anew, from a run of
//! the project beside this file.

mod svg;

use std::fs;
use std::path::Path;
use std::process::Command;

use svg::{Step, draw};

/// Characters of a line of the picture.
const WIDTH: usize = 110;

const TITLE: &str = "hubjobs plans two jobs, and applies them";
const DESCRIPTION: &str = "A terminal. `hubjobs plan` says that it would create two jobs, on which devices, what they would \
    write and how long they take. `hubjobs apply` creates them, waits for the one that is due, and says on how many devices \
    it succeeded.";

fn run(project: &Path, command: &'static str) -> Step {
    let output = Command::new(env!("CARGO_BIN_EXE_hubjobs"))
        .args(command.split(' ').skip(1))
        .args(["--color", "always"])
        .current_dir(project)
        .env_remove("HUBJOBS_ENV")
        .env_remove("HUBJOBS_LOG")
        .output()
        .expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    let printed = text(&output.stdout) + &text(&output.stderr);
    Step { command, output: hubjobs::report::wrapped(&printed, WIDTH) }
}

#[test]
fn the_recording_is_up_to_date() {
    let (root, project) = (Path::new(env!("CARGO_MANIFEST_DIR")), tempfile::tempdir().expect("a folder"));
    let files = root.join("tests/recording/project");
    fs::create_dir(project.path().join("jobs")).expect("a folder of ours");
    for file in ["hubjobs.yaml", "fleet.yaml", "jobs/lock-doors.yaml", "jobs/winter-setpoint.yaml"] {
        fs::copy(files.join(file), project.path().join(file)).expect("a file of the repository");
    }
    let plan = run(project.path(), "hubjobs plan");
    let mut apply = run(project.path(), "hubjobs apply --auto-approve --wait");
    // It begins with the plan, which the reader has just seen.
    let rest = apply.output.strip_prefix(&plan.output).expect("the plan that is applied is the plan");
    apply.output = format!("\u{1b}[2m(the plan, as above)\u{1b}[0m\n{rest}");
    let drawn = draw(TITLE, DESCRIPTION, &[plan, apply]);
    let path = root.join(".github/recording.svg");
    if std::env::var_os("HUBJOBS_UPDATE").is_some() {
        fs::write(&path, &drawn).expect("the folder is writable");
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(published == drawn, "stale: run `HUBJOBS_UPDATE=1 cargo test --test recording`");
}
