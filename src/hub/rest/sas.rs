//! Shared access signatures: the keys, the tokens, and how one makes the other.
//!
//! ```text
//! sig   = base64(HMAC-SHA256(key, sr "\n" se))
//! token = SharedAccessSignature sr=<sr>&sig=<sig, encoded>&se=<seconds of the epoch>&skn=<policy, encoded>
//! ```

use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// RFC 3986: everything but the unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The SDKs take keys without padding and with stray bits in the last character; a key that works
/// there must work here.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A shared access key. Its bytes are wiped when it is dropped, and it prints as `***`.
#[derive(Clone)]
pub struct SasKey(SecretSlice<u8>);

/// Why a text is not a shared access key. The text is never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSasKey {
    /// No character at all.
    #[error("the shared access key is empty")]
    Empty,
    /// A character that base64 does not have, or a length that it cannot have.
    #[error("the shared access key is not base64")]
    NotBase64,
}

impl SasKey {
    /// A key as the portal shows it.
    ///
    /// # Errors
    /// When the text is empty or not base64.
    pub fn from_base64(text: &str) -> Result<Self, InvalidSasKey> {
        if text.is_empty() {
            return Err(InvalidSasKey::Empty);
        }
        LENIENT.decode(text).map(|key| Self(key.into())).map_err(|_| InvalidSasKey::NotBase64)
    }

    /// `base64(HMAC-SHA256(self, message))`.
    fn sign(&self, message: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).expect("HMAC takes keys of every length");
        mac.update(message.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

impl PartialEq for SasKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for SasKey {}

impl fmt::Debug for SasKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for SasKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A whole token, made here or given by the user. Wiped when dropped; prints as `***`.
#[derive(Clone)]
pub struct SasToken(SecretString);

/// The text is not a shared access signature. It is never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a shared access signature; it starts with `SharedAccessSignature sr=`")]
pub struct InvalidSasToken;

impl SasToken {
    const SCHEME: &str = "SharedAccessSignature ";

    /// A token that somebody else made; its signature and expiry are for the hub to judge.
    ///
    /// # Errors
    /// When it is not of the form, or cannot stand in a header.
    pub fn parse(text: &str) -> Result<Self, InvalidSasToken> {
        let fields = text.strip_prefix(Self::SCHEME).ok_or(InvalidSasToken)?;
        let has = |name: &str| fields.split('&').any(|field| field.starts_with(name));
        let plain = fields.bytes().all(|b| b.is_ascii_graphic());
        (plain && has("sr=") && has("sig=") && has("se=")).then(|| Self(text.into())).ok_or(InvalidSasToken)
    }

    /// When it expires. What is no time has expired long ago.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        let seconds = self.field("se=").and_then(|text| text.parse().ok());
        seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The policy whose key signed it, if it says so.
    #[must_use]
    pub fn policy(&self) -> Option<String> {
        let name = self.field("skn=").filter(|name| !name.is_empty())?;
        Some(percent_decode_str(name).decode_utf8_lossy().into_owned())
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.expose().strip_prefix(Self::SCHEME)?.split('&').find_map(|field| field.strip_prefix(name))
    }

    /// The token as it stands in the `Authorization` header. A secret: never print it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for SasToken {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for SasToken {}

impl fmt::Debug for SasToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for SasToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Makes tokens from a key, and keeps the last one until four fifths of its life are over.
pub struct SasSigner {
    /// `sr` as it is signed and sent: the hub verifies the encoded text, undecoded.
    resource: String,
    /// `skn`, encoded; a device key has none.
    policy: Option<String>,
    key: SasKey,
    current: Mutex<Option<(SasToken, Timestamp)>>,
}

impl SasSigner {
    /// How long a token is valid, as in the Node, Java and Python SDKs.
    pub const LIFETIME: SignedDuration = SignedDuration::from_hours(1);
    /// Age at which a token is replaced: 80 % of its life.
    pub const RENEW_AFTER: SignedDuration = SignedDuration::from_mins(48);

    /// A signer for a resource (the host name of a hub, for its service API) with the key of a
    /// shared access policy.
    #[must_use]
    pub fn new(resource: &str, policy: Option<&str>, key: SasKey) -> Self {
        let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
        Self { resource: encode(resource), policy: policy.map(encode), key, current: Mutex::new(None) }
    }

    /// The policy whose key signs; empty for a key of a device.
    #[must_use]
    pub fn policy(&self) -> String {
        let encoded = self.policy.as_deref().unwrap_or_default();
        percent_decode_str(encoded).decode_utf8_lossy().into_owned()
    }

    /// The token to send at `now`: the last one, or a new one.
    pub fn token(&self, now: Timestamp) -> SasToken {
        // A panic cannot leave a half-written token behind, so a poisoned lock is still good.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some((token, signed))
                if (*signed..signed.saturating_add(Self::RENEW_AFTER).unwrap_or(*signed)).contains(&now) =>
            {
                token.clone()
            }
            _ => {
                let token = self.sign(now.as_second() + Self::LIFETIME.as_secs());
                *current = Some((token.clone(), now));
                token
            }
        }
    }

    /// A token that expires at `expiry`, in seconds of the epoch.
    #[must_use]
    pub fn sign(&self, expiry: i64) -> SasToken {
        let signature = Zeroizing::new(self.key.sign(&format!("{}\n{expiry}", self.resource)));
        let encoded = utf8_percent_encode(&signature, RESERVED);
        let mut token = format!("{}sr={}&sig={encoded}&se={expiry}", SasToken::SCHEME, self.resource);
        if let Some(policy) = &self.policy {
            token.push_str("&skn=");
            token.push_str(policy);
        }
        SasToken(token.into())
    }
}

impl fmt::Debug for SasSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SasSigner")
            .field("resource", &self.resource)
            .field("policy", &self.policy)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> SasKey {
        SasKey::from_base64(text).expect("base64")
    }

    #[test]
    fn signs_the_text_as_it_stands() {
        // Vector V2, the raw HMAC of the Node SDK's tests.
        assert_eq!(key("cGFzc3dvcmQ=").sign("string-to-sign"), "o1n1hiIVgzVA2+krq9ty1Z4xsIJKJZP3dYT8MOi65Y4=");
        // Vector D: lower-case hex in `sr` makes another signature than vector C.
        let lower = "contoso-hub.azure-devices.net%2fdevices%2fthermo-01\n1767225600";
        let sig = key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").sign(lower);
        assert_eq!(sig, "PZ+d/oRwaiF0xU6ICKqiGi52N4f+hbIi7kszoGO6yjw=");
    }

    #[test]
    fn a_token_is_kept_until_four_fifths_of_its_life_are_over() {
        let signer = SasSigner::new("h.net", Some("service"), key("c2VjcmV0"));
        let start = Timestamp::from_second(1_700_000_000).expect("in range");
        let at = |minutes| signer.token(start + SignedDuration::from_mins(minutes));
        let first = at(0);
        assert!(first.expose().contains("&se=1700003600&"));
        assert_eq!(at(47), first);
        let second = at(48);
        assert!(second.expose().contains("&se=1700006480&"));
        assert_eq!(at(60), second);
        // A machine whose clock was set back does not keep a token from the future.
        assert_eq!(at(0), first);
    }

    #[test]
    fn neither_key_nor_token_prints() {
        let signer = SasSigner::new("h.net", Some("service"), key("c2VjcmV0"));
        let token = signer.sign(0);
        let shown = format!("{signer:?} {:?} {} {token:?} {token}", signer.key, signer.key);
        assert!(!shown.contains("c2VjcmV0") && !shown.contains("sig="), "{shown}");
        assert!(shown.contains("***"));
    }

    #[test]
    fn a_token_tells_whose_it_is_and_until_when() {
        let signer = SasSigner::new("h.net", Some("a@b"), key("c2VjcmV0"));
        assert_eq!(signer.policy(), "a@b");
        let token = signer.sign(1_700_000_000);
        assert_eq!((token.policy().as_deref(), token.expires().as_second()), (Some("a@b"), 1_700_000_000));
        let token = SasToken::parse("SharedAccessSignature sr=h&sig=x&se=soon").expect("a token");
        assert_eq!((token.policy(), token.expires()), (None, Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn only_tokens_pass_for_tokens() {
        let good = "SharedAccessSignature sig=x%3D&se=1&skn=a&sr=h";
        assert_eq!(SasToken::parse(good).map(|token| token.expose().to_owned()), Ok(good.to_owned()));
        for text in
            ["", "Bearer x", "SharedAccessSignature sr=h&sig=x", "SharedAccessSignature sr=h&sig=x&se=1\r\nX: y"]
        {
            assert_eq!(SasToken::parse(text), Err(InvalidSasToken), "{text}");
        }
    }
}
