//! The REST client against servers that misbehave: what it repeats, what it refuses to believe,
//! and what it never shows.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hubjobs::hub::rest::{Backoff, ConnectionString, Endpoint, Limits, RestConfig, RestHub, RetryPolicy};
use hubjobs::hub::{Continuation, HubClient, HubError, JobFilter, observe};
use hubjobs::model::{JobAction, JobBody, JobId, NewJob, OwnJobId, Seconds, TargetCondition, TwinPatch};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tracing_subscriber::util::SubscriberInitExt;
use wiremock::matchers::{any, header, header_exists, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const KEY: &str = "c2VjcmV0LWtleS1ieXRlcw==";
const ID: &str = "hj1-bldgx7q-relocate-t2612010830-u0000-k7m2q4xd";

/// Waits too short to notice, and enough of them even on a machine that stalls.
const QUICK: Backoff =
    Backoff { base: Duration::from_millis(1), delay_max: Duration::from_millis(5), budget: Duration::from_secs(20) };

/// The same for trouble that does not end.
const BRIEF: Backoff = Backoff { budget: Duration::from_millis(200), ..QUICK };

fn config(addr: SocketAddr) -> RestConfig {
    let text = format!("HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey={KEY}");
    let connection = ConnectionString::parse(&text).expect("well-formed");
    let retry = RetryPolicy { throttled: QUICK, unavailable: QUICK };
    RestConfig { retry, ..RestConfig::emulator(Endpoint::loopback(addr).expect("loopback"), connection) }
}

fn hub(addr: SocketAddr) -> RestHub {
    RestHub::connect(config(addr)).expect("a client")
}

fn job() -> NewJob {
    let action = JobAction::Twin(TwinPatch::default());
    let body = JobBody { condition: TargetCondition::all(), action, max_execution: Seconds::HOUR };
    NewJob { id: OwnJobId::parse(ID).expect("of our form"), body, start: None }
}

fn id() -> JobId {
    JobId::new(ID)
}

fn known() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"jobId": ID, "type": "scheduleUpdateTwin", "status": "queued"}))
}

/// A server that gives `first` a number of times, and then an answer about the job.
async fn server(first: ResponseTemplate, times: u64) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(first).up_to_n_times(times).with_priority(1).mount(&server).await;
    Mock::given(any()).respond_with(known()).with_priority(2).mount(&server).await;
    server
}

async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.expect("recorded")
}

fn text_of<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn every_request_says_who_asks_and_which_one_it_is() {
    let server = server(ResponseTemplate::new(503), 1).await;
    hub(*server.address()).get_job(&id()).await.expect("the second try");
    let requests = requests(&server).await;
    for request in &requests {
        assert_eq!(request.url.query(), Some("api-version=2021-04-12"));
        assert_eq!(text_of(request, "user-agent"), concat!("hubjobs/", env!("CARGO_PKG_VERSION")));
        let token = text_of(request, "authorization");
        assert!(token.starts_with("SharedAccessSignature sr=localhost&sig="), "{token}");
        assert!(token.ends_with("&skn=iothubowner"), "{token}");
    }
    let ids: Vec<_> = requests.iter().map(|request| text_of(request, "x-ms-client-request-id")).collect();
    assert!(ids.iter().all(|id| id.len() == 36) && ids[0] != ids[1], "{ids:?}");
}

/// What a client sends, byte for byte, to a server that then hangs up without a word.
async fn raw_request(call: impl AsyncFnOnce(RestHub) -> Result<(), HubError>) -> (String, Result<(), HubError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let hub = hub(listener.local_addr().expect("bound"));
    let serve = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut sent = vec![0; 64 * 1024];
        let len = stream.read(&mut sent).await.expect("a request");
        String::from_utf8_lossy(&sent[..len]).into_owned()
    };
    let (sent, result) = tokio::join!(serve, call(hub));
    (sent, result)
}

#[tokio::test]
async fn a_cancel_says_that_it_has_no_body() {
    let (sent, result) = raw_request(async |hub| hub.cancel_job(&id()).await).await;
    assert!(sent.starts_with(&format!("POST /jobs/v2/{ID}/cancel?api-version=2021-04-12 HTTP/1.1\r\n")), "{sent}");
    assert_eq!(sent.to_ascii_lowercase().matches("content-length: 0\r\n").count(), 1, "{sent}");
    assert!(!sent.to_ascii_lowercase().contains("transfer-encoding"), "{sent}");
    assert!(matches!(result, Err(HubError::Ambiguous { .. })), "{result:?}");
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_ambiguous() {
    let (sent, result) = raw_request(async |hub| hub.create_job(&job()).await).await;
    assert!(sent.starts_with(&format!("PUT /jobs/v2/{ID}?")), "{sent}");
    let cause = "the connection was closed before a whole answer came".to_owned();
    assert_eq!(result, Err(HubError::Ambiguous { cause }));
}

#[tokio::test]
async fn throttling_is_waited_out() {
    for refusal in [ResponseTemplate::new(429), ResponseTemplate::new(429).insert_header("retry-after", "0")] {
        let server = server(refusal, 2).await;
        let hub = hub(*server.address());
        hub.create_job(&job()).await.expect("the third try");
        assert_eq!(requests(&server).await.len(), 3);
    }
    let server = server(ResponseTemplate::new(429).insert_header("retry-after", "60"), 9).await;
    let result = hub(*server.address()).create_job(&job()).await;
    assert_eq!(result, Err(HubError::Throttled { retry_after: Some(Duration::from_secs(60)) }));
    assert_eq!(requests(&server).await.len(), 1, "a minute is more than the budget");
}

#[tokio::test]
async fn a_hub_without_a_free_lane_is_not_asked_again() {
    let lanes = json!({"Message": "ErrorCode:ThrottlingMaxActiveJobCountExceeded;429"});
    let server = server(ResponseTemplate::new(429).set_body_json(lanes), 9).await;
    let error = hub(*server.address()).create_job(&job()).await.expect_err("refused");
    assert!(matches!(error, HubError::Refused { status: 429, .. }), "{error:?}");
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn trouble_in_the_hub_is_waited_out_by_reads_and_reported_by_writes() {
    for status in [408, 500, 502, 503, 504] {
        let server = server(ResponseTemplate::new(status), 1).await;
        let hub = hub(*server.address());
        let created = hub.create_job(&job()).await;
        assert!(matches!(created, Err(HubError::Ambiguous { .. })), "{status}: {created:?}");
        assert_eq!(requests(&server).await.len(), 1, "{status}");
        server.reset().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(status)).up_to_n_times(2).mount(&server).await;
        Mock::given(any()).respond_with(known()).mount(&server).await;
        assert!(hub.get_job(&id()).await.expect("the third try").is_some());
        assert_eq!(requests(&server).await.len(), 3, "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    let server = server(known().set_delay(Duration::from_secs(30)), 9).await;
    let limits = Limits { request_timeout: Duration::from_millis(100), ..Limits::loopback() };
    let retry = RetryPolicy { throttled: BRIEF, unavailable: BRIEF };
    let hub = RestHub::connect(RestConfig { limits, retry, ..config(*server.address()) }).expect("a client");
    let cause = "no whole answer came in time".to_owned();
    assert_eq!(hub.create_job(&job()).await, Err(HubError::Ambiguous { cause: cause.clone() }));
    assert_eq!(requests(&server).await.len(), 1);
    assert_eq!(hub.get_job(&id()).await, Err(HubError::Unreachable { cause }));
    assert!(requests(&server).await.len() > 2, "a read is repeated");
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound");
    let refused = HubError::Unreachable { cause: "the connection was refused".to_owned() };
    let retry = RetryPolicy { throttled: BRIEF, unavailable: BRIEF };
    let hub = RestHub::connect(RestConfig { retry, ..config(free) }).expect("a client");
    assert_eq!(hub.create_job(&job()).await, Err(refused.clone()));
    assert_eq!(hub.get_job(&id()).await, Err(refused));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let hub = hub(listener.local_addr().expect("bound"));
    let serve = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let _request = stream.read(&mut [0; 4096]).await.expect("a request");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"jobId\":").await.expect("sent");
    };
    let job = job();
    let ((), result) = tokio::join!(serve, hub.create_job(&job));
    assert!(matches!(result, Err(HubError::Ambiguous { .. })), "{result:?}");
}

#[tokio::test]
async fn garbage_is_not_believed() {
    for garbage in ["", "<html></html>", "{", "7", "null", "[]", r#"{"jobId":"another"}"#] {
        let server = server(ResponseTemplate::new(200).set_body_string(garbage), 9).await;
        let hub = hub(*server.address());
        let got = hub.get_job(&id()).await;
        assert!(matches!(got, Err(HubError::Unexpected { .. })), "{garbage}: {got:?}");
        let created = hub.create_job(&job()).await;
        assert!(matches!(created, Err(HubError::Ambiguous { .. })), "{garbage}: {created:?}");
        let listed = hub.list_jobs(&JobFilter::default(), None).await;
        assert!(matches!(listed, Err(HubError::Unexpected { .. })) || garbage == "[]", "{garbage}: {listed:?}");
        assert_eq!(requests(&server).await.len(), 3, "{garbage}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_taken_in() {
    let server = server(ResponseTemplate::new(200).set_body_string("[".repeat(100_000)), 9).await;
    let limits = Limits { answer_bytes_max: 50_000, ..Limits::loopback() };
    let hub = RestHub::connect(RestConfig { limits, ..config(*server.address()) }).expect("a client");
    let cause = "the answer is larger than 50000 bytes".to_owned();
    assert_eq!(hub.query("SELECT * FROM devices", None).await, Err(HubError::Unexpected { cause: cause.clone() }));
    assert_eq!(hub.cancel_job(&id()).await, Err(HubError::Ambiguous { cause }));
}

#[tokio::test]
async fn a_redirect_does_not_carry_the_token_away() {
    let elsewhere = MockServer::start().await;
    let redirect = ResponseTemplate::new(307).insert_header("location", elsewhere.uri());
    let server = server(redirect, 9).await;
    let error = hub(*server.address()).get_job(&id()).await.expect_err("no answer of a hub");
    assert_eq!(
        error.to_string(),
        "unexpected answer from the hub: an answer with status 307, which a hub does not give"
    );
    assert!(requests(&elsewhere).await.is_empty());
}

#[tokio::test]
async fn all_pages_are_read() {
    let server = MockServer::start().await;
    let page = |ids: &[&str]| {
        let jobs: Vec<_> =
            ids.iter().map(|id| json!({"jobId": id, "type": "scheduleUpdateTwin", "status": "queued"})).collect();
        ResponseTemplate::new(200).set_body_json(jobs).insert_header("date", "Tue, 01 Dec 2026 08:00:02 GMT")
    };
    let list = || Mock::given(method("GET")).and(path("/jobs/v2/query")).and(header("x-ms-max-item-count", "100"));
    list()
        .and(header("x-ms-continuation", "two=="))
        .respond_with(page(&["c", "a"]))
        .with_priority(1)
        .mount(&server)
        .await;
    list()
        .and(header_exists("x-ms-continuation"))
        .respond_with(ResponseTemplate::new(400))
        .with_priority(2)
        .mount(&server)
        .await;
    list()
        .respond_with(page(&["b", "a"]).insert_header("x-ms-continuation", "two=="))
        .with_priority(3)
        .mount(&server)
        .await;
    let seen = observe(&hub(*server.address())).await.expect("two pages");
    assert_eq!(seen.jobs.iter().map(|job| job.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(seen.hub_time.map(|time| time.to_string()).as_deref(), Some("2026-12-01T08:00:02Z"));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before() {
    let server = server(known(), 9).await;
    let hub = hub(*server.address());
    for bad in ["", ".", ".."] {
        let error = hub.cancel_job(&JobId::new(bad)).await.expect_err("no id");
        assert!(matches!(error, HubError::Refused { status: 400, .. }), "{bad}: {error:?}");
    }
    let page = Continuation::new("a\r\nX-Evil: 1");
    let error = hub.query("SELECT * FROM devices", Some(&page)).await.expect_err("no header");
    assert!(matches!(error, HubError::Unexpected { .. }), "{error:?}");
    assert!(requests(&server).await.is_empty());
}

/// Everything that is logged, by every library.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_appears_in_logs_or_debug_texts() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::TRACE);
    let _guard = subscriber.with_writer(move || writer.clone()).finish().set_default();
    let server = server(ResponseTemplate::new(503), 1).await;
    let config = config(*server.address());
    let mut shown = format!("{config:?}");
    let hub = RestHub::connect(config).expect("a client");
    hub.get_job(&id()).await.expect("the second try");
    let error = hub.create_job(&NewJob { start: None, ..job() }).await;
    shown.push_str(&format!("{hub:?} {hub:#?} {error:?}"));
    shown.push_str(&String::from_utf8_lossy(&log.0.lock().expect("not poisoned")));
    assert!(shown.contains("hub call") && shown.contains("status=503"), "the log is caught");
    for request in requests(&server).await {
        let token = text_of(&request, "authorization");
        let signature = token.split("sig=").nth(1).and_then(|rest| rest.split('&').next()).expect("a signature");
        assert!(!shown.contains(signature), "a signature was shown");
    }
    for secret in [KEY, "secret-key-bytes", "115, 101, 99, 114, 101, 116", "sig="] {
        assert!(!shown.contains(secret), "`{secret}` was shown");
    }
}
