//! The HTTP of the crates of Azure, through our own client: with its CA file, proxies, bounds of time
//! and size, and without redirects.
//!
//! Answers other than success end here, as reasons: `azure_identity` keeps whole answers in its errors,
//! and cannot read the texts of Entra that hold a line break, which is most of them.

use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::headers::Headers;
use azure_core::http::request::Request;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, StatusCode};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use serde_json::Value;

use super::carried::carry;
use super::claims::Claims;
use super::failure::{Denial, Reason, Whom};
use super::refusal::{Refusal, number_in};
use super::surroundings::Surroundings;
use crate::net::{Limits, Network, Reach, TakeInError, Trouble, take_in};

/// A token has a few thousand bytes.
const LIMITS: Limits =
    Limits { request_timeout: Duration::from_secs(30), answer_bytes_max: 1 << 20, ..Limits::remote() };

/// The metadata service is one hop away, and not there at all on most machines.
const LOCAL_LIMITS: Limits = Limits { connect_timeout: Duration::from_secs(1), ..LIMITS };

/// How long others wait for their turn, at the most, to learn whether the metadata service is there.
const PROBE_TIME_MAX: Duration = Duration::from_secs(1);

/// How far clocks may differ before that explains a refusal; Entra forgives as much.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Host of the metadata service on every machine of Azure.
const METADATA_HOST: &str = "169.254.169.254";

/// How answers are read that are not a success.
type Judge = fn(&Answer, &Asked) -> Reason;

/// Carries requests of one credential.
#[derive(Debug, Clone)]
pub(super) struct Courier {
    /// To Entra, which may be beyond a proxy.
    entra: Client,
    /// To the endpoint that vouches for us, which may be on this machine.
    other: Client,
    whom: Whom,
    /// Where the metadata service is instead.
    metadata_host: Option<Url>,
}

/// An answer, whatever it says.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// What an answer is to.
struct Asked {
    /// What the token said of itself that was to vouch for us.
    assertion: Option<Claims>,
    now: Timestamp,
}

impl Courier {
    /// A courier for a credential that is vouched for by `whom`.
    pub(super) fn to(whom: Whom, network: &Network, surroundings: &Surroundings) -> azure_core::Result<Self> {
        let client = |reach, limits: Limits| {
            network.client(reach, &limits).map_err(|error| {
                carry(Reason::Unreachable { whom: Whom::Entra, cause: error.to_string(), lasting: true })
            })
        };
        let entra = client(Reach::Https, LIMITS)?;
        let other = match whom {
            Whom::Identity => client(Reach::Local, LOCAL_LIMITS)?,
            Whom::Entra | Whom::Oidc | Whom::Cli => entra.clone(),
        };
        let metadata_host = surroundings.metadata_host.as_deref().and_then(|text| Url::parse(text).ok());
        Ok(Self { entra, other, whom, metadata_host })
    }

    /// Whether the metadata service is there. It is asked for nothing, so that a stranger at that address
    /// learns nothing: other clouds have a service there, too, and Docker Desktop answers 403 for nobody.
    /// That of Azure refuses whoever does not send its header with 400, unless it is busy.
    pub(super) async fn finds_metadata_service(&self) -> bool {
        let url = Url::parse("http://169.254.169.254/metadata/identity/oauth2/token").expect("a constant");
        let answered = self.other.get(self.whereabouts(url)).timeout(PROBE_TIME_MAX).send().await;
        answered.is_ok_and(|answer| matches!(answer.status().as_u16(), 400 | 410 | 429 | 500..=599))
    }

    /// The body of the answer to a request for a token that is to vouch for us.
    pub(super) async fn ask(&self, request: reqwest::Request) -> Result<Vec<u8>, Reason> {
        let asked = Asked { assertion: None, now: Timestamp::now() };
        accepted(send(&self.other, request, self.whom).await?, self.whom, oidc_refused, &asked)
    }

    fn whereabouts(&self, mut url: Url) -> Url {
        if let (Some(METADATA_HOST), Some(instead)) = (url.host_str(), &self.metadata_host) {
            let moved = url.set_host(instead.host_str()).is_ok() && url.set_port(instead.port()).is_ok();
            tracing::debug!(moved, "the metadata service is elsewhere");
        }
        url
    }
}

#[async_trait]
impl HttpClient for Courier {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let is_entra = request.url().path().ends_with("/oauth2/v2.0/token");
        let (client, whom, judge): (_, _, Judge) = match (is_entra, self.whom) {
            (true, _) => (&self.entra, Whom::Entra, entra_refused),
            (false, Whom::Identity) => (&self.other, Whom::Identity, identity_refused),
            (false, whom) => (&self.other, whom, oidc_refused),
        };
        let asked = Asked { assertion: assertion_in(request), now: Timestamp::now() };
        let request = translated(request, self.whereabouts(request.url().clone())).map_err(carry)?;
        let answer = send(client, request, whom).await.map_err(carry)?;
        let status = StatusCode::from(answer.status);
        let body = accepted(answer, whom, judge, &asked).map_err(carry)?;
        if !has_token(&body) {
            let cause = "it is not JSON with a token".to_owned();
            return Err(carry(Reason::Nonsense { whom, cause }));
        }
        Ok(AsyncRawResponse::from_bytes(status, Headers::new(), body))
    }
}

/// The body of a success.
fn accepted(answer: Answer, whom: Whom, judge: Judge, asked: &Asked) -> Result<Vec<u8>, Reason> {
    match answer.status {
        200..300 => Ok(answer.body),
        _ => Err(transient(&answer, whom).unwrap_or_else(|| judge(&answer, asked))),
    }
}

async fn send(client: &Client, request: reqwest::Request, whom: Whom) -> Result<Answer, Reason> {
    let failed = |error: reqwest::Error| {
        let Trouble { words: cause, lasting, sent, .. } = error.into();
        // Who is on this machine and cannot be reached will not come.
        Reason::Unreachable { whom, cause, lasting: lasting || (whom == Whom::Identity && !sent) }
    };
    let mut response = client.execute(request).await.map_err(failed)?;
    let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
    tracing::debug!(?whom, status, "asked for a token");
    let body = take_in(&mut response, LIMITS.answer_bytes_max).await.map_err(|error| match error {
        TakeInError::Broken(error) => failed(error),
        TakeInError::TooLong(bytes_max) => {
            Reason::Nonsense { whom, cause: format!("it is larger than {bytes_max} bytes") }
        }
    })?;
    Ok(Answer { status, headers, body })
}

/// A request of Azure's as one of ours.
fn translated(request: &Request, url: Url) -> Result<reqwest::Request, Reason> {
    let invalid = || Reason::Nonsense { whom: Whom::Entra, cause: "the request cannot be sent".to_owned() };
    let method = Method::from_bytes(request.method().as_str().as_bytes()).map_err(|_| invalid())?;
    let mut translated = reqwest::Request::new(method, url);
    for (name, value) in request.headers().iter() {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(|_| invalid())?;
        let mut value = HeaderValue::from_str(value.as_str()).map_err(|_| invalid())?;
        value.set_sensitive(true);
        translated.headers_mut().insert(name, value);
    }
    match request.body() {
        Body::Bytes(bytes) => *translated.body_mut() = Some(bytes.clone().into()),
        // No request for a token has one.
        Body::SeekableStream(_) => return Err(invalid()),
    }
    Ok(translated)
}

/// What the assertion in a request says of itself.
fn assertion_in(request: &Request) -> Option<Claims> {
    let Body::Bytes(form) = request.body() else { return None };
    let (_, assertion) = url::form_urlencoded::parse(form).find(|(name, _)| name == "client_assertion")?;
    Claims::of(&assertion)
}

/// All endpoints name the token in one of these ways. `azure_identity` would take an answer without one
/// for an empty token.
fn has_token(body: &[u8]) -> bool {
    let Ok(Value::Object(answer)) = serde_json::from_slice(body) else { return false };
    ["access_token", "oidcToken"]
        .iter()
        .any(|name| answer.get(*name).and_then(Value::as_str).is_some_and(|t| !t.is_empty()))
}

/// Too many requests, or out of order.
fn transient(answer: &Answer, whom: Whom) -> Option<Reason> {
    let passes = matches!(answer.status, 408 | 429 | 500..=599)
        // The metadata service while it is updated.
        || (whom == Whom::Identity && matches!(answer.status, 404 | 410));
    passes.then(|| Reason::Unreachable { whom, cause: format!("it answered {}", answer.status), lasting: false })
}

fn entra_refused(answer: &Answer, asked: &Asked) -> Reason {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let listed = body["error_codes"].as_array().and_then(|codes| codes.first()?.as_u64());
    let number = listed.and_then(|number| u32::try_from(number).ok());
    let number = number.or_else(|| number_in(body["error_description"].as_str().unwrap_or_default()));
    if number.is_none() && !body["error"].is_string() {
        let cause = format!("status {}, and no reason of Entra's", answer.status);
        return Reason::Nonsense { whom: Whom::Entra, cause };
    }
    let refusal = number.map_or(Refusal::Other, Refusal::of);
    let explains = |refusal| matches!(refusal, Refusal::NotInTime);
    Reason::Refused(Denial {
        refusal,
        number,
        status: Some(answer.status),
        assertion: asked.assertion.clone().map(Box::new),
        ahead: ahead(&answer.headers, asked.now).filter(|_| explains(refusal)),
    })
}

fn identity_refused(answer: &Answer, _: &Asked) -> Reason {
    match answer.status {
        400 => Reason::NoIdentity,
        status => Reason::Unreachable { whom: Whom::Identity, cause: format!("it answered {status}"), lasting: true },
    }
}

fn oidc_refused(answer: &Answer, _: &Asked) -> Reason {
    Reason::NoOidcToken { status: answer.status }
}

/// How far our clock is ahead, if that is more than is forgiven.
fn ahead(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let date = DateTimeParser::new().parse_timestamp(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(now.duration_since(date)).filter(|ahead| ahead.abs() > CLOCK_SKEW)
}
