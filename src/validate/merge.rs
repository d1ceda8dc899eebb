//! JSON merge patches (RFC 7396) over documents: what is merged in keeps its place in the project
//! file, all else its place in the manifest.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::overlay::Patch;
use super::spans::{AliasUse, Document, Entry, Node};

/// The document with a patch merged in.
pub(super) fn merged(document: &Document, patch: &Patch) -> Document {
    let mut merging = Merging {
        document,
        changes: &patch.changes,
        entries: Vec::with_capacity(document.entries.len()),
        kept: Vec::new(),
    };
    let value = merging.merge(document.root(), patch.changes.root());
    let aliases = merging.aliases();
    Document {
        patch_source: Some(patch.changes.source),
        aliases,
        is_faulty: document.is_faulty,
        ..Document::new(document.source, value, merging.entries)
    }
}

struct Merging<'m> {
    document: &'m Document,
    changes: &'m Document,
    entries: Vec<Entry>,
    /// Of each entry that is the document's, its index there and here.
    kept: Vec<(usize, usize)>,
}

impl<'m> Merging<'m> {
    /// Two maps become one; in all other cases the change wins as a whole.
    fn merge(&mut self, target: Node<'m>, change: Node<'m>) -> Value {
        let (document, changes) = (self.document, self.changes);
        let start = self.entries.len();
        self.keep_entry(target.index);
        let mut changed: HashMap<&str, Node<'m>> = changes.children(change).collect();
        let mut map = Map::new();
        for (key, child) in document.children(target) {
            match changed.remove(key) {
                None => drop(map.insert(key.to_owned(), self.keep(child))),
                Some(change) if change.value.is_null() => {}
                Some(change) if change.value.is_object() && child.value.is_object() => {
                    map.insert(key.to_owned(), self.merge(child, change));
                }
                Some(change) => drop(map.insert(key.to_owned(), self.take(change))),
            }
        }
        for (key, change) in changes.children(change) {
            if changed.contains_key(key) && !change.value.is_null() {
                map.insert(key.to_owned(), self.take(change));
            }
        }
        self.close(start);
        Value::Object(map)
    }

    /// A value of the document, as it is.
    fn keep(&mut self, node: Node<'m>) -> Value {
        let size = self.document.entries[node.index].size as usize;
        (node.index..node.index + size).for_each(|index| self.keep_entry(index));
        node.value.clone()
    }

    fn keep_entry(&mut self, index: usize) {
        self.kept.push((index, self.entries.len()));
        self.entries.push(self.document.entries[index]);
    }

    /// A value of the patch. A null in a map of it removes what is not there anyway; a list is taken
    /// as it is.
    fn take(&mut self, node: Node<'m>) -> Value {
        let changes = self.changes;
        let start = self.entries.len();
        if !node.value.is_object() {
            let size = changes.entries[node.index].size as usize;
            self.entries.extend_from_slice(&changes.entries[node.index..node.index + size]);
            return node.value.clone();
        }
        self.entries.push(changes.entries[node.index]);
        let present = changes.children(node).filter(|(_, child)| !child.value.is_null());
        let map = present.map(|(key, child)| (key.to_owned(), self.take(child))).collect();
        self.close(start);
        Value::Object(map)
    }

    fn close(&mut self, start: usize) {
        let size = self.entries.len() - start;
        self.entries[start].size = u32::try_from(size).unwrap_or(u32::MAX);
    }

    /// The aliases of the document over the entries that are left of them.
    fn aliases(&self) -> Vec<AliasUse> {
        let mut aliases: Vec<AliasUse> = Vec::new();
        for alias in &self.document.aliases {
            for (_, here) in self.kept.iter().filter(|(there, _)| alias.entries.contains(there)) {
                match aliases.last_mut() {
                    Some(last) if last.place == alias.place && last.entries.end == *here => last.entries.end += 1,
                    _ => aliases.push(AliasUse { entries: *here..here + 1, place: alias.place }),
                }
            }
        }
        aliases
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::compose::compose;
    use super::super::kind::Kind;
    use super::super::spans::Origin;
    use super::*;
    use crate::diagnostic::{SourceMap, Span};

    /// The first text, patched by the second one.
    fn patched(text: &str, patch: &str) -> (SourceMap, Document) {
        let mut sources = SourceMap::new();
        let mut read = |path: &str, text: &str| {
            let id = sources.add(path, text.to_owned());
            compose(&sources, id).documents.remove(0)
        };
        let (document, mut changes) = (read("jobs/a.yaml", text), read("hubjobs.yaml", patch));
        changes.entries.iter_mut().for_each(|entry| entry.origin = Origin::Patch);
        changes.patch_source = Some(changes.source);
        let place = Span::file(changes.source);
        let patch = Patch { kind: Kind::TwinJob, name: "a".to_owned(), place, changes };
        (sources, merged(&document, &patch))
    }

    /// The examples of RFC 7396, appendix A, whose documents are maps.
    #[test]
    fn patches_are_those_of_the_rfc() {
        for (text, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, json!({"a": "c"})),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, json!({"a": "b", "b": "c"})),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, json!({})),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, json!({"b": "c"})),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, json!({"a": "c"})),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, json!({"a": ["b"]})),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, json!({"a": {"b": "d"}})),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, json!({"a": [1]})),
            (r#"{"e":null}"#, r#"{"a":1}"#, json!({"e": null, "a": 1})),
            (r#"{"x":1}"#, r#"{"a":{"bb":{"ccc":null}}}"#, json!({"x": 1, "a": {"bb": {}}})),
        ] {
            let (_, document) = patched(text, patch);
            assert_eq!(document.value, result, "{text} {patch}");
            assert_eq!(document.entries[0].size as usize, document.entries.len(), "{text} {patch}");
        }
    }

    #[test]
    fn every_value_keeps_the_place_that_it_came_from() {
        let text = "a: &a {p: 1, q: [2, 3]}\nb: *a\nc:\n  d: {e: 4}\n  f: 5\n";
        let (sources, document) = patched(text, "b: {q: null}\nc:\n  d: {e: 6, g: [7]}\nh: {i: 8}\n");
        assert_eq!(
            document.value,
            json!({"a": {"p": 1, "q": [2, 3]}, "b": {"p": 1}, "c": {"d": {"e": 6, "g": [7]}, "f": 5}, "h": {"i": 8}})
        );
        for (pointer, place) in [
            ("/a/q/1", "jobs/a.yaml 3"),
            ("/b/p", "jobs/a.yaml 1"),
            ("/c/d", "jobs/a.yaml {e: 4}"),
            ("/c/d/e", "hubjobs.yaml 6"),
            ("/c/d/g/0", "hubjobs.yaml 7"),
            ("/c/f", "jobs/a.yaml 5"),
            ("/h/i", "hubjobs.yaml 8"),
        ] {
            let node = document.nearest(pointer);
            assert_eq!(Some(node.value), document.value.pointer(pointer));
            let span = document.raw_span(node);
            let source = sources.get(span.source);
            assert_eq!(format!("{} {}", source.path(), &source.text()[span.bytes()]), place, "{pointer}");
        }
        let alias = document.alias_span(document.nearest("/b/p")).map(|span| sources.get(span.source).line(span.start));
        assert_eq!((alias, document.alias_span(document.nearest("/c/f"))), (Some(2), None));
    }
}
