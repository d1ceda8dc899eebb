//! Secrets that sign tokens.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A secret that signs tokens, in base64 as connection strings hold it; or a text that holds one. It is
/// written into the state's own files, and nowhere else.
#[derive(Clone)]
pub(in crate::emulator) struct Key(SecretString);

impl Key {
    /// 32 random bytes.
    pub(in crate::emulator) fn random() -> Self {
        Self::new(BASE64_STANDARD.encode(random_bytes()))
    }

    /// A secret as it was written down.
    pub(in crate::emulator) fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The secret itself: never print it.
    pub(in crate::emulator) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether the text is this secret. How long it takes tells nothing of the secret.
    pub(in crate::emulator) fn is(&self, text: &str) -> bool {
        Sha256::digest(text) == Sha256::digest(self.expose())
    }

    /// Whether the signature is this key's over the text.
    pub(super) fn signed(&self, text: &str, signature: &[u8]) -> bool {
        has_signed(self.expose(), text, signature)
    }
}

/// Whether the signature over the text is that of a key in base64. Constant time.
pub(super) fn has_signed(key: &str, text: &str, signature: &[u8]) -> bool {
    let Ok(key) = BASE64_STANDARD.decode(key) else { return false };
    Hmac::<Sha256>::new_from_slice(&key).is_ok_and(|mut mac| {
        mac.update(text.as_bytes());
        mac.verify_slice(signature).is_ok()
    })
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.expose())
    }
}

impl Eq for Key {}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// 32 random bytes that nobody can guess.
pub(in crate::emulator) fn random_bytes() -> [u8; 32] {
    rand::rng().random()
}
