//! Text into documents: values and, beside them, where they stand.
//!
//! One pass over the parser's events. Anchors and merge keys are resolved, duplicate keys refused,
//! and what aliases may expand to is bounded. A document that cannot be read is skipped as a whole,
//! the next one is read again.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, StrInput, StructureStyle, Tag};
use serde_json::Value;

use super::frame::{Frame, Key, Kind, Merge};
use super::scalar::{self, NotJson};
use super::spans::{AliasUse, Document, Entry, Extent, Style};
use super::syntax;
use crate::diagnostic::{Code, Diagnostic, SourceId, SourceMap, Span};

/// Values that all aliases of a document may stand for together.
const ALIASED_VALUES_MAX: usize = 20_000;

/// Levels of lists and maps, as many as `serde_json` reads.
pub(super) const DEPTH_MAX: usize = 128;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Composed {
    pub(super) documents: Vec<Document>,
    pub(super) findings: Vec<Diagnostic>,
    /// Whether a document had to be skipped.
    pub(super) is_broken: bool,
}

/// Reads all documents of a file.
pub(super) fn compose(sources: &SourceMap, id: SourceId) -> Composed {
    let source = sources.get(id);
    if source.path().ends_with(".json") {
        if let Err(finding) = syntax::check_json(source.text(), id) {
            return Composed { findings: vec![*finding], is_broken: true, ..Composed::default() };
        }
    }
    Composer::new(id, source.text()).run()
}

/// A value under an anchor.
struct Anchored {
    value: Value,
    entries: Vec<Entry>,
    depth: usize,
}

/// The document cannot be read further; the finding is already reported.
struct Abandon;

struct Composer<'t> {
    source: SourceId,
    text: &'t str,
    frames: Vec<Frame>,
    entries: Vec<Entry>,
    aliases: Vec<AliasUse>,
    anchors: HashMap<usize, Anchored>,
    aliased_values: usize,
    root: Option<Value>,
    composed: Composed,
}

impl<'t> Composer<'t> {
    fn new(source: SourceId, text: &'t str) -> Self {
        Self {
            source,
            text,
            frames: Vec::new(),
            entries: Vec::new(),
            aliases: Vec::new(),
            anchors: HashMap::new(),
            aliased_values: 0,
            root: None,
            composed: Composed::default(),
        }
    }

    fn run(mut self) -> Composed {
        let options = granit_parser::options! {
            emit_comments: false,
            block_nesting_limit: DEPTH_MAX,
            flow_nesting_limit: DEPTH_MAX,
        };
        let mut parser = Parser::new_from_str_with_options(self.text, options);
        while let Some(event) = parser.next_event() {
            let outcome = match event {
                Ok((event, span)) => self.event(event, extent(&span)),
                Err(error) => {
                    self.composed.findings.push(syntax::diagnostic(&error, self.text, self.source));
                    Err(Abandon)
                }
            };
            if outcome.is_err() && !self.resume(&mut parser) {
                break;
            }
        }
        self.composed
    }

    fn resume(&mut self, parser: &mut Parser<'t, StrInput<'t>>) -> bool {
        self.composed.is_broken = true;
        self.start_document();
        matches!(parser.proceed_next_document(), Ok(true))
    }

    fn start_document(&mut self) {
        self.frames.clear();
        self.entries.clear();
        self.aliases.clear();
        self.anchors.clear();
        self.aliased_values = 0;
        self.root = None;
    }

    fn event(&mut self, event: Event<'t>, at: Extent) -> Result<(), Abandon> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_deref(), at),
            Event::MappingStart(style, anchor, tag) => self.open(Kind::map(), style, anchor, tag.as_deref(), at),
            Event::SequenceStart(style, anchor, tag) => self.open(Kind::list(), style, anchor, tag.as_deref(), at),
            Event::MappingEnd | Event::SequenceEnd => {
                self.close(at);
                Ok(())
            }
            Event::Alias(id) => self.alias(id, at),
            Event::DocumentStart(..) => {
                self.start_document();
                Ok(())
            }
            Event::DocumentEnd => {
                self.end_document();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn end_document(&mut self) {
        let Some(value) = self.root.take() else { return };
        let is_empty = value.is_null() && self.entries.iter().all(|entry| entry.value.start == entry.value.end);
        if is_empty {
            return;
        }
        // The next document of the file is likely to be about as large.
        let capacity = self.entries.len();
        let entries = std::mem::replace(&mut self.entries, Vec::with_capacity(capacity));
        let aliases = std::mem::take(&mut self.aliases);
        self.composed.documents.push(Document { source: self.source, value, entries, aliases });
    }

    fn scalar(
        &mut self,
        text: Cow<'t, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: Extent,
    ) -> Result<(), Abandon> {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let is_text = self.tag(tag, "str", at);
        if self.expects_key() {
            return self.key(text.into_owned(), style, anchor, at);
        }
        let value = match (style, is_text) {
            (Style::Plain, false) => self.plain(&text, at),
            _ => None,
        };
        let index = self.begin(at, style);
        self.finish(value.unwrap_or_else(|| Value::String(text.into_owned())), index, anchor);
        Ok(())
    }

    /// Whether a tag says what the value is; other tags than the expected one are refused.
    fn tag(&mut self, tag: Option<&Tag>, expected: &str, at: Extent) -> bool {
        let Some(tag) = tag else { return false };
        if tag.is_yaml_core_schema_tag(expected) || tag.original() == "!" {
            return true;
        }
        let message = format!("the tag `{}` is not supported", tag.original());
        let finding = Diagnostic::error(Code::UnsupportedTag, self.span(at), message);
        self.composed.findings.push(finding.label("tagged value").help("leave the tag out"));
        false
    }

    fn plain(&mut self, text: &str, at: Extent) -> Option<Value> {
        let (code, message, label, help) = match scalar::resolve(text)? {
            Ok(value) => return Some(value),
            Err(NotJson::NotFinite) => {
                let help = "write a finite number, or a text in quotes";
                (Code::NumberNotFinite, "has no JSON form", "not in JSON", help)
            }
            Err(NotJson::IntegerTooLarge) => {
                let message = "is beyond 2^53 - 1, where many JSON readers lose digits";
                (Code::IntegerTooLarge, message, "too large", "write it as a text, in quotes")
            }
        };
        let finding = Diagnostic::error(code, self.span(at), format!("the number `{text}` {message}"));
        self.composed.findings.push(finding.label(label).help(help));
        Some(Value::Null)
    }

    fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { kind: Kind::Map { key: None, .. }, .. }))
    }

    fn key(&mut self, text: String, style: Style, anchor: usize, at: Extent) -> Result<(), Abandon> {
        if style == Style::Plain && at.start == at.end {
            return Err(self.key_not_text(at, "a key is missing before `:`"));
        }
        if anchor != 0 {
            let entry = Entry { key: Extent::default(), value: at, size: 1, style };
            let anchored = Anchored { value: Value::String(text.clone()), entries: vec![entry], depth: 0 };
            self.anchors.insert(anchor, anchored);
        }
        if let Some(Frame { kind: Kind::Map { key, .. }, .. }) = self.frames.last_mut() {
            let is_merge = style == Style::Plain && text == "<<";
            *key = Some(Key { text, at, is_merge });
        }
        Ok(())
    }

    fn open(
        &mut self,
        kind: Kind,
        style: StructureStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: Extent,
    ) -> Result<(), Abandon> {
        if self.expects_key() {
            return Err(self.key_not_text(at, "a list or a map cannot be a key"));
        }
        if self.frames.len() >= DEPTH_MAX {
            return Err(self.too_deep(at));
        }
        self.tag(tag, if matches!(kind, Kind::Map { .. }) { "map" } else { "seq" }, at);
        let style = if style == StructureStyle::Flow { Style::Flow } else { Style::Block };
        let index = self.begin(at, style);
        self.frames.push(Frame { kind, index, anchor });
        Ok(())
    }

    /// Makes the entry of the value that begins here.
    fn begin(&mut self, value: Extent, style: Style) -> usize {
        let key = match self.frames.last() {
            Some(Frame { kind: Kind::Map { key: Some(key), .. }, .. }) => key.at,
            _ => Extent::default(),
        };
        self.entries.push(Entry { key, value, size: 1, style });
        self.entries.len() - 1
    }

    fn close(&mut self, at: Extent) {
        let Some(frame) = self.frames.pop() else { return };
        let end = match self.entries[frame.index].style {
            Style::Flow => at.end,
            // The parser ends a block where the next token begins, behind comments and blank lines.
            _ => self.entries[frame.index..].iter().map(|e| e.value.end.max(e.key.end)).max().unwrap_or(at.end),
        };
        let value = match frame.kind {
            Kind::List(items) => Value::Array(items),
            Kind::Map { mut map, merges, .. } => {
                for merge in merges {
                    merge.apply(&mut map, &mut self.entries, &mut self.aliases);
                }
                Value::Object(map)
            }
        };
        let size = self.entries.len() - frame.index;
        let entry = &mut self.entries[frame.index];
        if self.text[entry.value.start as usize..end as usize].contains('\n') {
            entry.style = Style::Block;
        }
        entry.size = u32::try_from(size).unwrap_or(u32::MAX);
        entry.value.end = end;
        self.finish(value, frame.index, frame.anchor);
    }

    /// Hands a complete value to its anchor and to its parent.
    fn finish(&mut self, value: Value, index: usize, anchor: usize) {
        if anchor != 0 {
            let entries = self.entries[index..].to_vec();
            self.anchors.insert(anchor, Anchored { depth: depth(&value), value: value.clone(), entries });
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(value);
            return;
        };
        match &mut frame.kind {
            Kind::List(items) => items.push(value),
            Kind::Map { map, key, merges } => {
                let Some(key) = key.take() else { return };
                if key.is_merge {
                    let entries = self.entries.split_off(index);
                    let place = entries.first().map_or(key.at, |entry| entry.value);
                    let place = self.aliases.iter().find(|a| a.entries.start >= index).map_or(place, |a| a.place);
                    self.aliases.retain(|alias| alias.entries.start < index);
                    match Merge::new(value, entries, place) {
                        Some(merge) => merges.push(merge),
                        None => self.invalid_merge(key.at),
                    }
                    return;
                }
                match map.entry(key.text) {
                    serde_json::map::Entry::Vacant(vacant) => {
                        vacant.insert(value);
                    }
                    serde_json::map::Entry::Occupied(first) => {
                        let name = first.key().clone();
                        let position = map.keys().position(|key| *key == name).unwrap_or_default();
                        self.duplicate_key(&name, position, key.at, index);
                    }
                }
            }
        }
    }

    fn alias(&mut self, id: usize, at: Extent) -> Result<(), Abandon> {
        let Some(anchored) = self.anchors.get(&id) else {
            let finding =
                Diagnostic::error(Code::UnknownAnchor, self.span(at), "an alias stands inside its own anchor");
            self.composed.findings.push(finding.label("would never end").help("write the value out"));
            return Err(Abandon);
        };
        if self.expects_key() {
            let Value::String(text) = anchored.value.clone() else {
                return Err(self.key_not_text(at, "the alias does not stand for a text"));
            };
            return self.key(text, Style::DoubleQuoted, 0, at);
        }
        self.aliased_values += anchored.entries.len();
        if self.aliased_values > ALIASED_VALUES_MAX {
            return Err(self.too_many_nodes(at));
        }
        if self.frames.len() + anchored.depth > DEPTH_MAX {
            return Err(self.too_deep(at));
        }
        let value = anchored.value.clone();
        let index = self.entries.len();
        self.entries.extend_from_slice(&anchored.entries);
        if let Some(Frame { kind: Kind::Map { key: Some(key), .. }, .. }) = self.frames.last() {
            self.entries[index].key = key.at;
        }
        self.aliases.push(AliasUse { entries: index..self.entries.len(), place: at });
        self.finish(value, index, 0);
        Ok(())
    }

    fn duplicate_key(&mut self, name: &str, position: usize, again: Extent, index: usize) {
        self.entries.truncate(index);
        self.aliases.retain(|alias| alias.entries.start < index);
        let parent = self.frames.last().map_or(0, |frame| frame.index);
        let mut first = parent + 1;
        for _ in 0..position {
            first += self.entries[first].size as usize;
        }
        let first = self.span(self.entries[first].key);
        let finding =
            Diagnostic::error(Code::DuplicateKey, self.span(again), format!("the key `{name}` is used twice"))
                .label("second use")
                .also(first, "first use")
                .help("remove one of them");
        self.composed.findings.push(finding);
    }

    fn invalid_merge(&mut self, at: Extent) {
        let finding = Diagnostic::error(Code::InvalidMerge, self.span(at), "`<<` merges maps only")
            .label("its value is not a map")
            .help("write `<<: *name` with an anchor on a map; quote the key, `\"<<\"`, if it is data");
        self.composed.findings.push(finding);
    }

    fn key_not_text(&mut self, at: Extent, message: &str) -> Abandon {
        let finding = Diagnostic::error(Code::KeyNotText, self.span(at), message).label("not a text");
        self.composed.findings.push(finding.help("write `key: value`; quote a key that begins with `[`, `{` or `*`"));
        Abandon
    }

    fn too_deep(&mut self, at: Extent) -> Abandon {
        let message = format!("lists and maps are nested more than {DEPTH_MAX} deep");
        let finding = Diagnostic::error(Code::TooDeep, self.span(at), message);
        self.composed.findings.push(finding.label("one level too many").help("a twin has at most 10 levels"));
        Abandon
    }

    fn too_many_nodes(&mut self, at: Extent) -> Abandon {
        let message = format!("aliases expand this document to more than {ALIASED_VALUES_MAX} values");
        let finding = Diagnostic::error(Code::TooManyNodes, self.span(at), message).label("expanding this one");
        self.composed.findings.push(finding.help("write the values out instead of aliases of aliases"));
        Abandon
    }

    const fn span(&self, at: Extent) -> Span {
        Span { source: self.source, start: at.start, end: at.end }
    }
}

fn extent(span: &granit_parser::Span) -> Extent {
    let offset =
        |marker: &granit_parser::Marker| marker.byte_offset().and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX);
    Extent { start: offset(&span.start), end: offset(&span.end) }
}

/// Levels of lists and maps in a value. Terminates fast: no value is deeper than [`DEPTH_MAX`].
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}
