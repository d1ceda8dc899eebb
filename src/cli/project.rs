//! Finds, reads and checks a project.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostics, Look, Severity, SourceId, SourceMap, diagnostic_json, render_text};
use crate::load::{self, PROJECT_FILE, Pattern};
use crate::model::{Environment, EnvironmentName, Fleet, Hub, Manifest, Policy};
use crate::report::Event;
use crate::validate::{self, Coverage, ProjectFile};

use super::terminal::{Form, Terminal};

/// All files of a project, read and checked.
#[derive(Debug)]
pub(super) struct LoadedProject {
    /// Folder of the project file.
    pub(super) dir: PathBuf,
    /// The texts.
    pub(super) sources: SourceMap,
    /// What was found in them.
    pub(super) diagnostics: Diagnostics,
    /// The project file, if it is valid.
    pub(super) file: Option<ProjectFile>,
    /// The files of its manifests.
    pub(super) files: Vec<SourceId>,
    /// The manifests that are valid.
    pub(super) manifests: Vec<Arc<Manifest>>,
    /// The policies that are valid.
    pub(super) policies: Vec<Policy>,
    /// Whether every file that the project names was found and read.
    pub(super) is_complete: bool,
}

/// The folder of the project that `start` is in: `start` itself or the nearest one above it with a
/// project file. Without one, `start`.
#[must_use]
pub(super) fn find(start: &Path) -> PathBuf {
    let depth = start.canonicalize().map_or(0, |full| full.components().count());
    let above = std::iter::successors(Some(start.to_path_buf()), |dir| Some(up(dir)));
    above.take(depth.max(1)).find(|dir| dir.join(PROJECT_FILE).is_file()).unwrap_or_else(|| start.to_path_buf())
}

/// The folder above, in the shortest words.
fn up(dir: &Path) -> PathBuf {
    match (dir.file_name(), dir.parent()) {
        (Some(_), Some(parent)) if parent == Path::new("") => PathBuf::from("."),
        (Some(_), Some(parent)) => parent.to_path_buf(),
        _ if dir == Path::new(".") => PathBuf::from(".."),
        _ => dir.join(".."),
    }
}

/// Reads and checks the project file of a folder. Its manifests are for [`LoadedProject::read`].
#[must_use]
pub(super) fn open(dir: PathBuf) -> LoadedProject {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let file = load::project(&dir, &mut sources).map_err(|finding| diagnostics.push(*finding)).ok().and_then(|id| {
        let (file, found) = validate::project(&sources, id);
        diagnostics.extend(found);
        file
    });
    LoadedProject {
        dir,
        sources,
        diagnostics,
        file,
        files: Vec::new(),
        manifests: Vec::new(),
        policies: Vec::new(),
        is_complete: false,
    }
}

impl LoadedProject {
    /// Reads and checks the manifests as some environments have them: those of the first are kept.
    pub(super) fn read(&mut self, is_meant: impl Fn(&EnvironmentName) -> bool) {
        let Some(file) = &self.file else { return };
        let patterns: Vec<_> =
            file.manifests.iter().map(|(text, span)| Pattern { text: text.clone(), span: *span }).collect();
        let loaded = load::manifests(&self.dir, &patterns, &mut self.sources);
        self.is_complete = loaded.is_complete();
        let overlays: Vec<_> = file.overlays.iter().filter(|(name, _)| is_meant(name)).map(|(_, o)| o).collect();
        let validated = validate::manifests_in(&self.sources, &loaded.ids, &overlays, Coverage::Project);
        self.diagnostics.extend(loaded.diagnostics);
        self.diagnostics.extend(validated.astray(&file.project));
        self.diagnostics.extend(validated.diagnostics);
        self.manifests = validated.manifests.into_iter().map(Arc::new).collect();
        self.policies = validated.policies;
        self.files = loaded.ids;
    }

    /// Reads and checks the fleet of an environment. Nothing when it has none, or it is not valid.
    pub(super) fn fleet(&mut self, environment: &Environment) -> Option<Fleet> {
        let Hub::Emulator(hub) = &environment.hub else { return None };
        let path = hub.fleet.as_deref()?;
        match load::file(&self.dir, Path::new(path), &mut self.sources) {
            Ok(id) => {
                let (fleet, found) = validate::fleet(&self.sources, id);
                self.diagnostics.extend(found);
                fleet
            }
            Err(finding) => {
                let named = self.file.as_ref().and_then(|file| {
                    let key = (environment.name.clone(), environment.hub_name.clone());
                    file.fleets.get(&key)
                });
                let finding = *finding;
                self.diagnostics.push(match named {
                    Some(span) => finding.also(*span, "named here"),
                    None => finding,
                });
                None
            }
        }
    }

    /// Shows the findings beside the work of a command: to stderr, or as events.
    pub(super) fn show_findings(&self, terminal: &Terminal) {
        show(&self.diagnostics, &self.sources, terminal);
    }
}

/// Shows findings beside the work of a command: to stderr, or as events.
pub(super) fn show(diagnostics: &Diagnostics, sources: &SourceMap, terminal: &Terminal) {
    match terminal.form() {
        Form::Text => {
            terminal.stderr(&render_text(diagnostics, sources, Look::Colour));
            offer_more(diagnostics, terminal);
        }
        Form::Events => {
            for finding in diagnostics.sorted(sources) {
                terminal.event(&Event::Diagnostic(&diagnostic_json(finding, sources)));
            }
        }
    }
}

/// Says how to read more about the errors among findings; once, below all of them.
pub(super) fn offer_more(diagnostics: &Diagnostics, terminal: &Terminal) {
    let errors = diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
    let codes: BTreeSet<_> = errors.map(|finding| finding.code).collect();
    match codes.iter().next() {
        Some(only) if codes.len() == 1 => terminal.note(&format!("For more: `hubjobs explain {only}`")),
        Some(first) => {
            terminal.note(&format!("For more: `hubjobs explain CODE`, for example `hubjobs explain {first}`"))
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_above_has_a_short_name() {
        for (dir, above) in [(".", ".."), ("..", "../.."), ("jobs", "."), ("a/b", "a"), ("../a", ".."), ("/a", "/")] {
            assert_eq!(up(Path::new(dir)), Path::new(above), "{dir}");
        }
    }
}
