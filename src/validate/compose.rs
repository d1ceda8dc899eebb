//! Text into documents: values and, beside them, where they stand.
//!
//! One pass over the parser's events. Anchors and merge keys are resolved, duplicate keys refused,
//! and what aliases may expand to is bounded. A document that cannot be read is skipped as a whole,
//! the next one is read again.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, StrInput, StructureStyle, Tag};
use serde_json::Value;

use super::frame::{Frame, Key, Kind, Merge, depth};
use super::refusal;
use super::scalar;
use super::spans::{AliasUse, Document, Entry, Extent, Origin, Style};
use super::syntax;
use crate::diagnostic::{Diagnostic, SourceId, SourceMap, Span};

/// Values that all aliases of a document may stand for together.
pub(super) const ALIASED_VALUES_MAX: usize = 20_000;

/// Levels of lists and maps, as many as `serde_json` reads.
pub(super) const DEPTH_MAX: usize = 128;

/// Errors, and warnings, that are shown of one document.
pub(super) const FINDINGS_MAX: usize = 100;

/// What is said with the last of them.
pub(super) const MORE: &str = "this document has more of them; they are shown when these are cured";

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
    if source.path().ends_with(".json")
        && let Err(finding) = syntax::check_json(source.text(), id)
    {
        return Composed { findings: vec![*finding], is_broken: true, ..Composed::default() };
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
    /// Findings about this document.
    findings_count: usize,
    root: Option<Value>,
    composed: Composed,
}

impl<'t> Composer<'t> {
    fn new(source: SourceId, text: &'t str) -> Self {
        Self {
            source,
            text,
            frames: Vec::with_capacity(8),
            // Manifests have a value for every 20 bytes or so.
            entries: Vec::with_capacity(text.len().min(4096) / 16),
            aliases: Vec::new(),
            anchors: HashMap::new(),
            aliased_values: 0,
            findings_count: 0,
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
                Err(error) => Err(self.abandon(syntax::diagnostic(&error, self.text, self.source))),
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
        self.findings_count = 0;
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
        let is_faulty = self.findings_count > 0;
        let document = Document { aliases, is_faulty, ..Document::new(self.source, value, entries) };
        self.composed.documents.push(document);
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
        self.report(refusal::unsupported_tag(self.span(at), &tag.original()));
        false
    }

    fn plain(&mut self, text: &str, at: Extent) -> Option<Value> {
        Some(scalar::resolve(text)?.unwrap_or_else(|why| {
            self.report(refusal::not_json(self.span(at), text, why));
            Value::Null
        }))
    }

    fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { kind: Kind::Map { key: None, .. }, .. }))
    }

    fn key(&mut self, text: String, style: Style, anchor: usize, at: Extent) -> Result<(), Abandon> {
        if style == Style::Plain && at.start == at.end {
            return Err(self.abandon(refusal::key_not_text(self.span(at), "a key is missing before `:`")));
        }
        if anchor != 0 {
            let entry = Entry { key: Extent::default(), value: at, size: 1, style, origin: Origin::Document };
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
            return Err(self.abandon(refusal::key_not_text(self.span(at), "a list or a map cannot be a key")));
        }
        if self.frames.len() >= DEPTH_MAX {
            return Err(self.abandon(refusal::too_deep(self.span(at))));
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
        self.entries.push(Entry { key, value, size: 1, style, origin: Origin::Document });
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
                        None => self.report(refusal::invalid_merge(self.span(key.at))),
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
            return Err(self.abandon(refusal::alias_in_itself(self.span(at))));
        };
        if self.expects_key() {
            let Value::String(text) = anchored.value.clone() else {
                return Err(self.abandon(refusal::key_not_text(self.span(at), "the alias does not stand for a text")));
            };
            return self.key(text, Style::DoubleQuoted, 0, at);
        }
        self.aliased_values += anchored.entries.len();
        if self.aliased_values > ALIASED_VALUES_MAX {
            return Err(self.abandon(refusal::too_many_values(self.span(at))));
        }
        if self.frames.len() + anchored.depth > DEPTH_MAX {
            return Err(self.abandon(refusal::too_deep(self.span(at))));
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
        if self.findings_count >= FINDINGS_MAX {
            return;
        }
        let parent = self.frames.last().map_or(0, |frame| frame.index);
        let mut first = parent + 1;
        for _ in 0..position {
            first += self.entries[first].size as usize;
        }
        let first = self.span(self.entries[first].key);
        self.report(refusal::duplicate_key(self.span(again), first, name));
    }

    fn report(&mut self, finding: Diagnostic) {
        self.findings_count += 1;
        match self.findings_count {
            FINDINGS_MAX => self.composed.findings.push(finding.note(MORE)),
            count if count > FINDINGS_MAX => {}
            _ => self.composed.findings.push(finding),
        }
    }

    /// Reports why the document cannot be read further.
    fn abandon(&mut self, finding: Diagnostic) -> Abandon {
        self.composed.findings.push(finding);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn composed(text: &str) -> (SourceMap, Composed) {
        let mut sources = SourceMap::new();
        let id = sources.add("a.yaml", text.to_owned());
        let composed = compose(&sources, id);
        (sources, composed)
    }

    fn values(text: &str) -> Vec<Value> {
        let (_, composed) = composed(text);
        assert!(composed.findings.is_empty(), "{:?}", composed.findings);
        composed.documents.into_iter().map(|document| document.value).collect()
    }

    /// The texts of the key and of the value that a pointer names.
    fn texts(text: &str, pointer: &str) -> (String, String) {
        let (sources, composed) = composed(text);
        let document = &composed.documents[0];
        let node = document.nearest(pointer);
        assert_eq!(Some(node.value), document.value.pointer(pointer), "{pointer}");
        let source = sources.get(document.source);
        let of = |span: Span| source.text()[span.bytes()].to_owned();
        (of(document.key_span(node)), of(document.raw_span(node)))
    }

    #[test]
    fn values_are_those_of_the_core_schema() {
        assert_eq!(
            values("a: 1\nb: [x, 'y', \"z\\t\", ~, true, 1.5]\nc:\n  d: |-\n    e\n"),
            [json!({"a": 1, "b": ["x", "y", "z\t", null, true, 1.5], "c": {"d": "e"}})]
        );
    }

    #[test]
    fn written_keys_win_over_merged_ones_and_earlier_maps_over_later_ones() {
        let text =
            "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\none: {<<: *b, x: 0}\ntwo:\n  <<: [*m, *b]\n  \"<<\": 5\n";
        let [value] = &values(text)[..] else { panic!("one document") };
        assert_eq!(value["one"], json!({"x": 0, "y": 2}));
        assert_eq!(value["two"], json!({"<<": 5, "y": 3, "z": 4, "x": 1}));
    }

    #[test]
    fn places_stay_right_behind_aliases_merges_and_duplicates() {
        let text = "a: &a {p: 1, q: [2, 3]}\nb: {<<: *a, r: 4}\nc: *a\nd: {e: 5, e: 6, f: 7}\ng: [8, [9]]\n";
        for (pointer, key, value) in [
            ("/a/q/1", "3", "3"),
            ("/b/r", "r", "4"),
            ("/b/p", "p", "1"),
            ("/b/q/0", "2", "2"),
            ("/c", "c", "{p: 1, q: [2, 3]}"),
            ("/c/q", "q", "[2, 3]"),
            ("/d/e", "e", "5"),
            ("/d/f", "f", "7"),
            ("/g/1/0", "9", "9"),
        ] {
            assert_eq!(texts(text, pointer), (key.to_owned(), value.to_owned()), "{pointer}");
        }
    }

    #[test]
    fn what_an_alias_brought_knows_the_alias() {
        let (sources, composed) = composed("a: &a {p: 1}\nb: {<<: *a, r: 4}\nc: *a\n");
        let document = &composed.documents[0];
        let alias = |pointer| {
            let span = document.alias_span(document.nearest(pointer))?;
            Some(sources.get(span.source).position(span.start))
        };
        let at = |line, column| Some(crate::diagnostic::Position { line, column });
        assert_eq!([alias("/a/p"), alias("/b/p"), alias("/b/r"), alias("/c/p")], [None, at(2, 9), None, at(3, 4)]);
    }

    #[test]
    fn empty_documents_are_none_and_broken_ones_do_not_hide_others() {
        assert_eq!(values("---\n# nothing\n---\na: 1\n...\n---\n"), [json!({"a": 1})]);
        let (_, composed) = composed("a: 1\n---\nb: [\n---\nc: 3\n");
        let values: Vec<_> = composed.documents.iter().map(|document| &document.value).collect();
        assert_eq!(values, [&json!({"a": 1}), &json!({"c": 3})]);
        assert!(composed.is_broken && composed.findings.len() == 1);
    }

    proptest::proptest! {
        /// Any text at all is read without a panic, and every entry lies within it.
        #[test]
        fn no_text_is_too_odd(text in "[ -~\n\t&*<:{}\\[\\],'\"|>#é]{0,60}") {
            let (sources, composed) = composed(&text);
            for document in &composed.documents {
                let source = sources.get(document.source).text();
                for entry in &document.entries {
                    for extent in [entry.key, entry.value] {
                        proptest::prop_assert!(source.get(extent.start as usize..extent.end as usize).is_some());
                    }
                }
                let nodes = usize::try_from(document.entries[0].size).expect("small");
                proptest::prop_assert_eq!(nodes, document.entries.len());
            }
        }
    }
}
