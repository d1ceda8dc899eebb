//! Documents as environments have them: patched, with variables put in, checked.
//!
//! What no environment changes is checked once. The rest is checked for each environment, and what
//! several of them have in common is said once.

use std::borrow::Cow;
use std::collections::HashSet;

use super::documents::{Checked, check};
use super::kind::Kind;
use super::lower::Memo;
use super::merge::merged;
use super::overlay::{Overlay, Patch};
use super::shape::kind_of;
use super::spans::Document;
use super::substitute::{Outcome, has_variables, substitute};
use super::suggest::listed;
use crate::diagnostic::{Code, Diagnostic, SourceMap, Span};

/// What the documents named, by number of the environment.
#[derive(Debug, Default)]
pub(super) struct Uses<'o> {
    pub(super) variables: HashSet<(usize, &'o str)>,
    pub(super) patches: HashSet<(usize, usize)>,
    /// The jobs, if there are patches to look for them.
    pub(super) jobs: Vec<(Kind, String)>,
}

impl Uses<'_> {
    pub(super) fn append(&mut self, more: Self) {
        self.variables.extend(more.variables);
        self.patches.extend(more.patches);
        self.jobs.extend(more.jobs);
    }
}

/// A document as one environment has it.
pub(super) struct Effective<'d, 'o> {
    pub(super) document: Cow<'d, Document>,
    outcome: Outcome<'o>,
}

/// A document as one environment has it; the document itself, if the environment changes nothing.
pub(super) fn effective<'d, 'o>(
    sources: &SourceMap,
    document: &'d Document,
    overlay: &'o Overlay,
) -> Effective<'d, 'o> {
    let mut effective = Effective { document: Cow::Borrowed(document), outcome: Outcome::default() };
    for (_, patch) in patches(document, overlay) {
        effective.document = Cow::Owned(merged(&effective.document, patch));
    }
    if has_variables(&effective.document.value) {
        effective.outcome = substitute(effective.document.to_mut(), overlay, sources);
    }
    effective
}

/// What a patch finds a job by.
pub(super) fn identity(document: &Document) -> Option<(Kind, &str)> {
    let kind = kind_of(&document.value).filter(|kind| kind.is_job())?;
    Some((kind, document.value.pointer("/metadata/name")?.as_str()?))
}

/// The patches of a document, with their numbers.
fn patches<'o>(document: &Document, overlay: &'o Overlay) -> impl Iterator<Item = (usize, &'o Patch)> {
    // Most environments have none, and then nothing is to be looked up.
    let identity = if overlay.patches.is_empty() { None } else { identity(document) };
    let is_meant = move |patch: &Patch| identity.is_some_and(|(kind, name)| patch.kind == kind && patch.name == name);
    overlay.patches.iter().enumerate().filter(move |(_, patch)| is_meant(patch))
}

/// Checks a job for all environments; what is told of its meaning is the first one's.
pub(super) fn check_everywhere<'o>(
    sources: &SourceMap,
    document: &Document,
    overlays: &[&'o Overlay],
    uses: &mut Uses<'o>,
    memo: &mut Memo,
) -> Checked {
    if overlays.iter().any(|overlay| !overlay.patches.is_empty()) {
        uses.jobs.extend(identity(document).map(|(kind, name)| (kind, name.to_owned())));
    }
    let may_vary = kind_of(&document.value).is_some_and(Kind::is_job)
        && (has_variables(&document.value)
            || overlays.iter().any(|overlay| patches(document, overlay).next().is_some()));
    if !may_vary {
        return check(sources, document, Vec::new(), memo);
    }
    let variants = overlays.iter().enumerate().map(|(number, overlay)| {
        uses.patches.extend(patches(document, overlay).map(|(patch, _)| (number, patch)));
        let Effective { document: changed, outcome } = effective(sources, document, overlay);
        let Outcome { used, findings, failed } = outcome;
        uses.variables.extend(used.into_iter().map(|name| (number, name)));
        let mut checked = check(sources, &changed, findings, memo);
        // Nothing else is to be said about a text whose variables are missing.
        checked.findings.retain(|finding| is_about_variables(finding.code) || !is_in(&failed, finding.primary.span));
        checked
    });
    let variants = variants.collect();
    in_common(document, variants, overlays)
}

const fn is_about_variables(code: Code) -> bool {
    matches!(code, Code::UndefinedVariable | Code::InvalidVariable)
}

fn is_in(failed: &[Span], span: Span) -> bool {
    failed.iter().any(|failed| failed.source == span.source && failed.start <= span.start && span.end <= failed.end)
}

/// One result of one for each environment. What only some of them find names those, and the patches
/// that may be to blame.
fn in_common(document: &Document, variants: Vec<Checked>, overlays: &[&Overlay]) -> Checked {
    let is_valid = variants.iter().all(|checked| checked.meaning.is_some());
    let mut found: Vec<(Diagnostic, Vec<usize>)> = Vec::new();
    let mut first = None;
    for (number, mut checked) in variants.into_iter().enumerate() {
        for finding in std::mem::take(&mut checked.findings) {
            match found.iter_mut().find(|(known, _)| is_same(known, &finding)) {
                Some((_, numbers)) if numbers.last() == Some(&number) => {}
                Some((known, numbers)) => {
                    let more = finding.secondary.into_iter().filter(|label| !known.secondary.contains(label));
                    let more: Vec<_> = more.collect();
                    known.secondary.extend(more);
                    numbers.push(number);
                }
                None => found.push((finding, vec![number])),
            }
        }
        first.get_or_insert(checked);
    }
    let mut checked = first.expect("there is at least one environment");
    checked.meaning = checked.meaning.filter(|_| is_valid);
    checked.findings =
        found.into_iter().map(|(finding, numbers)| named(document, finding, &numbers, overlays)).collect();
    checked
}

/// Whether two environments find the same, even if their variables stand in different places.
fn is_same(a: &Diagnostic, b: &Diagnostic) -> bool {
    let key = |d: &Diagnostic| (d.code, d.severity, d.primary.span);
    key(a) == key(b) && a.message == b.message && a.primary == b.primary && a.help == b.help && a.notes == b.notes
}

fn named(document: &Document, finding: Diagnostic, numbers: &[usize], overlays: &[&Overlay]) -> Diagnostic {
    let is_everywhere = numbers.len() == overlays.len();
    let overlays: Vec<_> = numbers.iter().filter_map(|number| overlays.get(*number).copied()).collect();
    let mut finding = finding;
    if finding.primary.span.source == document.source && (!is_everywhere || overlays.len() == 1) {
        let patches = overlays.iter().flat_map(|overlay| patches(document, overlay));
        finding = patches.fold(finding, |finding, (_, patch)| finding.also(patch.place, "patched here"));
    }
    if is_everywhere {
        return finding;
    }
    let names = overlays.iter().filter_map(|overlay| Some(overlay.environment.as_ref()?.as_str()));
    let word = if numbers.len() == 1 { "environment" } else { "environments" };
    finding.note(format!("only in the {word} {}", listed(names, "and")))
}
