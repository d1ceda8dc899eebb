//! `hubjobs emulator start` as a process of its own, which a test may kill.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use hubjobs::emulator::{Attached, StateDir, attach};

/// Where an emulator that was started in `folder`, without a project, keeps its state.
pub(crate) fn state_of(folder: &Path) -> PathBuf {
    folder.join(".hubjobs/no-project")
}

/// The command that starts it there. Its journal gives way to a snapshot from that many bytes on.
pub(crate) fn command(folder: &Path, snapshot_after: u64) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
    command.args(arguments(folder, snapshot_after));
    command
}

pub(crate) fn arguments(folder: &Path, snapshot_after: u64) -> Vec<String> {
    let folder = folder.to_str().unwrap().to_owned();
    let after = format!("--snapshot-after={snapshot_after}");
    ["-C", &folder, "emulator", "start", "--no-throttles", "--https-port=0", "--mqtt-port=0", &after]
        .map(str::to_owned)
        .to_vec()
}

/// A running emulator; killed when dropped.
pub(crate) struct Started(Child);

impl Started {
    /// Starts it and does not wait.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("HUBJOBS_LOG");
        Self(command.spawn().unwrap())
    }

    /// Waits until it serves.
    pub(crate) async fn attached(&mut self, folder: &Path) -> Attached {
        let mut line = String::new();
        let stdout = self.0.stdout.as_mut().unwrap();
        // It prints its connection string as soon as it can be used, and little after that.
        BufReader::new(stdout).read_line(&mut line).unwrap();
        if line.is_empty() {
            panic!("the emulator did not start: {}", self.said());
        }
        attach(&StateDir::new(state_of(folder))).await.unwrap().unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// What it wrote to stderr, once it has ended.
    pub(crate) fn said(&mut self) -> String {
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }

    /// Kills it, and gives what it wrote to stderr.
    pub(crate) fn kill(mut self) -> String {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        self.said()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
