//! What a device or module must have to get in.

use std::fmt;

use super::hub::HubState;
use super::identity::Authentication;

/// What the registry knows of how a device or module proves who it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Whether its status is enabled, and that of its device.
    pub enabled: bool,
    /// What it has to show.
    pub proof: Proof,
}

/// What a device has to show.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// A signature with one of two keys, in base64.
    Keys {
        /// The first.
        primary: String,
        /// The second.
        secondary: String,
    },
    /// A certificate with one of these thumbprints, in hexadecimal digits.
    Thumbprints(Vec<String>),
    /// A certificate of a known authority.
    Authority,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

impl HubState {
    /// How a device, or a module of it, proves who it is; nothing for one that does not exist.
    #[must_use]
    pub fn credentials(&self, device_id: &str, module_id: Option<&str>) -> Option<Credentials> {
        let device = self.device(device_id).ok()?;
        let slot = self.slot_of(device_id, module_id).ok()?;
        let bearer = self.devices.get(slot)?;
        let identity = &bearer.identity;
        let proof = match &identity.authentication {
            Authentication::Seeded | Authentication::Sas { .. } => {
                let (primary, secondary) = identity.authentication.keys(&bearer.id, self.options.seed)?;
                Proof::Keys { primary, secondary }
            }
            Authentication::SelfSigned { primary, secondary } => {
                Proof::Thumbprints([primary, secondary].into_iter().flatten().map(ToString::to_string).collect())
            }
            Authentication::CertificateAuthority => Proof::Authority,
        };
        Some(Credentials { enabled: identity.enabled && device.identity.enabled, proof })
    }
}
