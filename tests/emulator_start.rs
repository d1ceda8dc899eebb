//! `hubjobs emulator start` as a program beside official clients: its ports, its certificate, its words.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn hubjobs(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
    command.current_dir(folder).args(words).env_remove("HUBJOBS_LOG").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, words: &[&str]) -> Output {
    hubjobs(folder, words).output().unwrap()
}

/// A started emulator, and what it printed.
struct Started {
    child: Child,
    printed: Value,
}

impl Started {
    fn new(folder: &Path, words: &[&str]) -> Self {
        let mut child = hubjobs(folder, &[&["emulator", "start", "--json"], words].concat()).spawn().unwrap();
        let (mut text, mut part) = (Vec::new(), [0; 1_024]);
        let stdout = child.stdout.as_mut().unwrap();
        let printed = loop {
            let len = stdout.read(&mut part).unwrap();
            assert!(len > 0, "it ended early: {}", String::from_utf8_lossy(&text));
            text.extend_from_slice(&part[..len]);
            if let Ok(value) = serde_json::from_slice(&text) {
                break value;
            }
        };
        Self { child, printed }
    }

    fn text(&self, pointer: &str) -> &str {
        self.printed.pointer(pointer).and_then(Value::as_str).unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const FREE: [&str; 4] = ["--https-port", "0", "--mqtt-port", "0"];

#[test]
fn it_prints_all_that_a_client_needs() {
    let folder = tempfile::tempdir().unwrap();
    let policy = ["--policy", "jobs=RegistryWrite,ServiceConnect", "--ca-out", "ca.pem"];
    let started = Started::new(folder.path(), &[&FREE[..], &policy].concat());
    let host = started.text("/endpoints/https").strip_prefix("https://").unwrap();
    assert!(host.starts_with("localhost:"), "{host}");
    let secret = started.text("/connectionString");
    let fields: Vec<_> = secret.split(';').map(|field| field.split_once('=').unwrap()).collect();
    assert_eq!(fields[0], ("HostName", host));
    assert_eq!(fields[1], ("SharedAccessKeyName", "iothubowner"));
    assert!(fields.len() == 3 && fields[2].0 == "SharedAccessKey", "the strictest client takes these three alone");
    assert!(started.text("/endpoints/mqtt").starts_with("mqtts://localhost:"));
    assert!(started.text("/endpoints/http").starts_with("http://127.0.0.1:"));
    let pem = std::fs::read_to_string(folder.path().join("ca.pem")).unwrap();
    assert!(started.text("/authority").ends_with("ca.pem") && pem.contains("BEGIN CERTIFICATE"));
    assert!(!pem.contains("PRIVATE"));

    let listed = String::from_utf8(run(folder.path(), &["emulator", "policies"]).stdout).unwrap();
    assert!(listed.lines().any(|line| line == "jobs               RegistryWrite, ServiceConnect"), "{listed}");
    assert!(!listed.contains("SharedAccessKey"), "{listed}");
    let shown = String::from_utf8(run(folder.path(), &["emulator", "policies", "--show-keys"]).stdout).unwrap();
    assert!(shown.contains(secret), "the same string as at the start");
}

#[test]
fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = run(folder.path(), &["emulator", "start", "--https-port", &port, "--mqtt-port", "0"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("the port is taken") && said.contains("--https-port 0"), "{said}");
}

#[test]
fn what_cannot_be_taken_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let jwks = folder.path().join("keys.json");
    std::fs::write(&jwks, "{}").unwrap();
    for (words, said) in [
        (&["--policy", "iothubowner=RegistryRead"][..], "every hub has the policy"),
        (&["--policy", "jobs=Everything"], "a right is RegistryRead"),
        (&["--name", "a:443"], "without a port"),
        (&["--https-port", "https"], "a port is a number"),
        (&["--units", "0"], "a whole number from 1"),
        (&["--listen", "localhost"], "such as `0.0.0.0`"),
        (&["--clock-start", "yesterday"], "such as `2031-05-01T08:00:00Z`"),
        (&["--entra-jwks", "none.json", "--https-port", "0", "--mqtt-port", "0"], "no such file"),
        (&["-C", "none"], "there is no folder `none`"),
        (&["-e", "prod"], "is no project"),
        (&["--entra-issuer", "x"], "--entra-jwks"),
        (&["--entra-jwks", "keys.json", "--https-port", "0", "--mqtt-port", "0"], "not a JSON Web Key Set"),
    ] {
        let refused = run(folder.path(), &[&["emulator", "start"], words].concat());
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(1) && text.contains(said), "{words:?}: {text}");
    }
    assert!(!folder.path().join(".hubjobs").exists(), "nothing was begun");
    let none = run(folder.path(), &["emulator", "policies"]);
    assert!(String::from_utf8(none.stderr).unwrap().contains("never started"));
}

#[test]
fn commands_beside_a_served_hub_say_what_is_true_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let said = |words: &[&str]| String::from_utf8(run(folder.path(), words).stderr).unwrap();
    assert!(said(&["emulator", "import", "none.jsonl"]).contains("cannot read `none.jsonl`: no such file"));
    let _started = Started::new(folder.path(), &FREE);
    for words in [&["emulator", "policies"][..], &["emulator", "export", "hub.jsonl"]] {
        assert!(!said(words).contains("no project"), "{words:?} is about the hub that is there");
    }
    assert!(said(&["emulator", "events"]).contains("no messages yet"));
    let import = said(&["emulator", "import", "hub.jsonl"]);
    assert!(import.contains("nothing was imported") && import.contains("Ctrl-C where it runs"), "{import}");
}

/// What a started emulator says before its connection string or soon after.
fn said_until(folder: &Path, words: &[&str], end: &str) -> String {
    let mut started = Started::new(folder, &[&FREE[..], words].concat());
    let (mut text, mut part) = (String::new(), [0; 1_024]);
    while !text.contains(end) {
        let len = started.child.stderr.as_mut().unwrap().read(&mut part).unwrap();
        assert!(len > 0, "it ended early: {text}");
        text.push_str(std::str::from_utf8(&part[..len]).unwrap());
    }
    text
}

#[test]
fn a_clock_that_is_not_the_machines_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let start = ["--clock-start", "2031-05-01T08:00:00Z"];
    let real = said_until(folder.path(), &start, "not this machine's time");
    assert!(real.contains("2031-05-01 08:00"), "{real}");
    let fast = said_until(folder.path(), &["--clock", "fast"], "lets it run");
    assert!(fast.contains("stands still") && fast.contains("hubjobs emulator tick 1m"), "{fast}");
}
