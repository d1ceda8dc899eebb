//! Every endpoint of the emulator's service API over HTTP, with the headers and bodies that clients
//! rely on.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hubjobs::emulator::{EmulatorConfig, Served, StateDir};
use hubjobs::model::{HubSize, Sku};
use local_hub::{Answer, Caller, config, serve};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A hub in a folder of its own.
struct Hub {
    dir: TempDir,
    served: Served,
    caller: Caller,
}

impl Hub {
    async fn start() -> Self {
        Self::with(&config()).await
    }

    async fn with(config: &EmulatorConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let served = serve(&StateDir::new(dir.path()), config).await;
        let caller = Caller::new(served.connection_string());
        Self { dir, served, caller }
    }

    async fn device(&self, id: &str) -> Value {
        self.caller.put(&format!("/devices/{id}"), &json!({"deviceId": id})).await.ok()
    }

    /// The caller under another policy, whose key stands in the state folder.
    fn policy(&self, name: &str) -> Caller {
        let keys = std::fs::read(self.dir.path().join("keys.json")).unwrap();
        let keys: Value = serde_json::from_slice(&keys).unwrap();
        let policy = keys.as_array().unwrap().iter().find(|policy| policy["name"] == name).unwrap();
        self.caller.with_policy(name, policy["secondaryKey"].as_str().unwrap())
    }

    /// Sends bytes as they are and gives the status line and the rest of the response.
    async fn raw(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.served.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let (status, rest) = response.split_once("\r\n").unwrap();
        (status.to_owned(), rest.to_owned())
    }
}

fn twin_job(id: &str) -> Value {
    json!({"jobId": id, "type": "scheduleUpdateTwin", "queryCondition": "*", "maxExecutionTimeInSeconds": 600,
           "updateTwin": {"etag": "*", "tags": {"wave": 1}}, "startTime": "2026-12-01T09:00:00Z"})
}

#[tokio::test]
async fn a_job_from_creation_to_cancellation() {
    let hub = Hub::start().await;
    let created = hub.caller.put("/jobs/v2/wave-1", &twin_job("wave-1")).await;
    assert_eq!(created.ok(), json!({"jobId": "wave-1", "type": "scheduleUpdateTwin", "status": "queued"}));
    assert_eq!(created.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(hub.caller.get("/jobs/v2/wave-1").await.ok()["endTime"], "9999-12-31T23:59:59.9999999Z");
    let again = hub.caller.put("/jobs/v2/wave-1", &twin_job("wave-1")).await;
    assert_eq!(again.refusal(), (409, "JobAlreadyExists"));
    let message = again.json()["Message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("ErrorCode:JobAlreadyExists;"), "{message}");
    assert_eq!(hub.caller.post_empty("/jobs/v2/wave-1/cancel").await.ok()["status"], "cancelled");
    let twice = hub.caller.post("/jobs/v2/wave-1/cancel", &json!({})).await;
    assert_eq!(twice.refusal(), (405, "OperationNotAllowedInCurrentState"));
    assert_eq!(hub.caller.post_empty("/jobs/v2/none/cancel").await.refusal(), (404, "JobNotFound"));
    assert_eq!(hub.caller.get("/jobs/v2/none").await.ok()["status"], "unknown");
}

#[tokio::test]
async fn job_lists_come_in_pages() {
    let hub = Hub::start().await;
    for id in ["a", "b", "c"] {
        hub.caller.put(&format!("/jobs/v2/{id}"), &twin_job(id)).await.ok();
    }
    let list = |token: Option<String>| {
        let mut request = hub.caller.request(Method::GET, "/jobs/v2/query?jobType=ScheduleUpdateTwin");
        request = request.header("x-ms-max-item-count", "2");
        if let Some(token) = token {
            request = request.header("x-ms-continuation", token);
        }
        Answer::of(request)
    };
    let first = list(None).await;
    assert_eq!(first.ok().as_array().unwrap().len(), 2);
    assert_eq!(first.header("x-ms-item-type"), Some("JobResponse"));
    let last = list(Some(first.header("x-ms-continuation").unwrap().to_owned())).await;
    assert_eq!(last.ok().as_array().unwrap().len(), 1);
    assert_eq!(last.header("x-ms-continuation"), None);
    assert_eq!(list(Some("bm9uc2Vuc2U".to_owned())).await.refusal(), (400, "ArgumentInvalid"));
}

#[tokio::test]
async fn queries_say_what_their_items_are() {
    let hub = Hub::start().await;
    hub.device("thermo-01").await;
    let query = async |text: &str| hub.caller.post("/devices/query", &json!({"query": text})).await;
    let twins = query("SELECT * FROM devices").await;
    assert_eq!(twins.ok()[0]["deviceId"], "thermo-01");
    assert_eq!(twins.header("x-ms-item-type"), Some("Twin"));
    let count = query("SELECT COUNT() AS n FROM devices").await;
    assert_eq!((count.ok(), count.header("x-ms-item-type")), (json!([{"n": 1}]), Some("Raw")));
    assert_eq!(query("SELECT * FROM devices.jobs").await.header("x-ms-item-type"), Some("DeviceJob"));
    assert_eq!(query("SELECT nonsense").await.refusal(), (400, "ArgumentInvalid"));
    assert_eq!(hub.caller.post("/devices/query", &json!({})).await.refusal(), (400, "ArgumentNull"));
    let in_any_case = hub.caller.post("/devices/query", &json!({"Query": "SELECT * FROM devices"})).await;
    assert_eq!(in_any_case.status, 200);
}

#[tokio::test]
async fn twins_and_their_etags() {
    let hub = Hub::start().await;
    hub.device("thermo-01").await;
    let patch = json!({"tags": {"floor": 3}, "properties": {"desired": {"interval": 60}}});
    let patched = hub.caller.patch("/twins/thermo-01", &patch).await;
    assert_eq!(patched.ok()["properties"]["desired"]["interval"], 60);
    let etag = patched.header("etag").unwrap();
    assert_eq!(etag, format!("\"{}\"", patched.json()["etag"].as_str().unwrap()));
    let put = async |if_match: &str| {
        let request = hub.caller.request(Method::PUT, "/twins/thermo-01").header("If-Match", if_match);
        Answer::of(request.json(&json!({"tags": {"floor": 4}}))).await
    };
    assert_eq!(put(etag).await.ok()["tags"], json!({"floor": 4}));
    assert_eq!(put(etag).await.refusal(), (412, "PreconditionFailed"));
    assert_eq!(hub.caller.get("/twins/thermo-01").await.ok()["tags"], json!({"floor": 4}));
    assert_eq!(hub.caller.get("/twins/none").await.refusal(), (404, "DeviceNotFound"));
    let java = hub.caller.request(Method::POST, "/twins/thermo-01").header("X-HTTP-Method-Override", "PATCH");
    assert_eq!(Answer::of(java.json(&json!({"tags": {"floor": null}}))).await.status, 200);
}

#[tokio::test]
async fn identities() {
    let hub = Hub::start().await;
    let device = hub.device("thermo-01").await;
    assert!(device["authentication"]["symmetricKey"]["primaryKey"].as_str().is_some_and(|key| key.len() == 44));
    let again = hub.caller.put("/devices/thermo-01", &json!({"deviceId": "thermo-01"})).await;
    assert_eq!(again.refusal(), (409, "DeviceAlreadyExists"));
    assert_eq!(hub.caller.get("/devices/thermo-01").await.ok(), device);
    assert_eq!(hub.caller.get("/devices/thermo-01/modules").await.ok(), json!([]));
    assert_eq!(hub.caller.get("/devices?top=5").await.ok().as_array().unwrap().len(), 1);
    let statistics = json!({"totalDeviceCount": 1, "enabledDeviceCount": 1, "disabledDeviceCount": 0});
    assert_eq!(hub.caller.get("/statistics/devices").await.ok(), statistics);
    assert_eq!(hub.caller.get("/statistics/service").await.ok(), json!({"connectedDeviceCount": 0}));
    let purged = Answer::of(hub.caller.request(Method::DELETE, "/devices/thermo-01/commands")).await;
    assert_eq!(purged.ok()["totalMessagesPurged"], 0);
    let careless = Answer::of(hub.caller.request(Method::DELETE, "/devices/thermo-01")).await;
    assert_eq!(careless.refusal(), (412, "PreconditionFailed"));
    let deleted = hub.caller.delete("/devices/thermo-01").await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(hub.caller.get("/devices/thermo-01").await.refusal(), (404, "DeviceNotFound"));
}

#[tokio::test]
async fn identities_in_bulk() {
    let hub = Hub::start().await;
    let bulk = json!([{"id": "a", "importMode": "create"}, {"id": "b", "importMode": "Create"}]);
    assert_eq!(hub.caller.post("/devices", &bulk).await.ok()["isSuccessful"], true);
    let refused = hub.caller.post("/devices", &bulk).await;
    assert_eq!((refused.status, refused.json()["isSuccessful"].clone()), (400, json!(false)));
    assert_eq!(refused.json()["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn ids_are_decoded_after_the_path_is_split() {
    let hub = Hub::start().await;
    let id = "a+b%c#1?(d)";
    let path = "/devices/a+b%25c%231%3F%28d%29";
    assert_eq!(hub.caller.put(path, &json!({"deviceId": id})).await.ok()["deviceId"], id);
    assert_eq!(hub.caller.get(&path.replace("devices", "twins")).await.ok()["deviceId"], id);
}

#[tokio::test]
async fn a_method_on_an_absent_device_is_refused_in_the_nested_envelope() {
    let hub = Hub::start().await;
    hub.device("thermo-01").await;
    let call = json!({"methodName": "reboot", "payload": null, "responseTimeoutInSeconds": 5});
    let answer = hub.caller.post("/twins/thermo-01/methods", &call).await;
    assert_eq!(answer.refusal(), (404, "DeviceNotOnline"));
    let body = answer.json();
    let inner: Value = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
    assert_eq!((&inner["errorCode"], &body["ExceptionMessage"]), (&json!(404_103), &json!("")));
}

#[tokio::test]
async fn import_and_export_jobs_are_absent_in_the_documented_way() {
    let hub = Hub::start().await;
    assert_eq!(hub.caller.get("/jobs").await.ok(), json!([]));
    assert_eq!(hub.caller.get("/jobs/old").await.refusal(), (404, "JobNotFound"));
    assert_eq!(hub.caller.delete("/jobs/old").await.refusal(), (404, "JobNotFound"));
    assert_eq!(hub.caller.post("/jobs/create", &json!({"type": "export"})).await.refusal(), (400, "ArgumentInvalid"));
}

#[tokio::test]
async fn every_reply_has_an_id_and_the_time_of_the_hub() {
    let hub = Hub::start().await;
    for path in ["/statistics/service", "/twins/none"] {
        let answer = hub.caller.get(path).await;
        assert_eq!(answer.header("date"), Some("Tue, 01 Dec 2026 08:00:00 GMT"));
        assert_eq!(answer.header("x-ms-request-id").map(str::len), Some(36));
        assert_eq!(answer.header("server"), Some("Microsoft-HTTPAPI/2.0"));
    }
}

#[tokio::test]
async fn signatures_and_rights() {
    let hub = Hub::start().await;
    let status = async |caller: &Caller, lifetime: i64, path: &str| {
        let request = caller.anonymous(Method::GET, path).header("Authorization", caller.token(lifetime));
        Answer::of(request).await.status
    };
    let owner = &hub.caller;
    assert_eq!(status(owner, 600, "/statistics/devices").await, 200);
    assert_eq!(status(owner, -240, "/statistics/devices").await, 200, "within five minutes of skew");
    assert_eq!(status(owner, -360, "/statistics/devices").await, 401);
    let anonymous = Answer::of(owner.anonymous(Method::GET, "/statistics/devices")).await;
    assert_eq!(anonymous.refusal(), (401, "IotHubUnauthorizedAccess"));
    assert_eq!(anonymous.json()["Message"], "ErrorCode:IotHubUnauthorizedAccess;Unauthorized");
    let forged = owner.with_policy("iothubowner", "c2VjcmV0");
    assert_eq!(status(&forged, 600, "/statistics/devices").await, 401);
    for (policy, path, expected) in [
        ("service", "/statistics/service", 200),
        ("service", "/jobs/v2/query", 401),
        ("registryRead", "/jobs/v2/query", 200),
        ("registryRead", "/twins/none", 401),
        ("registryReadWrite", "/devices/none", 404),
        ("device", "/devices/none", 401),
    ] {
        assert_eq!(status(&hub.policy(policy), 600, path).await, expected, "{policy} {path}");
    }
    let read_only = hub.policy("registryRead");
    assert_eq!(read_only.put("/jobs/v2/a", &twin_job("a")).await.refusal(), (401, "IotHubUnauthorizedAccess"));
}

#[tokio::test]
async fn what_the_front_end_refuses() {
    let hub = Hub::start().await;
    let token = hub.caller.token(600);
    let head = format!("HTTP/1.1\r\nHost: {}\r\nAuthorization: {token}\r\nConnection: close\r\n", hub.caller.host());
    let cancel = format!("POST /jobs/v2/a/cancel?api-version=2021-04-12 {head}\r\n");
    let (status, rest) = hub.raw(&cancel).await;
    assert_eq!(status, "HTTP/1.1 411 Length Required");
    assert!(rest.to_ascii_lowercase().contains("content-type: text/html") && rest.contains("<HTML>"), "{rest}");
    let (status, rest) = hub.raw(&format!("GET /twins/a {head}\r\n")).await;
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
    assert!(rest.contains("ErrorCode:InvalidProtocolVersion;"), "{rest}");
    let method = hub.caller.delete("/twins/a").await;
    assert_eq!(method.status, 405);
    assert_eq!(method.json()["Message"], "The requested resource does not support http method 'DELETE'.");
    assert_eq!(hub.caller.get("/digitaltwins/a").await.refusal(), (404, "ResourceNotFound"));
}

#[tokio::test]
async fn bodies_that_are_no_use() {
    let hub = Hub::start().await;
    let put = async |body: String| {
        let request = hub.caller.request(Method::PUT, "/jobs/v2/a").header("Content-Type", "application/json");
        Answer::of(request.body(body)).await
    };
    assert_eq!(put("{\"jobId\": \"a\",".to_owned()).await.refusal(), (400, "GenericBadRequest"));
    assert_eq!(put(format!("\"{}\"", "x".repeat(256 * 1024))).await.refusal(), (413, "MessageTooLarge"));
    assert_eq!(put(format!("\"{}\"", "x".repeat(2 << 20))).await.refusal(), (413, "MessageTooLarge"));
    assert_eq!(put(" ".to_owned()).await.status, 400);
}

#[tokio::test]
async fn calls_above_the_rate_of_the_tier_are_delayed_or_refused() {
    let small = EmulatorConfig { size: HubSize { sku: Sku::S1, units: NonZeroU32::MIN }, ..config() };
    let hub = Hub::with(&small).await;
    let query = json!({"query": "SELECT * FROM devices"});
    let start = Instant::now();
    let answers = join_all((0..60).map(|_| hub.caller.post("/devices/query", &query))).await;
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    assert!((21..25).contains(&served), "{served}: a minute's at once, one with a delay");
    assert!(start.elapsed() > Duration::from_millis(2_500), "one in three seconds");
    let refused = answers.iter().find(|answer| answer.status != 200).unwrap();
    assert_eq!(refused.refusal(), (429, "ThrottlingBacklogTimeout"));
    assert_eq!((refused.header("retry-after"), refused.header("connection")), (None, Some("close")));
    assert!(refused.json()["Message"].as_str().unwrap().contains("Wait 10 seconds and try again."));
    assert_eq!(hub.caller.get("/jobs/v2/query").await.status, 200, "jobs have a budget of their own");
}
