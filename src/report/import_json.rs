//! Manifests made of jobs, for machines.

use serde_json::{Value, json};

use super::FORMAT_VERSION;
use crate::model::{JobId, ManifestName};

/// A manifest that was made of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedJob {
    /// The job.
    pub id: JobId,
    /// Name of the manifest.
    pub name: ManifestName,
    /// The manifest.
    pub document: Value,
    /// Where it was written; nothing when only shown.
    pub path: Option<String>,
    /// Whether the manifest keeps the rules of manifests. The job may not.
    pub is_valid: bool,
}

/// All of them as one document.
#[must_use]
pub fn imports_json(imported: &[ImportedJob]) -> Value {
    let one = |job: &ImportedJob| {
        json!({
            "jobId": job.id.as_str(),
            "name": job.name.as_str(),
            "path": job.path,
            "isValid": job.is_valid,
            "manifest": job.document,
        })
    };
    json!({"formatVersion": FORMAT_VERSION, "manifests": imported.iter().map(one).collect::<Vec<_>>()})
}
