//! Manifests as an environment has them, to be read or saved.

use serde_json::Value;

use super::compose::compose;
use super::effective::{effective, identity};
use super::kind::Kind;
use super::overlay::Overlay;
use super::variable::escape;
use crate::diagnostic::{SourceId, SourceMap};

/// A manifest as an environment has it: patched, and with its variables put in. Defaults are not
/// added. As a document of its own it means the same in every environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// Its kind.
    pub kind: Kind,
    /// Its `metadata.name`.
    pub name: String,
    /// The document.
    pub value: Value,
}

/// The jobs of some files as an environment has them, in the order of the files. Meant for files that
/// were found to be valid: what cannot be read is left out.
#[must_use]
pub fn render(sources: &SourceMap, ids: &[SourceId], overlay: &Overlay) -> Vec<Rendered> {
    let mut rendered = Vec::new();
    for document in ids.iter().flat_map(|id| compose(sources, *id).documents) {
        let Some((kind, name)) = identity(&document) else { continue };
        let name = name.to_owned();
        let mut value = effective(sources, &document, overlay).document.into_owned().value;
        escape_texts(&mut value);
        rendered.push(Rendered { kind, name, value });
    }
    rendered
}

/// Writes texts so that no `${` in them names a variable. Terminates: a value is finite.
fn escape_texts(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("${") => *text = escape(text),
        Value::Array(items) => items.iter_mut().for_each(escape_texts),
        Value::Object(map) => map.values_mut().for_each(escape_texts),
        _ => {}
    }
}
