//! Planning 10 000 manifests against 50 000 observed jobs, the pure part: expand and plan.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use divan::Bencher;
use hubjobs::expand::{Window, expand};
use hubjobs::model::{
    At, ConcurrencyPolicy, Cron, CronExpression, Desired, Digit, EnvironmentName, HubSize, JobAction, JobBody, JobId,
    JobStatus, Manifest, ManifestLimits, ManifestName, ManifestSource, MethodCall, MethodName, ObservedJob,
    OccurrenceKey, OccurrenceKind, OwnJobId, Owner, PrunePolicy, SafetyLimits, Schedule, Seconds, Sku, SuccessWhen,
    Target, TargetCondition, TwinPatch, Unit, Zone,
};
use hubjobs::plan::{Answers, Completeness, Plan, PlanInput, Review, ReviewInput, Selection, plan, questions, review};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const MANIFESTS: usize = 10_000;
const OWN_JOBS: usize = 35_000;
const FOREIGN_JOBS: usize = 15_000;

fn main() {
    divan::main();
}

struct Input {
    now: Timestamp,
    owner: Owner,
    environment: EnvironmentName,
    manifests: Vec<Arc<Manifest>>,
    observed: Vec<ObservedJob>,
}

/// A month of a fleet: every manifest with a few jobs of the last weeks, most of them over, and
/// foreign jobs among them, in the order of their ids as the hub's list comes sorted.
fn input() -> Input {
    let now: Timestamp = "2026-12-01T08:00:00Z".parse().expect("a time");
    let owner = Owner::parse("bldgx7q").expect("an owner");
    let manifests: Vec<_> = (0..MANIFESTS).map(|n| Arc::new(manifest(n, now))).collect();
    let own = (0..OWN_JOBS).map(|n| own_job(n, &manifests[n % MANIFESTS], &owner, now));
    let mut observed: Vec<_> = own.chain((0..FOREIGN_JOBS).map(|n| foreign_job(n, now))).collect();
    observed.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!((manifests.len(), observed.len()), (MANIFESTS, OWN_JOBS + FOREIGN_JOBS));
    Input { now, owner, environment: EnvironmentName::new("bench").expect("a name"), manifests, observed }
}

/// Two in three come again and again, most of them daily, some every quarter of an hour.
fn schedule(n: usize, now: Timestamp) -> Schedule {
    if n.is_multiple_of(3) {
        let start = now + SignedDuration::from_mins(i64::try_from(n % 20_000).expect("small") - 10_000);
        return Schedule::At(At { start, zone: None, starting_deadline: Seconds::HOUR });
    }
    let expression = if n % 100 == 1 { "*/15 * * * *".to_owned() } else { format!("{} {} * * *", n % 60, n % 24) };
    Schedule::Cron(Cron {
        expression: CronExpression::parse(&expression).expect("a cron expression"),
        zone: Zone::new(["UTC", "Europe/Berlin", "America/New_York"][n % 3]).expect("a zone"),
        starting_deadline: Seconds::HOUR,
        concurrency: ConcurrencyPolicy::Forbid,
    })
}

fn manifest(n: usize, now: Timestamp) -> Manifest {
    let JobBody { condition, action, max_execution } = body(n, 0);
    Manifest {
        name: ManifestName::new(&format!("building-{n:05}-locks")).expect("a name"),
        labels: BTreeMap::from([("team".to_owned(), "facilities".to_owned())]),
        source: ManifestSource { path: format!("jobs/building-{n:05}.yaml"), line: 4 },
        suspend: n % 50 == 7,
        generation: Digit::ZERO,
        target: Target::Condition(condition),
        schedule: schedule(n, now),
        max_execution,
        action,
        success_when: SuccessWhen::default(),
        expect_devices: None,
        limits: ManifestLimits::default(),
        moved_from: Vec::new(),
        adopt: None,
    }
}

/// What real jobs carry: a condition of some length, a payload or a patch with some depth.
fn body(n: usize, edit: usize) -> JobBody {
    let condition = format!(
        "tags.building = '{}' AND tags.floor IN [1, 2, 3] AND (tags.ring = 'canary' OR NOT IS_DEFINED(tags.ring))",
        n % 500
    );
    let settings = json!({
        "telemetry": {"intervalSeconds": 60 + edit, "batch": true, "fields": ["temperature", "humidity", "battery"]},
        "firmware": {"version": "1.4.2", "channel": "stable", "source": "https://example.com/firmware/1.4.2.bin"},
        "legacyFlag": null,
    });
    let action = if n.is_multiple_of(2) {
        JobAction::Method(MethodCall {
            name: MethodName::new("applySettings").expect("a method name"),
            payload: settings,
            response_timeout: Seconds::new(15),
            connect_timeout: Seconds::new(5),
        })
    } else {
        let Value::Object(desired) = settings else { unreachable!("an object") };
        JobAction::Twin(TwinPatch { desired, ..TwinPatch::default() })
    };
    let condition = TargetCondition::new(condition).expect("a short condition");
    JobBody { condition, action, max_execution: Seconds::new(600) }
}

/// The nth job of all: of the occurrences of a manifest, the latest first, one in ten of an
/// earlier revision. What is in the future waits.
fn own_job(n: usize, manifest: &Manifest, owner: &Owner, now: Timestamp) -> ObservedJob {
    let back = i64::try_from(n / MANIFESTS).expect("small");
    let (kind, start) = match &manifest.schedule {
        Schedule::At(at) => (OccurrenceKind::At, at.start - SignedDuration::from_hours(24) * back.max(0) as i32),
        Schedule::Cron(cron) => {
            let day = now - SignedDuration::from_hours(24 * back);
            (OccurrenceKind::Cron, cron.after(day).next().expect("a next occurrence"))
        }
        Schedule::Asap(asap) => (OccurrenceKind::Asap, asap.not_after),
    };
    let index = n % MANIFESTS;
    let body = body(index, usize::from(n % 10 == 3));
    let waits = start > now && start < now + SignedDuration::from_hours(1);
    let id = OwnJobId {
        owner: owner.clone(),
        name: manifest.name.clone(),
        occurrence: OccurrenceKey::new(kind, start).expect("a whole minute"),
        unit: Unit::default(),
        revision: body.revision(),
    };
    let status = match (waits && index.is_multiple_of(900), n % 20) {
        (true, _) => JobStatus::Scheduled,
        (false, 5) => JobStatus::Failed,
        (false, 6) => JobStatus::Cancelled,
        (false, _) => JobStatus::Completed,
    };
    observed(id.to_job_id(), status, start, body)
}

fn foreign_job(n: usize, now: Timestamp) -> ObservedJob {
    let start = now - SignedDuration::from_mins(i64::try_from(n).expect("small"));
    // Half of them come from another project that uses this tool.
    let id = match n % 2 {
        0 => format!("nightly-maintenance-{n:06}-of-somebody-else"),
        _ => format!("hj1-otherab-building-{n:05}-locks-t2611200900-u0000-k7m2q4xd"),
    };
    observed(JobId::new(id), JobStatus::Completed, start, body(n, 7))
}

fn observed(id: JobId, status: JobStatus, start: Timestamp, body: JobBody) -> ObservedJob {
    ObservedJob {
        id,
        status,
        kind: Some(body.action.kind()),
        created: Some(start - SignedDuration::from_hours(1)),
        start: Some(start),
        end: None,
        body: Some(body),
        statistics: None,
        failure_reason: None,
    }
}

impl Input {
    fn expand(&self) -> Vec<Desired> {
        expand(&self.manifests, &self.owner, Window { now: self.now, lookahead: Seconds::HOUR })
    }

    fn plan(&self, desired: &[Desired]) -> Plan {
        plan(&PlanInput {
            now: self.now,
            environment: &self.environment,
            owner: &self.owner,
            size: HubSize { sku: Sku::S3, units: NonZeroU32::MIN },
            lookahead: Seconds::HOUR,
            prune: PrunePolicy::CancelScheduled,
            selection: &Selection::Everything,
            completeness: Completeness::Complete,
            manifests: &self.manifests,
            desired,
            observed: &self.observed,
        })
    }

    /// Timeline, conflicts and limits, without anything counted.
    fn review(&self, plan: Plan, desired: &[Desired]) -> Review {
        let limits = SafetyLimits::default();
        let input = ReviewInput {
            manifests: &self.manifests,
            desired,
            observed: &self.observed,
            ..ReviewInput::of_limits(&limits)
        };
        let _questions = divan::black_box(questions(&plan, &input));
        review(plan, &input, &Answers::default())
    }
}

#[divan::bench]
fn expand_10_000_manifests(bencher: Bencher<'_, '_>) {
    let input = input();
    bencher.bench_local(|| input.expand());
}

#[divan::bench]
fn plan_10_000_manifests_against_50_000_jobs(bencher: Bencher<'_, '_>) {
    let input = input();
    let desired = input.expand();
    let summary = input.plan(&desired).summary();
    assert!(summary.create > 0 && summary.deferred > 100 && summary.unchanged > 1_000, "{summary:?}");
    bencher.bench_local(|| input.plan(&desired));
}

#[divan::bench]
fn expand_and_plan(bencher: Bencher<'_, '_>) {
    let input = input();
    bencher.bench_local(|| input.plan(&input.expand()));
}

#[divan::bench]
fn questions_and_review(bencher: Bencher<'_, '_>) {
    let input = input();
    let desired = input.expand();
    let plan = input.plan(&desired);
    let reviewed = input.review(plan.clone(), &desired);
    assert!(reviewed.timeline().spans.len() > 10 && !reviewed.conflicts().is_empty());
    bencher.with_inputs(|| plan.clone()).bench_local_values(|plan| input.review(plan, &desired));
}
