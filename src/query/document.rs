//! What evaluation needs of a document, whatever its representation.

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::ast::Collection;
use super::attribute;
use super::path::Path;

/// What a document holds under a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'d> {
    /// Nothing.
    Undefined,
    /// `null`.
    Null,
    /// A Boolean.
    Boolean(bool),
    /// A number; all numbers compare as 64-bit floating point.
    Number(f64),
    /// A string.
    String(&'d str),
    /// An object or an array: defined, but never equal to anything.
    Composite,
}

/// A document that a condition can be evaluated on.
pub trait Document {
    /// The value under a path. A path through anything but objects is [`Field::Undefined`].
    fn lookup(&self, path: &ResolvedPath) -> Field<'_>;
}

/// A document that rows can be made of.
pub trait Project: Document {
    /// The value under a path, objects and arrays whole; `None` if there is nothing.
    fn json(&self, path: &ResolvedPath) -> Option<Value>;

    /// The whole document.
    fn whole(&self) -> Value;
}

/// A path as found in documents: exact keys, system attributes in canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPath {
    index: usize,
    keys: Box<[Box<str>]>,
}

impl ResolvedPath {
    /// The position among the paths of its condition or statement. A representation with interned
    /// keys can look all paths up once and go by this number for every document.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The keys, outermost first; never empty.
    pub fn keys(&self) -> &[Box<str>] {
        &self.keys
    }

    /// The innermost key.
    pub fn last(&self) -> &str {
        &self.keys[self.keys.len() - 1]
    }
}

/// The paths of one condition or statement, each once.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    from: Collection,
    resolved: Vec<ResolvedPath>,
    known: FxHashMap<Box<[Box<str>]>, usize>,
}

impl Paths {
    pub(super) fn new(from: Collection) -> Self {
        Self { from, resolved: Vec::new(), known: FxHashMap::default() }
    }

    pub(super) fn resolve(&mut self, path: &Path) -> ResolvedPath {
        let keys = attribute::resolve(path, self.from).into_boxed_slice();
        let next = self.resolved.len();
        let index = *self.known.entry(keys.clone()).or_insert(next);
        if index == next {
            self.resolved.push(ResolvedPath { index, keys });
        }
        self.resolved[index].clone()
    }

    pub(super) fn into_resolved(self) -> Box<[ResolvedPath]> {
        self.resolved.into_boxed_slice()
    }
}

impl Document for Value {
    fn lookup(&self, path: &ResolvedPath) -> Field<'_> {
        match descend(self, path) {
            None => Field::Undefined,
            Some(Self::Null) => Field::Null,
            Some(Self::Bool(value)) => Field::Boolean(*value),
            Some(Self::Number(number)) => number.as_f64().map_or(Field::Undefined, Field::Number),
            Some(Self::String(text)) => Field::String(text),
            Some(Self::Array(_) | Self::Object(_)) => Field::Composite,
        }
    }
}

impl Project for Value {
    fn json(&self, path: &ResolvedPath) -> Option<Value> {
        descend(self, path).cloned()
    }

    fn whole(&self) -> Value {
        self.clone()
    }
}

fn descend<'d>(document: &'d Value, path: &ResolvedPath) -> Option<&'d Value> {
    path.keys().iter().try_fold(document, |value, key| value.as_object()?.get(&**key))
}
