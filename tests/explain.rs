//! What `hubjobs explain` says is true: an example causes its finding and no other, the mended one
//! causes none, and lines of plans are lines of plans.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hubjobs::diagnostic::{Code, Diagnostics, Look, SourceMap, render_text};
use hubjobs::model::Explained;
use hubjobs::plan::{BlockedReason, CancelReason, CreateReason, DeferredReason, IdleReason, Rule};
use hubjobs::{load, validate};

/// What an excerpt leaves out: fields of `spec` by kind. The first field that an excerpt has, and
/// none of the other kinds, says which kind it is part of.
const REST: [(&str, &[&str], &[&str]); 5] = [
    ("Policy", &["rules", "windows", "environments: ["], &[]),
    ("Fleet", &["groups", "seed"], &[]),
    (
        "Project",
        &["ownerId", "owner", "manifests", "environments"],
        &[
            "ownerId: 5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10",
            "owner: bldg",
            r#"manifests: ["jobs/*.yaml"]"#,
            "environments: {local: {hub: {emulator: {}}, prune: never}}",
        ],
    ),
    (
        "TwinJob",
        &["twin"],
        &[r#"target: {condition: "tags.floor = 3"}"#, r#"schedule: {cron: "0 22 * * *", timeZone: UTC}"#],
    ),
    (
        "MethodJob",
        &[],
        &[
            r#"target: {condition: "tags.floor = 3"}"#,
            r#"schedule: {cron: "0 22 * * *", timeZone: UTC}"#,
            "method: {name: lockDoor}",
        ],
    ),
];

/// The whole document of an excerpt; a whole document as it is.
fn whole(text: &str) -> String {
    let is_excerpt = text.starts_with("spec:") || text.starts_with("metadata:");
    if !is_excerpt {
        return text.to_owned();
    }
    let has =
        |field: &str| text.lines().any(|line| line.strip_prefix("  ").is_some_and(|line| line.starts_with(field)));
    let (kind, _, rest) = REST
        .into_iter()
        .find(|(_, own, _)| own.is_empty() || own.iter().any(|field| has(field)))
        .expect("the last one takes everything");
    let mut document = format!("apiVersion: hubjobs.dev/v1\nkind: {kind}\n");
    if !text.starts_with("metadata:") {
        document.push_str("metadata: {name: lock-doors}\n");
    }
    document.push_str(text);
    if !text.contains("spec:") {
        document.push_str("spec:\n");
    }
    for line in rest {
        let field = line.split_inclusive(':').next().expect("a field");
        if !has(field) {
            document.push_str(&format!("  {line}\n"));
        }
    }
    document
}

/// The files of an example: its path and text.
fn files(text: &str, is_json: bool) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.trim_end().strip_prefix("# ").filter(|path| path.ends_with(".yaml") && !path.contains(' ')) {
            Some(path) => files.push((path.to_owned(), String::new())),
            None if files.is_empty() => {
                let name = if is_json { "job.json" } else { "job.yaml" };
                files.push((name.to_owned(), line.to_owned()));
            }
            None => files.last_mut().expect("just looked").1.push_str(line),
        }
    }
    files.into_iter().map(|(path, text)| (path, whole(&text))).collect()
}

/// Everything that is found in an example.
fn found(text: &str) -> (SourceMap, Diagnostics) {
    let folder = tempfile::tempdir().expect("a folder");
    let files = files(text, text.starts_with('{'));
    for (path, text) in &files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let mut sources = SourceMap::new();
    let found = match files.as_slice() {
        [(path, _)] if path != "hubjobs.yaml" => file(folder.path(), path, &mut sources),
        _ => project(folder.path(), &mut sources),
    };
    (sources, found)
}

fn file(folder: &Path, path: &str, sources: &mut SourceMap) -> Diagnostics {
    let loaded = load::paths(folder, &[PathBuf::from(path)], sources);
    let mut found = loaded.diagnostics;
    for id in loaded.ids {
        let text = sources.get(id).text().to_owned();
        found.extend(match () {
            () if text.contains("kind: Project") => validate::project(sources, id).1,
            () if text.contains("kind: Fleet") => validate::fleet(sources, id).1,
            () => validate::manifests(sources, &[id]).diagnostics,
        });
    }
    found
}

fn project(folder: &Path, sources: &mut SourceMap) -> Diagnostics {
    let id = load::project(folder, sources).expect("the example has a project file");
    let (file, mut found) = validate::project(sources, id);
    let Some(file) = file else { return found };
    let patterns: Vec<_> = file.manifests.into_iter().map(|(text, span)| load::Pattern { text, span }).collect();
    let loaded = load::manifests(folder, &patterns, sources);
    found.extend(loaded.diagnostics);
    let overlays: Vec<_> = file.overlays.values().collect();
    let validated = validate::manifests_in(sources, &loaded.ids, &overlays, validate::Coverage::Project);
    found.extend(validated.astray(&file.project));
    found.extend(validated.diagnostics);
    found
}

#[test]
fn a_wrong_example_causes_its_finding_and_no_other() {
    let mut differing = Vec::new();
    for code in Code::ALL {
        let Some(wrong) = code.example().wrong else { continue };
        let (sources, found) = found(wrong);
        let seen: BTreeSet<_> = found.iter().map(|finding| finding.code).collect();
        if seen != BTreeSet::from([*code]) {
            differing.push(format!("{code}:\n{}", render_text(&found, &sources, Look::Plain)));
        }
    }
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn a_mended_example_has_no_finding() {
    let mut differing = Vec::new();
    for code in Code::ALL {
        let Some(right) = code.example().right else { continue };
        let (sources, found) = found(right);
        if !found.is_empty() {
            differing.push(format!("{code}:\n{}", render_text(&found, &sources, Look::Plain)));
        }
    }
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

/// Only what no short text can cause, or no manifest at all, goes without an example.
#[test]
fn few_codes_have_no_example() {
    let without: Vec<_> =
        Code::ALL.iter().filter(|code| code.example().wrong.is_none()).map(|code| code.as_str()).collect();
    assert_eq!(
        without,
        [
            "file-unreadable",
            "file-too-large",
            "not-utf8",
            "project-not-found",
            "payload-too-large",
            "twin-string",
            "twin-size",
            "query-too-long",
            "nested-too-deeply",
            "unknown-collection",
            "missing-prefix",
            "invalid-projection",
            "duplicate-column",
        ]
    );
}

/// The text of all files below a folder that end so.
fn texts(folder: &Path, endings: &[&str], into: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts(&path, endings, into);
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            into.push_str(&fs::read_to_string(&path).expect("text"));
            into.push('\n');
        }
    }
}

/// The expectations of other tests.
fn expectations() -> String {
    let (mut text, root) = (String::new(), Path::new(env!("CARGO_MANIFEST_DIR")));
    for folder in ["tests/cases", "tests/effects", "src/report/snapshots"] {
        texts(&root.join(folder), &[".txt", ".md", ".trycmd", ".snap"], &mut text);
    }
    text
}

/// A line of a plan in an explanation is one that some test expects, to the letter.
#[test]
fn lines_of_plans_are_lines_of_plans() {
    let expectations = expectations();
    let mut seen = 0;
    for Explained { code, example, .. } in Rule::EXPLAINED {
        if example.starts_with("error[") || example.starts_with("warning[") {
            seen += 1;
            assert!(expectations.lines().any(|line| line == *example), "{code}: no test expects\n{example}");
            assert!(example.contains(&format!("[{code}")), "{code}: {example}");
        }
    }
    assert!(seen >= 18, "only {seen} rules show a line of a plan");
}

/// The planner's cases bring about every reason.
#[test]
fn every_reason_is_brought_about_by_a_case() {
    let mut cases = String::new();
    texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/planner"), &[".txt"], &mut cases);
    let words: BTreeSet<_> = cases.split([' ', ',', '\n']).collect();
    let tables = [
        CreateReason::EXPLAINED,
        CancelReason::EXPLAINED,
        DeferredReason::EXPLAINED,
        BlockedReason::EXPLAINED,
        IdleReason::EXPLAINED,
    ];
    for Explained { code, .. } in tables.into_iter().flatten() {
        assert!(words.contains(code), "no case brings about `{code}`");
    }
}
