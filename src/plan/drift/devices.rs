//! Devices that no longer hold what the last twin job of a manifest wrote.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::writers::{Later, Writer, writers};
use crate::model::{JobId, Manifest, ManifestName, TargetCondition};
use crate::plan::input::PlanInput;
use crate::plan::inventory::Inventory;
use crate::plan::leaf::Leaf;
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
    /// A later job of ours wrote it on devices that no query tells apart, or none that the hub takes.
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
    let writers = writers(&inventory);
    let later = Later::new(&writers);
    let mut by_name: HashMap<&ManifestName, Vec<usize>> = HashMap::new();
    for (index, writer) in writers.iter().enumerate() {
        by_name.entry(&writer.job.id.name).or_default().push(index);
    }
    let covered = manifests.into_iter().filter(|manifest| input.selection.covers(&manifest.name));
    let last = |manifest: &Manifest| {
        let of_manifest = by_name.get(&manifest.name)?;
        of_manifest.iter().rev().copied().find(|index| writers[*index].has_succeeded(manifest))
    };
    covered.filter_map(last).flat_map(|index| of_writer(index, &later)).collect()
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

/// What a writer wrote, value by value.
fn of_writer<'w, 'a>(index: usize, later: &Later<'w, 'a>) -> Vec<Holding> {
    let writer = &later.writers[index];
    let selects_by_own = selects_by(writer.condition, &writer.written);
    let failed = writer.job.seen.statistics.map_or(0, |statistics| statistics.failed_count);
    let holding = |leaf: &'w Leaf<'a>| Holding {
        name: writer.job.id.name.clone(),
        job: writer.job.seen.id.clone(),
        path: leaf.to_string(),
        wanted: Some(leaf.value.clone()).filter(|value| !value.is_null()),
        failed,
        check: if selects_by_own { Err(Unchecked::ConditionChanged) } else { check(leaf, index, later) },
    };
    writer.written.iter().map(holding).collect()
}

fn check<'w, 'a>(leaf: &'w Leaf<'a>, index: usize, later: &Later<'w, 'a>) -> Result<Check, Unchecked> {
    let devices = &later.writers[index].devices;
    let target = devices.target().ok_or(Unchecked::NoQuery)?;
    // A later job has the say on its devices.
    let (mut rests, mut len, mut last) = (BTreeMap::new(), 0, None);
    for other in later.than(index, leaf) {
        let Writer { job, condition, devices: theirs, .. } = &later.writers[other];
        // A job that comes again and again has one condition.
        if rests.contains_key(condition.as_str()) || theirs.is_apart_from(devices) {
            continue;
        }
        let superseded = || Unchecked::Superseded(job.seen.id.clone());
        let rest = theirs.rest().filter(|_| !theirs.is_written_as(devices)).ok_or_else(superseded)?;
        rests.insert(condition.as_str(), &rest.filter);
        last = last.max(Some(other));
        len += rest.len;
        if len > Question::LEN_MAX {
            return Err(superseded());
        }
    }
    let target = target.filtered(rests.into_values().cloned());
    let held = held(leaf).ok_or(Unchecked::NoQuery)?;
    let samples = complement(&held).ok().map(|lost| target.filtered([lost]).samples());
    let check = Check { all: target.count(), holding: target.filtered([held]).count(), samples };
    match last {
        Some(last) if check.holding.is_too_long() => {
            Err(Unchecked::Superseded(later.writers[last].job.seen.id.clone()))
        }
        _ => Ok(check),
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
