//! Fault scripts against a served emulator: what each kind does to the client, and what it does to
//! the hub.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::time::{Duration, Instant};

use hubjobs::emulator::faults::FaultSpec;
use hubjobs::emulator::{Emulator, EmulatorConfig};
use hubjobs::emulator::{Served, StateDir};
use local_hub::{Answer, Caller, config, fleet};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A hub with three devices and a fault script.
struct Hub {
    _dir: TempDir,
    served: Served,
    caller: Caller,
}

fn specs(lines: &[&str]) -> Vec<FaultSpec> {
    lines.iter().map(|line| line.parse().unwrap()).collect()
}

impl Hub {
    async fn with(lines: &[&str]) -> Self {
        Self::of(&EmulatorConfig { fleet: Some(fleet(3)), ..config() }, lines).await
    }

    async fn of(config: &EmulatorConfig, lines: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let emulator = Emulator::open(&StateDir::new(dir.path()), config).unwrap().with_faults(specs(lines));
        let served = emulator.serve(listener).await.unwrap();
        let caller = Caller::new(served.connection_string());
        Self { _dir: dir, served, caller }
    }

    async fn create(&self, id: &str) -> reqwest::Result<reqwest::Response> {
        self.caller.request(Method::PUT, &format!("/jobs/v2/{id}")).json(&waiting_job(id)).send().await
    }

    async fn status(&self, id: &str) -> Value {
        self.caller.get(&format!("/jobs/v2/{id}")).await.ok()["status"].clone()
    }

    /// How often each line befell a call.
    async fn struck(&self) -> Vec<u64> {
        self.served.admin().faults().await.unwrap().iter().map(|line| line.struck).collect()
    }
}

/// A job that starts in an hour.
fn waiting_job(id: &str) -> Value {
    json!({"jobId": id, "type": "scheduleUpdateTwin", "queryCondition": "*", "maxExecutionTimeInSeconds": 600,
           "updateTwin": {"etag": "*", "tags": {"wave": 1}}, "startTime": "2026-12-01T09:00:00Z"})
}

#[tokio::test]
async fn a_refusal_instead_of_the_call() {
    let hub = Hub::with(&["createJob: 429 x2", "createJob: 502 x1", "createJob: 500 x1", "createJob: 504 x1"]).await;
    for _ in 0..2 {
        let throttled = Answer::read(hub.create("a").await.unwrap()).await;
        assert_eq!(throttled.refusal(), (429, "ThrottlingBacklogTimeout"));
        assert_eq!((throttled.header("connection"), throttled.header("retry-after")), (Some("close"), None));
    }
    let gateway = Answer::read(hub.create("a").await.unwrap()).await;
    assert_eq!(gateway.refusal(), (502, ""), "the hub has no part in it");
    assert!(gateway.text.contains("<html>"), "{gateway:?}");
    assert_eq!(Answer::read(hub.create("a").await.unwrap()).await.refusal(), (500, "ServerError"));
    assert_eq!(Answer::read(hub.create("a").await.unwrap()).await.refusal(), (504, "GatewayTimeout"));
    assert_eq!(hub.status("a").await, "unknown");
    assert_eq!(hub.create("a").await.unwrap().status(), 200);
    assert_eq!(hub.struck().await, [2, 1, 1, 1]);
}

#[tokio::test]
async fn a_refusal_after_the_call() {
    let hub = Hub::with(&["createJob(a): 503 committed x1"]).await;
    assert_eq!(Answer::read(hub.create("a").await.unwrap()).await.refusal(), (503, "ServiceUnavailable"));
    assert_eq!(Answer::read(hub.create("a").await.unwrap()).await.refusal(), (409, "JobAlreadyExists"));
    assert_eq!(hub.status("a").await, "queued");
    assert_eq!(Answer::read(hub.create("b").await.unwrap()).await.status, 200, "the line is about another id");
}

#[tokio::test]
async fn an_answer_that_is_lost() {
    let hub = Hub::with(&["createJob: reply-lost x1"]).await;
    assert!(hub.create("a").await.unwrap_err().is_request());
    assert_eq!(hub.status("a").await, "queued");
}

#[tokio::test]
async fn a_connection_that_is_reset() {
    let hub = Hub::with(&["createJob: reset x1", "getTwin: reply-lost x1"]).await;
    let read = async |head: String, body: &str| {
        let mut stream = TcpStream::connect(hub.served.address()).await.unwrap();
        let length = body.len();
        let request = format!(
            "{head}?api-version=2021-04-12 HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Length: {length}\r\n\r\n{body}",
            hub.caller.host(),
            hub.caller.token(600)
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.map(|_| answer).map_err(|error| error.kind())
    };
    let body = waiting_job("a").to_string();
    assert_eq!(read("PUT /jobs/v2/a".to_owned(), &body).await, Err(std::io::ErrorKind::ConnectionReset));
    assert_eq!(hub.status("a").await, "unknown");
    assert_eq!(read("GET /twins/thermo-01".to_owned(), "").await, Ok(Vec::new()), "closed without a word");
    assert_eq!(hub.struck().await, [1, 1]);
}

#[tokio::test]
async fn an_answer_that_is_late() {
    let hub = Hub::with(&["createJob: slow 300ms x1"]).await;
    let start = Instant::now();
    let (created, seen) = tokio::join!(hub.create("a"), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        hub.status("a").await
    });
    assert_eq!((created.unwrap().status().as_u16(), seen), (200, json!("queued")), "it was carried out at once");
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_look_at_the_past() {
    let hub = Hub::with(&["getJob: stale x1", "getJob: stale after 1 x1", "getTwin: stale", "listJobs: stale"]).await;
    hub.caller.get("/jobs/v2/query").await.ok();
    hub.create("a").await.unwrap();
    assert_eq!(hub.status("a").await, "unknown", "right after its creation");
    assert_eq!(hub.status("a").await, "queued");
    hub.caller.post_empty("/jobs/v2/a/cancel").await.ok();
    assert_eq!(hub.status("a").await, "queued", "right after its cancellation");
    assert_eq!(hub.status("a").await, "cancelled");
    assert_eq!(hub.caller.get("/jobs/v2/query").await.ok(), json!([]));
    let twin = hub.caller.patch("/twins/thermo-01", &json!({"tags": {"floor": 3}})).await.ok();
    assert_eq!(twin["tags"], json!({"floor": 3}));
    assert_ne!(hub.caller.get("/twins/thermo-01").await.ok()["tags"], json!({"floor": 3}));
    assert_eq!(hub.caller.get("/twins/thermo-02").await.ok()["deviceId"], "thermo-02", "nothing older is known");
}

#[tokio::test]
async fn a_look_at_the_past_of_some_age() {
    let hub = Hub::with(&["getJob: stale 2m"]).await;
    hub.create("a").await.unwrap();
    let tick = async |seconds: i64| {
        let by = hubjobs::emulator::admin::TickRequest::By(jiff::SignedDuration::from_secs(seconds));
        hub.served.admin().tick(by).await.unwrap();
    };
    tick(60).await;
    assert_eq!(hub.status("a").await, "scheduled", "nothing as old is known");
    tick(60).await;
    assert_eq!(hub.status("a").await, "unknown", "what was known two minutes ago");
    tick(60).await;
    assert_eq!(hub.status("a").await, "scheduled");
}

#[tokio::test]
async fn a_cancel_that_comes_too_late_and_one_that_comes_twice() {
    let hub = Hub::with(&["cancelJob(a): cancel-ignored x1", "cancelJob(b): cancel-denied x1"]).await;
    hub.create("a").await.unwrap();
    hub.create("b").await.unwrap();
    assert_eq!(hub.caller.post_empty("/jobs/v2/a/cancel").await.ok()["status"], "cancelled");
    assert_eq!(hub.status("a").await, "queued");
    let denied = hub.caller.post_empty("/jobs/v2/b/cancel").await;
    assert_eq!(denied.refusal(), (405, "OperationNotAllowedInCurrentState"));
    assert_eq!(hub.status("b").await, "cancelled");
    assert_eq!(hub.struck().await, [1, 1]);
}

/// The pages of a query, by the devices on them.
async fn pages(hub: &Hub) -> Vec<Vec<Value>> {
    let (mut pages, mut token) = (Vec::new(), None::<String>);
    loop {
        let mut request = hub.caller.request(Method::POST, "/devices/query").header("x-ms-max-item-count", "2");
        if let Some(token) = &token {
            request = request.header("x-ms-continuation", token);
        }
        let page = Answer::of(request.json(&json!({"query": "SELECT * FROM devices"}))).await;
        assert_eq!(page.header("x-ms-item-type"), Some("Twin"));
        pages.push(page.ok().as_array().unwrap().iter().map(|twin| twin["deviceId"].clone()).collect());
        token = page.header("x-ms-continuation").map(str::to_owned);
        if token.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn pages_that_are_empty_or_come_twice() {
    let [one, two, three] = ["thermo-01", "thermo-02", "thermo-03"];
    let hub = Hub::with(&["query: empty-page x1"]).await;
    assert_eq!(pages(&hub).await, [vec![], vec![one, two], vec![three]]);
    hub.served.admin().replace_faults(&specs(&["query: empty-page after 1 x1"])).await.unwrap();
    assert_eq!(pages(&hub).await, [vec![one, two], vec![], vec![three]]);
    hub.served.admin().replace_faults(&specs(&["query: duplicate-page x1"])).await.unwrap();
    assert_eq!(pages(&hub).await, [vec![one, two], vec![one, two], vec![three]]);
    hub.served.admin().replace_faults(&specs(&["query: duplicate-page after 1 x1"])).await.unwrap();
    assert_eq!(pages(&hub).await, [vec![one, two], vec![three], vec![three]]);
}

#[tokio::test]
async fn a_clock_that_jumps() {
    let hub = Hub::with(&["cancelJob: clock 61m x1"]).await;
    hub.create("a").await.unwrap();
    let late = hub.caller.post_empty("/jobs/v2/a/cancel").await;
    assert_eq!(late.refusal(), (405, "OperationNotAllowedInCurrentState"));
    assert_eq!(hub.status("a").await, "completed");
    assert_eq!(hub.served.admin().clock().await.unwrap().now.to_string(), "2026-12-01T09:01:00Z");
}

#[tokio::test]
async fn a_script_can_be_read_changed_and_ended() {
    let hub = Hub::with(&[]).await;
    let admin = hub.served.admin();
    let added = admin.add_faults(&specs(&["getJob: 429 x1"])).await.unwrap();
    assert_eq!(added.iter().map(|line| line.fault.as_str()).collect::<Vec<_>>(), ["getJob: 429 x1"]);
    admin.add_faults(&specs(&["*: slow 1ms"])).await.unwrap();
    hub.caller.get("/jobs/v2/a").await;
    hub.caller.get("/jobs/v2/a").await;
    let report = admin.faults().await.unwrap();
    assert_eq!(report.iter().map(|line| (line.seen, line.struck)).collect::<Vec<_>>(), [(2, 1), (1, 1)]);
    assert!(admin.replace_faults(&[]).await.unwrap().is_empty());
    assert_eq!(hub.status("a").await, "unknown");
}

#[tokio::test]
async fn the_script_is_behind_the_admin_key() {
    let hub = Hub::with(&["getJob: 429 x1"]).await;
    let url = format!("http://{}/$hubjobs/faults", hub.served.address());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(http.get(&url).send().await.unwrap().status(), 401);
    let with_policy = http.put(&url).header("Authorization", hub.caller.token(600)).json(&json!({"faults": []}));
    assert_eq!(with_policy.send().await.unwrap().status(), 401, "a policy is no admin");
    assert_eq!(hub.struck().await, [0]);
}

#[tokio::test]
async fn only_calls_that_would_be_served_meet_trouble() {
    let hub = Hub::with(&["*: 503 x1"]).await;
    assert_eq!(Answer::of(hub.caller.anonymous(Method::GET, "/jobs/v2/a")).await.status, 401);
    assert_eq!(hub.caller.get("/nothing").await.status, 404);
    assert_eq!(hub.struck().await, [0]);
    assert_eq!(hub.caller.get("/jobs/v2/a").await.status, 503);
}

#[tokio::test]
async fn the_status_tells_what_is_used() {
    let hub = Hub::with(&[]).await;
    hub.create("a").await.unwrap();
    hub.caller.get("/twins/thermo-01").await.ok();
    let status = hub.served.admin().status().await.unwrap();
    assert_eq!((status.lanes_taken, status.lanes), (1, 10));
    assert_eq!((status.messages_used, status.messages_per_day), (1, Some(300_000_000)));
}
