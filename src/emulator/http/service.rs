//! One request from its arrival to its response.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, header};
use axum::routing::get;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::sync::watch;

use super::admin;
use super::device;
use super::envelope::{bad_gateway, method_not_allowed, refused};
use super::mishaps::Mishaps;
use super::reply::accepted;
use super::request;
use super::route::{NoRoute, Operation, segments};
use super::throttle::Throttles;
use crate::emulator::auth::{Access, Guard, Key, Refusal, TokenTime};
use crate::emulator::lease::Leases;
use crate::emulator::live::LiveHub;
use crate::emulator::mqtt::{WEBSOCKET_PATH, upgrade};
use crate::emulator::state::{FaultKind, HubFault, Reply};
use crate::emulator::store::StateDir;
use crate::emulator::transport::Cut;
use crate::emulator::transport::limits::BODY_SECONDS;
use crate::model::ClockMode;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

/// All that the HTTP skin knows of its hub.
#[derive(Debug)]
pub(in crate::emulator) struct Service {
    /// The hub.
    pub(in crate::emulator) hub: Arc<LiveHub>,
    /// Who may call it.
    pub(in crate::emulator) guard: Guard,
    /// Request throttles, unless they are off.
    pub(in crate::emulator) throttles: Option<Throttles>,
    /// Trouble on purpose.
    pub(in crate::emulator) mishaps: Mishaps,
    /// Where the state is.
    pub(in crate::emulator) dir: StateDir,
    /// Key of the admin calls.
    pub(in crate::emulator) admin_key: Key,
    /// Who is not to be left alone.
    pub(in crate::emulator) leases: Arc<Leases>,
    /// Set to end the server.
    pub(in crate::emulator) stop: watch::Sender<bool>,
}

/// Serves the service API and, under `/$hubjobs/`, the admin calls.
pub(in crate::emulator) fn router(service: Arc<Service>) -> Router {
    Router::new()
        .nest("/$hubjobs", admin::router(Arc::clone(&service)))
        .route(WEBSOCKET_PATH, get(upgrade))
        .merge(device::routes())
        .fallback(serve)
        .with_state(service)
}

pub(super) async fn serve(State(service): State<Arc<Service>>, request: Request<Body>) -> Response<Body> {
    let method = request::effective_method(request.method(), request.headers());
    let response = match service.answer(&method, request).await {
        Ok(reply) => accepted(reply),
        Err(Refused::Method) => method_not_allowed(method.as_str()),
        Err(Refused::Gateway) => bad_gateway(),
        Err(Refused::Cut(cut)) => {
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(cut);
            return response;
        }
        Err(Refused::Fault(fault)) => refused(&fault, service.hub.now()),
    };
    dress(&service, response)
}

/// Adds the headers that every response has.
pub(super) fn dress(service: &Service, mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("Microsoft-HTTPAPI/2.0"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers.extend(date(service.hub.now()).map(|date| (header::DATE, date)));
    let id = uuid::Uuid::new_v4().to_string();
    headers.extend(HeaderValue::try_from(id).ok().map(|id| (REQUEST_ID, id)));
    response
}

/// Why a request has no reply of the hub.
pub(super) enum Refused {
    /// The path exists, the method does not.
    Method,
    /// A gateway between client and hub has failed.
    Gateway,
    /// There is no answer: the connection ends.
    Cut(Cut),
    /// The hub, or a check on the way to it, refuses.
    Fault(HubFault),
}

impl<F: Into<HubFault>> From<F> for Refused {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

impl Service {
    async fn answer(&self, method: &Method, request: Request<Body>) -> Result<Reply, Refused> {
        let (parts, body) = request.into_parts();
        let path = segments(parts.uri.path());
        request::check_length(method, &parts.headers)?;
        let operation = Operation::find(method, &path).map_err(|absent| match absent {
            NoRoute::Method => Refused::Method,
            NoRoute::Path => Refused::Fault(not_served(parts.uri.path())),
        })?;
        request::check_version(&parts.uri)?;
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        self.authorize(header, method, &path, &operation)?;
        let json = if operation.reads_body() { read_body(body).await? } else { serde_json::Value::Null };
        self.keep_to_the_rate(&operation, &json).await?;
        let event = request::event(operation.clone(), &parts.uri, &parts.headers, json);
        let reply = self.carry_out(&operation, event).await?;
        self.wait_for_device(&reply).await;
        Ok(reply)
    }

    /// Delays a call above the rate of the tier.
    async fn keep_to_the_rate(&self, operation: &Operation, body: &serde_json::Value) -> Result<(), HubFault> {
        let (Some(throttles), Some(meter)) = (&self.throttles, operation.meter()) else { return Ok(()) };
        let payload_bytes = body.get("payload").map_or(0, |payload| payload.to_string().len());
        let delay = throttles.take(meter, meter.cost(payload_bytes), Instant::now())?;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        Ok(())
    }

    fn authorize(
        &self,
        header: Option<&str>,
        method: &Method,
        path: &[String],
        operation: &Operation,
    ) -> Result<(), HubFault> {
        let access = Access { method: method.as_str(), path, right: operation.right(), now: self.token_now() };
        self.guard.authorize(header, &access).map_err(|refusal| {
            tracing::info!("401 for {operation:?}: {refusal}");
            unauthorized(&refusal, &access)
        })
    }

    /// Time of the clock that tokens follow.
    pub(in crate::emulator) fn token_now(&self) -> Timestamp {
        match self.guard.token_time {
            TokenTime::Wall => Timestamp::now(),
            TokenTime::Virtual => self.hub.now(),
        }
    }

    /// A device takes its time to answer a method, where time passes by itself.
    async fn wait_for_device(&self, reply: &Reply) {
        if let Reply::Method { latency_ms, .. } = reply
            && self.hub.mode() == ClockMode::Real
        {
            tokio::time::sleep(Duration::from_millis((*latency_ms).into())).await;
        }
    }
}

/// Reads a body from a client that may be slow, but not for ever.
async fn read_body(body: Body) -> Result<serde_json::Value, HubFault> {
    let patience = Duration::from_secs(BODY_SECONDS);
    let too_slow = |_| HubFault::new(FaultKind::GenericBadRequest, "BadRequest: the body did not come in time");
    tokio::time::timeout(patience, request::read_json(body)).await.map_err(too_slow)?
}

/// Says no more than the hub does; only a principal that proved who it is learns what it lacks.
fn unauthorized(refusal: &Refusal, access: &Access<'_>) -> HubFault {
    let kind = FaultKind::IotHubUnauthorizedAccess;
    match refusal {
        Refusal::Role { principal, .. } => {
            let path = access.path.join("/");
            let what = format!("Principal {principal} is not authorized for {} on /{path}", access.method);
            HubFault::new(kind, format!("{what} due to no assigned permissions"))
        }
        _ => kind.into(),
    }
}

fn not_served(path: &str) -> HubFault {
    HubFault::new(FaultKind::ResourceNotFound, format!("The emulator does not serve `{path}`."))
}

/// The hub's own time, not the machine's: clients compare it with what they take for now.
fn date(now: Timestamp) -> Option<HeaderValue> {
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{StreamExt as _, stream};
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_given_up() {
        let byte_a_second = stream::repeat(()).then(async |()| {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, std::io::Error>(Bytes::from_static(b" "))
        });
        for body in [Body::from_stream(byte_a_second), Body::from_stream(stream::pending::<std::io::Result<Bytes>>())] {
            let start = Instant::now();
            let fault = read_body(body).await.unwrap_err();
            assert_eq!((fault.kind, start.elapsed().as_secs()), (FaultKind::GenericBadRequest, BODY_SECONDS));
        }
    }
}
