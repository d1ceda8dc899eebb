//! `hubjobs validate`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::args::{Global, ValidateArgs, ValidateFormat};
use super::context::choose;
use super::exit::Exit;
use super::failure::Failure;
use super::project::{LoadedProject, find, offer_more, open, show};
use super::terminal::{Form, Terminal};
use crate::diagnostic::{
    Diagnostics, Look, SourceId, SourceMap, render_github, render_json, render_sarif, render_text,
};
use crate::load::{self as files, PROJECT_FILE};
use crate::model::{EnvironmentName, Hub};
use crate::report::{counted, json_text};
use crate::validate::{self, Coverage};

/// What was checked.
struct Checked {
    sources: SourceMap,
    diagnostics: Diagnostics,
    file_count: usize,
    manifest_count: usize,
}

/// Checks a project as all its environments have it, or the one that `-e` names; or single files.
///
/// # Errors
/// When there is no such environment.
pub(super) fn run(args: &ValidateArgs, global: &Global, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut project = open(find(global.start()));
    // The variable HUBJOBS_ENV says where commands go; a check is for all environments.
    let only = match (&project.file, global.environment.as_deref()) {
        (Some(file), Some(name)) => Some(choose(&file.project, Some(name))?.clone()),
        _ => None,
    };
    let is_meant = |name: &EnvironmentName| only.as_ref().is_none_or(|only| only == name);
    let checked = if args.paths.is_empty() {
        project.read(is_meant);
        check_project(project, is_meant)
    } else {
        check_paths(global.start(), &args.paths, project, is_meant)
    };
    let exit = if checked.diagnostics.has_errors() { Exit::Error } else { Exit::Done };
    print(&checked, args.output, terminal);
    Ok(exit)
}

/// The project file, all manifests, and the fleets of the environments.
fn check_project(mut project: LoadedProject, is_meant: impl Fn(&EnvironmentName) -> bool) -> Checked {
    let environments = project.file.iter().flat_map(|file| file.project.environments.values().flatten());
    let environments: Vec<_> = environments.filter(|environment| is_meant(&environment.name)).cloned().collect();
    let mut fleets = BTreeSet::new();
    for environment in &environments {
        let Hub::Emulator(hub) = &environment.hub else { continue };
        if fleets.insert(hub.fleet.clone()) {
            let _ = project.fleet(environment);
        }
    }
    let manifest_count = project.manifests.len();
    Checked {
        file_count: project.sources.len(),
        sources: project.sources,
        diagnostics: project.diagnostics,
        manifest_count,
    }
}

/// Single files, which need no project. If there is a valid one, its environments count, but nothing
/// else of it is looked at.
fn check_paths(
    start: &Path,
    paths: &[PathBuf],
    project: LoadedProject,
    is_meant: impl Fn(&EnvironmentName) -> bool,
) -> Checked {
    let mut sources = project.sources;
    let loaded = files::paths(start, paths, &mut sources);
    let is_project = |id: &SourceId| Path::new(sources.get(*id).path()).file_name() == Some(OsStr::new(PROJECT_FILE));
    let (projects, manifests): (Vec<_>, Vec<_>) = loaded.ids.iter().partition(|id| is_project(id));
    let mut diagnostics = loaded.diagnostics;
    for id in projects {
        diagnostics.extend(validate::project(&sources, id).1);
    }
    let overlays = project.file.iter().flat_map(|file| &file.overlays);
    let overlays: Vec<_> = overlays.filter(|(name, _)| is_meant(name)).map(|(_, overlay)| overlay).collect();
    let validated = validate::manifests_in(&sources, &manifests, &overlays, Coverage::Files);
    diagnostics.extend(validated.diagnostics);
    Checked { file_count: loaded.ids.len(), sources, diagnostics, manifest_count: validated.manifests.len() }
}

fn print(checked: &Checked, format: ValidateFormat, terminal: &Terminal) {
    let Checked { sources, diagnostics, file_count, manifest_count } = checked;
    if terminal.form() == Form::Events {
        return show(diagnostics, sources, terminal);
    }
    match format {
        ValidateFormat::Text => {
            terminal.result(&render_text(diagnostics, sources, Look::Colour));
            offer_more(diagnostics, terminal);
            if !diagnostics.has_errors() {
                let files = counted(*file_count, "file");
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
