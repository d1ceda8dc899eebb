//! The hub's jobs, sorted into what is ours and what is not.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Digit, JobId, ManifestName, ObservedJob, OccurrenceKey, OwnJobId, Owner};

/// An own job: its id taken apart, and what the hub says of it.
#[derive(Debug, Clone)]
pub(super) struct OwnJob<'a> {
    pub(super) id: OwnJobId,
    pub(super) seen: &'a ObservedJob,
}

impl OwnJob<'_> {
    /// Alive or ended other than by a cancel: the slot counts as run.
    pub(super) fn has_run(&self) -> bool {
        !self.seen.status.is_cancellable() && self.seen.status != crate::model::JobStatus::Cancelled
    }
}

/// What tells the slots of one manifest apart.
pub(super) type SlotOfName = (OccurrenceKey, Digit, Digit);

/// The hub's jobs by owner, manifest and slot.
#[derive(Debug, Default)]
pub(super) struct Inventory<'a> {
    own: HashMap<ManifestName, BTreeMap<SlotOfName, Vec<OwnJob<'a>>>>,
    /// Every job that holds a lane, own or foreign.
    pub(super) active: Vec<&'a ObservedJob>,
    /// Foreign jobs that hold a lane, sorted.
    pub(super) foreign_active: Vec<JobId>,
}

impl<'a> Inventory<'a> {
    pub(super) fn new(owner: &Owner, observed: &'a [ObservedJob]) -> Self {
        let mut inventory = Self::default();
        let prefix = format!("hj1-{owner}-");
        for seen in observed {
            // Taking an id apart costs more than comparing its start, and most ids may be foreign.
            let own = seen.id.as_str().starts_with(&prefix).then(|| seen.id.own()).flatten();
            if !seen.status.is_terminal() {
                inventory.active.push(seen);
                if own.is_none() {
                    inventory.foreign_active.push(seen.id.clone());
                }
            }
            if let Some(id) = own {
                let slot = (id.occurrence, id.unit.wave, id.unit.generation);
                let jobs = inventory.own.entry(id.name.clone()).or_default();
                jobs.entry(slot).or_default().push(OwnJob { id, seen });
            }
        }
        inventory.active.sort_by(|a, b| a.id.cmp(&b.id));
        inventory.foreign_active.sort();
        for jobs in inventory.own.values_mut().flat_map(BTreeMap::values_mut) {
            jobs.sort_by(|a, b| a.seen.id.cmp(&b.seen.id));
        }
        inventory
    }

    /// The jobs in one slot, by id: lower sequences first.
    pub(super) fn in_slot(&self, name: &ManifestName, slot: SlotOfName) -> &[OwnJob<'a>] {
        self.own.get(name).and_then(|slots| slots.get(&slot)).map_or(&[], Vec::as_slice)
    }

    /// The jobs of one manifest, by slot.
    pub(super) fn of_name(&self, name: &ManifestName) -> impl Iterator<Item = &OwnJob<'a>> {
        self.own.get(name).into_iter().flat_map(BTreeMap::values).flatten()
    }

    /// Own jobs that have not started, in no particular order.
    pub(super) fn own_waiting(&self) -> impl Iterator<Item = &OwnJob<'a>> {
        let all = self.own.values().flat_map(BTreeMap::values).flatten();
        all.filter(|job| job.seen.status.is_cancellable())
    }

    /// Own jobs that hold a lane.
    pub(super) fn own_active_count(&self) -> usize {
        self.active.len() - self.foreign_active.len()
    }
}
