//! What a shared access policy may allow.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a policy may allow, by the names that Azure gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Right {
    /// Read identities, read jobs.
    RegistryRead,
    /// Write identities, create and cancel jobs; includes reading.
    RegistryWrite,
    /// Twins, queries and direct methods.
    ServiceConnect,
    /// Act as a device.
    DeviceConnect,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::RegistryRead, Self::RegistryWrite, Self::ServiceConnect, Self::DeviceConnect];

    /// The name that Azure gives it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RegistryRead => "RegistryRead",
            Self::RegistryWrite => "RegistryWrite",
            Self::ServiceConnect => "ServiceConnect",
            Self::DeviceConnect => "DeviceConnect",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is no right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a right is RegistryRead, RegistryWrite, ServiceConnect or DeviceConnect")]
pub struct InvalidRight;

impl FromStr for Right {
    type Err = InvalidRight;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|right| right.as_str().eq_ignore_ascii_case(text.trim())).ok_or(InvalidRight)
    }
}
