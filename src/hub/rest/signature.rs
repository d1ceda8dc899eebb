//! What a request is signed with: a shared access signature, or a token of Entra.

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use super::connection_string::SasCredential;
use super::failure::Failure;
use super::sas::{SasSigner, SasToken};
use crate::hub::client::Principal;
use crate::hub::entra::{EntraToken, EntraTokens};

/// How to sign in to a hub. `Debug` hides the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// As a connection string says.
    Sas(SasCredential),
    /// With tokens of Entra, asked for as needed.
    Entra(EntraTokens),
}

/// Where the token of a request comes from.
#[derive(Debug)]
pub(super) enum Signature {
    Made(SasSigner),
    Given(SasToken),
    Entra(EntraTokens),
}

/// The token of one request.
pub(super) enum Pass {
    Sas(SasToken),
    Entra(Arc<EntraToken>),
}

impl Signature {
    /// Tokens for the audience, as the credential gives them.
    pub(super) fn new(credential: Credential, audience: &str) -> Self {
        match credential {
            Credential::Sas(SasCredential::SharedAccessKey { policy, key }) => {
                Self::Made(SasSigner::new(audience, Some(&policy), key))
            }
            Credential::Sas(SasCredential::SharedAccessSignature(token)) => Self::Given(token),
            Credential::Entra(tokens) => Self::Entra(tokens),
        }
    }

    /// The token to send now.
    pub(super) async fn pass(&self) -> Result<Pass, Failure> {
        Ok(match self {
            Self::Made(signer) => Pass::Sas(signer.token(Timestamp::now())),
            Self::Given(token) => Pass::Sas(token.clone()),
            Self::Entra(tokens) => Pass::Entra(tokens.token().await?),
        })
    }

    /// Another token in place of one that the hub refused; nothing where another would be the same.
    pub(super) async fn instead_of(&self, refused: &Pass) -> Result<Option<Pass>, Failure> {
        match (self, refused) {
            (Self::Entra(tokens), Pass::Entra(token)) => Ok(Some(Pass::Entra(tokens.instead_of(token).await?))),
            _ => Ok(None),
        }
    }
}

impl Pass {
    /// As it stands in the `Authorization` header.
    pub(super) fn header(&self) -> Result<HeaderValue, Failure> {
        let invalid = |_| Failure::NotSent { cause: "the token cannot stand in a header".to_owned(), lasting: true };
        let mut value = match self {
            Self::Sas(token) => HeaderValue::from_str(token.expose()),
            Self::Entra(token) => HeaderValue::from_str(&Zeroizing::new(format!("Bearer {}", token.expose()))),
        }
        .map_err(invalid)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Whom the token speaks for, if Entra gave it.
    pub(super) fn principal(&self) -> Option<Principal> {
        match self {
            Self::Entra(token) => Some(Self::principal_of(token)),
            Self::Sas(_) => None,
        }
    }

    /// Whom a token of Entra speaks for.
    pub(super) fn principal_of(token: &EntraToken) -> Principal {
        let object_id = token.claims().and_then(|claims| claims.object_id.clone());
        Principal { source: token.source(), object_id }
    }
}
