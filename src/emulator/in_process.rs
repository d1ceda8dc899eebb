//! A hub without any protocol: the client trait straight onto the state machine. Tests use it where
//! a network would only slow them down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde_json::{Value, json};

use super::state::{Envelope, FaultKind, FleetRefused, HubEvent, HubFault, HubOptions, HubState, PageRequest, Reply};
use crate::hub::{Continuation, ErrorCode, HubClient, HubError, JobFilter, Page};
use crate::model::{Fleet, JobAction, JobId, NewJob, ObservedConfiguration, ObservedJob};

/// A hub in this process. Clones are clients of the same hub, as several runners would be.
///
/// Its clock stands still, but for [`Self::advance_to`] and [`Self::jump_for`].
#[derive(Debug, Clone)]
pub struct InProcessHub {
    hub: Arc<Mutex<HubState>>,
}

/// Whether a call changes the hub, which decides what an unusable answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Read,
    Write,
}

impl InProcessHub {
    /// A hub without devices, at that time.
    #[must_use]
    pub fn new(options: HubOptions, now: Timestamp) -> Self {
        Self::from_state(HubState::new(options, now))
    }

    /// A hub with the devices of a fleet, at that time.
    ///
    /// # Errors
    /// When a device of the fleet is not possible.
    pub fn with_fleet(options: HubOptions, fleet: &Fleet, now: Timestamp) -> Result<Self, FleetRefused> {
        let mut hub = HubState::new(options, now);
        hub.add_fleet(fleet)?;
        Ok(Self::from_state(hub))
    }

    /// A hub that goes on from a state.
    #[must_use]
    pub fn from_state(hub: HubState) -> Self {
        Self { hub: Arc::new(Mutex::new(hub)) }
    }

    /// The hub's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.lock().now()
    }

    /// Lets time go on; it does not go back.
    pub fn advance_to(&self, to: Timestamp) {
        self.lock().advance(to);
    }

    /// Jumps to the next instant at which one of these jobs gets on, and says which that was;
    /// nothing when all of them have ended.
    #[must_use]
    pub fn jump_for(&self, jobs: &[JobId]) -> Option<Timestamp> {
        let mut hub = self.lock();
        let next = hub.next_event_of(jobs)?;
        hub.advance(next);
        Some(next)
    }

    /// Does what an event says, now.
    ///
    /// # Errors
    /// When the hub refuses.
    pub fn apply(&self, event: HubEvent) -> Result<Reply, HubFault> {
        let mut hub = self.lock();
        let now = hub.now();
        if !event.is_read() {
            return hub.apply(event, now);
        }
        let reply = hub.apply(event.clone(), now)?;
        if let Some(charge) = hub.charge_of_read(&event, &reply) {
            hub.apply(charge, now)?;
        }
        Ok(reply)
    }

    /// A look at the state.
    pub fn inspect<T>(&self, look: impl FnOnce(&HubState) -> T) -> T {
        look(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, HubState> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, effect: Effect, event: HubEvent) -> Result<Reply, HubError> {
        self.apply(event).map_err(|fault| hub_error(effect, fault))
    }

    fn page(&self, event: HubEvent) -> Result<Page<Value>, HubError> {
        match self.call(Effect::Read, event)? {
            Reply::Page { items, next, .. } => {
                Ok(Page { items, next: next.map(Continuation::new), served_at: Some(to_the_second(self.now())) })
            }
            _ => Err(HubError::Unexpected { cause: "the list is not a JSON array".to_owned() }),
        }
    }
}

impl HubClient for InProcessHub {
    async fn create_job(&self, job: &NewJob) -> Result<(), HubError> {
        let id = job.id.to_string();
        self.call(Effect::Write, HubEvent::CreateJob { request: request(job, &id), id }).map(drop)
    }

    async fn get_job(&self, id: &JobId) -> Result<Option<ObservedJob>, HubError> {
        check_id(id)?;
        self.call(Effect::Read, HubEvent::GetJob { id: id.as_str().to_owned() })?;
        Ok(self.lock().observed_job(id.as_str()))
    }

    async fn cancel_job(&self, id: &JobId) -> Result<(), HubError> {
        check_id(id)?;
        self.call(Effect::Write, HubEvent::CancelJob { id: id.as_str().to_owned() }).map(drop)
    }

    async fn list_jobs(&self, filter: &JobFilter, page: Option<&Continuation>) -> Result<Page<ObservedJob>, HubError> {
        let Page { items, next, served_at } = self.page(HubEvent::ListJobs {
            job_type: filter.kind.map(|kind| kind.wire_name().to_owned()),
            job_status: filter.status.as_ref().map(|status| status.as_str().to_owned()),
            page: page_request(page),
        })?;
        let hub = self.lock();
        let items = items.iter().filter_map(|item| hub.observed_job(item["jobId"].as_str()?)).collect();
        Ok(Page { items, next, served_at })
    }

    async fn query(&self, query: &str, page: Option<&Continuation>) -> Result<Page<Value>, HubError> {
        self.page(HubEvent::Query { request: json!({"query": query}), page: page_request(page) })
    }

    async fn configurations(&self) -> Result<Vec<ObservedConfiguration>, HubError> {
        self.call(Effect::Read, HubEvent::ListConfigurations { top: None })?;
        Ok(self.lock().observed_configurations())
    }
}

/// The request as the REST client would send it.
fn request(job: &NewJob, id: &str) -> Value {
    let body = &job.body;
    let mut request = json!({
        "jobId": id,
        "type": body.action.kind().wire_name(),
        "queryCondition": body.condition.as_str(),
        "maxExecutionTimeInSeconds": body.max_execution.get(),
    });
    match &body.action {
        JobAction::Method(call) => {
            request["cloudToDeviceMethod"] = json!({
                "methodName": call.name.as_str(),
                "payload": call.payload,
                "responseTimeoutInSeconds": call.response_timeout.get(),
                "connectTimeoutInSeconds": call.connect_timeout.get(),
            });
        }
        JobAction::Twin(patch) => {
            request["updateTwin"] = json!({"etag": "*", "tags": patch.tags, "properties": {"desired": patch.desired}});
        }
    }
    if let Some(start) = job.start {
        request["startTime"] = start.to_string().into();
    }
    request
}

fn page_request(page: Option<&Continuation>) -> PageRequest {
    PageRequest { max_item_count: None, continuation: page.map(|token| token.as_str().to_owned()) }
}

/// Ids that no path can hold; the REST client refuses them itself.
fn check_id(id: &JobId) -> Result<(), HubError> {
    if matches!(id.as_str(), "" | "." | "..") {
        let message = format!("`{id}` cannot be the id of a job");
        return Err(HubError::Refused { status: 400, code: ErrorCode::ArgumentInvalid, message, tracking_id: None });
    }
    Ok(())
}

/// What the REST client makes of the same refusal.
fn hub_error(effect: Effect, fault: HubFault) -> HubError {
    let HubFault { kind, text, envelope } = fault;
    let status = kind.status();
    let message = match envelope {
        // The client drops the envelope inside.
        Envelope::PlainInMessage => format!("Error: {status}"),
        Envelope::Plain | Envelope::Numbered | Envelope::NumberedInMessage => text,
    };
    match (status, effect) {
        (429, _) if kind != FaultKind::ThrottlingMaxActiveJobCountExceeded => HubError::Throttled { retry_after: None },
        (401, _) => HubError::Unauthorized { message },
        (500.., Effect::Write) => HubError::Ambiguous { cause: format!("the hub answered {status} {kind}: {message}") },
        (500.., Effect::Read) => {
            HubError::Unreachable { cause: format!("the hub answered {status} {kind}: {message}") }
        }
        _ => HubError::Refused { status, code: ErrorCode::parse(kind.name()), message, tracking_id: None },
    }
}

/// As precise as a `Date` header.
fn to_the_second(now: Timestamp) -> Timestamp {
    now.round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor)).unwrap_or(now)
}
