//! Names that manifests had before (`spec.moved`).

use std::collections::BTreeMap;

use super::manifest::Manifest;
use super::name::ManifestName;

/// The name that each earlier name stands for now. A job under an earlier name is a job of the
/// manifest that was moved from it, so that a new name runs nothing a second time.
///
/// A name that a manifest has now is nobody's earlier name, and of two manifests that claim one
/// earlier name the first by name has it. Validation refuses both; this only keeps a plan from
/// depending on the order of its manifests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FormerNames(BTreeMap<ManifestName, ManifestName>);

impl FormerNames {
    /// The earlier names of all manifests.
    #[must_use]
    pub fn new<'a>(manifests: impl IntoIterator<Item = &'a Manifest> + Clone) -> Self {
        let mut current = BTreeMap::new();
        for manifest in manifests.clone() {
            for from in &manifest.moved_from {
                let named = current.entry(from.clone()).or_insert_with(|| manifest.name.clone());
                if manifest.name < *named {
                    *named = manifest.name.clone();
                }
            }
        }
        if !current.is_empty() {
            manifests.into_iter().for_each(|manifest| drop(current.remove(&manifest.name)));
        }
        Self(current)
    }

    /// The name that stands for this one now; most often itself.
    #[must_use]
    pub fn current<'a>(&'a self, name: &'a ManifestName) -> &'a ManifestName {
        self.0.get(name).unwrap_or(name)
    }
}
