//! Variables into the texts of a document.
//!
//! Only values are looked at, never keys, and never what a document is found by: `apiVersion`,
//! `kind` and `metadata.name`. In a condition a variable is a constant, quoted as the query language
//! wants it; that it is nothing more is checked again where the condition is parsed.

use std::collections::HashSet;
use std::ops::Range;

use serde_json::Value;

use super::compose::{FINDINGS_MAX, MORE};
use super::overlay::{Overlay, Variable};
use super::spans::{Document, Node, Style};
use super::suggest::nearest;
use super::variable::{Meaning, Special, specials};
use crate::diagnostic::{Code, Diagnostic, SourceMap, Span};
use crate::query::{Literal, quote_literal};

/// What all variables of a document may become together, in bytes. Aliases repeat a text, and a text
/// repeats a variable: without a limit a few lines could ask for gigabytes.
const SUBSTITUTED_BYTES_MAX: usize = 1024 * 1024;

/// A value that variables were put into.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Substituted {
    index: usize,
    /// The text as written, and how.
    written: String,
    style: Style,
    pieces: Vec<Piece>,
}

/// A stretch of the new text that stands for something else in the written one.
#[derive(Debug, Clone, PartialEq)]
struct Piece {
    bytes: Range<usize>,
    written: Range<usize>,
    /// Its name and where that is set; nothing for an escape.
    variable: Option<(String, Span)>,
}

impl Substituted {
    pub(super) const fn index(&self) -> usize {
        self.index
    }

    pub(super) fn written(&self) -> &str {
        &self.written
    }

    pub(super) const fn style(&self) -> Style {
        self.style
    }

    /// The variables in a part of the new text, each once, and where they are set.
    pub(super) fn variables_in(&self, part: &Range<usize>) -> impl Iterator<Item = (&str, Span)> {
        let mut seen = HashSet::new();
        let touches = |bytes: &Range<usize>| bytes.start < part.end && part.start < bytes.end;
        let pieces = self.pieces.iter().filter(move |piece| piece.bytes.is_empty() || touches(&piece.bytes));
        let variables = pieces.filter_map(|piece| piece.variable.as_ref());
        variables.filter(move |(name, _)| seen.insert(name)).map(|(name, place)| (name.as_str(), *place))
    }

    /// The stretches of the new text that variables brought.
    pub(super) fn inserted(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.pieces.iter().filter_map(|piece| Some((piece.variable.as_ref()?.0.as_str(), piece.bytes.clone())))
    }

    /// What a part of the new text stands for in the written one.
    pub(super) fn written_part(&self, part: Range<usize>) -> Range<usize> {
        let before = |at: usize| self.pieces.iter().rfind(|piece| piece.bytes.end <= at);
        let around = |at: usize| self.pieces.iter().find(|piece| piece.bytes.start < at && at < piece.bytes.end);
        let shifted = |at: usize| before(at).map_or(at, |piece| piece.written.end + (at - piece.bytes.end));
        let starts = |at: usize| self.pieces.iter().find(|piece| piece.bytes.start <= at && at < piece.bytes.end);
        let start = starts(part.start).map_or_else(|| shifted(part.start), |piece| piece.written.start);
        let end = around(part.end).map_or_else(|| shifted(part.end), |piece| piece.written.end);
        start..end.max(start)
    }
}

/// A value that changes.
struct Edit {
    value: Value,
    /// Of the value at the index it carries.
    put: Substituted,
}

/// What substitution found out about a document.
#[derive(Debug, Default)]
pub(super) struct Outcome<'o> {
    /// The variables that it names.
    pub(super) used: HashSet<&'o str>,
    pub(super) findings: Vec<Diagnostic>,
    /// Where values stand that could not be made: nothing else is to be said about those.
    pub(super) failed: Vec<Span>,
}

/// Whether a value holds anything that [`substitute`] would change or refuse.
pub(super) fn has_variables(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(has_variables),
        Value::Object(map) => map.values().any(has_variables),
        _ => false,
    }
}

/// Puts the variables of an environment into a document.
pub(super) fn substitute<'o>(document: &mut Document, overlay: &'o Overlay, sources: &SourceMap) -> Outcome<'o> {
    let mut substitution = Substitution {
        document,
        sources,
        overlay,
        edits: Vec::new(),
        room: SUBSTITUTED_BYTES_MAX,
        outcome: Outcome::default(),
    };
    substitution.visit(document.root(), &mut Vec::new());
    let Substitution { edits, outcome, .. } = substitution;
    apply(document, edits);
    outcome
}

struct Substitution<'d, 'o> {
    document: &'d Document,
    sources: &'d SourceMap,
    overlay: &'o Overlay,
    edits: Vec<Edit>,
    /// Bytes that may still be put in.
    room: usize,
    outcome: Outcome<'o>,
}

/// What a text is part of, which decides how a variable is put into it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Condition,
    Other,
}

impl<'d, 'o> Substitution<'d, 'o> {
    fn visit(&mut self, node: Node<'d>, path: &mut Vec<&'d str>) {
        if matches!(path.as_slice(), ["apiVersion" | "kind"] | ["metadata", "name"]) {
            return;
        }
        if let Value::String(text) = node.value {
            let specials = if text.contains("${") { specials(text) } else { Vec::new() };
            let place = if *path == ["spec", "target", "condition"] { Place::Condition } else { Place::Other };
            if !specials.is_empty() {
                self.text(node, text, &specials, place);
            }
            return;
        }
        let document = self.document;
        for (key, child) in document.children(node) {
            path.push(key);
            self.visit(child, path);
            path.pop();
        }
    }

    fn text(&mut self, node: Node<'d>, text: &str, specials: &[Special], place: Place) {
        let known: Vec<_> = specials.iter().map(|special| self.known(node, special, specials, place)).collect();
        let Some(known) = known.into_iter().collect::<Option<Vec<_>>>() else {
            self.outcome.failed.push(self.document.raw_span(node));
            return;
        };
        let mut put = Substituted {
            index: node.index,
            written: text.to_owned(),
            style: self.document.style(node),
            pieces: Vec::with_capacity(specials.len()),
        };
        if let ([whole], [Some((name, variable))], Place::Other) = (specials, known.as_slice(), place)
            && whole.bytes == (0..text.len())
        {
            let len = variable.value.as_str().map_or(0, str::len);
            put.pieces.push(Piece {
                bytes: 0..len,
                written: 0..text.len(),
                variable: Some(((*name).to_owned(), variable.place)),
            });
            self.edit(node, variable.value.clone(), len, put);
            return;
        }
        let (mut spliced, mut at, mut quotes) = (String::with_capacity(text.len()), 0, Quotes::None);
        for (special, known) in specials.iter().zip(known) {
            let verbatim = &text[at..special.bytes.start];
            quotes = quotes.behind(verbatim);
            spliced.push_str(verbatim);
            let start = spliced.len();
            let variable = match known {
                Some((name, variable)) => {
                    match place {
                        Place::Condition => quotes.put(&variable.value, &mut spliced),
                        Place::Other => spliced.push_str(&plain(&variable.value)),
                    }
                    Some((name.to_owned(), variable.place))
                }
                None => {
                    spliced.push_str("${");
                    None
                }
            };
            put.pieces.push(Piece { bytes: start..spliced.len(), written: special.bytes.clone(), variable });
            at = special.bytes.end;
            if spliced.len() > self.room {
                break;
            }
        }
        spliced.push_str(&text[at..]);
        let len = spliced.len();
        self.edit(node, Value::String(spliced), len, put);
    }

    fn edit(&mut self, node: Node<'d>, value: Value, len: usize, put: Substituted) {
        match self.room.checked_sub(len) {
            Some(room) => {
                self.room = room;
                self.edits.push(Edit { value, put });
            }
            None => {
                let message = format!("variables expand this document by more than {SUBSTITUTED_BYTES_MAX} bytes");
                self.outcome.failed.push(self.document.raw_span(node));
                self.fail(node, 0..usize::MAX, |span| {
                    Diagnostic::error(Code::InvalidVariable, span, message)
                        .label("this one is too much")
                        .help("name fewer or shorter variables; the hub takes a few kilobytes")
                });
            }
        }
    }

    /// The variable that a stretch means; an inner nothing for an escape, nothing after a finding.
    #[expect(clippy::option_option, reason = "an escape and a mistake must not look alike")]
    fn known(
        &mut self,
        node: Node<'d>,
        special: &Special,
        all: &[Special],
        place: Place,
    ) -> Option<Option<(&'o str, &'o Variable)>> {
        let name = match &special.meaning {
            Meaning::Escape => return Some(None),
            Meaning::Malformed => {
                self.fail(node, special.bytes.clone(), |span| {
                    Diagnostic::error(Code::InvalidVariable, span, "`${` begins no variable here")
                        .label("without a name and `}` behind it")
                        .help("write `${name}` with letters, digits and `_`, or `$${` for the characters `${`")
                });
                return None;
            }
            Meaning::Variable(name) => name,
        };
        let Some((name, variable)) = self.overlay.variables.get_key_value(name) else {
            let help = self.help_for(name);
            self.fail(node, special.bytes.clone(), |span| {
                Diagnostic::error(Code::UndefinedVariable, span, format!("undefined variable `{name}`"))
                    .label("has no value")
                    .help(help)
            });
            return None;
        };
        self.outcome.used.insert(name);
        let is_whole = place == Place::Other
            && all.len() == 1
            && node.value.as_str().is_some_and(|text| special.bytes == (0..text.len()));
        if variable.value.is_null() && !is_whole {
            let set = variable.place;
            let what = if place == Place::Condition { "a condition" } else { "a longer text" };
            self.fail(node, special.bytes.clone(), |span| {
                Diagnostic::error(Code::InvalidVariable, span, format!("`{name}` is null, which {what} cannot hold"))
                    .label("nothing to put here")
                    .also(set, "set here")
                    .help("give it a text, a number or a boolean; null stands alone, to delete a key of a twin")
            });
            return None;
        }
        Some(Some((name, variable)))
    }

    fn help_for(&self, name: &str) -> String {
        let known = self.overlay.variables.keys().map(String::as_str);
        match (&self.overlay.environment, nearest(name, known)) {
            (_, Some(near)) => format!("did you mean `${{{near}}}`?"),
            (None, _) => "run it where `hubjobs.yaml` is, which sets the variables of each environment".to_owned(),
            (Some(_), None) => format!(
                "add `{name}: ...` to the environment's `variables` in `hubjobs.yaml`, or write `$${{{name}}}` for the text itself"
            ),
        }
    }

    fn fail(&mut self, node: Node<'d>, part: Range<usize>, finding: impl FnOnce(Span) -> Diagnostic) {
        let findings = &mut self.outcome.findings;
        if findings.len() >= FINDINGS_MAX {
            return;
        }
        let span = self.document.part_span(self.sources, node, part);
        let finding = self.document.trace(node, finding(span));
        let is_last = findings.len() + 1 == FINDINGS_MAX;
        findings.push(if is_last { finding.note(MORE) } else { finding });
    }
}

/// Whether a place in a condition lies within quotes.
#[derive(Clone, Copy, PartialEq)]
enum Quotes {
    None,
    /// In a text that ends with this.
    Text(char),
    /// In a name, `[[...]]`.
    Name,
}

impl Quotes {
    /// What holds behind some text that is written in the condition itself.
    fn behind(self, text: &str) -> Self {
        let (mut quotes, mut rest) = (self, text);
        while let Some(c) = rest.chars().next() {
            let mut len = c.len_utf8();
            quotes = match quotes {
                Self::None if c == '\'' || c == '"' => Self::Text(c),
                Self::None if rest.starts_with("[[") => {
                    len = 2;
                    Self::Name
                }
                Self::Text(_) if c == '\\' => {
                    len += rest[len..].chars().next().map_or(0, char::len_utf8);
                    quotes
                }
                Self::Text(quote) if c == quote => Self::None,
                Self::Name if rest.starts_with("]]") => {
                    len = 2;
                    Self::None
                }
                same => same,
            };
            rest = &rest[len..];
        }
        quotes
    }

    /// Puts a value in as a constant, or into the constant that is already begun.
    fn put(self, value: &Value, condition: &mut String) {
        match (self, value) {
            (Self::Text(_), Value::String(text)) => {
                let quoted = quote_literal(text);
                condition.push_str(&quoted[1..quoted.len() - 1].replace('"', "\\\""));
            }
            (_, Value::String(text)) => condition.push_str(&quote_literal(text)),
            (Self::None, Value::Number(number)) => {
                condition.push_str(&number.as_f64().map_or_else(String::new, |n| Literal::Number(n).to_string()));
            }
            _ => condition.push_str(&plain(value)),
        }
    }
}

/// A scalar as part of a text.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn apply(document: &mut Document, edits: Vec<Edit>) {
    let mut edits = edits.into_iter().peekable();
    let Document { value, entries, substituted, .. } = document;
    put_in(value, &mut 0, &mut edits, &mut |put: Substituted| {
        // What a variable brought cannot be misread in the manifest, whatever stands around its name.
        entries[put.index].style = Style::DoubleQuoted;
        substituted.push(put);
    });
}

/// Values come in the order of their entries, and so do edits. Terminates: a value is finite.
fn put_in(
    value: &mut Value,
    index: &mut usize,
    edits: &mut std::iter::Peekable<impl Iterator<Item = Edit>>,
    done: &mut impl FnMut(Substituted),
) {
    if let Some(edit) = edits.next_if(|edit| edit.put.index == *index) {
        *value = edit.value;
        done(edit.put);
    }
    *index += 1;
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| put_in(item, index, edits, done)),
        Value::Object(map) => map.values_mut().for_each(|item| put_in(item, index, edits, done)),
        _ => {}
    }
}
