//! Devices that prove who they are: with a key of their own, with that of a policy, or with a
//! certificate.

use std::fmt;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::key::has_signed;
use super::right::Right;
use super::token::{Token, usable_until};
use super::{Guard, Refusal};
use crate::emulator::state::{Credentials, Proof};

/// A device, or a module of one, that wants in.
#[derive(Clone, Copy)]
pub(in crate::emulator) struct DeviceLogin<'a> {
    /// The device.
    pub(in crate::emulator) device_id: &'a str,
    /// The module, if it is one.
    pub(in crate::emulator) module_id: Option<&'a str>,
    /// The token: the password of MQTT, the `Authorization` header of HTTP.
    pub(in crate::emulator) token: Option<&'a str>,
    /// The certificates that it showed, its own first, whose key it has.
    pub(in crate::emulator) certificates: &'a [CertificateDer<'static>],
    /// The segments of the path that it calls; of MQTT, none.
    pub(in crate::emulator) path: Option<&'a [String]>,
    /// Time of the clock that tokens follow; see [`Guard::token_time`].
    pub(in crate::emulator) now: Timestamp,
}

/// Tokens are not shown.
impl fmt::Debug for DeviceLogin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { device_id, module_id, path, .. } = self;
        let mut shown = f.debug_struct("DeviceLogin");
        shown.field("device_id", device_id).field("module_id", module_id).field("path", path).finish_non_exhaustive()
    }
}

/// A device that is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator) struct Admission {
    /// When its token expires, at which its connection is cut. Certificates are taken as long as they
    /// are registered.
    pub(in crate::emulator) expires: Option<Timestamp>,
}

impl Guard {
    /// Checks a device against what the registry knows of it, which is nothing for one that is unknown.
    ///
    /// # Errors
    /// Why it must stay out.
    pub(in crate::emulator) fn admit(
        &self,
        login: &DeviceLogin<'_>,
        credentials: Option<&Credentials>,
    ) -> Result<Admission, Refusal> {
        let credentials = credentials.ok_or(Refusal::UnknownDevice)?;
        let admission = match login.token.filter(|token| !token.is_empty()) {
            Some(token) => self.admit_by_token(login, token, credentials)?,
            None => admit_by_certificate(login, credentials)?,
        };
        // Last, so that only who has a key learns of it.
        if credentials.enabled { Ok(admission) } else { Err(Refusal::Disabled) }
    }

    fn admit_by_token(
        &self,
        login: &DeviceLogin<'_>,
        token: &str,
        credentials: &Credentials,
    ) -> Result<Admission, Refusal> {
        let token = Token::parse(token)?;
        let text = token.signed_text();
        let policy = match &token.policy {
            Some(name) => Some(self.policies.find(name).ok_or(Refusal::Signature)?),
            None => None,
        };
        let is_signed = match (policy, &credentials.proof) {
            (Some(policy), _) => policy.signed(&text, &token.signature),
            (None, Proof::Keys { primary, secondary }) => {
                [primary, secondary].into_iter().any(|key| has_signed(key, &text, &token.signature))
            }
            (None, Proof::Thumbprints(_) | Proof::Authority) => return Err(Refusal::OtherProof),
        };
        if !is_signed {
            return Err(Refusal::Signature);
        }
        let expires = token.check_expiry(login.now)?;
        let scope = token.scope(&self.names)?;
        let own = own_path(login);
        let is_covered = match login.path {
            Some(path) => scope.covers(path),
            None => scope.covers(&own),
        };
        // A device signs for itself alone; a policy may sign for all devices.
        let is_own = policy.is_some() || scope.is_within(&own);
        if !is_covered || !is_own {
            return Err(Refusal::Resource);
        }
        match policy {
            Some(policy) if !policy.allows(Right::DeviceConnect) => {
                Err(Refusal::Right { needed: Right::DeviceConnect })
            }
            // A device whose clock is behind makes tokens that are past already: taken for their skew, they
            // must not end at once, or it would come back for ever.
            _ if expires < login.now => Ok(Admission { expires: Some(usable_until(expires)) }),
            _ => Ok(Admission { expires: Some(expires) }),
        }
    }
}

/// What a token of its own must be for.
fn own_path<'a>(login: &DeviceLogin<'a>) -> Vec<&'a str> {
    match login.module_id {
        Some(module) => vec!["devices", login.device_id, "modules", module],
        None => vec!["devices", login.device_id],
    }
}

fn admit_by_certificate(login: &DeviceLogin<'_>, credentials: &Credentials) -> Result<Admission, Refusal> {
    let certificate = login.certificates.first().ok_or(Refusal::Missing)?;
    match &credentials.proof {
        Proof::Keys { .. } => Err(Refusal::OtherProof),
        Proof::Authority => Err(Refusal::Authority),
        Proof::Thumbprints(known) => {
            let shown = [HEXLOWER.encode(&Sha1::digest(certificate)), HEXLOWER.encode(&Sha256::digest(certificate))];
            match known.iter().any(|known| shown.contains(&plain_hex(known))) {
                true => Ok(Admission { expires: None }),
                false => Err(Refusal::Thumbprint),
            }
        }
    }
}

/// Thumbprints are copied from tools that write them in capitals or with colons.
fn plain_hex(thumbprint: &str) -> String {
    let digits = thumbprint.chars().filter(|digit| !matches!(digit, ':' | ' ' | '-'));
    digits.map(|digit| digit.to_ascii_lowercase()).collect()
}
