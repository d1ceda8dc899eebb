//! Everybody who writes twins: what, to which devices, and when.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::Writer;
use crate::model::{
    FormerNames, JobAction, JobId, Manifest, ManifestName, ManifestSource, ObservedJob, TargetCondition, TwinPatch,
};
use crate::plan::decide::shift;
use crate::plan::devices::Devices;
use crate::plan::leaf::{Leaf, leaves, leaves_of};
use crate::plan::review::ReviewInput;
use crate::plan::row::{Deferral, IdleReason, Plan, Step};

/// All writers of twins that are known.
pub(super) struct Writers<'a> {
    pub(super) all: Vec<Source<'a>>,
}

/// One writer: a manifest, a job on the hub, or a configuration.
pub(super) struct Source<'a> {
    pub(super) identity: Identity<'a>,
    /// Where its manifest stands.
    pub(super) place: Option<&'a ManifestSource>,
    pub(super) devices: Devices<'a>,
    pub(super) leaves: Vec<Leaf<'a>>,
    /// By start.
    pub(super) runs: Vec<Run>,
}

/// Two writers of one identity never conflict.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Identity<'a> {
    /// A manifest, by its name of today.
    Manifest(Cow<'a, str>),
    /// A job of others.
    Foreign(&'a str),
    /// An automatic configuration.
    Configuration(&'a str),
}

/// A half-open time in which a writer is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) from: Timestamp,
    pub(super) until: Option<Timestamp>,
    /// The row that is about it.
    pub(super) row: Option<usize>,
    /// Not on the hub yet.
    pub(super) is_new: bool,
}

impl Run {
    /// Whether the plan brings it about.
    pub(super) const fn is_planned(&self) -> bool {
        self.row.is_some() && self.is_new
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.until.is_none_or(|until| other.from < until) && other.until.is_none_or(|until| self.from < until)
    }
}

impl<'a> Writers<'a> {
    pub(super) fn new(plan: &'a Plan, input: &ReviewInput<'a>) -> Self {
        let mut all = Self::of_rows(plan, input);
        // Without one that the plan brings about, nothing can conflict.
        if all.is_empty() {
            return Self { all };
        }
        all.extend(on_hub(plan, input));
        all.extend(input.configurations.known().iter().filter_map(|configuration| {
            let written = leaves_of("desired", &configuration.desired);
            let is_at_work = !configuration.target_condition.is_empty() && !written.is_empty();
            is_at_work.then(|| Source {
                identity: Identity::Configuration(&configuration.id),
                place: None,
                devices: Devices::new(Cow::Borrowed(&configuration.target_condition)),
                leaves: written,
                runs: vec![Run { from: Timestamp::MIN, until: None, row: None, is_new: false }],
            })
        }));
        Self { all }
    }

    /// Manifests with a run that the plan creates, defers, or will create.
    fn of_rows(plan: &'a Plan, input: &ReviewInput<'a>) -> Vec<Source<'a>> {
        let may_start = |step: &Step| {
            matches!(step, Step::Create(_) | Step::Deferred(_) | Step::Idle { reason: IdleReason::NotDue { .. }, .. })
        };
        if !plan.rows.iter().any(|row| may_start(&row.step)) {
            return Vec::new();
        }
        let manifests: HashMap<&ManifestName, &Manifest> =
            input.manifests.iter().map(|manifest| (&manifest.name, manifest.as_ref())).collect();
        let mut known: HashMap<&ManifestName, usize> = HashMap::new();
        let mut all: Vec<Source<'a>> = Vec::new();
        let mut with_rows = HashSet::new();
        for (index, row) in plan.rows.iter().enumerate() {
            with_rows.insert((&row.name, row.occurrence));
            let manifest = manifests.get(&row.name).copied();
            let (patch, condition, from, until) = match &row.step {
                Step::Create(create) => {
                    let body = &create.job.body;
                    let JobAction::Twin(patch) = &body.action else { continue };
                    let from = create.job.start.unwrap_or(plan.now);
                    (patch, Cow::Borrowed(body.condition.as_str()), from, end(from, body.max_execution.to_signed()))
                }
                step => {
                    let Some(manifest) = manifest else { continue };
                    let JobAction::Twin(patch) = &manifest.action else { continue };
                    let Some((earliest, latest)) = starts(plan.now, row.occurrence.start(), step) else { continue };
                    let until = end(latest, manifest.max_execution.to_signed());
                    (patch, condition_of(manifest), earliest, until)
                }
            };
            let at = *known.entry(&row.name).or_insert_with(|| {
                let place = row.source.as_ref();
                all.push(source(Identity::Manifest(Cow::Borrowed(row.name.as_str())), place, condition, patch));
                all.len() - 1
            });
            all[at].runs.push(Run { from, until, row: Some(index), is_new: true });
        }
        if all.is_empty() {
            return all;
        }
        for desired in input.desired {
            let JobAction::Twin(patch) = &desired.manifest.action else { continue };
            let Some(from) = desired.nominal_start().filter(|start| *start >= plan.now) else { continue };
            let manifest = desired.manifest.as_ref();
            if manifest.suspend || with_rows.contains(&(&manifest.name, desired.slot.occurrence)) {
                continue;
            }
            let at = *known.entry(&manifest.name).or_insert_with(|| {
                let identity = Identity::Manifest(Cow::Borrowed(manifest.name.as_str()));
                all.push(source(identity, Some(&manifest.source), condition_of(manifest), patch));
                all.len() - 1
            });
            let until = end(from, manifest.max_execution.to_signed());
            all[at].runs.push(Run { from, until, row: None, is_new: true });
        }
        all.iter_mut().for_each(|source| source.runs.sort_by_key(|run| (run.from, run.row)));
        all
    }

    /// How a conflict names a writer.
    pub(super) fn writer(&self, source: usize, row: Option<usize>) -> Writer {
        match (&self.all[source].identity, row) {
            (Identity::Manifest(_), Some(row)) => Writer::Row(row),
            (Identity::Manifest(name), None) => Writer::Occurrence(name.to_string()),
            (Identity::Foreign(id), _) => Writer::Foreign((*id).to_owned()),
            (Identity::Configuration(id), _) => Writer::Configuration((*id).to_owned()),
        }
    }
}

fn source<'a>(
    identity: Identity<'a>,
    place: Option<&'a ManifestSource>,
    condition: Cow<'a, str>,
    patch: &'a TwinPatch,
) -> Source<'a> {
    Source { identity, place, devices: Devices::new(condition), leaves: leaves(patch), runs: Vec::new() }
}

fn condition_of(manifest: &Manifest) -> Cow<'_, str> {
    use crate::model::Target::{All, Condition, DeviceIds};
    match &manifest.target {
        Condition(condition) | DeviceIds(_, condition) => Cow::Borrowed(condition.as_str()),
        All => Cow::Owned(TargetCondition::all().as_str().to_owned()),
    }
}

fn end(from: Timestamp, length: SignedDuration) -> Option<Timestamp> {
    Some(shift(from, length))
}

/// The first and the last instant at which a row that creates nothing now may start its job.
fn starts(now: Timestamp, nominal: Timestamp, step: &Step) -> Option<(Timestamp, Timestamp)> {
    match step {
        Step::Deferred(Deferral { expected_start: Some(start), .. }) => Some((*start, *start)),
        // Nobody can tell when: at any time until its deadline.
        Step::Deferred(Deferral { apply_between, .. }) => Some((apply_between.from, apply_between.until)),
        Step::Idle { reason: IdleReason::NotDue { .. }, .. } => Some((nominal.max(now), nominal.max(now))),
        Step::Create(_) | Step::Cancel { .. } | Step::Blocked { .. } | Step::Idle { .. } => None,
    }
}

/// The jobs on the hub that write twins, whoever owns them, and that the plan leaves there.
fn on_hub<'a>(plan: &'a Plan, input: &ReviewInput<'a>) -> Vec<Source<'a>> {
    let mut gone: HashSet<&JobId> = HashSet::new();
    let mut rows: HashMap<&JobId, usize> = HashMap::new();
    for (index, row) in plan.rows.iter().enumerate() {
        match &row.step {
            Step::Create(create) => gone.extend(&create.after),
            Step::Cancel { id, .. } => drop(gone.insert(id)),
            Step::Blocked { id, .. } | Step::Idle { id, .. } => drop(id.as_ref().map(|id| rows.insert(id, index))),
            Step::Deferred(_) => {}
        }
    }
    let former_names = FormerNames::new(input.manifests.iter().map(AsRef::as_ref));
    let source_of = |job: &'a ObservedJob| {
        let body = job.body.as_ref().filter(|_| !job.status.is_terminal() && !gone.contains(&job.id))?;
        let JobAction::Twin(patch) = &body.action else { return None };
        let row = rows.get(&job.id).copied();
        let own_name = || match row {
            Some(row) => Some(Cow::Borrowed(plan.rows[row].name.as_str())),
            None => job.id.own().map(|own| Cow::Owned(former_names.current(&own.name).to_string())),
        };
        let is_foreign = plan.lanes.foreign.binary_search(&job.id).is_ok();
        let identity = match is_foreign {
            true => Identity::Foreign(job.id.as_str()),
            false => own_name().map_or(Identity::Foreign(job.id.as_str()), Identity::Manifest),
        };
        let place = row.and_then(|row| plan.rows[row].source.as_ref());
        let mut source = source(identity, place, Cow::Borrowed(body.condition.as_str()), patch);
        let from = job.start.or(job.created).unwrap_or(plan.now);
        // One that waits although its start has passed starts when it can, now at the earliest.
        let from = if job.status.is_cancellable() { from.max(plan.now) } else { from };
        let until = end(from, body.max_execution.to_signed()).map(|until| until.max(plan.now));
        source.runs.push(Run { from, until, row, is_new: false });
        Some(source)
    };
    input.observed.iter().filter_map(source_of).collect()
}
