//! A manifest that is new and does exactly what jobs of a name that is gone are for: most likely a
//! rename, and then its run would be done a second time.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Level, Rule};
use super::input::Completeness;
use super::review::ReviewInput;
use super::row::{CreateReason, Plan, Step};
use crate::model::{FormerNames, JobStatus, ObservedJob, OccurrenceKey, OwnJobId, Revision};

/// Creations that look like the second run of a renamed manifest. A warning only: somebody may want
/// the same again under another name.
pub(super) fn renamed_findings(plan: &Plan, input: &ReviewInput<'_>) -> Vec<Finding> {
    let creates = |step: &Step| match step {
        Step::Create(create) if create.reason != CreateReason::ReplaceBeforeStart => {
            Some(create.job.id.revision.clone())
        }
        _ => None,
    };
    let created: Vec<_> =
        plan.rows.iter().enumerate().filter_map(|(index, row)| Some((index, row, creates(&row.step)?))).collect();
    // A name may be in a manifest that could not be read.
    if created.is_empty() || plan.completeness == Completeness::Partial {
        return Vec::new();
    }
    let gone = jobs_of_gone_names(plan, input);
    let renamed = created.into_iter().filter_map(|(index, row, revision)| {
        let (old, job) = gone.get(&(row.occurrence, revision))?;
        let (old, new, source) = (&old.name, &row.name, row.source.clone()?);
        let what = match &job.status {
            status if status.is_cancellable() => "waits on the hub",
            status if status.is_terminal() => "has run",
            _ => "runs",
        };
        Some(Finding {
            rule: Rule::LooksRenamed,
            level: Level::Warn,
            message: format!(
                "`{new}` has the same content and time as a job of `{old}` that {what}, and no manifest is called \
                 `{old}` any more"
            ),
            help: Some(format!(
                "if this is a new name, add `moved: [{{from: {old}}}]` to `spec` in {source}, so that nothing runs twice"
            )),
            source: Some(source),
            row: Some(index),
            acknowledged: None,
        })
    });
    renamed.collect()
}

/// Own jobs under names that no manifest has or had, but for cancelled ones, by what they are for.
fn jobs_of_gone_names<'a>(
    plan: &Plan,
    input: &ReviewInput<'a>,
) -> BTreeMap<(OccurrenceKey, Revision), (OwnJobId, &'a ObservedJob)> {
    let manifests = input.manifests.iter().map(AsRef::as_ref);
    let names: BTreeSet<_> = manifests.clone().map(|manifest| &manifest.name).collect();
    let former_names = FormerNames::new(manifests);
    let prefix = format!("hj1-{}-", plan.owner);
    // Taking an id apart costs more than comparing its start, and most ids may be foreign.
    let own = input.observed.iter().filter(|job| job.id.as_str().starts_with(&prefix));
    let own = own.filter(|job| job.status != JobStatus::Cancelled).filter_map(|job| Some((job.id.own()?, job)));
    own.filter(|(id, _)| !names.contains(former_names.current(&id.name)))
        .map(|(id, job)| ((id.occurrence, id.revision.clone()), (id, job)))
        .collect()
}
