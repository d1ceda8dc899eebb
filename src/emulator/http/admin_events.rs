//! The admin call that reads the messages of devices.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};

use super::admin::failed;
use super::service::Service;
use crate::emulator::admin::EventsRequest;
use crate::emulator::state::{HubEvent, Reply};

/// The call.
pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new().route("/events", get(events))
}

async fn events(State(service): State<Arc<Service>>, Query(request): Query<EventsRequest>) -> Response {
    let EventsRequest { from, device_id, count } = request;
    match service.hub.call(HubEvent::ReadMessages { from, device_id, count }).await {
        Ok(Reply::Document { body, .. }) => Json(body).into_response(),
        Ok(_) => Json(serde_json::Value::Null).into_response(),
        Err(fault) => failed(&fault),
    }
}
