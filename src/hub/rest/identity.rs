//! Who a client is to its hub, as far as one can say it aloud.

use std::fmt;

use jiff::Timestamp;

use super::client::RestHub;
use super::failure::{Effect, Failure};
use super::signature::{Pass, Signature};
use crate::hub::client::{HubError, Principal};

/// Who a client says that it is. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignsInAs {
    /// A shared access policy, with one of its keys.
    Policy(String),
    /// The holder of a token that somebody else made.
    Token {
        /// The policy whose key signed it, if it says so.
        policy: Option<String>,
        /// When it expires.
        expires: Timestamp,
    },
    /// Somebody whom Entra knows.
    Entra(Principal),
}

impl fmt::Display for SignsInAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(policy) | Self::Token { policy: Some(policy), .. } => write!(f, "the policy `{policy}`"),
            Self::Token { policy: None, .. } => f.write_str("the token"),
            Self::Entra(principal) => principal.fmt(f),
        }
    }
}

impl RestHub {
    /// Who this client says that it is. With Entra, that takes a token.
    ///
    /// # Errors
    /// [`HubError::SignIn`] when no token can be had.
    pub async fn signs_in_as(&self) -> Result<SignsInAs, HubError> {
        let identity = self.signature.identity().await;
        identity.map_err(|failure| failure.into_hub_error(Effect::Read))
    }
}

impl Signature {
    async fn identity(&self) -> Result<SignsInAs, Failure> {
        Ok(match self {
            Self::Made(signer) => SignsInAs::Policy(signer.policy()),
            Self::Given(token) => SignsInAs::Token { policy: token.policy(), expires: token.expires() },
            Self::Entra(tokens) => SignsInAs::Entra(Pass::principal_of(&*tokens.token().await?)),
        })
    }
}
