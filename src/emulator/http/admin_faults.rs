//! Admin calls about the fault script, and about how much of the tier is used.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::service::Service;
use crate::emulator::admin::{FaultLines, HubStatus};
use crate::emulator::faults::{FaultSpec, InvalidFault};

/// The calls.
pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new().route("/faults", get(list).post(add).put(replace).delete(clear)).route("/status", get(status))
}

async fn list(State(service): State<Arc<Service>>) -> Response {
    Json(service.mishaps.report()).into_response()
}

async fn add(State(service): State<Arc<Service>>, Json(lines): Json<FaultLines>) -> Response {
    change(&service, &lines, |specs| service.mishaps.add(specs))
}

async fn replace(State(service): State<Arc<Service>>, Json(lines): Json<FaultLines>) -> Response {
    change(&service, &lines, |specs| service.mishaps.replace(specs))
}

async fn clear(State(service): State<Arc<Service>>) -> Response {
    service.mishaps.replace(Vec::new());
    Json(service.mishaps.report()).into_response()
}

/// All lines, or none.
fn change(service: &Service, lines: &FaultLines, change: impl FnOnce(Vec<FaultSpec>)) -> Response {
    let specs: Result<Vec<FaultSpec>, (&String, InvalidFault)> =
        lines.faults.iter().map(|line| line.parse().map_err(|why| (line, why))).collect();
    match specs {
        Ok(specs) => {
            change(specs);
            Json(service.mishaps.report()).into_response()
        }
        Err((line, why)) => {
            (StatusCode::BAD_REQUEST, Json(json!({"error": format!("`{line}`: {why}")}))).into_response()
        }
    }
}

async fn status(State(service): State<Arc<Service>>) -> Response {
    let (options, messages, lanes_taken) =
        match service.hub.look(|hub| (hub.options(), hub.message_count(), hub.lanes_taken())) {
            Some(seen) => seen,
            None => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        };
    let status = HubStatus {
        now: service.hub.now(),
        sku: options.size.sku.as_str().to_owned(),
        units: options.size.units,
        lanes: options.size.lanes(),
        lanes_taken,
        messages_used: messages.used,
        messages_per_day: messages.limit,
    };
    Json(status).into_response()
}
