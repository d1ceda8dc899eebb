//! What it means when two writes meet: a leaf of null deletes all that is below it, and any other leaf
//! replaces what is there.

use serde_json::Value;

use crate::model::canonical_json;
use crate::query::Path;

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
