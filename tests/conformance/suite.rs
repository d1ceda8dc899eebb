//! What every implementation of the hub client must show of a hub. One fact of the service a
//! function; all are run against every implementation by the harness in `main.rs`.

use std::collections::BTreeSet;
use std::future::Future;

use hubjobs::hub::{Continuation, ErrorCode, HubClient, HubError, JobFilter, Page, device_results, observe};
use hubjobs::model::{
    JobAction, JobBody, JobId, JobKind, JobStatus, MethodCall, MethodName, NewJob, ObservedConfiguration, ObservedJob,
    OwnJobId, Seconds, TargetCondition, TwinPatch,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// A hub whose time the suite can move, with the devices of `fleet`.
pub(crate) trait TestHub {
    type Client: HubClient;
    fn client(&self) -> &Self::Client;
    /// The hub's time.
    fn now(&self) -> impl Future<Output = Timestamp>;
    /// Moves the hub's time on.
    fn tick(&self, by: SignedDuration) -> impl Future<Output = ()>;
    /// Somebody makes an automatic device configuration.
    fn configure(&self, id: &str, configuration: Value) -> impl Future<Output = ()>;
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn twin_body(condition: &str) -> JobBody {
    let patch = TwinPatch { tags: object(json!({"wave": "1"})), desired: object(json!({"interval": 60, "old": null})) };
    JobBody {
        condition: TargetCondition::new(condition).expect("short"),
        action: JobAction::Twin(patch),
        max_execution: Seconds::new(600),
    }
}

fn method_body(condition: &str, payload: Value) -> JobBody {
    let call = MethodCall {
        name: MethodName::new("lockDoor").expect("a name"),
        payload,
        response_timeout: Seconds::new(15),
        connect_timeout: Seconds::ZERO,
    };
    JobBody {
        condition: TargetCondition::new(condition).expect("short"),
        action: JobAction::Method(call),
        max_execution: Seconds::new(600),
    }
}

/// A job with an id that is unique within one hub.
fn job(name: &str, body: JobBody, start: Option<Timestamp>) -> NewJob {
    let id = format!("hj1-testabc-{name}-t2612012100-u0000-{}", body.revision());
    NewJob { id: OwnJobId::parse(&id).expect("of our form"), body, start }
}

async fn read<H: HubClient>(hub: &H, job: &NewJob) -> ObservedJob {
    let seen = hub.get_job(&job.id.to_job_id()).await.expect("readable");
    seen.unwrap_or_else(|| panic!("the hub does not know {}", job.id))
}

fn code<T: std::fmt::Debug>(result: Result<T, HubError>) -> ErrorCode {
    let error = result.expect_err("refused");
    error.code().cloned().unwrap_or_else(|| panic!("not a refusal: {error:?}"))
}

async fn all_pages<T, F: Future<Output = Result<Page<T>, HubError>>>(
    next: impl Fn(Option<Continuation>) -> F,
) -> Vec<Vec<T>> {
    let mut pages = Vec::new();
    let mut token = None;
    loop {
        let page = next(token).await.expect("a page");
        pages.push(page.items);
        token = page.next;
        if token.is_none() {
            return pages;
        }
    }
}

pub(crate) async fn unknown_job_is_absent<T: TestHub>(hub: &T) {
    let nobody = JobId::new("nobody-knows-me");
    assert_eq!(hub.client().get_job(&nobody).await.expect("an answer"), None);
    assert_eq!(code(hub.client().cancel_job(&nobody).await), ErrorCode::JobNotFound);
}

pub(crate) async fn twin_job_runs_and_its_body_is_echoed<T: TestHub>(hub: &T) {
    let start = hub.now().await + SignedDuration::from_mins(10);
    let job = job("twin", twin_body("tags.role = 'lock'"), Some(start));
    hub.client().create_job(&job).await.expect("created");
    hub.tick(SignedDuration::from_secs(5)).await;
    let waiting = read(hub.client(), &job).await;
    assert_eq!(waiting.status, JobStatus::Scheduled);
    assert_eq!(waiting.kind, Some(JobKind::TwinUpdate));
    assert_eq!(waiting.start, Some(start));
    assert_eq!(waiting.end, None, "the year 9999 is no end");
    assert_eq!(waiting.body.as_ref(), Some(&job.body));

    hub.tick(SignedDuration::from_mins(11)).await;
    let ended = read(hub.client(), &job).await;
    assert_eq!(ended.status, JobStatus::Completed);
    assert!(ended.end.is_some_and(|end| end >= start));
    let statistics = ended.statistics.expect("counted");
    assert_eq!((statistics.device_count, statistics.succeeded_count), (24, 24));

    let changed = "SELECT COUNT() AS n FROM devices WHERE tags.wave = '1' AND properties.desired.interval = 60";
    let rows = hub.client().query(changed, None).await.expect("an answer").items;
    assert_eq!(rows, [json!({"n": 24})]);
}

pub(crate) async fn method_job_has_a_result_for_each_device<T: TestHub>(hub: &T) {
    let payload = json!({"reason": "n\u{e4}chtlich", "list": [1, 2.5, null, true], "nested": {"a": {}}});
    let job = job("method", method_body("tags.role = 'lock'", payload), None);
    hub.client().create_job(&job).await.expect("created");
    hub.tick(SignedDuration::from_mins(15)).await;
    let ended = read(hub.client(), &job).await;
    assert_eq!(ended.status, JobStatus::Completed);
    assert_eq!(ended.body.as_ref(), Some(&job.body), "a payload echoed as bytes is decoded");
    let statistics = ended.statistics.expect("counted");
    assert_eq!((statistics.device_count, statistics.failed_count), (24, 4), "the locks that are offline");

    let results = device_results(hub.client(), &job.id.to_job_id()).await.expect("results");
    assert_eq!(results.len(), 24);
    let devices: BTreeSet<_> = results.iter().map(|result| result.device_id.clone()).collect();
    assert_eq!(devices.len(), 24);
    assert_eq!(results.iter().filter(|result| result.failure(|_| true).is_some()).count(), 4);
}

pub(crate) async fn an_id_is_used_once<T: TestHub>(hub: &T) {
    let start = hub.now().await + SignedDuration::from_hours(1);
    let first = job("once", twin_body("tags.role = 'lock'"), Some(start));
    hub.client().create_job(&first).await.expect("created");
    assert_eq!(code(hub.client().create_job(&first).await), ErrorCode::JobAlreadyExists);
    hub.client().cancel_job(&first.id.to_job_id()).await.expect("cancelled");
    assert_eq!(code(hub.client().create_job(&first).await), ErrorCode::JobAlreadyExists, "a spent id too");
    hub.tick(SignedDuration::from_hours(24 * 31)).await;
    assert_eq!(hub.client().get_job(&first.id.to_job_id()).await.expect("an answer"), None, "after 30 days");
}

pub(crate) async fn only_a_waiting_job_can_be_cancelled<T: TestHub>(hub: &T) {
    let start = hub.now().await + SignedDuration::from_hours(1);
    let waiting = job("cancel", twin_body("tags.role = 'lock'"), Some(start));
    hub.client().create_job(&waiting).await.expect("created");
    hub.client().cancel_job(&waiting.id.to_job_id()).await.expect("cancelled");
    assert_eq!(read(hub.client(), &waiting).await.status, JobStatus::Cancelled);
    let again = hub.client().cancel_job(&waiting.id.to_job_id()).await;
    assert_eq!(code(again), ErrorCode::OperationNotAllowedInCurrentState);

    let running = job("running", method_body("tags.role = 'lock'", Value::Null), None);
    hub.client().create_job(&running).await.expect("created");
    hub.tick(SignedDuration::from_secs(30)).await;
    assert_eq!(read(hub.client(), &running).await.status, JobStatus::Running, "it waits for offline devices");
    let stop = hub.client().cancel_job(&running.id.to_job_id()).await;
    assert_eq!(code(stop), ErrorCode::OperationNotAllowedInCurrentState);
}

pub(crate) async fn a_waiting_job_holds_a_lane<T: TestHub>(hub: &T) {
    let start = hub.now().await + SignedDuration::from_hours(1);
    for n in 0..10 {
        let taken = job(&format!("lane-{n}"), twin_body("tags.role = 'lock'"), Some(start));
        hub.client().create_job(&taken).await.expect("an S3 hub has ten lanes");
    }
    let eleventh = job("lane-10", twin_body("tags.role = 'lock'"), Some(start));
    assert_eq!(code(hub.client().create_job(&eleventh).await), ErrorCode::ThrottlingMaxActiveJobCountExceeded);
    let first = job("lane-0", twin_body("tags.role = 'lock'"), Some(start));
    hub.client().cancel_job(&first.id.to_job_id()).await.expect("cancelled");
    hub.client().create_job(&eleventh).await.expect("a cancelled job gives its lane back");
}

pub(crate) async fn a_start_is_at_most_a_week_ahead<T: TestHub>(hub: &T) {
    let now = hub.now().await;
    let late = job("late", twin_body("*"), Some(now + SignedDuration::from_hours(169)));
    assert_eq!(code(hub.client().create_job(&late).await), ErrorCode::ArgumentInvalid);
    let fits = job("fits", twin_body("*"), Some(now + SignedDuration::from_hours(167)));
    hub.client().create_job(&fits).await.expect("created");
}

pub(crate) async fn a_bad_condition_fails_later<T: TestHub>(hub: &T) {
    let bad = job("bad", twin_body("SELECT * FROM devices"), None);
    hub.client().create_job(&bad).await.expect("a condition is not read at creation");
    hub.tick(SignedDuration::from_mins(1)).await;
    let failed = read(hub.client(), &bad).await;
    assert_eq!(failed.status, JobStatus::Failed);
    assert!(failed.failure_reason.is_some_and(|reason| !reason.is_empty()));
}

pub(crate) async fn a_job_for_nobody_completes<T: TestHub>(hub: &T) {
    let nobody = job("nobody", twin_body("tags.role = 'submarine'"), None);
    hub.client().create_job(&nobody).await.expect("created");
    hub.tick(SignedDuration::from_mins(1)).await;
    let ended = read(hub.client(), &nobody).await;
    assert_eq!(ended.status, JobStatus::Completed);
    assert_eq!(ended.statistics.unwrap_or_default().device_count, 0);
}

pub(crate) async fn lists_are_filtered_and_paged<T: TestHub>(hub: &T) {
    let start = hub.now().await + SignedDuration::from_hours(1);
    let mut ids = BTreeSet::new();
    for n in 0..230 {
        let body = if n % 2 == 0 { twin_body("*") } else { method_body("*", json!(n)) };
        let short_lived = job(&format!("paged-{n}"), body, Some(start));
        hub.client().create_job(&short_lived).await.expect("created");
        hub.client().cancel_job(&short_lived.id.to_job_id()).await.expect("cancelled");
        ids.insert(short_lived.id.to_job_id());
    }
    let everything = observe(hub.client()).await.expect("readable");
    let seen: BTreeSet<_> = everything.jobs.iter().map(|job| job.id.clone()).collect();
    assert_eq!(seen, ids);

    let filter = JobFilter { kind: Some(JobKind::DeviceMethod), status: Some(JobStatus::Cancelled) };
    let pages = all_pages(|token| {
        let filter = filter.clone();
        async move { hub.client().list_jobs(&filter, token.as_ref()).await }
    })
    .await;
    assert!(pages.len() > 1, "115 jobs do not fit on one page");
    assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), 115);
    assert!(pages.iter().flatten().all(|job| job.kind == Some(JobKind::DeviceMethod)));

    let nothing = JobFilter { kind: None, status: Some(JobStatus::Running) };
    assert!(hub.client().list_jobs(&nothing, None).await.expect("a page").items.is_empty());
}

pub(crate) async fn queries_are_paged_and_refused_when_bad<T: TestHub>(hub: &T) {
    let query = "SELECT deviceId FROM devices";
    let pages = all_pages(|token| async move { hub.client().query(query, token.as_ref()).await }).await;
    assert!(pages.iter().all(|page| page.len() <= 100), "at most 100 twins a page");
    let ids: BTreeSet<_> = pages.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(ids.len(), 274, "each device once");

    let bad = hub.client().query("SELECT * FROM devices WHERE tags.building == '43'", None).await;
    assert_eq!(code(bad), ErrorCode::ArgumentInvalid);
    let stolen = Continuation::new("not-a-token");
    assert_eq!(code(hub.client().query(query, Some(&stolen)).await), ErrorCode::ArgumentInvalid);
}

pub(crate) async fn configurations_show_what_they_write<T: TestHub>(hub: &T) {
    assert_eq!(hub.client().configurations().await, Ok(Vec::new()));
    let locks = json!({
        "targetCondition": "tags.role = 'lock'", "priority": 3, "labels": {"team": "facilities"},
        "content": {"deviceContent": {
            "properties.desired.telemetry": {"interval": 30, "batch": true},
            "properties.desired.mode.night": "quiet",
        }},
    });
    let edge = json!({
        "targetCondition": "capabilities.iotEdge = true", "priority": 9,
        "content": {"modulesContent": {"$edgeAgent": {"properties.desired": {"a": 1}}}},
    });
    hub.configure("locks", locks).await;
    hub.configure("edge", edge).await;
    let mut seen = hub.client().configurations().await.expect("readable");
    seen.sort_by(|a, b| a.id.cmp(&b.id));
    let wanted = [
        ObservedConfiguration {
            id: "edge".to_owned(),
            priority: 9,
            target_condition: "capabilities.iotEdge = true".to_owned(),
            ..ObservedConfiguration::default()
        },
        ObservedConfiguration {
            id: "locks".to_owned(),
            priority: 3,
            target_condition: "tags.role = 'lock'".to_owned(),
            labels: [("team".to_owned(), "facilities".to_owned())].into(),
            desired: object(json!({"telemetry": {"interval": 30, "batch": true}, "mode": {"night": "quiet"}})),
        },
    ];
    assert_eq!(seen, wanted);
}

pub(crate) async fn devices_are_counted_by_their_connection<T: TestHub>(hub: &T) {
    let query =
        "SELECT connectionState AS v, COUNT() AS n FROM devices WHERE tags.role = 'lock' GROUP BY connectionState";
    let rows = hub.client().query(query, None).await.expect("counted").items;
    let counts: BTreeSet<_> = rows.iter().map(|row| (row["v"].as_str(), row["n"].as_u64())).collect();
    assert_eq!(counts, BTreeSet::from([(Some("Connected"), Some(20)), (Some("Disconnected"), Some(4))]));
}
