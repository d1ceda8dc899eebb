//! Secrets that somebody wrote into a file.

use super::compose::FINDINGS_MAX;
use crate::diagnostic::{Code, Diagnostic, SourceId, SourceMap, Span, secrets_in};

/// What in a file looks like a secret, wherever it stands: in values, in names, in comments.
pub(super) fn exposed_secrets(sources: &SourceMap, id: SourceId) -> impl Iterator<Item = Diagnostic> {
    secrets_in(sources.get(id).text()).into_iter().take(FINDINGS_MAX).map(move |secret| {
        Diagnostic::warning(Code::SecretInManifest, Span::new(id, secret.bytes), "this looks like a secret")
            .label(secret.what)
            .note("it is in git now, and whoever may read the hub's jobs reads it there; plans show asterisks for it")
            .help("make a new one, revoke this one, and let the devices fetch it where only they can")
    })
}
