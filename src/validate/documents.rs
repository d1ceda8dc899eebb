//! From one document to what it means.

use serde::Deserialize;

use super::kind::Kind;
use super::lower::{self, Claim, Lowering, Memo};
use super::project_file::ProjectFile;
use super::raw;
use super::shape::{self, Shape};
use super::spans::Document;
use crate::diagnostic::{Diagnostic, SourceMap, Span};
use crate::model::{Fleet, Manifest, ManifestSource, Policy};

/// What a document means.
pub(super) enum Meaning {
    Manifest(Box<Manifest>),
    Project(Box<ProjectFile>),
    Fleet(Box<Fleet>),
    Policy(Box<Policy>),
}

/// A document that was checked.
pub(super) struct Checked {
    /// Nothing, if there was no kind to go by.
    pub(super) kind: Option<Kind>,
    /// Nothing after an error.
    pub(super) meaning: Option<Meaning>,
    /// `metadata.name`, or else the document.
    pub(super) place: Span,
    pub(super) findings: Vec<Diagnostic>,
    /// What no other manifest may claim.
    pub(super) claims: Vec<Claim>,
}

/// Checks one document: its shape, then its meaning. `findings` are those about it so far.
pub(super) fn check(
    sources: &SourceMap,
    document: &Document,
    mut findings: Vec<Diagnostic>,
    memo: &mut Memo,
) -> Checked {
    let source = sources.get(document.source);
    let Shape { value, unsaid } = shape::check(document, sources, &mut findings);
    let kind = shape::kind_of(&document.value);
    let root = document.root();
    let name = document.field(root, "metadata").and_then(|metadata| document.field(metadata, "name"));
    let place = name.map_or_else(|| document.key_span(root), |name| document.value_span(name));
    let mut cx = Lowering::new(document, sources, findings, memo);
    let from = || ManifestSource { path: source.path().to_owned(), line: source.line(place.start) };
    let meaning = match kind {
        Some(Kind::MethodJob) => raw::MethodJob::deserialize(&*value)
            .ok()
            .and_then(|raw| lower::method_job(&mut cx, from(), &raw))
            .map(|manifest| Meaning::Manifest(Box::new(manifest))),
        Some(Kind::TwinJob) => raw::TwinJob::deserialize(&*value)
            .ok()
            .and_then(|raw| lower::twin_job(&mut cx, from(), &raw))
            .map(|manifest| Meaning::Manifest(Box::new(manifest))),
        Some(Kind::Project) => raw::Project::deserialize(&*value)
            .ok()
            .and_then(|raw| lower::project(&mut cx, &raw))
            .map(|project| Meaning::Project(Box::new(project))),
        Some(Kind::Fleet) => raw::Fleet::deserialize(&*value)
            .ok()
            .and_then(|raw| lower::fleet(&mut cx, &raw))
            .map(|fleet| Meaning::Fleet(Box::new(fleet))),
        Some(Kind::Policy) => raw::Policy::deserialize(&*value)
            .ok()
            .and_then(|raw| lower::policy(&mut cx, from(), &raw))
            .map(|policy| Meaning::Policy(Box::new(policy))),
        None => None,
    };
    cx.settle(unsaid);
    let meaning = meaning.filter(|_| !cx.has_errors() && !document.is_faulty);
    let (findings, claims) = cx.into_parts();
    Checked { kind, meaning, place, findings, claims }
}
