//! Who gets in, as a client sees it: status, error code, and nothing that helps a stranger.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hubjobs::emulator::auth::{CustomPolicy, Entra, TokenTime};
use hubjobs::emulator::state::{Fidelity, Strictness};
use hubjobs::emulator::{Emulator, EmulatorConfig, Exposure, Served, StateDir, policies};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use local_hub::{Answer, Caller, config};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

const UNAUTHORIZED: (u16, &str) = (401, "IotHubUnauthorizedAccess");

struct Hub {
    served: Served,
    caller: Caller,
    folder: TempDir,
}

async fn hub(change: impl FnOnce(&mut Exposure)) -> Hub {
    hub_of(&config(), change).await
}

async fn hub_of(config: &EmulatorConfig, change: impl FnOnce(&mut Exposure)) -> Hub {
    let folder = tempfile::tempdir().unwrap();
    let mut exposure = Exposure::plain(TcpListener::bind("127.0.0.1:0").await.unwrap());
    change(&mut exposure);
    let emulator = Emulator::open(&StateDir::new(folder.path()), config).unwrap();
    let served = emulator.serve_on(exposure).await.unwrap();
    let caller = Caller::new(served.connection_string());
    Hub { served, caller, folder }
}

impl Hub {
    /// A caller under a policy, with its first or second key.
    fn policy(&self, name: &str, second: bool) -> Caller {
        let all = policies(&StateDir::new(self.folder.path())).unwrap().unwrap();
        let policy = all.into_iter().find(|policy| policy.name == name).unwrap();
        self.caller.with_policy(name, if second { &policy.secondary_key } else { &policy.primary_key })
    }
}

/// One call of each kind, and the rights of which it needs one.
fn calls() -> [(Method, &'static str, Value, &'static [&'static str]); 9] {
    let job = json!({"jobId": "a", "type": "scheduleUpdateTwin", "queryCondition": "*", "updateTwin": {"etag": "*"}});
    let query = |from: &str| json!({"query": format!("SELECT * FROM {from}")});
    let write: &[&str] = &["RegistryWrite"];
    let read: &[&str] = &["RegistryRead", "RegistryWrite"];
    let service: &[&str] = &["ServiceConnect"];
    [
        (Method::PUT, "/devices/thermo", json!({"deviceId": "thermo"}), write),
        (Method::GET, "/devices/thermo", Value::Null, read),
        (Method::GET, "/statistics/devices", Value::Null, read),
        (Method::GET, "/twins/thermo", Value::Null, service),
        (Method::POST, "/devices/query", query("devices"), service),
        (Method::POST, "/devices/query", query("devices.jobs"), service),
        (Method::PUT, "/jobs/v2/a", job, write),
        (Method::GET, "/jobs/v2/a", Value::Null, read),
        (Method::GET, "/jobs/v2/query", Value::Null, read),
    ]
}

async fn call(caller: &Caller, method: &Method, path: &str, body: &Value) -> Answer {
    let request = caller.request(method.clone(), path);
    Answer::of(if body.is_null() { request } else { request.json(body) }).await
}

#[tokio::test]
async fn every_policy_may_do_what_its_rights_say() {
    let custom = ["writer=RegistryWrite", "both=RegistryRead,ServiceConnect"];
    let hub = hub(|exposure| exposure.policies = custom.map(|text| text.parse::<CustomPolicy>().unwrap()).into()).await;
    for (method, path, body, _) in calls() {
        assert!(call(&hub.caller, &method, path, &body).await.status < 300, "{method} {path}");
    }
    let table: [(&str, &[&str]); 7] = [
        ("iothubowner", &["RegistryRead", "RegistryWrite", "ServiceConnect"]),
        ("service", &["ServiceConnect"]),
        ("device", &["DeviceConnect"]),
        ("registryRead", &["RegistryRead"]),
        ("registryReadWrite", &["RegistryRead", "RegistryWrite"]),
        ("writer", &["RegistryWrite"]),
        ("both", &["RegistryRead", "ServiceConnect"]),
    ];
    for (name, rights) in table {
        for second in [false, true] {
            let caller = hub.policy(name, second);
            for (method, path, body, needed) in calls() {
                let answer = call(&caller, &method, path, &body).await;
                let allowed = needed.iter().any(|right| rights.contains(right));
                assert_eq!(answer.refusal() != UNAUTHORIZED, allowed, "{name} {method} {path}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_tells_nothing() {
    let hub = hub(|_| {}).await;
    let owner = &hub.caller;
    let stranger = owner.with_policy("iothubowner", "c3RyYW5nZXI=");
    let nobody = owner.with_policy("nobody", "c3RyYW5nZXI=");
    let path = "/twins/thermo";
    let mut texts = Vec::new();
    for answer in [
        Answer::of(owner.anonymous(Method::GET, path)).await,
        stranger.get(path).await,
        nobody.get(path).await,
        hub.policy("registryRead", false).get(path).await,
        Answer::of(owner.anonymous(Method::GET, path).header("Authorization", owner.token(-301))).await,
        Answer::of(owner.anonymous(Method::GET, path).header("Authorization", "Bearer e30.e30.e30")).await,
        Answer::of(owner.anonymous(Method::GET, path).header("Authorization", "Basic dTpw")).await,
    ] {
        assert_eq!(answer.refusal(), UNAUTHORIZED, "{answer:?}");
        texts.push(answer.json()["Message"].clone());
    }
    assert!(texts.iter().all(|text| text == "ErrorCode:IotHubUnauthorizedAccess;Unauthorized"), "{texts:?}");
    let late = owner.anonymous(Method::GET, "/devices/x").header("Authorization", owner.token(-290));
    assert_eq!(Answer::of(late).await.status, 404, "within the skew");
}

#[tokio::test]
async fn tokens_follow_the_machine_or_the_hub() {
    // The hub's clock stands years away from the machine's.
    let wall = hub(|_| {}).await;
    assert_eq!(wall.caller.get("/statistics/devices").await.status, 200);
    let far = EmulatorConfig {
        clock: hubjobs::model::EmulatorClock { start: Some("2036-12-01T08:00:00Z".parse().unwrap()), ..config().clock },
        ..config()
    };
    let hub = hub_of(&far, |exposure| exposure.token_time = TokenTime::Virtual).await;
    assert_eq!(hub.caller.get("/statistics/devices").await.refusal(), UNAUTHORIZED);
    let ahead = hub.served.admin().clock().await.unwrap().now.as_second() - jiff::Timestamp::now().as_second();
    let token = hub.caller.token(ahead + 600);
    let request = hub.caller.anonymous(Method::GET, "/statistics/devices").header("Authorization", token);
    assert_eq!(Answer::of(request).await.status, 200);
}

#[tokio::test]
async fn policies_are_kept_and_limited() {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::new(folder.path());
    assert!(policies(&dir).unwrap().is_none());
    let serve = async |custom: Vec<String>| {
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let policies = custom.iter().map(|text| text.parse().unwrap()).collect();
        Emulator::open(&dir, &config()).unwrap().serve_on(Exposure { policies, ..Exposure::plain(http) }).await
    };
    serve(vec!["jobs=RegistryWrite".to_owned()]).await.unwrap().stop().await.unwrap();
    let first = policies(&dir).unwrap().unwrap();
    serve(vec![]).await.unwrap().stop().await.unwrap();
    assert!(policies(&dir).unwrap().unwrap() == first);
    let refused = serve((0..12).map(|n| format!("p{n}=RegistryRead")).collect()).await.unwrap_err().to_string();
    assert!(refused.contains("at most 16"), "{refused}");
    assert!(policies(&dir).unwrap().unwrap() == first, "nothing was kept");
}

/// A key as Entra would publish it, and tokens that it signs.
struct Issuer(KeyPair);

impl Issuer {
    fn new() -> Self {
        Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
    }

    fn entra(&self) -> Entra {
        let (x, y) = self.0.der_bytes()[1..].split_at(32);
        let [x, y] = [x, y].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let set = json!({"keys": [{"kid": "k", "kty": "EC", "crv": "P-256", "x": x, "y": y}]});
        Entra::new(&set.to_string(), Some("https://issuer.test".to_owned()), Vec::new()).unwrap()
    }

    fn token(&self, roles: &[&str]) -> String {
        let exp = jiff::Timestamp::now().as_second() + 600;
        let claims = json!({"iss": "https://issuer.test", "aud": "https://iothubs.azure.net", "exp": exp,
                            "oid": "pipeline", "roles": roles});
        let header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, &claims, &EncodingKey::from_ec_der(&self.0.serialize_der())).unwrap()
    }
}

#[tokio::test]
async fn roles_of_entra_decide() {
    let issuer = Issuer::new();
    let hub = hub(|exposure| exposure.entra = Some(issuer.entra())).await;
    let call = async |roles: &[&str], method: Method, path: &str, body: &Value| {
        let request = hub.caller.anonymous(method, path).bearer_auth(issuer.token(roles));
        Answer::of(if body.is_null() { request } else { request.json(body) }).await
    };
    for (method, path, body, _) in calls() {
        let answer = call(&["IoT Hub Data Contributor"], method.clone(), path, &body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
        let reads = method == Method::GET || path == "/devices/query";
        let answer = call(&["IoT Hub Data Reader"], method.clone(), path, &body).await;
        assert_eq!(answer.refusal() != UNAUTHORIZED, reads, "{method} {path}: {answer:?}");
    }
    let answer = call(&[], Method::GET, "/twins/thermo", &Value::Null).await;
    assert_eq!(answer.refusal(), UNAUTHORIZED);
    let said = "ErrorCode:IotHubUnauthorizedAccess;Principal pipeline is not authorized for GET on /twins/thermo \
                due to no assigned permissions";
    assert_eq!(answer.json()["Message"], said);
    let stranger = hub
        .caller
        .anonymous(Method::GET, "/twins/thermo")
        .bearer_auth(Issuer::new().token(&["IoT Hub Data Contributor"]));
    assert_eq!(Answer::of(stranger).await.json()["Message"], "ErrorCode:IotHubUnauthorizedAccess;Unauthorized");
    assert_eq!(hub.caller.get("/twins/thermo").await.status, 200, "keys go on working");
}

#[tokio::test]
async fn a_lenient_hub_takes_any_bearer() {
    let fidelity = Fidelity { strictness: Strictness::Lenient, ..Fidelity::default() };
    let hub = hub_of(&EmulatorConfig { fidelity, ..config() }, |_| {}).await;
    let request = hub.caller.anonymous(Method::GET, "/statistics/devices").bearer_auth("anything");
    assert_eq!(Answer::of(request).await.status, 200);
}
