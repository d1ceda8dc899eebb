//! Where lowering is in a document, and what it has found.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use super::super::compose::{FINDINGS_MAX, MORE};
use super::super::spans::{Document, Node};
use super::existing::{Claim, Claimed};
use crate::diagnostic::{Diagnostic, Severity, SourceMap, Span};
use crate::model::{CronExpression, InvalidCron, ManifestSource};

/// A place in a document, made while walking down and resolved only for a finding.
#[derive(Debug, Clone, Copy)]
pub(in crate::validate) struct At<'p> {
    parent: Option<&'p At<'p>>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Root,
    Field(&'p str),
    Item(usize),
}

impl<'p> At<'p> {
    pub(in crate::validate) const ROOT: Self = Self { parent: None, step: Step::Root };

    pub(in crate::validate) const fn field(&'p self, name: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Field(name) }
    }

    pub(in crate::validate) const fn item(&'p self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Item(index) }
    }
}

/// `spec.groups[2].name`.
impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(parent) = self.parent else { return Ok(()) };
        parent.fmt(f)?;
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) if parent.parent.is_none() => f.write_str(name),
            Step::Field(name) => write!(f, ".{name}"),
            Step::Item(index) => write!(f, "[{index}]"),
        }
    }
}

/// What was worked out for earlier documents. The manifests of a project share a few schedules, and
/// reading a cron expression costs as much as reading a fifth of a manifest.
#[derive(Default)]
pub(in crate::validate) struct Memo {
    crons: HashMap<String, CronExpression>,
}

impl Memo {
    pub(super) fn cron(&mut self, text: &str) -> Result<CronExpression, InvalidCron> {
        if let Some(known) = self.crons.get(text) {
            return Ok(known.clone());
        }
        let expression = CronExpression::parse(text)?;
        self.crons.insert(text.to_owned(), expression.clone());
        Ok(expression)
    }
}

/// One document being lowered.
pub(in crate::validate) struct Lowering<'d> {
    pub(super) memo: &'d mut Memo,
    document: &'d Document,
    sources: &'d SourceMap,
    findings: Vec<Diagnostic>,
    claims: Vec<Claim>,
}

impl<'d> Lowering<'d> {
    pub(in crate::validate) const fn new(
        document: &'d Document,
        sources: &'d SourceMap,
        findings: Vec<Diagnostic>,
        memo: &'d mut Memo,
    ) -> Self {
        Self { memo, document, sources, findings, claims: Vec::new() }
    }

    /// What was found, and what the document claims.
    pub(in crate::validate) fn into_parts(self) -> (Vec<Diagnostic>, Vec<Claim>) {
        (self.findings, self.claims)
    }

    /// Notes something that only one manifest may have.
    pub(super) fn claim(&mut self, at: &At<'_>, what: Claimed) {
        let place = self.value_span(at);
        self.claims.push(Claim { what, place });
    }

    /// A document that the schema refuses must not pass because no rule here worded it.
    pub(in crate::validate) fn settle(&mut self, unsaid: Option<Diagnostic>) {
        if !self.has_errors() {
            self.findings.extend(unsaid);
        }
    }

    pub(in crate::validate) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    pub(super) const fn document(&self) -> &'d Document {
        self.document
    }

    /// The value at a place, if it exists.
    pub(super) fn find(&self, at: &At<'_>) -> Option<Node<'d>> {
        let Some(parent) = at.parent else { return Some(self.document.root()) };
        let parent = self.find(parent)?;
        match at.step {
            Step::Root => Some(parent),
            Step::Field(name) => self.document.field(parent, name),
            Step::Item(index) => self.document.item(parent, index),
        }
    }

    /// The value at a place, or the nearest one around it.
    fn nearest(&self, at: &At<'_>) -> Node<'d> {
        self.find(at).unwrap_or_else(|| at.parent.map_or(self.document.root(), |parent| self.nearest(parent)))
    }

    /// Whether enough is said about the document. Finding a place takes time in proportion to what
    /// stands before it, so that a list of a million errors must not ask for a million places.
    pub(super) fn is_full(&self) -> bool {
        self.count(Severity::Error) >= FINDINGS_MAX
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Reports something about the value at a place.
    pub(super) fn report(&mut self, at: &At<'_>, finding: impl FnOnce(Span) -> Diagnostic) {
        if self.is_full() {
            return;
        }
        let node = self.nearest(at);
        self.push(node, finding(self.document.value_span(node)));
    }

    /// Reports something about the key at a place.
    pub(super) fn report_key(&mut self, at: &At<'_>, finding: impl FnOnce(Span) -> Diagnostic) {
        if self.is_full() {
            return;
        }
        let node = self.nearest(at);
        self.push(node, finding(self.document.key_span(node)));
    }

    /// Reports something about a part, in bytes, of the text at a place.
    pub(super) fn report_part(&mut self, at: &At<'_>, part: Range<usize>, finding: impl FnOnce(Span) -> Diagnostic) {
        let node = self.nearest(at);
        let finding = finding(self.document.part_span(self.sources, node, part.clone()));
        self.add(self.document.trace_part(node, part, finding));
    }

    /// Reports something about a value found by walking.
    pub(in crate::validate) fn push(&mut self, node: Node<'_>, finding: Diagnostic) {
        self.add(self.document.trace(node, finding));
    }

    fn add(&mut self, finding: Diagnostic) {
        match self.count(finding.severity) {
            FINDINGS_MAX.. => {}
            last if last + 1 == FINDINGS_MAX => self.findings.push(finding.note(MORE)),
            _ => self.findings.push(finding),
        }
    }

    pub(super) fn value_span(&self, at: &At<'_>) -> Span {
        self.document.value_span(self.nearest(at))
    }

    /// Where the value at a place stands, for messages of later stages.
    pub(super) fn place(&self, at: &At<'_>) -> ManifestSource {
        let span = self.key_span(at);
        let source = self.sources.get(span.source);
        ManifestSource { path: source.path().to_owned(), line: source.line(span.start) }
    }

    pub(super) fn key_span(&self, at: &At<'_>) -> Span {
        self.document.key_span(self.nearest(at))
    }
}
