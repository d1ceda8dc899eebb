//! The recipes in `manifests/cookbook` are valid, and what their comments say of a plan holds.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A copy of the cookbook, without the state of an emulator.
fn cookbook() -> tempfile::TempDir {
    let (from, to) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/cookbook"), tempfile::tempdir().expect("a folder"));
    fs::create_dir(to.path().join("recipes")).expect("a folder of ours");
    for file in ["hubjobs.yaml", "fleet.yaml"] {
        fs::copy(from.join(file), to.path().join(file)).expect("a file of the cookbook");
    }
    for recipe in fs::read_dir(from.join("recipes")).expect("the recipes") {
        let recipe = recipe.expect("a recipe");
        fs::copy(recipe.path(), to.path().join("recipes").join(recipe.file_name())).expect("a recipe");
    }
    to
}

fn run(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
    command.args(words).current_dir(folder).env("NO_COLOR", "1").env_remove("HUBJOBS_ENV").env_remove("HUBJOBS_LOG");
    command.output().expect("the program runs")
}

fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The first line of every row and finding of a plan, and the verdict.
fn headlines(folder: &Path, environment: &str) -> String {
    let output = run(folder, &["plan", "-e", environment]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    text.lines().filter(|line| !line.starts_with("      ")).map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn recipes_are_valid_in_every_environment() {
    let folder = cookbook();
    let output = run(folder.path(), &["validate"]);
    assert!(output.status.success(), "{}", printed(&output));
    let cases = run(folder.path(), &["policy", "test"]);
    assert!(cases.status.success(), "{}", printed(&cases));
}

#[test]
fn plans_stay_what_the_recipes_say() {
    for environment in ["local", "staging", "world"] {
        let folder = cookbook();
        insta::assert_snapshot!(format!("plan_{environment}"), headlines(folder.path(), environment));
    }
}

#[test]
fn the_cookbook_runs_and_a_second_run_finds_nothing_to_do() {
    let folder = cookbook();
    let first = run(folder.path(), &["apply", "--auto-approve", "--wait"]);
    assert_eq!(first.status.code(), Some(0), "{}", printed(&first));
    let second = run(folder.path(), &["plan", "--detailed-exitcode"]);
    assert_eq!(second.status.code(), Some(0), "{}", printed(&second));
}
