//! Requests as somebody wrote them, whatever the hub may think of them: how one asks a hub about the
//! hub. Every answer is a result here, a refusal too; only an answer that does not come is a failure.

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use serde_json::Value;

use super::client::{API_VERSION, CONTINUATION, MAX_ITEM_COUNT, RestHub};
use super::error::{Meaning, Refusal, served_at};
use super::failure::{Effect, Failure};
use super::pacing::Budget;
use super::retry::retry;
use super::signature::{Pass, Signature};
use super::transport::{AnyAnswer, send};
use crate::hub::client::HubError;

/// What is done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Read it.
    Get,
    /// Make it.
    Put,
    /// Do something with it.
    Post,
    /// Change a part of it.
    Patch,
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq)]
pub enum RawBody {
    /// Nothing, and no word about its length.
    None,
    /// Nothing, in so many words.
    Empty,
    /// A value.
    Json(Value),
    /// A text that is said to be JSON.
    Text(String),
}

/// Who is said to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The client, as always.
    Now,
    /// The client with a token that has expired; as always, if it makes no tokens itself.
    ExpiredFor {
        /// How long ago, in seconds.
        seconds: i64,
    },
    /// Nobody.
    Nobody,
}

/// A request. The path is encoded already, and may have a query.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRequest {
    verb: Verb,
    path: String,
    body: RawBody,
    sign: Sign,
    api_version: Option<&'static str>,
    continuation: Option<String>,
    page_len: Option<u32>,
}

impl RawRequest {
    /// A signed request without a body.
    #[must_use]
    pub fn new(verb: Verb, path: impl Into<String>) -> Self {
        Self {
            verb,
            path: path.into(),
            body: RawBody::None,
            sign: Sign::Now,
            api_version: Some(API_VERSION),
            continuation: None,
            page_len: None,
        }
    }

    /// With a body.
    #[must_use]
    pub fn with_body(self, body: RawBody) -> Self {
        Self { body, ..self }
    }

    /// Under another version of the API, or none.
    #[must_use]
    pub fn with_api_version(self, api_version: Option<&'static str>) -> Self {
        Self { api_version, ..self }
    }

    /// Signed otherwise.
    #[must_use]
    pub fn signed(self, sign: Sign) -> Self {
        Self { sign, ..self }
    }

    /// For the page behind a continuation.
    #[must_use]
    pub fn with_continuation(self, token: impl Into<String>) -> Self {
        Self { continuation: Some(token.into()), ..self }
    }

    /// For pages of at most so many items.
    #[must_use]
    pub fn with_page_of(self, len: u32) -> Self {
        Self { page_len: Some(len), ..self }
    }

    /// The id of the job that it would create.
    #[must_use]
    pub fn creates(&self) -> Option<&str> {
        let id = self.path.strip_prefix("/jobs/v2/")?;
        (self.verb == Verb::Put && !id.contains('/')).then_some(id)
    }

    fn budget(&self) -> Budget {
        match self.path.as_str() {
            path if path.starts_with("/devices/query") => Budget::Queries,
            path if path.starts_with("/configurations") => Budget::Configurations,
            _ => Budget::JobCalls,
        }
    }

    fn url(&self, base: &str) -> Result<Url, Failure> {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        let version = self.api_version.map_or_else(String::new, |v| format!("{separator}api-version={v}"));
        let invalid = || Failure::NotSent { cause: "the request cannot be put into a URL".to_owned(), lasting: true };
        Url::parse(&format!("{base}{}{version}", self.path)).map_err(|_| invalid())
    }
}

/// What a hub answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// HTTP status.
    pub status: u16,
    /// Symbolic reason of a refusal, if it gave one.
    pub code: Option<String>,
    /// Its text of a refusal, bounded in length. Not to be trusted.
    pub message: String,
    /// The body as it came; empty when it was too long.
    pub body: Vec<u8>,
    /// Its clock.
    pub served_at: Option<Timestamp>,
}

impl RestHub {
    /// Sends a request as it is, paced like all others, and again only when the hub throttled it or no
    /// connection came about.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn send_raw(&self, request: &RawRequest) -> Result<RawAnswer, HubError> {
        let attempt = || async {
            self.pacer.admit(request.budget()).await;
            read(send(&self.http, self.raw_request(request).await?, &self.limits).await?)
        };
        retry(&self.retry, Effect::Write, attempt).await.map_err(|failure| failure.into_hub_error(Effect::Read))
    }

    async fn raw_request(&self, raw: &RawRequest) -> Result<Request, Failure> {
        let method = match raw.verb {
            Verb::Get => Method::GET,
            Verb::Put => Method::PUT,
            Verb::Post => Method::POST,
            Verb::Patch => Method::PATCH,
        };
        let mut request = Request::new(method, raw.url(&self.endpoint.base())?);
        let body = match &raw.body {
            RawBody::None => None,
            RawBody::Empty => Some(Vec::new()),
            RawBody::Json(value) => Some(value.to_string().into_bytes()),
            RawBody::Text(text) => Some(text.clone().into_bytes()),
        };
        let headers = request.headers_mut();
        if let Some(authorization) = self.raw_authorization(raw.sign).await? {
            headers.insert(AUTHORIZATION, authorization);
        }
        if let Some(token) = raw.continuation.as_ref().and_then(|token| HeaderValue::from_str(token).ok()) {
            headers.insert(CONTINUATION, token);
        }
        if let Some(len) = raw.page_len {
            headers.insert(MAX_ITEM_COUNT, HeaderValue::from(len));
        }
        if let Some(body) = body {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            if !body.is_empty() {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
            }
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }

    async fn raw_authorization(&self, sign: Sign) -> Result<Option<HeaderValue>, Failure> {
        match (sign, &self.signature) {
            (Sign::Nobody, _) => Ok(None),
            (Sign::ExpiredFor { seconds }, Signature::Made(signer)) => {
                let expiry = Timestamp::now().as_second().saturating_sub(seconds);
                Pass::Sas(signer.sign(expiry)).header().map(Some)
            }
            (Sign::Now | Sign::ExpiredFor { .. }, signature) => signature.pass().await?.header().map(Some),
        }
    }
}

/// Throttling says nothing of the request, so it is waited out as always.
fn read(answer: AnyAnswer) -> Result<RawAnswer, Failure> {
    let AnyAnswer { status, headers, body } = answer;
    let served_at = served_at(&headers);
    if status.is_success() {
        let (code, message) = (None, String::new());
        return Ok(RawAnswer { status: status.as_u16(), code, message, body: body?, served_at });
    }
    let body = body.unwrap_or_default();
    let refusal = Refusal::read(status, &headers, &body);
    if refusal.meaning() == Meaning::Throttled {
        return Err(Failure::Refused(refusal));
    }
    let (code, message) = refusal.into_words();
    Ok(RawAnswer { status: status.as_u16(), code, message, body, served_at })
}
