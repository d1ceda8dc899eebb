//! What devices may do over HTTPS: send messages, and ask for messages to them, of which there are none
//! (reference 7.7).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response, header};
use axum::routing::{get, post};

use super::envelope::refused;
use super::reply::accepted;
use super::request::{check_length, check_version, read_bytes};
use super::route::segments;
use super::service::{Service, dress, serve};
use crate::emulator::auth::DeviceLogin;
use crate::emulator::state::{DeviceMessage, FaultKind, HubEvent, HubFault, Reply};

/// Headers of properties that IoT Hub has a name for.
const SYSTEM: [(&str, &str); 5] = [
    ("iothub-messageid", "messageId"),
    ("iothub-correlationid", "correlationId"),
    ("iothub-userid", "userId"),
    ("iothub-contenttype", "contentType"),
    ("iothub-contentencoding", "contentEncoding"),
];
/// Begins the headers of the application's own properties.
const APPLICATION: &str = "iothub-app-";

/// The calls of devices.
pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/devices/{device}/messages/events", post(send).fallback(serve))
        .route("/devices/{device}/messages/deviceBound", get(receive).fallback(serve))
        .route("/devices/{device}/messages/devicebound", get(receive).fallback(serve))
}

async fn send(State(service): State<Arc<Service>>, request: Request<Body>) -> Response<Body> {
    let reply = service.send_message(request).await;
    answer(&service, reply)
}

async fn receive(State(service): State<Arc<Service>>, request: Request<Body>) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let reply = match check_version(&parts.uri) {
        Ok(()) => service.admit(&parts.headers, parts.uri.path()).await.map(|_| Reply::Done),
        Err(fault) => Err(fault),
    };
    answer(&service, reply)
}

fn answer(service: &Service, reply: Result<Reply, HubFault>) -> Response<Body> {
    let response = reply.map_or_else(|fault| refused(&fault, service.hub.now()), accepted);
    dress(service, response)
}

impl Service {
    async fn send_message(&self, request: Request<Body>) -> Result<Reply, HubFault> {
        let (parts, body) = request.into_parts();
        check_length(&parts.method, &parts.headers)?;
        check_version(&parts.uri)?;
        let device_id = self.admit(&parts.headers, parts.uri.path()).await?;
        let (properties, system_properties) = properties(&parts.headers);
        let bytes = read_bytes(body).await?;
        let message = DeviceMessage { properties, system_properties, ..DeviceMessage::new(&bytes) };
        self.hub.call(HubEvent::SendMessage { device_id, module_id: None, message }).await
    }

    /// Checks that it is the device in the path, or somebody who may act for all devices; the device.
    async fn admit(&self, headers: &HeaderMap, path: &str) -> Result<String, HubFault> {
        let path = segments(path);
        // The routes have it there.
        let device_id = path.get(1).map(String::as_str).unwrap_or_default();
        let credentials = self.hub.credentials(device_id.to_owned(), None).await?;
        let login = DeviceLogin {
            device_id,
            module_id: None,
            token: headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()),
            certificates: &[],
            path: Some(&path),
            now: self.token_now(),
        };
        match self.guard.admit(&login, credentials.as_ref()) {
            Ok(_) => Ok(device_id.to_owned()),
            Err(refusal) => {
                tracing::info!("401 for device {device_id:?}: {refusal}");
                Err(FaultKind::IotHubUnauthorizedAccess.into())
            }
        }
    }
}

type Pairs = Vec<(String, String)>;

/// The application's properties, and the system's.
fn properties(headers: &HeaderMap) -> (Pairs, Pairs) {
    let (mut application, mut system) = (Pairs::new(), Pairs::new());
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        if let Some(own) = name.as_str().strip_prefix(APPLICATION) {
            application.push((own.to_owned(), value.to_owned()));
        } else if let Some((_, long)) = SYSTEM.iter().find(|(header, _)| *header == name.as_str()) {
            system.push(((*long).to_owned(), value.to_owned()));
        }
    }
    (application, system)
}
