//! What has to be asked to know whether devices still hold what jobs wrote, where many jobs wrote the
//! same path.

#![expect(clippy::unwrap_used, reason = "what cannot be made fails the test")]

use std::num::NonZeroU32;
use std::sync::Arc;

use hubjobs::diagnostic::SourceMap;
use hubjobs::model::{
    EnvironmentName, HubSize, JobStatus, Manifest, ObservedJob, OccurrenceKey, OccurrenceKind, OwnJobId, Owner,
    PrunePolicy, Schedule, Seconds, Sku, Unit,
};
use hubjobs::plan::{
    Answers, Completeness, Holding, PlanInput, Question, Selection, Unchecked, device_drift, holdings,
};
use hubjobs::validate;
use jiff::Timestamp;

/// Jobs that ran one after the other, each a minute later, and wrote one path.
fn held(conditions: &[String]) -> Vec<Holding> {
    let owner = Owner::parse("bldgx7q").unwrap();
    let manifests: Vec<_> = conditions.iter().enumerate().map(|(n, condition)| manifest(n, condition)).collect();
    let observed: Vec<_> = manifests.iter().map(|manifest| completed(manifest, &owner)).collect();
    holdings(&PlanInput {
        now: "2026-12-02T08:00:00Z".parse().unwrap(),
        environment: &EnvironmentName::new("prod").unwrap(),
        owner: &owner,
        size: HubSize { sku: Sku::S3, units: NonZeroU32::MIN },
        lookahead: Seconds::HOUR,
        prune: PrunePolicy::Never,
        selection: &Selection::Everything,
        completeness: Completeness::Complete,
        manifests: &manifests,
        desired: &[],
        observed: &observed,
    })
}

fn manifest(n: usize, condition: &str) -> Arc<Manifest> {
    let yaml = format!(
        "apiVersion: hubjobs.dev/v1\nkind: TwinJob\nmetadata: {{name: job-{n:03}}}\nspec:\n  \
         target: {{condition: {condition:?}}}\n  schedule: {{at: \"2026-12-01T{:02}:{:02}:00Z\"}}\n  \
         maxExecutionTime: 1h\n  twin: {{desired: {{interval: {n}}}}}\n",
        n / 60,
        n % 60
    );
    let mut sources = SourceMap::new();
    let id = sources.add("job.yaml", yaml);
    let validated = validate::manifests(&sources, &[id]);
    assert!(validated.complete, "{:#?}", validated.diagnostics);
    validated.manifests.into_iter().map(Arc::new).next().unwrap()
}

fn completed(manifest: &Manifest, owner: &Owner) -> ObservedJob {
    let Schedule::At(at) = &manifest.schedule else { panic!("a run at one time") };
    let body = manifest.body();
    let id = OwnJobId {
        owner: owner.clone(),
        name: manifest.name.clone(),
        occurrence: OccurrenceKey::new(OccurrenceKind::At, at.start).unwrap(),
        unit: Unit::default(),
        revision: body.revision(),
    };
    ObservedJob {
        id: id.to_job_id(),
        status: JobStatus::Completed,
        kind: Some(body.action.kind()),
        created: None,
        start: Some(at.start),
        end: None::<Timestamp>,
        body: Some(body),
        statistics: None,
        failure_reason: None,
    }
}

fn questions(held: &[Holding]) -> Vec<&str> {
    held.iter().flat_map(Holding::counts).map(Question::as_str).collect()
}

fn superseded(held: Vec<Holding>) -> Vec<String> {
    let of = |outcome| match outcome {
        Err(Unchecked::Superseded(job)) => Some(job.to_string()),
        _ => None,
    };
    device_drift(held, &Answers::default()).into_iter().filter_map(|drift| of(drift.outcome)).collect()
}

#[test]
fn a_later_job_has_the_say_on_its_devices() {
    let held = held(&["deviceId != 'a'", "tags.site = 'south'"].map(str::to_owned));
    assert_eq!(
        questions(&held),
        [
            "SELECT COUNT() AS n FROM devices WHERE deviceId != 'a' AND (NOT IS_DEFINED(tags.site) OR tags.site != 'south')",
            "SELECT COUNT() AS n FROM devices WHERE deviceId != 'a' AND (NOT IS_DEFINED(tags.site) OR tags.site != 'south') \
             AND properties.desired.interval = 0",
            "SELECT COUNT() AS n FROM devices WHERE tags.site = 'south'",
            "SELECT COUNT() AS n FROM devices WHERE tags.site = 'south' AND properties.desired.interval = 1",
        ]
    );
}

/// One job for each building: none has anything to do with the others.
#[test]
fn jobs_for_other_devices_are_no_part_of_a_question() {
    let buildings: Vec<_> = (0..120).map(|n| format!("tags.building = 'b{n}' AND tags.floor IN [1, 2]")).collect();
    let held = held(&buildings);
    let expected = |n: usize| format!("tags.building = 'b{n}' AND tags.floor IN [1, 2]");
    for (n, pair) in questions(&held).chunks(2).enumerate() {
        assert_eq!(pair[0], format!("SELECT COUNT() AS n FROM devices WHERE {}", expected(n)));
    }
    assert_eq!((held.len(), superseded(held)), (120, Vec::new()));
}

/// The same devices but for one, again and again: a query that leaves out the devices of more than a
/// hundred later jobs would be longer than the hub allows.
#[test]
fn what_no_query_can_tell_apart_is_not_asked() {
    let held = held(&(0..300).map(|n| format!("deviceId != 'sensor-in-the-basement-{n:03}'")).collect::<Vec<_>>());
    let long = held.iter().flat_map(Holding::counts).filter(|question| question.is_too_long()).count();
    assert_eq!((held.len(), long), (300, 0));
    let superseded = superseded(held);
    assert!((100..300).contains(&superseded.len()), "{}", superseded.len());
}
