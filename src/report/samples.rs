//! Hand-made plans and jobs that hold every reason there is.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use crate::model::{
    Asap, At, ConcurrencyPolicy, Cron, CronExpression, DeviceJobStatistics, Digit, EnvironmentName, HubSize, JobAction,
    JobBody, JobId, JobKind, JobStatus, Manifest, ManifestLimits, ManifestName, ManifestSource, MethodCall, MethodName,
    NewJob, ObservedJob, OccurrenceKey, OccurrenceKind, OwnJobId, Owner, PrunePolicy, Schedule, Seconds, Sku,
    SuccessWhen, Target, Unit, Zone,
};
use crate::plan::{
    BlockedReason, CancelReason, Completeness, Create, CreateReason, Deferral, DeferredReason, FieldChange, IdleReason,
    LaneUse, Lateness, Plan, Row, Step, Window,
};

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(super) fn name(text: &str) -> ManifestName {
    ManifestName::new(text).expect("a name")
}

fn owner() -> Owner {
    Owner::parse("bldgx7q").expect("an owner")
}

fn berlin() -> Zone {
    Zone::new("Europe/Berlin").expect("a zone")
}

fn source(line: u32) -> ManifestSource {
    ManifestSource { path: "jobs/lock.yaml".to_owned(), line }
}

fn action() -> JobAction {
    JobAction::Method(MethodCall {
        name: MethodName::new("lockDoor").expect("a method"),
        payload: json!({"reason": "night"}),
        response_timeout: Seconds::new(15),
        connect_timeout: Seconds::ZERO,
    })
}

pub(super) fn manifest(text: &str, schedule: Schedule) -> Arc<Manifest> {
    Arc::new(Manifest {
        name: name(text),
        labels: BTreeMap::new(),
        source: source(4),
        suspend: false,
        generation: Digit::ZERO,
        target: Target::All,
        schedule,
        max_execution: Seconds::HOUR,
        action: action(),
        success_when: SuccessWhen::default(),
        expect_devices: None,
        limits: ManifestLimits::default(),
        moved_from: Vec::new(),
        adopt: None,
    })
}

pub(super) fn once(start: &str) -> Schedule {
    Schedule::At(At { start: at(start), zone: Some(berlin()), starting_deadline: Seconds::HOUR })
}

fn nightly() -> Schedule {
    Schedule::Cron(Cron {
        expression: CronExpression::parse("0 22 * * 1-5").expect("a cron"),
        zone: berlin(),
        starting_deadline: Seconds::HOUR,
        concurrency: ConcurrencyPolicy::Forbid,
    })
}

pub(super) fn occurrence(start: &str) -> OccurrenceKey {
    OccurrenceKey::new(OccurrenceKind::At, at(start)).expect("a whole minute")
}

fn own_id(text: &str, occurrence: OccurrenceKey) -> OwnJobId {
    let revision = body().revision();
    OwnJobId { owner: owner(), name: name(text), occurrence, unit: Unit::default(), revision }
}

fn body() -> JobBody {
    manifest("any", once("2026-12-01T09:00:00Z")).body()
}

fn job_id(text: &str) -> JobId {
    own_id(text, occurrence("2026-12-01T09:00:00Z")).to_job_id()
}

fn row(text: &str, occurrence: OccurrenceKey, generation: u8, step: Step) -> Row {
    Row { name: name(text), source: Some(source(4)), occurrence, generation, step }
}

fn window() -> Window {
    Window { from: at("2026-12-01T08:00:00Z"), until: at("2026-12-01T10:00:00Z") }
}

fn create(text: &str, occurrence: OccurrenceKey, reason: CreateReason) -> Create {
    Create {
        job: NewJob { id: own_id(text, occurrence), body: body(), start: None },
        reason,
        after: Vec::new(),
        changes: Vec::new(),
        deadline: at("2026-12-01T10:00:00Z"),
        lateness: None,
    }
}

fn creates() -> Vec<Row> {
    let nine = occurrence("2026-12-01T09:00:00Z");
    let late = occurrence("2026-12-01T07:20:00Z");
    let asap = OccurrenceKey::new(OccurrenceKind::Asap, at("2026-12-02T12:00:00Z")).expect("a whole minute");
    let changes = vec![
        FieldChange { path: "maxExecutionTime".to_owned(), from: Some(json!("1h")), to: Some(json!("2h")) },
        FieldChange { path: "twin.desired.legacyFlag".to_owned(), from: None, to: Some(json!(null)) },
        FieldChange { path: "twin.tags.note".to_owned(), from: Some(json!("\u{1b}[31mred")), to: None },
        FieldChange { path: "twin.tags.text".to_owned(), from: Some(json!("x".repeat(99))), to: Some(json!([1, 2])) },
    ];
    let replace = Create {
        changes,
        after: vec![job_id("replaced")],
        ..create("replaced", nine, CreateReason::ReplaceBeforeStart)
    };
    let late_create = Create {
        lateness: Some(Lateness(Seconds::new(40 * 60))),
        ..create("late", late, CreateReason::LateWithinDeadline)
    };
    [
        ("empty", nine, create("empty", nine, CreateReason::SlotEmpty)),
        ("greet", asap, create("greet", asap, CreateReason::SlotEmpty)),
        ("late", late, late_create),
        ("replaced", nine, replace),
        ("resumed", nine, create("resumed", nine, CreateReason::ResumeReplace)),
    ]
    .map(|(text, occurrence, create)| row(text, occurrence, 0, Step::Create(Box::new(create))))
    .into()
}

fn cancels() -> Vec<Row> {
    let reasons = [
        CancelReason::Superseded,
        CancelReason::Suspended,
        CancelReason::ManifestRemoved,
        CancelReason::SlotRace,
        CancelReason::HeldReplacement,
    ];
    let cancel = |reason: CancelReason| {
        let step = Step::Cancel { id: job_id(reason.as_str()), reason };
        row(reason.as_str(), occurrence("2026-12-01T09:00:00Z"), 0, step)
    };
    reasons.map(cancel).into()
}

fn deferrals() -> Vec<Row> {
    let reasons = [DeferredReason::LanesTaken, DeferredReason::LaneReserved, DeferredReason::HeldByPrevious];
    let deferral = |reason: DeferredReason| {
        let expected_start = (reason != DeferredReason::HeldByPrevious).then(|| at("2026-12-01T09:30:00Z"));
        let deferral = Deferral { reason, expected_start, apply_between: window(), is_due: true };
        row(reason.as_str(), occurrence("2026-12-01T09:00:00Z"), 1, Step::Deferred(deferral))
    };
    reasons.map(deferral).into()
}

fn blocked() -> Vec<Row> {
    let nine = occurrence("2026-12-01T09:00:00Z");
    let blocked = |text: &str, occurrence, generation, reason| {
        row(text, occurrence, generation, Step::Blocked { id: Some(job_id(text)), reason })
    };
    vec![
        blocked("running", nine, 0, BlockedReason::RunningCannotBeReplaced),
        blocked("changed", nine, 0, BlockedReason::ChangedAfterRun),
        blocked("braked", nine, 2, BlockedReason::CancelledSlot),
        blocked("braked-long-ago", occurrence("2026-11-30T09:00:00Z"), 0, BlockedReason::CancelledSlot),
        blocked("braked-often", nine, 35, BlockedReason::CancelledSlot),
        blocked("asap-used", nine, 0, BlockedReason::AsapAlreadyUsed),
        blocked("asap-far", nine, 0, BlockedReason::NotAfterTooFar),
        blocked("exhausted", nine, 0, BlockedReason::UnitExhausted),
        blocked("collision", nine, 0, BlockedReason::IdCollision),
    ]
}

fn idle() -> Vec<Row> {
    let reasons = [
        IdleReason::NotDue { apply_between: window() },
        IdleReason::Missed,
        IdleReason::SupersededOccurrence,
        IdleReason::InSync,
        IdleReason::Starting,
        IdleReason::InProgress,
        IdleReason::RunningEarlierRevision,
        IdleReason::Done(JobStatus::Completed),
        IdleReason::Done(JobStatus::Failed),
        IdleReason::DoneWithEarlierRevision,
        IdleReason::Suspended,
        IdleReason::PruneNever,
        IdleReason::PruneNeedsFullView,
    ];
    let idle = |(index, reason): (usize, IdleReason)| {
        let id = (!matches!(reason, IdleReason::NotDue { .. } | IdleReason::Missed)).then(|| job_id("idle"));
        row(&format!("idle-{index}"), occurrence("2026-12-01T09:00:00Z"), 0, Step::Idle { id, reason })
    };
    reasons.into_iter().enumerate().map(idle).collect()
}

/// The manifests of the blocked rows, and one that no row is about.
pub(super) fn manifests() -> Vec<Arc<Manifest>> {
    let not_after = at("2027-12-01T12:00:00Z");
    vec![
        manifest("empty", once("2026-12-01T09:00:00Z")),
        manifest("changed", once("2026-12-01T09:00:00Z")),
        manifest("braked-long-ago", once("2026-11-30T09:00:00Z")),
        manifest("asap-far", Schedule::Asap(Asap { not_after })),
        manifest("asap-used", Schedule::Asap(Asap { not_after })),
        manifest("nightly", nightly()),
    ]
}

/// A plan of these rows.
pub(super) fn plan_of(rows: Vec<Row>) -> Plan {
    Plan {
        environment: EnvironmentName::new("prod").expect("a name"),
        owner: owner(),
        now: at("2026-12-01T08:00:00Z"),
        size: HubSize { sku: Sku::S2, units: NonZeroU32::MIN },
        prune: PrunePolicy::CancelScheduled,
        manifest_count: 6,
        completeness: Completeness::Complete,
        own_waiting_count: 3,
        lanes: LaneUse {
            total: 5,
            own: ["own-a", "own-b"].map(JobId::new).to_vec(),
            foreign: ["a", "b\u{1b}[2J", "c", "d"].map(JobId::new).to_vec(),
        },
        rows,
    }
}

/// A plan with every reason.
pub(super) fn full_plan() -> Plan {
    plan_of([creates(), cancels(), deferrals(), blocked(), idle()].concat())
}

/// A finished job.
pub(super) fn observed(text: &str, status: JobStatus) -> ObservedJob {
    ObservedJob {
        id: job_id(text),
        status,
        kind: Some(JobKind::DeviceMethod),
        created: Some(at("2026-12-01T08:00:00Z")),
        start: Some(at("2026-12-01T09:00:00Z")),
        end: None,
        body: Some(body()),
        statistics: Some(DeviceJobStatistics {
            device_count: 200,
            failed_count: 2,
            succeeded_count: 198,
            running_count: 0,
            pending_count: 0,
        }),
        failure_reason: None,
    }
}
