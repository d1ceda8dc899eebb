//! The planner: table, late starts, overlaps, lanes and prune put together.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use rayon::prelude::*;

use super::capacity::{FutureCrons, Lanes, NoLane};
use super::decide::{Clock, SlotJobs, Verdict, Want, WantedBody, decide, shift};
use super::input::PlanInput;
use super::inventory::{Inventory, OwnJob, OwnJobs};
use super::late::late_start;
use super::overlap::{Busy, Hold, busy, hold, policy, release, wants};
use super::prune::orphans;
use super::row::{
    BlockedReason, CancelReason, Create, Deferral, DeferredReason, IdleReason, LaneUse, Lateness, Plan, Row, Step,
    Window,
};
use crate::model::{ConcurrencyPolicy, Desired, JobId, Manifest, ManifestName, OccurrenceKind, Schedule, Seconds};

/// Fewer manifests are not worth another thread.
const EXAMINED_TOGETHER: usize = 128;

/// Decides what to do. Pure and deterministic: see [`PlanInput`].
#[must_use]
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let inventory = Inventory::new(input);
    let clock = Clock { now: input.now, lookahead: input.lookahead };
    let mut rows = orphans(input, &inventory);
    let mut slots = Vec::new();
    for (manifest, examined) in examine_all(input, clock, &inventory) {
        if input.selection.covers(&manifest.name) {
            rows.extend(examined.rows);
        }
        slots.extend(examined.wants);
    }
    rows.extend(allot(input, clock, &inventory, &rows, slots));
    rows.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    Plan {
        environment: input.environment.clone(),
        owner: input.owner.clone(),
        now: input.now,
        size: input.size,
        prune: input.prune,
        manifest_count: input.manifests.len(),
        completeness: input.completeness,
        own_waiting_count: inventory.own_waiting().count(),
        lanes: LaneUse {
            total: input.size.lanes(),
            own: inventory.own_active(),
            foreign: inventory.foreign_active.clone(),
        },
        rows,
    }
}

fn sort_key(row: &Row) -> (&ManifestName, Timestamp, u8, Option<&JobId>) {
    let id = match &row.step {
        Step::Cancel { id, .. } => Some(id),
        _ => None,
    };
    (&row.name, row.occurrence.start(), row.generation, id)
}

/// The manifests by name, each with its slots by nominal start: the order of the input is of no
/// consequence.
fn by_manifest<'a>(input: &PlanInput<'a>) -> Vec<(&'a Manifest, Vec<&'a Desired>)> {
    let mut manifests: Vec<_> = input.manifests.iter().map(AsRef::as_ref).collect();
    manifests.sort_by(|a: &&Manifest, b| a.name.cmp(&b.name));
    let mut slots: Vec<_> = input.desired.iter().collect();
    slots.sort_by(|a, b| a.slot.name.cmp(&b.slot.name).then_with(|| a.slot.cmp(&b.slot)));
    let mut slots = slots.into_iter().peekable();
    let mut of_name = |name: &ManifestName| {
        while slots.next_if(|slot| slot.slot.name < *name).is_some() {}
        std::iter::from_fn(|| slots.next_if(|slot| slot.slot.name == *name)).collect()
    };
    manifests.into_iter().map(|manifest| (manifest, of_name(&manifest.name))).collect()
}

/// What every manifest calls for, by name. They are examined on all cores: each is hashed, and none
/// depends on another before lanes are given out.
fn examine_all<'a>(
    input: &PlanInput<'a>,
    clock: Clock,
    inventory: &Inventory<'_>,
) -> Vec<(&'a Manifest, Examined<'a>)> {
    let mut own_jobs = inventory.walk();
    let with_jobs = |(manifest, desired): (&'a Manifest, _)| (manifest, own_jobs.of_name(&manifest.name), desired);
    let all: Vec<(_, _, Vec<&Desired>)> = by_manifest(input).into_iter().map(with_jobs).collect();
    let examine_one = |(manifest, jobs, desired): (_, _, Vec<_>)| (manifest, examine(clock, jobs, manifest, &desired));
    all.into_par_iter().with_min_len(EXAMINED_TOGETHER).map(examine_one).collect()
}

/// What one manifest calls for.
struct Examined<'a> {
    rows: Vec<Row>,
    wants: Vec<Slot<'a>>,
}

/// A slot that calls for a job, before lanes were looked at.
struct Slot<'a> {
    manifest: &'a Manifest,
    want: Box<Want>,
    /// The job that is in the slot now.
    occupant: Option<JobId>,
    hold: Option<Held>,
}

/// A slot that waits for other jobs of its manifest.
struct Held {
    /// When it can start, if that is known.
    release: Option<Timestamp>,
    /// Whether it will need a lane then. Of several that wait for the same, only the newest will.
    claims_lane: bool,
}

fn examine<'a>(clock: Clock, jobs: OwnJobs<'_, '_>, manifest: &'a Manifest, desired: &[&Desired]) -> Examined<'a> {
    let mut rows = unwanted(jobs, manifest, desired);
    if manifest.suspend {
        rows.extend(desired.iter().filter_map(|slot| suspended_row(jobs, manifest, slot)));
        return Examined { rows, wants: Vec::new() };
    }
    if desired.is_empty() {
        return Examined { rows, wants: Vec::new() };
    }
    let wanted = WantedBody::new(manifest.body());
    let mut wants = Vec::new();
    let newest_past = desired.iter().filter_map(|slot| slot.nominal_start()).filter(|start| *start < clock.now).max();
    for slot in desired {
        let in_slot = SlotJobs::new(jobs.in_slot(&slot.slot));
        let occupant = in_slot.speaker.map(|job| job.seen.id.clone());
        match refine(jobs, manifest, newest_past, slot, &occupant, decide(clock, slot, &wanted, &in_slot)) {
            Verdict::Want(want) => wants.push(Slot { manifest, want, occupant, hold: None }),
            Verdict::Blocked(id, reason) => rows.push(row_of(manifest, slot, Step::Blocked { id, reason })),
            Verdict::Idle(id, reason) => rows.push(row_of(manifest, slot, Step::Idle { id, reason })),
        }
    }
    let cancelled = cancelled_ids(&rows);
    hold_overlapping(clock.now, jobs, manifest, &cancelled, &mut wants);
    rows.extend(wants.iter().filter_map(held_replacement));
    Examined { rows, wants }
}

/// The row of a job that must not start as it is, although its replacement has to wait.
fn held_replacement(slot: &Slot<'_>) -> Option<Row> {
    let id = slot.want.replaces.clone().filter(|_| slot.hold.is_some())?;
    let own = &slot.want.job.id;
    Some(Row {
        name: slot.manifest.name.clone(),
        source: Some(slot.manifest.source.clone()),
        occurrence: own.occurrence,
        generation: own.unit.generation.get(),
        step: Step::Cancel { id, reason: CancelReason::HeldReplacement },
    })
}

/// Rows for own jobs that must not start: of slots that are no longer wanted, of a suspended
/// manifest, and of slots that another job fills.
fn unwanted(jobs: OwnJobs<'_, '_>, manifest: &Manifest, desired: &[&Desired]) -> Vec<Row> {
    let races: HashSet<JobId> = desired.iter().flat_map(|slot| SlotJobs::new(jobs.in_slot(&slot.slot)).races).collect();
    let mut rows = Vec::new();
    for job in jobs.iter().filter(|job| job.is_cancellable()) {
        let reason = if manifest.suspend {
            CancelReason::Suspended
        } else if races.contains(&job.seen.id) {
            CancelReason::SlotRace
        } else if !wants(manifest, job) && !asap_conflicts(manifest, job) {
            CancelReason::Superseded
        } else {
            continue;
        };
        rows.push(Row {
            name: manifest.name.clone(),
            source: Some(manifest.source.clone()),
            occurrence: job.id.occurrence,
            generation: job.id.unit.generation.get(),
            step: Step::Cancel { id: job.seen.id.clone(), reason },
        });
    }
    rows
}

/// An `asap` job of the same generation with another `notAfter`: it blocks instead of giving way.
fn asap_conflicts(manifest: &Manifest, job: &OwnJob<'_>) -> bool {
    let Schedule::Asap(asap) = &manifest.schedule else { return false };
    let occurrence = job.id.occurrence;
    occurrence.kind() == OccurrenceKind::Asap
        && occurrence.start() != asap.not_after
        && job.id.unit.generation == manifest.generation
}

/// A slot of a suspended manifest is worth a row unless its job is cancelled in the same plan.
fn suspended_row(jobs: OwnJobs<'_, '_>, manifest: &Manifest, slot: &Desired) -> Option<Row> {
    let speaker = SlotJobs::new(jobs.in_slot(&slot.slot)).speaker;
    if speaker.is_some_and(OwnJob::is_cancellable) {
        return None;
    }
    let id = speaker.map(|job| job.seen.id.clone());
    if speaker.is_some_and(|job| job.is_adopted && job.seen.status.is_cancellable()) {
        return Some(row_of(manifest, slot, Step::Blocked { id, reason: BlockedReason::AdoptedSuspended }));
    }
    Some(row_of(manifest, slot, Step::Idle { id, reason: IdleReason::Suspended }))
}

/// The rules that look beyond one slot: late starts, and an `asap` that was used with another
/// `notAfter`.
fn refine(
    jobs: OwnJobs<'_, '_>,
    manifest: &Manifest,
    newest_past: Option<Timestamp>,
    slot: &Desired,
    occupant: &Option<JobId>,
    verdict: Verdict,
) -> Verdict {
    let Verdict::Want(want) = verdict else { return verdict };
    if let Some(job) = jobs.iter().find(|job| asap_conflicts(manifest, job)) {
        return Verdict::Blocked(Some(job.seen.id.clone()), BlockedReason::AsapAlreadyUsed);
    }
    match late_start(jobs, manifest, newest_past, slot) {
        None => Verdict::Want(want),
        Some(reason) => Verdict::Idle(occupant.clone(), reason),
    }
}

fn cancelled_ids(rows: &[Row]) -> HashSet<JobId> {
    rows.iter()
        .filter_map(|row| match &row.step {
            Step::Cancel { id, .. } => Some(id.clone()),
            _ => None,
        })
        .collect()
}

/// Marks the slots that must wait for an earlier job of the manifest. A slot that need not wait
/// counts as an earlier job for those after it.
fn hold_overlapping(
    now: Timestamp,
    jobs: OwnJobs<'_, '_>,
    manifest: &Manifest,
    cancelled: &HashSet<JobId>,
    slots: &mut [Slot<'_>],
) {
    if slots.is_empty() {
        return;
    }
    let mut busy = busy(manifest, jobs.iter(), cancelled);
    let forbids = policy(manifest) == ConcurrencyPolicy::Forbid;
    let mut is_held = vec![false; slots.len()];
    for (slot, is_held) in slots.iter_mut().zip(&mut is_held) {
        let from = slot.want.starts(now);
        match hold(manifest, &slot.want, from, &busy) {
            Hold::Until(_) => {
                *is_held = true;
                // The job that it replaces is cancelled all the same.
                busy.retain(|job| job.id.is_none() || job.id != slot.want.replaces);
            }
            Hold::Free if forbids => {
                let until = shift(from, manifest.max_execution.to_signed());
                busy.retain(|job| job.id.is_none() || job.id != slot.want.replaces);
                busy.push(Busy { id: None, from: Some(from), until: Some(until), is_superseded: false });
            }
            Hold::Free => {}
        }
    }
    // How long they wait shows only when all that need not wait are known.
    let mut awaited = HashSet::new();
    for (slot, _) in slots.iter_mut().zip(is_held).rev().filter(|(_, is_held)| *is_held) {
        let release = release(manifest, &slot.want, now, &busy);
        let in_time = release.is_none_or(|release| release <= slot.want.deadline);
        let claims_lane = in_time && (awaited.insert(release) || !forbids);
        slot.hold = Some(Held { release, claims_lane });
    }
}

/// Gives out lanes and turns every wanted job into a row.
fn allot(
    input: &PlanInput<'_>,
    clock: Clock,
    inventory: &Inventory<'_>,
    rows: &[Row],
    mut slots: Vec<Slot<'_>>,
) -> Vec<Row> {
    slots.sort_by(|a, b| lane_order(input.now, a).cmp(&lane_order(input.now, b)));
    let mut gone = cancelled_ids(rows);
    let is_kept = |slot: &&Slot<'_>| slot.hold.is_none() && input.selection.covers(&slot.manifest.name);
    gone.extend(slots.iter().filter(is_kept).filter_map(|slot| slot.want.replaces.clone()));
    let held = inventory.active.iter().filter(|job| !gone.contains(&job.id)).map(|job| job.latest_end()).collect();
    let mut lanes = Lanes::new(input.size.lanes(), input.now, held);
    let mut crons = FutureCrons::new(input.manifests, shift(input.now, input.lookahead.to_signed()));
    let mut after: BTreeMap<ManifestName, Vec<JobId>> = BTreeMap::new();
    for row in rows {
        if let Step::Cancel { id, .. } = &row.step {
            after.entry(row.name.clone()).or_default().push(id.clone());
        }
    }
    let mut allotted = Vec::new();
    for slot in slots {
        if !input.selection.covers(&slot.manifest.name) {
            lanes.await_later(slot.want.starts(input.now), slot.manifest.max_execution);
            continue;
        }
        let prerequisites = after.get(&slot.manifest.name).map_or(&[][..], Vec::as_slice);
        let step = allot_one(clock, &mut lanes, &mut crons, &slot, prerequisites);
        allotted.push(Row {
            name: slot.manifest.name.clone(),
            source: Some(slot.manifest.source.clone()),
            occurrence: slot.want.job.id.occurrence,
            generation: slot.want.job.id.unit.generation.get(),
            step,
        });
    }
    allotted
}

/// Replacements keep their lane; then what is due, by start, by name.
fn lane_order<'s>(now: Timestamp, slot: &'s Slot<'_>) -> (bool, Timestamp, &'s ManifestName, Timestamp) {
    let want = &slot.want;
    (want.replaces.is_none(), want.starts(now), &slot.manifest.name, want.job.id.occurrence.start())
}

fn allot_one(
    clock: Clock,
    lanes: &mut Lanes,
    crons: &mut FutureCrons<'_>,
    slot: &Slot<'_>,
    prerequisites: &[JobId],
) -> Step {
    let Slot { manifest, want, occupant, hold } = slot;
    let now = clock.now;
    if want.is_ahead {
        if hold.is_some() || !lanes.take_ahead(want, crons) {
            let apply_between = clock.apply_window(want.nominal.unwrap_or(now), want.deadline);
            return Step::Idle { id: occupant.clone(), reason: IdleReason::NotDue { apply_between } };
        }
    } else if let Some(Held { release, claims_lane }) = hold {
        if *claims_lane {
            lanes.await_later(release.unwrap_or(want.starts(now)), manifest.max_execution);
        }
        return deferred(
            clock,
            want,
            NoLane { reason: DeferredReason::HeldByPrevious, free: *release, start: *release },
        );
    } else if want.replaces.is_some() {
        lanes.take_over(want);
    } else if let Err(none) = lanes.take(want) {
        return deferred(clock, want, none);
    }
    let late = want.nominal.filter(|nominal| *nominal < now).map(|nominal| now.duration_since(nominal).as_secs());
    Step::Create(Box::new(Create {
        job: want.job.clone(),
        reason: want.reason,
        after: prerequisites.iter().chain(&want.replaces).cloned().collect(),
        changes: want.changes.clone(),
        deadline: want.deadline,
        lateness: late.map(|seconds| Lateness(Seconds::new(seconds.unsigned_abs()))),
    }))
}

fn deferred(clock: Clock, want: &Want, none: NoLane) -> Step {
    let now = clock.now;
    Step::Deferred(Deferral {
        reason: none.reason,
        expected_start: none.start,
        apply_between: Window { from: none.free.unwrap_or(now).min(want.deadline).max(now), until: want.deadline },
        is_due: want.starts(now) <= now,
    })
}

fn row_of(manifest: &Manifest, slot: &Desired, step: Step) -> Row {
    Row {
        name: manifest.name.clone(),
        source: Some(manifest.source.clone()),
        occurrence: slot.slot.occurrence,
        generation: slot.slot.generation.get(),
        step,
    }
}
