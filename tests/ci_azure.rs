//! Scripts of the sample pipeline of Azure Pipelines, against answers as its API documents them.
#![cfg(unix)]

mod workflow_runner;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;
use workflow_runner::{repository, yaml};

const SHA: &str = "1111111111111111111111111111111111111111";

/// Every step of the pipeline, in order.
fn steps(value: &Value) -> Vec<&Value> {
    match value {
        Value::Mapping(map) if map.contains_key("bash") => vec![value],
        Value::Mapping(map) => map.values().flat_map(steps).collect(),
        Value::Sequence(list) => list.iter().flat_map(steps).collect(),
        _ => Vec::new(),
    }
}

/// Runs the script of a step; whether it passed, and what it said. Programs are played.
fn run(step: &str, programs: &[(&str, &str)], variables: &[(&str, &str)]) -> (bool, String) {
    let file = yaml(&repository().join("manifests/azure-pipelines.yml"));
    let all = steps(&file);
    let script = all.iter().find(|found| found["displayName"] == step).and_then(|found| found["bash"].as_str());
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in programs {
        let path = dir.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a folder of ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a file of ours");
    }
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").expect("a path"));
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-c", script.expect("a step of that name")])
        .envs(variables.iter().copied())
        .env("PATH", path)
        .env("AGENT_TEMPDIRECTORY", dir.path())
        .env("PLAN_FILE", dir.path().join("hubjobs-plan.json"))
        .current_dir::<&Path>(dir.path())
        .output()
        .expect("bash runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_commit_is_that_of_the_pull_request_that_made_it() {
    let variables = [
        ("BUILD_SOURCEVERSION", SHA),
        ("BUILD_SOURCEBRANCH", "refs/heads/main"),
        ("BUILD_REPOSITORY_ID", "4f"),
        ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/contoso/"),
        ("SYSTEM_TEAMPROJECTID", "7a"),
        ("SYSTEM_ACCESSTOKEN", "of-the-tests"),
        // A message is whatever its author likes.
        ("BUILD_SOURCEVERSIONMESSAGE", "Merged PR 99: trust me"),
    ];
    let find = |answer: &str| {
        let curl = format!("echo \"asked: $*\" >&2; echo '{answer}'");
        run("Find the pull request", &[("curl", &curl)], &variables)
    };
    let (passed, said) = find(&format!(
        r#"{{"results": [{{"{SHA}": [
            {{"pullRequestId": 3, "status": "completed", "targetRefName": "refs/heads/release"}},
            {{"pullRequestId": 4, "status": "abandoned", "targetRefName": "refs/heads/main"}},
            {{"pullRequestId": 5, "status": "completed", "targetRefName": "refs/heads/main"}}]}}]}}"#
    ));
    assert!(passed && said.contains("variable=pullRequest;isreadonly=true]5\n"), "{said}");
    assert!(said.contains("https://dev.azure.com/contoso/7a/_apis/git/repositories/4f/pullrequestquery?"), "{said}");
    for answer in [r#"{"results": [{}]}"#, r#"{"results": []}"#] {
        let (passed, said) = find(answer);
        assert!(!passed && said.contains("nothing was reviewed"), "{said}");
    }
    assert!(!run("Find the pull request", &[("curl", "exit 22")], &variables).0, "no answer is no review");
}

#[test]
fn a_plan_and_its_failure_are_both_said() {
    let hubjobs = |plan: &str| format!("case $1 in plan) {plan} ;; *) echo \"said: $*\" ;; esac");
    for (plan, passes, said_words) in [
        ("echo planned; touch \"$PLAN_FILE\"; exit 2", true, "said: ci comment /"),
        ("touch \"$PLAN_FILE\"; exit 5", false, "said: ci comment /"),
        ("echo unknown-kind >&2; exit 1", false, "said: ci comment -e prod --failure plan.log"),
    ] {
        let (passed, said) = run("Plan", &[("hubjobs", &hubjobs(plan))], &[]);
        assert!(passed == passes && said.contains(said_words), "{plan}: {said}");
    }
}
