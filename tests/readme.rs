//! What the README says can be typed, clicked and copied.

use std::fs;
use std::path::Path;
use std::process::Command;

use hubjobs::diagnostic::{Look, SourceMap, render_text};
use hubjobs::validate;

/// Lines on a page: who wants more reads on elsewhere.
const LINES_MAX: usize = 140;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("the README")
}

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let (text, fence) = (readme(), format!("```{language}\n"));
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// Copies a folder without what an emulator keeps.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder of ours");
    for entry in fs::read_dir(from).expect("a folder of the repository") {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("an entry");
        if path.is_dir() && name != ".hubjobs" {
            copy(&path, &to.join(name));
        } else if path.is_file() {
            fs::copy(&path, to.join(name)).expect("a file");
        }
    }
}

/// Every command of every console, one after another, as a newcomer would type them.
#[test]
fn commands_do_what_they_say() {
    let dir = tempfile::tempdir().expect("a folder");
    copy(&root().join("manifests"), &dir.path().join("manifests"));
    let (mut folder, mut count) = (dir.path().to_owned(), 0);
    let consoles = blocks("console");
    let commands = consoles.iter().flat_map(|block| block.lines().filter_map(|line| line.strip_prefix("$ ")));
    for command in commands {
        let command = command.split(" #").next().unwrap_or_default().trim();
        let words: Vec<_> = command.split_whitespace().collect();
        let words = match words.as_slice() {
            ["cd", to] => {
                folder.push(to);
                continue;
            }
            // What needs a network or hours.
            ["cargo", "install" | "test", ..] => continue,
            ["cargo", "run", "--release", "--", words @ ..] | ["hubjobs", words @ ..] => words,
            _ => panic!("the test does not know how to type `{command}`"),
        };
        let mut program = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        program.args(words).current_dir(&folder).env_remove("HUBJOBS_ENV").env_remove("HUBJOBS_LOG");
        let output = program.output().expect("the program runs");
        assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
        count += 1;
    }
    assert!(count >= 5, "only {count} commands were found");
}

/// A whole document is valid, and a part of a project is, within one.
#[test]
fn manifests_are_valid() {
    let mut count = 0;
    for block in blocks("yaml") {
        let is_part = block.starts_with("    ");
        let text = if is_part {
            format!(
                "apiVersion: hubjobs.dev/v1\nkind: Project\nmetadata: {{name: readme}}\nspec:\n  \
                 ownerId: 5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10\n  owner: read\n  manifests: [jobs]\n  environments:\n{block}"
            )
        } else {
            block
        };
        if !text.starts_with("apiVersion: hubjobs.dev") {
            continue;
        }
        let mut sources = SourceMap::new();
        let id = sources.add("README.yaml".to_owned(), text);
        let found =
            if is_part { validate::project(&sources, id).1 } else { validate::manifests(&sources, &[id]).diagnostics };
        assert!(found.is_empty(), "{}", render_text(&found, &sources, Look::Plain));
        count += 1;
    }
    assert!(count >= 2, "only {count} documents were found");
}

#[test]
fn links_lead_somewhere() {
    let text = readme();
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.starts_with("http")) {
        assert!(root().join(link).exists(), "the README links to `{link}`, which is not there");
    }
}

#[test]
fn it_is_one_page() {
    let lines = readme().lines().count();
    assert!(lines <= LINES_MAX, "{lines} lines; move what is not needed in the first minute");
}
