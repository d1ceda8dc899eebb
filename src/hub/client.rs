//! The narrow trait that stages see of a hub, with its typed errors.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::entra::SignInFailure;
use crate::model::{EntraSource, JobId, JobKind, JobStatus, NewJob, ObservedConfiguration, ObservedJob};

/// What hubjobs asks of an IoT Hub. Implementations retry what is safe to repeat (reads, and
/// refusals by throttling) and nothing else; what to do about an ambiguous write is the caller's
/// decision.
pub trait HubClient: Send + Sync {
    /// Creates a job (`PUT /jobs/v2/{id}`). Not idempotent by itself: a repeat of a request that
    /// did arrive is refused with [`ErrorCode::JobAlreadyExists`].
    ///
    /// # Errors
    /// [`HubError::Ambiguous`] when the job may or may not exist now.
    fn create_job(&self, job: &NewJob) -> impl Future<Output = Result<(), HubError>> + Send;

    /// Reads a job (`GET /jobs/v2/{id}`); nothing when the hub does not know it, which it also
    /// says for an instant right after creation.
    fn get_job(&self, id: &JobId) -> impl Future<Output = Result<Option<ObservedJob>, HubError>> + Send;

    /// Cancels a job that has not started (`POST /jobs/v2/{id}/cancel`).
    ///
    /// # Errors
    /// [`ErrorCode::OperationNotAllowedInCurrentState`] when it runs or has ended,
    /// [`HubError::Ambiguous`] when it may or may not be cancelled now.
    fn cancel_job(&self, id: &JobId) -> impl Future<Output = Result<(), HubError>> + Send;

    /// One page of the hub's jobs, of all owners (`GET /jobs/v2/query`).
    fn list_jobs(
        &self,
        filter: &JobFilter,
        page: Option<&Continuation>,
    ) -> impl Future<Output = Result<Page<ObservedJob>, HubError>> + Send;

    /// One page of a query (`POST /devices/query`).
    fn query(
        &self,
        query: &str,
        page: Option<&Continuation>,
    ) -> impl Future<Output = Result<Page<Value>, HubError>> + Send;

    /// Every automatic device configuration (`GET /configurations`). A hub has a hundred at the most,
    /// and gives them without pages.
    ///
    /// # Errors
    /// [`HubError::Unauthorized`] when the credentials may not read the registry.
    fn configurations(&self) -> impl Future<Output = Result<Vec<ObservedConfiguration>, HubError>> + Send;
}

/// Which jobs to list; empty means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobFilter {
    /// Only jobs of this kind.
    pub kind: Option<JobKind>,
    /// Only jobs in this state.
    pub status: Option<JobStatus>,
}

/// Where the next page starts; opaque, and only valid for the same request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuation(String);

impl Continuation {
    /// A token as a hub gave it.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of a list. A page may be empty and still not be the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// The next page, if any.
    pub next: Option<Continuation>,
    /// The hub's clock when it answered (`Date`), to the second, if it said.
    pub served_at: Option<Timestamp>,
}

/// Why a hub call did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubError {
    /// The hub understood and refused; repeating the call is pointless.
    #[error("{code}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Symbolic reason.
        code: ErrorCode,
        /// The hub's text, bounded in length. Not to be trusted.
        message: String,
        /// For a support ticket.
        tracking_id: Option<String>,
    },
    /// The credentials were not accepted for this call.
    #[error("not authorised: {message}")]
    Unauthorized {
        /// The hub's text, bounded in length. Not to be trusted.
        message: String,
    },
    /// Entra gave a token, and the hub lets whom it speaks for not make this call.
    #[error("{principal} may not do this: {message}")]
    RoleMissing {
        /// Whom the token speaks for.
        principal: Principal,
        /// The hub's text, bounded in length. Not to be trusted.
        message: String,
    },
    /// There is no token of Entra, so the call was never sent.
    #[error(transparent)]
    SignIn(#[from] SignInFailure),
    /// The hub asked to slow down, for longer than the client waits.
    #[error("throttled by the hub")]
    Throttled {
        /// When it said to come back.
        retry_after: Option<Duration>,
    },
    /// The hub cannot be reached, or does not work: the call was never sent, or it was one that
    /// changes nothing. In either case the hub is as before.
    #[error("cannot reach the hub: {cause}")]
    Unreachable {
        /// What went wrong, in words.
        cause: String,
    },
    /// The call was sent and no usable answer came back (timeout, reset, 5xx): it may have been
    /// carried out.
    #[error("no certain answer from the hub: {cause}")]
    Ambiguous {
        /// What went wrong, in words.
        cause: String,
    },
    /// The answer makes no sense; a proxy may have given it.
    #[error("unexpected answer from the hub: {cause}")]
    Unexpected {
        /// What was wrong with it, in words.
        cause: String,
    },
}

/// Whom a token of Entra speaks for, by its own account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Where the token came from.
    pub source: EntraSource,
    /// Object id in Entra.
    pub object_id: Option<String>,
}

impl Principal {
    /// The command that gives it the role which all calls of hubjobs need. `hub` is the name by which `az`
    /// knows the hub.
    #[must_use]
    pub fn grant(&self, hub: &str) -> String {
        // It comes out of a token, and goes into a shell.
        let is_plain = |id: &&str| id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        let assignee = self.object_id.as_deref().filter(is_plain).unwrap_or("OBJECT_ID");
        format!(
            "`az role assignment create --role \"IoT Hub Data Contributor\" --assignee {assignee} --scope \"$(az iot \
             hub show --name {hub} --query id --output tsv)\"`"
        )
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object_id {
            Some(id) => write!(f, "the principal `{id}` (signed in by {})", self.source),
            None => write!(f, "whoever is signed in by {}", self.source),
        }
    }
}

impl HubError {
    /// The symbolic reason of a refusal.
    #[must_use]
    pub const fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// Symbolic name of a refusal: the `iothub-errorcode` header, or what the body says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// 409104: a job with this id exists, perhaps from an earlier try of ours.
    JobAlreadyExists,
    /// 404002: only cancel says so.
    JobNotFound,
    /// 405102: the job runs or has ended, so it cannot be cancelled.
    OperationNotAllowedInCurrentState,
    /// 429004: every lane of the hub is taken.
    ThrottlingMaxActiveJobCountExceeded,
    /// 400004: the hub does not like an argument.
    ArgumentInvalid,
    /// 412001: for jobs, mostly a condition that is too long.
    PreconditionFailed,
    /// 403002: the daily message quota is spent.
    IotHubQuotaExceeded,
    /// Another name, or none.
    Other(String),
}

impl ErrorCode {
    const NAMED: [(Self, &'static str); 7] = [
        (Self::JobAlreadyExists, "JobAlreadyExists"),
        (Self::JobNotFound, "JobNotFound"),
        (Self::OperationNotAllowedInCurrentState, "OperationNotAllowedInCurrentState"),
        (Self::ThrottlingMaxActiveJobCountExceeded, "ThrottlingMaxActiveJobCountExceeded"),
        (Self::ArgumentInvalid, "ArgumentInvalid"),
        (Self::PreconditionFailed, "PreconditionFailed"),
        (Self::IotHubQuotaExceeded, "IotHubQuotaExceeded"),
    ];

    /// The code of that name.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let named = Self::NAMED.into_iter().find(|(_, known)| *known == name);
        named.map_or_else(|| Self::Other(name.to_owned()), |(code, _)| code)
    }

    /// Its name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            named => Self::NAMED.iter().find(|(code, _)| code == named).map_or("", |(_, name)| name),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
