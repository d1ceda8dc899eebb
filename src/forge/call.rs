//! One call to a forge: where it goes, what its answer means, and the only place that waits and repeats.
//!
//! | trouble | read, edit, remove | create |
//! |---|---|---|
//! | no connection, so nothing was sent | again | again |
//! | too many calls (429, or 403 that says so) | after the time that the forge asks for | the same |
//! | 5xx, or no answer | again | not known: the caller reads what is there |

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::error::ForgeError;
use super::kind::ForgeKind;
use super::site::Site;
use super::token::Token;
use crate::net::{Limits, Network, NoClient, Reach, TakeInError, Trouble as Transport, take_in};

/// The longest answer has a hundred comments of a million bytes each.
const LIMITS: Limits = Limits {
    connect_timeout: Duration::from_secs(15),
    request_timeout: Duration::from_secs(60),
    answer_bytes_max: 256 << 20,
};
/// Entries of a page, the most that every forge gives.
const PAGE_LEN: usize = 100;
const PAGE_COUNT_MAX: usize = 100;
/// Longest words of a forge that are quoted, in characters.
const MESSAGE_LEN_MAX: usize = 300;

/// How long to wait, and how often to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The most that a run waits for rate limits, in all.
    pub wait_max: Duration,
    /// How long to wait when a forge does not say; GitHub asks for a minute.
    pub wait_unsaid: Duration,
    /// Before the first repetition; each further one waits twice as long.
    pub retry_delay: Duration,
    /// Repetitions of one call.
    pub retry_count_max: u32,
}

impl Patience {
    /// For a pipeline: somebody pays for its minutes.
    #[must_use]
    pub const fn pipeline() -> Self {
        Self {
            wait_max: Duration::from_secs(180),
            wait_unsaid: Duration::from_secs(60),
            retry_delay: Duration::from_secs(1),
            retry_count_max: 4,
        }
    }
}

/// What a call does; it decides what may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing, or the same when it is done twice.
    Read,
    /// Each time another comment.
    Create,
}

/// A call, whatever number of attempts it takes.
#[derive(Debug, Clone)]
pub(super) struct Request {
    action: &'static str,
    what: String,
    effect: Effect,
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, &'static str)>,
    body: Option<Vec<u8>>,
    is_graphql: bool,
}

impl Request {
    /// Reads. The action completes "refused to ..".
    pub(super) fn get(action: &'static str, path: &[&str]) -> Self {
        Self {
            action,
            what: "such repository".to_owned(),
            effect: Effect::Read,
            method: Method::GET,
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            is_graphql: false,
        }
    }

    /// Asks GitHub's other API.
    pub(super) fn graphql(action: &'static str) -> Self {
        Self { is_graphql: true, method: Method::POST, ..Self::get(action, &[]) }
    }

    /// What is not there when the answer says so.
    pub(super) fn what(self, what: String) -> Self {
        Self { what, ..self }
    }

    pub(super) fn query(mut self, name: &'static str, value: &str) -> Self {
        self.query.push((name, value.to_owned()));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn effect(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    pub(super) fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self
    }

    pub(super) fn post(self, body: &Value) -> Self {
        Self { method: Method::POST, effect: Effect::Create, ..self }.json(body)
    }

    pub(super) fn put(self, body: &Value) -> Self {
        Self { method: Method::PUT, ..self }.json(body)
    }

    pub(super) fn patch(self, body: &Value) -> Self {
        Self { method: Method::PATCH, ..self }.json(body)
    }
}

/// A successful answer. A body that is no JSON is `null`.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

/// Why an attempt brought no answer.
enum Trouble {
    /// Nothing was sent.
    NotSent(Transport),
    /// It may have been carried out.
    Lost(String),
    /// Too many calls.
    RateLimited(Option<Duration>),
    /// Trying again would change nothing.
    Final(ForgeError),
}

/// How a forge is called.
pub(super) struct Call {
    http: Client,
    kind: ForgeKind,
    api: Url,
    token: Token,
    patience: Patience,
    waited: Mutex<Duration>,
}

impl Call {
    pub(super) fn new(site: &Site, token: Token, network: &Network, patience: Patience) -> Result<Self, NoClient> {
        let reach = if site.api.scheme() == "https" { Reach::Https } else { Reach::Local };
        let http = network.client(reach, &LIMITS)?;
        Ok(Self { http, kind: site.kind, api: site.api.clone(), token, patience, waited: Mutex::default() })
    }

    pub(super) fn nonsense(&self, cause: &'static str) -> ForgeError {
        ForgeError::Nonsense { kind: self.kind, cause }
    }

    /// For an answer to a creation that does not say what was created.
    pub(super) fn uncertain(&self) -> ForgeError {
        ForgeError::Uncertain { kind: self.kind, cause: "the answer does not name the comment".to_owned() }
    }

    /// Makes a call, and repeats it as the table above allows.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, ForgeError> {
        let mut retries = 0;
        loop {
            let trouble = match self.exchange(request).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            let is_last = retries == self.patience.retry_count_max;
            let delay = self.patience.retry_delay * 2_u32.saturating_pow(retries);
            match trouble {
                Trouble::Final(error) => return Err(error),
                Trouble::RateLimited(asked) => {
                    let wait = asked.unwrap_or(self.patience.wait_unsaid).max(delay);
                    self.take_from_budget(wait)?;
                    tokio::time::sleep(wait).await;
                }
                Trouble::NotSent(failure) if is_last || failure.lasting => return Err(self.unreachable(&failure)),
                Trouble::Lost(cause) if request.effect == Effect::Create => {
                    return Err(ForgeError::Uncertain { kind: self.kind, cause });
                }
                Trouble::Lost(cause) if is_last => return Err(ForgeError::Unavailable { kind: self.kind, cause }),
                Trouble::NotSent(_) | Trouble::Lost(_) => tokio::time::sleep(delay).await,
            }
            retries = (retries + 1).min(self.patience.retry_count_max);
        }
    }

    /// Takes a wait out of what a run may wait.
    fn take_from_budget(&self, wait: Duration) -> Result<(), ForgeError> {
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        let wait_max = self.patience.wait_max;
        if waited.saturating_add(wait) > wait_max {
            return Err(ForgeError::RateLimited { kind: self.kind, wait, wait_max });
        }
        *waited += wait;
        tracing::info!(seconds = wait.as_secs(), "{} takes no more calls for now", self.kind);
        Ok(())
    }

    fn unreachable(&self, failure: &Transport) -> ForgeError {
        let host = self.api.host_str().unwrap_or_default().to_owned();
        ForgeError::Unreachable { kind: self.kind, host, cause: failure.words.clone() }
    }

    /// All entries of a list, however many pages they are on. No address of an answer is followed: the
    /// token would go there.
    pub(super) async fn pages(
        &self,
        request: &Request,
        len_name: &'static str,
        values: impl Fn(&Answer) -> Option<Vec<Value>>,
        has_next: impl Fn(&Answer) -> bool,
    ) -> Result<Vec<Value>, ForgeError> {
        let mut all = Vec::new();
        for page in 1..=PAGE_COUNT_MAX {
            let request = request.clone().query(len_name, &PAGE_LEN.to_string()).query("page", &page.to_string());
            let answer = self.send(&request).await?;
            all.extend(values(&answer).ok_or_else(|| self.nonsense("that is no list of comments"))?);
            if !has_next(&answer) {
                return Ok(all);
            }
        }
        Err(ForgeError::TooManyComments { kind: self.kind, comment_count_max: PAGE_LEN * PAGE_COUNT_MAX })
    }

    /// Removes something, or finds that it is gone.
    pub(super) async fn remove(&self, request: Request) -> Result<(), ForgeError> {
        match self.send(&Request { method: Method::DELETE, ..request }).await {
            Ok(_) | Err(ForgeError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn exchange(&self, request: &Request) -> Result<Answer, Trouble> {
        let prepared = self.prepare(request).ok_or_else(|| Trouble::Final(self.nonsense("its address is none")))?;
        let (method, path) = (prepared.method().clone(), prepared.url().path().to_owned());
        let mut response = self.http.execute(prepared).await.map_err(trouble)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        tracing::debug!(%method, path, status = status.as_u16(), "forge call");
        let body = take_in(&mut response, LIMITS.answer_bytes_max).await;
        if status.is_success() && status != StatusCode::NON_AUTHORITATIVE_INFORMATION {
            let body = body.map_err(|error| self.broken(error))?;
            return Ok(Answer { headers, body: serde_json::from_slice(&body).unwrap_or_default() });
        }
        // The status says enough when the body is too long or breaks off.
        let body = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
        Err(self.refusal(request, status, &headers, &body))
    }

    fn broken(&self, error: TakeInError) -> Trouble {
        match error {
            TakeInError::Broken(error) => trouble(error),
            TakeInError::TooLong(_) => Trouble::Final(self.nonsense("it is longer than all comments can be")),
        }
    }

    fn prepare(&self, request: &Request) -> Option<reqwest::Request> {
        let mut url = self.api.clone();
        if request.is_graphql {
            // Enterprise Server has its REST API at /api/v3, and this one beside it.
            match url.path().strip_suffix("/v3").map(|path| format!("{path}/graphql")) {
                Some(path) => url.set_path(&path),
                None => drop(url.path_segments_mut().ok()?.pop_if_empty().push("graphql")),
            }
        } else {
            url.path_segments_mut().ok()?.pop_if_empty().extend(&request.path);
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let mut prepared = reqwest::Request::new(request.method.clone(), url);
        let (name, token) = self.token.header()?;
        let headers = prepared.headers_mut();
        headers.insert(name, token);
        for (name, value) in &request.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(body) = &request.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *prepared.body_mut() = Some(body.clone().into());
        }
        Some(prepared)
    }

    fn refusal(&self, request: &Request, status: StatusCode, headers: &HeaderMap, body: &Value) -> Trouble {
        let (kind, action, scheme) = (self.kind, request.action, self.token.scheme());
        let message = message_of(body).unwrap_or_else(|| format!("status {status}"));
        if is_rate_limit(status, headers, &message) {
            return Trouble::RateLimited(wait_asked(headers));
        }
        Trouble::Final(match status.as_u16() {
            500..=599 => return Trouble::Lost(format!("status {}", status.as_u16())),
            // Azure DevOps answers a token that it does not know with its page for signing in.
            203 | 401 => ForgeError::Unauthorized { kind, scheme },
            302 if kind == ForgeKind::Azure => ForgeError::Unauthorized { kind, scheme },
            300..=399 => ForgeError::Moved { kind },
            403 if message.to_ascii_lowercase().contains("locked") => ForgeError::Locked { kind },
            403 => ForgeError::Forbidden { kind, action, message, scheme },
            404 | 410 => ForgeError::NotFound { kind, what: request.what.clone(), scheme },
            status => ForgeError::Refused { kind, action, status, message },
        })
    }
}

fn trouble(error: reqwest::Error) -> Trouble {
    let failure = Transport::from(error);
    if failure.sent { Trouble::Lost(failure.words) } else { Trouble::NotSent(failure) }
}

/// 429 says so; GitHub also says it with 403, in one of three ways.
fn is_rate_limit(status: StatusCode, headers: &HeaderMap, message: &str) -> bool {
    let none_left = || headers.get("x-ratelimit-remaining").is_some_and(|left| left == "0");
    let says_so = || message.to_ascii_lowercase().contains("rate limit");
    match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => headers.contains_key(RETRY_AFTER) || none_left() || says_so(),
        _ => false,
    }
}

/// How long a forge asks to wait: some seconds, or until a second of the epoch by its own clock.
fn wait_asked(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number(RETRY_AFTER.as_str()) {
        return Some(Duration::from_secs(seconds));
    }
    let reset = number("x-ratelimit-reset").or_else(|| number("ratelimit-reset"))?;
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok())?.timestamp().as_second();
    let now = u64::try_from(now).unwrap_or_default();
    // A second more: the reset is within that one.
    Some(Duration::from_secs(reset.saturating_sub(now) + 1))
}

/// What a forge says in an error, cut.
fn message_of(body: &Value) -> Option<String> {
    let places = ["/message", "/error/message", "/error_description", "/error", "/errors/0/message"];
    let found = places.iter().find_map(|place| body.pointer(place).filter(|value| !value.is_null()))?;
    let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    Some(text.chars().take(MESSAGE_LEN_MAX).collect())
}

/// A text in an answer.
pub(super) fn text_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// A whole number in an answer.
pub(super) fn number_at(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer)?.as_u64()
}
