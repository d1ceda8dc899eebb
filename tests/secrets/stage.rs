//! A folder with marked secrets in every place where there can be one, and what was written of them.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// What every marked secret holds, and nothing else does.
const MARK: &str = "Zmarked";

/// A marked secret of that name, long enough for every shape.
pub(crate) fn marked(name: &str) -> String {
    format!("{MARK}{name}x0x1x2x3x4x5x6x7x8x9xaxbxc")
}

/// A marked key in base64 whose bytes are marked, too.
pub(crate) fn marked_key(name: &str) -> String {
    BASE64_STANDARD.encode(marked(name))
}

pub(crate) struct Stage {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    /// Texts that nobody may write: marked ones, and those that were learnt on the way.
    secrets: Vec<String>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["project/jobs", "home", "tmp"] {
            fs::create_dir_all(folder.path().join(name)).expect("a folder of ours");
        }
        let mut this = Self { folder, environment: BTreeMap::new(), secrets: vec![MARK.to_owned()] };
        let path = |name: &str| this.folder.path().join(name).to_string_lossy().into_owned();
        let (home, tmp) = (path("home"), path("tmp"));
        for (name, value) in [("HOME", &home), ("XDG_CACHE_HOME", &home), ("XDG_STATE_HOME", &home), ("TMPDIR", &tmp)] {
            this.set(name, value);
        }
        this
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Nobody may write this text.
    pub(crate) fn guard(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
        self.secrets.push(BASE64_STANDARD.encode(secret));
    }

    /// Sets a variable to a marked secret.
    pub(crate) fn set_secret(&mut self, variable: &str) {
        let secret = marked(&variable.replace('_', ""));
        self.set(variable, &secret);
        self.guard(&secret);
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("project").join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).expect("a folder of ours");
    }

    /// The command at its most talkative.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.args(words).arg("-vvv").current_dir(self.path("")).env_clear().envs(&self.environment);
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HUBJOBS_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it, for so long at most, and gives what it wrote to its streams.
    pub(crate) fn run(&self, words: &[&str], patience: Duration) -> Shown {
        let mut command = self.command(words);
        let mut child = command.spawn().expect("the program runs");
        let id = child.id();
        let (done, timeout) = std::sync::mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            if timeout.recv_timeout(patience).is_err() {
                // The child is not waited for yet, so the number is still its own.
                let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
            }
        });
        let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let errors = std::thread::spawn(move || std::io::read_to_string(stderr));
        let text = std::io::read_to_string(stdout).unwrap_or_default();
        let errors = errors.join().expect("it reads").unwrap_or_default();
        let _ = done.send(());
        watch.join().expect("it waits");
        let code = child.wait().expect("it ends").code();
        Shown { words: words.join(" "), code, text: format!("{text}{errors}") }
    }

    /// Ends the test if a text holds a secret.
    #[track_caller]
    pub(crate) fn check_text(&self, place: &str, text: &str) {
        for secret in &self.secrets {
            if let Some(at) = text.find(secret.as_str()) {
                let from = text.floor_char_boundary(at.saturating_sub(200));
                let to = text.ceil_char_boundary((at + 200).min(text.len()));
                panic!("a secret is shown in {place}: ...{}...", &text[from..to]);
            }
        }
    }

    /// Ends the test if a file holds a secret, apart from those that `may` hold one.
    #[track_caller]
    pub(crate) fn check_files(&self, may: impl Fn(&str) -> bool) {
        let mut files = Vec::new();
        collect(self.folder.path(), &mut files);
        for file in files {
            let name = file.strip_prefix(self.folder.path()).expect("below the folder").to_string_lossy().into_owned();
            if !may(&name) {
                self.check_text(&name, &String::from_utf8_lossy(&fs::read(&file).unwrap_or_default()));
            }
        }
    }

    /// The files below a folder of the project.
    pub(crate) fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(&self.path(folder), &mut files);
        files
    }
}

/// What a command wrote to its streams.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) words: String,
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// A connection string with a marked key.
pub(crate) fn connection_string(host: &str, key: &str) -> String {
    format!("HostName={host};SharedAccessKeyName=iothubowner;SharedAccessKey={key}")
}

/// A proxy URL with a marked password.
pub(crate) fn proxy_url(address: SocketAddr) -> String {
    format!("http://proxyuser:{}@{address}", marked("proxy"))
}
