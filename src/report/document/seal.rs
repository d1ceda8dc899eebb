//! How a saved plan is written so that its reader knows that nobody changed it.
//!
//! The bytes that are hashed are those of the JSON value, not of the file: members sorted, nothing
//! between them, numbers as they stand. White space may change, nothing else.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde_json::Value;
use sha2::Sha256;

use super::saved::{MisshapenPlan, SavedPlan};
use super::strict_json::StrictJson;
use crate::diagnostic::mask_secrets;
use crate::model::sha256_hex;
use crate::report::plan_json::value_of;
use crate::report::untrusted::json_text;
use crate::report::{FORMAT_VERSION, Untrusted};

/// Says which code a signature is.
const PREFIX: &str = "hmac-sha256:";
/// What the file says it is.
const KIND: &str = "hubjobs.plan";

/// The key that signs plans. Its bytes are wiped when it is dropped, and it prints as `***`.
#[derive(Clone)]
pub struct PlanKey(SecretSlice<u8>);

/// Why a text is no key. The text is never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlanKey {
    /// No character at all.
    #[error("the key is empty")]
    Empty,
    /// A character that base64 does not have, or a length that it cannot have.
    #[error("the key is not base64")]
    NotBase64,
    /// Fewer bytes than the code has.
    #[error("the key has {0} bytes, at least 32 are needed")]
    Short(usize),
}

impl PlanKey {
    /// Fewest bytes of a key: as many as the code has.
    pub const LEN_MIN: usize = 32;

    /// A key in base64, as `openssl rand -base64 32` makes one.
    ///
    /// # Errors
    /// When the text is empty, not base64, or of fewer than 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, InvalidPlanKey> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidPlanKey::Empty);
        }
        let key = SecretSlice::from(STANDARD.decode(text).map_err(|_| InvalidPlanKey::NotBase64)?);
        let len = key.expose_secret().len();
        if len < Self::LEN_MIN { Err(InvalidPlanKey::Short(len)) } else { Ok(Self(key)) }
    }

    fn code(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let mut code = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).expect("HMAC takes keys of every length");
        code.update(bytes);
        code
    }

    /// A code over a text that stands outside of a plan, such as a line of a comment.
    #[must_use]
    pub fn sign_text(&self, text: &str) -> String {
        self.sign(text.as_bytes())
    }

    /// Whether this key made a code over a text.
    #[must_use]
    pub fn has_signed_text(&self, text: &str, code: &str) -> bool {
        self.has_signed(text.as_bytes(), code)
    }

    fn sign(&self, bytes: &[u8]) -> String {
        format!("{PREFIX}{}", HEXLOWER.encode(&self.code(bytes).finalize().into_bytes()))
    }

    /// In a time that does not tell how much of a wrong signature is right.
    fn has_signed(&self, bytes: &[u8], signature: &str) -> bool {
        let code = signature.strip_prefix(PREFIX).and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok());
        code.is_some_and(|code| self.code(bytes).verify_slice(&code).is_ok())
    }
}

impl fmt::Debug for PlanKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What is known of who wrote a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// Somebody with the key.
    Verified,
    /// It has a signature, and there is no key to check it with.
    Unchecked,
    /// It has none.
    Unsigned,
}

/// Why a text is no plan that may be used. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusablePlan {
    /// Not even JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// A name stands twice in one object, so that readers may take it for different plans.
    #[error("a name stands in it twice: {0}")]
    Twice(String),
    /// Something else.
    #[error("it is JSON, but no saved plan: its `kind` is not `{KIND}`")]
    NotAPlan,
    /// Of a form that this version does not know.
    #[error("its `formatVersion` is {}, and this hubjobs reads {FORMAT_VERSION}", Untrusted::new(.0))]
    Version(String),
    /// A member is missing, or has another form.
    #[error("it has another form than a saved plan: {0}")]
    Form(String),
    /// The same, of what types cannot say.
    #[error("it contradicts itself: {0}")]
    Misshapen(#[from] MisshapenPlan),
    /// The checksum does not fit.
    #[error("it was changed after it was written: its checksum does not fit")]
    Checksum,
    /// The signature does not fit.
    #[error("its signature does not fit: it was changed after it was signed, or signed with another key")]
    Signature,
}

impl UnusablePlan {
    /// Whether it was a plan once, and was changed.
    #[must_use]
    pub const fn is_tampered(&self) -> bool {
        matches!(self, Self::Twice(_) | Self::Checksum | Self::Signature | Self::Misshapen(_))
    }
}

/// The text of a saved plan, with its checksum, and signed when there is a key. A secret in a payload is
/// asterisks in it: an apply takes the payload from the manifest.
#[must_use]
pub fn seal(plan: &SavedPlan, key: Option<&PlanKey>) -> String {
    let mut value = value_of(plan);
    if let Cow::Owned(masked) = mask_secrets(&value.to_string()) {
        value = serde_json::from_str(&masked).expect("masking keeps JSON");
    }
    let members = value.as_object_mut().expect("a plan is an object");
    members.shift_remove("checksum");
    members.shift_remove("signature");
    let checksum = sha256_hex(&canonical(&value));
    value["checksum"] = checksum.into();
    if let Some(key) = key {
        let signature = key.sign(&canonical(&value));
        value["signature"] = signature.into();
    }
    json_text(&value)
}

/// Reads a saved plan, and checks that it is as it was written: its checksum, and with a key its
/// signature if it has one.
///
/// # Errors
/// When the text is no saved plan of a form that is known here, or was changed.
pub fn open(text: &[u8], key: Option<&PlanKey>) -> Result<(SavedPlan, Provenance), UnusablePlan> {
    // Of text, the one thing beside its syntax that can be wrong with such a value is a name.
    let StrictJson(value) = serde_json::from_slice(text).map_err(|error| match error.is_data() {
        true => UnusablePlan::Twice(error.to_string()),
        false => UnusablePlan::NotJson(error.to_string()),
    })?;
    if value.get("kind").and_then(Value::as_str) != Some(KIND) {
        return Err(UnusablePlan::NotAPlan);
    }
    let version = value.get("formatVersion").unwrap_or(&Value::Null);
    if version.as_u64() != Some(u64::from(FORMAT_VERSION)) {
        return Err(UnusablePlan::Version(version.to_string()));
    }
    let provenance = verify(&value, key)?;
    let plan: SavedPlan = serde_json::from_value(value).map_err(|error| UnusablePlan::Form(error.to_string()))?;
    plan.check()?;
    Ok((plan, provenance))
}

/// Whether a text says of itself that it is a saved plan, whatever its version.
#[must_use]
pub fn is_saved_plan(text: &[u8]) -> bool {
    let value: Option<Value> = serde_json::from_slice(text).ok();
    value.is_some_and(|value| value.get("kind").and_then(Value::as_str) == Some(KIND))
}

fn verify(value: &Value, key: Option<&PlanKey>) -> Result<Provenance, UnusablePlan> {
    let mut rest = value.clone();
    let members = rest.as_object_mut().ok_or(UnusablePlan::NotAPlan)?;
    let signature = members.shift_remove("signature");
    let provenance = match (&signature, key) {
        (None, _) => Provenance::Unsigned,
        (Some(_), None) => Provenance::Unchecked,
        (Some(signature), Some(key)) => {
            let has_signed = |signature: &str| key.has_signed(&canonical(&rest), signature);
            if !signature.as_str().is_some_and(has_signed) {
                return Err(UnusablePlan::Signature);
            }
            Provenance::Verified
        }
    };
    let members = rest.as_object_mut().ok_or(UnusablePlan::NotAPlan)?;
    let checksum = members.shift_remove("checksum");
    let fits = checksum.as_ref().and_then(Value::as_str) == Some(sha256_hex(&canonical(&rest)).as_str());
    if fits { Ok(provenance) } else { Err(UnusablePlan::Checksum) }
}

/// Not RFC 8785, which makes one number of two that differ only beyond 2^53.
fn canonical(value: &Value) -> Vec<u8> {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    serde_json::to_vec(&sorted).expect("JSON values have text")
}
