//! The project and its environments: whose jobs, on which hub, under which limits.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::duration::Seconds;
use super::entra::EntraAuth;
use super::limit::SafetyLimits;
use super::name::{EnvironmentName, HubName, Owner, OwnerId, OwnerSlug};
use super::sku::HubSize;

/// A project file, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// `metadata.name`, for people.
    pub name: String,
    /// Random identity of the project.
    pub owner_id: OwnerId,
    /// Short human part of the owner token.
    pub owner: OwnerSlug,
    /// Globs of the manifests, relative to the project file.
    pub manifests: Vec<String>,
    /// By name; at least one. An environment with several hubs is here once for each of them, in the
    /// order of their names.
    pub environments: BTreeMap<EnvironmentName, Vec<Environment>>,
}

impl Project {
    /// Who owns the jobs of one environment.
    #[must_use]
    pub fn owner_in(&self, environment: &EnvironmentName) -> Owner {
        Owner::derive(&self.owner, &self.owner_id, environment)
    }
}

/// One hub and the rules for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// Which of its hubs this is, if it has several.
    pub hub_name: Option<HubName>,
    /// Where the jobs go.
    pub hub: Hub,
    /// What happens to own jobs whose manifest is gone.
    pub prune: PrunePolicy,
    /// How early an occurrence may occupy a lane, at most 168 h (the hub's own limit).
    pub lookahead: Seconds,
    /// Limits that a plan must keep.
    pub safety: SafetyLimits,
    /// Whether only a saved plan with a signature is applied.
    pub require_signed_plan: bool,
}

/// What happens to own queued and scheduled jobs whose manifest is gone. There is no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrunePolicy {
    /// They stay, and are shown.
    Never,
    /// They are cancelled.
    CancelScheduled,
}

/// Where the jobs of an environment go.
#[derive(Debug, Clone, PartialEq)]
pub enum Hub {
    /// The emulator in this binary.
    Emulator(EmulatorHub),
    /// A hub reached over HTTPS.
    Remote(RemoteHub),
}

impl Hub {
    /// Tier and units, which decide lanes and rates.
    #[must_use]
    pub const fn size(&self) -> HubSize {
        match self {
            Self::Emulator(hub) => hub.size,
            Self::Remote(hub) => hub.size,
        }
    }
}

/// A hub that this binary emulates.
#[derive(Debug, Clone, PartialEq)]
pub struct EmulatorHub {
    /// Fleet file, relative to the project file; nothing means no devices.
    pub fleet: Option<String>,
    /// Tier and units to imitate.
    pub size: HubSize,
    /// Its virtual clock.
    pub clock: EmulatorClock,
}

/// The emulator's virtual clock at its first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmulatorClock {
    /// First reading; nothing means the time of the machine.
    pub start: Option<Timestamp>,
    /// How it goes on from there.
    pub mode: ClockMode,
}

/// How the emulator's clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockMode {
    /// At the speed of the wall, also while the emulator is off.
    Real,
    /// Stands still, and jumps to the next event of the jobs that somebody waits for.
    Fast,
}

/// An IoT Hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteHub {
    /// `contoso.azure-devices.net`.
    pub host_name: String,
    /// Its port when not 443, as emulators and gateways have.
    pub port: Option<u16>,
    /// How to sign in.
    pub auth: Auth,
    /// Tier and units; the service does not tell.
    pub size: HubSize,
}

impl RemoteHub {
    /// Host name, with the port if there is one.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host_name),
            None => self.host_name.clone(),
        }
    }
}

/// How to sign in to a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// The environment variable that holds a connection string.
    ConnectionStringEnv(String),
    /// The file that holds one, relative to the project file.
    ConnectionStringFile(String),
    /// Microsoft Entra.
    Entra(EntraAuth),
}
