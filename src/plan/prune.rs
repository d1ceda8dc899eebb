//! Own jobs that have not started and whose manifest is gone.

use super::input::{PlanInput, Selection};
use super::inventory::Inventory;
use super::row::{CancelReason, IdleReason, Row, Step};
use crate::model::{ManifestName, PrunePolicy};

/// One row for each such job. Whether so many may go is for [`super::approve()`] to say.
pub(super) fn orphans(input: &PlanInput<'_>, inventory: &Inventory<'_>) -> Vec<Row> {
    let mut known: Vec<&ManifestName> = input.manifests.iter().map(|manifest| &manifest.name).collect();
    known.sort(); // one pass when they came sorted
    let orphans = inventory.own_waiting().filter(|job| known.binary_search(&&job.id.name).is_err());
    let row = |job: &super::inventory::OwnJob<'_>| {
        let id = job.seen.id.clone();
        let step = match (input.prune, input.selection) {
            (PrunePolicy::Never, _) => Step::Idle { id: Some(id), reason: IdleReason::PruneNever },
            (PrunePolicy::CancelScheduled, Selection::Only(_)) => {
                Step::Idle { id: Some(id), reason: IdleReason::PruneNeedsFullView }
            }
            (PrunePolicy::CancelScheduled, Selection::Everything) => {
                Step::Cancel { id, reason: CancelReason::ManifestRemoved }
            }
        };
        Row {
            name: job.id.name.clone(),
            source: None,
            occurrence: job.id.occurrence,
            generation: job.id.unit.generation.get(),
            step,
        }
    };
    orphans.map(row).collect()
}
