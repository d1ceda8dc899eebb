//! Taking a fleet in: simulated devices and their behaviour.

use std::collections::BTreeSet;

use super::behaviour::Behaviour;
use super::device::{Connection, Device};
use super::fault::HubFault;
use super::hub::HubState;
use super::identity::Identity;
use super::limits::{Part, check_patch};
use super::patch::Patch;
use super::twin::Twin;
use crate::emulator::fleet::{Seedling, seedlings};
use crate::model::{DeviceId, Fleet, InvalidDeviceId};

/// Why a fleet was not taken in. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FleetRefused {
    /// A pattern makes something that is no device id.
    #[error("group `{group}` makes the device id `{id}`: {problem}")]
    Id {
        /// Name of the group.
        group: String,
        /// What the pattern makes.
        id: String,
        /// What is wrong with it.
        problem: InvalidDeviceId,
    },
    /// A device would have a twin that the hub refuses.
    #[error("device `{id}` of group `{group}` would have a twin that the hub refuses: {}", fault.text)]
    Twin {
        /// Name of the group.
        group: String,
        /// Id of the device.
        id: String,
        /// The refusal.
        fault: HubFault,
    },
}

impl HubState {
    /// Takes in the devices of a fleet, all connected or not as their groups say; ids that are
    /// taken are passed over. Returns how many devices are new. This is no event: it belongs before
    /// the first snapshot.
    ///
    /// # Errors
    /// When a device is not possible; the hub is then as before.
    pub fn add_fleet(&mut self, fleet: &Fleet) -> Result<usize, FleetRefused> {
        let names_before = self.keys.len();
        let behaviours_before = self.behaviours.len();
        let grown = self.grow(fleet);
        match grown {
            Ok(devices) => {
                let count = devices.len();
                self.devices.extend(devices);
                Ok(count)
            }
            Err(refused) => {
                self.keys.truncate(names_before);
                self.behaviours.truncate(behaviours_before);
                Err(refused)
            }
        }
    }

    fn grow(&mut self, fleet: &Fleet) -> Result<Vec<Device>, FleetRefused> {
        let mut devices = Vec::new();
        let mut taken = BTreeSet::new();
        for group in &fleet.groups {
            let behaviour = u32::try_from(self.behaviours.len()).ok();
            self.behaviours.push(Behaviour::of(group, &mut self.keys));
            // Ids of one group differ by their number; other groups may use the same ones.
            let several = fleet.groups.len() > 1;
            for seedling in seedlings(fleet.seed, group) {
                if self.devices.find(&seedling.id).is_some() || (several && !taken.insert(seedling.id.clone())) {
                    continue;
                }
                devices.push(self.plant(seedling, &group.name, behaviour)?);
            }
        }
        Ok(devices)
    }

    fn plant(&mut self, seedling: Seedling, group: &str, behaviour: Option<u32>) -> Result<Device, FleetRefused> {
        let Seedling { id, tags, desired, reported, link } = seedling;
        if let Err(problem) = DeviceId::new(&id) {
            return Err(FleetRefused::Id { group: group.to_owned(), id, problem });
        }
        let parts = [(Part::Tags, &tags), (Part::Desired, &desired), (Part::Reported, &reported)];
        for (part, content) in parts {
            if let Err(fault) = check_patch(part, content) {
                return Err(FleetRefused::Twin { group: group.to_owned(), id, fault });
            }
        }
        let [tags, desired, reported] = parts.map(|(_, content)| Patch::compile(content, &mut self.keys));
        let twin = Twin::new(&tags, &desired, &reported, self.now);
        if let Err(fault) = twin.check_sizes(&self.keys) {
            return Err(FleetRefused::Twin { group: group.to_owned(), id, fault });
        }
        Ok(Device {
            identity: Identity::seeded(&id, self.now),
            id: id.into(),
            twin,
            connection: Connection { link, behaviour, ..Connection::NONE },
        })
    }
}
