//! A project whose environment `prod` is an emulator behind TLS, where only tokens of Entra count.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::server::{AUDIENCE, CLIENT, ISSUER, Server, TENANT};

/// What a run of the program ended with.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// It ended well.
    #[track_caller]
    pub(crate) fn succeeded(&self) {
        assert_eq!(self.code, 0, "{self:?}");
    }

    /// It ended with an error that says all this, and nothing secret.
    #[track_caller]
    pub(crate) fn failed_with(&self, parts: &[&str]) {
        assert_eq!(self.code, 1, "{self:?}");
        for part in parts {
            assert!(self.stderr.contains(part), "{part}\n{}", self.stderr);
        }
        self.tells_no_secret();
    }

    /// Every secret of these tests, and every text that is not ours to print, holds this word.
    #[track_caller]
    pub(crate) fn tells_no_secret(&self) {
        let said = format!("{}{}", self.stdout, self.stderr);
        assert!(!said.contains("MARK") && !said.contains("eyJ"), "{said}");
    }
}

pub(crate) struct Stage {
    pub(crate) server: Arc<Server>,
    /// With a shared access key, and a line break at its end.
    pub(crate) connection_string: String,
    folder: tempfile::TempDir,
    hub: String,
    _emulator: Child,
}

impl Stage {
    /// With an emulator that knows all keys of the server.
    pub(crate) async fn new() -> Self {
        Self::knowing(&[0, 1]).await
    }

    pub(crate) async fn knowing(keys: &[usize]) -> Self {
        let server = Server::start().await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("jwks.json"), server.jwks(keys)).unwrap();
        fs::create_dir(path("bin")).unwrap();
        fs::write(path("fleet.yaml"), FLEET).unwrap();
        fs::write(path("hubjobs.yaml"), project("localhost:1", "entra")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.args(["-C", folder.path().to_str().unwrap(), "-e", "local", "emulator", "start"]);
        command.args(["--https-port=0", "--mqtt-port=0", "--ca-out", path("emulator.pem").to_str().unwrap()]);
        command.args(["--entra-jwks", path("jwks.json").to_str().unwrap(), "--entra-issuer", ISSUER]);
        command.args(["--entra-audience", AUDIENCE]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut emulator = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(emulator.stdout.as_mut().unwrap()).read_line(&mut line).await.unwrap();
        let hub = line.strip_prefix("HostName=").and_then(|rest| rest.split(';').next()).unwrap().to_owned();
        let trusted = fs::read_to_string(path("emulator.pem")).unwrap() + &server.authority;
        fs::write(path("trusted.pem"), trusted).unwrap();
        let stage = Self { server, connection_string: line, folder, hub, _emulator: emulator };
        stage.signs_in_with("entra");
        stage
    }

    /// Writes the project with this `auth`.
    pub(crate) fn signs_in_with(&self, auth: &str) {
        self.write("hubjobs.yaml", &project(&self.hub, auth));
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
        let until = until.strftime("%Y-%m-%dT%H:%MZ");
        self.write(
            "job.yaml",
            &format!(
                "apiVersion: hubjobs.dev/v1\nkind: TwinJob\nmetadata: {{name: move}}\nspec:\n  target: {{all: true}}\n  \
                 expectDevices: {{max: 1000}}\n  schedule: {{asap: {{notAfter: \"{until}\"}}}}\n  \
                 maxExecutionTime: 10m\n  twin: {{desired: {{interval: 60}}}}\n"
            ),
        );
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Puts a script on the path of the program.
    pub(crate) fn install(&self, name: &str, script: &str) {
        self.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.path(&format!("bin/{name}")), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The program in these surroundings and no others. Nothing answers where a metadata service would
    /// be, unless they say so.
    pub(crate) fn command(&self, words: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.env_clear().args(["-e", "prod"]).args(words).current_dir(self.folder.path());
        command.env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()));
        command.env("HUBJOBS_CA_FILE", self.path("trusted.pem")).env("HOME", self.folder.path());
        command.env("AZURE_AUTHORITY_HOST", self.server.url(""));
        command.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1");
        command.envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    pub(crate) async fn run(&self, words: &[&str], variables: &[(&str, &str)]) -> Run {
        let output = self.command(words, variables).output().await.unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        Run { code: output.status.code().unwrap(), stdout, stderr }
    }

    pub(crate) async fn plan(&self, variables: &[(&str, &str)]) -> Run {
        self.run(&["plan"], variables).await
    }
}

/// The ids of the application, and more.
pub(crate) fn with_ids<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", CLIENT)].into_iter().chain(more.iter().copied()).collect()
}

fn project(hub: &str, auth: &str) -> String {
    format!(
        "apiVersion: hubjobs.dev/v1\nkind: Project\nmetadata: {{name: p}}\nspec:\n  \
         ownerId: 2c9f2f0e-5d06-4c3a-a1ff-6c4b3a1f7d20\n  owner: p\n  manifests: [job.yaml]\n  environments:\n    \
         local: {{hub: {{emulator: {{fleet: fleet.yaml, sku: S1}}}}, prune: never}}\n    \
         prod: {{hub: {{hostName: \"{hub}\", auth: {auth}, sku: S1}}, prune: never}}\n"
    )
}

/// Enough devices for a job of some seconds: ten a second, on S1.
const FLEET: &str = "apiVersion: hubjobs.dev/v1\nkind: Fleet\nmetadata: {name: f}\nspec:\n  seed: 1\n  groups:\n    \
                     - {name: thermo, count: 40, idPattern: \"thermo-{n:02}\"}\n";
