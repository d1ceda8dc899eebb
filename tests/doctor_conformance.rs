//! `hubjobs doctor conformance`: the emulator agrees with its own facts, and a hub that bends one is found
//! out in that one.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::net::SocketAddr;
use std::num::NonZeroU32;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use hubjobs::doctor::conformance::{Checked, ConformanceInput, Standing, Unprobed, is_suitable, try_hub};
use hubjobs::emulator::{EmulatorConfig, Served, StateDir};
use hubjobs::hub::rest::{ConnectionString, Endpoint, RestConfig, RestHub};
use hubjobs::hub::{HubClient as _, JobFilter, observe};
use hubjobs::model::{HubSize, JobId, Sku};
use local_hub::{Caller, config, serve};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// What a hub in between makes of an answer: its method, its path, and the answer.
type Bend = fn(&Method, &str, StatusCode, String) -> (StatusCode, String);

struct Hub {
    served: Served,
    client: RestHub,
    size: HubSize,
    _folder: TempDir,
}

impl Hub {
    async fn begin(sku: Sku, bend: Bend) -> Self {
        let size = HubSize { sku, units: NonZeroU32::MIN };
        let folder = tempfile::tempdir().unwrap();
        let served = serve(&StateDir::new(folder.path()), &EmulatorConfig { size, ..config() }).await;
        let address = middle(served.address(), bend).await;
        let connection = ConnectionString::parse(served.connection_string()).unwrap();
        let endpoint = Endpoint::loopback(address).unwrap();
        let client = RestHub::connect(RestConfig::emulator(endpoint, connection)).unwrap();
        Self { served, client, size, _folder: folder }
    }

    async fn tried(&self, declared: HubSize) -> Vec<Checked> {
        let now = self.served.admin().clock().await.unwrap().now;
        let input = ConformanceInput { run: "test".to_owned(), size: declared, now };
        let pass = async |jobs: &[JobId]| {
            self.served.admin().advance(jobs).await.unwrap();
            Ok(())
        };
        try_hub(&self.client, &input, &[], pass, |_| {}).await.unwrap()
    }
}

/// A server that hands requests on, and answers with what `bend` makes of the answers.
async fn middle(to: SocketAddr, bend: Bend) -> SocketAddr {
    async fn hand_on(
        State((to, http, bend)): State<(SocketAddr, reqwest::Client, Bend)>,
        request: Request,
    ) -> Response {
        let (head, body) = request.into_parts();
        let url = format!("http://{to}{}", head.uri);
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let mut headers = head.headers.clone();
        headers.remove("host");
        let answer = http.request(head.method.clone(), url).headers(headers).body(body).send().await.unwrap();
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        let (status, text) = bend(&head.method, head.uri.path(), status, answer.text().await.unwrap());
        headers.remove("content-length");
        headers.remove("transfer-encoding");
        if status.is_success() {
            headers.remove("iothub-errorcode");
        }
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let router = Router::new().fallback(hand_on).with_state((to, http, bend));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

fn straight(_: &Method, _: &str, status: StatusCode, text: String) -> (StatusCode, String) {
    (status, text)
}

/// The facts that differ or stayed open, with what was found.
fn astray(checked: &[Checked]) -> Vec<String> {
    let mut astray = Vec::new();
    for Checked { fact, standing } in checked {
        match standing {
            Standing::Differs(differences) => {
                astray.extend(
                    differences.iter().map(|d| format!("{}: {} => {} ({})", fact.id, d.expected, d.found, d.asked)),
                );
            }
            Standing::Unclear(why) => astray.push(format!("{}: unclear, {why}", fact.id)),
            Standing::Agrees(_) | Standing::NotProbed(_) => {}
        }
    }
    astray
}

#[tokio::test]
async fn the_emulator_agrees_with_its_own_facts() {
    for sku in [Sku::S2, Sku::S3] {
        let hub = Hub::begin(sku, straight).await;
        let checked = hub.tried(hub.size).await;
        assert_eq!(astray(&checked), [""; 0], "{sku}");
        let agreed = checked.iter().filter(|checked| matches!(checked.standing, Standing::Agrees(_))).count();
        assert!(agreed >= 35, "{agreed} facts were tried");
    }
}

#[tokio::test]
async fn one_lane_is_enough_for_all_but_the_order() {
    let hub = Hub::begin(Sku::S1, straight).await;
    let checked = hub.tried(hub.size).await;
    assert_eq!(astray(&checked), [""; 0]);
    let order = checked.iter().find(|checked| checked.fact.id == "job-list-order").unwrap();
    assert_eq!(order.standing, Standing::NotProbed(Unprobed::NeedsLanes));
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let hub = Hub::begin(Sku::S2, straight).await;
    hub.tried(hub.size).await;
    let jobs = observe(&hub.client).await.unwrap().jobs;
    assert!(jobs.len() > 15 && jobs.iter().all(|job| job.status.is_terminal()), "{jobs:?}");
    assert!(jobs.iter().all(|job| job.id.as_str().starts_with("hubjobs-conformance-test-")));
    assert!(is_suitable(&jobs).is_ok());
}

/// Each of these hubs does one thing otherwise.
#[tokio::test]
async fn a_bent_fact_is_found_out() {
    let not_found: Bend = |method, path, status, text| {
        let is_get = *method == Method::GET && path.starts_with("/jobs/v2/hubjobs");
        match is_get && text.contains("\"unknown\"") {
            true => (StatusCode::NOT_FOUND, json!({"Message": "ErrorCode:JobNotFound;none"}).to_string()),
            false => (status, text),
        }
    };
    let year_one: Bend = |_, path, status, text| match path.starts_with("/jobs/v2/") {
        true => (status, text.replace("9999-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00Z")),
        false => (status, text),
    };
    let kind: Bend = |_, _, status, text| match text.contains("Must be within 168 hours") {
        true => (status, text.replace("Must be within 168 hours", "Too late")),
        false => (status, text),
    };
    for (bend, fact) in [(not_found, "job-get-unknown"), (year_one, "job-end-time"), (kind, "job-start-168-hours")] {
        let hub = Hub::begin(Sku::S2, bend).await;
        let astray = astray(&hub.tried(hub.size).await);
        assert_eq!(astray.len(), 1, "{astray:?}");
        assert!(astray[0].starts_with(&format!("{fact}: ")), "{astray:?}");
    }
}

#[tokio::test]
async fn a_tier_that_is_not_the_declared_one_is_found_out() {
    let hub = Hub::begin(Sku::S2, straight).await;
    let declared = HubSize { sku: Sku::S3, units: NonZeroU32::MIN };
    let no_lane = "429 ThrottlingMaxActiveJobCountExceeded";
    assert_eq!(
        astray(&hub.tried(declared).await),
        [format!(
            "job-lanes: 10 jobs, then {no_lane} => 5 jobs, then {no_lane} (create jobs that start later, until one \
             is refused (declared: S3\u{d7}1))"
        )]
    );
}

#[tokio::test]
async fn a_hub_in_use_is_let_be() {
    let hub = Hub::begin(Sku::S2, straight).await;
    let job = json!({"jobId": "nightly", "type": "scheduleUpdateTwin", "queryCondition": "*",
        "updateTwin": {"etag": "*"}, "startTime": "2026-12-02T08:00:00Z"});
    Caller::new(hub.served.connection_string()).put("/jobs/v2/nightly", &job).await.ok();
    let page = hub.client.list_jobs(&JobFilter::default(), None).await.unwrap();
    let said = "the hub is in use: 1 of its jobs wait or run, and the lanes of a test hub are free";
    assert_eq!(is_suitable(&page.items).unwrap_err().to_string(), said);
}
