//! What is designed but not here yet. Each is an error of its own, never ignored.

use super::kind::Kind;
use super::spans::{Document, Node};
use crate::diagnostic::{Code, Diagnostic};

/// What to write today instead of a field that comes later.
pub(super) fn instead_of(kind: Kind, path: &str, field: &str) -> Option<&'static str> {
    let parts: Vec<_> = path.split('/').skip(1).collect();
    let help = match (kind, parts.as_slice(), field) {
        (Kind::MethodJob | Kind::TwinJob, ["spec"], "rollout") => {
            "remove it; write one manifest for each wave, with its own condition and time"
        }
        (Kind::MethodJob | Kind::TwinJob, ["spec"], "retry") => {
            "remove it; to run the job again, raise `generation` while its starting deadline lasts"
        }
        _ => return None,
    };
    Some(help)
}

/// The finding for such a field.
pub(super) fn field(document: &Document, node: Node<'_>, name: &str, help: &str) -> Diagnostic {
    let message = format!("`{name}` is not supported yet");
    Diagnostic::error(Code::NotYetSupported, document.key_span(node), message)
        .label("comes in a later version")
        .help(help)
}
