//! What a release is made of, as far as it can be tried without making one.
#![cfg(unix)] // its scripts are shell

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn script(name: &str, words: &[&str]) -> Output {
    Command::new(root().join(".github/packaging").join(name)).args(words).output().expect("the script starts")
}

/// A folder with what `check-release` looks at: versions of Cargo.toml and Cargo.lock, and a changelog.
fn release(version: &str, locked: &str, changelog: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| fs::write(dir.path().join(name), text).expect("a file");
    fs::create_dir(dir.path().join(".github")).expect("a folder");
    write("Cargo.toml", format!("[package]\nname = \"hubjobs\"\nversion = \"{version}\"\n"));
    write("Cargo.lock", format!("[[package]]\nname = \"hubjobs\"\nversion = \"{locked}\"\n"));
    write(".github/CHANGELOG.md", changelog.to_owned());
    dir
}

/// What `check-release` says of a tag; nothing if it may be released.
fn objections(tag: &str, dir: &TempDir) -> String {
    let output = script("check-release", &[tag, &dir.path().to_string_lossy()]);
    let words = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.success(), words.is_empty(), "{words}");
    words
}

const CHANGELOG: &str = "## [Unreleased]\n\n## [1.2.3] - 2026-12-01\n\n### Added\n\n- Something.\n";

#[test]
fn a_tag_is_released_when_all_versions_agree() {
    assert_eq!(objections("v1.2.3", &release("1.2.3", "1.2.3", CHANGELOG)), "");
}

#[test]
fn a_tag_is_refused_with_all_reasons() {
    let waiting = CHANGELOG.replacen("\n\n", "\n\n- Not released.\n\n", 1);
    for (tag, version, locked, changelog, reason) in [
        ("v1.2.4", "1.2.3", "1.2.3", CHANGELOG, "the tag is v1.2.4, and Cargo.toml:3 has version 1.2.3"),
        ("1.2.3", "1.2.3", "1.2.3", CHANGELOG, "the tag is 1.2.3"),
        ("v1.2.3", "1.2.3", "1.2.2", CHANGELOG, "Cargo.lock has version 1.2.2"),
        ("v1.2.4", "1.2.4", "1.2.4", CHANGELOG, "has no line `## [1.2.4] - YYYY-MM-DD`"),
        ("v1.2.3", "1.2.3", "1.2.3", &waiting, "has 1 entries below `## [Unreleased]`"),
    ] {
        let words = objections(tag, &release(version, locked, changelog));
        assert!(words.contains(reason) && words.lines().count() == 1, "{words}");
    }
    let words = objections("v2", &release("1.0.0", "1.0.1", &waiting));
    assert_eq!(words.lines().count(), 4, "{words}");
}

/// The version of this tree can be released but for its changelog, which has entries that wait.
#[test]
fn the_versions_of_this_tree_agree() {
    let tag = concat!("v", env!("CARGO_PKG_VERSION"));
    let words = String::from_utf8(script("check-release", &[tag]).stderr).expect("text");
    assert!(words.lines().all(|line| line.contains("CHANGELOG.md")), "{words}");
    assert!(read(".github/CHANGELOG.md").contains("\n## [Unreleased]\n"));
}

/// The targets that the workflow builds.
fn targets() -> BTreeSet<String> {
    let workflow = read(".github/workflows/release.yml");
    let target = |line: &str| Some(line.trim().strip_prefix("- {target: ")?.split_once(',')?.0.to_owned());
    workflow.lines().filter_map(target).collect()
}

#[test]
fn the_workflow_builds_every_promised_target() {
    let wanted = [
        "aarch64-apple-darwin",
        "aarch64-unknown-linux-musl",
        "x86_64-apple-darwin",
        "x86_64-pc-windows-msvc",
        "x86_64-unknown-linux-musl",
    ];
    assert_eq!(targets().into_iter().collect::<Vec<_>>(), wanted);
    let bills = read(".github/packaging/bill-of-materials");
    assert!(targets().iter().all(|target| bills.contains(target.as_str())), "a bill of materials each");
}

/// Lines such as those of sha256sum.
fn sums(targets: &BTreeSet<String>) -> String {
    let line = |(index, target): (usize, &String)| format!("{index:064x}  hubjobs-1.2.3-{target}.tar.gz\n");
    targets.iter().enumerate().map(line).collect()
}

#[test]
fn the_formula_names_what_is_released() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("SHA256SUMS");
    let mut targets = targets();
    targets.retain(|target| !target.contains("windows"));
    fs::write(&file, sums(&targets)).expect("a file");
    let output = script("formula", &["1.2.3", "some-one/hubjobs", &file.to_string_lossy()]);
    let formula = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (index, target) in targets.iter().enumerate() {
        let place = "https://github.com/some-one/hubjobs/releases/download/v1.2.3";
        let wanted = format!("url \"{place}/hubjobs-1.2.3-{target}.tar.gz\"\n      sha256 \"{index:064x}\"\n");
        assert!(formula.contains(&wanted), "no {wanted} in\n{formula}");
    }
    // The comment at the top speaks of them.
    let body = formula.split_once('\n').expect("lines").1;
    assert!(!body.contains('@'), "nothing is left to fill in:\n{body}");
}

#[test]
fn a_formula_without_a_checksum_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("SHA256SUMS");
    let mut targets = targets();
    targets.remove("x86_64-apple-darwin");
    fs::write(&file, sums(&targets)).expect("a file");
    let output = script("formula", &["1.2.3", "some-one/hubjobs", &file.to_string_lossy()]);
    assert!(!output.status.success() && output.stdout.is_empty());
    let words = String::from_utf8(output.stderr).expect("text");
    assert!(words.ends_with("has no checksum of hubjobs-1.2.3-x86_64-apple-darwin.tar.gz\n"), "{words}");
}

/// A commit cannot be moved, as a tag or a branch can.
#[test]
fn actions_are_pinned_to_commits() {
    let workflows = fs::read_dir(root().join(".github/workflows")).expect("a folder");
    for path in workflows.map(|entry| entry.expect("an entry").path()) {
        let text = fs::read_to_string(&path).expect("a workflow");
        for line in text.lines().map(|line| line.trim().trim_start_matches("- ")) {
            let Some(action) = line.strip_prefix("uses: ").filter(|action| !action.starts_with("./")) else { continue };
            let (_, pin) = action.split_once('@').unwrap_or_default();
            let (commit, version) = pin.split_once(" # v").unwrap_or_default();
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && !version.is_empty(), "{}: {line}", path.display());
        }
    }
}

/// The archive of a folder with these files.
fn packed(dir: &Path, archive: &str, files: &[&str], epoch: &str) -> Vec<u8> {
    let folder = dir.join("hubjobs-1.2.3");
    for file in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, file).expect("a file");
    }
    let output = Command::new("python3")
        .arg(root().join(".github/packaging/archive.py"))
        .args([&folder, &dir.join(archive)])
        .env("SOURCE_DATE_EPOCH", epoch)
        .output()
        .expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(dir.join(archive)).expect("an archive")
}

#[test]
fn an_archive_depends_on_its_contents_alone() {
    for archive in ["a.tar.gz", "a.zip"] {
        let [one, two, later] = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
        let first = packed(one.path(), archive, &["hubjobs", "man/a.1", "man/b.1"], "1796119200");
        let second = packed(two.path(), archive, &["man/b.1", "man/a.1", "hubjobs"], "1796119200");
        assert!(first == second, "{archive}: the order of writing, and the times of files, do not count");
        let later = packed(later.path(), archive, &["hubjobs", "man/a.1", "man/b.1"], "1796119300");
        assert!(first != later, "{archive}: the time of the commit is in it");
    }
}
