//! Replies of the hub on the wire.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::envelope::{ERROR_CODE, json_response};
use super::request::CONTINUATION;
use crate::emulator::state::Reply;

const ITEM_TYPE: HeaderName = HeaderName::from_static("x-ms-item-type");

/// The response that says what the hub did.
pub(super) fn accepted(reply: Reply) -> Response<Body> {
    match reply {
        Reply::Done | Reply::Reported { .. } | Reply::Calling { .. } | Reply::SessionOpened { .. } => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Reply::Document { body, etag } => {
            let mut response = json_response(StatusCode::OK, &body);
            let etag = etag.and_then(|etag| HeaderValue::try_from(format!("\"{etag}\"")).ok());
            if let Some(etag) = etag {
                response.headers_mut().insert(header::ETAG, etag);
            }
            response
        }
        Reply::Page { item_type, items, next } => {
            let mut response = json_response(StatusCode::OK, &Value::Array(items));
            response.headers_mut().insert(ITEM_TYPE, HeaderValue::from_static(item_type.as_str()));
            if let Some(next) = next.and_then(|next| HeaderValue::try_from(next).ok()) {
                response.headers_mut().insert(CONTINUATION, next);
            }
            response
        }
        Reply::Method { status, payload, .. } => {
            json_response(StatusCode::OK, &json!({"status": status, "payload": payload}))
        }
        Reply::BulkRefused { body } => {
            let mut response = json_response(StatusCode::BAD_REQUEST, &body);
            response.headers_mut().insert(ERROR_CODE, HeaderValue::from_static("BulkRegistryOperationFailure"));
            response
        }
    }
}
