//! What the environments of a project make of its manifests.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::kind::Kind;
use super::super::overlay::{Overlay, Patch, Variable};
use super::super::raw;
use super::super::spans::{Document, Entry, Node, Origin};
use super::super::variable::is_name;
use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::EnvironmentName;

/// Longest text of a variable, in bytes: as long as a query may be.
const VARIABLE_BYTES_MAX: usize = 8192;

/// What a manifest is found by, and so cannot be patched.
const IDENTITY: [&[&str]; 3] = [&["apiVersion"], &["kind"], &["metadata", "name"]];

impl<'d> Lowering<'d> {
    /// Lowers the variables and patches of all environments; nothing after a finding.
    pub(super) fn overlays(
        &mut self,
        at: &At<'_>,
        raw: &BTreeMap<&str, raw::Environment<'_>>,
    ) -> Option<BTreeMap<EnvironmentName, Overlay>> {
        let lowered: Vec<_> = raw.iter().map(|(name, raw)| self.overlay(&at.field(name), name, raw)).collect();
        lowered.into_iter().collect()
    }

    fn overlay(&mut self, at: &At<'_>, name: &str, raw: &raw::Environment<'_>) -> Option<(EnvironmentName, Overlay)> {
        let variables = raw.variables.as_ref().map(|_| self.variables(&at.field("variables")));
        let patches_at = at.field("patches");
        let patches = raw.patches.iter().flatten().enumerate();
        let patches: Vec<_> = patches.map(|(index, raw)| self.patch(&patches_at.item(index), raw)).collect();
        // A bad name was reported with the environment.
        let environment = EnvironmentName::new(name).ok()?;
        let overlay = Overlay {
            environment: Some(environment.clone()),
            variables: variables.unwrap_or_else(|| Some(BTreeMap::new()))?,
            patches: patches.into_iter().collect::<Option<_>>()?,
        };
        Some((environment, overlay))
    }

    fn variables(&mut self, at: &At<'_>) -> Option<BTreeMap<String, Variable>> {
        let node = self.find(at)?;
        self.warn_ambiguous(node);
        let document = self.document();
        let lowered: Vec<_> = document.children(node).map(|(name, child)| self.variable(name, child)).collect();
        lowered.into_iter().collect()
    }

    fn variable(&mut self, name: &str, node: Node<'d>) -> Option<(String, Variable)> {
        let document = self.document();
        let place = document.key_span(node);
        if !is_name(name) {
            let message = format!("`{name}` is not the name of a variable");
            let finding = Diagnostic::error(Code::InvalidVariable, place, message).label("not a name");
            self.push(node, finding.help("write letters, digits and `_`, beginning with a letter"));
            return None;
        }
        if node.value.is_null() && document.raw_span(node).bytes().is_empty() {
            let message = format!("the variable `{name}` has no value");
            let finding = Diagnostic::error(Code::InvalidVariable, place, message).label("nothing behind it");
            self.push(
                node,
                finding.help(format!(
                    "write `{name}: \"\"` for an empty text, `{name}: null` to delete a key of a twin with it"
                )),
            );
            return None;
        }
        if node.value.as_str().is_some_and(|text| text.len() > VARIABLE_BYTES_MAX) {
            let message = format!("the variable `{name}` has more than {VARIABLE_BYTES_MAX} bytes");
            let finding = Diagnostic::error(Code::OutOfRange, place, message).label("too long");
            self.push(node, finding.help("write it into the manifest, or let the device fetch it"));
            return None;
        }
        // Lists and maps were reported by the schema.
        (!node.value.is_object() && !node.value.is_array())
            .then(|| (name.to_owned(), Variable { value: node.value.clone(), place }))
    }

    fn patch(&mut self, at: &At<'_>, raw: &raw::Patch<'_>) -> Option<Patch> {
        let raw::Patch { kind, name, patch } = raw;
        let kind = match (*kind)? {
            raw::JobKind::MethodJob => Kind::MethodJob,
            raw::JobKind::TwinJob => Kind::TwinJob,
        };
        let name = (*name)?;
        patch.as_ref()?;
        let node = self.find(&at.field("patch"))?;
        let document = self.document();
        for path in IDENTITY {
            let fixed = path.iter().try_fold(node, |node, key| document.field(node, key));
            let Some(fixed) = fixed else { continue };
            let field = path.join(".");
            let message = format!("a patch cannot change `{field}`");
            let finding = Diagnostic::error(Code::PatchOfIdentity, document.key_span(fixed), message);
            self.push(
                fixed,
                finding.label("the manifest is found by it").help(format!("remove `{field}` from the patch")),
            );
        }
        let entries = &document.entries[node.index..node.index + document.entries[node.index].size as usize];
        let entries = entries.iter().map(|entry| Entry { origin: Origin::Patch, ..*entry }).collect();
        let mut changes = Document::new(document.source, Value::clone(node.value), entries);
        changes.patch_source = Some(document.source);
        Some(Patch { kind, name: name.to_owned(), place: self.value_span(&at.field("name")), changes })
    }
}
