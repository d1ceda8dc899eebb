//! Where every value of a document stands in the text.
//!
//! A document is a `serde_json::Value` and, beside it, one [`Entry`] for each value in the same
//! order. That is one allocation a document; a map from JSON pointers to spans would be one for
//! each value, for all the documents that nobody ever complains about.

use std::ops::Range;

use serde_json::Value;

use super::offsets;
use super::substitute::Substituted;
use crate::diagnostic::{Diagnostic, SourceId, SourceMap, Span};

/// A stretch of bytes of the document's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Extent {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
    /// A map or list in brackets, on one line.
    Flow,
    /// A map or list over several lines.
    Block,
}

/// Which file a value stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// That of the document.
    Document,
    /// That of the patch, which is the project file.
    Patch,
}

/// Where one value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// The key, if the value belongs to a map.
    pub(super) key: Extent,
    pub(super) value: Extent,
    /// Number of entries of the value and all values in it.
    pub(super) size: u32,
    pub(super) style: Style,
    pub(super) origin: Origin,
}

/// Entries that stand for an alias: their own places are those of the anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AliasUse {
    pub(super) entries: Range<usize>,
    pub(super) place: Extent,
}

/// A composed document, and what an environment made of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    pub(super) source: SourceId,
    /// The file of the patches, if there are any.
    pub(super) patch_source: Option<SourceId>,
    pub(super) value: Value,
    /// In depth-first order, the root first.
    pub(super) entries: Vec<Entry>,
    pub(super) aliases: Vec<AliasUse>,
    /// Whether composing reported something about it, such as a duplicate key.
    pub(super) is_faulty: bool,
    /// The values that variables were put into, in the order of their entries.
    pub(super) substituted: Vec<Substituted>,
}

/// A value of a document together with its entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'d> {
    pub(super) value: &'d Value,
    pub(super) index: usize,
}

impl Document {
    /// A document that nothing is known of but its values and their places.
    pub(super) const fn new(source: SourceId, value: Value, entries: Vec<Entry>) -> Self {
        Self {
            source,
            patch_source: None,
            value,
            entries,
            aliases: Vec::new(),
            is_faulty: false,
            substituted: Vec::new(),
        }
    }

    pub(super) const fn root(&self) -> Node<'_> {
        Node { value: &self.value, index: 0 }
    }

    /// The values of a map or list with their keys; nothing for a scalar.
    pub(super) fn children<'d>(&'d self, node: Node<'d>) -> impl Iterator<Item = (&'d str, Node<'d>)> {
        let mut index = node.index + 1;
        let mut place = move |value| {
            let node = Node { value, index };
            index += self.entries.get(index).map_or(1, |entry| entry.size as usize);
            node
        };
        let (map, list) = match node.value {
            Value::Object(map) => (Some(map), None),
            Value::Array(list) => (None, Some(list)),
            _ => (None, None),
        };
        let keyed = map.into_iter().flatten().map(|(key, value)| (key.as_str(), value));
        let unkeyed = list.into_iter().flatten().map(|value| ("", value));
        keyed.chain(unkeyed).map(move |(key, value)| (key, place(value)))
    }

    /// The value of one key of a map.
    pub(super) fn field<'d>(&'d self, node: Node<'d>, key: &str) -> Option<Node<'d>> {
        node.value.as_object()?;
        self.children(node).find(|(name, _)| *name == key).map(|(_, node)| node)
    }

    /// One value of a list.
    pub(super) fn item<'d>(&'d self, node: Node<'d>, index: usize) -> Option<Node<'d>> {
        node.value.as_array()?;
        self.children(node).nth(index).map(|(_, node)| node)
    }

    /// The value that a JSON pointer names, or else its nearest ancestor that exists.
    pub(super) fn nearest(&self, pointer: &str) -> Node<'_> {
        let mut node = self.root();
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let index = token.parse().ok();
            let child = self.field(node, &token).or_else(|| self.item(node, index?));
            match child {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }

    fn entry(&self, node: Node<'_>) -> &Entry {
        &self.entries[node.index]
    }

    pub(super) fn style(&self, node: Node<'_>) -> Style {
        self.entry(node).style
    }

    /// The value's text. A block of lines is marked at its key, because a mark over many lines
    /// hides more than it shows.
    pub(super) fn value_span(&self, node: Node<'_>) -> Span {
        let entry = self.entry(node);
        let hidden = entry.style == Style::Block || entry.value.start == entry.value.end;
        if hidden { self.key_span(node) } else { self.span(entry, entry.value) }
    }

    /// The text of the value's key; of the value itself, if it has none.
    pub(super) fn key_span(&self, node: Node<'_>) -> Span {
        let entry = self.entry(node);
        if entry.key.start < entry.key.end { self.span(entry, entry.key) } else { self.first_line(entry) }
    }

    /// The value's text, however long.
    pub(super) fn raw_span(&self, node: Node<'_>) -> Span {
        let entry = self.entry(node);
        self.span(entry, entry.value)
    }

    /// A part, in bytes, of the text that is the value.
    pub(super) fn part_span(&self, sources: &SourceMap, node: Node<'_>, part: Range<usize>) -> Span {
        let Some(value) = node.value.as_str() else { return self.value_span(node) };
        let whole = self.raw_span(node);
        let (value, style, part) = match self.substituted(node) {
            Some(put) => (put.written(), put.style(), put.written_part(part)),
            None => (value, self.style(node), part),
        };
        // The parser keeps or drops the last line breaks by rules that matter to no finding.
        let value = value.trim_end_matches('\n');
        let part = part.start.min(value.len())..part.end.min(value.len());
        let text = sources.get(whole.source).text();
        Span::new(whole.source, offsets::locate(text, whole.bytes(), style, value, part))
    }

    /// Whether an environment changed it.
    pub(super) const fn is_altered(&self) -> bool {
        self.patch_source.is_some() || !self.substituted.is_empty()
    }

    /// What was put into the value, if anything was.
    pub(super) fn substituted(&self, node: Node<'_>) -> Option<&Substituted> {
        let at = self.substituted.binary_search_by_key(&node.index, Substituted::index).ok()?;
        self.substituted.get(at)
    }

    /// Adds to a finding about a value where the value came from: an alias, variables.
    pub(super) fn trace(&self, node: Node<'_>, finding: Diagnostic) -> Diagnostic {
        self.trace_part(node, 0..usize::MAX, finding)
    }

    /// The same for a finding about a part, in bytes, of a text: only the variables in that part.
    pub(super) fn trace_part(&self, node: Node<'_>, part: Range<usize>, finding: Diagnostic) -> Diagnostic {
        let finding = match self.alias_span(node) {
            Some(alias) if alias != finding.primary.span => finding.also(alias, "brought in here"),
            _ => finding,
        };
        let variables = self.substituted(node).into_iter().flat_map(|put| put.variables_in(&part));
        variables.fold(finding, |finding, (name, place)| finding.also(place, format!("`{name}` is set here")))
    }

    /// A list item or a document over several lines is marked at its first key.
    fn first_line(&self, entry: &Entry) -> Span {
        if entry.style == Style::Flow && entry.key.end == 0 {
            return self.span(entry, Extent { start: entry.value.start, end: entry.value.start + 1 });
        }
        if entry.style != Style::Block {
            return self.span(entry, entry.value);
        }
        let is_inside =
            |inner: &&Entry| inner.origin == entry.origin && inner.key.start >= entry.value.start && inner.key.end > 0;
        let inner = self.entries.iter().find(is_inside);
        let start = Extent { start: entry.value.start, end: entry.value.start };
        self.span(entry, inner.map_or(start, |inner| inner.key))
    }

    /// Where the value was brought in by an alias, if it was.
    pub(super) fn alias_span(&self, node: Node<'_>) -> Option<Span> {
        let alias = self.aliases.iter().find(|alias| alias.entries.contains(&node.index))?;
        Some(Span { source: self.source, start: alias.place.start, end: alias.place.end })
    }

    fn span(&self, entry: &Entry, extent: Extent) -> Span {
        let source = match entry.origin {
            Origin::Document => self.source,
            Origin::Patch => self.patch_source.unwrap_or(self.source),
        };
        Span { source, start: extent.start, end: extent.end }
    }
}
