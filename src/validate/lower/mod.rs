//! Documents into types that cannot be invalid, field by field, collecting every problem.
//!
//! What the schema has already said is not said again: a field that is missing here, or has the
//! wrong type, was reported, and is passed over in silence.

mod auth;
mod context;
mod duration;
mod existing;
mod fleet;
mod hubs;
mod job;
mod json;
mod limits;
mod method;
mod overlay;
mod policy;
mod project;
mod schedule;
mod target;
mod template;
mod twin;
mod window;

pub(super) use context::{Lowering, Memo};
pub(super) use existing::{Claim, Claimed};
pub(super) use fleet::fleet;
pub(super) use job::{method_job, slug, twin_job};
pub(super) use policy::policy;
pub(super) use project::project;
