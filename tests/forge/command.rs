//! The commands as a pipeline of GitHub runs them, from the plan to the apply of what was reviewed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use hubjobs::forge::{ForgeKind, Marker};
use serde_json::{Value, json};

use super::played::{HEAD, ME, MERGE, Played, TOKEN};

const KEY: &str = "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHMsIG9mIDMyIGJ5dGVzIGF0IGxlYXN0";
const OTHER_KEY: &str = "b3RoZXIgIGtleSBvZiB0aGUgdGVzdHMsIG9mIDMyIGJ5dGVzIGF0IGxlYXN0";

/// A pipeline: a project, and the variables of its forge.
struct Pipeline {
    dir: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Pipeline {
    fn new(played: &Played) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cli/apply.in"), dir.path());
        let variables = vec![
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_API_URL", played.url.clone()),
            ("GITHUB_REPOSITORY", "contoso/fleet".to_owned()),
            ("GITHUB_TOKEN", TOKEN.to_owned()),
        ];
        Self { dir, variables }
    }

    /// Runs for a pull request.
    fn of_pull_request(&mut self) {
        let event = json!({"pull_request": {"number": 7, "head": {"sha": HEAD}}});
        fs::write(self.dir.path().join("event.json"), event.to_string()).expect("a file of ours");
        self.set("GITHUB_EVENT_PATH", &self.dir.path().join("event.json").display().to_string());
        self.set("GITHUB_SHA", MERGE);
    }

    /// Runs for the push that merged it.
    fn of_merge(&mut self) {
        self.set("GITHUB_EVENT_PATH", "");
        self.set("GITHUB_SHA", MERGE);
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
    }

    #[track_caller]
    fn run(&self, code: i32, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.args(words).current_dir(self.dir.path()).stdin(Stdio::null()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = command.output().expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = Said {
            code: output.status.code().expect("no signal ended it"),
            out: text(&output.stdout),
            err: text(&output.stderr),
        };
        assert!(!said.out.contains(TOKEN) && !said.err.contains(TOKEN), "{}{}", said.out, said.err);
        assert_eq!(said.code, code, "{words:?}: {}{}", said.out, said.err);
        said
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder of ours");
    for entry in fs::read_dir(from).expect("a sample") {
        let path = entry.expect("an entry of the sample").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() { copy(&path, &to) } else { fs::copy(&path, &to).map(drop).expect("a folder of ours") }
    }
}

fn only_comment(played: &Played) -> String {
    let world = played.world();
    let shown = world.shown();
    assert_eq!(shown.len(), 1);
    shown[0].body.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_from_its_plan_to_its_apply() {
    let played = Played::start(ForgeKind::GitHub).await;
    let mut pipeline = Pipeline::new(&played);
    pipeline.of_pull_request();
    pipeline.run(0, &["plan", "--out", "plan.json"]);

    let said = pipeline.run(0, &["ci", "comment", "plan.json", "-vv"]);
    assert!(said.err.contains("plan.json: commented on pull request 7"), "{}", said.err);
    let marker = Marker::of(&only_comment(&played)).expect("a marker");
    assert_eq!(marker.commit.as_deref(), Some(HEAD));
    let said = pipeline.run(0, &["ci", "comment", "plan.json", "--json"]);
    let told: Value = serde_json::from_str(&said.out).expect("one document");
    assert_eq!(told["comments"][0]["outcome"], "unchanged");

    fs::write(pipeline.dir.path().join("log.txt"), "error: no hub\n").expect("a file of ours");
    let said = pipeline.run(0, &["ci", "comment", "--failure", "log.txt"]);
    assert!(said.err.contains("rewrote the comment"), "{}", said.err);
    assert!(only_comment(&played).contains("There is no plan"));
    played.world().state = "merged";
    pipeline.of_merge();
    let said = pipeline.run(4, &["ci", "reviewed"]);
    assert!(said.err.contains("its comment says that there is no plan"), "{}", said.err);

    played.world().state = "open";
    pipeline.of_pull_request();
    pipeline.run(0, &["ci", "comment", "plan.json"]);
    played.world().state = "merged";
    pipeline.of_merge();
    let said = pipeline.run(0, &["ci", "reviewed"]);
    let digest = said.out.trim();
    assert_eq!(Some(digest), marker.digest.as_deref());

    // What nobody reviewed is not applied, nor what a failed command printed.
    let other = format!("sha256:{}", "0".repeat(64));
    let said = pipeline.run(4, &["apply", "--reviewed", &other]);
    assert!(said.err.contains("is not the one that was reviewed"), "{}", said.err);
    pipeline.run(1, &["apply", "--reviewed", ""]);
    assert_eq!(pipeline.run(0, &["status", "-o", "json"]).out.matches("\"jobId\"").count(), 0);
    pipeline.run(0, &["apply", "--reviewed", digest]);
    assert!(pipeline.run(0, &["status", "-o", "json"]).out.matches("\"jobId\"").count() > 0);
    // And again, when there is nothing left to do.
    pipeline.run(0, &["apply", "--reviewed", digest]);
    // What is written after the merge is shown, and was reviewed by nobody.
    assert!(!only_comment(&played).contains("was merged"));
    pipeline.run(0, &["ci", "comment", "plan.json", "--pr", "7"]);
    let body = only_comment(&played);
    assert!(body.contains("**This pull request was merged") && body.contains("an empty commit will do"), "{body}");
    let said = pipeline.run(4, &["ci", "reviewed"]);
    assert!(said.err.contains(&format!("its comment is for commit {MERGE}")), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_a_comment_that_nobody_else_can_write() {
    let played = Played::start(ForgeKind::GitHub).await;
    let mut pipeline = Pipeline::new(&played);
    pipeline.of_pull_request();
    pipeline.run(0, &["plan", "--out", "plan.json"]);
    pipeline.run(0, &["ci", "comment", "plan.json"]);
    pipeline.set("HUBJOBS_PLAN_KEY", KEY);
    played.world().state = "merged";
    pipeline.of_merge();
    let said = pipeline.run(4, &["ci", "reviewed"]);
    assert!(said.err.contains("has no code that `HUBJOBS_PLAN_KEY` made"), "{}", said.err);

    played.world().state = "open";
    pipeline.of_pull_request();
    pipeline.run(0, &["ci", "comment", "plan.json"]);
    played.world().state = "merged";
    pipeline.of_merge();
    pipeline.run(0, &["ci", "reviewed"]);
    // Whoever may edit comments may write another digest, but no code for it.
    let honest = only_comment(&played);
    let digest = Marker::of(&honest).and_then(|marker| marker.digest).expect("a digest");
    let hex = digest.trim_start_matches("sha256:");
    played.world().comments[0].body = honest.replace(hex, &"1".repeat(64));
    pipeline.run(4, &["ci", "reviewed"]);
    played.world().comments[0].body = honest.clone();
    // A copy that a second run left behind changes nothing.
    played.world().add(ME, &honest);
    assert_eq!(pipeline.run(0, &["ci", "reviewed"]).out.trim(), digest);
    pipeline.set("HUBJOBS_PLAN_KEY", OTHER_KEY);
    pipeline.run(4, &["ci", "reviewed"]);
    // The branch went on after the review.
    pipeline.set("HUBJOBS_PLAN_KEY", KEY);
    played.world().head = "c".repeat(40);
    let said = pipeline.run(4, &["ci", "reviewed"]);
    assert!(said.err.contains(&format!("its comment is for commit {HEAD}")), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said() {
    let played = Played::start(ForgeKind::GitHub).await;
    let mut pipeline = Pipeline::new(&played);
    pipeline.run(0, &["plan", "--out", "plan.json"]);
    let said = pipeline.run(1, &["ci", "comment", "plan.json"]);
    assert!(said.err.contains("this pipeline runs for no pull request"), "{}", said.err);
    let said = pipeline.run(0, &["ci", "comment", "plan.json", "--dry-run"]);
    assert!(said.out.starts_with("<!-- hubjobs:plan:1 owner="), "{}", said.out);
    let said = pipeline.run(1, &["ci", "reviewed", "--commit", "abcdef0123"]);
    assert!(said.err.contains("GitHub has no commit abcdef0123"), "{}", said.err);
    let said = pipeline.run(4, &["ci", "reviewed", "--commit", MERGE]);
    assert!(said.err.contains("knows of no single merged pull request"), "{}", said.err);
    pipeline.set("GITHUB_TOKEN", "");
    pipeline.of_pull_request();
    let said = pipeline.run(1, &["ci", "comment", "plan.json"]);
    assert!(
        said.err.contains("GITHUB_TOKEN or GH_TOKEN is not set") && said.err.contains("= help: add `env:"),
        "{}",
        said.err
    );
    pipeline.run(1, &["ci", "comment"]);
    pipeline.run(1, &["ci", "comment", "plan.json", "--failure", "plan.json"]);
    pipeline.run(1, &["ci", "comment", "hubjobs.yaml"]);
}
