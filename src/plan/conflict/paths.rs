//! The paths that a patch writes, and what it means when two of them meet.
//!
//! An object in a patch is merged, so only its leaves write. A leaf of null deletes all that is below
//! it, and any other leaf replaces what is there.

use serde_json::{Map, Value};

use crate::model::canonical_json;
use crate::query::Path;

/// One value that a patch writes, and where.
#[derive(Debug, Clone)]
pub(super) struct Leaf<'a> {
    /// `tags` or `desired`, then the names.
    pub(super) path: Vec<&'a str>,
    pub(super) value: &'a Value,
}

/// Two writes that meet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clash<'a> {
    /// The deeper one of the two paths.
    pub(super) names: Vec<&'a str>,
    pub(super) ours: &'a Value,
    pub(super) theirs: &'a Value,
    /// Both leave the same behind.
    pub(super) is_redundant: bool,
}

impl Clash<'_> {
    /// As people write it.
    pub(super) fn path(&self) -> String {
        let names = || self.names.iter().copied();
        Path::new(names()).map_or_else(|_| self.names.join("."), |path| path.to_string())
    }
}

/// What a patch writes, in its own order.
pub(super) fn leaves<'a>(section: &'static str, patch: &'a Map<String, Value>, into: &mut Vec<Leaf<'a>>) {
    descend(&mut vec![section], patch, into);
}

fn descend<'a>(above: &mut Vec<&'a str>, patch: &'a Map<String, Value>, into: &mut Vec<Leaf<'a>>) {
    for (name, value) in patch {
        above.push(name);
        match value {
            Value::Object(inner) if !inner.is_empty() => descend(above, inner, into),
            _ => into.push(Leaf { path: above.clone(), value }),
        }
        above.pop();
    }
}

/// How two writes at one path meet: whether both leave the same behind.
pub(super) fn same_path(a: &Value, b: &Value) -> bool {
    a == b || canonical_json(a) == canonical_json(b)
}

/// How a write meets one below it: nothing when it leaves the other alone, else whether both leave the
/// same behind.
pub(super) fn above_and_below(above: &Value, below: &Value) -> Option<bool> {
    match above {
        Value::Object(_) => None,
        Value::Null => Some(below.is_null()),
        _ => Some(false),
    }
}
