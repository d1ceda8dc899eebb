//! The program as a process: secrets, signals, pipes, and two processes on one state.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A project of its own in a folder that goes away.
struct Project {
    dir: tempfile::TempDir,
}

const LOCAL: &str =
    "hub: {emulator: {fleet: fleet.yaml, sku: S3, clock: {start: \"2026-12-01T08:00:00Z\", mode: MODE}}}";

impl Project {
    /// The project of the transcripts, with the clock in a mode.
    fn new(mode: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cli/apply.in");
        let project = format!(
            "apiVersion: hubjobs.dev/v1\nkind: Project\nmetadata: {{name: p}}\nspec:\n  \
             ownerId: 2c9f2f0e-5d06-4c3a-a1ff-6c4b3a1f7d20\n  owner: p\n  manifests: [\"jobs/*.yaml\"]\n  \
             environments:\n    local:\n      {}\n      prune: cancelScheduled\n    prod:\n      \
             hub: {{hostName: hub.invalid, auth: {{connectionStringEnv: HUBJOBS_TEST_SECRET}}, sku: S1}}\n      \
             prune: never\n",
            LOCAL.replace("MODE", mode)
        );
        let this = Self { dir };
        this.write("hubjobs.yaml", &project);
        for file in ["fleet.yaml", "jobs/doors.yaml"] {
            this.write(file, &fs::read_to_string(sample.join(file)).expect("part of the sample"));
        }
        this
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder of ours");
        fs::write(path, text).expect("a folder of ours");
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.args(words).current_dir(self.dir.path());
        for variable in ["CI", "HUBJOBS_ENV", "HUBJOBS_LOG", "HUBJOBS_TEST_SECRET"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program runs")
    }

    /// A job far enough ahead to wait on the hub.
    fn write_waiting_job(&self, name: &str) {
        let manifest = format!(
            "apiVersion: hubjobs.dev/v1\nkind: MethodJob\nmetadata: {{name: {name}}}\nspec:\n  \
             target: {{all: true}}\n  expectDevices: {{max: 1000}}\n  schedule: {{at: \"2026-12-01T08:30:00Z\"}}\n  \
             maxExecutionTime: 10m\n  method: {{name: lockDoor}}\n"
        );
        self.write(&format!("jobs/{name}.yaml"), &manifest);
    }

    /// Serves the emulator; gives its connection string once it does.
    fn serve(&self) -> (Child, String) {
        let mut child = self
            .command(&["emulator", "start", "--https-port", "0", "--mqtt-port", "0"])
            .spawn()
            .expect("the program runs");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        (child, line.trim().to_owned())
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Every secret in the key file of an emulator: whatever is long and not a name.
fn secrets(project: &Project) -> Vec<String> {
    let keys = fs::read_to_string(project.path(".hubjobs/local/keys.json")).expect("the emulator made keys");
    let secrets: Vec<_> = keys.split('"').filter(|word| word.len() >= 40).map(str::to_owned).collect();
    assert!(!secrets.is_empty(), "no keys were found");
    secrets
}

const EVERY_COMMAND: [&[&str]; 17] = [
    &["validate"],
    &["plan"],
    &["plan", "-o", "json"],
    &["apply"],
    &["apply", "--auto-approve", "--wait"],
    &["apply", "--auto-approve", "--wait", "--json"],
    &["wait"],
    &["status", "--all"],
    &["results", "lock-doors"],
    &["cancel", "lock-doors", "--auto-approve"],
    &["emulator", "seed"],
    &["emulator", "tick", "1h"],
    &["emulator", "policies"],
    &["schema"],
    &["completions", "bash"],
    &["plan", "--occurrences", "3"],
    &["plan", "-e", "prod"],
];

#[test]
fn no_secret_is_ever_shown() {
    const MARKED: &str = "c2VjcmV0LW1hcmtlZC1zZWNyZXQtbWFya2Vk";
    let project = Project::new("fast");
    let elsewhere =
        format!("HostName=elsewhere.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey={MARKED}");
    let swapped = format!("HostName={MARKED};SharedAccessKeyName=iothubowner;SharedAccessKey=hub.invalid");
    let mut shown = String::new();
    for words in EVERY_COMMAND {
        for secret in [elsewhere.as_str(), swapped.as_str(), MARKED] {
            let mut command = project.command(words);
            command.arg("-vvv").env("HUBJOBS_LOG", "trace").env("HUBJOBS_TEST_SECRET", secret);
            shown.push_str(&text(&command.output().expect("the program runs")));
        }
    }
    assert!(shown.contains("created"), "the commands did their work");
    let secrets = secrets(&project);
    for secret in secrets.iter().map(String::as_str).chain([MARKED, "SharedAccessSignature", "Bearer "]) {
        assert!(!shown.contains(secret), "`{secret}` was shown");
    }
}

#[test]
fn no_secret_is_shown_of_a_hub_that_does_not_answer() {
    const MARKED: &str = "c2VjcmV0LW1hcmtlZC1zZWNyZXQtbWFya2Vk";
    let project = Project::new("fast");
    let secret = format!("HostName=hub.invalid;SharedAccessKeyName=iothubowner;SharedAccessKey={MARKED}");
    let mut command = project.command(&["plan", "-e", "prod", "-vvv"]);
    let mut child =
        command.env("HUBJOBS_LOG", "trace").env("HUBJOBS_TEST_SECRET", secret).spawn().expect("the program runs");
    std::thread::sleep(Duration::from_secs(2));
    child.kill().expect("it retries for longer");
    let shown = text(&child.wait_with_output().expect("it was killed"));
    assert!(shown.contains("asking the hub again"), "it did call: {shown}");
    assert!(!shown.contains(MARKED) && !shown.contains("SharedAccessSignature"), "{shown}");
}

#[test]
fn two_processes_share_a_served_state() {
    let project = Project::new("fast");
    let (mut server, connection_string) = project.serve();
    assert!(connection_string.starts_with("HostName=localhost:"), "{connection_string}");
    let applied = project.run(&["apply", "--auto-approve", "--wait", "-v"]);
    assert!(text(&applied).contains("served by another process"), "{}", text(&applied));
    assert_eq!(applied.status.code(), Some(0), "{}", text(&applied));
    let second = project.run(&["emulator", "start"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second).contains("served already"), "{}", text(&second));
    server.kill().expect("it runs");
    server.wait().expect("it was killed");
    let planned = project.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(planned.status.code(), Some(0), "a kill lost something: {}", text(&planned));
}

#[test]
fn a_prune_beyond_the_limit_is_refused() {
    let project = Project::new("fast");
    let names = ["a", "b", "c", "d", "e", "f"];
    names.iter().for_each(|name| project.write_waiting_job(name));
    assert_eq!(project.run(&["apply", "--auto-approve"]).status.code(), Some(0));
    names[..3].iter().for_each(|name| fs::remove_file(project.path(&format!("jobs/{name}.yaml"))).expect("written"));
    let planned = project.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(planned.status.code(), Some(5), "{}", text(&planned));
    let applied = project.run(&["apply", "--auto-approve"]);
    assert_eq!(applied.status.code(), Some(5), "{}", text(&applied));
    assert!(text(&applied).contains("error[max-cancel-percent]"), "{}", text(&applied));
    let status = project.run(&["status", "-o", "json"]);
    assert_eq!(text(&status).matches("\"jobId\"").count(), 7);
    assert!(!text(&status).contains("cancelled"), "{}", text(&status));
}

#[test]
fn a_folder_that_is_missing_prunes_nothing() {
    let project = Project::new("fast");
    let file = fs::read_to_string(project.path("hubjobs.yaml")).expect("written");
    project.write("hubjobs.yaml", &file.replace("[\"jobs/*.yaml\"]", "[\"jobs/*.yaml\", \"more/*.yaml\"]"));
    project.write_waiting_job("a");
    fs::create_dir(project.path("more")).expect("a folder of ours");
    fs::rename(project.path("jobs/a.yaml"), project.path("more/a.yaml")).expect("a folder of ours");
    assert_eq!(project.run(&["apply", "--auto-approve"]).status.code(), Some(0));
    fs::remove_dir_all(project.path("more")).expect("a folder of ours");
    let planned = project.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(planned.status.code(), Some(5), "{}", text(&planned));
    let applied = project.run(&["apply", "--auto-approve"]);
    assert_eq!(applied.status.code(), Some(5), "{}", text(&applied));
    assert!(text(&applied).contains("error[prune-on-partial-view]"), "{}", text(&applied));
    // All that prunes nothing works as ever.
    let targeted = project.run(&["apply", "--auto-approve", "--target", "lock-doors"]);
    assert_eq!(targeted.status.code(), Some(0), "{}", text(&targeted));
    assert!(!text(&project.run(&["status"])).contains("cancelled"));
}

/// What the README promises of its first command.
#[test]
fn the_sample_project_runs_and_a_second_run_finds_nothing_to_do() {
    let project = Project::new("fast");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    fs::remove_file(project.path("jobs/doors.yaml")).expect("a file of ours");
    for file in ["hubjobs.yaml", "fleet.yaml"] {
        project.write(file, &fs::read_to_string(sample.join(file)).expect("part of the sample"));
    }
    for file in fs::read_dir(sample.join("jobs")).expect("part of the sample") {
        let file = file.expect("part of the sample").path();
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        project.write(&format!("jobs/{name}"), &fs::read_to_string(&file).expect("part of the sample"));
    }
    let first = project.run(&["apply", "--auto-approve", "--wait"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first));
    assert!(text(&first).contains("of 10000 devices succeeded"), "{}", text(&first));
    let second = project.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(second.status.code(), Some(0), "{}", text(&second));
    let twins = project.run(&["results", "relocate-sensors", "-o", "csv"]);
    assert!(twins.status.success() && text(&twins).lines().count() > 200, "{}", text(&twins));
    project.run(&["emulator", "tick", "12h45m"]);
    let night = project.run(&["apply", "--auto-approve", "--wait"]);
    assert_eq!(night.status.code(), Some(0), "{}", text(&night));
    assert!(text(&night).contains("of 240 devices succeeded"), "{}", text(&night));
}

#[test]
fn a_broken_manifest_is_not_in_the_way_of_the_brake() {
    let project = Project::new("fast");
    project.write_waiting_job("late");
    assert!(project.run(&["apply", "--auto-approve"]).status.success());
    project.write("jobs/late.yaml", "spec: [");
    let plan = project.run(&["plan"]);
    assert_eq!(plan.status.code(), Some(1), "{}", text(&plan));
    let status = project.run(&["status"]);
    assert!(status.status.success() && text(&status).contains("some manifests have errors"), "{}", text(&status));
    let cancel = project.run(&["cancel", "late", "--auto-approve"]);
    assert!(cancel.status.success() && text(&cancel).contains("cancelled"), "{}", text(&cancel));
}

/// The project on a hub with one lane, and a job that is due beside the others.
fn one_lane() -> Project {
    let project = Project::new("fast");
    let file = fs::read_to_string(project.path("hubjobs.yaml")).expect("written");
    project.write("hubjobs.yaml", &file.replace("sku: S3", "sku: S1"));
    let doors = fs::read_to_string(project.path("jobs/doors.yaml")).expect("written");
    let first = doors.split("---").next().expect("at least one manifest");
    project.write("jobs/second.yaml", &first.replace("lock-doors", "second"));
    project
}

#[test]
fn a_job_that_was_not_selected_is_waited_for_when_it_holds_the_lane() {
    let project = one_lane();
    assert_eq!(project.run(&["apply", "--auto-approve", "--target", "lock-doors"]).status.code(), Some(0));
    let applied = project.run(&["apply", "--auto-approve", "--wait", "--target", "second"]);
    assert_eq!(applied.status.code(), Some(0), "{}", text(&applied));
    assert!(text(&applied).contains("Jobs: 1 succeeded, 0 failed."), "{}", text(&applied));
}

#[test]
fn a_job_that_starts_later_is_not_waited_for() {
    let project = one_lane();
    project.write_waiting_job("a");
    assert_eq!(project.run(&["apply", "--auto-approve", "--target", "a"]).status.code(), Some(0));
    let applied = project.run(&["apply", "--auto-approve", "--wait", "--target", "second"]);
    assert_eq!(applied.status.code(), Some(0), "{}", text(&applied));
    assert!(text(&applied).contains("`second` is left for a later run"), "{}", text(&applied));
    let waited = project.run(&["wait", "a"]);
    assert_eq!(waited.status.code(), Some(0), "{}", text(&waited));
    assert!(text(&waited).contains("`a` starts Tue 2026-12-01 08:30Z"), "{}", text(&waited));
    let planned = project.run(&["plan", "-o", "json"]);
    assert!(text(&planned).contains("\"now\": \"2026-12-01T08:00:00Z\""), "the clock moved: {}", text(&planned));
}

#[test]
fn a_wait_ends_with_its_timeout_and_the_job_goes_on() {
    let project = Project::new("real");
    // Nobody is called `*`, so the devices never answer.
    let fleet = fs::read_to_string(project.path("fleet.yaml")).expect("written");
    project.write("fleet.yaml", &fleet.replace("payload: {locked: true}", "noAnswerPercent: 100"));
    let applied = project.run(&["apply", "--auto-approve", "--wait", "--timeout", "1s"]);
    assert_eq!(applied.status.code(), Some(3), "{}", text(&applied));
    assert!(text(&applied).contains("the wait of 1s is over"), "{}", text(&applied));
}

#[test]
fn a_hub_that_goes_away_during_a_wait_does_not_hide_how_the_apply_ended() {
    let project = Project::new("real");
    let fleet = fs::read_to_string(project.path("fleet.yaml")).expect("written");
    project.write("fleet.yaml", &fleet.replace("payload: {locked: true}", "noAnswerPercent: 100"));
    project.write_waiting_job("a");
    let (mut server, _) = project.serve();
    assert_eq!(project.run(&["apply", "--auto-approve", "--target", "a"]).status.code(), Some(0));
    assert_eq!(project.run(&["cancel", "a", "--auto-approve"]).status.code(), Some(0));
    // The cancelled slot is blocked, so this apply is one in part.
    let child = project.command(&["apply", "--auto-approve", "--wait"]).spawn().expect("the program runs");
    std::thread::sleep(Duration::from_secs(2));
    server.kill().expect("it runs");
    server.wait().expect("it was killed");
    let applied = child.wait_with_output().expect("it ends");
    assert!(text(&applied).contains("error: "), "{}", text(&applied));
    assert_eq!(applied.status.code(), Some(6), "{}", text(&applied));
}

#[test]
fn a_reader_that_leaves_is_not_told_so() {
    let project = Project::new("fast");
    let mut child = project.command(&["schema"]).spawn().expect("the program runs");
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(stderr, "");
}

#[cfg(unix)]
mod signals {
    use super::*;
    use hubjobs::emulator::{StateDir, attach};

    fn signal(child: &Child, name: &str) {
        let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill exists");
        assert!(sent.success());
    }

    fn waiting(project: &Project) -> Child {
        let fleet = fs::read_to_string(project.path("fleet.yaml")).expect("written");
        project.write("fleet.yaml", &fleet.replace("payload: {locked: true}", "noAnswerPercent: 100"));
        let child = project.command(&["apply", "--auto-approve", "--wait"]).spawn().expect("the program runs");
        std::thread::sleep(Duration::from_secs(2));
        child
    }

    #[test]
    fn the_first_ctrl_c_ends_a_wait_with_a_report() {
        let project = Project::new("real");
        let child = waiting(&project);
        signal(&child, "-INT");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(130), "{}", text(&output));
        assert!(text(&output).contains("stopped waiting for 1 job; nothing was cancelled"), "{}", text(&output));
        let status = project.run(&["status"]);
        assert!(text(&status).contains("running"), "{}", text(&status));
    }

    #[test]
    fn a_termination_ends_with_its_own_number() {
        let project = Project::new("real");
        let child = waiting(&project);
        signal(&child, "-TERM");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(143), "{}", text(&output));
    }

    /// Serves until the other session, which this test holds, is over, or until Ctrl-C comes again.
    #[test]
    fn who_serves_others_goes_on_until_they_end_or_ctrl_c_comes_again() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        for is_impatient in [false, true] {
            let project = Project::new("real");
            let mut child = waiting(&project);
            let dir = StateDir::new(project.path(".hubjobs/local"));
            let other = runtime.block_on(attach(&dir)).expect("it answers").expect("it serves");
            signal(&child, "-INT");
            let mut stderr = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
            let note = "another hubjobs command still uses this emulator; serving it until that ends";
            assert!(stderr.any(|line| line == note), "it does not say why it stays");
            runtime.block_on(other.admin().clock()).expect("it serves on");
            if is_impatient {
                signal(&child, "-INT");
            } else {
                runtime.block_on(other.leave());
            }
            assert_eq!(child.wait().expect("it ends").code(), Some(130));
        }
    }

    #[test]
    fn ctrl_c_ends_a_served_emulator_well() {
        let project = Project::new("fast");
        let (child, _) = project.serve();
        signal(&child, "-INT");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(!project.path(".hubjobs/local/endpoint.json").exists());
    }
}
