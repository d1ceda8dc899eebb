//! What a pipeline signs in with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use super::kind::ForgeKind;

/// How a token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`, as the password of nobody.
    Basic,
    /// GitLab's header of personal, project and group access tokens.
    PrivateToken,
    /// GitLab's header of the token that every job has.
    JobToken,
}

/// A variable that may hold a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenVariable {
    /// Its name.
    pub name: &'static str,
    /// How its token is sent.
    pub scheme: Scheme,
}

/// Where the token of a forge is looked for, in this order.
#[must_use]
pub const fn token_variables(kind: ForgeKind) -> &'static [TokenVariable] {
    match kind {
        ForgeKind::GitHub => {
            const { &[variable("GITHUB_TOKEN", Scheme::Bearer), variable("GH_TOKEN", Scheme::Bearer)] }
        }
        ForgeKind::GitLab => {
            const { &[variable("GITLAB_TOKEN", Scheme::PrivateToken), variable("CI_JOB_TOKEN", Scheme::JobToken)] }
        }
        ForgeKind::Azure => {
            const { &[variable("SYSTEM_ACCESSTOKEN", Scheme::Bearer), variable("AZURE_DEVOPS_EXT_PAT", Scheme::Basic)] }
        }
        ForgeKind::Bitbucket => {
            const { &[variable("BITBUCKET_TOKEN", Scheme::Bearer), variable("BITBUCKET_ACCESS_TOKEN", Scheme::Bearer)] }
        }
    }
}

const fn variable(name: &'static str, scheme: Scheme) -> TokenVariable {
    TokenVariable { name, scheme }
}

/// A token. It is wiped when dropped, and prints as `[REDACTED]`.
#[derive(Debug, Clone)]
pub struct Token {
    secret: SecretString,
    scheme: Scheme,
}

/// A text that cannot be a token. It is never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is empty, or holds a character that no token has")]
pub struct InvalidToken;

impl Token {
    /// A token from a variable; white space around it is dropped, as files and secret stores add it.
    ///
    /// # Errors
    /// When nothing is left, or it holds something but visible ASCII.
    pub fn new(secret: &SecretString, scheme: Scheme) -> Result<Self, InvalidToken> {
        let text = secret.expose_secret().trim();
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        plain.then(|| Self { secret: SecretString::from(text.to_owned()), scheme }).ok_or(InvalidToken)
    }

    /// How it is sent.
    #[must_use]
    pub(super) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The header that carries it, marked so that nobody logs it.
    pub(super) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let secret = self.secret.expose_secret();
        let (name, text) = match self.scheme {
            Scheme::Bearer => (AUTHORIZATION, SecretString::from(format!("Bearer {secret}"))),
            Scheme::Basic => {
                (AUTHORIZATION, SecretString::from(format!("Basic {}", STANDARD.encode(format!(":{secret}")))))
            }
            Scheme::PrivateToken => (HeaderName::from_static("private-token"), self.secret.clone()),
            Scheme::JobToken => (HeaderName::from_static("job-token"), self.secret.clone()),
        };
        let mut value = HeaderValue::from_str(text.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    }
}
