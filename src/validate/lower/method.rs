//! What a direct method job invokes.

use serde_json::Value;

use super::super::raw;
use super::context::{At, Lowering};
use super::duration::Bounds;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::{InvalidMethodName, MethodCall, MethodName, Seconds};

/// Largest payload of a direct method, in bytes of compact JSON ("IoT Hub quotas and throttling").
const PAYLOAD_BYTES_MAX: usize = 128 * 1024;

impl Lowering<'_> {
    /// Lowers `method`.
    pub(super) fn method(&mut self, at: &At<'_>, raw: &raw::Method<'_>) -> Option<MethodCall> {
        let raw::Method { name, payload, response_timeout, connect_timeout } = raw;
        let name = name.and_then(|name| self.method_name(&at.field("name"), name));
        let payload = match payload {
            Some(raw::AnyValue) => self.payload(&at.field("payload")),
            None => Some(Value::Null),
        };
        let (response_at, connect_at) = (at.field("responseTimeout"), at.field("connectTimeout"));
        let response = self.duration(&response_at, *response_timeout, &RESPONSE_TIMEOUT);
        let connect = self.duration(&connect_at, *connect_timeout, &CONNECT_TIMEOUT);
        let (response_timeout, connect_timeout) = (response?, connect?);
        if connect_timeout > response_timeout {
            let other = self.value_span(&response_at);
            let message =
                format!("`connectTimeout` {connect_timeout} is longer than `responseTimeout` {response_timeout}");
            let stated = self.find(&response_at).is_some();
            self.report(&connect_at, |span| {
                let finding = Diagnostic::error(Code::TimeoutConflict, span, message).label("longer");
                let finding = if stated { finding.also(other, "shorter") } else { finding };
                finding.help(format!("write `responseTimeout: {connect_timeout}`, or a shorter `connectTimeout`"))
            });
            return None;
        }
        Some(MethodCall { name: name?, payload: payload?, response_timeout, connect_timeout })
    }

    fn method_name(&mut self, at: &At<'_>, text: &str) -> Option<MethodName> {
        match MethodName::new(text) {
            Ok(name) => Some(name),
            Err(why) => {
                self.report(at, |span| invalid_method_name(span, &why));
                None
            }
        }
    }

    fn payload(&mut self, at: &At<'_>) -> Option<Value> {
        let node = self.find(at)?;
        self.warn_ambiguous(node);
        // Escapes make JSON at most six times as long as the text, so small texts need no measuring.
        let span = self.document().raw_span(node);
        let is_as_written = self.document().alias_span(node).is_none() && !self.document().is_altered();
        if span.bytes().len() > PAYLOAD_BYTES_MAX / 6 || !is_as_written {
            let size = serde_json::to_string(node.value).map_or(0, |json| json.len());
            if size > PAYLOAD_BYTES_MAX {
                self.report_key(at, |span| {
                    let message = format!("the payload has {size} bytes, at most {PAYLOAD_BYTES_MAX} are allowed");
                    Diagnostic::error(Code::PayloadTooLarge, span, message)
                        .label("too large")
                        .help("send a URL or a version, and let the device fetch the rest")
                });
                return None;
            }
        }
        Some(node.value.clone())
    }
}

pub(super) fn invalid_method_name(span: Span, why: &InvalidMethodName) -> Diagnostic {
    Diagnostic::error(Code::InvalidMethodName, span, why.to_string())
        .label("not a method name")
        .help("write the name as the device's firmware registers it, such as `lockDoor`")
}

const RESPONSE_TIMEOUT: Bounds = Bounds { min: Seconds::new(5), max: Seconds::new(300), default: Seconds::new(30) };

const CONNECT_TIMEOUT: Bounds = Bounds { min: Seconds::ZERO, max: Seconds::new(300), default: Seconds::ZERO };
