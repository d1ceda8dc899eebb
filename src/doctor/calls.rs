//! The calls that show what a credential may do. None of them changes the hub: see `judge::rights`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::judge::{CallSeen, RightsSeen};
use crate::hub::rest::{RawAnswer, RawBody, RawRequest, RestHub, Verb};
use crate::hub::{Observation, observe};

/// A hub under load delays answers by seconds before it refuses.
const CALL_TIME_MAX: Duration = Duration::from_secs(20);
/// A list of many jobs has many pages.
const LIST_TIME_MAX: Duration = Duration::from_secs(60);

/// A condition that no device matches.
const NOBODY: &str = "deviceId = 'hubjobs-doctor-none'";

/// Counts the devices; every hub takes the alias.
const COUNT: &str = "SELECT COUNT() AS devices FROM devices";

/// What the calls showed.
#[derive(Debug)]
pub(super) struct CallsSeen {
    /// What became of each.
    pub(super) rights: RightsSeen,
    /// Devices of the hub, if it told.
    pub(super) devices: Option<u64>,
    /// Its automatic device configurations, if it told.
    pub(super) configurations: Option<usize>,
}

/// Makes the calls. `id` is that of no job.
pub(super) async fn look_at_rights(hub: &RestHub, id: &str) -> CallsSeen {
    let get = |path: &str| RawRequest::new(Verb::Get, path);
    let (read_jobs, _) = list(hub, &get("/jobs/v2/query").with_page_of(1)).await;
    // No type that any version of the API has, and nothing to be done. Should a hub take it all the same,
    // it is for no device, and it is cancelled below.
    let body = json!({"jobId": id, "type": "hubjobsDoctorProbe", "queryCondition": NOBODY});
    let create = RawRequest::new(Verb::Put, format!("/jobs/v2/{id}")).with_body(RawBody::Json(body));
    let create_jobs = job(hub, &create).await;
    let cancel = RawRequest::new(Verb::Post, format!("/jobs/v2/{id}/cancel")).with_body(RawBody::Empty);
    let cancel_jobs = job(hub, &cancel).await;
    let query = RawRequest::new(Verb::Post, "/devices/query").with_body(RawBody::Json(json!({"query": COUNT})));
    let (query_twins, counted) = list(hub, &query).await;
    let (read_configurations, listed) = list(hub, &get("/configurations?top=100")).await;
    CallsSeen {
        rights: RightsSeen { read_jobs, create_jobs, cancel_jobs, query_twins, read_configurations },
        devices: counted.and_then(|body| body.get(0)?.get("devices")?.as_u64()),
        configurations: listed.and_then(|body| Some(body.as_array()?.len())),
    }
}

/// Every job of the hub.
///
/// # Errors
/// In words, when they cannot be read in time.
pub(super) async fn look_at_jobs(hub: &RestHub) -> Result<Observation, String> {
    match timeout(LIST_TIME_MAX, observe(hub)).await {
        Ok(Ok(observation)) => Ok(observation),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("the list of jobs did not end within {} s", LIST_TIME_MAX.as_secs())),
    }
}

/// A call whose answer is a list.
async fn list(hub: &RestHub, request: &RawRequest) -> (CallSeen, Option<Value>) {
    match call(hub, request).await {
        (CallSeen::Taken, body) if !body.as_ref().is_some_and(is_list) => (of_another(), None),
        called => called,
    }
}

/// A call whose answer is a job, if it is carried out at all.
async fn job(hub: &RestHub, request: &RawRequest) -> CallSeen {
    match call(hub, request).await {
        (CallSeen::Taken, body) if !body.as_ref().is_some_and(Value::is_object) => of_another(),
        (called, _) => called,
    }
}

/// Somebody in between says 200 to everything, such as a portal that wants a login.
fn of_another() -> CallSeen {
    CallSeen::Failed("the answer is not such as a hub gives it".to_owned())
}

/// Hubs give an array; the published specification has an object around it.
fn is_list(body: &Value) -> bool {
    body.is_array() || body.get("items").is_some_and(Value::is_array)
}

async fn call(hub: &RestHub, request: &RawRequest) -> (CallSeen, Option<Value>) {
    match timeout(CALL_TIME_MAX, hub.send_raw(request)).await {
        Err(_) => (CallSeen::TooSlow, None),
        Ok(Err(error)) => (CallSeen::Failed(error.to_string()), None),
        Ok(Ok(RawAnswer { status: 200..=299, body, .. })) => (CallSeen::Taken, serde_json::from_slice(&body).ok()),
        Ok(Ok(RawAnswer { status, code, message, .. })) => (CallSeen::Refused { status, code, message }, None),
    }
}
