//! What one environment makes of the manifests: values for variables, and patches.

use std::collections::BTreeMap;

use serde_json::Value;

use super::kind::Kind;
use super::spans::Document;
use crate::diagnostic::Span;
use crate::model::EnvironmentName;

/// What one environment makes of the manifests. Without a project there are neither variables nor
/// patches.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overlay {
    pub(super) environment: Option<EnvironmentName>,
    pub(super) variables: BTreeMap<String, Variable>,
    /// In the order of the file, in which they are applied.
    pub(super) patches: Vec<Patch>,
}

impl Overlay {
    /// The environment that it belongs to.
    #[must_use]
    pub const fn environment(&self) -> Option<&EnvironmentName> {
        self.environment.as_ref()
    }
}

/// A value that manifests can name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variable {
    /// A text, a number, a boolean or null.
    pub(super) value: Value,
    /// Where its name stands.
    pub(super) place: Span,
}

/// A change of one manifest, as a JSON merge patch (RFC 7396).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Patch {
    /// Kind of the manifest.
    pub(super) kind: Kind,
    /// Name of the manifest.
    pub(super) name: String,
    /// Where that name stands.
    pub(super) place: Span,
    /// The map to merge in, as if it were a document; its entries are those of the project file.
    pub(super) changes: Document,
}
