//! Rules over all manifests.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::Manifest;

/// Manifests of one name; `places` are those of the names.
pub(super) fn duplicate_names(manifests: &[Manifest], places: &[Span]) -> Vec<Diagnostic> {
    let mut first = HashMap::with_capacity(manifests.len());
    let mut findings = Vec::new();
    for (manifest, place) in manifests.iter().zip(places) {
        let Some(first) = first.insert(manifest.name.as_str(), *place) else { continue };
        let message = format!("the manifest name `{}` is used twice", manifest.name);
        let finding = Diagnostic::error(Code::DuplicateManifestName, *place, message)
            .label("second use")
            .also(first, "first use")
            .note("the name is part of every job id, so both manifests would claim the same jobs")
            .help("rename one of them");
        findings.push(finding);
    }
    findings
}
