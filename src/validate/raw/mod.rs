//! The documents as people write them. From these types comes the JSON Schema, and into them goes
//! every document before it is lowered; each field is optional here, because a document with a
//! missing or mistyped field is still read as far as it goes.
//!
//! The doc comments are what an editor shows.

mod auth;
mod fleet;
mod job;
mod policy;
mod project;
mod scalar;

pub(super) use auth::{Auth, AuthFields, Entra, EntraCloud, EntraSource};
pub(super) use fleet::{Behaviour, Connectivity, Flapping, Fleet, FleetSpec, Group, Latency};
pub(super) use job::{
    ConcurrencyPolicy, ExpectDevices, JobMetadata, JobSafety, Method, MethodJob, MethodJobSpec, MethodSuccess, Moved,
    Schedule, Target, Twin, TwinJob, TwinJobSpec, TwinSuccess,
};
pub(super) use policy::{Case, Day, Expect, Level, Policy, PolicyMetadata, PolicySpec, Rule, Window, WindowKind};
pub(super) use project::{
    Clock, ClockMode, Emulator, Environment, Hub, JobKind, Metadata, Patch, Project, ProjectSpec, Prune, Safety, Sku,
};
pub(super) use scalar::{AnyObject, AnyValue, Whole};

/// The only `apiVersion`.
pub(super) const API_VERSION: &str = "hubjobs.dev/v1";
