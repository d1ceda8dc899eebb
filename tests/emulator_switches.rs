//! What `emulator start` can be told on the command line, and the commands that speak to a running
//! one: as a process, in a folder without a project.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use hubjobs::emulator::{Attached, StateDir, attach};
use local_hub::Caller;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder in which an emulator is served.
struct Place {
    dir: TempDir,
    child: Option<Child>,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), child: None }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.args(words).current_dir(self.dir.path()).env_remove("HUBJOBS_ENV").env_remove("HUBJOBS_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What a command prints; it must succeed.
    #[track_caller]
    fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[words, &["--json"]].concat())).unwrap()
    }

    /// What a command complains about; it must fail.
    #[track_caller]
    fn complaint(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(!output.status.success(), "{words:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    async fn start(&mut self, options: &[&str]) -> (Attached, Caller) {
        let words = [&["emulator", "start"], options].concat();
        let mut command = self.command(&words);
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let dir = StateDir::new(self.dir.path().join(".hubjobs/no-project"));
        for _ in 0..600 {
            if let Ok(Some(attached)) = attach(&dir).await {
                let caller = Caller::new(attached.connection_string());
                return (attached, caller);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{words:?} does not serve");
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(Path::new(self.dir.path()).join(file), text).unwrap();
    }

    /// Ends the emulator as an administrator would.
    async fn stop(&mut self, attached: Attached) {
        attached.admin().shutdown().await.unwrap();
        attached.leave().await;
        assert!(self.child.take().unwrap().wait().unwrap().success());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn job(id: &str) -> Value {
    json!({"jobId": id, "type": "scheduleUpdateTwin", "queryCondition": "*",
           "updateTwin": {"etag": "*", "tags": {"wave": 1}}})
}

#[tokio::test]
async fn a_hub_of_another_size_and_time() {
    let mut place = Place::new();
    let options = ["--sku", "s2", "--units", "3", "--clock", "fast", "--clock-start", "2031-05-01T23:00:00Z"];
    let (attached, caller) = place.start(&options).await;
    let hub = place.json(&["emulator", "status"])["hub"].clone();
    assert_eq!(hub["now"], "2031-05-01T23:00:00Z");
    assert_eq!([&hub["sku"], &hub["units"], &hub["lanes"]], [&json!("S2"), &json!(3), &json!(5)]);
    assert_eq!([&hub["messagesUsed"], &hub["messagesPerDay"]], [&json!(0), &json!(18_000_000)]);
    caller.put("/devices/a", &json!({"deviceId": "a"})).await.ok();
    caller.get("/twins/a").await.ok();
    assert_eq!(place.json(&["emulator", "status"])["hub"]["messagesUsed"], 1);
    let text = place.ok(&["emulator", "status"]);
    assert!(text.contains("S2\u{d7}3") && text.contains("0 of 5 lanes taken"), "{text}");
    assert!(text.contains("1 of 18000000 today"), "{text}");

    place.ok(&["emulator", "tick", "--to", "2031-05-02T00:00:00Z"]);
    assert_eq!(place.json(&["emulator", "status"])["hub"]["messagesUsed"], 0, "another day");
    place.ok(&["emulator", "tick", "7d"]);
    assert_eq!(attached.admin().clock().await.unwrap().now.to_string(), "2031-05-09T00:00:00Z");
    assert!(place.complaint(&["emulator", "tick", "--to", "2031-05-02T00:00:00Z"]).contains("only moves forward"));
    assert!(place.complaint(&["emulator", "tick"]).contains("--to"), "one of the two is needed");

    place.stop(attached).await;
    assert!(place.complaint(&["emulator", "tick", "7d"]).contains("no emulator is served here"));
    let (attached, _) = place.start(&["--clock", "fast", "--clock-start", "2020-01-01T00:00:00Z"]).await;
    assert_eq!(attached.admin().clock().await.unwrap().now.to_string(), "2031-05-09T00:00:00Z", "it is kept");
}

/// Official clients make tokens by their own clock, whatever the hub's shows.
#[tokio::test]
async fn official_tokens_are_good_at_any_virtual_date() {
    for (start, job_starts) in [("2020-02-29T12:00:00Z", "2020-03-01"), ("2031-12-31T23:59:50Z", "2032-01-01")] {
        let mut place = Place::new();
        let (attached, caller) = place.start(&["--clock", "real", "--clock-start", start]).await;
        assert!(caller.token(3_600).starts_with("SharedAccessSignature sr=127%2E0%2E0%2E1%3A"), "{}", caller.token(9));
        caller.put("/devices/a", &json!({"deviceId": "a"})).await.ok();
        let date = caller.get("/devices/a").await;
        assert!(date.header("date").unwrap().contains(&start[..4]), "{date:?}");
        let mut later = job("later");
        later["startTime"] = format!("{job_starts}T12:00:00Z").into();
        caller.put("/jobs/v2/later", &later).await.ok();
        place.ok(&["emulator", "tick", "2d"]);
        assert_eq!(caller.get("/jobs/v2/later").await.ok()["status"], "completed");
        let expired = caller.anonymous(Method::GET, "/devices/a").header("Authorization", caller.token(-3_600));
        assert_eq!(expired.send().await.unwrap().status(), 401, "expired by the machine's clock");
        place.ok(&["emulator", "tick", "28d"]);
        assert_eq!(caller.get("/jobs/v2/later").await.ok()["status"], "completed", "not yet 30 days");
        place.ok(&["emulator", "tick", "3d"]);
        assert_eq!(caller.get("/jobs/v2/later").await.ok()["status"], "unknown", "forgotten by the hub's clock");
        place.stop(attached).await;
    }
}

#[tokio::test]
async fn faults_from_the_command_line_a_file_and_a_running_hub() {
    let mut place = Place::new();
    place.write("faults.yaml", "faults:\n  - getJob(a): 429 x1\n  - \"*: slow 1ms\"\n");
    let (_attached, caller) = place.start(&["--fault", "createJob: reply-lost x1", "--faults", "faults.yaml"]).await;
    let listed = |place: &Place| -> Vec<String> {
        let faults = place.json(&["emulator", "faults"])["faults"].clone();
        faults.as_array().unwrap().iter().map(|line| format!("{} {}", line["fault"], line["struck"])).collect()
    };
    assert!(caller.request(Method::PUT, "/jobs/v2/a").json(&job("a")).send().await.is_ok(), "the file comes first");
    assert_eq!(caller.get("/jobs/v2/a").await.status, 429);
    assert_eq!(listed(&place), ["\"getJob(a): 429 x1\" 1", "\"*: slow 1ms\" 1", "\"createJob: reply-lost x1\" 0"]);
    place.ok(&["emulator", "faults", "add", "getTwin: 503", "cancelJob: cancel-denied"]);
    assert_eq!(listed(&place).len(), 5);
    place.write("other.yaml", "faults:\n  - getTwin: 502\n");
    let text = place.ok(&["emulator", "faults", "load", "other.yaml"]);
    assert_eq!(text, "getTwin: 502    befell 0 of 0\n");
    assert_eq!(caller.get("/twins/a").await.status, 502);
    place.ok(&["emulator", "faults", "clear"]);
    assert!(listed(&place).is_empty());
}

#[test]
fn what_is_no_fault_is_said_with_its_place() {
    let place = Place::new();
    let unknown = place.complaint(&["emulator", "start", "--fault", "cancelJobs: 429"]);
    assert!(unknown.contains("there is no operation `cancelJobs`"), "{unknown}");
    place.write("faults.yaml", "faults:\n  - getJob: 429\n  - getJob: 418\n");
    let file = place.complaint(&["emulator", "start", "--faults", "faults.yaml"]);
    assert!(file.contains("faults.yaml:3:5") && file.contains("there is no fault `418`"), "{file}");
    let absent = place.complaint(&["emulator", "start", "--faults", "none.yaml"]);
    assert!(absent.contains("none.yaml"), "{absent}");
    let unserved = place.complaint(&["emulator", "faults"]);
    assert!(unserved.contains("no emulator is served here") && unserved.contains("emulator start"), "{unserved}");
}
