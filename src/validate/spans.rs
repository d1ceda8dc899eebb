//! Where every value of a document stands in the text.
//!
//! A document is a `serde_json::Value` and, beside it, one [`Entry`] for each value in the same
//! order. That is one allocation a document; a map from JSON pointers to spans would be one for
//! each value, for all the documents that nobody ever complains about.

use std::ops::Range;

use serde_json::Value;

use crate::diagnostic::{SourceId, Span};

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

/// Where one value stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// The key, if the value belongs to a map.
    pub(super) key: Extent,
    pub(super) value: Extent,
    /// Number of entries of the value and all values in it.
    pub(super) size: u32,
    pub(super) style: Style,
}

/// Entries that stand for an alias: their own places are those of the anchor.
#[derive(Debug, Clone)]
pub(super) struct AliasUse {
    pub(super) entries: Range<usize>,
    pub(super) place: Extent,
}

/// A composed document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) source: SourceId,
    pub(super) value: Value,
    /// In depth-first order, the root first.
    pub(super) entries: Vec<Entry>,
    pub(super) aliases: Vec<AliasUse>,
    /// Whether composing reported something about it, such as a duplicate key.
    pub(super) is_faulty: bool,
}

/// A value of a document together with its entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'d> {
    pub(super) value: &'d Value,
    pub(super) index: usize,
}

impl Document {
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
        if hidden { self.key_span(node) } else { self.span(entry.value) }
    }

    /// The text of the value's key; of the value itself, if it has none.
    pub(super) fn key_span(&self, node: Node<'_>) -> Span {
        let entry = self.entry(node);
        if entry.key.start < entry.key.end { self.span(entry.key) } else { self.first_line(entry) }
    }

    /// The value's text, however long.
    pub(super) fn raw_span(&self, node: Node<'_>) -> Span {
        self.span(self.entry(node).value)
    }

    /// A list item or a document over several lines is marked at its first key.
    fn first_line(&self, entry: &Entry) -> Span {
        if entry.style == Style::Flow && entry.key.end == 0 {
            return self.span(Extent { start: entry.value.start, end: entry.value.start + 1 });
        }
        if entry.style != Style::Block {
            return self.span(entry.value);
        }
        let inner = self.entries.iter().find(|inner| inner.key.start >= entry.value.start && inner.key.end > 0);
        self.span(inner.map_or(Extent { start: entry.value.start, end: entry.value.start }, |inner| inner.key))
    }

    /// Where the value was brought in by an alias, if it was.
    pub(super) fn alias_span(&self, node: Node<'_>) -> Option<Span> {
        let alias = self.aliases.iter().find(|alias| alias.entries.contains(&node.index))?;
        Some(self.span(alias.place))
    }

    pub(super) fn span(&self, extent: Extent) -> Span {
        Span { source: self.source, start: extent.start, end: extent.end }
    }
}
