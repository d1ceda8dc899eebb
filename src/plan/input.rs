//! All that a plan depends on.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{
    Desired, EnvironmentName, HubSize, Manifest, ManifestName, ObservedJob, Owner, PrunePolicy, Seconds,
};

/// All that a plan depends on. Two equal inputs give two equal plans.
#[derive(Debug, Clone)]
pub struct PlanInput<'a> {
    /// The hub's time.
    pub now: Timestamp,
    /// Which environment, for messages.
    pub environment: &'a EnvironmentName,
    /// Whose jobs may be touched.
    pub owner: &'a Owner,
    /// Decides the number of lanes.
    pub size: HubSize,
    /// How early an occurrence may take a lane, at most 168 h.
    pub lookahead: Seconds,
    /// What happens to jobs whose manifest is gone.
    pub prune: PrunePolicy,
    /// Which manifests this run is about.
    pub selection: &'a Selection,
    /// Whether `manifests` is all that the project holds.
    pub completeness: Completeness,
    /// Every manifest of the project that is valid, selected or not.
    pub manifests: &'a [Arc<Manifest>],
    /// The slots of those manifests that are to be examined.
    pub desired: &'a [Desired],
    /// Every job of the hub, own and foreign.
    pub observed: &'a [ObservedJob],
}

/// Which manifests a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    Everything,
    /// Only these; nothing is pruned then.
    Only(BTreeSet<ManifestName>),
}

impl Selection {
    /// Whether the run is about this manifest.
    #[must_use]
    pub fn covers(&self, name: &ManifestName) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

/// Whether all manifests of the project were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// Yes: a name that is not there is gone.
    Complete,
    /// No: something failed to parse, so a name that is not there may be in it.
    Partial,
}
