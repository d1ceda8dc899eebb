//! Lists and maps that are not complete yet, and maps that wait to be merged.

use serde_json::{Map, Value};

use super::spans::{AliasUse, Entry, Extent};

/// A list or map that is being read.
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Its entry.
    pub(super) index: usize,
    /// Its anchor; 0 is none.
    pub(super) anchor: usize,
}

pub(super) enum Kind {
    List(Vec<Value>),
    Map {
        map: Map<String, Value>,
        /// The key whose value comes next.
        key: Option<Key>,
        merges: Vec<Merge>,
    },
}

impl Kind {
    pub(super) const fn list() -> Self {
        Self::List(Vec::new())
    }

    pub(super) fn map() -> Self {
        Self::Map { map: Map::new(), key: None, merges: Vec::new() }
    }
}

pub(super) struct Key {
    pub(super) text: String,
    pub(super) at: Extent,
    pub(super) is_merge: bool,
}

/// The value of a `<<` key: maps whose keys yield to those written out.
pub(super) struct Merge {
    maps: Vec<(Map<String, Value>, Vec<Entry>)>,
    /// Where the alias stands.
    place: Extent,
}

impl Merge {
    /// Nothing, if the value is neither a map nor a list of maps. `entries` are those of the value.
    pub(super) fn new(value: Value, mut entries: Vec<Entry>, place: Extent) -> Option<Self> {
        let items = match value {
            Value::Object(map) => return Some(Self { maps: vec![(map, entries)], place }),
            Value::Array(items) => items,
            _ => return None,
        };
        let mut maps = Vec::with_capacity(items.len());
        let mut rest = entries.split_off(1);
        for item in items {
            let Value::Object(map) = item else { return None };
            let behind = rest.split_off(rest.first()?.size as usize);
            maps.push((map, std::mem::replace(&mut rest, behind)));
        }
        Some(Self { maps, place })
    }

    /// Adds what is missing to `map`, whose entries are the last ones of `entries`.
    pub(super) fn apply(self, map: &mut Map<String, Value>, entries: &mut Vec<Entry>, aliases: &mut Vec<AliasUse>) {
        for (merged, merged_entries) in self.maps {
            let mut at = 1;
            for (key, value) in merged {
                let size = merged_entries[at].size as usize;
                let own = at..at + size;
                at += size;
                if let serde_json::map::Entry::Vacant(vacant) = map.entry(key) {
                    vacant.insert(value);
                    let start = entries.len();
                    entries.extend_from_slice(&merged_entries[own]);
                    aliases.push(AliasUse { entries: start..entries.len(), place: self.place });
                }
            }
        }
    }
}

/// Levels of lists and maps in a value. Terminates fast: no value is deeper than `DEPTH_MAX`.
pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}
