//! Devices, or modules, by id and in the order of their ids.

use std::collections::BTreeSet;

use super::columns::{Change, Columns};
use super::device::Device;
use super::devices::Slot;
use super::lagged::{Lagged, Seen};

/// Devices, or modules, each at a place of its own.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// What sets the slots of this kind apart from those of the other.
    pub(super) mark: u32,
    pub(super) places: Vec<Place>,
    /// Devices that exist, by id.
    pub(super) order: Vec<Slot>,
    /// Places that were left: the first job that does not know them, and where they are.
    left: BTreeSet<(u64, u32)>,
    pub(super) columns: Columns,
    /// Only in a hub whose queries do not see a write at once.
    pub(super) lagged: Option<Box<Lagged>>,
}

#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly all places are taken")]
pub(super) enum Place {
    Taken(Device),
    /// The device of this id was deleted; jobs from this number on do not know it.
    Left(Box<str>, u64),
}

impl Place {
    /// The device there, unless it was deleted.
    pub(super) const fn device(&self) -> Option<&Device> {
        match self {
            Self::Taken(device) => Some(device),
            Self::Left(..) => None,
        }
    }
}

impl Places {
    /// No places yet. Their slots will carry the mark.
    pub(super) fn new(mark: u32) -> Self {
        Self {
            mark,
            places: Vec::new(),
            order: Vec::new(),
            left: BTreeSet::new(),
            columns: Columns::default(),
            lagged: None,
        }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.order.len()
    }

    /// How many there ever were.
    pub(super) const fn places(&self) -> usize {
        self.places.len()
    }

    /// Where a device is.
    pub(super) fn find(&self, id: &str) -> Option<Slot> {
        self.order.binary_search_by(|slot| self.id(*slot).cmp(id)).ok().map(|at| self.order[at])
    }

    /// The device at a place, unless it was deleted.
    pub(super) fn get(&self, slot: Slot) -> Option<&Device> {
        match self.places.get(self.at(slot))? {
            Place::Taken(device) => Some(device),
            Place::Left(..) => None,
        }
    }

    /// The device at a place, unless it was deleted, to be changed in any way.
    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Device> {
        self.change(slot, Change::All)
    }

    /// The device at a place, unless it was deleted, to be changed in this way.
    pub(super) fn change(&mut self, slot: Slot, change: Change<'_>) -> Option<&mut Device> {
        let at = self.at(slot);
        if self.lagged.is_some() {
            self.remember(slot);
        } else {
            self.columns.changed(slot, change, self.places.len());
        }
        match self.places.get_mut(at)? {
            Place::Taken(device) => Some(device),
            Place::Left(..) => None,
        }
    }

    /// The id of the device that is or was at a place.
    pub(super) fn id(&self, slot: Slot) -> &str {
        match self.places.get(self.at(slot)) {
            Some(Place::Taken(device)) => &device.id,
            Some(Place::Left(id, _)) => id,
            None => "",
        }
    }

    /// Takes in a device whose id is new. Cheap for ids that come in order. Places that no job from
    /// `oldest_job` on can name are used again.
    pub(super) fn insert(&mut self, device: Device, oldest_job: u64) -> Slot {
        self.surface();
        let slot = match self.vacant(oldest_job) {
            Some(at) => {
                self.remember(Slot(at | self.mark));
                self.places[at as usize] = Place::Taken(device);
                Slot(at | self.mark)
            }
            None => {
                let slot = self.append(Place::Taken(device));
                self.remember_as(slot, None);
                slot
            }
        };
        if self.lagged.is_none() {
            self.columns.changed(slot, Change::All, self.places.len());
        }
        let at = self.order.partition_point(|other| self.id(*other) < self.id(slot));
        self.order.insert(at, slot);
        slot
    }

    /// Takes in many devices whose ids are new.
    pub(super) fn extend(&mut self, devices: Vec<Device>) {
        for device in devices {
            let slot = self.append(Place::Taken(device));
            self.order.push(slot);
        }
        self.columns.all_changed();
        self.sort();
    }

    /// Deletes a device. Jobs from `next_job` on do not know it.
    pub(super) fn remove(&mut self, slot: Slot, next_job: u64) {
        let id: Box<str> = self.id(slot).into();
        if let Ok(at) = self.order.binary_search_by(|other| self.id(*other).cmp(&id)) {
            self.order.remove(at);
            self.remember(slot);
            let place = self.at(slot);
            self.places[place] = Place::Left(id, next_job);
            self.left.insert((next_job, slot.0 & !self.mark));
        }
    }

    /// All devices, by id.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (Slot, &Device)> {
        self.order.iter().map(|slot| (*slot, self.device(*slot)))
    }

    /// The places of those whose ids come after this one, or are it.
    pub(super) fn order_from(&self, id: &str) -> &[Slot] {
        &self.order[self.order.partition_point(|slot| self.id(*slot) < id)..]
    }

    /// Whether there is or was something at a place.
    pub(super) const fn holds(&self, slot: Slot) -> bool {
        self.at(slot) < self.places.len()
    }

    /// All places in order of creation: the device, or the id of the one that was deleted.
    pub(super) fn all_places(&self) -> impl Iterator<Item = Result<&Device, (&str, u64)>> {
        self.places.iter().map(|place| match place {
            Place::Taken(device) => Ok(device),
            Place::Left(id, next_job) => Err((&**id, *next_job)),
        })
    }

    /// Appends the next place of a snapshot; [`Self::sort`] must follow the last.
    pub(super) fn restore(&mut self, place: Result<Device, (Box<str>, u64)>) {
        match place {
            Ok(device) => {
                let slot = self.append(Place::Taken(device));
                self.order.push(slot);
            }
            Err((id, next_job)) => {
                let slot = self.append(Place::Left(id, next_job));
                self.left.insert((next_job, slot.0 & !self.mark));
            }
        }
    }

    /// Puts the devices in order. Says whether every id is there once.
    pub(super) fn sort(&mut self) -> bool {
        let mut order = std::mem::take(&mut self.order);
        order.sort_by(|a, b| self.id(*a).cmp(self.id(*b)));
        let unique = order.windows(2).all(|pair| self.id(pair[0]) != self.id(pair[1]));
        self.order = order;
        self.order_seen();
        unique
    }

    /// The device at a place that is in the order.
    pub(super) fn device(&self, slot: Slot) -> &Device {
        self.get(slot).expect("the order names existing devices only")
    }

    /// A place that was left and that nothing remembers.
    fn vacant(&mut self, oldest_job: u64) -> Option<u32> {
        let first = *self.left.first()?;
        let forgotten = first.0 <= oldest_job;
        let unseen = || {
            matches!(self.lagged.as_ref().map(|lagged| lagged.seen(Slot(first.1 | self.mark))), Some(Seen::Image(_)))
        };
        if !forgotten || unseen() {
            return None;
        }
        self.left.remove(&first);
        Some(first.1)
    }

    fn append(&mut self, place: Place) -> Slot {
        let at = u32::try_from(self.places.len()).expect("memory ends before 2^31 devices");
        let slot = Slot(at | self.mark);
        self.places.push(place);
        slot
    }

    /// Which of all places it is.
    pub(super) const fn at(&self, slot: Slot) -> usize {
        (slot.0 & !self.mark) as usize
    }
}
