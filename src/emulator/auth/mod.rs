//! Who may do what: shared access policies, keys and certificates of devices, tokens of Entra.
//! Written apart from the client's signing on purpose: a shared mistake would pass every test.

mod device;
mod entra;
mod key;
pub mod limits;
mod policy;
mod right;
mod role;
mod token;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::names::HubNames;
pub(super) use device::{Admission, DeviceLogin};
pub(super) use entra::BearerFault;
pub use entra::{Entra, InvalidJwks};
pub(super) use key::{Key, random_bytes};
pub(super) use policy::Policies;
pub use policy::{CustomPolicy, InvalidPolicy, PolicyView};
pub use right::{InvalidRight, Right};
use token::Token;

/// Which clock says whether a token has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenTime {
    /// The machine's, so that official clients work at any date of the hub.
    #[default]
    Wall,
    /// The hub's own.
    Virtual,
}

/// All that decides who gets in.
#[derive(Debug)]
pub(super) struct Guard {
    /// Shared access policies.
    pub(super) policies: Policies,
    /// Names that tokens may be made for.
    pub(super) names: HubNames,
    /// Which clock tokens follow.
    pub(super) token_time: TokenTime,
    /// Which bearer tokens are taken.
    pub(super) bearers: Bearers,
}

/// Which bearer tokens are taken.
#[derive(Debug)]
pub(super) enum Bearers {
    /// None.
    Refused,
    /// Those of Entra.
    Entra(Entra),
    /// All, whatever they say, for everything.
    Any,
}

/// What a caller wants to do.
#[derive(Debug)]
pub(super) struct Access<'a> {
    /// The method that is meant.
    pub(super) method: &'a str,
    /// Segments of the path, percent-decoded.
    pub(super) path: &'a [String],
    /// What the call needs.
    pub(super) right: Right,
    /// Time of the clock that tokens follow; see [`Guard::token_time`].
    pub(super) now: Timestamp,
}

/// Why a caller was refused. The reply does not tell; the log does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("there is no token, and no certificate")]
    Missing,
    #[error("the token is not a shared access signature")]
    Malformed,
    #[error("no key of that policy or device made the signature")]
    Signature,
    #[error("the token has expired")]
    Expired,
    #[error("the token is for another hub, device or resource")]
    Resource,
    #[error("the policy lacks the right {needed}")]
    Right { needed: Right },
    #[error(transparent)]
    Bearer(#[from] BearerFault),
    #[error("the principal {principal} has no role with the data action {action}")]
    Role { principal: String, action: &'static str },
    #[error("no such device or module")]
    UnknownDevice,
    #[error("the device is disabled")]
    Disabled,
    #[error("the device is registered with another kind of proof: keys need a token, thumbprints a certificate")]
    OtherProof,
    #[error("the certificate has none of the registered thumbprints")]
    Thumbprint,
    #[error("the emulator knows no certificate authorities of devices; register thumbprints instead")]
    Authority,
}

impl Guard {
    /// Checks an `Authorization` header of the service API in the order of the service: form, policy,
    /// signature, expiry, resource, right.
    ///
    /// # Errors
    /// Why the caller may not do it.
    pub(super) fn authorize(&self, header: Option<&str>, access: &Access<'_>) -> Result<(), Refusal> {
        let header = header.ok_or(Refusal::Missing)?;
        if let Some(("Bearer" | "bearer", token)) = header.split_once(' ') {
            return self.authorize_bearer(token, access);
        }
        let token = Token::parse(header)?;
        let name = token.policy.as_deref().ok_or(Refusal::Malformed)?;
        let policy = self.policies.find(name).ok_or(Refusal::Signature)?;
        if !policy.signed(&token.signed_text(), &token.signature) {
            return Err(Refusal::Signature);
        }
        token.check_expiry(access.now)?;
        if !token.scope(&self.names)?.covers(access.path) {
            return Err(Refusal::Resource);
        }
        if policy.allows(access.right) { Ok(()) } else { Err(Refusal::Right { needed: access.right }) }
    }

    fn authorize_bearer(&self, token: &str, access: &Access<'_>) -> Result<(), Refusal> {
        let principal = match &self.bearers {
            Bearers::Refused => return Err(BearerFault::NotTaken.into()),
            Bearers::Any => return Ok(()),
            Bearers::Entra(entra) => entra.verify(token, access.now)?,
        };
        let action = role::data_action(access.method, access.path);
        if principal.may(action) { Ok(()) } else { Err(Refusal::Role { principal: principal.id, action }) }
    }
}
