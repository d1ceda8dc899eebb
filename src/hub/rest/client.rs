//! The REST client: paths, headers, and what an answer means.

use std::fmt::Write as _;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use serde_json::Value;
use uuid::Uuid;

use super::configuration::read_configurations;
use super::connection_string::ConnectionString;
use super::endpoint::{Endpoint, HostName};
use super::error::{Refusal, served_at};
use super::failure::{Effect, Failure};
use super::pacing::{Budget, Pacer, Pacing};
use super::retry::{RetryPolicy, retry};
use super::signature::{Credential, Pass, Signature};
use super::transport::{Answer, exchange};
use super::wire::{self, JobReply, JobRequest, QueryRequest};
use crate::hub::client::{Continuation, ErrorCode, HubClient, HubError, JobFilter, Page};
use crate::hub::entra::EntraTokens;
use crate::model::{HubSize, JobId, NewJob, ObservedConfiguration, ObservedJob};
use crate::net::{Limits, Network, Reach};

/// The version that all service SDKs of Microsoft send.
pub const API_VERSION: &str = "2021-04-12";

/// The most that a query gives at once; more pages cost more of the query budget.
const PAGE_LEN: &str = "100";

/// More configurations than a hub can have; it takes its own limit instead. What it would give
/// without a number is not documented.
const CONFIGURATIONS_TOP: u32 = 1_000;

pub(super) const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuation");
pub(super) const MAX_ITEM_COUNT: HeaderName = HeaderName::from_static("x-ms-max-item-count");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");

/// What may stand in a path segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// All that a [`RestHub`] needs to know.
#[derive(Debug, Clone)]
pub struct RestConfig {
    /// Where the hub listens.
    pub endpoint: Endpoint,
    /// Name that tokens are made for; the hub's host name.
    pub audience: String,
    /// How to sign in.
    pub credential: Credential,
    /// What lies between here and there.
    pub network: Network,
    /// Bounds of one exchange.
    pub limits: Limits,
    /// What is sent again, and when.
    pub retry: RetryPolicy,
    /// How calls are held back.
    pub pacing: Pacing,
}

impl RestConfig {
    /// A hub on the network, with the limits, retries and pacing that suit Azure.
    #[must_use]
    pub fn remote(connection: ConnectionString, size: HubSize, network: Network) -> Self {
        let ConnectionString { host, port, credential, warnings: _ } = connection;
        Self::on_network(host, port, Credential::Sas(credential), size, network)
    }

    /// A hub on the network that is signed in to with Entra.
    #[must_use]
    pub fn entra(host: HostName, port: Option<u16>, tokens: EntraTokens, size: HubSize, network: Network) -> Self {
        Self::on_network(host, port, Credential::Entra(tokens), size, network)
    }

    fn on_network(host: HostName, port: Option<u16>, credential: Credential, size: HubSize, network: Network) -> Self {
        Self {
            audience: host.as_str().to_owned(),
            endpoint: Endpoint::Https { host, port },
            credential,
            network,
            limits: Limits::remote(),
            retry: RetryPolicy::remote(),
            pacing: Pacing::Sku(size),
        }
    }

    /// An emulator on this machine ([`Endpoint::loopback`]), whatever host name its connection
    /// string has; not paced.
    #[must_use]
    pub fn emulator(endpoint: Endpoint, connection: ConnectionString) -> Self {
        Self {
            audience: connection.host.as_str().to_owned(),
            endpoint,
            credential: Credential::Sas(connection.credential),
            network: Network::default(),
            limits: Limits::loopback(),
            retry: RetryPolicy::loopback(),
            pacing: Pacing::Off,
        }
    }
}

/// An IoT Hub, over its REST API. Share one for all calls to a hub: it holds the connections, the
/// token and the pacing.
#[derive(Debug)]
pub struct RestHub {
    pub(super) http: Client,
    pub(super) endpoint: Endpoint,
    pub(super) signature: Signature,
    pub(super) limits: Limits,
    pub(super) retry: RetryPolicy,
    pub(super) pacer: Pacer,
}

impl RestHub {
    /// Prepares to talk to a hub; sends nothing yet.
    ///
    /// # Errors
    /// [`HubError::Unreachable`] when the system has no certificates to trust.
    pub fn connect(config: RestConfig) -> Result<Self, HubError> {
        let reach = if config.endpoint.is_loopback() { Reach::Local } else { Reach::Https };
        let http = config.network.client(reach, &config.limits);
        let http = http.map_err(|error| HubError::Unreachable { cause: error.to_string() })?;
        let signature = Signature::new(config.credential, &config.audience);
        Ok(Self {
            http,
            endpoint: config.endpoint,
            signature,
            limits: config.limits,
            retry: config.retry,
            pacer: Pacer::new(config.pacing),
        })
    }

    /// Makes a call: paced, signed, repeated as the policy allows.
    async fn call(&self, call: Call) -> Result<Answer, HubError> {
        let attempt = || async {
            self.pacer.admit(call.budget).await;
            let pass = self.signature.pass().await?;
            match exchange(&self.http, self.request(&call, &pass)?, &self.limits).await {
                Err(Failure::Refused(refusal)) if refusal.is_about_rights() => {
                    self.ask_again(&call, pass, refusal).await
                }
                answer => answer,
            }
        };
        retry(&self.retry, call.effect, attempt).await.map_err(|failure| {
            // An emulator's clock is virtual, so it explains nothing.
            let on_this_machine = self.endpoint.is_loopback();
            let failure = if on_this_machine { failure } else { failure.explained_by_clock(Timestamp::now()) };
            failure.into_hub_error(call.effect)
        })
    }

    /// A hub that refuses a token did nothing. It may have been rotated, so another one is tried, once.
    async fn ask_again(&self, call: &Call, refused: Pass, refusal: Refusal) -> Result<Answer, Failure> {
        let another = if refusal.is_unauthorized() { self.signature.instead_of(&refused).await? } else { None };
        let Some(pass) = another else { return Err(Failure::Refused(refusal.of(refused.principal()))) };
        match exchange(&self.http, self.request(call, &pass)?, &self.limits).await {
            Err(Failure::Refused(refusal)) => Err(Failure::Refused(refusal.of(pass.principal()))),
            answer => answer,
        }
    }

    /// The request of one attempt; each has its own id and, when the last has aged, a new token.
    fn request(&self, call: &Call, pass: &Pass) -> Result<Request, Failure> {
        let invalid = || Failure::NotSent { cause: "the request cannot be put into a URL".to_owned(), lasting: true };
        let url = Url::parse(&format!("{}{}", self.endpoint.base(), call.path)).map_err(|_| invalid())?;
        let mut request = Request::new(call.method.clone(), url);
        let headers = request.headers_mut();
        headers.extend(call.headers.clone());
        headers.insert(AUTHORIZATION, pass.header()?);
        if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
            headers.insert(CLIENT_REQUEST_ID, id);
        }
        // Explicitly, also for nothing: the front end answers 411 to a cancel without it, and HTTP
        // stacks tend to leave it out.
        if let Some(body) = &call.body {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            *request.body_mut() = Some(body.clone().into());
        }
        Ok(request)
    }

    async fn list(&self, call: Call, page: Option<&Continuation>) -> Result<Page<Value>, HubError> {
        let Answer { headers, body } = self.call(call.page(page)?).await?;
        let unexpected = |cause: &str| HubError::Unexpected { cause: cause.to_owned() };
        let body = serde_json::from_slice(&body).map_err(|_| unexpected("the list is not JSON"))?;
        let (items, in_body) = wire::read_list(body).ok_or_else(|| unexpected("the list is not a JSON array"))?;
        let in_header = headers.get(CONTINUATION).filter(|value| !value.is_empty()).map(HeaderValue::to_str);
        let next = in_header.transpose().map_err(|_| unexpected("the continuation is not plain text"))?;
        let next = next.map(str::to_owned).or(in_body).map(Continuation::new);
        Ok(Page { items, next, served_at: served_at(&headers) })
    }
}

impl HubClient for RestHub {
    async fn create_job(&self, job: &NewJob) -> Result<(), HubError> {
        let id = job.id.to_job_id();
        let call = Call::new(Effect::Write, Method::PUT, job_path(&id, "")?).json(&JobRequest::from(job));
        let answer = self.call(call).await?;
        let confirmed = serde_json::from_slice(&answer.body).is_ok_and(|body| wire::confirms(&id, &body));
        let doubt = || HubError::Ambiguous { cause: "the answer does not name the job".to_owned() };
        confirmed.then_some(()).ok_or_else(doubt)
    }

    async fn get_job(&self, id: &JobId) -> Result<Option<ObservedJob>, HubError> {
        let answer = match self.call(Call::new(Effect::Read, Method::GET, job_path(id, "")?)).await {
            Err(error) if error.code() == Some(&ErrorCode::JobNotFound) => return Ok(None),
            answer => answer?,
        };
        let reply =
            serde_json::from_slice(&answer.body).map_or(JobReply::Nonsense, |body| wire::read_job_reply(id, &body));
        match reply {
            JobReply::Known(job) => Ok(Some(*job)),
            JobReply::Unknown => Ok(None),
            JobReply::Nonsense => Err(HubError::Unexpected { cause: "the answer is not about the job".to_owned() }),
        }
    }

    async fn cancel_job(&self, id: &JobId) -> Result<(), HubError> {
        let call = Call::new(Effect::Write, Method::POST, job_path(id, "/cancel")?).empty();
        let answer = self.call(call).await?;
        // The hub answers with the job; nothing at all is forgiven, a page of a proxy is not.
        let plausible =
            answer.body.is_empty() || serde_json::from_slice::<Value>(&answer.body).is_ok_and(|body| body.is_object());
        let doubt = || HubError::Ambiguous { cause: "the answer is not about a job".to_owned() };
        plausible.then_some(()).ok_or_else(doubt)
    }

    async fn list_jobs(&self, filter: &JobFilter, page: Option<&Continuation>) -> Result<Page<ObservedJob>, HubError> {
        let mut path = format!("/jobs/v2/query?api-version={API_VERSION}");
        let mut restrict = |name: &str, value: &str| {
            let value = utf8_percent_encode(value, SEGMENT);
            write!(path, "&{name}={value}").expect("writing to a String does not fail");
        };
        if let Some(kind) = filter.kind {
            restrict("jobType", kind.wire_name());
        }
        if let Some(status) = &filter.status {
            restrict("jobStatus", status.as_str());
        }
        let Page { items, next, served_at } = self.list(Call::new(Effect::Read, Method::GET, path), page).await?;
        Ok(Page { items: items.iter().filter_map(wire::read_listed_job).collect(), next, served_at })
    }

    async fn query(&self, query: &str, page: Option<&Continuation>) -> Result<Page<Value>, HubError> {
        let path = format!("/devices/query?api-version={API_VERSION}");
        let call = Call { budget: Budget::Queries, ..Call::new(Effect::Read, Method::POST, path) };
        self.list(call.json(&QueryRequest { query }), page).await
    }

    async fn configurations(&self) -> Result<Vec<ObservedConfiguration>, HubError> {
        let path = format!("/configurations?api-version={API_VERSION}&top={CONFIGURATIONS_TOP}");
        let call = Call { budget: Budget::Configurations, ..Call::new(Effect::Read, Method::GET, path) };
        let Answer { body, .. } = self.call(call).await?;
        let list = serde_json::from_slice(&body).ok().and_then(|body: Value| read_configurations(&body));
        list.ok_or_else(|| HubError::Unexpected { cause: "the configurations are not a JSON array".to_owned() })
    }
}

/// One call, whatever number of attempts it takes.
struct Call {
    effect: Effect,
    budget: Budget,
    method: Method,
    /// Path and query of the URL, encoded.
    path: String,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl Call {
    fn new(effect: Effect, method: Method, path: String) -> Self {
        Self { effect, budget: Budget::JobCalls, method, path, headers: HeaderMap::new(), body: None }
    }

    fn empty(mut self) -> Self {
        self.body = Some(Vec::new());
        self
    }

    fn json(mut self, body: &impl serde::Serialize) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        self.body = Some(serde_json::to_vec(body).expect("our own types have text keys only"));
        self
    }

    fn page(mut self, page: Option<&Continuation>) -> Result<Self, HubError> {
        self.headers.insert(MAX_ITEM_COUNT, HeaderValue::from_static(PAGE_LEN));
        if let Some(token) = page {
            let value = HeaderValue::from_str(token.as_str());
            let cause = || "the continuation that it gave cannot be sent back".to_owned();
            self.headers.insert(CONTINUATION, value.map_err(|_| HubError::Unexpected { cause: cause() })?);
        }
        Ok(self)
    }
}

/// The path of a job. An empty id or one of dots would lead to another resource.
fn job_path(id: &JobId, suffix: &str) -> Result<String, HubError> {
    if matches!(id.as_str(), "" | "." | "..") {
        let message = format!("`{id}` cannot be the id of a job");
        return Err(HubError::Refused { status: 400, code: ErrorCode::ArgumentInvalid, message, tracking_id: None });
    }
    let id = utf8_percent_encode(id.as_str(), SEGMENT);
    Ok(format!("/jobs/v2/{id}{suffix}?api-version={API_VERSION}"))
}
