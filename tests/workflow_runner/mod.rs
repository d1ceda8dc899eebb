//! Runs the steps of workflows and of our action as GitHub's runner does: each script in a bash of its own with the
//! same options, outputs and paths through files, conditions evaluated. Foreign actions are played.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod expression;
pub(crate) mod releases;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_yaml::Value;

use self::expression::{Contexts, expand, holds};

/// The action as the sample workflows name it.
pub(crate) const ACTION: &str = concat!("hubjobs/hubjobs@v", env!("CARGO_PKG_VERSION"));

/// A file of the repository, as YAML.
pub(crate) fn yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The top of this repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder of ours");
    for entry in fs::read_dir(from).expect("a sample") {
        let path = entry.expect("an entry of the sample").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() { copy(&path, &to) } else { fs::copy(&path, &to).map(drop).expect("a folder of ours") }
    }
}

/// What became of a job.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// Whether a step failed.
    pub(crate) has_failed: bool,
    /// Names of the steps that ran, those of the action with its step before them.
    pub(crate) steps: Vec<String>,
    /// What all of them said.
    pub(crate) log: String,
    /// Outputs by `step.name`.
    pub(crate) outputs: BTreeMap<String, String>,
}

impl Ran {
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }
}

/// A runner with its folders, which go away with it.
pub(crate) struct Runner {
    dir: tempfile::TempDir,
    /// What every step has.
    pub(crate) env: BTreeMap<String, String>,
    /// `github.*`, `vars.*`, `secrets.*`, `matrix.*`.
    pub(crate) contexts: Contexts,
    paths: Vec<String>,
    scripts: usize,
}

impl Runner {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["workspace", "temp", "tools", "home", "bin", "files", "artifacts"] {
            fs::create_dir(dir.path().join(name)).expect("a folder of ours");
        }
        let mut runner = Self { dir, env: BTreeMap::new(), contexts: Contexts::new(), paths: vec![], scripts: 0 };
        for (name, folder) in [
            ("RUNNER_TEMP", "temp"),
            ("RUNNER_TOOL_CACHE", "tools"),
            ("GITHUB_WORKSPACE", "workspace"),
            ("HOME", "home"),
        ] {
            let folder = runner.folder(folder).display().to_string();
            runner.env.insert(name.to_owned(), folder);
        }
        for (name, value) in [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "acme/buildings"),
            ("GITHUB_REF", "refs/heads/main"),
            ("GITHUB_REF_NAME", "main"),
            ("GITHUB_SHA", "1111111111111111111111111111111111111111"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("RUNNER_OS", "Linux"),
            ("RUNNER_ARCH", "X64"),
            ("LANG", "C.UTF-8"),
        ] {
            runner.set(name, value);
        }
        runner.context("github.repository", "acme/buildings");
        runner.context("github.token", "ghs_of_the_run");
        runner
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn context(&mut self, name: &str, value: &str) {
        self.contexts.insert(name.to_owned(), value.to_owned());
    }

    /// A program that comes before those of the machine.
    pub(crate) fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.folder("bin").join(name);
        fs::write(&path, script).expect("a folder of ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a file of ours");
    }

    /// Where the action looks for hubjobs before it downloads any.
    pub(crate) fn installed(&self) -> PathBuf {
        self.folder("tools/hubjobs").join(env!("CARGO_PKG_VERSION")).join("x86_64-unknown-linux-musl/hubjobs")
    }

    /// Puts the program of this build there.
    pub(crate) fn install(&self) {
        let path = self.installed();
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of ours");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_hubjobs"), path).expect("a folder of ours");
    }

    /// Runs a job of a workflow.
    pub(crate) fn job(&mut self, workflow: &Path, job: &str) -> Ran {
        let workflow = yaml(workflow);
        let job = &workflow["jobs"][job];
        let kept = self.env.clone();
        for (name, value) in pairs(&job["env"]) {
            let value = expand(&value, &self.contexts, false);
            self.env.insert(name, value);
        }
        let mut ran = Ran::default();
        self.steps(&job["steps"], &self.contexts.clone(), "", &mut ran);
        self.env = kept;
        ran
    }

    /// Runs the action alone.
    pub(crate) fn action(&mut self, with: &[(&str, &str)]) -> Ran {
        let with = with.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut ran = Ran::default();
        let outputs = self.composite(&with, "", &BTreeMap::new(), &mut ran);
        ran.outputs = outputs;
        ran
    }

    fn steps(&mut self, steps: &Value, contexts: &Contexts, inside: &str, ran: &mut Ran) -> Contexts {
        let mut contexts = contexts.clone();
        for step in steps.as_sequence().expect("steps") {
            let text = |name: &str| step[name].as_str().map(str::to_owned);
            if !holds(text("if").as_deref(), &contexts, ran.has_failed) {
                continue;
            }
            let name = text("name").or_else(|| text("uses")).expect("a name, or an action");
            ran.steps.push(format!("{inside}{name}"));
            let expanded = |value: &Value| -> BTreeMap<String, String> {
                pairs(value).map(|(name, value)| (name, expand(&value, &contexts, ran.has_failed))).collect()
            };
            let (env, with) = (expanded(&step["env"]), expanded(&step["with"]));
            let outputs = match text("uses") {
                Some(uses) if uses == ACTION => self.composite(&with, &format!("{name} > "), &env, ran),
                Some(uses) => self.play(&uses, &with, ran),
                None => self.script(&step["run"], &step["shell"], &env, ran),
            };
            if let Some(id) = text("id") {
                for (name, value) in outputs {
                    ran.outputs.insert(format!("{id}.{name}"), value.clone());
                    contexts.insert(format!("steps.{id}.outputs.{name}"), value);
                }
            }
        }
        contexts
    }

    /// Our action: its own inputs and steps, and nothing of those around it.
    fn composite(
        &mut self,
        with: &BTreeMap<String, String>,
        inside: &str,
        env: &BTreeMap<String, String>,
        ran: &mut Ran,
    ) -> BTreeMap<String, String> {
        let action = yaml(&repository().join("action.yml"));
        let mut contexts: Contexts = self
            .contexts
            .iter()
            .filter(|(name, _)| name.starts_with("github."))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        for (name, input) in action["inputs"].as_mapping().expect("inputs") {
            let name = name.as_str().expect("a name");
            let default = expand(&scalar(&input["default"]), &contexts, false);
            contexts.insert(format!("inputs.{name}"), with.get(name).cloned().unwrap_or(default));
        }
        for name in with.keys() {
            assert!(action["inputs"].get(name.as_str()).is_some(), "action.yml has no input `{name}`");
        }
        let kept = self.env.clone();
        self.env.extend(env.clone());
        // Whether an earlier step failed is not for the steps inside.
        let failed_before = std::mem::take(&mut ran.has_failed);
        let contexts = self.steps(&action["runs"]["steps"], &contexts, inside, ran);
        let outputs = action["outputs"]
            .as_mapping()
            .expect("outputs")
            .iter()
            .map(|(name, output)| (scalar(name), expand(&scalar(&output["value"]), &contexts, ran.has_failed)));
        let outputs = outputs.collect();
        ran.has_failed |= failed_before;
        self.env = kept;
        outputs
    }

    /// A script in a bash of its own.
    fn script(
        &mut self,
        run: &Value,
        shell: &Value,
        env: &BTreeMap<String, String>,
        ran: &mut Ran,
    ) -> BTreeMap<String, String> {
        let run = run.as_str().expect("a script");
        let options: &[&str] = match shell.as_str() {
            Some("bash") => &["--noprofile", "--norc", "-e", "-o", "pipefail"],
            None => &["-e"],
            Some(other) => panic!("no shell `{other}` here"),
        };
        self.scripts += 1;
        let file = |name: &str| self.folder("files").join(format!("{}-{name}", self.scripts));
        let (script, outputs, paths) = (file("script"), file("output"), file("path"));
        for (path, text) in [(&script, run), (&outputs, ""), (&paths, "")] {
            fs::write(path, text).expect("a folder of ours");
        }
        let before = self.paths.iter().rev().cloned().chain([self.folder("bin").display().to_string()]);
        let machine = std::env::var("PATH").expect("a path");
        let path = before.chain([machine]).collect::<Vec<_>>().join(":");
        let output = Command::new("bash")
            .args(options)
            .arg(&script)
            .env_clear()
            .envs(&self.env)
            .envs(env)
            .env("PATH", path)
            .env("GITHUB_OUTPUT", &outputs)
            .env("GITHUB_PATH", &paths)
            .env("GITHUB_STEP_SUMMARY", self.folder("files/summary.md"))
            .current_dir(self.folder("workspace"))
            .stdin(Stdio::null())
            .output()
            .expect("bash runs");
        ran.log.push_str(&String::from_utf8_lossy(&output.stdout));
        ran.log.push_str(&String::from_utf8_lossy(&output.stderr));
        ran.has_failed |= !output.status.success();
        let read = |path: &Path| fs::read_to_string(path).expect("a file of ours");
        self.paths.extend(read(&paths).lines().map(str::to_owned));
        let outputs = read(&outputs);
        outputs.lines().filter_map(|line| line.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
    }

    /// What foreign actions leave behind.
    fn play(&self, uses: &str, with: &BTreeMap<String, String>, ran: &mut Ran) -> BTreeMap<String, String> {
        let workspace = self.folder("workspace");
        match uses.split('@').next().expect("a name") {
            "actions/checkout" | "actions/cache" => {}
            "actions/upload-artifact" => {
                let to = self.folder("artifacts").join(&with["name"]);
                fs::create_dir_all(&to).expect("a folder of ours");
                let from = workspace.join(&with["path"]);
                fs::copy(&from, to.join(from.file_name().expect("a file"))).expect("a file to upload");
            }
            "github/codeql-action/upload-sarif" => {
                let text = fs::read_to_string(workspace.join(&with["sarif_file"])).expect("a file to upload");
                let sarif: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                assert_eq!(sarif["version"], "2.1.0");
                ran.log.push_str("uploaded SARIF\n");
            }
            other => panic!("nobody plays `{other}` here"),
        }
        BTreeMap::new()
    }

    /// The summary of the run.
    pub(crate) fn summary(&self) -> String {
        fs::read_to_string(self.folder("files/summary.md")).unwrap_or_default()
    }
}

/// The members of a mapping as texts; none if there is no mapping.
pub(crate) fn pairs(value: &Value) -> impl Iterator<Item = (String, String)> {
    let members = value.as_mapping().into_iter().flatten();
    members.map(|(name, value)| (scalar(name), scalar(value)))
}

/// A scalar as text.
pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => value.clone(),
        other => panic!("no scalar: {other:?}"),
    }
}
