//! What queries and jobs see when the index of the hub lags: every device as it was a while ago.
//!
//! A device that was written lately has images of how it was before each write. All others are as
//! they are, so that a lag costs what is written while it lasts.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::device::Device;
use super::devices::Slot;
use super::moment::Moment;

/// The devices that were written lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Lagged {
    /// How long a write stays unseen, in ticks.
    lag: i64,
    now: Moment,
    /// Writes that are not seen yet, in order.
    writes: VecDeque<(Moment, Slot)>,
    /// What each of these devices was before its writes; nothing if it did not exist.
    images: FxHashMap<Slot, VecDeque<Option<Box<Device>>>>,
    /// The devices that are seen, by id.
    order: Vec<Slot>,
}

/// A write that is seen from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Surfaced {
    pub(super) slot: Slot,
    /// Whether the device existed before.
    pub(super) existed: bool,
}

/// What is seen of a device.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen<'a> {
    /// What it is.
    Current,
    /// What it was; nothing if it did not exist.
    Image(Option<&'a Device>),
}

impl Lagged {
    /// Nothing was written lately.
    pub(super) fn new(lag: i64, now: Moment, order: Vec<Slot>) -> Self {
        Self { lag, now, order, ..Self::default() }
    }

    /// Sets how long a write stays unseen.
    pub(super) const fn set_lag(&mut self, lag: i64) {
        self.lag = lag;
    }

    /// Lets time go on.
    pub(super) const fn pass_time(&mut self, now: Moment) {
        self.now = now;
    }

    /// A device is about to be written.
    pub(super) fn remember(&mut self, slot: Slot, image: Option<Box<Device>>) {
        self.remember_at(self.now, slot, image);
    }

    /// A device was written.
    pub(super) fn remember_at(&mut self, at: Moment, slot: Slot, image: Option<Box<Device>>) {
        self.writes.push_back((at, slot));
        self.images.entry(slot).or_default().push_back(image);
    }

    /// Whether there are writes that are not seen yet.
    pub(super) fn is_behind(&self) -> bool {
        self.writes.back().is_some_and(|(at, _)| at.plus(self.lag) > self.now)
    }

    /// What is seen of a device.
    pub(super) fn seen(&self, slot: Slot) -> Seen<'_> {
        match self.images.get(&slot).and_then(VecDeque::front) {
            Some(image) => Seen::Image(image.as_deref()),
            None => Seen::Current,
        }
    }

    /// The next write that is seen by now.
    pub(super) fn surface(&mut self) -> Option<Surfaced> {
        let (_, slot) = self.writes.pop_front_if(|(at, _)| at.plus(self.lag) <= self.now)?;
        let images = self.images.get_mut(&slot)?;
        let image = images.pop_front()?;
        if images.is_empty() {
            self.images.remove(&slot);
        }
        Some(Surfaced { slot, existed: image.is_some() })
    }

    /// The devices that are seen, by id.
    pub(super) fn order(&self) -> &[Slot] {
        &self.order
    }

    /// The devices that are seen, by id.
    pub(super) const fn order_mut(&mut self) -> &mut Vec<Slot> {
        &mut self.order
    }

    /// The devices that have images.
    pub(super) fn written(&self) -> Vec<Slot> {
        self.images.keys().copied().collect()
    }

    /// The images that still count, in order.
    pub(super) fn images(&self) -> impl Iterator<Item = (Moment, Slot, Option<&Device>)> {
        let mut passed: FxHashMap<Slot, usize> = FxHashMap::default();
        let all = self.writes.iter().filter_map(move |(at, slot)| {
            let passed = passed.entry(*slot).or_default();
            let image = self.images.get(slot)?.get(*passed)?;
            *passed += 1;
            Some((*at, *slot, image.as_deref()))
        });
        all.filter(|(at, ..)| at.plus(self.lag) > self.now)
    }
}
