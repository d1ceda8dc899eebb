//! One device: its identity, its twin, and how it is connected.

use serde::{Deserialize, Serialize};

use super::behaviour::{Behaviour, Link};
use super::chance::Draw;
use super::devices::SEPARATOR;
use super::identity::Identity;
use super::moment::Moment;
use super::twin::Twin;

/// One device.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) id: Box<str>,
    pub(super) identity: Identity,
    pub(super) twin: Twin,
    pub(super) connection: Connection,
}

/// How a device is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Connection {
    /// What the simulation says.
    pub(super) link: Link,
    /// Which [`Behaviour`] the device has, if it is simulated.
    pub(super) behaviour: Option<u32>,
    /// What an event said since, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) told: Option<Told>,
    /// When the device last sent something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_activity: Option<Moment>,
    /// Whether it has yet to report desired properties that it could not hear of.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) owes_report: bool,
}

/// A device was told to connect or to go away, against its simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Told {
    pub(super) connected: bool,
    pub(super) at: Moment,
}

impl Connection {
    /// A device that is not simulated and has not connected.
    pub(super) const NONE: Self =
        Self { link: Link::Down, behaviour: None, told: None, last_activity: None, owes_report: false };
}

impl Device {
    /// Device, and module if it is one.
    pub(super) fn names(&self) -> (&str, Option<&str>) {
        self.id.split_once(SEPARATOR).map_or((&self.id, None), |(device, module)| (device, Some(module)))
    }

    /// Its behaviour, if it is simulated.
    pub(super) fn behaviour<'b>(&self, all: &'b [Behaviour]) -> Option<&'b Behaviour> {
        all.get(self.connection.behaviour? as usize)
    }

    /// Whether it is connected. A disabled device cannot be.
    pub(super) fn is_online(&self, all: &[Behaviour], at: Moment) -> bool {
        let link = || self.connection.link.is_up(self.behaviour(all), at);
        self.identity.enabled && self.connection.told.map_or_else(link, |told| told.connected)
    }

    /// When it next connects by itself, for a device that is not connected.
    pub(super) fn next_online(&self, all: &[Behaviour], at: Moment) -> Option<Moment> {
        let by_itself = self.identity.enabled && self.connection.told.is_none();
        by_itself.then(|| self.connection.link.next_up(self.behaviour(all), at)).flatten()
    }

    /// When it last connected or went away.
    pub(super) fn connection_changed(&self, all: &[Behaviour], at: Moment) -> Option<Moment> {
        if let Some(told) = self.connection.told {
            return Some(told.at);
        }
        match self.connection.link {
            Link::Down => None,
            Link::Up => Some(self.identity.created),
            Link::Flapping { .. } => self.connection.link.last_change(self.behaviour(all), at),
        }
    }

    /// Chance about this device.
    pub(super) fn draw(&self, seed: u64) -> Draw {
        Draw::of(seed).about(&self.id)
    }
}
