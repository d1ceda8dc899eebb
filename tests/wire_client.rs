//! The client's side of the golden exchanges in `cases/wire`: it must send each request as it
//! stands there, and understand each reply as it stands there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hubjobs::hub::rest::{Backoff, ConnectionString, Endpoint, RestConfig, RestHub, RetryPolicy};
use hubjobs::hub::{Continuation, DeviceResult, ErrorCode, HubClient, HubError, JobFilter, Page};
use hubjobs::model::{
    JobAction, JobBody, JobId, JobKind, JobStatus, MethodCall, MethodName, NewJob, ObservedConfiguration, ObservedJob,
    OwnJobId, Seconds, TargetCondition, TwinPatch,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Position;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "about")]
    _about: String,
    #[serde(rename = "evidence")]
    _evidence: Evidence,
    #[serde(rename = "binds")]
    _binds: Vec<Side>,
    call: Call,
    request: ExpectedRequest,
    reply: Reply,
    client: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Evidence {
    Documented,
    Observed,
    Assumed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Side {
    Client,
    Emulator,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Call {
    Create(String),
    Get(String),
    Cancel(String),
    List { kind: Option<String>, status: Option<String>, page: Option<String> },
    Query { text: String, page: Option<String> },
    Configurations,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedRequest {
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    text: Option<String>,
}

#[tokio::test]
async fn the_client_keeps_to_every_golden_exchange() {
    let cases = cases();
    assert!(cases.len() > 20, "the cases are found");
    let mut differences = String::new();
    for path in cases {
        let name = path.file_stem().expect("a file").to_string_lossy();
        let text = fs::read_to_string(&path).expect("readable");
        let case: Case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (sent, result) = exchange(&case).await;
        let request = case.request.as_sent_by(&sent);
        for (what, expected, got) in [("request", case.request.to_value(), request), ("client", case.client, result)] {
            if got != expected {
                write!(differences, "\n{name}, {what}\n  expected {expected}\n       got {got}").expect("a String");
            }
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/wire");
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable").path());
    let mut cases: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ext| ext == "json")).collect();
    cases.sort();
    cases
}

/// Makes the call against a server that gives the reply; returns what arrived there, and what the
/// client made of it.
async fn exchange(case: &Case) -> (Request, Value) {
    let server = MockServer::start().await;
    let mut template = ResponseTemplate::new(case.reply.status);
    for (name, value) in &case.reply.headers {
        template = template.insert_header(name.as_str(), value.as_str());
    }
    template = match (&case.reply.body, &case.reply.text) {
        (Some(body), None) => template.set_body_raw(body.to_string(), "application/json; charset=utf-8"),
        (None, Some(text)) => template.set_body_raw(text.clone(), "text/html"),
        _ => template,
    };
    Mock::given(matchers::any()).respond_with(template).mount(&server).await;
    let result = make(&case.call, &hub(&server)).await.unwrap_or_else(|error| json!({"error": error_to_value(&error)}));
    let mut requests = server.received_requests().await.expect("recorded");
    assert_eq!(requests.len(), 1, "one exchange");
    (requests.remove(0), result)
}

fn hub(server: &MockServer) -> RestHub {
    let connection =
        ConnectionString::parse("HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0");
    let endpoint = Endpoint::loopback(*server.address()).expect("a loopback address");
    let never = RetryPolicy { throttled: Backoff::NEVER, unavailable: Backoff::NEVER };
    let config = RestConfig { retry: never, ..RestConfig::emulator(endpoint, connection.expect("well-formed")) };
    RestHub::connect(config).expect("a client")
}

async fn make(call: &Call, hub: &RestHub) -> Result<Value, HubError> {
    let page = |token: &Option<String>| token.as_ref().map(Continuation::new);
    Ok(match call {
        Call::Create(name) => hub.create_job(&new_job(name)).await.map(|()| json!("created"))?,
        Call::Cancel(id) => hub.cancel_job(&JobId::new(id)).await.map(|()| json!("cancelled"))?,
        Call::Get(id) => json!({"job": hub.get_job(&JobId::new(id)).await?.as_ref().map(job_to_value)}),
        Call::List { kind, status, page: token } => {
            let kinds = [JobKind::DeviceMethod, JobKind::TwinUpdate];
            let kind =
                kind.as_ref().map(|name| kinds.into_iter().find(|kind| kind.wire_name() == name).expect("a kind"));
            let filter = JobFilter { kind, status: status.as_deref().map(JobStatus::parse) };
            let listed = hub.list_jobs(&filter, page(token).as_ref()).await?;
            page_to_value("jobs", &listed, job_to_value)
        }
        Call::Query { text, page: token } => {
            let rows = hub.query(text, page(token).as_ref()).await?;
            page_to_value("results", &rows, |row| {
                json!(DeviceResult::from_row(row).map(|result| result_to_value(&result)))
            })
        }
        Call::Configurations => {
            let list = hub.configurations().await?;
            json!({"configurations": list.iter().map(configuration_to_value).collect::<Vec<_>>()})
        }
    })
}

impl ExpectedRequest {
    fn to_value(&self) -> Value {
        json!([self.method, self.path, self.headers, self.body])
    }

    /// The same parts of a request that was sent; of its headers only those that are expected.
    fn as_sent_by(&self, request: &Request) -> Value {
        let path = &request.url[Position::BeforePath..Position::AfterQuery];
        let header = |name: &String| request.headers.get(name).and_then(|value| value.to_str().ok());
        let headers: BTreeMap<_, _> = self.headers.keys().map(|name| (name, header(name))).collect();
        let body: Option<Value> =
            (!request.body.is_empty()).then(|| serde_json::from_slice(&request.body).expect("JSON"));
        json!([request.method.as_str(), path, headers, body])
    }
}

/// The jobs that the cases create, by name.
fn new_job(name: &str) -> NewJob {
    let object = |value: Value| value.as_object().expect("an object").clone();
    let patch = json!({"telemetry": {"intervalSeconds": 60}, "legacyFlag": null});
    let (manifest, condition, action, start) = match name {
        "twin" => {
            let twin = TwinPatch { tags: object(json!({"building": "43", "floor": 3})), desired: object(patch) };
            (
                "relocate-sensors",
                "tags.site = 'north' AND status = 'enabled'",
                JobAction::Twin(twin),
                Some("2026-12-01T08:30:00Z"),
            )
        }
        "tagsOnly" => {
            let twin = TwinPatch { tags: object(json!({"wave": null})), desired: Map::new() };
            ("forget-wave", "*", JobAction::Twin(twin), None)
        }
        "method" => {
            let call = MethodCall {
                name: MethodName::new("lockDoor").expect("a method name"),
                payload: json!({"reason": "night"}),
                response_timeout: Seconds::new(15),
                connect_timeout: Seconds::new(5),
            };
            ("lock-doors", "deviceId IN ['thermo-01', 'a\\'b']", JobAction::Method(call), None)
        }
        other => panic!("no job `{other}`"),
    };
    let condition = TargetCondition::new(condition).expect("short");
    let body = JobBody { condition, action, max_execution: Seconds::new(600) };
    let id = format!("hj1-bldgx7q-{manifest}-t2612010830-u0000-{}", body.revision());
    let start = start.map(|time| time.parse().expect("a time"));
    NewJob { id: OwnJobId::parse(&id).expect("of our form"), body, start }
}

fn configuration_to_value(configuration: &ObservedConfiguration) -> Value {
    let ObservedConfiguration { id, priority, target_condition, labels, desired } = configuration;
    json!({
        "id": id, "priority": priority, "targetCondition": target_condition, "labels": labels, "desired": desired,
    })
}

fn page_to_value<T>(name: &str, page: &Page<T>, item: impl Fn(&T) -> Value) -> Value {
    let items: Vec<_> = page.items.iter().map(item).collect();
    let served_at = page.served_at.map(|time| time.to_string());
    json!({name: items, "next": page.next.as_ref().map(Continuation::as_str), "servedAt": served_at})
}

fn job_to_value(job: &ObservedJob) -> Value {
    json!({
        "id": job.id.as_str(),
        "status": job.status.as_str(),
        "kind": job.kind.map(JobKind::wire_name),
        "created": job.created.map(|time| time.to_string()),
        "start": job.start.map(|time| time.to_string()),
        "end": job.end.map(|time| time.to_string()),
        "body": job.body.as_ref().map(JobBody::to_value),
        "statistics": job.statistics.map(|s| json!([s.device_count, s.failed_count, s.succeeded_count, s.running_count, s.pending_count])),
        "failureReason": job.failure_reason,
    })
}

fn result_to_value(result: &DeviceResult) -> Value {
    json!({
        "device": result.device_id,
        "status": result.status.as_str(),
        "answer": result.answer.as_ref().map(|answer| json!([answer.status, answer.payload])),
        "error": result.error.as_ref().map(|error| error.code.as_str()),
        "failure": result.failure(|status| status == 200).map(|class| format!("{class:?}")),
        "lastUpdated": result.last_updated.map(|time| time.to_string()),
    })
}

fn error_to_value(error: &HubError) -> Value {
    let (variant, tracking_id) = match error {
        HubError::Refused { tracking_id, .. } => ("Refused", tracking_id.as_deref()),
        HubError::Unauthorized { .. } => ("Unauthorized", None),
        HubError::RoleMissing { .. } => ("RoleMissing", None),
        HubError::SignIn(_) => ("SignIn", None),
        HubError::Throttled { .. } => ("Throttled", None),
        HubError::Unreachable { .. } => ("Unreachable", None),
        HubError::Ambiguous { .. } => ("Ambiguous", None),
        HubError::Unexpected { .. } => ("Unexpected", None),
    };
    json!({"variant": variant, "text": error.to_string(), "code": error.code().map(ErrorCode::as_str), "trackingId": tracking_id})
}
