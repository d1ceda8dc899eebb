//! What holds for every plan, over small random worlds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use hubjobs::expand::{Window, expand};
use hubjobs::model::{
    Asap, At, ConcurrencyPolicy, Cron, CronExpression, Digit, EnvironmentName, HubSize, JobId, JobStatus, Manifest,
    ManifestLimits, ManifestSource, ObservedJob, OccurrenceKey, OccurrenceKind, OwnJobId, PrunePolicy, Schedule,
    Seconds, Sku, SlotKey, SuccessWhen, Target, Unit, Zone,
};
use hubjobs::plan::{CancelReason, Completeness, Create, CreateReason, Plan, PlanInput, Selection, Step, plan};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed};

use crate::scenario::{body_of, name, owner, time};

const NAMES: [&str; 3] = ["gate", "lock", "a-name-of-24-characters0"];
/// One of the foreign jobs, if there are as many.
const ADOPTED: &str = "nightly-1";
/// No manifest has this name; one may have had it.
const GONE: &str = "gone";
const REVISIONS: [&str; 3] = ["a", "b", "c"];

/// All that a plan depends on, owned.
#[derive(Clone)]
struct World {
    now: Timestamp,
    sku: Sku,
    lookahead: Seconds,
    prune: PrunePolicy,
    selection: Selection,
    manifests: Vec<Arc<Manifest>>,
    observed: Vec<ObservedJob>,
}

/// A counter-example in a few lines, in words near to those of the scenarios.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, sku, lookahead, prune, selection, .. } = self;
        writeln!(f, "now {now} sku {sku} lookahead {lookahead} prune {prune:?} {selection:?}")?;
        for manifest in &self.manifests {
            let Manifest { name, generation, suspend, max_execution, .. } = manifest.as_ref();
            let schedule = match &manifest.schedule {
                Schedule::At(at) => format!("at {} deadline={}", at.start, at.starting_deadline),
                Schedule::Asap(asap) => format!("asap {}", asap.not_after),
                Schedule::Cron(cron) => {
                    let expression = cron.expression.as_str();
                    format!("cron {expression:?} deadline={} {:?}", cron.starting_deadline, cron.concurrency)
                }
            };
            let revision = manifest.body().revision();
            writeln!(f, "{name} {schedule} max={max_execution} rev={revision} gen={generation} suspend={suspend}")?;
        }
        for job in &self.observed {
            writeln!(f, "job {} {} start={:?} body={}", job.id, job.status, job.start, job.body.is_some())?;
        }
        Ok(())
    }
}

/// The rows that do or defer something, one a line.
fn rows(plan: &Plan) -> String {
    let line = |step: &Step| match step {
        Step::Create(create) => format!("create {} {:?} after {:?}\n", create.job.id, create.job.start, create.after),
        Step::Cancel { id, reason } => format!("cancel {id} {}\n", reason.as_str()),
        Step::Deferred(deferral) => format!("deferred {} {:?}\n", deferral.reason.as_str(), deferral.expected_start),
        Step::Blocked { .. } | Step::Idle { .. } => String::new(),
    };
    plan.rows.iter().map(|row| line(&row.step)).collect()
}

impl World {
    fn plan(&self) -> Plan {
        let (owner, environment) = (owner(), EnvironmentName::new("test").expect("a name"));
        plan(&PlanInput {
            now: self.now,
            environment: &environment,
            owner: &owner,
            size: HubSize { sku: self.sku, units: NonZeroU32::MIN },
            lookahead: self.lookahead,
            prune: self.prune,
            selection: &self.selection,
            completeness: Completeness::Complete,
            manifests: &self.manifests,
            desired: &expand(&self.manifests, &owner, Window { now: self.now, lookahead: self.lookahead }),
            observed: &self.observed,
        })
    }

    /// Carries a plan out on a hub that does as it is asked.
    fn carry_out(&mut self, plan: &Plan) {
        let gone = cancels(plan);
        for job in self.observed.iter_mut().filter(|job| gone.contains(&job.id)) {
            job.status = JobStatus::Cancelled;
        }
        self.observed.extend(creates(plan).map(|create| ObservedJob {
            id: create.job.id.to_job_id(),
            status: if create.job.start.is_some() { JobStatus::Scheduled } else { JobStatus::Running },
            kind: Some(create.job.body.action.kind()),
            created: Some(self.now),
            start: Some(create.job.start.unwrap_or(self.now)),
            end: None,
            body: Some(create.job.body.clone()),
            statistics: None,
            failure_reason: None,
        }));
    }

    fn own(&self) -> impl Iterator<Item = (OwnJobId, &ObservedJob)> {
        let owned = |job: &ObservedJob| job.id.own().filter(|id| id.owner == owner());
        self.observed.iter().filter_map(move |job| Some((owned(job)?, job)))
    }

    fn job(&self, id: &JobId) -> &ObservedJob {
        self.observed.iter().find(|job| job.id == *id).expect("a job of the hub")
    }
}

fn creates(plan: &Plan) -> impl Iterator<Item = &Create> {
    plan.rows.iter().filter_map(|row| match &row.step {
        Step::Create(create) => Some(create.as_ref()),
        _ => None,
    })
}

/// Every job that a plan cancels, in rows of their own or before a creation.
fn cancels(plan: &Plan) -> BTreeSet<JobId> {
    plan.rows
        .iter()
        .flat_map(|row| match &row.step {
            Step::Cancel { id, .. } => std::slice::from_ref(id),
            Step::Create(create) => create.after.as_slice(),
            _ => &[],
        })
        .cloned()
        .collect()
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn any_schedule(now: Timestamp) -> impl Strategy<Value = Schedule> {
    let deadline = select(vec!["0s", "10m", "1h", "14d"]).prop_map(|text| Seconds::parse(text).expect("a duration"));
    let at = (select(vec![-1500, -70, -60, -20, 0, 1, 30, 60, 61, 3_000, 10_079, 10_080, 10_081]), deadline.clone())
        .prop_map(move |(offset, starting_deadline)| {
            Schedule::At(At { start: now + minutes(offset), zone: None, starting_deadline })
        });
    let asap = select(vec![-1, 0, 60, 4_000, 20_160, 20_161])
        .prop_map(move |offset| Schedule::Asap(Asap { not_after: now + minutes(offset) }));
    let expressions = select(vec!["*/10 * * * *", "*/30 * * * *", "0 * * * *", "0 9,21 * * *"]);
    let cron = (expressions, deadline, any::<bool>()).prop_map(|(expression, starting_deadline, allow)| {
        Schedule::Cron(Cron {
            expression: CronExpression::parse(expression).expect("a cron expression"),
            zone: Zone::utc(),
            starting_deadline: starting_deadline.min(Seconds::DAY),
            concurrency: if allow { ConcurrencyPolicy::Allow } else { ConcurrencyPolicy::Forbid },
        })
    });
    prop_oneof![2 => at, 1 => asap, 2 => cron]
}

fn any_manifest(now: Timestamp, name_text: &'static str) -> impl Strategy<Value = Arc<Manifest>> {
    let length = select(vec![5_u64, 10, 45, 200]);
    let switches = (prop::bool::weighted(0.1), prop::bool::weighted(0.2));
    (any_schedule(now), select(&REVISIONS[..]), length, switches, 0_u8..2).prop_map(
        move |(schedule, revision, length, (suspend, adopts), generation)| {
            let adopt = (adopts && matches!(schedule, Schedule::At(_))).then(|| JobId::new(ADOPTED));
            let body = body_of(revision, Seconds::new(length * 60));
            Arc::new(Manifest {
                name: name(name_text),
                labels: BTreeMap::new(),
                source: ManifestSource { path: format!("{name_text}.yaml"), line: 1 },
                suspend,
                generation: Digit::new(generation).expect("below 36"),
                target: Target::Condition(body.condition),
                schedule,
                max_execution: body.max_execution,
                action: body.action,
                success_when: SuccessWhen::default(),
                expect_devices: None,
                limits: ManifestLimits::default(),
                moved_from: Vec::new(),
                adopt,
            })
        },
    )
}

fn any_status() -> impl Strategy<Value = JobStatus> {
    use JobStatus::{Cancelled, Completed, Failed, Queued, Running, Scheduled};
    select(vec![Scheduled, Scheduled, Queued, Running, Completed, Failed, Cancelled, Cancelled])
}

/// Nominal starts: those of the manifest, if it has any near, and some that are only near.
fn near_starts(manifest: &Manifest, now: Timestamp) -> Vec<(OccurrenceKind, Timestamp)> {
    let window = Window { now, lookahead: Seconds::new(2 * 3_600) };
    let wanted = expand(&[Arc::new(manifest.clone())], &owner(), window);
    let mut starts: Vec<_> =
        wanted.iter().map(|slot| (slot.slot.occurrence.kind(), slot.slot.occurrence.start())).collect();
    starts.extend([-90, -10, 20, 50].map(|offset| (OccurrenceKind::At, now + minutes(offset))));
    starts.push((OccurrenceKind::Cron, now + minutes(30)));
    starts.push((OccurrenceKind::Asap, now + minutes(90)));
    starts
}

fn any_jobs(manifest: &Manifest, now: Timestamp) -> impl Strategy<Value = Vec<ObservedJob>> + use<> {
    let name = manifest.name.clone();
    let length = manifest.max_execution;
    let job = (
        select(near_starts(manifest, now)),
        select(&REVISIONS[..]),
        any_status(),
        0_u8..2,
        select(vec![0_u8, 0, 1, 2, 35]),
        prop::bool::weighted(0.1),
    );
    prop::collection::vec(job, 0..4).prop_map(move |jobs| {
        let job = |((kind, start), revision, status, generation, sequence, no_body): (_, _, JobStatus, _, _, bool)| {
            let body = body_of(revision, length);
            let unit = Unit {
                generation: Digit::new(generation).expect("below 36"),
                sequence: Digit::new(sequence).expect("below 36"),
                ..Unit::default()
            };
            let occurrence = OccurrenceKey::new(kind, start).expect("a whole minute of this century");
            let id = OwnJobId { owner: owner(), name: name.clone(), occurrence, unit, revision: body.revision() };
            // The hub takes no start further ahead than 168 h.
            let too_far = status.is_cancellable() && start > now + minutes(10_080);
            (!too_far).then(|| observed(id.to_job_id(), status, Some(start), Some(body).filter(|_| !no_body)))
        };
        jobs.into_iter().filter_map(job).collect()
    })
}

fn observed(
    id: JobId,
    status: JobStatus,
    start: Option<Timestamp>,
    body: Option<hubjobs::model::JobBody>,
) -> ObservedJob {
    ObservedJob {
        id,
        status,
        kind: None,
        created: None,
        start,
        end: None,
        body,
        statistics: None,
        failure_reason: None,
    }
}

fn any_foreign(now: Timestamp) -> impl Strategy<Value = Vec<ObservedJob>> {
    let job = (any_status(), select(vec![-30_i64, -5, 10, 3_000]));
    prop::collection::vec(job, 0..4).prop_map(move |jobs| {
        let id = |n| match n {
            0 => "hj1-otherab-lock-t2612010900-u0000-k7m2q4xd".to_owned(),
            n => format!("nightly-{n}"),
        };
        let job = |(n, (status, offset))| {
            let body = body_of("foreign", Seconds::new(900));
            observed(JobId::new(id(n)), status, Some(now + minutes(offset)), Some(body))
        };
        jobs.into_iter().enumerate().map(job).collect()
    })
}

fn any_world() -> impl Strategy<Value = World> {
    let now = time("08:40");
    let manifests = NAMES.map(|name| prop::option::weighted(0.8, any_manifest(now, name)));
    let with_jobs = manifests.prop_flat_map(move |manifests| {
        let jobs: Vec<_> = manifests.iter().flatten().map(|manifest| any_jobs(manifest, now)).collect();
        let mut manifests: Vec<_> = manifests.into_iter().flatten().collect();
        // Jobs of a manifest that is gone, or that has another name now.
        let orphan = any_manifest(now, GONE).prop_flat_map(move |gone| any_jobs(&gone, now)).boxed();
        let (orphan, is_moved) = match manifests.last_mut().map(Arc::make_mut) {
            Some(last) => {
                let earlier = Manifest { name: name(GONE), ..last.clone() };
                (prop_oneof![orphan, any_jobs(&earlier, now)].boxed(), any::<bool>().boxed())
            }
            None => (orphan, Just(false).boxed()),
        };
        let manifests = is_moved.prop_map(move |is_moved| {
            let mut manifests = manifests.clone();
            if let Some(last) = manifests.last_mut().filter(|_| is_moved) {
                Arc::make_mut(last).moved_from.push(name(GONE));
            }
            manifests
        });
        (manifests, jobs, prop::option::weighted(0.4, orphan))
    });
    let settings = (
        select(vec![Sku::S1, Sku::S2, Sku::S3]),
        select(vec!["10m", "1h", "5h"]),
        select(vec![PrunePolicy::Never, PrunePolicy::CancelScheduled]),
        prop::option::weighted(0.2, prop::sample::subsequence(NAMES.to_vec(), 1..3)),
    );
    (with_jobs, any_foreign(now), settings).prop_map(move |((manifests, jobs, orphans), foreign, settings)| {
        let (sku, lookahead, prune, selected) = settings;
        let mut observed: BTreeMap<JobId, ObservedJob> = BTreeMap::new();
        for job in jobs.into_iter().flatten().chain(orphans.into_iter().flatten()).chain(foreign) {
            observed.insert(job.id.clone(), job);
        }
        World {
            now,
            sku,
            lookahead: Seconds::parse(lookahead).expect("a duration"),
            prune,
            selection: selected
                .map_or(Selection::Everything, |names| Selection::Only(names.into_iter().map(name).collect())),
            manifests,
            observed: observed.into_values().collect(),
        }
    })
}

fn any_shuffled() -> impl Strategy<Value = (World, World)> {
    any_world().prop_flat_map(|world| {
        let (manifests, observed) =
            (Just(world.manifests.clone()).prop_shuffle(), Just(world.observed.clone()).prop_shuffle());
        (Just(world), manifests, observed).prop_map(|(world, manifests, observed)| {
            let shuffled = World { manifests, observed, ..world.clone() };
            (world, shuffled)
        })
    })
}

fn config() -> Config {
    Config { cases: 1_000, failure_persistence: None, rng_seed: RngSeed::Fixed(0x6875_626a), ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_order_of_the_input_is_of_no_consequence((world, shuffled) in any_shuffled()) {
        prop_assert_eq!(world.plan(), shuffled.plan());
    }

    #[test]
    fn nothing_is_created_outside_its_window(world in any_world()) {
        for create in creates(&world.plan()) {
            let occurrence = create.job.id.occurrence;
            let manifest = world.manifests.iter().find(|manifest| manifest.name == create.job.id.name);
            let (earliest, deadline, start) = match &manifest.expect("a manifest for each creation").schedule {
                Schedule::At(at) => {
                    prop_assert_eq!(at.start, occurrence.start());
                    (at.start - minutes(10_080), at.start + at.starting_deadline.to_signed(), Some(at.start))
                }
                Schedule::Cron(cron) => {
                    prop_assert!(cron.includes(occurrence.start()));
                    let nominal = occurrence.start();
                    let deadline = nominal + cron.starting_deadline.to_signed();
                    (nominal - world.lookahead.to_signed(), deadline, Some(nominal))
                }
                Schedule::Asap(asap) => (asap.not_after - minutes(14 * 1_440), asap.not_after, None),
            };
            prop_assert!(earliest <= world.now && world.now <= deadline, "{create:?}");
            prop_assert_eq!(create.deadline, deadline);
            prop_assert_eq!(create.job.start, start.filter(|start| *start > world.now));
        }
    }

    #[test]
    fn no_more_jobs_are_alive_than_lanes(world in any_world()) {
        let plan = world.plan();
        let gone = cancels(&plan);
        let active = world.observed.iter().filter(|job| !job.status.is_terminal()).count();
        let kept = world.observed.iter().filter(|job| !job.status.is_terminal() && !gone.contains(&job.id)).count();
        let is_replacement = |create: &&Create| create.reason == CreateReason::ReplaceBeforeStart;
        let (replaced, fresh): (Vec<_>, Vec<_>) = creates(&plan).partition(is_replacement);
        let alive = kept + replaced.len() + fresh.len();
        if fresh.is_empty() {
            prop_assert!(alive <= active.max(plan.lanes.total));
        } else {
            prop_assert!(alive <= plan.lanes.total, "{alive} jobs on {} lanes", plan.lanes.total);
        }
    }

    #[test]
    fn ids_are_new_and_of_our_form(world in any_world()) {
        let plan = world.plan();
        let mut seen = BTreeSet::new();
        for create in creates(&plan) {
            let id = create.job.id.to_job_id();
            prop_assert!(id.as_str().len() <= JobId::LEN_MAX);
            prop_assert_eq!(id.own(), Some(create.job.id.clone()));
            prop_assert_eq!(&create.job.id.owner, &owner());
            prop_assert_eq!(&create.job.id.revision, &create.job.body.revision());
            prop_assert!(world.observed.iter().all(|job| job.id != id), "{id} is spent");
            prop_assert!(seen.insert(id));
        }
    }

    #[test]
    fn only_own_jobs_that_wait_are_cancelled(world in any_world()) {
        let plan = world.plan();
        for id in cancels(&plan) {
            prop_assert_eq!(id.own().map(|id| id.owner), Some(owner()));
            prop_assert!(world.job(&id).status.is_cancellable(), "{id}");
        }
        for row in &plan.rows {
            if let Step::Cancel { reason: CancelReason::ManifestRemoved, .. } = row.step {
                prop_assert_eq!(world.prune, PrunePolicy::CancelScheduled);
                prop_assert_eq!(&world.selection, &Selection::Everything);
                prop_assert!(world.manifests.iter().all(|manifest| manifest.name != row.name));
            }
        }
    }

    #[test]
    fn a_slot_that_has_a_job_gets_no_other(world in any_world()) {
        let plan = world.plan();
        let gone = cancels(&plan);
        let now_named = |slot: SlotKey| {
            let is_it = |manifest: &&Arc<Manifest>| manifest.moved_from.contains(&slot.name);
            let moved = world.manifests.iter().find(is_it).map(|manifest| manifest.name.clone());
            SlotKey { name: moved.unwrap_or_else(|| slot.name.clone()), ..slot }
        };
        let mut slots: BTreeSet<SlotKey> = world
            .own()
            .filter(|(_, job)| job.status != JobStatus::Cancelled && !gone.contains(&job.id))
            .map(|(id, _)| now_named(id.slot()))
            .collect();
        for create in creates(&plan) {
            let slot = create.job.id.slot();
            let adopter = world.manifests.iter().find(|manifest| manifest.name == slot.name && manifest.adopt.is_some());
            let is_adopted = adopter.is_some() && slot.generation == Digit::ZERO;
            prop_assert!(!is_adopted || create.reason == CreateReason::ReplaceBeforeStart, "{} is adopted", create.job.id);
            prop_assert!(slots.insert(slot), "{} is filled twice", create.job.id);
        }
    }

    #[test]
    fn a_selection_touches_nothing_else(world in any_world()) {
        let Selection::Only(names) = &world.selection else { return Ok(()) };
        for row in &world.plan().rows {
            let acts = matches!(row.step, Step::Create(_) | Step::Cancel { .. });
            prop_assert!(!acts || names.contains(&row.name), "{row:?}");
        }
    }

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(mut world in any_world()) {
        let first = world.plan();
        world.carry_out(&first);
        let second = world.plan();
        prop_assert!(!second.has_actions(), "first\n{}second\n{}", rows(&first), rows(&second));
    }
}
