//! The sample workflows of GitHub, rehearsed: `hubjobs init --ci` writes them into a project, and their scripts run in
//! order against the emulator, from a pull request to its merge and to what the schedule does later.
#![cfg(unix)]

mod workflow_runner;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use workflow_runner::{Ran, Runner, copy, repository};

const KEY: &str = "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHMsIG9mIDMyIGJ5dGVzIGF0IGxlYXN0";
const HEAD: &str = "2222222222222222222222222222222222222222";

/// The API of GitHub as `gh` shows it: answers from files, filtered as the real one does.
const GH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
printf '%s\n' "$*" >>"$HOME/gh.log"
case "$1 $2" in
  "api --silent") exit 0 ;;
  "run download") cp "$HOME/../artifacts/$7"/* "$(mkdir -p "$9" && echo "$9")"; exit 0 ;;
  "api graphql") answer=history ;;
  "api repos/acme/buildings/commits/"*) answer=pulls ;;
  "api repos/acme/buildings/actions/workflows/hubjobs-plan.yml/runs?"*) answer=runs ;;
  *) echo "gh: not played: $*" >&2; exit 1 ;;
esac
while [[ "$1" != --jq ]]; do shift; done
jq -r "$2" "$HOME/$answer.json"
"#;

struct Rehearsal {
    runner: Runner,
}

impl Rehearsal {
    /// A project with its workflows, and a runner that has hubjobs.
    fn new(project: &str) -> Self {
        let mut runner = Runner::new();
        let workspace = runner.folder("workspace");
        copy(&repository().join("tests/cases/cli").join(format!("{project}.in")), &workspace);
        let written = Command::new(env!("CARGO_BIN_EXE_hubjobs"))
            .args(["init", "--ci", "github", "-e", "local"])
            .current_dir(&workspace)
            .output()
            .expect("the program runs");
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        // Comments have a test of their own.
        let program = runner.installed();
        fs::create_dir_all(program.parent().expect("a folder")).expect("a folder of ours");
        runner.program("played-comment", "#!/bin/sh\necho \"comment: $*\"\n");
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = ci ]; then shift; exec played-comment \"$@\"; fi\nexec '{}' \"$@\"\n",
            env!("CARGO_BIN_EXE_hubjobs")
        );
        runner.program("hubjobs-of-the-tools", &script);
        fs::copy(runner.folder("bin/hubjobs-of-the-tools"), &program).expect("a folder of ours");
        runner.program("gh", GH);
        for (name, value) in [
            ("matrix.environment", "local"),
            ("secrets.HUBJOBS_PLAN_KEY", KEY),
            ("github.event.repository.visibility", "public"),
        ] {
            runner.context(name, value);
        }
        let rehearsal = Self { runner };
        let pulls = format!(
            r#"[{{"number": 6, "merged_at": null, "base": {{"ref": "main"}}, "head": {{"sha": "x"}}}},
                {{"number": 7, "merged_at": "2026-12-01T07:00:00Z", "base": {{"ref": "main"}}, "head": {{"sha": "{HEAD}", "repo": {{"full_name": "acme/buildings"}}}}}}]"#
        );
        rehearsal.answer("pulls", &pulls);
        rehearsal.answer("runs", &runs("acme/buildings", "success"));
        rehearsal.answer("history", &history(&[None]));
        rehearsal
    }

    fn answer(&self, name: &str, json: &str) {
        fs::write(self.runner.folder("home").join(format!("{name}.json")), json).expect("a folder of ours");
    }

    fn job(&mut self, job: &str) -> Ran {
        let file = if job == "check" { "plan" } else { job };
        let path = self.runner.folder("workspace/.github/workflows").join(format!("hubjobs-{file}.yml"));
        self.runner.job(&path, job)
    }

    fn edit(&self, file: &str, old: &str, new: &str) {
        let path = self.runner.folder("workspace").join(file);
        let text = fs::read_to_string(&path).expect("a file of the project");
        assert!(text.contains(old), "{file} has no `{old}`");
        fs::write(path, text.replacen(old, new, 1)).expect("a file of ours");
    }

    /// What was asked of the API since the last time.
    fn asked(&self) -> String {
        let path = self.runner.folder("home/gh.log");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        text
    }

    fn artifact(&self) -> PathBuf {
        self.runner.folder("artifacts/hubjobs-plan-local/hubjobs-plan.json")
    }
}

fn runs(repository: &str, conclusion: &str) -> String {
    format!(
        r#"{{"workflow_runs": [
            {{"id": 90, "run_number": 1, "conclusion": "success", "head_repository": {{"full_name": "mallory/buildings"}}}},
            {{"id": 91, "run_number": 2, "conclusion": "{conclusion}", "head_repository": {{"full_name": "{repository}"}}}}]}}"#
    )
}

fn history(states: &[Option<&str>]) -> String {
    let nodes = states.iter().enumerate().map(|(index, state)| match state {
        Some(state) => format!(r#"{{"oid": "{index}", "status": {{"context": {{"state": "{state}"}}}}}}"#),
        None => format!(r#"{{"oid": "{index}", "status": null}}"#),
    });
    let nodes = nodes.collect::<Vec<_>>().join(", ");
    format!(r#"{{"data": {{"repository": {{"ref": {{"target": {{"history": {{"nodes": [{nodes}]}}}}}}}}}}}}"#)
}

#[test]
fn from_a_pull_request_to_its_merge_and_on() {
    let mut rehearsal = Rehearsal::new("apply");

    let check = rehearsal.job("check");
    assert!(!check.has_failed, "{}", check.log);
    assert!(check.log.contains("Offline:"), "{}", check.log);

    let plan = rehearsal.job("plan");
    assert!(!plan.has_failed, "{}", plan.log);
    assert_eq!(plan.output("plan.exit-code"), "2");
    assert_eq!(plan.output("plan.changes"), "true");
    assert!(plan.output("plan.digest").starts_with("sha256:"), "{:?}", plan.outputs);
    for said in ["::notice ", "comment: comment ", "uploaded SARIF"] {
        assert!(plan.log.contains(said), "{said}: {}", plan.log);
    }
    assert!(rehearsal.runner.summary().contains("### Ready to apply"), "{}", rehearsal.runner.summary());
    let saved = fs::read_to_string(rehearsal.artifact()).expect("the artifact");
    assert!(saved.contains("\"signature\""), "the plan is signed");

    let apply = rehearsal.job("apply");
    assert!(!apply.has_failed, "{}", apply.log);
    assert_eq!(apply.output("apply.exit-code"), "0");
    let asked = rehearsal.asked();
    for part in [
        "commits/1111111111111111111111111111111111111111/pulls",
        &format!("hubjobs-plan.yml/runs?head_sha={HEAD}&event=pull_request"),
        "run download 91 --repo acme/buildings --name hubjobs-plan-local",
        "context=hubjobs/local -f state=pending",
        "context=hubjobs/local -f state=success",
    ] {
        assert!(asked.contains(part), "{part}:\n{asked}");
    }

    // The schedule goes on with the newest commit that got to the hub, and finds nothing to do.
    rehearsal.answer("history", &history(&[None, Some("ERROR"), Some("FAILURE"), Some("SUCCESS")]));
    let reconcile = rehearsal.job("reconcile");
    assert!(!reconcile.has_failed, "{}", reconcile.log);
    assert_eq!((reconcile.output("applied.commit"), reconcile.log.contains("0 to create")), ("2", true));
}

#[test]
fn what_nobody_reviewed_is_not_applied() {
    let mut rehearsal = Rehearsal::new("apply");
    let plan = rehearsal.job("plan");
    assert!(!plan.has_failed, "{}", plan.log);
    rehearsal.edit("jobs/doors.yaml", "drill", "fire");

    let apply = rehearsal.job("apply");
    assert!(apply.has_failed, "{}", apply.log);
    assert_eq!(apply.output("apply.exit-code"), "4");
    let comment = apply.log.lines().find(|line| line.starts_with("comment: ")).expect("a comment with the new plan");
    assert!(comment.ends_with("--pr 7"), "{comment}");
    let asked = rehearsal.asked();
    assert!(asked.contains("-f state=error -f description=not applied, exit code 4"), "{asked}");

    // A plan that was changed on its way.
    rehearsal.edit("jobs/doors.yaml", "fire", "drill");
    let text = fs::read_to_string(rehearsal.artifact()).expect("the artifact");
    fs::write(rehearsal.artifact(), text.replace("drill", "grill")).expect("a file of ours");
    let apply = rehearsal.job("apply");
    assert_eq!((apply.has_failed, apply.output("apply.exit-code")), (true, "4"), "{}", apply.log);
}

#[test]
fn without_a_plan_of_this_repository_nothing_is_applied() {
    let mut rehearsal = Rehearsal::new("apply");
    for (pulls, runs, message) in [
        (Some("[]"), None, "no pull request was merged as 1111"),
        (None, Some(runs("mallory/buildings", "success")), "no plan of pull request #7 succeeded"),
        (None, Some(runs("acme/buildings", "failure")), "no plan of pull request #7 succeeded"),
        (None, Some("{\"workflow_runs\": []}".to_owned()), "no plan of pull request #7 succeeded"),
    ] {
        let fresh = Rehearsal::new("apply");
        if let Some(pulls) = pulls {
            fresh.answer("pulls", pulls);
        }
        if let Some(runs) = &runs {
            fresh.answer("runs", runs);
        }
        rehearsal = fresh;
        let apply = rehearsal.job("apply");
        assert!(apply.has_failed && apply.log.contains(message), "{message}: {}", apply.log);
        assert!(!apply.steps.iter().any(|step| step.starts_with("Apply")), "{:?}", apply.steps);
        assert!(!rehearsal.asked().contains("statuses"), "nothing was begun");
    }
    assert!(!rehearsal.runner.folder("workspace/.hubjobs").exists(), "the hub was never asked");
}

#[test]
fn a_plan_of_a_fork_is_said_to_be_none() {
    let mut rehearsal = Rehearsal::new("apply");
    let pulls = |repository: &str| {
        format!(
            r#"[{{"number": 8, "merged_at": "2026-12-01T07:00:00Z", "base": {{"ref": "main"}},
                  "head": {{"sha": "{HEAD}", "repo": {repository}}}}}]"#
        )
    };
    for repository in [r#"{"full_name": "mallory/buildings"}"#, "null"] {
        rehearsal.answer("pulls", &pulls(repository));
        let apply = rehearsal.job("apply");
        assert!(apply.has_failed && apply.log.contains("#8 came from a fork"), "{}", apply.log);
        assert!(!rehearsal.asked().contains("run download"), "nothing of a fork is fetched");
    }
}

#[test]
fn an_old_run_that_is_started_again_does_not_go_back() {
    let mut rehearsal = Rehearsal::new("apply");
    assert!(!rehearsal.job("plan").has_failed);
    let node =
        |oid: &str, state: &str| format!(r#"{{"oid": "{oid}", "status": {{"context": {{"state": "{state}"}}}}}}"#);
    let ours = node(&"1".repeat(40), "SUCCESS");
    for (nodes, is_back) in [
        (format!("{}, {ours}", node("later", "SUCCESS")), true),
        (format!("{}, {ours}", node("later", "PENDING")), true),
        (node("later", "FAILURE"), true),
        (format!("{}, {ours}", node("later", "ERROR")), false),
        (format!("{ours}, {}", node("earlier", "SUCCESS")), false),
    ] {
        let history =
            format!(r#"{{"data": {{"repository": {{"ref": {{"target": {{"history": {{"nodes": [{nodes}]}}}}}}}}}}}}"#);
        rehearsal.answer("history", &history);
        let apply = rehearsal.job("apply");
        assert_eq!(apply.has_failed, is_back, "{nodes}: {}", apply.log);
        assert_eq!(apply.log.contains("later was applied after 1111"), is_back, "{nodes}: {}", apply.log);
        assert_eq!(rehearsal.asked().contains("state=pending"), !is_back, "{nodes}");
    }
}

#[test]
fn the_schedule_waits_for_a_first_apply_and_stops_after_one_that_was_killed() {
    let mut rehearsal = Rehearsal::new("apply");
    rehearsal.answer("history", &history(&[None, Some("ERROR")]));
    let nothing = rehearsal.job("reconcile");
    assert!(!nothing.has_failed && nothing.log.contains("nothing to go on with"), "{}", nothing.log);
    assert_eq!(nothing.steps, ["Find the commit that was applied last"]);

    rehearsal.answer("history", &history(&[None, Some("PENDING"), Some("SUCCESS")]));
    let killed = rehearsal.job("reconcile");
    assert!(killed.has_failed && killed.log.contains("the apply of 1 was stopped half-way"), "{}", killed.log);

    // It plans, signs and applies by itself what the reviewed commit says.
    rehearsal.answer("history", &history(&[Some("SUCCESS")]));
    let done = rehearsal.job("reconcile");
    assert!(!done.has_failed && done.log.contains("1 created"), "{}", done.log);
}

#[test]
fn a_plan_that_is_blocked_passes_and_one_that_is_refused_does_not() {
    let mut rehearsal = Rehearsal::new("apply");
    assert!(!rehearsal.job("plan").has_failed && !rehearsal.job("apply").has_failed);
    rehearsal.answer("history", &history(&[Some("SUCCESS")]));
    rehearsal.edit("jobs/doors.yaml", "drill", "fire");
    let plan = rehearsal.job("plan");
    assert_eq!((plan.has_failed, plan.output("plan.exit-code")), (false, "6"), "{}", plan.log);
    let reconcile = rehearsal.job("reconcile");
    assert!(
        !reconcile.has_failed && reconcile.log.contains("::warning title=hubjobs::some slots"),
        "{}",
        reconcile.log
    );

    rehearsal.edit("hubjobs.yaml", "prune: cancelScheduled", "safety: {maxNewJobs: 0}\n      prune: cancelScheduled");
    rehearsal.edit("jobs/doors.yaml", "name: lock-doors", "name: lock-more-doors");
    let refused = rehearsal.job("plan");
    assert_eq!((refused.has_failed, refused.output("plan.exit-code")), (true, "5"), "{}", refused.log);
    assert!(refused.log.contains("::error ") && refused.log.contains("uploaded SARIF"), "{}", refused.log);

    rehearsal.edit("jobs/doors.yaml", "kind: MethodJob", "kind: NoJob");
    let invalid = rehearsal.job("check");
    assert!(invalid.has_failed && invalid.log.contains("::error file=jobs/doors.yaml"), "{}", invalid.log);
    let unplanned = rehearsal.job("plan");
    assert!(unplanned.has_failed && unplanned.log.contains("comment: comment --failure "), "{}", unplanned.log);
    assert!(!unplanned.steps.iter().any(|step| step.contains("SARIF")), "{:?}", unplanned.steps);
}
