//! `action.yml`: every script of it is run, with a runner and a server of releases that are played.
#![cfg(unix)]

mod workflow_runner;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use sha2::{Digest as _, Sha256};
use workflow_runner::Runner;
use workflow_runner::releases::Releases;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const TARGET: &str = "x86_64-unknown-linux-musl";

fn archive_name() -> String {
    format!("hubjobs-{VERSION}-{TARGET}.tar.gz")
}

/// An archive as a release has it, with a program that says its name.
fn archive() -> Vec<u8> {
    let dir = tempfile::tempdir().expect("a folder");
    let inner = format!("hubjobs-{VERSION}-{TARGET}");
    fs::create_dir(dir.path().join(&inner)).expect("a folder of ours");
    fs::write(dir.path().join(&inner).join("hubjobs"), "#!/bin/sh\necho \"hubjobs of the release: $*\"\n")
        .expect("a folder of ours");
    let packed = Command::new("tar").args(["-czf", "-", &inner]).current_dir(dir.path()).output().expect("tar runs");
    assert!(packed.status.success());
    packed.stdout
}

fn sha256(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// A server with one release, and a checksum file with these lines.
fn releases(archive: &[u8], sums: &str) -> Releases {
    let file = |name: &str| format!("/v{VERSION}/{name}");
    Releases::serve(BTreeMap::from([
        (file(&archive_name()), archive.to_owned()),
        (file("SHA256SUMS"), sums.as_bytes().to_owned()),
    ]))
}

fn sums(sum: &str) -> String {
    let other = "0".repeat(64);
    format!(
        "{other}  hubjobs-{VERSION}-aarch64-apple-darwin.tar.gz\n{sum}  {}\n{other}  other-{}\n",
        archive_name(),
        archive_name()
    )
}

/// A runner whose project trusts the server.
fn runner(releases: &Releases) -> Runner {
    let runner = Runner::new();
    fs::write(runner.folder("workspace/ca.pem"), &releases.authority).expect("a folder of ours");
    runner
}

#[test]
fn a_release_is_checked_and_installed_once() {
    let archive = archive();
    let releases = releases(&archive, &sums(&sha256(&archive)));
    let mut runner = runner(&releases);
    let with = [("download-url", releases.url.as_str()), ("ca-file", "ca.pem")];
    let ran = runner.action(&with);
    assert!(!ran.has_failed, "{}", ran.log);
    assert!(ran.log.contains("hubjobs of the release: --version"), "{}", ran.log);
    assert_eq!(ran.outputs["version"], VERSION);
    assert_eq!(ran.steps, ["Choose a release", "Look into the cache", "Install hubjobs"]);
    assert_eq!(releases.asked(), [format!("/v{VERSION}/{}", archive_name()), format!("/v{VERSION}/SHA256SUMS")]);

    let again = runner.action(&with);
    assert!(!again.has_failed, "{}", again.log);
    assert_eq!(again.steps, ["Choose a release", "Install hubjobs"], "what is there is not looked for in the cache");
    assert_eq!(releases.asked(), Vec::<String>::new(), "nor downloaded");
    assert!(fs::read_dir(runner.folder("temp")).expect("a folder").next().is_none(), "nothing is left behind");
}

#[test]
fn another_archive_than_the_release_lists_is_not_installed() {
    let archive = archive();
    let wrong = sha256(b"something else");
    let cases = [
        ("a wrong sum", sums(&wrong), "", "was expected; it was not installed"),
        ("no sum", sums(&wrong).replace(&archive_name(), "x"), "", "does not list"),
        ("two sums", sums(&sha256(&archive)) + &sums(&wrong), "", "does not list"),
        (
            "the sum of the workflow counts",
            sums(&sha256(&archive)),
            wrong.as_str(),
            "was expected; it was not installed",
        ),
    ];
    for (case, sums, pinned, message) in cases {
        let releases = releases(&archive, &sums);
        let mut runner = runner(&releases);
        let ran = runner.action(&[
            ("download-url", &releases.url),
            ("ca-file", "ca.pem"),
            ("sha256", pinned),
            ("command", "validate"),
        ]);
        assert!(ran.has_failed && ran.log.contains("::error") && ran.log.contains(message), "{case}: {}", ran.log);
        assert!(!runner.folder("tools/hubjobs").exists(), "{case}");
        assert_eq!(ran.steps.last().map(String::as_str), Some("Install hubjobs"), "{case}");
    }
}

#[test]
fn the_sum_of_the_workflow_needs_no_list() {
    let archive = archive();
    let releases = releases(&archive, "");
    let mut runner = runner(&releases);
    let sum = sha256(&archive);
    let ran = runner.action(&[("download-url", &releases.url), ("ca-file", "ca.pem"), ("sha256", &sum)]);
    assert!(!ran.has_failed, "{}", ran.log);
    assert_eq!(releases.asked(), [format!("/v{VERSION}/{}", archive_name())]);
}

#[test]
fn what_cannot_be_had_is_said() {
    let releases = releases(b"", "");
    for (with, os, message) in [
        (("version", "9.9.9"), "Linux", "/v9.9.9/hubjobs-9.9.9-x86_64-unknown-linux-musl.tar.gz; is there a release"),
        (("version", "../../x"), "Linux", "version is not one such as"),
        (("version", "1.0.0; reboot"), "Linux", "version is not one such as"),
        (("sha256", "abc"), "Linux", "sha256 is not"),
        (("version", VERSION), "Plan9", "there is no release for Plan9 on X64"),
        // The certificate of the server is not one of the system's.
        (("ca-file", ""), "Linux", "may this runner reach it"),
    ] {
        let mut runner = runner(&releases);
        runner.set("RUNNER_OS", os);
        let mut inputs = BTreeMap::from([("download-url", releases.url.as_str()), ("ca-file", "ca.pem")]);
        inputs.insert(with.0, with.1);
        let ran = runner.action(&inputs.into_iter().collect::<Vec<_>>());
        assert!(ran.has_failed && ran.log.contains(message), "{with:?} on {os}: {}", ran.log);
        assert!(!runner.folder("tools/hubjobs").exists());
    }
}

#[test]
fn arguments_may_stand_on_several_lines() {
    let mut runner = Runner::new();
    runner.install();
    let ran = runner.action(&[("command", "validate"), ("arguments", "--quiet\n--no-such-word\n")]);
    assert!(ran.has_failed && ran.log.contains("'--no-such-word'"), "{}", ran.log);
}

/// No value of an input becomes a command.
#[test]
fn inputs_are_data() {
    let hostile = "x'; touch \"$RUNNER_TEMP/pwned\"; $(touch $RUNNER_TEMP/pwned) `touch $RUNNER_TEMP/pwned` #";
    for input in ["command", "environment", "working-directory", "plan-file", "arguments", "pull-request", "comment"] {
        let mut runner = Runner::new();
        runner.install();
        let mut inputs = BTreeMap::from([("command", "offline"), ("comment", "true")]);
        inputs.insert(input, hostile);
        let ran = runner.action(&inputs.into_iter().collect::<Vec<_>>());
        assert!(ran.has_failed, "{input}: there is no project here");
        assert!(!runner.folder("temp/pwned").exists(), "{input}: {}", ran.log);
    }
}
