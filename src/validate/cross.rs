//! Rules over all manifests.

use std::collections::HashMap;

use super::effective::Uses;
use super::kind::Kind;
use super::overlay::{Overlay, Patch};
use super::suggest::nearest;
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

/// Patches that change nothing.
pub(super) fn unmatched_patches(overlays: &[&Overlay], uses: &Uses<'_>) -> Vec<Diagnostic> {
    let patches = overlays.iter().enumerate().flat_map(|(number, overlay)| {
        overlay.patches.iter().enumerate().map(move |(index, patch)| ((number, index), patch))
    });
    let unmatched = patches.filter(|(id, _)| !uses.patches.contains(id));
    unmatched.map(|(_, patch)| unmatched_patch(patch, &uses.jobs)).collect()
}

fn unmatched_patch(patch: &Patch, jobs: &[(Kind, String)]) -> Diagnostic {
    let message = format!("no `{}` is named `{}`, so this patch changes nothing", patch.kind, patch.name);
    let finding = Diagnostic::error(Code::UnmatchedPatch, patch.place, message).label("no such manifest");
    if let Some((kind, name)) = jobs.iter().find(|(_, name)| *name == patch.name) {
        return finding.help(format!("`{name}` is a `{kind}`: write `kind: {kind}`"));
    }
    let known = jobs.iter().filter(|(kind, _)| *kind == patch.kind).map(|(_, name)| name.as_str());
    match nearest(&patch.name, known.collect::<Vec<_>>()) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("write the `metadata.name` of the manifest, or remove the patch"),
    }
}

/// Variables that no manifest names.
pub(super) fn unused_variables(overlays: &[&Overlay], uses: &Uses<'_>) -> Vec<Diagnostic> {
    let variables = overlays.iter().enumerate().flat_map(|(number, overlay)| {
        overlay.variables.iter().map(move |(name, variable)| ((number, name.as_str()), variable.place))
    });
    let unused = variables.filter(|(id, _)| !uses.variables.contains(id));
    unused
        .map(|((_, name), place)| {
            Diagnostic::warning(Code::UnusedVariable, place, format!("no manifest names the variable `{name}`"))
                .label("not used")
                .help(format!("write `${{{name}}}` in a manifest, or remove it"))
        })
        .collect()
}
