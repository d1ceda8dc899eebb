//! Shared access signatures: reading them, and what they are for.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;

use super::Refusal;
use super::limits::SKEW_SECONDS;
use crate::emulator::names::HubNames;

/// `SharedAccessSignature sr=..&sig=..&se=..&skn=..`, in any order.
pub(super) struct Token<'a> {
    /// As received: the signature covers this text, not what it means.
    resource: &'a str,
    expiry: &'a str,
    pub(super) signature: Vec<u8>,
    /// Name of a policy; a device's own key has none.
    pub(super) policy: Option<String>,
}

/// How long a token with that expiry is taken.
pub(super) fn usable_until(expiry: Timestamp) -> Timestamp {
    expiry.saturating_add(SignedDuration::from_secs(SKEW_SECONDS)).unwrap_or(Timestamp::MAX)
}

impl<'a> Token<'a> {
    /// # Errors
    /// When the text is not of that form.
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        Self::read(text).ok_or(Refusal::Malformed)
    }

    fn read(text: &'a str) -> Option<Self> {
        let (scheme, fields) = text.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("SharedAccessSignature") {
            return None;
        }
        let (mut resource, mut expiry, mut signature, mut policy) = (None, None, None, None);
        for field in fields.split('&') {
            let (name, value) = field.split_once('=')?;
            let slot = match name.trim().to_ascii_lowercase().as_str() {
                "sr" => &mut resource,
                "se" => &mut expiry,
                "sig" => &mut signature,
                "skn" => &mut policy,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        let signature = BASE64_STANDARD.decode(decoded(signature?)?).ok()?;
        // Some clients write an empty name for the key of a device.
        let policy = policy.filter(|name| !name.is_empty()).map(decoded);
        let policy = match policy {
            Some(name) => Some(name?),
            None => None,
        };
        Some(Self { resource: resource?, expiry: expiry?, signature, policy })
    }

    /// What was signed.
    pub(super) fn signed_text(&self) -> String {
        format!("{}\n{}", self.resource, self.expiry)
    }

    /// When it expires, without skew.
    ///
    /// # Errors
    /// When it has expired, or says no time.
    pub(super) fn check_expiry(&self, now: Timestamp) -> Result<Timestamp, Refusal> {
        let second: i64 = self.expiry.parse().map_err(|_| Refusal::Malformed)?;
        let expiry = Timestamp::from_second(second).map_err(|_| Refusal::Malformed)?;
        if now > usable_until(expiry) { Err(Refusal::Expired) } else { Ok(expiry) }
    }

    /// What it is for, if that is something of this hub.
    ///
    /// # Errors
    /// When it is for another hub.
    pub(super) fn scope(&self, names: &HubNames) -> Result<Scope, Refusal> {
        let resource = decoded(self.resource).ok_or(Refusal::Resource)?;
        let mut segments = resource.trim_end_matches('/').split('/').map(str::to_owned);
        let authority = segments.next().unwrap_or_default();
        if names.contain(&authority) { Ok(Scope(segments.collect())) } else { Err(Refusal::Resource) }
    }
}

/// The part of a hub that a token is for: the segments of a path.
pub(super) struct Scope(Vec<String>);

impl Scope {
    /// Whether that path lies in it. Whole segments: `devices/a` does not cover `devices/ab`.
    pub(super) fn covers<S: AsRef<str>>(&self, path: &[S]) -> bool {
        path.len() >= self.0.len() && self.0.iter().zip(path).all(|(part, segment)| part == segment.as_ref())
    }

    /// Whether it is that very path, or a part of it.
    pub(super) fn is_within(&self, path: &[&str]) -> bool {
        self.0.len() >= path.len() && self.0.iter().zip(path).all(|(part, segment)| part == segment)
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}
