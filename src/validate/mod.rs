//! Texts into manifests: YAML, then JSON Schema, then types that cannot be invalid.
//!
//! Pure: reads no file and no clock. Everything wrong in all files is found in one run; a document
//! with an error gives no manifest, and makes the result incomplete.

mod compose;
mod cross;
mod documents;
mod effective;
mod example;
mod exposed;
mod fault_file;
mod field;
mod files;
mod frame;
mod from_job;
mod kind;
mod lower;
mod merge;
mod not_yet;
mod offsets;
mod overlay;
mod project_file;
mod raw;
mod refusal;
mod render;
mod scalar;
mod schema;
mod schema_walk;
mod shape;
mod spans;
mod substitute;
mod suggest;
mod syntax;
mod variable;
mod write;

pub use example::example;
pub use fault_file::{FaultLine, fault_lines};
pub use field::{Field, about, fields};
pub use files::{Coverage, Validated, fleet, manifests, manifests_in, project};
pub use from_job::{Binding, NoManifest, manifest_of, name_for};
pub use kind::Kind;
pub use overlay::Overlay;
pub use project_file::ProjectFile;
pub use render::{Rendered, render};
pub use schema::schema_json;
pub use write::to_yaml;
