//! What queries and jobs see of devices: their columns, and how they were if the index lags.

use super::columns::{Change, Columns, Source};
use super::device::Device;
use super::devices::Slot;
use super::lagged::{Lagged, Seen};
use super::moment::Moment;
use super::places::Places;

impl Places {
    /// Gets columns ready for a query.
    pub(super) fn prepare(&mut self, sources: &[&Source]) {
        self.surface();
        let Self { places, mark, columns, lagged, .. } = self;
        let (places, lagged, mark) = (&*places, lagged.as_deref(), *mark);
        let current = |at: usize| places.get(at).and_then(super::places::Place::device);
        let seen = |at: usize| match lagged {
            None => current(at),
            Some(lagged) => match lagged.seen(Slot(u32::try_from(at).unwrap_or(u32::MAX) | mark)) {
                Seen::Image(image) => image,
                Seen::Current => current(at),
            },
        };
        columns.prepare(sources, places.len(), |slot| (slot.0 & !mark) as usize, seen);
    }

    /// The columns.
    pub(super) const fn columns(&self) -> &Columns {
        &self.columns
    }

    /// A device as queries see it. It must be one of [`Self::seen_order`].
    pub(super) fn seen(&self, slot: Slot) -> &Device {
        match self.lagged.as_ref().map(|lagged| lagged.seen(slot)) {
            Some(Seen::Image(Some(image))) => image,
            _ => self.device(slot),
        }
    }

    /// Where queries see the device of that id.
    pub(super) fn find_seen(&self, id: &str) -> Option<Slot> {
        let order = self.seen_order();
        order.binary_search_by(|slot| self.id(*slot).cmp(id)).ok().map(|at| order[at])
    }

    /// The places of all devices that queries see, by id.
    pub(super) fn seen_order(&self) -> &[Slot] {
        self.lagged.as_ref().map_or(&self.order, |lagged| lagged.order())
    }

    /// Sets for how many ticks queries do not see a write.
    pub(super) fn set_lag(&mut self, lag: i64, now: Moment) {
        match &mut self.lagged {
            None if lag > 0 => self.lagged = Some(Box::new(Lagged::new(lag, now, self.order.clone()))),
            Some(lagged) if lag > 0 => lagged.set_lag(lag),
            Some(_) => {
                self.lagged = None;
                self.columns.all_changed();
            }
            None => {}
        }
    }

    /// Lets time go on.
    pub(super) fn pass_time(&mut self, now: Moment) {
        if let Some(lagged) = &mut self.lagged {
            lagged.pass_time(now);
        }
    }

    /// Whether there are writes that queries do not see yet.
    pub(super) fn is_behind(&self) -> bool {
        self.lagged.as_ref().is_some_and(|lagged| lagged.is_behind())
    }

    /// How devices were before writes that queries do not see yet.
    pub(super) fn images(&self) -> impl Iterator<Item = (Moment, Slot, Option<&Device>)> {
        self.lagged.iter().flat_map(|lagged| lagged.images())
    }

    /// Puts back one of [`Self::images`].
    pub(super) fn restore_image(&mut self, at: Moment, slot: Slot, image: Option<Device>) {
        if let Some(lagged) = &mut self.lagged {
            lagged.remember_at(at, slot, image.map(Box::new));
        }
    }

    /// Keeps how a device is before it is changed, if queries are to see that for a while.
    pub(super) fn remember(&mut self, slot: Slot) {
        if self.lagged.is_some() {
            let image = self.get(slot).cloned().map(Box::new);
            self.remember_as(slot, image);
        }
    }

    /// Keeps how a device was.
    pub(super) fn remember_as(&mut self, slot: Slot, image: Option<Box<Device>>) {
        if let Some(lagged) = &mut self.lagged {
            lagged.remember(slot, image);
            self.surface();
        }
    }

    /// Lets queries see what was written long enough ago.
    pub(super) fn surface(&mut self) {
        let Some(mut lagged) = self.lagged.take() else { return };
        while let Some(surfaced) = lagged.surface() {
            let slot = surfaced.slot;
            let exists = self.exists_in(&lagged, slot);
            self.columns.changed(slot, Change::All, self.places.len());
            let id = self.id(slot);
            let at = lagged.order().binary_search_by(|other| self.id(*other).cmp(id));
            match at {
                Ok(at) if surfaced.existed && !exists && lagged.order()[at] == slot => {
                    lagged.order_mut().remove(at);
                }
                Err(at) if !surfaced.existed && exists => lagged.order_mut().insert(at, slot),
                _ => {}
            }
        }
        self.lagged = Some(lagged);
    }

    /// Puts in order what queries see, once all is restored.
    pub(super) fn order_seen(&mut self) {
        let Some(mut lagged) = self.lagged.take() else { return };
        let written = lagged.written();
        let mut order: Vec<Slot> = self.order.iter().copied().filter(|slot| self.exists_in(&lagged, *slot)).collect();
        order.extend(written.into_iter().filter(|slot| self.get(*slot).is_none() && self.exists_in(&lagged, *slot)));
        order.sort_by(|a, b| self.id(*a).cmp(self.id(*b)));
        *lagged.order_mut() = order;
        self.lagged = Some(lagged);
    }

    fn exists_in(&self, lagged: &Lagged, slot: Slot) -> bool {
        match lagged.seen(slot) {
            Seen::Image(image) => image.is_some(),
            Seen::Current => self.get(slot).is_some(),
        }
    }
}
