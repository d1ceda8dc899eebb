//! Merge patches: objects merge, scalars and arrays replace, `null` deletes (reference 7.6).

use serde_json::{Map, Value};

use super::keys::{Key, Keys};
use super::packed::{Member, Members, Node, read_node, write_head, write_json, write_object};

/// A merge patch, ready to be applied to many documents.
#[derive(Debug, Clone, Default)]
pub(super) struct Patch(Vec<(Key, Change)>);

#[derive(Debug, Clone)]
enum Change {
    Delete,
    Merge(Patch),
    /// A scalar or an array, packed.
    Set(Box<[u8]>),
}

impl Patch {
    /// Reads a patch. Members that begin with `$` are left out: a twin that is read and sent back
    /// carries `$metadata` and `$version`.
    pub(super) fn compile(patch: &Map<String, Value>, keys: &mut Keys) -> Self {
        let own = patch.iter().filter(|(name, _)| !name.starts_with('$'));
        Self(own.map(|(name, value)| (keys.intern(name), Change::compile(value, keys))).collect())
    }

    /// The patch as it was read.
    pub(super) fn to_json(&self, keys: &Keys) -> Map<String, Value> {
        self.0.iter().map(|(key, change)| (keys.name(*key).to_owned(), change.to_json(keys))).collect()
    }

    /// How many members it names.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it would change no value of an object.
    pub(super) fn holds_in(&self, members: Members<'_>) -> bool {
        self.0.iter().all(|(key, change)| {
            let mut of_that_name = members;
            change.is_done(of_that_name.find(|member| member.key == *key))
        })
    }

    /// Whether it changes nothing.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it names this member.
    pub(super) fn names(&self, key: Key) -> bool {
        self.0.iter().any(|(own, _)| *own == key)
    }

    /// Appends `old` with the patch applied. What the patch touches, and every object around it,
    /// gets the version.
    pub(super) fn merge(&self, old: Members<'_>, version: u32, out: &mut Vec<u8>) {
        let mut kept = vec![false; self.0.len()];
        for member in old {
            let Some(at) = self.0.iter().position(|(key, _)| *key == member.key) else {
                out.extend_from_slice(member.raw);
                continue;
            };
            kept[at] = true;
            self.0[at].1.write(member.key, Some(member.node), version, out);
        }
        for ((key, change), _) in self.0.iter().zip(kept).filter(|(_, kept)| !kept) {
            change.write(*key, None, version, out);
        }
    }
}

impl Change {
    fn compile(value: &Value, keys: &mut Keys) -> Self {
        match value {
            Value::Null => Self::Delete,
            Value::Object(members) => Self::Merge(Patch::compile(members, keys)),
            other => {
                let mut packed = Vec::new();
                write_json(&mut packed, other, keys);
                Self::Set(packed.into())
            }
        }
    }

    fn to_json(&self, keys: &Keys) -> Value {
        match self {
            Self::Delete => Value::Null,
            Self::Merge(patch) => patch.to_json(keys).into(),
            Self::Set(packed) => read_node(&mut &**packed).map_or(Value::Null, |node| node.to_json(keys)),
        }
    }

    fn is_done(&self, member: Option<Member<'_>>) -> bool {
        match (self, member) {
            (Self::Delete, member) => member.is_none(),
            (_, None) => false,
            (Self::Set(packed), Some(member)) => member.value() == &**packed,
            (Self::Merge(patch), Some(member)) => match member.node {
                Node::Object(inner) => patch.holds_in(inner),
                _ => false,
            },
        }
    }

    fn write(&self, key: Key, old: Option<Node<'_>>, version: u32, out: &mut Vec<u8>) {
        match self {
            Self::Delete => {}
            Self::Set(packed) => {
                write_head(out, key, version);
                out.extend_from_slice(packed);
            }
            Self::Merge(patch) => {
                let inner = match old {
                    Some(Node::Object(members)) => members,
                    _ => Members::default(),
                };
                write_head(out, key, version);
                write_object(out, |out| patch.merge(inner, version, out));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(old: Value, patch: Value, expected: Value) {
        let mut keys = Keys::default();
        let mut bytes = Vec::new();
        let compile = |value: &Value, keys: &mut Keys| Patch::compile(value.as_object().expect("object"), keys);
        compile(&old, &mut keys).merge(Members::default(), 1, &mut bytes);
        let mut merged = Vec::new();
        compile(&patch, &mut keys).merge(Members::new(&bytes), 2, &mut merged);
        assert_eq!(Value::from(Members::new(&merged).to_json(&keys)), expected, "{old} + {patch}");
    }

    #[test]
    fn merges() {
        check(json!({"a": 1}), json!({"b": 2}), json!({"a": 1, "b": 2}));
        check(json!({"a": 1}), json!({"a": [1, 2]}), json!({"a": [1, 2]}));
        check(json!({"a": {"b": 1}}), json!({"a": {"c": 2}}), json!({"a": {"b": 1, "c": 2}}));
        check(json!({"a": 1}), json!({"a": null, "b": null}), json!({}));
        check(json!({"a": {"b": 1}}), json!({"a": {"b": null}}), json!({"a": {}}));
        check(json!({"a": 1}), json!({"a": {"b": null}}), json!({"a": {}}));
        check(json!({"a": {"b": 1}}), json!({"a": {}}), json!({"a": {"b": 1}}));
        check(json!({"a": {"b": 1}}), json!({"a": "x"}), json!({"a": "x"}));
        check(json!({}), json!({"a": {}}), json!({"a": {}}));
        check(json!({"a": [1]}), json!({"a": [2, {"x": {"y": 3}}]}), json!({"a": [2, {"x": {"y": 3}}]}));
        check(json!({"a": 1}), json!({"$version": 7, "$metadata": {}}), json!({"a": 1}));
    }
}
