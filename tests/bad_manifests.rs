//! Bad input of every class, and what is said about it.
//!
//! A case in `cases/bad` is a file, or a folder with a project. Files are read as job manifests,
//! those whose name begins with `project-` or `fleet-` as what they are named after. What is
//! printed stands beside the case, with the ending `.stderr`.
//! `HUBJOBS_UPDATE=1 cargo test --test bad_manifests` rewrites it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hubjobs::diagnostic::{Code, Diagnostics, Look, SourceMap, render_github, render_json, render_sarif, render_text};
use hubjobs::{load, query, validate};
use proptest::prelude::*;

/// Codes that no file in `cases` can cause, and why.
const NOT_IN_CASES: [(Code, &str); 6] = [
    (Code::FileUnreadable, "git keeps no unreadable files: load::project has the test"),
    (Code::FileTooLarge, "nobody wants 8 MiB in git: load::project has the test"),
    (Code::UnknownCollection, "conditions name no collection"),
    (Code::MissingPrefix, "conditions are never about devices.jobs"),
    (Code::InvalidProjection, "conditions have no projection"),
    (Code::DuplicateColumn, "conditions have no columns"),
];

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let entries = std::fs::read_dir(&folder).expect("the folder of the cases");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| {
        let name = path.file_name().expect("a name").to_string_lossy();
        !name.starts_with('.') && !name.ends_with(".stderr")
    });
    paths.sort();
    paths
}

/// Everything that is found in a case.
fn found(case: &Path) -> (SourceMap, Diagnostics) {
    let mut sources = SourceMap::new();
    let found = if case.is_dir() { project(case, &mut sources) } else { file(case, &mut sources) };
    (sources, found)
}

fn file(case: &Path, sources: &mut SourceMap) -> Diagnostics {
    let name = case.file_name().expect("a name");
    let folder = case.parent().expect("a folder");
    let loaded = load::paths(folder, &[PathBuf::from(name)], sources);
    let mut found = loaded.diagnostics;
    let name = name.to_string_lossy();
    for id in loaded.ids {
        found.extend(match () {
            () if name.starts_with("project-") => validate::project(sources, id).1,
            () if name.starts_with("fleet-") => validate::fleet(sources, id).1,
            () => {
                let validated = validate::manifests(sources, &[id]);
                assert_eq!(
                    validated.complete,
                    !validated.diagnostics.has_errors() || validated.manifests.len() > 1,
                    "{name}"
                );
                validated.diagnostics
            }
        });
    }
    found
}

fn project(case: &Path, sources: &mut SourceMap) -> Diagnostics {
    let mut found = Diagnostics::new();
    let id = match load::project(case, sources) {
        Ok(id) => id,
        Err(finding) => {
            found.push(*finding);
            return found;
        }
    };
    let (file, more) = validate::project(sources, id);
    found.extend(more);
    let Some(file) = file else { return found };
    let patterns: Vec<_> = file.manifests.into_iter().map(|(text, span)| load::Pattern { text, span }).collect();
    let loaded = load::manifests(case, &patterns, sources);
    found.extend(loaded.diagnostics);
    let overlays: Vec<_> = file.overlays.values().collect();
    let validated = validate::manifests_in(sources, &loaded.ids, &overlays, validate::Coverage::Project);
    found.extend(validated.astray(&file.project));
    found.extend(validated.diagnostics);
    found
}

/// What is printed, with paths as if the user stood in the folder of the cases.
fn printed(case: &Path) -> String {
    let (sources, found) = found(case);
    let folder = format!("{}/", case.parent().expect("a folder").display());
    render_text(&found, &sources, Look::Plain).replace(&folder, "")
}

#[test]
fn bad_input_is_explained() {
    let update = std::env::var_os("HUBJOBS_UPDATE").is_some();
    let mut differing = Vec::new();
    let cases = cases("bad");
    for case in &cases {
        let printed = printed(case);
        assert!(!printed.is_empty(), "{} has nothing wrong with it", case.display());
        let expected_path = case.with_extension("stderr");
        if update {
            std::fs::write(&expected_path, &printed).expect("the folder is writable");
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if expected != printed {
            differing.push(format!("{}:\n{printed}", case.display()));
        }
    }
    assert!(differing.is_empty(), "{} cases differ:\n{}", differing.len(), differing.join("\n"));
    assert!(cases.len() > 60, "only {} cases were found", cases.len());
}

#[test]
fn good_input_has_no_findings() {
    for case in cases("good") {
        let printed = printed(&case);
        assert!(printed.is_empty(), "{}:\n{printed}", case.display());
    }
}

#[test]
fn every_code_has_a_case() {
    let seen: BTreeSet<Code> = cases("bad")
        .iter()
        .flat_map(|case| found(case).1.iter().map(|finding| finding.code).collect::<Vec<_>>())
        .collect();
    let excused = |code: Code| NOT_IN_CASES.iter().any(|(excused, _)| *excused == code);
    let unseen: Vec<_> = Code::ALL.iter().filter(|code| !seen.contains(code) && !excused(**code)).collect();
    assert!(unseen.is_empty(), "no case for {unseen:?}");
    let needless: Vec<_> = NOT_IN_CASES.iter().filter(|(code, _)| seen.contains(code)).collect();
    assert!(needless.is_empty(), "has a case after all: {needless:?}");
}

#[test]
fn every_finding_can_be_acted_on() {
    for case in cases("bad") {
        for finding in &found(&case).1 {
            assert!(!finding.message.ends_with('.'), "{}: {}", case.display(), finding.message);
            // The query language explains itself, and has tests of its own.
            if query::ProblemCode::ALL.iter().any(|code| code.as_str() == finding.code.as_str()) {
                continue;
            }
            let helps = !finding.help.is_empty() || !finding.notes.is_empty();
            assert!(helps, "{}: `{}` has neither help nor note", case.display(), finding.message);
        }
    }
}

#[test]
fn the_query_language_has_the_same_codes() {
    for code in query::ProblemCode::ALL {
        assert!(Code::from_name(code.as_str()).is_some(), "no diagnostic code `{}`", code.as_str());
    }
}

/// Each finding asks where it stands, which takes time in proportion to the document.
#[test]
fn floods_of_findings_are_cut_short() {
    let items = |item: &dyn Fn(usize) -> String| (0..30_000).map(item).collect::<Vec<_>>().join(", ");
    let document = |target: String, more: String| {
        format!(
            "apiVersion: hubjobs.dev/v1\nkind: TwinJob\nmetadata: {{name: a}}\nspec:\n  target: {target}\n  \
             expectDevices: {{max: 9}}\n  schedule: {{at: '2026-12-01T09:30Z'}}\n  twin: {{tags: {{x: 1}}}}\n{more}",
        )
    };
    let floods = [
        document(format!("{{deviceIds: [{}]}}", items(&|n| n.to_string())), String::new()),
        document(format!("{{deviceIds: [{}]}}", items(&|_| "a".to_owned())), String::new()),
        document("{all: true}".to_owned(), format!("  more: {{{}}}\n", items(&|n| format!("k{}: {n}", n % 15_000)))),
        document("{all: true}".to_owned(), (0..30_000).map(|n| format!("  k{n}: 1\n")).collect()),
    ];
    for flood in floods {
        let mut sources = SourceMap::new();
        let id = sources.add("flood.yaml", flood);
        let found = validate::manifests(&sources, &[id]).diagnostics;
        assert!((100..=102).contains(&found.counts().errors), "{}", found.counts());
        assert!(found.iter().any(|finding| finding.notes.iter().any(|note| note.contains("more of them"))));
    }
}

/// A document, and an edit of it that nobody would make on purpose.
fn edited() -> impl Strategy<Value = (validate::Kind, String)> {
    let piece = "[ -~\\n\\t\\r&*<:{}\\[\\],'\"|>#$é\u{feff}\u{2028}]{0,12}";
    (proptest::sample::select(validate::Kind::ALL.to_vec()), 0_usize..4096, 0_usize..40, piece).prop_map(
        |(kind, at, removed, piece)| {
            let mut text = validate::example(kind);
            let at = at % text.len();
            text.replace_range(at..(at + removed).min(text.len()), &piece);
            (kind, text)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever stands in a file, it gives a result or a finding, and the finding can be printed.
    #[test]
    fn no_edit_ends_in_a_panic_or_in_silence((kind, text) in edited()) {
        let mut sources = SourceMap::new();
        let id = sources.add("edited.yaml", text);
        let (has_result, found) = match kind {
            validate::Kind::Project => {
                let (project, found) = validate::project(&sources, id);
                (project.is_some(), found)
            }
            validate::Kind::Fleet => {
                let (fleet, found) = validate::fleet(&sources, id);
                (fleet.is_some(), found)
            }
            validate::Kind::MethodJob | validate::Kind::TwinJob | validate::Kind::Policy => {
                let validated = validate::manifests(&sources, &[id]);
                let is_empty = sources.get(id).text().lines().all(|line| line.is_empty() || line.starts_with('#'));
                let is_some = !validated.manifests.is_empty() || !validated.policies.is_empty();
                (is_some || is_empty, validated.diagnostics)
            }
        };
        prop_assert!(has_result || found.has_errors());
        prop_assert_eq!(render_text(&found, &sources, Look::Plain).is_empty(), found.is_empty());
        let _ = (render_github(&found, &sources), render_json(&found, &sources), render_sarif(&found, &sources, "1.0.0"));
    }
}
