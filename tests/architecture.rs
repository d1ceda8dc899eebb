//! Holds the code to its table of allowed imports, the PURE rooms to their purity, and files to
//! their size and names.

use std::fmt;
use std::path::{Path, PathBuf};

/// Who may import whom; `model <- nothing` is a row without names. A room may always import itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("diagnostic", &[]),
    ("query", &[]),
    ("load", &["diagnostic"]),
    ("validate", &["model", "diagnostic", "query"]),
    ("expand", &["model"]),
    ("plan", &["model", "query"]),
    ("net", &[]),
    ("hub", &["model", "net"]),
    ("reconcile", &["model", "plan", "hub"]),
    ("report", &["model", "diagnostic", "plan", "reconcile", "doctor"]),
    ("emulator", &["model", "query", "hub", "net"]),
    ("forge", &["net"]),
    ("doctor", &["model", "hub", "net", "emulator", "query"]),
    ("run_once", &["model", "diagnostic", "load", "validate", "expand", "plan", "hub", "reconcile"]),
    ("controller", &["model", "run_once", "hub", "report"]),
    (
        "cli",
        &[
            "model",
            "diagnostic",
            "query",
            "load",
            "validate",
            "expand",
            "plan",
            "hub",
            "reconcile",
            "report",
            "emulator",
            "net",
            "forge",
            "doctor",
            "run_once",
            "controller",
        ],
    ),
];

/// Rooms, and parts of rooms, that touch nothing but their arguments.
const PURE: &[&str] = &[
    "model/",
    "diagnostic/",
    "query/",
    "validate/",
    "expand/",
    "hub/entra/chain.rs",
    "hub/entra/claims.rs",
    "hub/entra/failure.rs",
    "hub/entra/help.rs",
    "hub/entra/refusal.rs",
    "hub/entra/surroundings.rs",
    "plan/",
    "report/",
    "forge/choice.rs",
    "forge/dialect.rs",
    "forge/error.rs",
    "forge/kind.rs",
    "forge/marker.rs",
    "forge/markup.rs",
    "forge/site.rs",
    "doctor/judge/",
    "doctor/check.rs",
    "doctor/code.rs",
    "doctor/finding.rs",
    "doctor/conformance/notes.rs",
    "doctor/conformance/unprobed.rs",
    "emulator/state/",
    "emulator/faults/",
    "emulator/fleet.rs",
    "emulator/mqtt/answer.rs",
    "emulator/mqtt/client.rs",
    "emulator/mqtt/closing.rs",
    "emulator/mqtt/login.rs",
    "emulator/mqtt/packet.rs",
    "emulator/mqtt/rules.rs",
    "emulator/mqtt/session.rs",
    "emulator/mqtt/topics.rs",
    "emulator/facts.rs",
];

/// What a PURE room does not name: the network, files, clocks, chance, the environment.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "axum",
    "rand",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "thread::sleep",
];

/// Names that say nothing of what a file is for.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "manager", "common", "misc"];

const LINES_MAX: usize = 400;

/// Files that are longer, and why. An entry that is not needed any more is a finding.
const LONG_FILES: &[(&str, &str)] = &[];

/// Something that the table does not allow.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// A source file: its path below `src/`, and its lines without comments and tests.
struct Source {
    path: String,
    /// Number and text of each line.
    lines: Vec<(usize, String)>,
    /// Files that are modules for tests only.
    test_files: Vec<String>,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let (mut lines, mut test_files) = (Vec::new(), Vec::new());
        let mut in_tests = false;
        let mut numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line)).peekable();
        while let Some((number, line)) = numbered.next() {
            if line == "#[cfg(test)]" {
                let next = numbered.peek().and_then(|(_, next)| next.strip_prefix("mod ")).unwrap_or_default();
                in_tests = next.ends_with('{');
                test_files.extend(next.strip_suffix(';').map(|name| sibling(path, name)));
            }
            if !in_tests {
                lines.push((number, code(line).to_owned()));
            }
            // The module ends where its brace closes, at the margin: rustfmt sees to that.
            in_tests &= line != "}";
        }
        Self { path: path.to_owned(), lines, test_files }
    }

    /// `plan` of `plan/decide.rs`, `run_once` of `run_once.rs`; nothing for the crate's roots.
    fn room(&self) -> Option<&str> {
        let first = self.path.split('/').next().expect("split gives at least one part");
        let room = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(room, "lib" | "main")).then_some(room)
    }

    /// How many modules the file's own module is below the root.
    fn depth(&self) -> usize {
        let parts = self.path.split('/').count();
        if self.path.ends_with("/mod.rs") { parts - 1 } else { parts }
    }

    fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: format!("src/{}", self.path), line, what: what.into() }
    }

    fn forbidden_imports(&self) -> Vec<Finding> {
        let Some(room) = self.room() else { return Vec::new() };
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == room) else {
            return vec![self.finding(1, format!("the room `{room}` is not in the table"))];
        };
        let forbidden = |(line, other): (usize, String)| {
            let is_room = ALLOWED.iter().any(|(known, _)| *known == other);
            let finding = || self.finding(line, format!("`{room}` must not import `{other}`"));
            (is_room && other != room && !allowed.contains(&other.as_str())).then(finding)
        };
        self.imports().into_iter().filter_map(forbidden).collect()
    }

    /// The rooms that the file names, with the lines that do.
    fn imports(&self) -> Vec<(usize, String)> {
        let text: String = self.lines.iter().map(|(_, line)| format!("{line}\n")).collect();
        let mut found = Vec::new();
        for (at, _) in text.match_indices("::") {
            let path_before = path_ending_at(&text[..at]);
            let supers = path_before.split("::").filter(|part| *part == "super").count();
            let is_root =
                path_before == "crate" || (supers == path_before.split("::").count() && supers >= self.depth());
            if is_root {
                let line_of = |at: usize| self.lines[text[..at].matches('\n').count()].0;
                found.extend(first_names(&text, at + 2).into_iter().map(|(at, name)| (line_of(at), name.to_owned())));
            }
        }
        found
    }

    fn impurities(&self) -> Vec<Finding> {
        if !PURE.iter().any(|prefix| self.path.starts_with(prefix)) {
            return Vec::new();
        }
        let impure = |(number, line): &(usize, String)| {
            let name = IMPURE.iter().find(|name| has_word(line, name))?;
            Some(self.finding(*number, format!("a PURE room must not name `{name}`")))
        };
        self.lines.iter().filter_map(impure).collect()
    }

    fn bad_name(&self) -> Option<Finding> {
        let parts = self.path.split('/').map(|part| part.trim_end_matches(".rs"));
        let name = parts.into_iter().find(|part| EMPTY_NAMES.contains(part))?;
        Some(self.finding(1, format!("`{name}` says nothing of what is in it")))
    }

    fn bad_length(&self) -> Option<Finding> {
        let (len, path) = (self.lines.len(), format!("src/{}", self.path));
        match (len > LINES_MAX, LONG_FILES.iter().any(|(known, _)| *known == path)) {
            (true, false) => Some(self.finding(len, format!("{len} lines, the limit is {LINES_MAX}"))),
            (false, true) => Some(self.finding(len, "is on the list of long files, and is not long")),
            _ => None,
        }
    }
}

/// The file of a module that is declared in another file.
fn sibling(path: &str, name: &str) -> String {
    let folder = match path.strip_suffix("mod.rs") {
        Some(folder) => folder.to_owned(),
        None => format!("{}/", path.trim_end_matches(".rs")),
    };
    format!("{folder}{name}.rs")
}

/// A line without its comment. Nothing in a string looks like one of ours: `https://` has no space
/// before it.
fn code(line: &str) -> &str {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//") {
        return "";
    }
    line.split_once(" // ").map_or(line, |(code, _)| code)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The path, such as `super::super`, that a text ends with.
fn path_ending_at(text: &str) -> &str {
    let start = text.rfind(|c: char| !is_word(c) && c != ':').map_or(0, |at| at + 1);
    text[start..].trim_start_matches(':')
}

/// The names that a path goes on with at a place: one, or those in braces.
fn first_names(text: &str, at: usize) -> Vec<(usize, &str)> {
    let word = |at: usize| {
        let end = text[at..].find(|c: char| !is_word(c)).map_or(text.len(), |len| at + len);
        &text[at..end]
    };
    if !text[at..].starts_with('{') {
        return vec![(at, word(at))];
    }
    let (mut names, mut depth, mut expects_name) = (Vec::new(), 0_usize, false);
    for (offset, c) in text[at..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            c if is_word(c) && expects_name && depth == 1 => {
                names.push((at + offset, word(at + offset)));
                expects_name = false;
            }
            _ => {}
        }
        expects_name |= depth == 1 && matches!(c, '{' | ',');
    }
    names
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let read = |file: &PathBuf| {
        let path = file.strip_prefix(&root).expect("a file of the folder").to_string_lossy().replace('\\', "/");
        Source::new(&path, &std::fs::read_to_string(file).expect("a readable source"))
    };
    let mut sources: Vec<Source> = files.iter().map(read).collect();
    let test_files: Vec<String> = sources.iter().flat_map(|source| source.test_files.clone()).collect();
    sources.retain(|source| !test_files.contains(&source.path));
    sources
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[track_caller]
fn assert_none(findings: impl IntoIterator<Item = Finding>) {
    let report: String = findings.into_iter().map(|finding| format!("{finding}\n")).collect();
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    assert_none(sources().iter().flat_map(Source::forbidden_imports));
}

#[test]
fn pure_rooms_touch_nothing_but_their_arguments() {
    assert_none(sources().iter().flat_map(Source::impurities));
}

#[test]
fn files_have_names_that_say_something() {
    assert_none(sources().iter().filter_map(Source::bad_name));
}

#[test]
fn files_are_short() {
    assert_none(sources().iter().filter_map(Source::bad_length));
    let known = |path: &str| sources().iter().any(|source| format!("src/{}", source.path) == path);
    for (path, reason) in LONG_FILES {
        assert!(known(path) && !reason.is_empty(), "{path} is on the list of long files");
    }
}

#[test]
fn stages_never_import_each_other() {
    const STAGES: [&str; 6] = ["load", "validate", "expand", "plan", "hub", "reconcile"];
    // Carrying out needs what is carried out, and where.
    const EXCEPTIONS: [(&str, &str); 2] = [("reconcile", "plan"), ("reconcile", "hub")];
    for (room, allowed) in ALLOWED.iter().filter(|(room, _)| STAGES.contains(room)) {
        for other in allowed.iter().filter(|other| STAGES.contains(other)) {
            assert!(EXCEPTIONS.contains(&(room, other)), "{room} imports {other}");
        }
    }
}

/// What the scanner finds in a file.
fn scan(path: &str, text: &str) -> Vec<String> {
    let source = Source::new(path, text);
    source.forbidden_imports().iter().chain(&source.impurities()).map(ToString::to_string).collect()
}

#[test]
fn the_scanner_finds_every_form_of_import() {
    for (path, text, line) in [
        ("plan/decide.rs", "use crate::hub::HubClient;", 1),
        ("plan/decide.rs", "use crate::model::Name;\n\npub(crate) use crate::hub;", 3),
        ("plan/decide.rs", "use crate::{\n    model::{Name, hub},\n    hub::HubClient,\n};", 3),
        ("plan/decide.rs", "use crate::{model, hub as seam};", 1),
        ("plan/decide.rs", "fn f() {\n    let _ = crate::hub::observe();\n}", 2),
        ("plan/decide.rs", "use super::super::hub::HubClient;", 1),
        ("plan/deep/mod.rs", "use super::super::hub::HubClient;", 1),
        ("plan/mod.rs", "use super::hub::HubClient;", 1),
        ("plan/mod.rs", "impl<T: crate::hub::HubClient> X for T {}", 1),
    ] {
        let expected = format!("src/{path}:{line}: `plan` must not import `hub`");
        assert_eq!(scan(path, text), [expected], "{text}");
    }
    assert_eq!(scan("run_once.rs", "use crate::cli::run;"), ["src/run_once.rs:1: `run_once` must not import `cli`"]);
    assert_eq!(scan("shed/mod.rs", ""), ["src/shed/mod.rs:1: the room `shed` is not in the table"]);
}

#[test]
fn the_scanner_finds_what_is_impure() {
    for (text, name) in [
        ("use tokio::time::sleep;", "tokio"),
        ("use std::fs;", "std::fs"),
        ("let now = Timestamp::now();", "Timestamp::now"),
        ("let now = jiff::Timestamp::now(); // why not", "Timestamp::now"),
        ("use std::time::SystemTime;", "SystemTime"),
        ("let dice = rand::rng();", "rand"),
    ] {
        assert_eq!(scan("plan/x.rs", text), [format!("src/plan/x.rs:1: a PURE room must not name `{name}`")], "{text}");
        assert_eq!(scan("hub/x.rs", text), [""; 0], "{text}");
    }
    assert_eq!(scan("emulator/state/x.rs", "use axum::Router;").len(), 1);
    assert_eq!(scan("emulator/http/x.rs", "use axum::Router;"), [""; 0]);
}

#[test]
fn the_scanner_lets_the_rest_pass() {
    for (path, text) in [
        ("plan/decide.rs", "use crate::model::Name;"),
        ("plan/decide.rs", "use crate::plan::row::Row;\nuse super::row::Row;"),
        ("plan/decide.rs", "//! See [`crate::hub`]; knows no tokio.\n/// [`crate::hub::HubClient`]"),
        ("plan/decide.rs", "let brand = operand + 1; // rand"),
        ("plan/deep/leaf.rs", "use super::super::hub_like::X;\nuse super::super::row::Row;"),
        ("plan/decide.rs", "#[cfg(test)]\nmod tests {\n    use crate::hub::HubClient;\n    use tokio::test;\n}"),
        ("cli/mod.rs", "use crate::{emulator, hub, run_once};"),
        ("lib.rs", "pub use crate::hub::HubClient;"),
    ] {
        assert_eq!(scan(path, text), [""; 0], "{text}");
    }
    let test_files = |path: &str| Source::new(path, "#[cfg(test)]\nmod cases;\nmod other;").test_files;
    assert_eq!(test_files("plan/mod.rs"), ["plan/cases.rs"]);
    assert_eq!(test_files("plan/decide.rs"), ["plan/decide/cases.rs"]);
    let after_tests = "#[cfg(test)]\nmod tests {\n}\nuse crate::hub::HubClient;";
    assert_eq!(scan("plan/x.rs", after_tests), ["src/plan/x.rs:4: `plan` must not import `hub`"]);
}
