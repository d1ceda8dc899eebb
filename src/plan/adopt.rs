//! Jobs of somebody else that fill a slot of ours (`spec.adopt`).
//!
//! An adopted job counts as ours for lanes and for the overlap rule, and fills the slot of its
//! manifest's `at` in generation 0, where a job of our own would stand: a raised generation asks for
//! a run of our own after it. Somebody else created it, so it is never cancelled and never replaced,
//! whatever the manifest says.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::inventory::OwnJob;
use crate::model::{
    Digit, JobId, Manifest, ObservedJob, OccurrenceKey, OccurrenceKind, OwnJobId, Owner, Schedule, SlotKey, Unit,
};

/// The jobs that manifests adopt.
pub(super) struct Adoptions<'a> {
    owner: &'a Owner,
    /// Of two manifests that adopt one job, which validation refuses, the first by name has it.
    by_id: BTreeMap<&'a JobId, &'a Manifest>,
}

impl<'a> Adoptions<'a> {
    pub(super) fn new(owner: &'a Owner, manifests: impl Iterator<Item = &'a Manifest>) -> Self {
        let mut by_id = BTreeMap::new();
        for manifest in manifests {
            let Some(id) = &manifest.adopt else { continue };
            let first = by_id.entry(id).or_insert(manifest);
            if manifest.name < first.name {
                *first = manifest;
            }
        }
        Self { owner, by_id }
    }

    /// The foreign job as a job of the manifest that adopts it, if one does.
    pub(super) fn adopted<'j>(&self, seen: &'j ObservedJob) -> Option<OwnJob<'j>> {
        let manifest = self.by_id.get(&seen.id)?;
        let Schedule::At(at) = &manifest.schedule else { return None };
        let occurrence = OccurrenceKey::new(OccurrenceKind::At, at.start)?;
        let body = seen.body.clone().unwrap_or_else(|| manifest.body());
        let (owner, name, unit) = (self.owner.clone(), manifest.name.clone(), Unit::default());
        let id = OwnJobId { owner, name, occurrence, unit, revision: body.revision() };
        Some(OwnJob { id, seen, is_adopted: true })
    }
}

/// Whether a slot of a manifest is filled by the job that the manifest adopts.
pub(super) fn adopts(manifest: &Manifest, slot: &SlotKey) -> bool {
    manifest.adopt.is_some() && slot.occurrence.kind() == OccurrenceKind::At && slot.generation == Digit::ZERO
}

/// Whether a job starts in the minute of a slot. A job without a start began when it was created; of
/// one that tells neither, nothing contradicts the slot.
pub(super) fn matches_slot(job: &ObservedJob, slot: &SlotKey) -> bool {
    let minute = |instant: Timestamp| instant.as_second().div_euclid(60);
    job.start.or(job.created).is_none_or(|start| minute(start) == minute(slot.occurrence.start()))
}
