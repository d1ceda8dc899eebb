//! Admin calls: what a real hub does not have. They move the clock, keep the server alive and stop
//! it, and have a bearer key of their own.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use bytes::BytesMut;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use uuid::Uuid;

use super::service::Service;
use crate::emulator::admin::{AdvanceRequest, ClockReading, TickRequest};
use crate::emulator::exchange::ExportOptions;
use crate::emulator::state::HubFault;
use crate::model::JobId;

/// The calls, each behind the key.
pub(super) fn router(service: Arc<Service>) -> Router<Arc<Service>> {
    Router::new()
        .route("/clock", get(clock))
        .route("/tick", post(tick))
        .route("/advance", post(advance))
        .route("/lease/{id}", put(lease).delete(release))
        .route("/shutdown", post(shutdown))
        .route("/export", post(export))
        .merge(super::admin_faults::routes())
        .merge(super::admin_events::routes())
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(middleware::from_fn_with_state(service, require_key))
}

async fn require_key(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = given.and_then(|value| value.strip_prefix("Bearer "));
    if key.is_some_and(|key| service.admin_key.is(key)) {
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, Json(json!({"error": "the admin key is wrong"}))).into_response()
    }
}

async fn clock(State(service): State<Arc<Service>>) -> Response {
    Json(reading(&service)).into_response()
}

async fn tick(State(service): State<Arc<Service>>, Json(request): Json<TickRequest>) -> Response {
    let now = service.hub.now();
    let to = match request {
        TickRequest::By(span) => now.checked_add(span).ok(),
        TickRequest::To(time) => Some(time),
    };
    match to.filter(|to| *to >= now) {
        None => {
            let error = json!({"error": format!("the clock shows {now} and only moves forward")});
            (StatusCode::BAD_REQUEST, Json(error)).into_response()
        }
        Some(to) => match service.hub.tick(to).await {
            Ok(_) => Json(reading(&service)).into_response(),
            Err(fault) => failed(&fault),
        },
    }
}

async fn advance(State(service): State<Arc<Service>>, Json(request): Json<AdvanceRequest>) -> Response {
    let jobs = request.jobs.into_iter().map(JobId::new).collect();
    match service.hub.advance_for(jobs).await {
        Ok(advance) => Json(advance).into_response(),
        Err(fault) => failed(&fault),
    }
}

async fn lease(State(service): State<Arc<Service>>, Path(id): Path<Uuid>) -> Response {
    if service.leases.take(id, Instant::now()) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        (StatusCode::CONFLICT, Json(json!({"error": "the emulator is about to end"}))).into_response()
    }
}

async fn release(State(service): State<Arc<Service>>, Path(id): Path<Uuid>) -> StatusCode {
    service.leases.release(id);
    StatusCode::NO_CONTENT
}

async fn shutdown(State(service): State<Arc<Service>>) -> StatusCode {
    service.stop.send_replace(true);
    StatusCode::ACCEPTED
}

/// The export goes by way of a file, so that the hub waits for the disk and not for the reader.
async fn export(State(service): State<Arc<Service>>, Json(options): Json<ExportOptions>) -> Response {
    let dir = service.dir.clone();
    let scratch = move || dir.scratch(&format!("export-{}", Uuid::new_v4()));
    let file = match tokio::task::spawn_blocking(scratch).await {
        Ok(Ok(file)) => file,
        Ok(Err(error)) => return unavailable(&error.to_string()),
        Err(_) => return unavailable("the emulator failed"),
    };
    let exported = service.hub.export(options, service.guard.policies.clone(), file).await;
    let mut file = match exported {
        Ok(file) => tokio::fs::File::from_std(file),
        Err(fault) => return failed(&fault),
    };
    if let Err(error) = file.rewind().await {
        return unavailable(&error.to_string());
    }
    let chunks = futures_util::stream::try_unfold(file, async |mut file| {
        let mut chunk = BytesMut::with_capacity(1 << 16);
        let more = file.read_buf(&mut chunk).await? > 0;
        Ok::<_, std::io::Error>(more.then_some((chunk.freeze(), file)))
    });
    Body::from_stream(chunks).into_response()
}

fn unavailable(error: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"error": error}))).into_response()
}

fn reading(service: &Service) -> ClockReading {
    ClockReading { now: service.hub.now(), mode: service.hub.mode() }
}

pub(super) fn failed(fault: &HubFault) -> Response {
    let status = StatusCode::from_u16(fault.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({"error": fault.text}))).into_response()
}
