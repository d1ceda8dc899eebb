//! Workflows and pipelines as data: what they may do, and what must never be in them. `tests/workflows/run` holds them
//! to the schemas of their services.

mod workflow_runner;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_yaml::Value;
use workflow_runner::{ACTION, pairs, repository, scalar, yaml};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const SAMPLES: [&str; 3] = ["hubjobs-plan.yml", "hubjobs-apply.yml", "hubjobs-reconcile.yml"];

fn sample(name: &str) -> PathBuf {
    repository().join("manifests/.github/workflows").join(name)
}

/// The workflows of the sample project and of this repository, and the action.
fn files() -> Vec<PathBuf> {
    let folders = ["manifests/.github/workflows", ".github/workflows"];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(repository().join(folder)).expect("a folder"));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.push(repository().join("action.yml"));
    files
}

/// Every step of a workflow or an action.
fn steps(file: &Value) -> Vec<Value> {
    let jobs = file["jobs"].as_mapping().into_iter().flatten().map(|(_, job)| &job["steps"]);
    let lists = jobs.chain([&file["runs"]["steps"]]).filter_map(Value::as_sequence);
    lists.flatten().cloned().collect()
}

#[test]
fn every_action_is_pinned_to_a_commit() {
    let mut count = 0;
    for path in files() {
        let text = fs::read_to_string(&path).expect("a workflow");
        for line in text.lines() {
            let Some(uses) = line.trim_start_matches([' ', '-']).strip_prefix("uses: ") else { continue };
            count += 1;
            let (name, version) = uses.split_once(" # ").unwrap_or((uses, ""));
            let commit = name.split_once('@').map_or("", |(_, commit)| commit);
            let is_pinned = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            // A commit cannot hold its own id.
            let is_fine = name == ACTION || name.starts_with("./") || (is_pinned && version.starts_with('v'));
            assert!(is_fine, "{}: {line}", path.display());
        }
    }
    assert!(count > 10, "only {count} actions were seen");
}

#[test]
fn no_value_is_pasted_into_a_script() {
    for path in files() {
        let steps = steps(&yaml(&path));
        assert!(!steps.is_empty(), "{}", path.display());
        for run in steps.iter().filter_map(|step| step["run"].as_str()) {
            assert!(!run.contains("${{"), "{}: values reach scripts through `env`:\n{run}", path.display());
        }
    }
}

#[test]
fn no_workflow_runs_the_code_of_strangers_with_rights() {
    for path in files().iter().filter(|path| path.parent().is_some_and(|dir| dir.ends_with("workflows"))) {
        let workflow = yaml(path);
        let events: Vec<_> = match &workflow["on"] {
            Value::Mapping(events) => events.keys().map(scalar).collect(),
            event => vec![scalar(event)],
        };
        for event in ["pull_request_target", "workflow_run", "issue_comment"] {
            assert!(!events.iter().any(|name| name == event), "{}: {event}", path.display());
        }
        assert!(workflow.get("permissions").is_some(), "{}: rights begin with none", path.display());
        for step in steps(&workflow) {
            if step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/checkout@")) {
                assert_eq!(step["with"]["persist-credentials"], false, "{}", path.display());
            }
        }
    }
}

/// Rights of each job of the samples. A right that is added has to be added here, and thought about.
#[test]
fn jobs_have_the_rights_that_they_need() {
    type Rights = &'static [(&'static str, &'static str)];
    let wanted: &[(&str, &str, Rights)] = &[
        ("hubjobs-plan.yml", "check", &[("contents", "read")]),
        (
            "hubjobs-plan.yml",
            "plan",
            &[
                ("actions", "read"),
                ("contents", "read"),
                ("id-token", "write"),
                ("pull-requests", "write"),
                ("security-events", "write"),
            ],
        ),
        (
            "hubjobs-apply.yml",
            "apply",
            &[
                ("actions", "read"),
                ("contents", "read"),
                ("id-token", "write"),
                ("pull-requests", "write"),
                ("statuses", "write"),
            ],
        ),
        ("hubjobs-reconcile.yml", "reconcile", &[("contents", "read"), ("id-token", "write"), ("statuses", "read")]),
    ];
    let mut found = BTreeMap::new();
    for name in SAMPLES {
        let workflow = yaml(&sample(name));
        assert_eq!(workflow["permissions"], Value::Mapping(serde_yaml::Mapping::new()), "{name}: none for all");
        for (job, value) in workflow["jobs"].as_mapping().expect("jobs") {
            found.insert((name, scalar(job)), pairs(&value["permissions"]).collect::<Vec<_>>());
            assert!(value["timeout-minutes"].as_u64().is_some_and(|minutes| minutes <= 60), "{name}");
        }
    }
    let owned = |rights: Rights| rights.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let wanted = wanted.iter().map(|(name, job, rights)| ((*name, (*job).to_owned()), owned(rights))).collect();
    assert_eq!(found, wanted);
}

#[test]
fn who_signs_in_is_no_fork_and_who_writes_is_alone() {
    let plan = yaml(&sample("hubjobs-plan.yml"));
    let condition = scalar(&plan["jobs"]["plan"]["if"]);
    assert!(condition.contains("github.event.pull_request.head.repo.full_name == github.repository"), "{condition}");
    let mut locks = Vec::new();
    for (name, job) in [("hubjobs-apply.yml", "apply"), ("hubjobs-reconcile.yml", "reconcile")] {
        let job = &yaml(&sample(name))["jobs"][job];
        assert!(job["environment"].is_string(), "{name}: an environment can be protected");
        let lock = &job["concurrency"];
        assert_eq!(lock["cancel-in-progress"], false, "{name}: an apply is never stopped half-way");
        assert_eq!(lock["queue"], "max", "{name}: one that waits is not dropped for a later one");
        locks.push(scalar(&lock["group"]));
    }
    assert_eq!(locks[0], locks[1], "two commits must not be at work at once");
}

/// The only secret is the key that signs plans, and only the steps that need it have it.
#[test]
fn there_is_no_secret_of_azure() {
    for name in SAMPLES {
        let text = fs::read_to_string(sample(name)).expect("a workflow");
        let secrets = text.matches("secrets.").count();
        assert_eq!(secrets, text.matches("HUBJOBS_PLAN_KEY: ${{ secrets.HUBJOBS_PLAN_KEY }}").count(), "{name}");
        for job in yaml(&sample(name))["jobs"].as_mapping().expect("jobs").values() {
            assert!(pairs(&job["env"]).all(|(_, value)| !value.contains("secrets.")), "{name}");
        }
    }
}

/// Every user of a machine may read the arguments of every process.
#[test]
fn no_token_is_an_argument_of_a_program() {
    for name in [".gitlab-ci.yml", "azure-pipelines.yml"] {
        let text = fs::read_to_string(repository().join("manifests").join(name)).expect("a pipeline");
        let headers: Vec<_> = text.match_indices("--header ").map(|(at, _)| &text[at + "--header ".len()..]).collect();
        assert!(!headers.is_empty(), "{name}");
        for header in headers {
            let is_fine = header.starts_with("@<(printf ") || header.starts_with("\"Content-Type:");
            assert!(is_fine, "{name}: {}", header.lines().next().unwrap_or_default());
        }
    }
}

#[test]
fn every_file_installs_this_version() {
    let action = yaml(&repository().join("action.yml"));
    assert_eq!(scalar(&action["inputs"]["version"]["default"]), VERSION);
    let gitlab = yaml(&repository().join("manifests/.gitlab-ci.yml"));
    assert_eq!(scalar(&gitlab["variables"]["HUBJOBS_VERSION"]), VERSION);
    let azure = yaml(&repository().join("manifests/azure-pipelines.yml"));
    let variables = azure["variables"].as_sequence().expect("variables");
    let version = variables.iter().find(|variable| variable["name"] == "hubjobsVersion").expect("the version");
    assert_eq!(scalar(&version["value"]), VERSION);
}

#[test]
fn one_apply_at_a_time_on_the_other_services() {
    let gitlab = yaml(&repository().join("manifests/.gitlab-ci.yml"));
    for job in ["apply", "reconcile"] {
        assert_eq!(gitlab[job]["resource_group"], "hubjobs-prod", "{job}");
        assert_eq!(gitlab[job]["interruptible"], false, "{job}");
    }
    let azure = yaml(&repository().join("manifests/azure-pipelines.yml"));
    for stage in azure["stages"].as_sequence().expect("stages").iter().skip(1) {
        assert_eq!(stage["lockBehavior"], "sequential", "{stage:?}");
        assert_eq!(stage["variables"][0]["group"], "hubjobs-prod-lock", "both take the same lock");
    }
}
