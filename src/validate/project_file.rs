//! What a project file says.

use std::collections::BTreeMap;

use super::overlay::Overlay;
use crate::diagnostic::Span;
use crate::model::{EnvironmentName, HubName, Project};

/// A project, and where those parts of its file stand that name other files.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectFile {
    /// The project.
    pub project: Project,
    /// The entries of `spec.manifests` and their places.
    pub manifests: Vec<(String, Span)>,
    /// Where each environment names the fleet file of a hub, if it does.
    pub fleets: BTreeMap<(EnvironmentName, Option<HubName>), Span>,
    /// What each environment makes of the manifests.
    pub overlays: BTreeMap<EnvironmentName, Overlay>,
}
