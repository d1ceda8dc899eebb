//! The identity of a device: who it is and how it proves it (reference 1.7).

use std::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::body::{Body, invalid};
use super::device::Device;
use super::etag;
use super::fault::HubFault;
use super::moment::Moment;
use super::rules::{SYMMETRIC_KEY_BYTES_MAX, SYMMETRIC_KEY_BYTES_MIN};

/// The identity of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) created: Moment,
    /// Counter behind the etag.
    pub(super) etag: u64,
    pub(super) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status_reason: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status_changed: Option<Moment>,
    pub(super) authentication: Authentication,
    pub(super) is_edge: bool,
    /// Of an IoT Edge device, the scope of its parent; of another device, its scope; of a module,
    /// which has none, who manages it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<Box<str>>,
}

/// How a device proves who it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum Authentication {
    /// Symmetric keys that follow from the seed of the hub and the device id.
    Seeded,
    /// Symmetric keys, in base64.
    Sas { primary: Box<str>, secondary: Box<str> },
    /// Certificates with these thumbprints.
    SelfSigned { primary: Option<Box<str>>, secondary: Option<Box<str>> },
    /// Certificates of a known authority.
    CertificateAuthority,
}

/// What a request says about an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IdentityBody {
    enabled: bool,
    status_reason: Option<Box<str>>,
    /// `None` asks for new keys.
    authentication: Option<Authentication>,
    is_edge: bool,
    scope: Option<Box<str>>,
}

impl IdentityBody {
    /// Reads and checks a request.
    pub(super) fn read(body: Body<'_>) -> Result<Self, HubFault> {
        let enabled = match body.text("status")? {
            None => true,
            Some(status) if status.eq_ignore_ascii_case("enabled") => true,
            Some(status) if status.eq_ignore_ascii_case("disabled") => false,
            Some(other) => return Err(invalid(format!("status must be enabled or disabled, not {other}."))),
        };
        let is_edge = match body.inner("capabilities")? {
            Some(capabilities) => capabilities.boolean("iotEdge")?,
            None => None,
        };
        Ok(Self {
            enabled,
            status_reason: body.text("statusReason")?.map(Into::into),
            authentication: read_authentication(body)?,
            is_edge: is_edge.unwrap_or(false),
            scope: read_scope(body, is_edge.unwrap_or(false))?,
        })
    }

    /// Reads and checks a request about a module.
    pub(super) fn read_module(body: Body<'_>) -> Result<Self, HubFault> {
        Ok(Self {
            enabled: true,
            status_reason: None,
            authentication: read_authentication(body)?,
            is_edge: false,
            scope: body.text("managedBy")?.filter(|name| !name.is_empty()).map(Into::into),
        })
    }

    /// A module that IoT Edge manages.
    pub(super) fn of_edge_module() -> Self {
        let scope = Some(super::modules::EDGE.into());
        Self { enabled: true, status_reason: None, authentication: None, is_edge: false, scope }
    }

    /// Whether it is an IoT Edge device.
    pub(super) const fn is_edge(&self) -> bool {
        self.is_edge
    }

    /// A new identity. Keys that the request does not give are made from `secret`.
    pub(super) fn create(self, device_id: &str, secret: &[u8], at: Moment) -> Identity {
        Identity {
            created: at,
            etag: first_etag(device_id),
            enabled: self.enabled,
            status_reason: self.status_reason,
            status_changed: None,
            authentication: self.authentication.unwrap_or_else(|| new_keys(device_id, secret)),
            is_edge: self.is_edge,
            scope: self.scope,
        }
    }

    /// Replaces all of an identity that a client may set.
    pub(super) fn replace(self, old: &mut Identity, device_id: &str, secret: &[u8], at: Moment) {
        if self.enabled != old.enabled {
            old.status_changed = Some(at);
        }
        *old = Identity {
            created: old.created,
            etag: old.etag + 1,
            status_changed: old.status_changed,
            ..self.create(device_id, secret, at)
        };
    }
}

impl Identity {
    /// The identity of a simulated device.
    pub(super) fn seeded(device_id: &str, at: Moment) -> Self {
        Self {
            created: at,
            etag: first_etag(device_id),
            enabled: true,
            status_reason: None,
            status_changed: None,
            authentication: Authentication::Seeded,
            is_edge: false,
            scope: None,
        }
    }

    /// The etag as clients see it.
    pub(super) fn etag_text(&self) -> String {
        etag::of_identity(self.etag)
    }

    /// `enabled` or `disabled`.
    pub(super) const fn status(&self) -> &'static str {
        if self.enabled { "enabled" } else { "disabled" }
    }
}

/// Keys are not shown.
impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl Authentication {
    /// The word for it.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Seeded | Self::Sas { .. } => "sas",
            Self::SelfSigned { .. } => "selfSigned",
            Self::CertificateAuthority => "certificateAuthority",
        }
    }

    /// `{"primaryThumbprint": .., "secondaryThumbprint": ..}`.
    pub(super) fn thumbprints(&self) -> Value {
        let (primary, secondary) = match self {
            Self::SelfSigned { primary, secondary } => (primary.as_deref(), secondary.as_deref()),
            _ => (None, None),
        };
        json!({"primaryThumbprint": primary, "secondaryThumbprint": secondary})
    }

    /// The symmetric keys of the device or module of that id, if it has any.
    pub(super) fn keys(&self, id: &str, seed: u64) -> Option<(String, String)> {
        match self {
            Self::Seeded => {
                let secret = seed.to_be_bytes();
                Some((derive_key(&secret, id, "primary"), derive_key(&secret, id, "secondary")))
            }
            Self::Sas { primary, secondary } => Some((primary.to_string(), secondary.to_string())),
            Self::SelfSigned { .. } | Self::CertificateAuthority => None,
        }
    }

    /// As in an identity, keys included.
    pub(super) fn to_json(&self, device_id: &str, seed: u64) -> Value {
        let (primary, secondary) = self.keys(device_id, seed).unzip();
        json!({
            "symmetricKey": {"primaryKey": primary, "secondaryKey": secondary},
            "x509Thumbprint": self.thumbprints(),
            "type": self.kind(),
        })
    }
}

/// An IoT Edge device has a scope of its own and may have a parent; another device has the scope of
/// its parent. Both are sent in either form.
fn read_scope(body: Body<'_>, is_edge: bool) -> Result<Option<Box<str>>, HubFault> {
    let parents = match body.get("parentScopes") {
        None => None,
        Some(Value::Array(parents)) => match parents.as_slice() {
            [] => None,
            [Value::String(parent)] => Some(parent.as_str()),
            _ => return Err(invalid("parentScopes must hold one scope at most.")),
        },
        Some(_) => return Err(invalid("parentScopes must be an array.")),
    };
    let own = body.text("deviceScope")?.filter(|_| !is_edge);
    Ok(own.or(parents).filter(|scope| !scope.is_empty()).map(Into::into))
}

fn read_authentication(body: Body<'_>) -> Result<Option<Authentication>, HubFault> {
    let Some(authentication) = body.inner("authentication")? else { return Ok(None) };
    let thumbprints = authentication.inner("x509Thumbprint")?;
    let thumbprint = |name| match thumbprints {
        Some(thumbprints) => thumbprints.text(name).map(|text| text.map(Box::from)),
        None => Ok(None),
    };
    match authentication.text("type")?.map(str::to_ascii_lowercase).as_deref() {
        None if thumbprint("primaryThumbprint")?.is_some_and(|text: Box<str>| !text.is_empty()) => {
            Ok(Some(Authentication::SelfSigned {
                primary: thumbprint("primaryThumbprint")?,
                secondary: thumbprint("secondaryThumbprint")?,
            }))
        }
        None | Some("sas") => read_keys(authentication),
        Some("selfsigned") => Ok(Some(Authentication::SelfSigned {
            primary: thumbprint("primaryThumbprint")?,
            secondary: thumbprint("secondaryThumbprint")?,
        })),
        Some("certificateauthority") => Ok(Some(Authentication::CertificateAuthority)),
        Some(other) => Err(invalid(format!("authentication.type must not be {other}."))),
    }
}

/// Clients without keys send no object, an empty one, or empty strings.
fn read_keys(authentication: Body<'_>) -> Result<Option<Authentication>, HubFault> {
    let Some(symmetric) = authentication.inner("symmetricKey")? else { return Ok(None) };
    let key = |name| Ok::<_, HubFault>(symmetric.text(name)?.filter(|key| !key.is_empty()));
    match (key("primaryKey")?, key("secondaryKey")?) {
        (None, None) => Ok(None),
        (Some(primary), Some(secondary)) => {
            check_key(primary)?;
            check_key(secondary)?;
            Ok(Some(Authentication::Sas { primary: primary.into(), secondary: secondary.into() }))
        }
        _ => Err(invalid("Both symmetric keys or none must be given.")),
    }
}

fn check_key(key: &str) -> Result<(), HubFault> {
    let bytes = BASE64.decode(key.as_bytes()).map_err(|_| invalid("A symmetric key is not base64."))?;
    if (SYMMETRIC_KEY_BYTES_MIN..=SYMMETRIC_KEY_BYTES_MAX).contains(&bytes.len()) {
        return Ok(());
    }
    Err(invalid(format!(
        "A symmetric key must have {SYMMETRIC_KEY_BYTES_MIN} to {SYMMETRIC_KEY_BYTES_MAX} bytes, not {}.",
        bytes.len()
    )))
}

/// What the keys of a module follow from that nobody asked for: the hub makes it at a time of its own, when
/// there is no chance but that which is in the state.
pub(super) fn secret_for_modules(device: &Device, seed: u64) -> Vec<u8> {
    let keys = device.identity.authentication.keys(&device.id, seed);
    keys.map_or_else(|| seed.to_be_bytes().to_vec(), |(primary, _)| primary.into_bytes())
}

fn new_keys(device_id: &str, secret: &[u8]) -> Authentication {
    Authentication::Sas {
        primary: derive_key(secret, device_id, "primary").into(),
        secondary: derive_key(secret, device_id, "secondary").into(),
    }
}

fn derive_key(secret: &[u8], device_id: &str, which: &str) -> String {
    let digest = Sha256::new().chain_update(secret).chain_update(which).chain_update("/").chain_update(device_id);
    BASE64.encode(&digest.finalize())
}

/// Nine digits, as the hub's counters have; different from device to device.
fn first_etag(device_id: &str) -> u64 {
    100_000_000 + super::chance::Draw::of(0).about(device_id).below(900_000_000)
}
