//! Two plans side by side.

use std::collections::{BTreeSet, HashMap};

use super::{Departure, DepartureKind, Side};
use crate::model::{JobId, ManifestName};
use crate::plan::intent::{Intent, ManifestIntent};
use crate::plan::reviewed::{CountTolerance, Reviewed, Slot, Standing};

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
    let (before, now) = (by_name(from), by_name(to));
    for old in &from.manifests {
        match now.get(old.name.as_str()) {
            None => git(DepartureKind::Removed(old.name.clone())),
            Some(new) if *new == old => continue,
            Some(new) => field_changes(old, new).into_iter().for_each(&mut git),
        }
        moved.insert(old.name.as_str());
    }
    for new in to.manifests.iter().filter(|new| !before.contains_key(new.name.as_str())) {
        git(DepartureKind::Added(new.name.clone()));
        moved.insert(new.name.as_str());
    }
    moved
}

fn by_name(intent: &Intent) -> HashMap<&str, &ManifestIntent> {
    intent.manifests.iter().map(|manifest| (manifest.name.as_str(), manifest)).collect()
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
            let name = JobId::new(id.as_str()).own().map(|own| own.name);
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
