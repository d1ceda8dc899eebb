//! Late starts: what may be made up for after its nominal start.

use jiff::Timestamp;

use super::inventory::{OwnJob, OwnJobs};
use super::overlap::wants;
use super::row::IdleReason;
use crate::model::{Desired, Manifest, OccurrenceKind, Schedule, Seconds};

/// Why a slot past its nominal start is not filled: only the newest occurrence of a manifest is
/// made up for, and only when nothing of the same name and generation is near.
pub(super) fn late_start(
    jobs: OwnJobs<'_, '_>,
    manifest: &Manifest,
    newest_past: Option<Timestamp>,
    slot: &Desired,
) -> Option<IdleReason> {
    let newest = newest_past?;
    let nominal = slot.nominal_start().filter(|nominal| *nominal <= newest)?;
    let deadline = match &manifest.schedule {
        Schedule::At(at) => at.starting_deadline,
        Schedule::Cron(cron) => cron.starting_deadline,
        Schedule::Asap(_) => return None,
    };
    let has_neighbour = jobs.iter().any(|job| {
        job.id.occurrence != slot.slot.occurrence
            && job.id.occurrence.kind() != OccurrenceKind::Asap
            && job.id.unit.generation == manifest.generation
            && is_near(manifest, job, nominal, deadline)
    });
    if has_neighbour {
        Some(IdleReason::SupersededOccurrence)
    } else if nominal < newest {
        Some(IdleReason::Missed)
    } else {
        None
    }
}

/// Whether a job stands for an occurrence of that nominal start. One that the schedule no longer
/// names does, if it ran at all, up to the deadline. One that it names has a start of its own: it
/// must be strictly nearer, else the default deadline of an hour would rule out every hourly one.
fn is_near(manifest: &Manifest, job: &OwnJob<'_>, nominal: Timestamp, deadline: Seconds) -> bool {
    let distance = job.id.occurrence.start().duration_since(nominal).abs();
    if wants(manifest, job) {
        distance < deadline.to_signed()
    } else {
        job.has_run() && distance <= deadline.to_signed()
    }
}
