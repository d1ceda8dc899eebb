//! Devices, or modules, by id and in the order of their ids.

use super::columns::{Change, Columns, Source};
use super::device::Device;
use super::devices::Slot;

/// Devices, or modules, each at a place of its own.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// What sets the slots of this kind apart from those of the other.
    mark: u32,
    places: Vec<Place>,
    /// Devices that exist, by id.
    order: Vec<Slot>,
    columns: Columns,
}

#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly all places are taken")]
enum Place {
    Taken(Device),
    /// The device of this id was deleted.
    Left(Box<str>),
}

impl Places {
    /// No places yet. Their slots will carry the mark.
    pub(super) fn new(mark: u32) -> Self {
        Self { mark, places: Vec::new(), order: Vec::new(), columns: Columns::default() }
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
            Place::Left(_) => None,
        }
    }

    /// The device at a place, unless it was deleted, to be changed in any way.
    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Device> {
        self.change(slot, Change::All)
    }

    /// The device at a place, unless it was deleted, to be changed in this way.
    pub(super) fn change(&mut self, slot: Slot, change: Change<'_>) -> Option<&mut Device> {
        let at = self.at(slot);
        self.columns.changed(slot, change, self.places.len());
        match self.places.get_mut(at)? {
            Place::Taken(device) => Some(device),
            Place::Left(_) => None,
        }
    }

    /// The id of the device that is or was at a place.
    pub(super) fn id(&self, slot: Slot) -> &str {
        match self.places.get(self.at(slot)) {
            Some(Place::Taken(device)) => &device.id,
            Some(Place::Left(id)) => id,
            None => "",
        }
    }

    /// Takes in a device whose id is new. Cheap for ids that come in order.
    pub(super) fn insert(&mut self, device: Device) -> Slot {
        let slot = self.append(Place::Taken(device));
        self.columns.changed(slot, Change::All, self.places.len());
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

    /// Deletes a device.
    pub(super) fn remove(&mut self, slot: Slot) {
        let id: Box<str> = self.id(slot).into();
        if let Ok(at) = self.order.binary_search_by(|other| self.id(*other).cmp(&id)) {
            self.order.remove(at);
            let place = self.at(slot);
            self.places[place] = Place::Left(id);
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
    pub(super) fn all_places(&self) -> impl Iterator<Item = Result<&Device, &str>> {
        self.places.iter().map(|place| match place {
            Place::Taken(device) => Ok(device),
            Place::Left(id) => Err(&**id),
        })
    }

    /// Appends the next place of a snapshot; [`Self::sort`] must follow the last.
    pub(super) fn restore(&mut self, place: Result<Device, Box<str>>) {
        match place {
            Ok(device) => {
                let slot = self.append(Place::Taken(device));
                self.order.push(slot);
            }
            Err(id) => {
                self.append(Place::Left(id));
            }
        }
    }

    /// Puts the devices in order. Says whether every id is there once.
    pub(super) fn sort(&mut self) -> bool {
        let mut order = std::mem::take(&mut self.order);
        order.sort_by(|a, b| self.id(*a).cmp(self.id(*b)));
        let unique = order.windows(2).all(|pair| self.id(pair[0]) != self.id(pair[1]));
        self.order = order;
        unique
    }

    /// The device at a place that is in the order.
    pub(super) fn device(&self, slot: Slot) -> &Device {
        self.get(slot).expect("the order names existing devices only")
    }

    /// Gets columns ready for a query.
    pub(super) fn prepare(&mut self, sources: &[&Source]) {
        let (places, mark) = (&self.places, self.mark);
        let device = |at: usize| match places.get(at) {
            Some(Place::Taken(device)) => Some(device),
            _ => None,
        };
        self.columns.prepare(sources, places.len(), |slot| (slot.0 & !mark) as usize, device);
    }

    /// The columns.
    pub(super) const fn columns(&self) -> &Columns {
        &self.columns
    }

    /// A device as queries see it.
    pub(super) fn seen(&self, slot: Slot) -> &Device {
        self.device(slot)
    }

    /// Where queries see the device of that id.
    pub(super) fn find_seen(&self, id: &str) -> Option<Slot> {
        self.find(id)
    }

    /// The places of all devices that queries see, by id.
    pub(super) fn seen_order(&self) -> &[Slot] {
        &self.order
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
