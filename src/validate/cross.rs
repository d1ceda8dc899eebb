//! Rules over all manifests.

use std::collections::HashMap;

use super::effective::Uses;
use super::kind::Kind;
use super::lower::{Claim, Claimed};
use super::overlay::{Overlay, Patch};
use super::suggest::{listed, nearest};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::{EnvironmentName, Manifest, Policy, Project};

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

/// Policies of one name; `places` are those of the names.
pub(super) fn duplicate_policies(policies: &[Policy], places: &[Span]) -> Vec<Diagnostic> {
    let mut first = HashMap::with_capacity(policies.len());
    let mut findings = Vec::new();
    for (policy, place) in policies.iter().zip(places) {
        let Some(first) = first.insert(policy.name.as_str(), *place) else { continue };
        let message = format!("the policy name `{}` is used twice", policy.name);
        let finding = Diagnostic::error(Code::DuplicatePolicyName, *place, message)
            .label("second use")
            .also(first, "first use")
            .note("the name is part of what the policy says about a plan")
            .help("rename one of them");
        findings.push(finding);
    }
    findings
}

/// Environments of a policy that the project does not have.
pub(super) fn unknown_environments(policy: &Policy, place: Span, project: &Project) -> Vec<Diagnostic> {
    let known: Vec<_> = project.environments.keys().map(EnvironmentName::as_str).collect();
    let named = policy.environments.iter().flatten().filter(|name| !project.environments.contains_key(*name));
    named
        .map(|name| {
            let message = format!("the policy is for the environment `{name}`, which the project does not have");
            let finding = Diagnostic::error(Code::UnknownEnvironment, place, message).label("its policy");
            match nearest(name.as_str(), known.clone()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help(format!("the project has {}", listed(known.iter().copied(), "and"))),
            }
        })
        .collect()
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

/// Earlier names that are still in use, and what two manifests claim. A claim belongs to the manifest
/// that it is written in; which one is of no consequence here.
pub(super) fn contested_claims(manifests: &[Manifest], places: &[Span], claims: &[Claim]) -> Vec<Diagnostic> {
    if claims.is_empty() {
        return Vec::new();
    }
    let named: HashMap<_, _> = manifests.iter().map(|manifest| &manifest.name).zip(places).collect();
    let mut first = HashMap::with_capacity(claims.len());
    let mut findings = Vec::new();
    for Claim { what, place } in claims {
        if let Claimed::EarlierName(from) = what
            && let Some(holder) = named.get(from)
        {
            let message = format!("the earlier name `{from}` is the name of a manifest");
            let finding = Diagnostic::error(Code::EarlierNameInUse, *place, message)
                .label("an earlier name")
                .also(**holder, "has this name")
                .note("jobs under that name would be jobs of two manifests")
                .help("remove the entry, or give the other manifest a name that none had before");
            findings.push(finding);
        }
        let Some(first) = first.insert(what, *place) else { continue };
        findings.push(match what {
            Claimed::EarlierName(from) => {
                Diagnostic::error(Code::EarlierNameTwice, *place, format!("the earlier name `{from}` is listed twice"))
                    .label("second time")
                    .also(first, "first time")
                    .note("its jobs can be those of one manifest only")
                    .help("keep it in the manifest that was renamed")
            }
            Claimed::Job(id) => {
                Diagnostic::error(Code::AdoptedTwice, *place, format!("the job `{id}` is adopted twice"))
                    .label("second time")
                    .also(first, "first time")
                    .note("one job is one run of one manifest")
                    .help("keep it in one manifest")
            }
        });
    }
    findings
}
