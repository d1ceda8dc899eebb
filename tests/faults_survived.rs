//! hubjobs itself against fault scripts: whatever befalls its calls, a slot runs once, with what was
//! written last, and repeated applies come to an end.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use hubjobs::emulator::admin::AdminClient;
use hubjobs::emulator::{Attached, StateDir, attach};
use jiff::SignedDuration;
use local_hub::Caller;
use serde_json::Value;
use tempfile::TempDir;

/// How often `apply` may have to be repeated: each time it says how it ended.
const APPLIES_MAX: usize = 8;

/// What befalls the calls of a first apply, and of one that replaces what the first one created.
const SCRIPTS: [&[&str]; 18] = [
    &["createJob: reply-lost x2"],
    &["createJob: 503 committed x1", "createJob: 500 x1"],
    &["createJob: reset x2", "getJob: reset x2"],
    &["createJob: reply-lost x1", "getJob: stale x3"],
    &["createJob: 502 committed x1", "getJob: 504 x2"],
    &["createJob: 429 x1"],
    &["listJobs: empty-page x3"],
    &["listJobs: duplicate-page x3"],
    &["listJobs: stale x3"],
    &["cancelJob: reply-lost x1"],
    &["cancelJob: 503 committed x1", "cancelJob: reset x1"],
    &["cancelJob: cancel-denied x1"],
    &["cancelJob: cancel-ignored x1"],
    &["cancelJob: cancel-denied x1", "getJob: stale x2"],
    &["*: reset every 4", "*: slow 20ms every 2"],
    &["*: reply-lost every 3"],
    &["*: 503 committed every 3"],
    &["getJob: stale 50% seed 5", "createJob: reply-lost 50% seed 6", "cancelJob: reply-lost every 2"],
];

/// A project whose emulator another process serves.
struct Project {
    dir: TempDir,
    child: Option<Child>,
}

impl Project {
    fn new() -> Self {
        let project = Self { dir: tempfile::tempdir().unwrap(), child: None };
        project.write(
            "hubjobs.yaml",
            "apiVersion: hubjobs.dev/v1\nkind: Project\nmetadata: {name: p}\nspec:\n  \
             ownerId: 2c9f2f0e-5d06-4c3a-a1ff-6c4b3a1f7d20\n  owner: p\n  manifests: [\"jobs/*.yaml\"]\n  \
             environments:\n    local:\n      hub: {emulator: {sku: S3, clock: {start: \"2026-12-01T08:00:00Z\", \
             mode: fast}}}\n      prune: cancelScheduled\n",
        );
        project.want("first");
        project
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The manifest, with a wave in it.
    fn want(&self, wave: &str) {
        self.write(
            "jobs/a.yaml",
            &format!(
                "apiVersion: hubjobs.dev/v1\nkind: TwinJob\nmetadata: {{name: a}}\nspec:\n  target: {{all: true}}\n  \
                 expectDevices: {{max: 1000}}\n  \
                 schedule: {{at: \"2026-12-01T08:30:00Z\"}}\n  maxExecutionTime: 10m\n  \
                 twin: {{tags: {{wave: {wave}}}}}\n"
            ),
        );
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.args(words).current_dir(self.dir.path()).env_remove("HUBJOBS_ENV").env_remove("HUBJOBS_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    async fn run(&self, words: &[&str]) -> Output {
        let mut command = self.command(words);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn start(&mut self) -> Attached {
        let words = ["emulator", "start", "--https-port", "0", "--mqtt-port", "0"];
        let mut command = self.command(&words);
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        for _ in 0..1_200 {
            if let Ok(Some(attached)) = attach(&StateDir::new(self.dir.path().join(".hubjobs/local"))).await {
                return attached;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the emulator does not serve");
    }

    /// Applies until there is nothing left to do.
    async fn apply(&self, about: &str) {
        let mut said = Vec::new();
        for _ in 0..APPLIES_MAX {
            let output = self.run(&["apply", "--auto-approve"]).await;
            if output.status.success() {
                return;
            }
            said.push(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        panic!("{about}: no end after {APPLIES_MAX} applies:\n{}", said.join("\n---\n"));
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// How many calls were befallen.
async fn struck(admin: &AdminClient) -> u64 {
    admin.faults().await.unwrap().iter().map(|line| line.struck).sum()
}

async fn jobs(caller: &Caller) -> Vec<Value> {
    caller.get("/jobs/v2/query").await.ok().as_array().unwrap().clone()
}

async fn survive(script: &[&str]) {
    let about = script.join(", ");
    let mut project = Project::new();
    let attached = project.start().await;
    let (admin, caller) = (attached.admin(), Caller::new(attached.connection_string()));
    let specs: Vec<_> = script.iter().map(|line| line.parse().unwrap()).collect();
    admin.replace_faults(&specs).await.unwrap();
    project.apply(&about).await;
    let mut struck = struck(admin).await;
    admin.replace_faults(&[]).await.unwrap();
    let created = jobs(&caller).await;
    assert_eq!(created.len(), 1, "{about}: {created:#?}");

    project.want("second");
    admin.replace_faults(&specs).await.unwrap();
    project.apply(&about).await;
    struck += self::struck(admin).await;
    assert!(struck > 0, "{about}: nothing ever happened");
    admin.replace_faults(&[]).await.unwrap();
    let nothing = project.run(&["plan", "--detailed-exitcode"]).await;
    assert_eq!(nothing.status.code(), Some(0), "{about}: {}", String::from_utf8_lossy(&nothing.stdout));

    let tick = hubjobs::emulator::admin::TickRequest::By(SignedDuration::from_hours(2));
    admin.tick(tick).await.unwrap();
    let ended = jobs(&caller).await;
    let ran: Vec<_> = ended.iter().filter(|job| job["status"] != "cancelled").collect();
    assert_eq!(ran.len(), 1, "{about}: a slot runs once: {ended:#?}");
    assert_eq!((&ran[0]["status"], &ran[0]["updateTwin"]["tags"]["wave"]), (&"completed".into(), &"second".into()));
    attached.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_runs_once_whatever_befalls_its_calls() {
    let scripts = Arc::new(SCRIPTS);
    futures_util::stream::iter(0..scripts.len()).for_each_concurrent(4, |index| survive(SCRIPTS[index])).await;
}

/// The job starts while its cancellation is under way: it cannot be replaced any more, and what was
/// written last does not run in the same slot.
#[tokio::test]
async fn a_job_that_starts_under_a_cancel_is_not_run_again() {
    let mut project = Project::new();
    let attached = project.start().await;
    project.apply("nothing").await;
    project.want("second");
    attached.admin().replace_faults(&["cancelJob: clock 31m x1".parse().unwrap()]).await.unwrap();
    let output = project.run(&["apply", "--auto-approve"]).await;
    assert_eq!(output.status.code(), Some(6), "{}", String::from_utf8_lossy(&output.stderr));
    let caller = Caller::new(attached.connection_string());
    let ran = jobs(&caller).await;
    assert_eq!(ran.len(), 1, "{ran:#?}");
    assert_eq!(ran[0]["updateTwin"]["tags"]["wave"], "first");
    attached.leave().await;
}
