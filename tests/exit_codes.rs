//! The exit code of every command: `tests/cases/exit-codes.txt`. Those of signals, and of answers that
//! are lost, are in `cli_process.rs` and `faults_survived.rs`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const KEY: &str = "c2VjcmV0IGtleSBvZiB0aGUgdGVzdHMsIG9mIDMyIGJ5dGVzIGF0IGxlYXN0";

/// A project in a folder that goes away, and whether there is a key.
struct Project {
    dir: tempfile::TempDir,
    has_key: bool,
}

impl Project {
    fn new(name: &str) -> Self {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cli").join(format!("{name}.in"));
        let dir = tempfile::tempdir().expect("a folder");
        copy(&sample, dir.path());
        Self { dir, has_key: false }
    }

    fn edit(&self, words: &str) {
        let (file, change) = words.split_once(' ').expect("a file and a change");
        let (old, new) = change.split_once(" => ").expect("OLD => NEW");
        let path = self.dir.path().join(file);
        let text = fs::read_to_string(&path).expect("a file of the project");
        assert!(text.contains(old), "{file} has no `{old}`");
        fs::write(path, text.replacen(old, &new.replace("\\n", "\n"), 1)).expect("a file of ours");
    }

    /// The code, and all that was said.
    fn run(&self, words: &str) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.args(words.split(' ')).current_dir(self.dir.path()).stdin(Stdio::null());
        for variable in ["CI", "HUBJOBS_ENV", "HUBJOBS_LOG", "HUBJOBS_TEST_SECRET", "HUBJOBS_PLAN_KEY"] {
            command.env_remove(variable);
        }
        if self.has_key {
            command.env("HUBJOBS_PLAN_KEY", KEY);
        }
        let output = command.output().expect("the program runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().expect("no signal ended it"), String::from_utf8_lossy(&said).into_owned())
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

#[test]
fn every_command_ends_as_the_table_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/exit-codes.txt");
    let text = fs::read_to_string(file).expect("the table");
    let (mut project, mut wrong, mut count) = (None, String::new(), 0);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    for (at, line) in lines {
        if let Some(name) = line.strip_prefix("== ") {
            project = Some(Project::new(name));
            continue;
        }
        let project = project.as_mut().expect("a project comes first");
        match line.split_once(' ') {
            _ if line == "key" => project.has_key = true,
            _ if line == "no key" => project.has_key = false,
            Some(("edit", words)) => project.edit(words),
            Some((code, words)) => {
                let expected: i32 = code.parse().expect("a code comes first");
                let (code, said) = project.run(words);
                if code != expected {
                    wrong.push_str(&format!("exit-codes.txt:{}: {line}: ended with {code}\n{said}\n", at + 1));
                }
                count += 1;
            }
            None => panic!("exit-codes.txt:{}: `{line}` is no command", at + 1),
        }
    }
    assert!(count > 60, "only {count} commands were run");
    assert!(wrong.is_empty(), "\n{wrong}");
}
