//! Ten plans in every form: `tests/cases/plans/NAME/plan.json` is the plan, the files beside it are
//! what is made of it. The tenth has 10 000 actions and is made here.
//!
//! `HUBJOBS_UPDATE=1` rewrites the files; read the difference before it is kept.

mod hubs;
mod huge;
mod markdown;
mod properties;

use std::path::{Path, PathBuf};

use hubjobs::report::{PlanDocument, PlanForm, RenderOptions, render};

/// The plans that are files, by the names of their folders.
const PLANS: [&str; 9] = [
    "blocked",
    "deferred-timeline",
    "findings",
    "hostile",
    "method-with-effects",
    "nothing-to-do",
    "prune-refused",
    "replace",
    "twin-values",
];

/// File of each form.
const FORMS: [(PlanForm, &str); 6] = [
    (PlanForm::Json, "plan.json"),
    (PlanForm::Text, "plan.txt"),
    (PlanForm::Markdown, "plan.md"),
    (PlanForm::Html, "plan.html"),
    (PlanForm::Github, "plan.github"),
    (PlanForm::Sarif, "plan.sarif"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plans")
}

fn plan(name: &str) -> PlanDocument {
    let path = folder().join(name).join("plan.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rendered(plan: &PlanDocument, form: PlanForm) -> String {
    let text = render(plan, form, &RenderOptions::default());
    match form {
        PlanForm::Text => anstream::adapter::strip_str(&text).to_string(),
        PlanForm::Sarif => text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"),
        _ => text,
    }
}

#[test]
fn every_plan_in_every_form() {
    let is_update = std::env::var_os("HUBJOBS_UPDATE").is_some();
    let mut stale = Vec::new();
    for name in PLANS {
        let document = plan(name);
        for (form, file) in FORMS {
            let path = folder().join(name).join(file);
            let text = rendered(&document, form);
            if std::fs::read_to_string(&path).ok().as_deref() == Some(&text) {
                continue;
            } else if is_update {
                // Other tests read the same files meanwhile.
                let written = path.with_extension("new");
                std::fs::write(&written, &text)
                    .and_then(|()| std::fs::rename(&written, &path))
                    .expect("it is writable");
            } else {
                stale.push(format!("{name}/{file}"));
            }
        }
    }
    assert!(stale.is_empty(), "{stale:?} differ; `HUBJOBS_UPDATE=1 cargo test --test plan_forms` rewrites them");
}

#[test]
fn every_folder_is_a_plan() {
    let entries = std::fs::read_dir(folder()).expect("the folder of the plans");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.retain(|name| name != "several-hubs");
    assert_eq!(names, PLANS, "each but the one that shows plans of several hubs");
}

#[test]
fn no_form_steers_its_reader() {
    for name in PLANS {
        for (form, file) in FORMS {
            let text = rendered(&plan(name), form);
            let odd = text.chars().find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}'));
            assert_eq!(odd, None, "{name}/{file}");
        }
    }
}

#[test]
fn annotations_are_one_command_a_line() {
    for name in PLANS {
        let text = rendered(&plan(name), PlanForm::Github);
        for line in text.lines() {
            let (command, message) = line.strip_prefix("::").and_then(|rest| rest.split_once("::")).expect("a command");
            assert!(["error ", "warning ", "notice "].iter().any(|word| command.starts_with(word)), "{line}");
            assert!(!message.is_empty() && !line.contains('\r'), "{line}");
        }
    }
}

#[test]
fn code_scanning_finds_a_rule_for_each_result() {
    for name in PLANS {
        let log: serde_json::Value = serde_json::from_str(&rendered(&plan(name), PlanForm::Sarif)).expect("JSON");
        let run = &log["runs"][0];
        for result in run["results"].as_array().expect("results") {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"], "{name}");
        }
    }
}
