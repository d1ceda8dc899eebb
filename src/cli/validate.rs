//! `hubjobs validate`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::args::{Global, ValidateArgs, ValidateFormat};
use super::exit::Exit;
use super::project::{find, load, show};
use super::terminal::{Form, Terminal};
use crate::diagnostic::{Diagnostics, Look, SourceMap, render_github, render_json, render_sarif, render_text};
use crate::load::{self as files, PROJECT_FILE};
use crate::report::{counted, json_text};
use crate::validate;

/// What was checked.
struct Checked {
    sources: SourceMap,
    diagnostics: Diagnostics,
    manifest_count: usize,
}

/// Checks a project, or the files that were named.
pub(super) fn run(args: &ValidateArgs, global: &Global, terminal: &Terminal) -> Exit {
    let start = global.start();
    let checked = if args.paths.is_empty() { check_project(start) } else { check_paths(start, &args.paths) };
    let exit = if checked.diagnostics.has_errors() { Exit::Error } else { Exit::Done };
    print(&checked, args.output, terminal);
    exit
}

/// The project file, all manifests, and the fleets of all environments.
fn check_project(start: &Path) -> Checked {
    let mut loaded = load(find(start));
    let environments: Vec<_> =
        loaded.file.iter().flat_map(|file| file.project.environments.values().cloned()).collect();
    let mut fleets = std::collections::BTreeSet::new();
    for environment in &environments {
        let crate::model::Hub::Emulator(hub) = &environment.hub else { continue };
        if fleets.insert(hub.fleet.clone()) {
            let _ = loaded.fleet(environment);
        }
    }
    let manifest_count = loaded.manifests.len();
    Checked { sources: loaded.sources, diagnostics: loaded.diagnostics, manifest_count }
}

/// Single files, which need no project.
fn check_paths(start: &Path, paths: &[PathBuf]) -> Checked {
    let mut sources = SourceMap::new();
    let loaded = files::paths(start, paths, &mut sources);
    let is_project = |id: &crate::diagnostic::SourceId| {
        Path::new(sources.get(*id).path()).file_name() == Some(OsStr::new(PROJECT_FILE))
    };
    let (projects, manifests): (Vec<_>, Vec<_>) = loaded.ids.iter().partition(|id| is_project(id));
    let mut diagnostics = loaded.diagnostics;
    for id in projects {
        diagnostics.extend(validate::project(&sources, id).1);
    }
    let validated = validate::manifests(&sources, &manifests);
    diagnostics.extend(validated.diagnostics);
    Checked { sources, diagnostics, manifest_count: validated.manifests.len() }
}

fn print(checked: &Checked, format: ValidateFormat, terminal: &Terminal) {
    let Checked { sources, diagnostics, manifest_count } = checked;
    if terminal.form() == Form::Events {
        return show(diagnostics, sources, terminal);
    }
    match format {
        ValidateFormat::Text => {
            terminal.result(&render_text(diagnostics, sources, Look::Colour));
            if !diagnostics.has_errors() {
                let files = counted(sources.len(), "file");
                terminal.note(&format!("{} in {files}: valid", counted(*manifest_count, "manifest")));
            }
        }
        ValidateFormat::Github => terminal.result(&render_github(diagnostics, sources)),
        ValidateFormat::Json => terminal.result(&json_text(&render_json(diagnostics, sources))),
        ValidateFormat::Sarif => {
            let version = env!("CARGO_PKG_VERSION");
            terminal.result(&json_text(&render_sarif(diagnostics, sources, version)));
        }
    }
}
