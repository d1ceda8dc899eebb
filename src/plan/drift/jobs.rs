//! Jobs that are not as the plan of their manifest left them.

use std::collections::HashSet;

use jiff::SignedDuration;

use crate::model::{JobId, ManifestName, OccurrenceKey, OccurrenceKind};
use crate::plan::input::PlanInput;
use crate::plan::inventory::Inventory;
use crate::plan::row::{BlockedReason, CancelReason, CreateReason, IdleReason, Plan, Row, Step};

/// The hub forgets a job 30 days after it ran: of an older one, nothing can be said.
const MEMORY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A job that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDrift {
    /// Its manifest.
    pub name: ManifestName,
    /// Which run.
    pub occurrence: OccurrenceKey,
    /// `spec.generation` of the run.
    pub generation: u8,
    /// The job; nothing when there is none. Of an adopted one, text of the hub.
    pub id: Option<JobId>,
    /// What is wrong.
    pub kind: JobDriftKind,
}

/// What is wrong with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobDriftKind {
    /// It is due, or was, and the hub has none.
    Missing,
    /// It does something else than its id, or the manifest that adopts it, says.
    Altered,
    /// Somebody cancelled it.
    Cancelled,
}

impl JobDriftKind {
    /// Stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.explained().code
    }
}

/// The jobs that are not as they should be, by manifest and start.
///
/// A run that an apply would create, now or when a lane is free, is missing; one that waits for its
/// time is not. Of a recurring manifest only the runs count that may still start: nobody can tell
/// since when it is in git.
#[must_use]
pub fn job_drift(plan: &Plan, input: &PlanInput<'_>) -> Vec<JobDrift> {
    let held = |row: &&Row| matches!(row.step, Step::Cancel { reason: CancelReason::HeldReplacement, .. });
    let replaced: HashSet<_> = plan.rows.iter().filter(held).map(|row| (&row.name, row.occurrence)).collect();
    let of_row = |row: &Row| {
        let (id, kind) = match &row.step {
            Step::Create(create) => match create.reason {
                CreateReason::SlotEmpty | CreateReason::LateWithinDeadline => (None, JobDriftKind::Missing),
                CreateReason::ResumeReplace => (None, JobDriftKind::Cancelled),
                CreateReason::ReplaceBeforeStart => return None,
            },
            Step::Deferred(_) if !replaced.contains(&(&row.name, row.occurrence)) => (None, JobDriftKind::Missing),
            Step::Blocked { id, reason: BlockedReason::CancelledSlot } => (id.clone(), JobDriftKind::Cancelled),
            Step::Blocked { id, reason: BlockedReason::AdoptedUnknown } => (id.clone(), JobDriftKind::Missing),
            Step::Blocked { id, reason: BlockedReason::AdoptedDiffers } => (id.clone(), JobDriftKind::Altered),
            Step::Idle { id: None, reason: IdleReason::Missed } if is_remembered(row, input) => {
                (None, JobDriftKind::Missing)
            }
            _ => return None,
        };
        let (name, occurrence, generation) = (row.name.clone(), row.occurrence, row.generation);
        Some(JobDrift { name, occurrence, generation, id, kind })
    };
    let mut drift: Vec<_> = plan.rows.iter().filter_map(of_row).collect();
    drift.extend(altered(input));
    let key = |job: &JobDrift| (job.name.clone(), job.occurrence, job.generation, job.id.clone());
    drift.sort_by_key(key);
    drift.dedup();
    drift
}

/// A run that happens once and whose job would still be known.
fn is_remembered(row: &Row, input: &PlanInput<'_>) -> bool {
    row.occurrence.kind() != OccurrenceKind::Cron && input.now.duration_since(row.occurrence.start()) <= MEMORY
}

/// Own jobs of the manifests whose body is not the one that their id was made from.
fn altered(input: &PlanInput<'_>) -> Vec<JobDrift> {
    let inventory = Inventory::new(input);
    let names: HashSet<&ManifestName> = input.manifests.iter().map(|manifest| &manifest.name).collect();
    let is_covered = |name: &ManifestName| input.selection.covers(name) && names.contains(name);
    let altered = inventory.own().filter(|job| {
        let differs = |body: &crate::model::JobBody| body.revision() != job.id.revision;
        !job.is_adopted && is_covered(&job.id.name) && job.seen.body.as_ref().is_some_and(differs)
    });
    altered
        .map(|job| JobDrift {
            name: job.id.name.clone(),
            occurrence: job.id.occurrence,
            generation: job.id.unit.generation.get(),
            id: Some(job.seen.id.clone()),
            kind: JobDriftKind::Altered,
        })
        .collect()
}
