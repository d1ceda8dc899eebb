//! Files into a [`SourceMap`](crate::diagnostic::SourceMap): finds, reads, and knows no YAML.
//!
//! What cannot be read becomes a diagnostic, never a failure, so that one run reports everything.

mod discover;
mod project;
mod read;

pub use project::{Loaded, PROJECT_FILE, Pattern, file, manifests, paths, project};
pub use read::FILE_SIZE_MAX;
