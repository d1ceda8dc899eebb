//! A server that plays everybody who has a part in signing in: Entra, the endpoints for OIDC tokens of
//! GitHub Actions and Azure Pipelines, the metadata service of a machine and that of App Service. It
//! verifies what it is sent, and writes down who asked.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) const TENANT: &str = "11111111-2222-4333-8444-555555555555";
pub(crate) const CLIENT: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
pub(crate) const OBJECT: &str = "99999999-8888-4777-8666-555555555555";
pub(crate) const CONNECTION: &str = "12121212-3434-4565-8787-909090909090";
pub(crate) const SECRET: &str = "client-secret-MARK";
pub(crate) const REQUEST_TOKEN: &str = "request-token-MARK";
pub(crate) const IDENTITY_HEADER: &str = "identity-header-MARK";
pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const AUDIENCE: &str = "https://iothubs.azure.net";
pub(crate) const APPLICATION: &str = include_str!("application.pem");

/// A key of somebody who signs tokens.
pub(crate) struct Key {
    id: &'static str,
    pair: KeyPair,
}

impl Key {
    fn new(id: &'static str) -> Self {
        Self { id, pair: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap() }
    }

    fn coordinates(&self) -> [String; 2] {
        let (x, y) = self.pair.der_bytes()[1..].split_at(32);
        [x, y].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part))
    }

    fn jwk(&self) -> Value {
        let [x, y] = self.coordinates();
        json!({"kid": self.id, "kty": "EC", "crv": "P-256", "x": x, "y": y})
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &EncodingKey::from_ec_der(&self.pair.serialize_der())).unwrap()
    }
}

/// What the server does, and what it was asked.
pub(crate) struct Play {
    /// One word for each request, in order.
    pub(crate) asked: Vec<&'static str>,
    /// Life of the tokens that it gives, in seconds.
    pub(crate) lifetime: i64,
    /// How far its clock is ahead of the machine's, in seconds.
    pub(crate) clock: i64,
    /// Which of its keys sign the next tokens; afterwards the first.
    pub(crate) signed_by: VecDeque<usize>,
    /// What Entra answers to the next requests instead of what it should.
    pub(crate) instead: VecDeque<(u16, String)>,
    /// Whom the next tokens are for instead of IoT Hub.
    pub(crate) audience: &'static str,
    pub(crate) roles: Vec<&'static str>,
    /// Subjects of the federated credentials.
    pub(crate) subjects: Vec<&'static str>,
    /// Subject of the tokens of GitHub.
    pub(crate) subject: &'static str,
    /// How long GitHub's tokens are valid, in seconds.
    pub(crate) oidc_lifetime: i64,
    /// How long the metadata service takes.
    pub(crate) delay: Duration,
    /// What the metadata service answers instead.
    pub(crate) identity_status: u16,
    /// What somebody else answers where the metadata service would be.
    pub(crate) stranger_status: Option<u16>,
}

pub(crate) struct Server {
    pub(crate) https: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) authority: String,
    keys: [Key; 2],
    forge: Key,
    play: Mutex<Play>,
}

impl Server {
    pub(crate) async fn start() -> Arc<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (https, http) =
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let pair = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&pair, &authority).unwrap();
        let key = PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![leaf.der().clone()], key).unwrap();
        let server = Arc::new(Self {
            https: https.local_addr().unwrap(),
            http: http.local_addr().unwrap(),
            authority: authority.pem(),
            keys: [Key::new("first"), Key::new("second")],
            forge: Key::new("forge"),
            play: Mutex::new(Play {
                asked: Vec::new(),
                lifetime: 3_600,
                clock: 0,
                signed_by: VecDeque::new(),
                instead: VecDeque::new(),
                audience: AUDIENCE,
                roles: vec!["IoT Hub Data Contributor"],
                subjects: vec!["repo:o/r:environment:prod", "sc://o/p/hub", "system:serviceaccount:ns:hubjobs"],
                subject: "repo:o/r:environment:prod",
                oidc_lifetime: 300,
                delay: Duration::ZERO,
                identity_status: 200,
                stranger_status: None,
            }),
        });
        tokio::spawn(serve(https, Some(TlsAcceptor::from(Arc::new(config))), Arc::clone(&server)));
        tokio::spawn(serve(http, None, Arc::clone(&server)));
        server
    }

    /// Changes how it plays, or reads what it was asked.
    pub(crate) fn play<T>(&self, change: impl FnOnce(&mut Play) -> T) -> T {
        change(&mut self.play.lock().unwrap())
    }

    pub(crate) fn asked(&self) -> Vec<&'static str> {
        self.play(|play| std::mem::take(&mut play.asked))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.https.port())
    }

    /// Keys that verify its tokens: all of them, or only some.
    pub(crate) fn jwks(&self, which: &[usize]) -> String {
        json!({"keys": which.iter().map(|index| self.keys[*index].jwk()).collect::<Vec<_>>()}).to_string()
    }

    pub(crate) fn token(&self) -> (String, i64) {
        let mut play = self.play.lock().unwrap();
        let key = play.signed_by.pop_front().unwrap_or(0);
        let now = jiff::Timestamp::now().as_second();
        let expires = now + play.lifetime;
        let claims = json!({"iss": ISSUER, "aud": play.audience, "iat": now, "exp": expires, "oid": OBJECT,
                            "roles": play.roles});
        (self.keys[key].sign(&claims), expires)
    }

    /// A token of the forge, as it signs them for jobs.
    pub(crate) fn vouch(&self, issuer: &str, subject: &str, audience: &str) -> String {
        let life = self.play(|play| play.oidc_lifetime);
        let now = jiff::Timestamp::now().as_second();
        self.forge.sign(&json!({"iss": issuer, "sub": subject, "aud": audience, "exp": now + life}))
    }

    fn note(&self, what: &'static str) {
        self.play(|play| play.asked.push(what));
    }

    async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let query: BTreeMap<String, String> =
            url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (status, answer) = match parts.uri.path() {
            "/github" => self.github(header("authorization"), &query),
            "/pipelines" => {
                let is_right = header("x-tfs-fedauthredirect") == "Suppress" && header("content-length") == "0";
                self.pipelines(is_right && parts.method == "POST", header("authorization"), &query)
            }
            "/metadata/identity/oauth2/token" => {
                let delay = self.play(|play| play.delay);
                tokio::time::sleep(delay).await;
                self.identity(header("metadata") == "true", &query)
            }
            "/msi/token" => self.app_service(header("x-identity-header"), &query),
            path => match path.strip_suffix("/oauth2/v2.0/token") {
                Some(tenant) => self.entra(tenant.trim_start_matches('/'), &body),
                None => (404, "no such page".to_owned()),
            },
        };
        let clock = self.play(|play| play.clock);
        let date = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(clock);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap();
        Response::builder().status(status).header("date", date).body(Body::from(answer)).unwrap()
    }

    fn given(&self, expires_on: bool) -> (u16, String) {
        let (token, expires) = self.token();
        let life = self.play(|play| play.lifetime);
        let mut answer = json!({"token_type": "Bearer", "access_token": token});
        match expires_on {
            true => {
                answer["expires_on"] = json!(expires.to_string());
                answer["resource"] = json!(AUDIENCE);
            }
            false => answer["expires_in"] = json!(life),
        }
        (200, answer.to_string())
    }

    fn entra(&self, tenant: &str, body: &[u8]) -> (u16, String) {
        self.note("entra");
        if let Some(instead) = self.play(|play| play.instead.pop_front()) {
            return instead;
        }
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if tenant != TENANT {
            return refusal(90_002, "Tenant not found");
        }
        if field("client_id") != CLIENT {
            return refusal(700_016, "Application not found in the directory");
        }
        if field("scope") != format!("{AUDIENCE}/.default") || field("grant_type") != "client_credentials" {
            return refusal(500_011, "The resource principal was not found in the tenant");
        }
        match (field("client_secret"), field("client_assertion")) {
            ("", "") => refusal(7_000_218, "The request body must contain client_assertion or client_secret"),
            (SECRET, "") => self.given(false),
            ("expired-MARK", "") => refusal(7_000_222, "The provided client secret keys are expired"),
            (_, "") => refusal(7_000_215, "Invalid client secret provided"),
            (_, assertion) => match decode_header(assertion) {
                Ok(header) if header.alg == Algorithm::PS256 => self.certificate(assertion, &header),
                Ok(_) => self.federated(assertion),
                Err(_) => refusal(50_027, "Invalid JWT token"),
            },
        }
    }

    fn certificate(&self, assertion: &str, header: &Header) -> (u16, String) {
        self.note("by certificate");
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(section("CERTIFICATE")));
        let key = DecodingKey::from_rsa_der(&section("RSA PUBLIC KEY"));
        let Ok(claims) = decode::<Value>(assertion, &key, &lenient(Algorithm::PS256)) else {
            return refusal(700_027, "Client assertion failed signature validation");
        };
        if header.x5t_s256.as_deref() != Some(&thumbprint) {
            return refusal(700_027, "Client assertion contains an invalid signature");
        }
        if let Some(chain) = &header.x5c {
            assert_eq!(BASE64_STANDARD.decode(&chain[0]).unwrap(), section("CERTIFICATE"));
            self.note("with its chain");
        }
        let claims = claims.claims;
        assert_eq!(claims["aud"], self.url(&format!("/{TENANT}/oauth2/v2.0/token")));
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!(CLIENT), &json!(CLIENT)));
        match self.is_in_time(&claims) {
            true => self.given(false),
            false => refusal(700_024, "Client assertion is not within its valid time range"),
        }
    }

    fn federated(&self, assertion: &str) -> (u16, String) {
        self.note("by federation");
        let [x, y] = self.forge.coordinates();
        let key = DecodingKey::from_ec_components(&x, &y).unwrap();
        let Ok(claims) = decode::<Value>(assertion, &key, &lenient(Algorithm::ES256)) else {
            return refusal(50_013, "Assertion failed signature validation");
        };
        let claims = claims.claims;
        if !self.is_in_time(&claims) {
            return refusal(700_024, "Client assertion is not within its valid time range");
        }
        if claims["aud"] != "api://AzureADTokenExchange" {
            return refusal(700_212, "No matching federated identity record found for presented assertion audience");
        }
        match self.play(|play| play.subjects.iter().any(|known| claims["sub"] == *known)) {
            true => self.given(false),
            false => refusal(700_213, "No matching federated identity record found for presented assertion subject"),
        }
    }

    fn is_in_time(&self, claims: &Value) -> bool {
        let now = jiff::Timestamp::now().as_second() + self.play(|play| play.clock);
        claims["exp"].as_i64().unwrap() + 300 > now && claims["nbf"].as_i64().unwrap_or(now) - 300 < now
    }

    fn github(&self, authorization: &str, query: &BTreeMap<String, String>) -> (u16, String) {
        self.note("github");
        if authorization != format!("bearer {REQUEST_TOKEN}") || query.get("x").map(String::as_str) != Some("1") {
            return (401, "{\"message\":\"no\"}".to_owned());
        }
        let subject = self.play(|play| play.subject);
        let token = self.vouch("https://token.actions.githubusercontent.com", subject, &query["audience"]);
        (200, json!({"count": 1, "value": token}).to_string())
    }

    fn pipelines(&self, is_right: bool, authorization: &str, query: &BTreeMap<String, String>) -> (u16, String) {
        self.note("pipelines");
        let is_known = query.get("serviceConnectionId").map(String::as_str) == Some(CONNECTION);
        if !is_right || authorization != format!("Bearer {REQUEST_TOKEN}") || !is_known {
            return (404, "no such connection".to_owned());
        }
        let token = self.vouch("https://vstoken.dev.azure.com/o", "sc://o/p/hub", "api://AzureADTokenExchange");
        (200, json!({"oidcToken": token}).to_string())
    }

    fn identity(&self, has_header: bool, query: &BTreeMap<String, String>) -> (u16, String) {
        if let Some(status) = self.play(|play| play.stranger_status) {
            self.note("stranger");
            return (status, "<html>MARK</html>".to_owned());
        }
        if !has_header {
            self.note("probe");
            return (400, "{\"error\":\"invalid_request\"}".to_owned());
        }
        self.note("identity");
        let status = self.play(|play| play.identity_status);
        let is_ours = query.get("client_id").is_none_or(|client| client == CLIENT);
        assert_eq!(query["resource"], AUDIENCE);
        match status {
            200 if is_ours => self.given(true),
            200 => (400, "{\"error\":\"invalid_request\",\"error_description\":\"Identity not found\"}".to_owned()),
            status => (status, "{\"error\":\"try-again-MARK\"}".to_owned()),
        }
    }

    fn app_service(&self, header: &str, query: &BTreeMap<String, String>) -> (u16, String) {
        self.note("app service");
        assert_eq!(query["api-version"], "2019-08-01");
        if header == IDENTITY_HEADER { self.given(true) } else { (403, "MARK".to_owned()) }
    }
}

/// As Entra says no: with line breaks, and ids that are of no use to anybody.
pub(crate) fn refusal(number: u32, text: &str) -> (u16, String) {
    let description = format!("AADSTS{number}: {text} MARK. Trace ID: 7f3a\r\nTimestamp: 2026-11-24 01:00:00Z");
    let status = if number == 7_000_215 || number == 7_000_222 { 401 } else { 400 };
    (status, json!({"error": "invalid_client", "error_description": description, "error_codes": [number]}).to_string())
}

/// Verifies the signature and nothing else.
fn lenient(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    (validation.validate_exp, validation.validate_aud) = (false, false);
    validation.required_spec_claims.clear();
    validation
}

/// The bytes of a section of `application.pem`.
fn section(name: &str) -> Vec<u8> {
    let text = APPLICATION.split(&format!("-----BEGIN {name}-----")).nth(1).unwrap();
    let text: String = text.split("-----END").next().unwrap().split_whitespace().collect();
    BASE64_STANDARD.decode(text).unwrap()
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, server: Arc<Server>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (tls, server) = (tls.clone(), Arc::clone(&server));
        tokio::spawn(async move {
            let app = axum::Router::new().fallback(move |request: Request| {
                let server = Arc::clone(&server);
                async move { server.answer(request).await }
            });
            let builder = hyper::server::conn::http1::Builder::new();
            // A client that goes away early is no trouble of ours.
            let _ = match tls {
                None => builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app)).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app)).await,
                    Err(_) => Ok(()),
                },
            };
        });
    }
}
