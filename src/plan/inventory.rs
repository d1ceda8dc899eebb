//! The hub's jobs, sorted into what is ours and what is not.

use super::adopt::Adoptions;
use super::input::PlanInput;
use crate::model::{Digit, FormerNames, JobId, JobStatus, ManifestName, ObservedJob, OccurrenceKey, OwnJobId, SlotKey};

/// A job that counts as ours: what it stands for, and what the hub says of it.
#[derive(Debug, Clone)]
pub(super) struct OwnJob<'a> {
    /// Its id taken apart, under the name that its manifest has now. The id on the hub is that of
    /// `seen`.
    pub(super) id: OwnJobId,
    pub(super) seen: &'a ObservedJob,
    /// Somebody else created it, and a manifest adopts it: it is never cancelled.
    pub(super) is_adopted: bool,
}

impl OwnJob<'_> {
    /// Ours, and not started: it may be cancelled.
    pub(super) fn is_cancellable(&self) -> bool {
        !self.is_adopted && self.seen.status.is_cancellable()
    }

    /// Alive or ended other than by a cancel: the slot counts as run.
    pub(super) fn has_run(&self) -> bool {
        !self.seen.status.is_cancellable() && self.seen.status != JobStatus::Cancelled
    }

    /// What tells the slots of one manifest apart.
    fn slot(&self) -> (OccurrenceKey, Digit, Digit) {
        (self.id.occurrence, self.id.unit.wave, self.id.unit.generation)
    }
}

/// The hub's jobs by owner, manifest and slot.
#[derive(Debug, Default)]
pub(super) struct Inventory<'a> {
    /// By manifest, slot, sequence and id.
    own: Vec<OwnJob<'a>>,
    /// Every job that holds a lane, own or foreign.
    pub(super) active: Vec<&'a ObservedJob>,
    /// Foreign jobs that hold a lane and that no manifest adopts, sorted.
    pub(super) foreign_active: Vec<JobId>,
}

impl<'a> Inventory<'a> {
    pub(super) fn new(input: &PlanInput<'a>) -> Self {
        let mut inventory = Self::default();
        let manifests = input.manifests.iter().map(AsRef::as_ref);
        let (former_names, adoptions) = (FormerNames::new(manifests.clone()), Adoptions::new(input.owner, manifests));
        let prefix = format!("hj1-{}-", input.owner);
        for seen in input.observed {
            // Taking an id apart costs more than comparing its start, and most ids may be foreign.
            let id = seen.id.as_str().starts_with(&prefix).then(|| seen.id.own()).flatten();
            let own = id.map(|id| OwnJob { id: under_current_name(id, &former_names), seen, is_adopted: false });
            let own = own.or_else(|| adoptions.adopted(seen));
            if !seen.status.is_terminal() {
                inventory.active.push(seen);
                if own.is_none() {
                    inventory.foreign_active.push(seen.id.clone());
                }
            }
            inventory.own.extend(own);
        }
        inventory.active.sort_by(|a, b| a.id.cmp(&b.id));
        inventory.foreign_active.sort();
        // Cheap when they came by id, which is nearly this order.
        inventory.own.sort_by(|a, b| {
            let by_name = a.id.name.cmp(&b.id.name);
            // Under two names, the ids of a slot are not in the order of their sequence.
            let by_unit = || a.slot().cmp(&b.slot()).then_with(|| a.id.unit.cmp(&b.id.unit));
            by_name.then_with(by_unit).then_with(|| a.seen.id.cmp(&b.seen.id))
        });
        inventory
    }

    /// Every job that counts as ours, by manifest, slot and sequence.
    pub(super) fn own(&self) -> impl Iterator<Item = &OwnJob<'a>> {
        self.own.iter()
    }

    /// The own jobs, manifest by manifest.
    pub(super) fn walk(&self) -> Walk<'a, '_> {
        Walk(&self.own)
    }

    /// Own jobs that have not started and were not adopted, by manifest, slot and id.
    pub(super) fn own_waiting(&self) -> impl Iterator<Item = &OwnJob<'a>> {
        self.own.iter().filter(|job| job.is_cancellable())
    }

    /// Own and adopted jobs that hold a lane, sorted.
    pub(super) fn own_active(&self) -> Vec<JobId> {
        let is_own = |id: &&JobId| self.foreign_active.binary_search(id).is_err();
        self.active.iter().map(|job| &job.id).filter(is_own).cloned().collect()
    }
}

fn under_current_name(mut id: OwnJobId, former_names: &FormerNames) -> OwnJobId {
    let current = former_names.current(&id.name);
    if *current != id.name {
        id.name = current.clone();
    }
    id
}

/// The own jobs that were not yet walked past.
#[derive(Debug)]
pub(super) struct Walk<'a, 'b>(&'b [OwnJob<'a>]);

impl<'a, 'b> Walk<'a, 'b> {
    /// The jobs of one manifest. Names must come in ascending order: jobs of smaller names are left
    /// behind.
    pub(super) fn of_name(&mut self, name: &ManifestName) -> OwnJobs<'a, 'b> {
        let behind = self.0.iter().take_while(|job| job.id.name < *name).count();
        self.0 = &self.0[behind..];
        let len = self.0.iter().take_while(|job| job.id.name == *name).count();
        OwnJobs(&self.0[..len])
    }
}

/// The jobs of one manifest, by slot and id.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnJobs<'a, 'b>(&'b [OwnJob<'a>]);

impl<'a, 'b> OwnJobs<'a, 'b> {
    pub(super) fn iter(self) -> std::slice::Iter<'b, OwnJob<'a>> {
        self.0.iter()
    }

    /// The jobs in one slot: lower sequences first.
    pub(super) fn in_slot(self, slot: &SlotKey) -> &'b [OwnJob<'a>] {
        let slot = (slot.occurrence, slot.wave, slot.generation);
        let begin = self.0.partition_point(|job| job.slot() < slot);
        let len = self.0[begin..].partition_point(|job| job.slot() == slot);
        &self.0[begin..begin + len]
    }
}
