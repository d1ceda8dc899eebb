//! Requests to the router of a real hub on disk: whatever they say, there is an answer in the form of
//! the service, and the hub comes back from its journal and from a snapshot as it was.
//!
//! An input is the letter of a mode (`l`: lenient, else strict) and requests that end with the byte
//! 0x1e: a line `METHOD path`, lines of headers, an empty line, a body. Token, length and version are
//! added where an input does not say otherwise. `$etag` and `$next` in a header are what the last answer
//! that had one gave, `$admin` is the admin key.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hubjobs::emulator::state::{Fidelity, HubState, Restoration, SnapshotRecord, Strictness, Throttling};
use hubjobs::emulator::{Emulator, EmulatorConfig, SNAPSHOT_AFTER, StateDir, Unserved, read_state};
use hubjobs::hub::rest::{SasKey, SasSigner};
use hubjobs::model::{
    ClockMode, Connectivity, DeviceGroup, EmulatorClock, Fleet, HubSize, IdPattern, MethodBehaviour, Percent, Seconds,
    Sku,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::timeout;

const REQUESTS_MAX: usize = 16;
/// A client that has no time: methods wait for devices, and faults may be slow on purpose.
const HURRY: Duration = Duration::from_millis(30);
/// Everything else answers before this on any machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// A tick may pass as many looks of configurations as it likes, but not in a test.
const TICKS_MAX: usize = 2;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

pub(crate) fn run(data: &[u8]) {
    let Some((mode, requests)) = data.split_first() else { return };
    let folder = tempfile::tempdir().unwrap();
    let strictness = if *mode == b'l' { Strictness::Lenient } else { Strictness::Strict };
    let _entered = RUNTIME.enter();
    let emulator = Emulator::open(&StateDir::new(folder.path()), &config(strictness)).unwrap().unserved();
    let mut client = Client::new(&emulator);
    for request in requests.split(|byte| *byte == 0x1e).take(REQUESTS_MAX) {
        RUNTIME.block_on(client.send(&emulator, request));
    }
    let live = emulator.inspect(records).expect("a request broke the hub");
    if !client.hung_up {
        check_state(folder.path(), &live);
    }
}

/// What the hub is, once all is done that is due now.
fn records(hub: &HubState) -> Vec<SnapshotRecord> {
    let mut hub = hub.clone();
    hub.advance(hub.now());
    hub.snapshot().collect()
}

fn check_state(folder: &Path, live: &[SnapshotRecord]) {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let replayed = read_state(&read("snapshot-1.json"), &read("journal-1.log")).unwrap();
    assert_eq!(records(&replayed), live, "replayed");
    let mut restoration = Restoration::new();
    for record in live {
        let line = serde_json::to_string(record).unwrap();
        restoration.push(serde_json::from_str(&line).unwrap()).unwrap();
    }
    assert_eq!(records(&restoration.finish().unwrap()), live, "restored");
}

struct Client {
    token: String,
    admin: String,
    etag: HeaderValue,
    next: HeaderValue,
    /// Whether faults may be the answer, or none.
    has_faults: bool,
    hung_up: bool,
    ticks: usize,
}

impl Client {
    fn new(emulator: &Unserved) -> Self {
        let key = emulator.connection_string().rsplit_once("SharedAccessKey=").unwrap().1;
        let signer = SasSigner::new("localhost", Some("iothubowner"), SasKey::from_base64(key).unwrap());
        Self {
            token: signer.token(jiff::Timestamp::now()).expose().to_owned(),
            admin: format!("Bearer {}", emulator.admin_key()),
            etag: HeaderValue::from_static("*"),
            next: HeaderValue::from_static("none"),
            has_faults: false,
            hung_up: false,
            ticks: 0,
        }
    }

    async fn send(&mut self, emulator: &Unserved, text: &[u8]) {
        let Some(request) = self.read(text) else { return };
        let path = request.uri().path().to_owned();
        let is_admin = path.starts_with("/$");
        self.has_faults |= is_admin;
        let may_wait = self.has_faults || path.contains("methods");
        let answered = timeout(if may_wait { HURRY } else { PATIENCE }, async {
            let (parts, body) = emulator.answer(request).await.into_parts();
            let body = to_bytes(body, usize::MAX).await.expect("a body");
            Response::from_parts(parts, body)
        });
        match answered.await {
            Ok(response) => self.check(&response, is_admin),
            Err(_) if may_wait => self.hung_up = true,
            Err(_) => panic!("no answer"),
        }
    }

    fn check(&mut self, response: &Response<impl AsRef<[u8]>>, is_admin: bool) {
        let (status, headers) = (response.status(), response.headers());
        if let Some(etag) = headers.get(header::ETAG) {
            self.etag = etag.clone();
        }
        if let Some(next) = headers.get("x-ms-continuation") {
            self.next = next.clone();
        }
        if self.has_faults || is_admin {
            return;
        }
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR);
        let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if kind.starts_with(b"application/json") {
            serde_json::from_slice::<Value>(response.body().as_ref()).expect("a JSON body");
        }
        // In front of the hub there is a web server with answers of its own.
        let is_of_hub = !matches!(status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::LENGTH_REQUIRED);
        if is_of_hub && (status.is_client_error() || status.is_server_error()) {
            assert!(headers.contains_key("iothub-errorcode"), "{status} without a code");
        }
    }

    /// Nothing if it is no request that comes through an HTTP parser.
    fn read(&mut self, text: &[u8]) -> Option<Request<Body>> {
        let end = text.windows(2).position(|two| two == b"\n\n");
        let (head, body) = end.map_or((text, &[][..]), |at| (&text[..at], &text[at + 2..]));
        let mut lines = head.split(|byte| *byte == b'\n').skip_while(|line| line.is_empty());
        let line = lines.next()?;
        let space = line.iter().position(|byte| *byte == b' ')?;
        let method = Method::from_bytes(&line[..space]).ok()?;
        let uri = self.uri(&line[space + 1..])?;
        let mut headers = HeaderMap::new();
        for line in lines {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::from_bytes(&line[..colon]).ok()?;
            headers.append(name, self.value(line[colon + 1..].trim_ascii())?);
        }
        let mut add = |name, value: &str| {
            headers.entry(name).or_insert(HeaderValue::from_str(value).unwrap());
        };
        add(header::AUTHORIZATION, &self.token);
        add(header::CONTENT_LENGTH, &body.len().to_string());
        let mut request = Request::new(Body::from(body.to_vec()));
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        Some(request)
    }

    fn uri(&mut self, text: &[u8]) -> Option<Uri> {
        let has_version = text.ends_with(b"?") || text.windows(4).any(|four| four.eq_ignore_ascii_case(b"api-"));
        let separator = if text.contains(&b'?') { "&" } else { "?" };
        let version = if has_version { String::new() } else { format!("{separator}api-version=2021-04-12") };
        let uri = Uri::try_from([text, version.as_bytes()].concat()).ok()?;
        let is_tick = uri.path().contains("tick");
        self.ticks += usize::from(is_tick);
        (!is_tick || self.ticks <= TICKS_MAX).then_some(uri)
    }

    fn value(&self, text: &[u8]) -> Option<HeaderValue> {
        match text {
            b"$etag" => Some(self.etag.clone()),
            b"$next" => Some(self.next.clone()),
            b"$admin" => HeaderValue::from_str(&self.admin).ok(),
            _ => HeaderValue::from_bytes(text).ok(),
        }
    }
}

fn config(strictness: Strictness) -> EmulatorConfig {
    EmulatorConfig {
        size: HubSize { sku: Sku::S1, units: NonZeroU32::MIN },
        clock: EmulatorClock { start: Some("2026-12-01T08:00:00Z".parse().unwrap()), mode: ClockMode::Fast },
        fleet: Some(fleet()),
        fidelity: Fidelity { strictness, throttling: Throttling::Off, ..Fidelity::default() },
        snapshot_after: SNAPSHOT_AFTER,
    }
}

/// Devices `d1` to `d3`, of which some do not answer.
fn fleet() -> Fleet {
    let lock_door = MethodBehaviour {
        status: 200,
        payload: json!({"locked": true}),
        latency_min_ms: 0,
        latency_max_ms: 1,
        fail: Percent::ZERO,
        fail_status: 500,
        no_answer: Percent::ZERO,
        reports: serde_json::Map::new(),
    };
    let group = DeviceGroup {
        name: "doors".to_owned(),
        count: 3,
        id_pattern: IdPattern::parse("d{n}").unwrap(),
        tags: vec![],
        desired: vec![],
        reported: vec![],
        connectivity: Connectivity {
            offline: Percent::ZERO,
            flapping: Percent::ZERO,
            flapping_period: Seconds::new(60),
        },
        reports_desired: true,
        methods: [("lockDoor".to_owned(), lock_door)].into(),
    };
    Fleet { name: "doors".to_owned(), seed: 1, groups: vec![group] }
}
