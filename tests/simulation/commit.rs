//! What is in git: a few manifests, and the edits that people make to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use hubjobs::model::{
    Asap, At, ConcurrencyPolicy, Cron, CronExpression, Digit, JobAction, Manifest, ManifestLimits, ManifestName,
    ManifestSource, MethodCall, MethodName, OccurrenceKey, OccurrenceKind, OwnJobId, Schedule, Seconds, SlotKey,
    SuccessWhen, Target, TargetCondition, TwinPatch, Zone,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};

use crate::dice::Dice;

/// The manifests of one commit.
#[derive(Clone)]
pub(crate) struct Commit {
    pub(crate) number: usize,
    pub(crate) manifests: Vec<Arc<Manifest>>,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const NAMES: [&str; 7] = ["gate", "lock", "lock-2", "sensors", "doors", "alarm", "light"];
/// Of those, the names that a first commit chooses from.
const FIRST_NAMES: usize = 4;

impl Commit {
    /// The manifest of that name, or the one that had it before and says so.
    pub(crate) fn manifest(&self, name: &ManifestName) -> Option<&Manifest> {
        let has_name = |manifest: &&Manifest| manifest.name == *name || manifest.moved_from.contains(name);
        self.manifests.iter().map(AsRef::as_ref).find(has_name)
    }

    /// The slot that a job fills, under the name that its manifest has now.
    pub(crate) fn slot(&self, id: &OwnJobId) -> SlotKey {
        let name = self.manifest(&id.name).map_or(&id.name, |manifest| &manifest.name);
        SlotKey { name: name.clone(), ..id.slot() }
    }

    /// Whether both commits take every name for the same manifest. A runner of a commit from before a
    /// new name knows nothing of it, and would run the slots of the earlier name again: commits are
    /// applied in their order.
    pub(crate) fn has_names_of(&self, other: &Self) -> bool {
        let moved = |commit: &Self| -> BTreeSet<(ManifestName, ManifestName)> {
            let of = |manifest: &Arc<Manifest>| {
                let name = manifest.name.clone();
                manifest.moved_from.clone().into_iter().map(move |from| (from, name.clone()))
            };
            commit.manifests.iter().flat_map(of).collect()
        };
        moved(self) == moved(other)
    }

    /// The first commit: one manifest or more. There is always one left, since nothing is pruned
    /// when not one is.
    pub(crate) fn first(dice: &mut Dice, now: Timestamp) -> Self {
        let names = &NAMES[..=dice.index(FIRST_NAMES)];
        let manifests = names.iter().map(|text| Arc::new(any_manifest(dice, now, name(text)))).collect();
        Self { number: 1, manifests }
    }

    /// The next commit: one edit, sometimes two.
    pub(crate) fn edited(&self, dice: &mut Dice, now: Timestamp) -> Self {
        let mut next = Self { number: self.number + 1, ..self.clone() };
        for _ in 0..dice.between(1, 2) {
            next.edit(dice, now);
        }
        next
    }

    fn edit(&mut self, dice: &mut Dice, now: Timestamp) {
        let free: Vec<_> = NAMES.into_iter().filter(|text| self.manifest(&name(text)).is_none()).collect();
        if !free.is_empty() && dice.percent(20) {
            let name = name(dice.pick(&free));
            let manifest = any_manifest(dice, now, name);
            self.manifests.push(Arc::new(manifest));
            return;
        }
        let index = dice.index(self.manifests.len());
        if self.manifests.len() > 1 && dice.percent(12) {
            self.manifests.remove(index);
            return;
        }
        let manifest = Arc::make_mut(&mut self.manifests[index]);
        match dice.below(10) {
            0 | 1 => manifest.action = any_action(dice, Some(&manifest.action)),
            2 => manifest.max_execution = any_length(dice),
            3 | 4 => manifest.schedule = any_schedule(dice, now),
            5 => delay(&mut manifest.schedule, dice),
            6 => manifest.generation = manifest.generation.next().unwrap_or(Digit::ZERO),
            7 => manifest.suspend = !manifest.suspend,
            8 if !free.is_empty() => {
                let earlier = std::mem::replace(&mut manifest.name, name(dice.pick(&free)));
                if dice.percent(75) {
                    manifest.moved_from.push(earlier);
                }
            }
            _ => manifest.target = any_target(dice),
        }
    }

    /// Whether the manifests want the slot of a job, whoever created it. Written without the code
    /// under test, on purpose.
    pub(crate) fn wants(&self, id: &OwnJobId) -> bool {
        let Some(manifest) = self.manifest(&id.name) else { return false };
        let key = |kind, start| OccurrenceKey::new(kind, start).expect("a whole minute of this century");
        let in_schedule = match &manifest.schedule {
            Schedule::At(at) => id.occurrence == key(OccurrenceKind::At, at.start),
            Schedule::Asap(asap) => id.occurrence == key(OccurrenceKind::Asap, asap.not_after),
            Schedule::Cron(cron) => {
                let start = id.occurrence.start();
                id.occurrence.kind() == OccurrenceKind::Cron && cron.between(start..=start).next().is_some()
            }
        };
        in_schedule && id.unit.generation == manifest.generation
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "commit {}", self.number)?;
        for manifest in &self.manifests {
            let Manifest { name, generation, max_execution, suspend, .. } = manifest.as_ref();
            let schedule = match &manifest.schedule {
                Schedule::At(at) => format!("at {} deadline {}", at.start, at.starting_deadline),
                Schedule::Asap(asap) => format!("asap {}", asap.not_after),
                Schedule::Cron(cron) => {
                    let Cron { expression, starting_deadline, concurrency, .. } = cron;
                    format!("cron {} deadline {starting_deadline} {concurrency:?}", expression.as_str())
                }
            };
            let revision = manifest.body().revision();
            let moved: String = manifest.moved_from.iter().map(|from| format!(" moved from {from}")).collect();
            let suspended = if *suspend { " suspended" } else { "" };
            write!(
                f,
                "\n    {name}: {schedule} max {max_execution} generation {generation} {revision}{suspended}{moved}"
            )?;
        }
        Ok(())
    }
}

fn name(text: &str) -> ManifestName {
    ManifestName::new(text).expect("a valid name")
}

fn any_manifest(dice: &mut Dice, now: Timestamp, name: ManifestName) -> Manifest {
    Manifest {
        source: ManifestSource { path: format!("{name}.yaml"), line: 1 },
        name,
        labels: BTreeMap::new(),
        suspend: false,
        generation: Digit::ZERO,
        target: any_target(dice),
        schedule: any_schedule(dice, now),
        max_execution: any_length(dice),
        action: any_action(dice, None),
        success_when: SuccessWhen::default(),
        expect_devices: None,
        limits: ManifestLimits::default(),
        moved_from: Vec::new(),
        adopt: None,
    }
}

/// One device is always there, one never: a job for both runs until its end is forced.
fn any_target(dice: &mut Dice) -> Target {
    let condition = |text| Target::Condition(TargetCondition::new(text).expect("a short condition"));
    match dice.below(3) {
        0 => Target::All,
        1 => condition("tags.there = true"),
        _ => condition("tags.there = false"),
    }
}

fn any_length(dice: &mut Dice) -> Seconds {
    Seconds::new(dice.pick(&[300, 2_400, 10_800]))
}

/// Every manifest writes a property of its own: two writers of one would be refused, and this world is
/// not about that.
fn any_action(dice: &mut Dice, earlier: Option<&JobAction>) -> JobAction {
    let payload = json!({"variant": dice.below(3)});
    if dice.percent(25) {
        let property = match earlier {
            Some(JobAction::Twin(patch)) => patch.desired.keys().next().cloned(),
            _ => None,
        };
        let property = property.unwrap_or_else(|| format!("p{}", dice.below(u64::MAX)));
        let desired = Map::from_iter([(property, payload)]);
        return JobAction::Twin(TwinPatch { desired, ..TwinPatch::default() });
    }
    JobAction::Method(MethodCall {
        name: MethodName::new("lockDoor").expect("a method name"),
        payload,
        response_timeout: Seconds::new(15),
        connect_timeout: Seconds::new(5),
    })
}

fn any_schedule(dice: &mut Dice, now: Timestamp) -> Schedule {
    let starting_deadline = Seconds::new(dice.pick(&[0, 600, 3_600, 86_400, 14 * 86_400]));
    match dice.below(5) {
        0 | 1 => {
            let ahead =
                dice.pick(&[-HOUR, -10 * MINUTE, 0, 5 * MINUTE, 40 * MINUTE, 3 * HOUR, 2 * DAY, 6 * DAY, 9 * DAY]);
            Schedule::At(At { start: minute(now, ahead), zone: None, starting_deadline })
        }
        2 => Schedule::Asap(Asap { not_after: minute(now, dice.pick(&[HOUR, DAY, 13 * DAY, 15 * DAY])) }),
        _ => {
            let expression = dice.pick(&["*/20 * * * *", "0 * * * *", "30 9,21 * * *", "0 6 * * 1"]);
            // A deadline of weeks would examine hundreds of slots in every plan.
            let starting_deadline = if expression.starts_with('3') || expression.ends_with('1') {
                starting_deadline
            } else {
                starting_deadline.min(Seconds::HOUR)
            };
            let allow = dice.percent(30);
            Schedule::Cron(Cron {
                expression: CronExpression::parse(expression).expect("a cron expression"),
                zone: Zone::utc(),
                starting_deadline,
                concurrency: if allow { ConcurrencyPolicy::Allow } else { ConcurrencyPolicy::Forbid },
            })
        }
    }
}

/// Moves a time a little, or changes a deadline.
fn delay(schedule: &mut Schedule, dice: &mut Dice) {
    let by = dice.pick(&[-20 * MINUTE, 20 * MINUTE, DAY]);
    match schedule {
        Schedule::At(at) => at.start = minute(at.start, by),
        Schedule::Asap(asap) => asap.not_after = minute(asap.not_after, by),
        Schedule::Cron(cron) => cron.starting_deadline = Seconds::new(dice.pick(&[0, 600, 3_600])),
    }
}

/// The whole minute that is so many seconds away.
fn minute(from: Timestamp, seconds: i64) -> Timestamp {
    let to = from + SignedDuration::from_secs(seconds);
    to - SignedDuration::from_nanos(
        i64::try_from(to.as_nanosecond().rem_euclid(60_000_000_000)).expect("below a minute"),
    )
}
