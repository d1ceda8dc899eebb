//! Secrets that this process was given: whatever they look like, they are not written.

use std::borrow::Cow;

use secrecy::{ExposeSecret as _, SecretString};

use crate::diagnostic::mask_secrets;
use crate::hub::entra::NOT_FOR_AZ;

/// Beside those that are kept from `az`: what the managed identity of an app is asked with.
const OF_APPS: [&str; 2] = ["IDENTITY_HEADER", "MSI_SECRET"];

/// What is shorter stands in other words, too.
const LEN_MIN: usize = 8;

/// Secrets of the environment. Does not print them.
#[derive(Debug)]
pub(super) struct KnownSecrets(Vec<SecretString>);

impl KnownSecrets {
    /// Those that this process was given.
    #[must_use]
    pub(super) fn of_environment() -> Self {
        Self::new(NOT_FOR_AZ.iter().chain(&OF_APPS).filter_map(|name| std::env::var(name).ok()))
    }

    fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let secrets = secrets.into_iter().map(|secret| SecretString::from(secret.trim()));
        Self(secrets.filter(|secret| secret.expose_secret().len() >= LEN_MIN).collect())
    }

    /// The text with these secrets, and all that looks like one, replaced by asterisks.
    #[must_use]
    pub(super) fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut masked = mask_secrets(text);
        for secret in self.0.iter().map(SecretString::expose_secret) {
            if masked.contains(secret) {
                masked = Cow::Owned(masked.replace(secret, &"*".repeat(secret.len())));
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_without_a_shape_is_masked_when_it_is_known() {
        let known = KnownSecrets::new([" opaque-token\n".to_owned(), "short".to_owned()]);
        assert_eq!(known.mask("no opaque-token, short of x"), "no ************, short of x");
        assert!(matches!(known.mask("nothing"), Cow::Borrowed(_)));
        assert!(!format!("{known:?}").contains("opaque"));
    }
}
