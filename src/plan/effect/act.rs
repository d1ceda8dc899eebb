//! Which rows of a plan do something to devices, now or later.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{JobAction, Manifest, ManifestName, OccurrenceKind, Seconds, TargetCondition};
use crate::plan::row::{IdleReason, Plan, Row, Step};

/// What a row of a plan does to devices: the body of the job that it creates, or will.
#[derive(Debug, Clone)]
pub(in crate::plan) struct Act<'a> {
    /// Index of the row; of a manifest that no row is about, its index behind the last of them.
    pub(in crate::plan) row: usize,
    /// Which devices.
    pub(in crate::plan) condition: Cow<'a, TargetCondition>,
    /// What is done to them.
    pub(in crate::plan) action: &'a JobAction,
    /// When the hub ends it.
    pub(in crate::plan) max_execution: Seconds,
}

/// Those rows, in their order. A deferred row will do what its manifest says today.
pub(in crate::plan) fn acts<'a>(plan: &'a Plan, manifests: &'a [Arc<Manifest>]) -> Vec<Act<'a>> {
    let is_deferred = plan.rows.iter().any(|row| matches!(row.step, Step::Deferred(_)));
    let by_name: HashMap<&ManifestName, &Manifest> = match is_deferred {
        true => manifests.iter().map(|manifest| (&manifest.name, manifest.as_ref())).collect(),
        false => HashMap::new(),
    };
    let act = |(row, step): (usize, &'a Step)| match step {
        Step::Create(create) => {
            let body = &create.job.body;
            let condition = Cow::Borrowed(&body.condition);
            Some(Act { row, condition, action: &body.action, max_execution: body.max_execution })
        }
        Step::Deferred(_) => {
            let manifest = by_name.get(&plan.rows[row].name)?;
            let condition = Cow::Owned(manifest.target.condition());
            Some(Act { row, condition, action: &manifest.action, max_execution: manifest.max_execution })
        }
        Step::Cancel { .. } | Step::Blocked { .. } | Step::Idle { .. } => None,
    };
    plan.rows.iter().map(|row| &row.step).enumerate().filter_map(act).collect()
}

/// What is to come: the rows that are not due or whose job waits on the hub, and the manifests that no
/// row is about. All will do what their manifest says today, to the devices that match when they start.
pub(in crate::plan) fn coming<'a>(
    plan: &'a Plan,
    manifests: &'a [Arc<Manifest>],
    later: &'a [Arc<Manifest>],
) -> Vec<Act<'a>> {
    let is_to_come = |row: &Row| match &row.step {
        Step::Idle { reason: IdleReason::NotDue { .. }, .. } => true,
        Step::Idle { reason: IdleReason::InSync, .. } => {
            row.occurrence.kind() != OccurrenceKind::Asap && row.occurrence.start() > plan.now
        }
        _ => false,
    };
    let rows: Vec<_> = plan.rows.iter().enumerate().filter(|(_, row)| is_to_come(row)).collect();
    let by_name: HashMap<&ManifestName, &Manifest> = match rows.is_empty() {
        true => HashMap::new(),
        false => manifests.iter().map(|manifest| (&manifest.name, manifest.as_ref())).collect(),
    };
    let of_rows = rows.into_iter().filter_map(|(index, row)| Some((index, *by_name.get(&row.name)?)));
    let of_later = later.iter().enumerate().map(|(index, manifest)| (plan.rows.len() + index, &**manifest));
    let act = |(row, manifest): (usize, &'a Manifest)| {
        let condition = Cow::Owned(manifest.target.condition());
        Act { row, condition, action: &manifest.action, max_execution: manifest.max_execution }
    };
    of_rows.chain(of_later).map(act).collect()
}

impl Plan {
    /// Whether a job of this plan, created now or later, writes twins.
    #[must_use]
    pub fn writes_twins(&self, manifests: &[Arc<Manifest>]) -> bool {
        acts(self, manifests).iter().any(|act| matches!(act.action, JobAction::Twin(_)))
    }
}
