//! Texts into manifests: YAML, then JSON Schema, then types that cannot be invalid.
//!
//! Pure: reads no file and no clock. Everything wrong in all files is found in one run; a document
//! with an error gives no manifest, and makes the result incomplete.

mod compose;
mod cross;
mod documents;
mod example;
mod fault_file;
mod files;
mod frame;
mod kind;
mod lower;
mod not_yet;
mod offsets;
mod project_file;
mod raw;
mod refusal;
mod scalar;
mod schema;
mod schema_walk;
mod shape;
mod spans;
mod suggest;
mod syntax;
mod write;

pub use example::example;
pub use fault_file::{FaultLine, fault_lines};
pub use files::{Validated, fleet, manifests, project};
pub use kind::Kind;
pub use project_file::ProjectFile;
pub use schema::schema_json;
pub use write::to_yaml;
