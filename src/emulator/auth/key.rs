//! Secrets that sign tokens.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A secret that signs tokens, in base64 as connection strings hold it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::emulator) struct Key(String);

impl Key {
    /// 32 random bytes.
    pub(in crate::emulator) fn random() -> Self {
        Self(BASE64_STANDARD.encode(random_bytes()))
    }

    /// A secret as it was written down.
    pub(in crate::emulator) const fn new(text: String) -> Self {
        Self(text)
    }

    pub(in crate::emulator) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text is this secret. How long it takes tells nothing of the secret.
    pub(in crate::emulator) fn is(&self, text: &str) -> bool {
        Sha256::digest(text) == Sha256::digest(&self.0)
    }

    /// Whether the signature is this key's over the text.
    pub(super) fn signed(&self, text: &str, signature: &[u8]) -> bool {
        has_signed(&self.0, text, signature)
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

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// 32 random bytes that nobody can guess.
pub(in crate::emulator) fn random_bytes() -> [u8; 32] {
    rand::rng().random()
}
