//! The property names of all twins, each held once.

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

/// A property name, as its place in [`Keys`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(pub(super) u32);

/// Every property name that a twin of this hub ever had, in order of first use.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    names: Vec<Box<str>>,
    by_name: FxHashMap<Box<str>, Key>,
}

impl Keys {
    /// The key of a name, new if need be.
    pub(super) fn intern(&mut self, name: &str) -> Key {
        if let Some(key) = self.by_name.get(name) {
            return *key;
        }
        let key = Key(u32::try_from(self.names.len()).expect("memory ends before 2^32 names"));
        self.names.push(name.into());
        self.by_name.insert(name.into(), key);
        key
    }

    /// Makes keys of all names in an object that may become a part of a twin.
    pub(super) fn intern_all(&mut self, object: &Map<String, Value>) {
        for (name, value) in object {
            self.intern(name);
            self.intern_in(value);
        }
    }

    fn intern_in(&mut self, value: &Value) {
        match value {
            Value::Object(object) => self.intern_all(object),
            Value::Array(elements) => elements.iter().for_each(|element| self.intern_in(element)),
            _ => {}
        }
    }

    /// The key of a name, if any twin ever had it.
    pub(super) fn find(&self, name: &str) -> Option<Key> {
        self.by_name.get(name).copied()
    }

    /// The name of a key.
    pub(super) fn name(&self, key: Key) -> &str {
        usize::try_from(key.0).ok().and_then(|at| self.names.get(at)).map_or("", |name| name)
    }

    /// How many names there are.
    pub(super) const fn len(&self) -> usize {
        self.names.len()
    }

    /// Forgets the newest names, down to this many: those of a write that was refused.
    pub(super) fn truncate(&mut self, len: usize) {
        for name in self.names.drain(len..) {
            self.by_name.remove(&name);
        }
    }

    /// All names, in order of first use.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }
}
