//! Devices that no longer hold what the last twin job of a manifest wrote.

use serde_json::Value;

use crate::model::{JobAction, JobId, JobStatus, Manifest, ManifestName, Percent, TargetCondition, TwinPatch};
use crate::plan::effect::Target;
use crate::plan::input::PlanInput;
use crate::plan::inventory::{Inventory, OwnJob};
use crate::plan::leaf::{Leaf, leaves};
use crate::plan::question::{Answers, Question};
use crate::query::{CompareOp, Condition, Expr, Literal, complement, parse_condition};

/// A value that a job wrote, and how to ask who still holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Holding {
    /// The manifest.
    name: ManifestName,
    /// Its last successful job.
    job: JobId,
    path: String,
    wanted: Option<Value>,
    /// Devices that did not take the value when the job ran.
    failed: u64,
    check: Result<Check, Unchecked>,
}

/// Devices that should hold a value: all, those that do, and some that do not.
#[derive(Debug, Clone, PartialEq)]
struct Check {
    all: Question,
    holding: Question,
    samples: Option<Question>,
}

/// Why nothing can be said of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unchecked {
    /// A later job of ours wrote it on devices that no query tells apart.
    Superseded(JobId),
    /// The job changed what its own condition selects by, so the condition no longer finds its devices.
    ConditionChanged,
    /// No query compares objects and lists, or names such a path.
    NoQuery,
    /// The hub did not answer, or was not asked.
    Unanswered,
}

/// A value that a job wrote, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceDrift {
    /// The manifest.
    pub name: ManifestName,
    /// Its last successful job.
    pub job: JobId,
    /// Path in the manifest's patch, such as `desired.telemetry.interval`.
    pub path: String,
    /// What was written; nothing when it was deleted.
    pub wanted: Option<Value>,
    /// Devices that failed in that job: they never took the value.
    pub failed: u64,
    /// How many devices do not hold it, of how many that its condition selects now, and some of them,
    /// which is text of the hub; or why that is not known.
    pub outcome: Result<Held, Unchecked>,
}

/// How many devices hold a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Devices that do not hold it.
    pub lost: u64,
    /// Devices that the condition of the job selects now.
    pub of: u64,
    /// Some that do not hold it, sorted.
    pub samples: Vec<String>,
}

impl DeviceDrift {
    /// Whether a device lost the value.
    #[must_use]
    pub fn is_found(&self) -> bool {
        matches!(&self.outcome, Ok(held) if held.lost > 0)
    }
}

impl Holding {
    /// How many devices there are, and how many hold the value. Both are asked before any sample.
    pub fn counts(&self) -> impl Iterator<Item = &Question> {
        self.check.iter().flat_map(|check| [&check.all, &check.holding])
    }

    /// Some devices that lost the value, if any did.
    #[must_use]
    pub fn samples(&self, answers: &Answers) -> Option<&Question> {
        let check = self.check.as_ref().ok()?;
        let (lost, _) = check.lost(answers)?;
        check.samples.as_ref().filter(|_| lost > 0)
    }
}

impl Check {
    /// How many lost it, of how many. Devices that hold it are counted, not those that do not: a
    /// comparison with a property that is missing is neither true nor false.
    fn lost(&self, answers: &Answers) -> Option<(u64, u64)> {
        let (all, holding) = (answers.total(&self.all)?, answers.total(&self.holding)?);
        Some((all.saturating_sub(holding), all))
    }
}

/// What the last successful twin job of each manifest wrote, and how to ask for it, by manifest.
#[must_use]
pub fn holdings(input: &PlanInput<'_>) -> Vec<Holding> {
    let inventory = Inventory::new(input);
    let mut manifests: Vec<&Manifest> = input.manifests.iter().map(AsRef::as_ref).collect();
    manifests.sort_by(|a, b| a.name.cmp(&b.name));
    let writers: Vec<Writer<'_>> = inventory.own().filter_map(Writer::new).collect();
    let covered = manifests.into_iter().filter(|manifest| input.selection.covers(&manifest.name));
    let last = |manifest: &Manifest| {
        let of_manifest = writers.iter().filter(|writer| writer.job.id.name == manifest.name);
        of_manifest.filter(|writer| writer.has_succeeded(manifest)).max_by_key(|writer| writer.key()).cloned()
    };
    covered.filter_map(last).flat_map(|writer| writer.holdings(&writers)).collect()
}

/// What became of each value.
#[must_use]
pub fn device_drift(holdings: Vec<Holding>, answers: &Answers) -> Vec<DeviceDrift> {
    let read = |holding: Holding| {
        let outcome = holding.check.clone().and_then(|check| {
            let (lost, of) = check.lost(answers).ok_or(Unchecked::Unanswered)?;
            let rows = check.samples.as_ref().and_then(|samples| answers.rows(samples)).unwrap_or_default();
            let mut samples: Vec<_> =
                rows.iter().filter_map(|row| row["deviceId"].as_str()).map(str::to_owned).collect();
            samples.sort();
            samples.truncate(SAMPLES);
            Ok(Held { lost, of, samples })
        });
        let Holding { name, job, path, wanted, failed, .. } = holding;
        DeviceDrift { name, job, path, wanted, failed, outcome }
    };
    holdings.into_iter().map(read).collect()
}

/// Ids that are shown of devices.
const SAMPLES: usize = 5;

/// A job of ours that wrote to twins, or is about to.
#[derive(Debug, Clone)]
struct Writer<'a> {
    job: &'a OwnJob<'a>,
    condition: &'a TargetCondition,
    patch: &'a TwinPatch,
}

impl<'a> Writer<'a> {
    fn new(job: &'a OwnJob<'a>) -> Option<Self> {
        let body = job.seen.body.as_ref()?;
        match &body.action {
            JobAction::Twin(patch) if !job.seen.status.is_cancellable() && job.seen.status != JobStatus::Cancelled => {
                Some(Self { job, condition: &body.condition, patch })
            }
            _ => None,
        }
    }

    fn key(&self) -> (Option<jiff::Timestamp>, &'a JobId) {
        (self.job.seen.start.or(self.job.seen.created), &self.job.seen.id)
    }

    /// It ended, changed a device, and was good enough for its manifest.
    fn has_succeeded(&self, manifest: &Manifest) -> bool {
        let seen = self.job.seen;
        let is_good = seen.statistics.is_none_or(|statistics| {
            let least = manifest.success_when.min_succeeded;
            let is_enough = |least: Percent| least.is_reached_by(statistics.succeeded_count, statistics.executed());
            statistics.succeeded_count > 0 && least.is_none_or(is_enough)
        });
        seen.status == JobStatus::Completed && is_good
    }

    fn holdings(&self, writers: &[Writer<'_>]) -> Vec<Holding> {
        let later: Vec<_> = writers.iter().filter(|other| other.key() > self.key()).collect();
        let written = leaves(self.patch);
        let failed = self.job.seen.statistics.map_or(0, |statistics| statistics.failed_count);
        let holding = |leaf: &Leaf<'_>| Holding {
            name: self.job.id.name.clone(),
            job: self.job.seen.id.clone(),
            path: leaf.to_string(),
            wanted: Some(leaf.value.clone()).filter(|value| !value.is_null()),
            failed,
            check: self.check(leaf, &written, &later),
        };
        written.iter().map(holding).collect()
    }

    fn check(&self, leaf: &Leaf<'_>, written: &[Leaf<'_>], later: &[&Writer<'_>]) -> Result<Check, Unchecked> {
        if selects_by(self.condition, written) {
            return Err(Unchecked::ConditionChanged);
        }
        let mut target = Target::of(self.condition).ok_or(Unchecked::NoQuery)?;
        for other in later.iter().filter(|other| leaves(other.patch).iter().any(|other| overlaps(leaf, other))) {
            // The later job has the say on its devices.
            let theirs = Target::of(other.condition).filter(|_| other.condition != self.condition);
            target = theirs
                .and_then(|theirs| target.without(&theirs))
                .ok_or_else(|| Unchecked::Superseded(other.job.seen.id.clone()))?;
        }
        let held = held(leaf).ok_or(Unchecked::NoQuery)?;
        let samples = complement(&held).ok().map(|lost| target.filtered(lost).samples());
        Ok(Check { all: target.count(), holding: target.filtered(held).count(), samples })
    }
}

/// True on a device that holds a value; nothing for objects and lists, which no query compares.
fn held(leaf: &Leaf<'_>) -> Option<Expr> {
    let path = leaf.query_path()?;
    let literal = match leaf.value {
        Value::Null => return Some(Expr::negation(Expr::is_defined(path))),
        Value::Bool(value) => Literal::Boolean(*value),
        Value::Number(number) => Literal::Number(number.as_f64()?),
        Value::String(text) => Literal::String(text.clone()),
        Value::Array(_) | Value::Object(_) => return None,
    };
    Some(Expr::compare(CompareOp::Equal, Expr::path(path), Expr::literal(literal)))
}

/// Whether one path lies in the other, so that who writes one changes the other.
fn overlaps(a: &Leaf<'_>, b: &Leaf<'_>) -> bool {
    a.names.iter().zip(&b.names).all(|(a, b)| a == b)
}

/// Whether a condition looks at what the job itself writes.
fn selects_by(condition: &TargetCondition, written: &[Leaf<'_>]) -> bool {
    let Some(selection) = parse_condition(condition.as_str()).0 else { return false };
    let compiled = Condition::compile(&selection);
    let looked_up = compiled.paths().iter().map(|path| path.keys().iter().map(AsRef::as_ref).collect::<Vec<&str>>());
    let mut looked_up = looked_up.map(|keys| match keys.as_slice() {
        ["properties", "desired", rest @ ..] => [&["desired"], rest].concat(),
        keys => keys.to_vec(),
    });
    looked_up.any(|keys| written.iter().any(|leaf| leaf.names.iter().zip(&keys).all(|(a, b)| a == b)))
}
