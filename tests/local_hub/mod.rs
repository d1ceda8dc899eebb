//! A served emulator and raw requests to it. Signs its own tokens, so that neither the emulator's
//! check nor the client's signing is tested against itself.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hubjobs::emulator::state::Fidelity;
use hubjobs::emulator::{Emulator, EmulatorConfig, Served, StateDir};
use hubjobs::model::{
    ClockMode, Connectivity, DeviceGroup, EmulatorClock, Fleet, HubSize, IdPattern, MethodBehaviour, Percent, Seconds,
    Sku,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

/// What most tests want: an S3 hub whose clock stands still, without devices.
pub(crate) fn config() -> EmulatorConfig {
    EmulatorConfig {
        size: HubSize { sku: Sku::S3, units: NonZeroU32::MIN },
        clock: EmulatorClock { start: Some("2026-12-01T08:00:00Z".parse().unwrap()), mode: ClockMode::Fast },
        fleet: None,
        fidelity: Fidelity::default(),
        snapshot_after: hubjobs::emulator::SNAPSHOT_AFTER,
    }
}

/// Devices `thermo-01`, `thermo-02`, ... that answer `lockDoor` after 100 ms.
pub(crate) fn fleet(count: u32) -> Fleet {
    let lock_door = MethodBehaviour {
        status: 200,
        payload: json!({"locked": true}),
        latency_min_ms: 100,
        latency_max_ms: 100,
        fail: Percent::ZERO,
        fail_status: 500,
        no_answer: Percent::ZERO,
        reports: serde_json::Map::new(),
    };
    let connectivity =
        Connectivity { offline: Percent::ZERO, flapping: Percent::ZERO, flapping_period: Seconds::new(60) };
    let group = DeviceGroup {
        name: "thermo".to_owned(),
        count,
        id_pattern: IdPattern::parse("thermo-{n:02}").unwrap(),
        tags: vec![],
        desired: vec![],
        reported: vec![],
        connectivity,
        reports_desired: true,
        methods: [("lockDoor".to_owned(), lock_door)].into(),
    };
    Fleet { name: "thermo".to_owned(), seed: 1, groups: vec![group] }
}

/// Serves the emulator in that folder on a free port.
pub(crate) async fn serve(dir: &StateDir, config: &EmulatorConfig) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Emulator::open(dir, config).unwrap().serve(listener).await.unwrap()
}

/// A client that knows a connection string.
#[derive(Clone)]
pub(crate) struct Caller {
    host: String,
    policy: String,
    key: String,
    http: reqwest::Client,
}

impl Caller {
    pub(crate) fn new(connection_string: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let field = |name: &str| {
            let part = connection_string.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            part.unwrap().to_owned()
        };
        Self {
            host: field("HostName"),
            policy: field("SharedAccessKeyName"),
            key: field("SharedAccessKey"),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// The same caller under another policy.
    pub(crate) fn with_policy(&self, policy: &str, key: &str) -> Self {
        Self { policy: policy.to_owned(), key: key.to_owned(), ..self.clone() }
    }

    /// A token that expires that many seconds from now.
    pub(crate) fn token(&self, lifetime: i64) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let resource = encode(&self.host);
        let expiry = jiff::Timestamp::now().as_second() + lifetime;
        let mut mac = Hmac::<Sha256>::new_from_slice(&BASE64_STANDARD.decode(&self.key).unwrap()).unwrap();
        mac.update(format!("{resource}\n{expiry}").as_bytes());
        let signature = encode(&BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={}", self.policy)
    }

    /// A request without a token; the path may have a query already.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let separator = if path.contains('?') { '&' } else { '?' };
        self.http.request(method, format!("http://{}{path}{separator}api-version=2021-04-12", self.host))
    }

    /// A request with a token, under a path that has its query.
    pub(crate) fn verbatim(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.host)).header("Authorization", self.token(600))
    }

    /// A request with a token.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.anonymous(method, path).header("Authorization", self.token(600))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// A POST with an empty body and its length.
    pub(crate) async fn post_empty(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::POST, path).header("Content-Length", "0")).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path).header("If-Match", "\"*\"")).await
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

/// A response, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        Self::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    /// Status and `iothub-errorcode` of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        (self.status, self.header("iothub-errorcode").unwrap_or_default())
    }
}
