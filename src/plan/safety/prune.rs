//! How much a prune may cancel.

use super::Subject;
use super::ruling::{Broken, Ruling};
use crate::plan::acknowledgement::Acknowledgeable;
use crate::plan::finding::Rule;
use crate::plan::input::Completeness;
use crate::plan::row::{CancelReason, Step};
use crate::plan::words::percent_up;

/// Below this many own queued and scheduled jobs a percentage says nothing.
const CANCEL_PERCENT_FROM: usize = 5;

pub(super) fn check(subject: &Subject<'_>, ruling: &mut Ruling<'_>) {
    let plan = subject.plan;
    let is_prune = |step: &Step| matches!(step, Step::Cancel { reason: CancelReason::ManifestRemoved, .. });
    let cancels = plan.rows.iter().filter(|row| is_prune(&row.step)).count();
    if cancels == 0 {
        return;
    }
    if plan.completeness == Completeness::Partial {
        ruling.denied(
            Rule::PruneOnPartialView,
            format!("{cancels} waiting jobs would be cancelled, but some manifests could not be found or read"),
            "run `hubjobs validate` and fix what it finds",
        );
    }
    if plan.manifest_count == 0 {
        ruling.denied(
            Rule::PruneWithoutManifests,
            format!("not one manifest was loaded, so all {cancels} waiting jobs would be cancelled"),
            "check `spec.manifests` in hubjobs.yaml; to really cancel all, set `suspend: true` in the manifests first",
        );
    }
    let (of, limit) = (plan.own_waiting_count, &subject.limits.max_cancel_percent);
    if of >= CANCEL_PERCENT_FROM && limit.value.is_exceeded_by(cancels as u64, of as u64) {
        let found = percent_up(cancels as u64, of as u64);
        let default = if limit.source.is_none() { ", which is the default" } else { "" };
        ruling.broken(Broken {
            rule: Rule::MaxCancelPercent,
            by: Acknowledgeable::MaxCancelPercent,
            found,
            message: format!(
                "{cancels} of {of} waiting jobs would be cancelled because their manifests are gone, \
                 the limit is {} (`maxCancelPercent`{default})",
                limit.value,
            ),
            line: format!("`safety: {{maxCancelPercent: {found}}}`"),
            source: limit.source.clone(),
            row: None,
        });
    }
}
