//! The sample pipeline of GitLab, rehearsed as the one of GitHub: each job's scripts in a bash with GitLab's options,
//! against the emulator, with releases and API from a server that is played.
#![cfg(unix)]

mod workflow_runner;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_yaml::Value;
use sha2::{Digest as _, Sha256};
use workflow_runner::releases::Releases;
use workflow_runner::{copy, pairs, repository, yaml};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const KEY: &str = "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHMsIG9mIDMyIGJ5dGVzIGF0IGxlYXN0";
const SHA: &str = "1111111111111111111111111111111111111111";

struct Pipeline {
    dir: tempfile::TempDir,
}

impl Pipeline {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let pipeline = Self { dir };
        copy(&repository().join("tests/cases/cli/apply.in"), &pipeline.project());
        let written = Command::new(env!("CARGO_BIN_EXE_hubjobs"))
            .args(["init", "--ci", "gitlab", "-e", "local"])
            .current_dir(pipeline.project())
            .output()
            .expect("the program runs");
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        fs::create_dir(pipeline.dir.path().join("bin")).expect("a folder of ours");
        for name in ["apt-get", "git"] {
            pipeline.program(name, "#!/bin/sh\necho \"played: $0 $*\"\n");
        }
        pipeline
    }

    fn project(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.dir.path().join("bin").join(name);
        fs::write(&path, script).expect("a folder of ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a file of ours");
    }

    /// An archive that holds this build, but for comments, which are said.
    fn archive(&self) -> Vec<u8> {
        let inner = format!("hubjobs-{VERSION}-x86_64-unknown-linux-musl");
        let folder = self.dir.path().join(&inner);
        fs::create_dir_all(&folder).expect("a folder of ours");
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = ci ]; then echo \"said: $*\"; exit 0; fi\nexec '{}' \"$@\"\n",
            env!("CARGO_BIN_EXE_hubjobs")
        );
        self.program("packed", &script);
        fs::copy(self.dir.path().join("bin/packed"), folder.join("hubjobs")).expect("a folder of ours");
        let packed = Command::new("tar").args(["-czf", "-", &inner]).current_dir(self.dir.path()).output();
        packed.expect("tar runs").stdout
    }

    /// Runs the scripts of a job; whether it passed, and what it said.
    fn job(&self, name: &str, answers: &[(&str, String)], more: &[(&str, &str)]) -> (bool, String) {
        let file = yaml(&self.project().join(".gitlab-ci.yml"));
        let archive = self.archive();
        let archive_name = format!("hubjobs-{VERSION}-x86_64-unknown-linux-musl.tar.gz");
        let sum = data_encoding::HEXLOWER.encode(&Sha256::digest(&archive));
        let mut files = BTreeMap::from([
            (format!("/v{VERSION}/{archive_name}"), archive),
            (format!("/v{VERSION}/SHA256SUMS"), format!("{sum}  {archive_name}\n").into_bytes()),
        ]);
        files.extend(answers.iter().map(|(path, text)| (format!("/api/projects/7/{path}"), text.clone().into_bytes())));
        let server = Releases::serve(files);
        let authority = self.dir.path().join("ca.pem");
        fs::write(&authority, &server.authority).expect("a folder of ours");
        let lists = [&file[".hubjobs"]["before_script"], &file[name]["script"]];
        let lines: Vec<_> =
            lists.iter().filter_map(|list| list.as_sequence()).flatten().filter_map(Value::as_str).collect();
        let path = format!("{}:{}", self.dir.path().join("bin").display(), std::env::var("PATH").expect("a path"));
        let output = Command::new("bash")
            .args(["-e", "-o", "pipefail", "-c", &lines.join("\n")])
            .env_clear()
            .envs(pairs(&file["variables"]))
            .env("HUBJOBS_URL", &server.url)
            .env("CURL_CA_BUNDLE", authority)
            .env("PATH", path)
            .env("CI", "true")
            .env("CI_API_V4_URL", format!("{}/api", server.url))
            .env("CI_PROJECT_ID", "7")
            .env("CI_COMMIT_SHA", SHA)
            .env("CI_DEFAULT_BRANCH", "main")
            .env("GITLAB_TOKEN", "glpat-of-the-tests")
            .env("HUBJOBS_PLAN_KEY", KEY)
            .env("AZURE_ID_TOKEN", "an.id.token")
            .envs(more.iter().copied())
            .current_dir(self.project())
            .stdin(Stdio::null())
            .output()
            .expect("bash runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    fn file(&self, name: &str) -> String {
        let path: &Path = &self.project().join(name);
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn edit(&self, old: &str, new: &str) {
        let text = self.file("jobs/doors.yaml");
        assert!(text.contains(old), "jobs/doors.yaml has no `{old}`");
        fs::write(self.project().join("jobs/doors.yaml"), text.replacen(old, new, 1)).expect("a file of ours");
    }
}

#[test]
fn from_a_merge_request_to_its_merge_and_on() {
    let pipeline = Pipeline::new();
    let (passed, said) = pipeline.job("check", &[], &[]);
    assert!(passed && said.contains("Offline:") && said.contains(": OK"), "{said}");
    let (passed, said) = pipeline.job("plan", &[], &[]);
    assert!(passed && said.contains("said: ci comment plan.json"), "{said}");

    let merged = [
        (
            "repository/commits/1111111111111111111111111111111111111111/merge_requests",
            r#"[{"iid": 4, "state": "closed", "target_branch": "main"}, {"iid": 5, "state": "merged", "target_branch": "main"}]"#
                .to_owned(),
        ),
        ("jobs/artifacts/refs%2Fmerge-requests%2F5%2Fhead/raw/plan.json?job=plan", pipeline.file("plan.json")),
    ];
    let (passed, said) = pipeline.job("apply", &merged, &[]);
    assert!(passed && said.contains("1 created"), "{said}");
    assert_eq!(pipeline.file("apply.env"), "HUBJOBS_EXIT_CODE=0\n");

    // Somebody changes a manifest that nobody reviewed: nothing is deployed, and the new plan is said.
    pipeline.edit("drill", "fire");
    let (passed, said) = pipeline.job("apply", &merged, &[]);
    assert!(!passed && said.contains("said: ci comment plan.json --pr 5"), "{said}");
    assert_eq!(pipeline.file("apply.env"), "HUBJOBS_EXIT_CODE=4\n");

    let (passed, said) = pipeline.job("apply", &[(merged[0].0, "[]".to_owned())], &[]);
    assert!(!passed && said.contains("nothing was reviewed"), "{said}");
    assert_eq!(pipeline.file("apply.env"), "HUBJOBS_EXIT_CODE=1\n");
}

#[test]
fn what_is_not_planned_is_said_too() {
    let pipeline = Pipeline::new();
    pipeline.edit("kind: MethodJob", "kind: NoJob");
    let (passed, said) = pipeline.job("plan", &[], &[]);
    assert!(!passed && said.contains("said: ci comment -e local --failure plan.log"), "{said}");
    assert!(pipeline.file("plan.log").contains("unknown-kind"), "{}", pipeline.file("plan.log"));

    // A merge request of a fork, or one whose plan has expired.
    let merged = [(
        "repository/commits/1111111111111111111111111111111111111111/merge_requests",
        r#"[{"iid": 5, "state": "merged", "target_branch": "main"}]"#.to_owned(),
    )];
    let (passed, said) = pipeline.job("apply", &merged, &[]);
    assert!(!passed && said.contains("merge request !5 has no plan, or none any more"), "{said}");
}

#[test]
fn the_schedule_goes_on_with_the_last_deployment() {
    let pipeline = Pipeline::new();
    let list = "deployments?environment=local&order_by=id&sort=desc&per_page=50";
    let deployment = |job: u32, sha: &str, status: &str, started: &str| {
        format!(r#"{{"sha": "{sha}", "status": "{status}", "deployable": {{"id": {job}, "started_at": {started}}}}}"#)
    };
    let began = r#""2026-12-01T08:00:00Z""#;
    let left = |code: &str| ("jobs/9/artifacts/apply.env", format!("HUBJOBS_EXIT_CODE={code}\n"));
    let last = |status: &str| {
        let two = [deployment(9, &"2".repeat(40), status, began), deployment(8, SHA, "success", began)];
        (list, format!("[{}]", two.join(", ")))
    };

    let (passed, said) = pipeline.job("reconcile", &[(list, "[]".to_owned())], &[]);
    assert!(passed && said.contains("nothing was applied yet"), "{said}");
    // Stopped by a person, by its time limit, or together with its machine.
    for answers in [vec![last("canceled")], vec![last("failed"), left("unknown")], vec![last("failed")]] {
        let (passed, said) = pipeline.job("reconcile", &answers, &[]);
        assert!(!passed && said.contains("the apply of 2222"), "{said}");
    }
    assert!(!pipeline.project().join(".hubjobs").exists(), "the hub was never asked");
    let (passed, said) = pipeline.job("reconcile", &[last("success")], &[]);
    assert!(passed && said.contains("checkout --quiet 2222") && said.contains("1 created"), "{said}");
    // One that was refused, or still waits for its turn or for a person, changed nothing.
    let waits = format!("[{}, {}]", deployment(9, "2", "blocked", "null"), deployment(8, SHA, "success", began));
    for answers in [vec![last("failed"), left("4")], vec![(list, waits)]] {
        let (passed, said) = pipeline.job("reconcile", &answers, &[]);
        assert!(passed && said.contains("checkout --quiet 1111") && said.contains("0 to create"), "{said}");
    }
}

#[test]
fn another_archive_than_the_release_lists_is_not_used() {
    let pipeline = Pipeline::new();
    let wrong = "0".repeat(64);
    let (passed, said) = pipeline.job("check", &[], &[("HUBJOBS_SHA256", &wrong)]);
    assert!(!passed && said.contains("FAILED") && !said.contains("Offline:"), "{said}");
}
