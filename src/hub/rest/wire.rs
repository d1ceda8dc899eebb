//! The JSON of the jobs and query APIs. Strict in what is sent, lenient in what is read: the hub
//! ignores a member that it does not know, so a slip of ours would go unnoticed, and leaves out
//! members of its own, so its slips must not stop us.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::hub::members::Members;
use crate::model::{
    DeviceJobStatistics, JobAction, JobBody, JobId, JobKind, JobStatus, MethodCall, MethodName, NewJob, ObservedJob,
    Seconds, TargetCondition, TwinPatch,
};

/// Body of `PUT /jobs/v2/{id}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobRequest<'a> {
    job_id: String,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_to_device_method: Option<MethodRequest<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_twin: Option<TwinRequest<'a>>,
    query_condition: &'a str,
    /// Left out for "at once": the service fails a request with an explicit null
    /// (azure-iot-sdk-node#847).
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    max_execution_time_in_seconds: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MethodRequest<'a> {
    method_name: &'a str,
    payload: &'a Value,
    response_timeout_in_seconds: u64,
    connect_timeout_in_seconds: u64,
}

#[derive(Serialize)]
struct TwinRequest<'a> {
    /// Whatever the twin's version; documented as required.
    etag: &'static str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    tags: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<PropertiesRequest<'a>>,
}

/// `desired` must sit under `properties` (azure-iot-sdk-node#44).
#[derive(Serialize)]
struct PropertiesRequest<'a> {
    desired: &'a Map<String, Value>,
}

impl<'a> From<&'a NewJob> for JobRequest<'a> {
    fn from(job: &'a NewJob) -> Self {
        let (cloud_to_device_method, update_twin) = match &job.body.action {
            JobAction::Method(call) => (Some(call.into()), None),
            JobAction::Twin(patch) => (None, Some(patch.into())),
        };
        Self {
            job_id: job.id.to_string(),
            r#type: job.body.action.kind().wire_name(),
            cloud_to_device_method,
            update_twin,
            query_condition: job.body.condition.as_str(),
            start_time: job.start.map(|start| start.to_string()),
            max_execution_time_in_seconds: job.body.max_execution.get(),
        }
    }
}

impl<'a> From<&'a MethodCall> for MethodRequest<'a> {
    fn from(call: &'a MethodCall) -> Self {
        Self {
            method_name: call.name.as_str(),
            payload: &call.payload,
            response_timeout_in_seconds: call.response_timeout.get(),
            connect_timeout_in_seconds: call.connect_timeout.get(),
        }
    }
}

impl<'a> From<&'a TwinPatch> for TwinRequest<'a> {
    fn from(patch: &'a TwinPatch) -> Self {
        let properties = (!patch.desired.is_empty()).then_some(PropertiesRequest { desired: &patch.desired });
        Self { etag: "*", tags: &patch.tags, properties }
    }
}

/// Body of `POST /devices/query`.
#[derive(Serialize)]
pub(super) struct QueryRequest<'a> {
    pub(super) query: &'a str,
}

/// What `GET /jobs/v2/{id}` said.
#[derive(Debug, PartialEq)]
pub(super) enum JobReply {
    /// The job.
    Known(Box<ObservedJob>),
    /// 200, `unknown` and `unknown`: the hub does not know the job, or not yet.
    Unknown,
    /// Not about the job that was asked for.
    Nonsense,
}

/// Reads the answer to a question about one job.
pub(super) fn read_job_reply(id: &JobId, body: &Value) -> JobReply {
    let Some(members) = Members::of(body) else { return JobReply::Nonsense };
    let (Some(status), kind) = (members.text("status"), kind(members)) else { return JobReply::Nonsense };
    // The documentation does not say whether the unknown answer names the job.
    if members.text("jobId").is_some_and(|named| !named.eq_ignore_ascii_case(id.as_str())) {
        return JobReply::Nonsense;
    }
    match kind.is_none() && status.eq_ignore_ascii_case("unknown") {
        true => JobReply::Unknown,
        false => JobReply::Known(Box::new(read_job(id.clone(), members))),
    }
}

/// Whether an answer to a create is about that job; a proxy's page is not.
pub(super) fn confirms(id: &JobId, body: &Value) -> bool {
    let named = Members::of(body).and_then(|members| members.text("jobId"));
    named.is_some_and(|named| named.eq_ignore_ascii_case(id.as_str()))
}

/// Reads an element of the job list; nothing for import and export jobs, which have lanes of their
/// own, and for what does not name a job.
pub(super) fn read_listed_job(element: &Value) -> Option<ObservedJob> {
    let members = Members::of(element)?;
    let of_v1 = |word: &str| word.eq_ignore_ascii_case("import") || word.eq_ignore_ascii_case("export");
    if members.text("type").is_some_and(of_v1) {
        return None;
    }
    Some(read_job(JobId::new(members.text("jobId")?), members))
}

/// A list and, in the object form of the published specification, where it goes on. Every known
/// service answers with a bare array instead, and gives the continuation in a header.
pub(super) fn read_list(body: Value) -> Option<(Vec<Value>, Option<String>)> {
    match body {
        Value::Array(items) => Some((items, None)),
        Value::Object(mut members) => match members.remove("items")? {
            Value::Array(items) => {
                let next = members.get("continuationToken").and_then(Value::as_str);
                Some((items, next.filter(|token| !token.is_empty()).map(str::to_owned)))
            }
            _ => None,
        },
        _ => None,
    }
}

fn read_job(id: JobId, job: Members<'_>) -> ObservedJob {
    ObservedJob {
        id,
        status: JobStatus::parse(job.text("status").unwrap_or("unknown")),
        kind: kind(job),
        created: job.time("createdTime"),
        start: job.time("startTime"),
        end: job.time("endTime"),
        body: body(job),
        statistics: job.object("deviceJobStatistics").map(statistics),
        failure_reason: job.text("failureReason").filter(|reason| !reason.is_empty()).map(str::to_owned),
    }
}

fn kind(job: Members<'_>) -> Option<JobKind> {
    let word = job.text("type")?;
    [JobKind::DeviceMethod, JobKind::TwinUpdate].into_iter().find(|kind| kind.wire_name().eq_ignore_ascii_case(word))
}

/// The body, when the echo is complete: half a body must not be compared with a whole one.
fn body(job: Members<'_>) -> Option<JobBody> {
    let action = match kind(job)? {
        JobKind::DeviceMethod => JobAction::Method(method(job.object("cloudToDeviceMethod")?)?),
        JobKind::TwinUpdate => JobAction::Twin(patch(job.object("updateTwin")?)),
    };
    Some(JobBody {
        condition: TargetCondition::new(job.text("queryCondition")?).ok()?,
        action,
        max_execution: Seconds::new(job.count("maxExecutionTimeInSeconds")?),
    })
}

/// Timeouts that are not echoed have the service's defaults: 30 s to answer, 0 s to connect.
fn method(call: Members<'_>) -> Option<MethodCall> {
    let seconds = |name, default| Seconds::new(call.count(name).unwrap_or(default));
    Some(MethodCall {
        name: MethodName::new(call.text("methodName")?).ok()?,
        payload: call.get("payload").map_or(Value::Null, payload),
        response_timeout: seconds("responseTimeoutInSeconds", 30),
        connect_timeout: seconds("connectTimeoutInSeconds", 0),
    })
}

/// The service echoes a payload as the array of its bytes, `{}` as `[123, 125]`. Any payload it
/// was sent comes back that way, so an array that is not the bytes of a JSON text is a payload
/// echoed as it was.
fn payload(echo: &Value) -> Value {
    let byte = |value: &Value| value.as_u64().and_then(|number| u8::try_from(number).ok());
    let Some(bytes) = echo.as_array().and_then(|items| items.iter().map(byte).collect::<Option<Vec<_>>>()) else {
        return echo.clone();
    };
    match bytes.as_slice() {
        [] => Value::Null,
        text => serde_json::from_slice(text).unwrap_or_else(|_| echo.clone()),
    }
}

/// Members that start with `$` are the service's own (`$version`, `$metadata`), never of a patch.
fn patch(twin: Members<'_>) -> TwinPatch {
    let own = |map: Option<&Map<String, Value>>| {
        let members = map.into_iter().flatten().filter(|(key, _)| !key.starts_with('$'));
        members.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    TwinPatch {
        tags: own(twin.map("tags")),
        desired: own(twin.object("properties").and_then(|properties| properties.map("desired"))),
    }
}

fn statistics(counts: Members<'_>) -> DeviceJobStatistics {
    let count = |name| counts.count(name).unwrap_or(0);
    DeviceJobStatistics {
        device_count: count("deviceCount"),
        failed_count: count("failedCount"),
        succeeded_count: count("succeededCount"),
        running_count: count("runningCount"),
        pending_count: count("pendingCount"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_payload_comes_back_from_its_bytes() {
        let bytes = |value: &Value| Value::from(value.to_string().into_bytes());
        for sent in
            [json!(null), json!({"a": 1}), json!([1, 2]), json!([49]), json!("text"), json!(7), json!([]), json!({})]
        {
            assert_eq!(payload(&bytes(&sent)), sent);
        }
        for plain in [json!({"a": 1}), json!("text"), json!([1, 300]), json!([1, "a"]), json!(true)] {
            assert_eq!(payload(&plain), plain, "echoed as it was");
        }
        assert_eq!(payload(&json!([])), Value::Null, "no bytes, no payload");
    }

    #[test]
    fn half_an_echo_is_no_body() {
        let whole = json!({"type": "ScheduleDeviceMethod", "queryCondition": "*", "maxExecutionTimeInSeconds": 60,
            "cloudToDeviceMethod": {"methodName": "reboot", "payload": null}});
        assert!(body(Members::of(&whole).expect("an object")).is_some());
        for missing in ["type", "queryCondition", "maxExecutionTimeInSeconds", "cloudToDeviceMethod"] {
            let mut half = whole.clone();
            half[missing] = Value::Null;
            assert_eq!(body(Members::of(&half).expect("an object")), None, "{missing}");
        }
    }

    #[test]
    fn the_list_has_two_forms() {
        assert_eq!(read_list(json!([1])), Some((vec![json!(1)], None)));
        let object = json!({"type": "jobResponse", "items": [1], "continuationToken": "t"});
        assert_eq!(read_list(object), Some((vec![json!(1)], Some("t".to_owned()))));
        assert_eq!(read_list(json!({"Message": "ErrorCode:ArgumentInvalid;BadRequest"})), None);
        assert_eq!(read_list(json!("text")), None);
    }
}
