//! Refusals on the wire: status, `iothub-errorcode`, and one of the hub's body envelopes.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::emulator::state::{Envelope, FaultKind, HubFault};

/// `iothub-errorcode`, by which clients tell refusals apart.
pub(super) const ERROR_CODE: HeaderName = HeaderName::from_static("iothub-errorcode");
/// Content type of every JSON body.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The reply to a refused request. `now` is the hub's time.
pub(super) fn refused(fault: &HubFault, now: Timestamp) -> Response<Body> {
    if fault.kind == FaultKind::LengthRequired {
        return length_required();
    }
    let mut response = json_response(status(fault.kind), &envelope(fault, now));
    response.headers_mut().insert(ERROR_CODE, HeaderValue::from_static(fault.kind.name()));
    if fault.kind.status() == StatusCode::TOO_MANY_REQUESTS.as_u16() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The reply to a method that a path does not have; it comes from in front of the hub.
pub(super) fn method_not_allowed(method: &str) -> Response<Body> {
    let text = format!("The requested resource does not support http method '{method}'.");
    let mut response = json_response(StatusCode::METHOD_NOT_ALLOWED, &json!({"Message": text}));
    response.headers_mut().insert(ERROR_CODE, HeaderValue::from_static("GenericMethodNotAllowed"));
    response
}

/// The reply of a gateway that cannot reach what is behind it.
pub(super) fn bad_gateway() -> Response<Body> {
    let page = "<html><head><title>502 Bad Gateway</title></head>\
                <body><center><h1>502 Bad Gateway</h1></center></body></html>\r\n";
    html(StatusCode::BAD_GATEWAY, page)
}

/// A JSON reply.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

fn status(kind: FaultKind) -> StatusCode {
    StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The web server in front of the hub answers in HTML.
fn length_required() -> Response<Body> {
    let page = "<!DOCTYPE HTML><HTML><HEAD><TITLE>Length Required</TITLE></HEAD>\
                <BODY><h2>Length Required</h2><hr><p>HTTP Error 411. The request must be chunked or have a \
                content length.</p></BODY></HTML>\r\n";
    html(StatusCode::LENGTH_REQUIRED, page)
}

fn html(status: StatusCode, page: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=us-ascii"));
    response
}

fn envelope(fault: &HubFault, now: Timestamp) -> Value {
    let HubFault { kind, text, envelope } = fault;
    match envelope {
        Envelope::Plain => plain(kind.name(), text, now),
        Envelope::Numbered => numbered(*kind, text, now),
        Envelope::NumberedInMessage => {
            json!({"Message": numbered(*kind, text, now).to_string(), "ExceptionMessage": ""})
        }
        Envelope::PlainInMessage => {
            let inner = plain(kind.name(), text, now).to_string();
            plain(kind.name(), &format!("Error: {} {inner}", kind.status()), now)
        }
    }
}

fn plain(name: &str, text: &str, now: Timestamp) -> Value {
    let time = now.strftime("%m/%d/%Y %H:%M:%S");
    json!({
        "Message": format!("ErrorCode:{name};{text}"),
        "ExceptionMessage": format!("Tracking ID:{}-G:0-TimeStamp:{time}", tracking_id()),
    })
}

/// The body of a refusal as devices get it.
pub(in crate::emulator) fn numbered_body(fault: &HubFault, now: Timestamp) -> String {
    numbered(fault.kind, &fault.text, now).to_string()
}

fn numbered(kind: FaultKind, text: &str, now: Timestamp) -> Value {
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!({
        "errorCode": kind.number(),
        "message": text,
        "trackingId": format!("{}-G2:-TimeStamp:{time}", tracking_id()),
        "timestampUtc": time,
        "info": null,
    })
}

/// 32 hexadecimal digits.
fn tracking_id() -> String {
    HEXLOWER.encode(uuid::Uuid::new_v4().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(fault: &HubFault) -> Value {
        envelope(fault, "2026-09-01T22:00:01.5Z".parse().unwrap())
    }

    fn text<'a>(body: &'a Value, member: &str) -> &'a str {
        body[member].as_str().unwrap()
    }

    #[test]
    fn plain_is_what_node_splits() {
        let body = body(&FaultKind::JobAlreadyExists.into());
        assert_eq!(text(&body, "Message"), "ErrorCode:JobAlreadyExists;A job with this identifier already exists.");
        let exception = text(&body, "ExceptionMessage");
        assert!(exception.starts_with("Tracking ID:") && exception.ends_with("-G:0-TimeStamp:09/01/2026 22:00:01"));
    }

    #[test]
    fn methods_nest_the_numbered_form() {
        let body = body(&FaultKind::DeviceNotOnline.into());
        assert_eq!(text(&body, "ExceptionMessage"), "");
        let inner: Value = serde_json::from_str(text(&body, "Message")).unwrap();
        assert_eq!(inner["errorCode"], 404_103);
        assert_eq!(inner["timestampUtc"], "2026-09-01T22:00:01Z");
        assert_eq!(inner["info"], Value::Null);
    }

    #[test]
    fn lanes_nest_the_plain_form() {
        let body = body(&FaultKind::ThrottlingMaxActiveJobCountExceeded.into());
        let message = text(&body, "Message");
        let start = "ErrorCode:ThrottlingMaxActiveJobCountExceeded;Error: 429 ";
        let inner: Value = serde_json::from_str(message.strip_prefix(start).unwrap()).unwrap();
        assert_eq!(inner["Message"], "ErrorCode:ThrottlingMaxActiveJobCountExceeded;429");
    }

    #[test]
    fn status_code_and_header_come_from_the_kind() {
        for &kind in FaultKind::ALL {
            let response = refused(&kind.into(), Timestamp::UNIX_EPOCH);
            assert_eq!(response.status().as_u16(), kind.status());
            if kind != FaultKind::LengthRequired {
                assert_eq!(response.headers()[&ERROR_CODE], kind.name());
            }
            assert!(!response.headers().contains_key(header::RETRY_AFTER));
        }
    }
}
