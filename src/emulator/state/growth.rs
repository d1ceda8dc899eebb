//! Taking a fleet in: simulated devices and their behaviour.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::behaviour::Behaviour;
use super::device::{Connection, Device};
use super::fault::HubFault;
use super::hub::HubState;
use super::identity::Identity;
use super::keys::Keys;
use super::limits::{Part, check_patch};
use super::moment::Moment;
use super::patch::Patch;
use super::twin::Twin;
use crate::emulator::fleet::{Seedling, seedling};
use crate::model::{DeviceGroup, DeviceId, Fleet, InvalidDeviceId};

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
        let mut devices = Vec::with_capacity(fleet.groups.iter().map(|group| group.count as usize).sum());
        let mut taken = BTreeSet::new();
        for group in &fleet.groups {
            let behaviour = u32::try_from(self.behaviours.len()).ok();
            self.behaviours.push(Behaviour::of(group, &mut self.keys));
            // Ids of one group differ by their number; other groups may use the same ones.
            let several = fleet.groups.len() > 1;
            for first in (1..=group.count).step_by(BATCH) {
                let numbers = first..=group.count.min(first.saturating_add(BATCH as u32 - 1));
                let grown: Vec<_> = numbers.into_par_iter().map(|number| grow_one(fleet.seed, group, number)).collect();
                let mut seedlings = Vec::with_capacity(grown.len());
                for seedling in grown {
                    let seedling = seedling?;
                    if self.devices.find(&seedling.id).is_some() || (several && !taken.insert(seedling.id.clone())) {
                        continue;
                    }
                    for part in [&seedling.tags, &seedling.desired, &seedling.reported] {
                        self.keys.intern_all(part);
                    }
                    seedlings.push(seedling);
                }
                let (keys, now) = (&self.keys, self.now);
                // All names are known by now, so that no copy of them grows.
                let plant = |keys: &mut Keys, seedling| plant(seedling, &group.name, behaviour, keys, now);
                let planted: Vec<_> = seedlings.into_par_iter().map_init(|| keys.clone(), plant).collect();
                for device in planted {
                    devices.push(device?);
                }
            }
        }
        Ok(devices)
    }
}

/// So many devices are grown at a time, on all cores.
const BATCH: usize = 16_384;

/// A device to be, of which all is checked that can be before it is packed.
fn grow_one(seed: u64, group: &DeviceGroup, number: u32) -> Result<Seedling, FleetRefused> {
    let seedling = seedling(seed, group, number);
    let (id, group) = (&seedling.id, &group.name);
    if let Err(problem) = DeviceId::new(id) {
        return Err(FleetRefused::Id { group: group.clone(), id: id.clone(), problem });
    }
    let parts =
        [(Part::Tags, &seedling.tags), (Part::Desired, &seedling.desired), (Part::Reported, &seedling.reported)];
    for (part, content) in parts {
        if let Err(fault) = check_patch(part, content) {
            return Err(FleetRefused::Twin { group: group.clone(), id: id.clone(), fault });
        }
    }
    Ok(seedling)
}

fn plant(
    seedling: Seedling,
    group: &str,
    behaviour: Option<u32>,
    keys: &mut Keys,
    now: Moment,
) -> Result<Device, FleetRefused> {
    let Seedling { id, tags, desired, reported, link } = seedling;
    let [tags, desired, reported] = [tags, desired, reported].map(|content| Patch::compile(&content, keys));
    let twin = Twin::new(&tags, &desired, &reported, now);
    if let Err(fault) = twin.check_sizes(keys) {
        return Err(FleetRefused::Twin { group: group.to_owned(), id, fault });
    }
    Ok(Device {
        identity: Identity::seeded(&id, now),
        id: id.into(),
        twin,
        connection: Connection { link, behaviour, ..Connection::NONE },
    })
}
