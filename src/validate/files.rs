//! Whole files: the project file, the manifests, a fleet file.

use rayon::prelude::*;

use super::compose::compose;
use super::cross;
use super::documents::{self, Checked, Meaning};
use super::kind::Kind;
use super::project_file::ProjectFile;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span};
use crate::model::{Fleet, Manifest};

/// The manifests of a project.
#[derive(Debug, Default)]
pub struct Validated {
    /// Those without errors, ordered by file and place.
    pub manifests: Vec<Manifest>,
    /// Everything found.
    pub diagnostics: Diagnostics,
    /// Whether every document was read without errors. If not, nobody may conclude that a manifest
    /// is gone.
    pub complete: bool,
}

/// Validates job manifests, all files in parallel. Fleets among them are checked and left out.
#[must_use]
pub fn manifests(sources: &SourceMap, ids: &[SourceId]) -> Validated {
    let files: Vec<_> = ids.par_iter().map(|id| read(sources, *id)).collect();
    let mut validated = Validated { complete: true, ..Validated::default() };
    let mut places = Vec::new();
    for file in files {
        validated.complete &= !file.is_broken;
        validated.diagnostics.extend(file.findings);
        for checked in file.documents {
            validated.diagnostics.extend(checked.findings);
            match checked.meaning {
                Some(Meaning::Manifest(manifest)) => {
                    places.push(checked.place);
                    validated.manifests.push(*manifest);
                }
                Some(Meaning::Project(_)) => {
                    validated.diagnostics.push(misplaced(Kind::Project, checked.place));
                }
                Some(Meaning::Fleet(_)) => {}
                None => validated.complete = false,
            }
        }
    }
    validated.diagnostics.extend(cross::duplicate_names(&validated.manifests, &places));
    validated
}

/// Validates a project file, which holds one `Project` document and nothing else.
#[must_use]
pub fn project(sources: &SourceMap, id: SourceId) -> (Option<ProjectFile>, Diagnostics) {
    only(sources, id, Kind::Project, |meaning| match meaning {
        Meaning::Project(project) => Some(*project),
        Meaning::Manifest(_) | Meaning::Fleet(_) => None,
    })
}

/// Validates a fleet file, which holds one `Fleet` document and nothing else.
#[must_use]
pub fn fleet(sources: &SourceMap, id: SourceId) -> (Option<Fleet>, Diagnostics) {
    only(sources, id, Kind::Fleet, |meaning| match meaning {
        Meaning::Fleet(fleet) => Some(*fleet),
        Meaning::Manifest(_) | Meaning::Project(_) => None,
    })
}

struct File {
    documents: Vec<Checked>,
    findings: Vec<Diagnostic>,
    is_broken: bool,
}

fn read(sources: &SourceMap, id: SourceId) -> File {
    let composed = compose(sources, id);
    let is_broken = composed.is_broken || !composed.findings.is_empty();
    let documents = composed.documents.iter().map(|document| documents::check(sources, document)).collect();
    File { documents, findings: composed.findings, is_broken }
}

/// Reads a file that holds one document of one kind.
fn only<T>(
    sources: &SourceMap,
    id: SourceId,
    kind: Kind,
    pick: impl Fn(Meaning) -> Option<T>,
) -> (Option<T>, Diagnostics) {
    let file = read(sources, id);
    let mut diagnostics: Diagnostics = file.findings.into_iter().collect();
    let mut picked = None;
    let mut first: Option<Span> = None;
    for checked in file.documents {
        diagnostics.extend(checked.findings);
        match checked.kind {
            Some(other) if other != kind => diagnostics.push(misplaced(other, checked.place)),
            Some(_) => match first {
                Some(first) => diagnostics.push(second_document(kind, checked.place, first)),
                None => {
                    first = Some(checked.place);
                    picked = checked.meaning.and_then(&pick);
                }
            },
            None => {}
        }
    }
    if first.is_none() && diagnostics.is_empty() {
        diagnostics.push(no_document(sources, id, kind));
    }
    let picked = picked.filter(|_| !diagnostics.has_errors());
    (picked, diagnostics)
}

fn misplaced(kind: Kind, place: Span) -> Diagnostic {
    let help = match kind {
        Kind::Project => {
            "a `Project` stands alone in `hubjobs.yaml` at the root of the project; move or remove this one"
        }
        Kind::Fleet => "move it to a file of its own, and name that in `emulator.fleet`",
        Kind::MethodJob | Kind::TwinJob => "move it to a file that `spec.manifests` of the project matches",
    };
    Diagnostic::error(Code::MisplacedKind, place, format!("a `{kind}` does not belong in this file"))
        .label("misplaced")
        .help(help)
}

fn second_document(kind: Kind, place: Span, first: Span) -> Diagnostic {
    let code = if kind == Kind::Project { Code::DuplicateProject } else { Code::MisplacedKind };
    Diagnostic::error(code, place, format!("the file has more than one `{kind}`"))
        .label("second one")
        .also(first, "first one")
        .help("remove one of them")
}

fn no_document(sources: &SourceMap, id: SourceId, kind: Kind) -> Diagnostic {
    let message = format!("`{}` holds no `{kind}` document", sources.get(id).path());
    let help = format!("`hubjobs schema --example {kind}` prints one to start from");
    Diagnostic::error(Code::MissingField, Span::file(id), message).help(help)
}
