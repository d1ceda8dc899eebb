//! Where a story happens: a folder with a project, a shell, and the hub behind the emulator.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use hubjobs::emulator::{StateDir, attach};
use serde_json::Value;

use crate::local_hub::{Answer, Caller};
use crate::story::{Call, Command, Part};

/// A folder that goes away with its story.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// Lets a part of a story happen, and writes down how it went.
    pub(crate) fn live(&mut self, part: &mut Part) {
        match part {
            Part::Prose(_) => {}
            Part::File { path, text, .. } => self.write(path, text),
            Part::Edit { path, text } => self.edit(path, text),
            Part::Console(commands) => commands.iter_mut().for_each(|command| self.run(command)),
            Part::Http { environment, calls } => self.call(environment, calls),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there")
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder of ours");
        fs::write(path, text).expect("a folder of ours");
    }

    /// Replaces what the lines of a diff take away, which must be there once, by what they add.
    fn edit(&self, file: &str, diff: &str) {
        let mut text = fs::read_to_string(self.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        for hunk in diff.split("@@\n") {
            let side = |other: char| -> String {
                let lines = hunk.lines().filter(|line| !line.starts_with(other));
                lines.map(|line| format!("{}\n", line.get(1..).unwrap_or_default())).collect()
            };
            let (before, after) = (side('+'), side('-'));
            assert_eq!(text.matches(&before).count(), 1, "{file} has not exactly one\n{before}");
            text = text.replace(&before, &after);
        }
        self.write(file, &text);
    }

    fn run(&self, command: &mut Command) {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let mut child = {
            let mut shell = shell(&self.path());
            shell.args(["-c", &command.line]);
            shell.stdout(writer.try_clone().expect("a pipe")).stderr(writer);
            shell.spawn().expect("a shell")
        };
        let mut output = String::new();
        reader.read_to_string(&mut output).expect("words");
        command.exit = child.wait().expect("a child of ours").code().expect("nobody kills it");
        let folder = self.path();
        let known = [
            (folder.to_str().expect("a path of words"), "[DIR]"),
            (env!("CARGO_PKG_VERSION"), "[VERSION]"),
            (hubjobs::model::tzdb_version(), "[TZDB]"),
        ];
        let output = known.iter().fold(output, |output, (value, name)| output.replace(value, name));
        command.output = output.trim_end().to_owned();
        let is_command = |line: &str| line.starts_with("$ ") || line.starts_with("? ");
        assert!(!command.output.lines().any(is_command), "reads as a command: {output}");
    }

    /// Calls the hub as its other users do: over the network, with the connection string.
    fn call(&self, environment: &str, calls: &mut [Call]) {
        let served = Served::start(&self.path(), environment);
        let state = StateDir::new(self.path().join(".hubjobs").join(environment));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let attached = attach(&state).await.expect("it answers").expect("it is served");
            let caller = Caller::new(attached.connection_string());
            for call in calls {
                let method = call.method.parse().expect("a method");
                let request = caller.request(method, &call.path);
                let answer = match call.body.as_str() {
                    "" => Answer::of(request.header("Content-Length", "0")).await,
                    body => {
                        let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
                        Answer::of(request.json(&body)).await
                    }
                };
                call.answer = match answer.refusal() {
                    (status, "") => status.to_string(),
                    (status, code) => format!("{status} {code}"),
                };
            }
            attached.leave().await;
        });
        drop(served);
    }
}

/// A shell that knows the program, in a folder, without anything of this machine's settings.
fn shell(folder: &Path) -> std::process::Command {
    let program = Path::new(env!("CARGO_BIN_EXE_hubjobs"));
    let mut path = vec![program.parent().expect("in a folder").to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(folder).stdin(Stdio::null());
    shell.env("PATH", std::env::join_paths(path).expect("paths without a colon"));
    for variable in ["CI", "HUBJOBS_ENV", "HUBJOBS_LOG", "HUBJOBS_PLAN_KEY"] {
        shell.env_remove(variable);
    }
    shell.env("NO_COLOR", "1").env("COLUMNS", "100");
    shell
}

/// The emulator of an environment, served by a process of its own.
struct Served(Child);

impl Served {
    fn start(folder: &Path, environment: &str) -> Self {
        let mut shell = shell(folder);
        let ports = ["--https-port=0", "--mqtt-port=0"];
        shell.args(["-c", "exec hubjobs \"$@\"", "sh", "-e", environment, "emulator", "start"]).args(ports);
        let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program runs");
        // It prints its connection string as soon as it can be used.
        let mut byte = [0];
        let printed = child.stdout.as_mut().expect("a pipe").read(&mut byte).expect("a pipe");
        assert_eq!(printed, 1, "the emulator did not start");
        Self(child)
    }
}

impl Drop for Served {
    /// Whatever it acknowledged is on disk.
    fn drop(&mut self) {
        self.0.kill().expect("a child of ours");
        self.0.wait().expect("a child of ours");
    }
}
