//! All devices and modules of the hub.

use serde::{Deserialize, Serialize};

use super::columns::Change;
use super::device::Device;
use super::moment::Moment;
use super::places::Places;

/// The place of a device or module. It is given to another only when no job is remembered whose
/// records may name the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Slot(pub(super) u32);

/// Set in the slots of modules.
const MODULE: u32 = 1 << 31;

/// Between device and module in the id of a module. No device id holds it.
pub(super) const SEPARATOR: char = '/';

/// All devices of the hub, and all modules. A module is kept as a device is, under the id
/// `<device>/<module>`, so that a job, a twin or a method need not know which of them it is about.
#[derive(Debug, Clone)]
pub(super) struct Devices {
    devices: Places,
    modules: Places,
}

impl Slot {
    /// All places of modules come after those of devices.
    pub(super) const FIRST_MODULE: Self = Self(MODULE);

    /// Whether it is the place of a module.
    pub(super) const fn is_module(self) -> bool {
        self.0 & MODULE != 0
    }
}

/// The id under which a module is kept.
pub(super) fn module_key(device_id: &str, module_id: &str) -> String {
    format!("{device_id}{SEPARATOR}{module_id}")
}

impl Devices {
    /// None, in a hub whose queries do not see a write for that many ticks.
    pub(super) fn new(lag: i64, now: Moment) -> Self {
        let mut devices = Self { devices: Places::new(0), modules: Places::new(MODULE) };
        devices.set_lag(lag, now);
        devices
    }

    /// Sets for how many ticks queries do not see a write.
    pub(super) fn set_lag(&mut self, lag: i64, now: Moment) {
        self.devices.set_lag(lag, now);
        self.modules.set_lag(lag, now);
    }

    /// Lets time go on.
    pub(super) fn pass_time(&mut self, now: Moment) {
        self.devices.pass_time(now);
        self.modules.pass_time(now);
    }

    /// Whether there are writes that queries do not see yet.
    pub(super) fn is_behind(&self) -> bool {
        self.devices.is_behind() || self.modules.is_behind()
    }

    /// How devices and modules were before writes that queries do not see yet.
    pub(super) fn images(&self) -> impl Iterator<Item = (Moment, Slot, Option<&Device>)> {
        self.devices.images().chain(self.modules.images())
    }

    /// Puts back one of [`Self::images`]; they must come in the same order.
    pub(super) fn restore_image(&mut self, at: Moment, slot: Slot, image: Option<Device>) {
        self.all_mut(slot.is_module()).restore_image(at, slot, image);
    }

    /// How many devices there are.
    pub(super) const fn len(&self) -> usize {
        self.devices.len()
    }

    /// How many devices there ever were.
    pub(super) const fn places(&self) -> usize {
        self.devices.places()
    }

    /// The modules.
    pub(super) const fn modules(&self) -> &Places {
        &self.modules
    }

    /// The modules.
    pub(super) const fn modules_mut(&mut self) -> &mut Places {
        &mut self.modules
    }

    /// Where a device is.
    pub(super) fn find(&self, id: &str) -> Option<Slot> {
        self.devices.find(id)
    }

    /// Where a module is.
    pub(super) fn find_module(&self, device_id: &str, module_id: &str) -> Option<Slot> {
        self.modules.find(&module_key(device_id, module_id))
    }

    /// The places of the modules of a device, by id.
    pub(super) fn modules_of(&self, device_id: &str) -> &[Slot] {
        let prefix = module_key(device_id, "");
        let rest = self.modules.order_from(&prefix);
        &rest[..rest.partition_point(|slot| self.modules.id(*slot).starts_with(&prefix))]
    }

    /// The device or module at a place, unless it was deleted.
    pub(super) fn get(&self, slot: Slot) -> Option<&Device> {
        self.of(slot).get(slot)
    }

    /// The device or module at a place, unless it was deleted.
    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Device> {
        self.all_mut(slot.is_module()).get_mut(slot)
    }

    /// The device or module at a place, unless it was deleted, to be changed in this way only.
    pub(super) fn change(&mut self, slot: Slot, change: Change<'_>) -> Option<&mut Device> {
        self.all_mut(slot.is_module()).change(slot, change)
    }

    /// The id of the device or module that is or was at a place.
    pub(super) fn id(&self, slot: Slot) -> &str {
        self.of(slot).id(slot)
    }

    /// Takes in a device whose id is new. Cheap for ids that come in order.
    /// Places of deleted ones that no job from `oldest_job` on can name are used again.
    pub(super) fn insert(&mut self, device: Device, oldest_job: u64) -> Slot {
        self.devices.insert(device, oldest_job)
    }

    /// Takes in many devices whose ids are new.
    pub(super) fn extend(&mut self, devices: Vec<Device>) {
        self.devices.extend(devices);
    }

    /// Deletes a device or module. Jobs from `next_job` on do not know it.
    pub(super) fn remove(&mut self, slot: Slot, next_job: u64) {
        self.all_mut(slot.is_module()).remove(slot, next_job);
    }

    /// All devices, by id.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (Slot, &Device)> {
        self.devices.iter()
    }

    /// All places of devices in order of creation: the device, or the id of the one that was deleted.
    pub(super) fn all_places(&self) -> impl Iterator<Item = Result<&Device, (&str, u64)>> {
        self.devices.all_places()
    }

    /// Appends the next place of a snapshot; [`Self::sort`] must follow the last.
    pub(super) fn restore(&mut self, place: Result<Device, (Box<str>, u64)>) {
        self.devices.restore(place);
    }

    /// Puts the devices and modules in order. Says whether every id is there once.
    pub(super) fn sort(&mut self) -> bool {
        self.devices.sort() && self.modules.sort()
    }

    /// Whether there is or was something at a place.
    pub(super) fn holds(&self, slot: Slot) -> bool {
        self.of(slot).holds(slot)
    }

    /// The device or module at a place that is in the order.
    pub(super) fn device(&self, slot: Slot) -> &Device {
        self.of(slot).device(slot)
    }

    /// The devices, or the modules.
    pub(super) const fn all(&self, modules: bool) -> &Places {
        if modules { &self.modules } else { &self.devices }
    }

    /// The devices, or the modules.
    pub(super) const fn all_mut(&mut self, modules: bool) -> &mut Places {
        if modules { &mut self.modules } else { &mut self.devices }
    }

    const fn of(&self, slot: Slot) -> &Places {
        self.all(slot.is_module())
    }
}
