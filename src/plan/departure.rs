//! What became different between the plan that was reviewed and the plan of this moment, which side
//! moved, and whether that may be applied.
//!
//! By the clock alone a job that was reviewed may become late, missed or deferred, and the next
//! occurrence of a reviewed manifest may fall due. What somebody else did already need not be done
//! again. Everything else that is new is refused, above all another job to cancel.

use std::collections::BTreeSet;
use std::fmt;

use super::intent::{Intent, ManifestIntent};
use super::reviewed::{CountTolerance, Reviewed, Slot, Standing};
use super::words::grouped;
use crate::model::ManifestName;

/// Something that became different.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Departure {
    /// Who moved.
    pub side: Side,
    /// What.
    pub kind: DepartureKind,
}

/// Who moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The manifests.
    Git,
    /// The jobs or the devices of the hub.
    Hub,
    /// Only time went by.
    Clock,
}

impl Side {
    /// Stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Hub => "hub",
            Self::Clock => "clock",
        }
    }
}

/// What became different. `Display` is a clause that starts with the name of the thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum DepartureKind {
    /// A manifest that was not there.
    #[error("{0}: the manifest is new")]
    Added(String),
    /// A manifest that is not there any more.
    #[error("{0}: the manifest is gone")]
    Removed(String),
    /// A field of a manifest, as it was and as it is.
    #[error("{name}: {field} was {from}, and is {to}")]
    Changed {
        /// Manifest.
        name: String,
        /// Field, or what stands for several.
        field: &'static str,
        /// When it was reviewed.
        from: String,
        /// Now.
        to: String,
    },
    /// A job would be cancelled that was not to be.
    #[error("{0}: this job would be cancelled, and was not to be")]
    NewCancel(String),
    /// A job that was to be cancelled need not be any more.
    #[error("{0}: this job need not be cancelled any more")]
    CancelDone(String),
    /// A job would be created in a slot in which none was to be.
    #[error("{slot}: a job would be created, and {}", was(*standing))]
    NewCreate {
        /// Slot.
        slot: Slot,
        /// What was said of it; nothing when it was not looked at.
        standing: Option<Standing>,
    },
    /// A job that was to be created cannot be.
    #[error("{0}: a job was to be created, and the slot needs a person now")]
    CreateBlocked(Slot),
    /// A slot that was left for later is filled now.
    #[error("{0}: it was left for later, and is due now")]
    FellDue(Slot),
    /// An occurrence that came into view since.
    #[error("{0}: the next occurrence is due")]
    NextOccurrence(Slot),
    /// A job that was to be created is there.
    #[error("{0}: the job is there already")]
    CreateDone(Slot),
    /// A job that was to be created is left for later.
    #[error("{0}: it was to be created, and is left for later")]
    CreateDeferred(Slot),
    /// A job that was to be created is not, for its time has passed or has not come.
    #[error("{0}: it is not due any more")]
    CreateNotDue(Slot),
    /// The target of a manifest matches another number of devices, too far off.
    #[error("{name}: {} devices matched, and {} do now", grouped(*from), grouped(*to))]
    CountMoved {
        /// Manifest.
        name: ManifestName,
        /// When it was reviewed.
        from: u64,
        /// Now.
        to: u64,
    },
    /// The devices were counted for the review, and cannot be now.
    #[error("{name}: {} devices matched, and they cannot be counted now", grouped(*from))]
    Uncounted {
        /// Manifest.
        name: ManifestName,
        /// When it was reviewed.
        from: u64,
    },
    /// The devices were not counted for the review, and are now.
    #[error("{name}: {} devices match; they were not counted for the review", grouped(*to))]
    NewlyCounted {
        /// Manifest.
        name: ManifestName,
        /// Now.
        to: u64,
    },
}

fn was(standing: Option<Standing>) -> &'static str {
    match standing {
        None => "this run was not in the plan",
        Some(Standing::Idle) => "nothing was to be done in this slot",
        Some(Standing::Past) => "its time had passed already",
        Some(Standing::Filled) => "the slot had a job",
        Some(Standing::Blocked) => "the slot needed a person",
        Some(Standing::NotDue | Standing::Deferred | Standing::Create) => "it was to be created later",
    }
}

impl DepartureKind {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Added(_) => "manifest-added",
            Self::Removed(_) => "manifest-removed",
            Self::Changed { .. } => "manifest-changed",
            Self::NewCancel(_) => "new-cancel",
            Self::CancelDone(_) => "cancel-done",
            Self::NewCreate { .. } => "new-create",
            Self::CreateBlocked(_) => "create-blocked",
            Self::FellDue(_) => "fell-due",
            Self::NextOccurrence(_) => "next-occurrence",
            Self::CreateDone(_) => "create-done",
            Self::CreateDeferred(_) => "create-deferred",
            Self::CreateNotDue(_) => "create-not-due",
            Self::CountMoved { .. } => "count-moved",
            Self::Uncounted { .. } => "uncounted",
            Self::NewlyCounted { .. } => "newly-counted",
        }
    }

    /// Whether nothing may be applied because of it.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        match self {
            Self::Added(_)
            | Self::Removed(_)
            | Self::Changed { .. }
            | Self::NewCancel(_)
            | Self::NewCreate { .. }
            | Self::CreateBlocked(_)
            | Self::CountMoved { .. }
            | Self::Uncounted { .. } => true,
            Self::CancelDone(_)
            | Self::FellDue(_)
            | Self::NextOccurrence(_)
            | Self::CreateDone(_)
            | Self::CreateDeferred(_)
            | Self::CreateNotDue(_)
            | Self::NewlyCounted { .. } => false,
        }
    }
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<5}  {}", self.side.as_str(), self.kind)
    }
}

/// All that became different since a review: what is refused first, then by side.
#[must_use]
pub fn departures(reviewed: &Reviewed, fresh: &Reviewed, tolerance: CountTolerance) -> Vec<Departure> {
    let mut found = Vec::new();
    let moved = manifest_changes(&reviewed.intent, &fresh.intent, &mut found);
    let comparison = Comparison { reviewed, fresh, moved };
    comparison.cancels(&mut found);
    comparison.creates(&mut found);
    comparison.counts(tolerance, &mut found);
    found.sort_by(|a, b| (!a.kind.is_refused(), a).cmp(&(!b.kind.is_refused(), b)));
    found
}

/// Finds what git changed, and gives the names of those manifests.
fn manifest_changes<'a>(from: &'a Intent, to: &'a Intent, found: &mut Vec<Departure>) -> BTreeSet<&'a str> {
    let mut git = |kind| found.push(Departure { side: Side::Git, kind });
    let mut moved = BTreeSet::new();
    for (field, from, to) in [
        ("the environment", &from.environment, &to.environment),
        ("the hub", &from.hub, &to.hub),
        ("the owner", &from.owner, &to.owner),
    ] {
        if from != to {
            let (from, to) = (from.clone(), to.clone());
            git(DepartureKind::Changed { name: "the project".to_owned(), field, from, to });
        }
    }
    for old in &from.manifests {
        match to.manifest(&old.name) {
            None => git(DepartureKind::Removed(old.name.clone())),
            Some(new) if new == old => continue,
            Some(new) => field_changes(old, new).into_iter().for_each(&mut git),
        }
        moved.insert(old.name.as_str());
    }
    for new in to.manifests.iter().filter(|new| from.manifest(&new.name).is_none()) {
        git(DepartureKind::Added(new.name.clone()));
        moved.insert(new.name.as_str());
    }
    moved
}

fn field_changes(old: &ManifestIntent, new: &ManifestIntent) -> Vec<DepartureKind> {
    let list = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let adopted = |job: &Option<String>| job.clone().unwrap_or_else(|| "nothing".to_owned());
    // Two bodies with one revision are an accident or an attack: then the digests tell them apart.
    let body = |of: &ManifestIntent, other: &ManifestIntent| match of.revision == other.revision {
        true => of.body.clone(),
        false => of.revision.clone(),
    };
    let fields = [
        ("`schedule`", old.schedule != new.schedule, old.schedule.to_string(), new.schedule.to_string()),
        ("`generation`", old.generation != new.generation, old.generation.to_string(), new.generation.to_string()),
        ("`suspend`", old.suspend != new.suspend, old.suspend.to_string(), new.suspend.to_string()),
        ("what the job does (its revision)", old.body != new.body, body(old, new), body(new, old)),
        ("`moved`", old.moved_from != new.moved_from, list(&old.moved_from), list(&new.moved_from)),
        ("`adopt`", old.adopt != new.adopt, adopted(&old.adopt), adopted(&new.adopt)),
    ];
    let changed = fields.into_iter().filter(|(_, is_changed, ..)| *is_changed);
    let kind = |(field, _, from, to)| DepartureKind::Changed { name: new.name.clone(), field, from, to };
    changed.map(kind).collect()
}

struct Comparison<'a> {
    reviewed: &'a Reviewed,
    fresh: &'a Reviewed,
    /// Manifests that git changed, so that what follows from it is git's doing.
    moved: BTreeSet<&'a str>,
}

impl Comparison<'_> {
    fn cancels(&self, found: &mut Vec<Departure>) {
        let set = |intent: &'_ Intent| intent.cancels.iter().cloned().collect::<BTreeSet<_>>();
        let (before, now) = (set(&self.reviewed.intent), set(&self.fresh.intent));
        for id in now.difference(&before) {
            let name = crate::model::JobId::new(id.as_str()).own().map(|own| own.name);
            let is_git = name.is_some_and(|name| self.moved.contains(name.as_str()));
            let side = if is_git { Side::Git } else { Side::Hub };
            found.push(Departure { side, kind: DepartureKind::NewCancel(id.clone()) });
        }
        for id in before.difference(&now) {
            found.push(Departure { side: Side::Hub, kind: DepartureKind::CancelDone(id.clone()) });
        }
    }

    /// What a changed manifest leads to is not listed: the change is.
    fn creates(&self, found: &mut Vec<Departure>) {
        let is_settled = |slot: &Slot| self.moved.contains(slot.name.as_str());
        for (slot, standing) in self.fresh.slots.iter().filter(|(slot, _)| !is_settled(slot)) {
            if *standing == Standing::Create {
                found.extend(self.created(slot));
            }
        }
        for (slot, standing) in self.reviewed.slots.iter().filter(|(slot, _)| !is_settled(slot)) {
            if *standing == Standing::Create {
                found.extend(self.not_created(slot));
            }
        }
    }

    /// Of a job that would be created now.
    fn created(&self, slot: &Slot) -> Option<Departure> {
        let standing = self.reviewed.slots.get(slot).copied();
        let (side, kind) = match standing {
            Some(Standing::Create) => return None,
            Some(Standing::Deferred | Standing::NotDue) => (Side::Clock, DepartureKind::FellDue(slot.clone())),
            None if slot.occurrence.start() > self.reviewed.now => {
                (Side::Clock, DepartureKind::NextOccurrence(slot.clone()))
            }
            standing => (Side::Hub, DepartureKind::NewCreate { slot: slot.clone(), standing }),
        };
        Some(Departure { side, kind })
    }

    /// Of a job that was to be created.
    fn not_created(&self, slot: &Slot) -> Option<Departure> {
        let (side, kind) = match self.fresh.slots.get(slot) {
            Some(Standing::Create) => return None,
            Some(Standing::Filled) => (Side::Hub, DepartureKind::CreateDone(slot.clone())),
            Some(Standing::Deferred) => (Side::Hub, DepartureKind::CreateDeferred(slot.clone())),
            Some(Standing::Blocked) => (Side::Hub, DepartureKind::CreateBlocked(slot.clone())),
            Some(Standing::Past | Standing::NotDue | Standing::Idle) | None => {
                (Side::Clock, DepartureKind::CreateNotDue(slot.clone()))
            }
        };
        Some(Departure { side, kind })
    }

    /// Of the manifests of which a job would be created now.
    fn counts(&self, tolerance: CountTolerance, found: &mut Vec<Departure>) {
        let created = self.fresh.slots.iter().filter(|(_, standing)| **standing == Standing::Create);
        let names: BTreeSet<&ManifestName> = created.map(|(slot, _)| &slot.name).collect();
        for name in names.into_iter().filter(|name| !self.moved.contains(name.as_str())) {
            let of = |side: &Reviewed| side.devices.get(name).copied();
            let name = name.clone();
            let kind = match (of(self.reviewed), of(self.fresh)) {
                (Some(from), Some(to)) if tolerance.allows(from, to) => continue,
                (Some(from), Some(to)) => DepartureKind::CountMoved { name, from, to },
                (Some(from), None) => DepartureKind::Uncounted { name, from },
                (None, Some(to)) => DepartureKind::NewlyCounted { name, to },
                (None, None) => continue,
            };
            found.push(Departure { side: Side::Hub, kind });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::model::{OccurrenceKey, OccurrenceKind};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn name(text: &str) -> ManifestName {
        ManifestName::new(text).expect("a name")
    }

    fn slot(manifest: &str, hour: u8) -> Slot {
        let start = at(&format!("2026-12-01T{hour:02}:00:00Z"));
        let occurrence = OccurrenceKey::new(OccurrenceKind::Cron, start).expect("a whole minute");
        Slot { name: name(manifest), occurrence, generation: 0 }
    }

    fn manifest(name: &str) -> ManifestIntent {
        ManifestIntent {
            name: name.to_owned(),
            schedule: json!({"cron": "0 * * * *"}),
            generation: 0,
            suspend: false,
            revision: "aaaaaaaa".to_owned(),
            body: "sha256:aa".to_owned(),
            moved_from: Vec::new(),
            adopt: None,
        }
    }

    /// At nine, `a` is created at ten, for 100 devices; `b` waits for a lane, and a job is cancelled.
    fn reviewed() -> Reviewed {
        Reviewed {
            intent: Intent {
                environment: "prod".to_owned(),
                hub: "contoso".to_owned(),
                owner: "bldgx7q".to_owned(),
                manifests: vec![manifest("a"), manifest("b")],
                cancels: vec!["old".to_owned()],
            },
            now: at("2026-12-01T09:00:00Z"),
            slots: BTreeMap::from([
                (slot("a", 8), Standing::Filled),
                (slot("a", 10), Standing::Create),
                (slot("b", 10), Standing::Deferred),
                (slot("b", 8), Standing::Blocked),
            ]),
            devices: BTreeMap::from([(name("a"), 100)]),
        }
    }

    /// What is said after a change, and whether it is refused.
    #[track_caller]
    fn check(change: impl FnOnce(&mut Reviewed), expected: &[(bool, &str)]) {
        let mut fresh = reviewed();
        fresh.now = at("2026-12-01T09:30:00Z");
        change(&mut fresh);
        let found = departures(&reviewed(), &fresh, CountTolerance::default());
        let found: Vec<_> = found.iter().map(|it| (it.kind.is_refused(), it.to_string())).collect();
        let expected: Vec<_> = expected.iter().map(|(refused, text)| (*refused, (*text).to_owned())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn time_alone_refuses_nothing() {
        check(|_| {}, &[]);
        check(
            |fresh| {
                fresh.slots.insert(slot("a", 10), Standing::Past);
            },
            &[(false, "clock  a 2026-12-01 10:00Z: it is not due any more")],
        );
        check(
            |fresh| {
                fresh.slots.remove(&slot("a", 10));
            },
            &[(false, "clock  a 2026-12-01 10:00Z: it is not due any more")],
        );
        check(
            |fresh| {
                fresh.slots.insert(slot("a", 11), Standing::Create);
            },
            &[(false, "clock  a 2026-12-01 11:00Z: the next occurrence is due")],
        );
        check(
            |fresh| {
                fresh.slots.insert(slot("b", 10), Standing::Create);
            },
            &[(false, "clock  b 2026-12-01 10:00Z: it was left for later, and is due now")],
        );
        check(
            |fresh| {
                fresh.slots.insert(slot("a", 10), Standing::Deferred);
            },
            &[(false, "hub    a 2026-12-01 10:00Z: it was to be created, and is left for later")],
        );
    }

    #[test]
    fn what_was_done_already_need_not_be_done() {
        check(
            |fresh| {
                fresh.intent.cancels.clear();
                fresh.slots.insert(slot("a", 10), Standing::Filled);
            },
            &[
                (false, "hub    old: this job need not be cancelled any more"),
                (false, "hub    a 2026-12-01 10:00Z: the job is there already"),
            ],
        );
    }

    #[test]
    fn what_is_new_on_the_hub_is_refused() {
        check(
            |fresh| fresh.intent.cancels.push("other".to_owned()),
            &[(true, "hub    other: this job would be cancelled, and was not to be")],
        );
        check(
            |fresh| {
                fresh.slots.insert(slot("a", 8), Standing::Create);
            },
            &[(true, "hub    a 2026-12-01 08:00Z: a job would be created, and the slot had a job")],
        );
        check(
            |fresh| {
                fresh.slots.insert(slot("b", 8), Standing::Create);
            },
            &[(true, "hub    b 2026-12-01 08:00Z: a job would be created, and the slot needed a person")],
        );
        check(
            |fresh| {
                fresh.slots.insert(slot("a", 7), Standing::Create);
            },
            &[(true, "hub    a 2026-12-01 07:00Z: a job would be created, and this run was not in the plan")],
        );
        check(
            |fresh| {
                fresh.slots.insert(slot("a", 10), Standing::Blocked);
            },
            &[(true, "hub    a 2026-12-01 10:00Z: a job was to be created, and the slot needs a person now")],
        );
    }

    #[test]
    fn numbers_of_devices_may_move_a_little() {
        check(
            |fresh| {
                fresh.devices.insert(name("a"), 125);
            },
            &[],
        );
        check(
            |fresh| {
                fresh.devices.insert(name("a"), 126);
            },
            &[(true, "hub    a: 100 devices matched, and 126 do now")],
        );
        check(
            |fresh| {
                fresh.devices.remove(&name("a"));
            },
            &[(true, "hub    a: 100 devices matched, and they cannot be counted now")],
        );
        check(
            |fresh| {
                fresh.slots.insert(slot("b", 10), Standing::Create);
                fresh.devices.insert(name("b"), 9_800);
            },
            &[
                (false, "hub    b: 9 800 devices match; they were not counted for the review"),
                (false, "clock  b 2026-12-01 10:00Z: it was left for later, and is due now"),
            ],
        );
        // Nothing is done to the devices of a job that is not created.
        check(
            |fresh| {
                fresh.devices.insert(name("b"), 9_800);
            },
            &[],
        );
    }

    #[test]
    fn what_git_changed_is_refused_and_named_once() {
        check(
            |fresh| {
                let manifest = &mut fresh.intent.manifests[0];
                manifest.generation = 1;
                manifest.schedule = json!({"cron": "5 * * * *"});
                fresh.slots.insert(slot("a", 7), Standing::Create);
                fresh.devices.insert(name("a"), 9_800);
            },
            &[
                (true, "git    a: `generation` was 0, and is 1"),
                (true, r#"git    a: `schedule` was {"cron":"0 * * * *"}, and is {"cron":"5 * * * *"}"#),
            ],
        );
        check(
            |fresh| fresh.intent.manifests[1].body = "sha256:bb".to_owned(),
            &[(true, "git    b: what the job does (its revision) was sha256:aa, and is sha256:bb")],
        );
        check(
            |fresh| {
                fresh.intent.manifests.remove(1);
                fresh.intent.manifests.push(manifest("c"));
                fresh.slots.insert(slot("c", 10), Standing::Create);
            },
            &[(true, "git    c: the manifest is new"), (true, "git    b: the manifest is gone")],
        );
        check(
            |fresh| fresh.intent.hub = "fabrikam".to_owned(),
            &[(true, "git    the project: the hub was contoso, and is fabrikam")],
        );
    }

    #[test]
    fn a_cancel_that_follows_from_git_is_gits() {
        let id = "hj1-bldgx7q-a-c2612011000-u0000-aaaaaaaa";
        check(
            |fresh| {
                fresh.intent.manifests[0].suspend = true;
                fresh.intent.cancels.push(id.to_owned());
            },
            &[
                (true, "git    a: `suspend` was false, and is true"),
                (true, &format!("git    {id}: this job would be cancelled, and was not to be")),
            ],
        );
    }
}
