//! Paths into a document, as written.

use std::fmt;

use super::ast::{Span, Spanned};
use super::keyword::Keyword;

/// One name of a path: not empty, and without the `]]` that would end its quoting.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment(String);

impl Segment {
    /// A name of a path.
    ///
    /// # Errors
    /// If no query text can hold the name: it is empty, holds `]]` or ends in `]`.
    pub fn new(name: &str) -> Result<Self, InvalidSegment> {
        if name.is_empty() || name.contains("]]") || name.ends_with(']') {
            return Err(InvalidSegment(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name without quoting.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn needs_quoting(&self) -> bool {
        Keyword::of(&self.0).is_some() || !is_identifier(&self.0)
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.needs_quoting() { write!(f, "[[{}]]", self.0) } else { f.write_str(&self.0) }
    }
}

/// A name that no query text can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be a name in a query path")]
pub struct InvalidSegment(String);

/// A path as written, never empty. [`super::ResolvedPath`] says what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Path(Vec<Spanned<Segment>>);

impl Path {
    /// A path of these names, outermost first.
    ///
    /// # Errors
    /// If a name is not a [`Segment`], or there is none at all.
    pub fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, InvalidSegment> {
        let segments =
            names.into_iter().map(|name| Segment::new(name).map(Spanned::built)).collect::<Result<Vec<_>, _>>()?;
        if segments.is_empty() {
            return Err(InvalidSegment(String::new()));
        }
        Ok(Self(segments))
    }

    /// The parser has read at least one segment.
    pub(super) fn parsed(first: Spanned<Segment>, rest: Vec<Spanned<Segment>>) -> Self {
        let mut segments = vec![first];
        segments.extend(rest);
        Self(segments)
    }

    /// The names, outermost first; never empty.
    pub fn segments(&self) -> &[Spanned<Segment>] {
        &self.0
    }

    /// The names as plain strings.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|segment| segment.node.as_str())
    }

    /// Where the whole path stands.
    pub fn span(&self) -> Span {
        self.0[0].span.start..self.0[self.0.len() - 1].span.end
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            segment.node.fmt(f)?;
        }
        Ok(())
    }
}

/// Whether the lexer reads `name` as one regular word. A hyphen only joins two word characters.
fn is_identifier(name: &str) -> bool {
    let starts = name.starts_with(is_word_start);
    starts && name.chars().all(|c| is_word_part(c) || c == '-') && !name.ends_with('-') && !name.contains("--")
}

pub(super) fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '$'
}

pub(super) fn is_word_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}
