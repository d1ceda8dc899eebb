//! The single values that a twin patch writes. An object in a patch is merged, so only its leaves write.

use std::fmt;

use serde_json::{Map, Value};

use crate::model::TwinPatch;
use crate::query::Path;

/// One value that a patch writes, and where.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::plan) struct Leaf<'a> {
    /// `tags` or `desired`, then the names of members, outermost first.
    pub(in crate::plan) names: Vec<&'a str>,
    /// What is written; null deletes.
    pub(in crate::plan) value: &'a Value,
}

impl Leaf<'_> {
    /// The path in a query; nothing when no query can hold a name.
    pub(in crate::plan) fn query_path(&self) -> Option<Path> {
        let section: &[&str] = if self.names[0] == "desired" { &["properties", "desired"] } else { &["tags"] };
        Path::new(section.iter().chain(&self.names[1..]).copied()).ok()
    }

    /// Whether the hub can tell which values are there: it groups by single values only.
    pub(in crate::plan) const fn is_single(&self) -> bool {
        !matches!(self.value, Value::Object(_) | Value::Array(_))
    }
}

/// The path in the manifest's patch: `tags.building`, `desired.telemetry.interval`. A name that would
/// read as something else stands in quotes.
impl fmt::Display for Leaf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.names.iter().enumerate() {
            let dot = if index > 0 { "." } else { "" };
            match !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-$:/@".contains(c)) {
                true => write!(f, "{dot}{name}")?,
                false => write!(f, "{dot}{name:?}")?,
            }
        }
        Ok(())
    }
}

/// All values of a patch, in its order. An empty object is a value: it makes one where there is none.
pub(in crate::plan) fn leaves(patch: &TwinPatch) -> Vec<Leaf<'_>> {
    let mut found = leaves_of("tags", &patch.tags);
    collect(&mut vec!["desired"], &patch.desired, &mut found);
    found
}

/// Those of one section: `tags` or `desired`.
pub(in crate::plan) fn leaves_of<'a>(section: &'static str, members: &'a Map<String, Value>) -> Vec<Leaf<'a>> {
    let mut found = Vec::new();
    collect(&mut vec![section], members, &mut found);
    found
}

fn collect<'a>(names: &mut Vec<&'a str>, members: &'a Map<String, Value>, found: &mut Vec<Leaf<'a>>) {
    for (name, value) in members {
        names.push(name);
        match value {
            Value::Object(inner) if !inner.is_empty() => collect(names, inner, found),
            value => found.push(Leaf { names: names.clone(), value }),
        }
        names.pop();
    }
}
