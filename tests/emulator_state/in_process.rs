//! The client in this process: several runners on one hub, refusals as the REST client gives them.

use std::num::NonZeroU32;

use hubjobs::emulator::InProcessHub;
use hubjobs::emulator::state::{HubEvent, HubOptions, Throttling};
use hubjobs::hub::{Continuation, DeviceJobStatus, ErrorCode, HubClient, HubError, JobFilter, device_results, observe};
use hubjobs::model::{
    HubSize, JobAction, JobBody, JobId, JobKind, JobStatus, MethodCall, MethodName, NewJob, OwnJobId, Seconds, Sku,
    TargetCondition, TwinPatch,
};
use serde_json::json;

use crate::fleet::fleet;

fn hub() -> InProcessHub {
    let size = HubSize { sku: Sku::S1, units: NonZeroU32::MIN };
    let options = HubOptions { throttling: Throttling::Off, ..HubOptions::new(size) };
    let group =
        json!({"count": 250, "ids": "lock-{n:03}", "offline": 20, "methods": {"lock": {"payload": {"locked": true}}}});
    let now = "2026-12-01T08:00:00.75Z".parse().expect("a time");
    InProcessHub::with_fleet(options, &fleet(1, &group), now).expect("a possible fleet")
}

fn method_job(unit: &str) -> NewJob {
    let call = MethodCall {
        name: MethodName::new("lock").expect("a name"),
        payload: json!({"reason": ["night", 1]}),
        response_timeout: Seconds::new(15),
        connect_timeout: Seconds::new(5),
    };
    new_job(unit, JobAction::Method(call))
}

fn new_job(unit: &str, action: JobAction) -> NewJob {
    let id = format!("hj1-bldgx7q-lock-doors-c2612012100-{unit}-k7m2q4xd");
    NewJob {
        id: OwnJobId::parse(&id).expect("an id"),
        body: JobBody { condition: TargetCondition::all(), action, max_execution: Seconds::new(600) },
        start: None,
    }
}

fn run(hub: &InProcessHub, id: &JobId) {
    while hub.jump_for(std::slice::from_ref(id)).is_some() {}
}

#[tokio::test]
async fn a_job_comes_back_as_it_was_asked_for() {
    let hub = hub();
    let patch = TwinPatch {
        tags: json!({"floor": 3}).as_object().cloned().expect("an object"),
        desired: json!({"interval": null}).as_object().cloned().expect("an object"),
    };
    for job in [method_job("u0000"), new_job("u0010", JobAction::Twin(patch))] {
        let id = job.id.to_job_id();
        assert_eq!(hub.get_job(&id).await, Ok(None));
        hub.create_job(&job).await.expect("created");
        run(&hub, &id);
        let observed = hub.get_job(&id).await.expect("an answer").expect("a job");
        assert_eq!(observed.body.as_ref(), Some(&job.body));
        assert_eq!((observed.id, observed.status), (id, JobStatus::Completed));
        assert_eq!(observed.statistics.map(|statistics| statistics.device_count), Some(250));
    }
}

#[tokio::test]
async fn everything_is_read_page_by_page() {
    let hub = hub();
    let job = method_job("u0000");
    hub.create_job(&job).await.expect("created");
    run(&hub, &job.id.to_job_id());
    let observation = observe(&hub).await.expect("a list");
    assert_eq!(observation.jobs.len(), 1);
    assert_eq!(observation.hub_time.map(|time| time.to_string()).as_deref(), Some("2026-12-01T08:10:00Z"));
    let results = device_results(&hub, &job.id.to_job_id()).await.expect("results");
    assert_eq!(results.len(), 250);
    let failed = results.iter().filter(|result| result.status == DeviceJobStatus::Failed).count();
    assert_eq!(observation.jobs[0].statistics.map(|statistics| statistics.failed_count), Some(failed as u64));
}

#[tokio::test]
async fn refusals_are_those_of_the_rest_client() {
    let hub = hub();
    let another = hub.clone();
    let (first, second) = (method_job("u0000"), method_job("u0010"));
    hub.create_job(&first).await.expect("created");
    let code = |error: HubError| match error {
        HubError::Refused { status, code, .. } => (status, code),
        other => panic!("{other}"),
    };
    assert_eq!(code(another.create_job(&first).await.expect_err("a duplicate")), (409, ErrorCode::JobAlreadyExists));
    let full = another.create_job(&second).await.expect_err("no lane");
    assert_eq!(code(full), (429, ErrorCode::ThrottlingMaxActiveJobCountExceeded));
    another.cancel_job(&first.id.to_job_id()).await.expect("cancelled");
    let again = hub.cancel_job(&first.id.to_job_id()).await.expect_err("cancelled before");
    assert_eq!(code(again), (405, ErrorCode::OperationNotAllowedInCurrentState));
    assert_eq!(code(hub.cancel_job(&JobId::new("none")).await.expect_err("unknown")), (404, ErrorCode::JobNotFound));
    assert_eq!(code(hub.query("SELECT", None).await.expect_err("nonsense")), (400, ErrorCode::ArgumentInvalid));
    let token = Continuation::new("rubbish");
    assert_eq!(code(hub.query("SELECT * FROM devices", Some(&token)).await.expect_err("rubbish")).0, 400);
    let filter = JobFilter { kind: Some(JobKind::TwinUpdate), status: None };
    assert!(hub.list_jobs(&filter, None).await.expect("a list").items.is_empty());
    assert!(hub.apply(HubEvent::GetTwin { device_id: "none".to_owned(), module_id: None }).is_err());
}
