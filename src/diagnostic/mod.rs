//! Findings about text files, and how they are shown: plain data, stable codes, exact spans.
//!
//! Pure, and imports nothing of ours. Only `render_text` knows the drawing crate.

mod code;
mod example;
mod finding;
mod render_github;
mod render_json;
mod render_sarif;
mod render_text;
mod secret;
mod source;

pub use code::Code;
pub use example::Example;
pub use finding::{Counts, Diagnostic, Diagnostics, Fix, Label, Severity};
pub use render_github::{render_github, workflow_command};
pub use render_json::{DIAGNOSTICS_FORMAT_VERSION, diagnostic_json, render_json};
pub use render_sarif::{render_sarif, sarif_log, sarif_uri};
pub use render_text::{Look, render_text};
pub use secret::{SecretSpan, mask_secrets, secrets_in};
pub use source::{Position, Source, SourceId, SourceMap, Span};
