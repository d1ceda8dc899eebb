//! Direct methods (reference 1.8).

use std::time::Duration;

use serde_json::Value;

use super::behaviour::Response;
use super::body::{Body, invalid, missing};
use super::chance::Draw;
use super::devices::Slot;
use super::fault::{FaultKind, HubFault};
use super::hub::HubState;
use super::moment::{MILLISECOND, SECOND};
use super::reply::Reply;
use super::rules::{METHOD_PAYLOAD_BYTES_MAX, RESPONSE_TIMEOUT_DEFAULT, RESPONSE_TIMEOUT_MAX, RESPONSE_TIMEOUT_MIN};

/// A method call as a request asks for it, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MethodRequest {
    pub(super) name: Box<str>,
    /// Nothing when the request has none.
    pub(super) payload: Option<Value>,
    /// In seconds.
    pub(super) response_timeout: u64,
    /// In seconds.
    pub(super) connect_timeout: u64,
}

/// How a call to a connected device ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum MethodOutcome<'a> {
    /// The device answers after so many milliseconds.
    Answered { status: i32, payload: &'a Value, latency_ms: u32 },
    /// The response timeout passes.
    TimedOut,
}

impl MethodRequest {
    /// Reads and checks a request, or the method of a job.
    pub(super) fn read(body: Body<'_>) -> Result<Self, HubFault> {
        let name = body.text("methodName")?.ok_or_else(|| missing("methodName"))?;
        if name.is_empty() {
            return Err(invalid("methodName must not be empty."));
        }
        let payload = body.raw("payload").cloned();
        let size = payload.as_ref().map_or(0, |payload| payload.to_string().len());
        if size > METHOD_PAYLOAD_BYTES_MAX {
            let text = format!("The payload has {size} bytes, the limit is {METHOD_PAYLOAD_BYTES_MAX} bytes.");
            return Err(HubFault::new(FaultKind::MessageTooLarge, text));
        }
        let (response_timeout, connect_timeout) = read_timeouts(body)?;
        Ok(Self { name: name.into(), payload, response_timeout, connect_timeout })
    }

    /// The response timeout in ticks of 100 ns.
    pub(super) const fn response_ticks(&self) -> i64 {
        self.response_timeout.cast_signed().saturating_mul(SECOND)
    }
}

fn read_timeouts(body: Body<'_>) -> Result<(u64, u64), HubFault> {
    let seconds = |name: &str, default, least| {
        let value = body.integer(name)?.map_or(Some(default), |value| u64::try_from(value).ok());
        value
            .filter(|value| (least..=RESPONSE_TIMEOUT_MAX).contains(value))
            .ok_or_else(|| invalid(format!("{name} must be within [{least}; {RESPONSE_TIMEOUT_MAX}].")))
    };
    let response = seconds("responseTimeoutInSeconds", RESPONSE_TIMEOUT_DEFAULT, RESPONSE_TIMEOUT_MIN)?;
    let connect = seconds("connectTimeoutInSeconds", 0, 0)?;
    if connect > response {
        return Err(invalid("connectTimeoutInSeconds must not be greater than responseTimeoutInSeconds."));
    }
    Ok((response, connect))
}

/// How long a request for a direct method is willing to wait for the device; no time when it is not a
/// possible request.
#[must_use]
pub fn connect_timeout(request: &Value) -> Duration {
    let read = Body::of(request).and_then(MethodRequest::read);
    Duration::from_secs(read.map_or(0, |request| request.connect_timeout))
}

impl HubState {
    /// `POST /twins/{id}/methods`, or of a module. A simulated device answers at once; how long it would take is
    /// part of the reply.
    pub(super) fn invoke_method(
        &mut self,
        device_id: &str,
        module_id: Option<&str>,
        request: &Value,
    ) -> Result<Reply, HubFault> {
        self.try_invoke(device_id, module_id, request).map_err(HubFault::of_method)
    }

    fn try_invoke(&mut self, device_id: &str, module_id: Option<&str>, request: &Value) -> Result<Reply, HubFault> {
        let request = MethodRequest::read(Body::of(request)?)?;
        let slot = self.slot_of(device_id, module_id)?;
        if !self.takes_methods(slot) {
            return Err(FaultKind::DeviceNotOnline.into());
        }
        if self.is_live(slot) {
            return self.call_directly(slot, &request);
        }
        let draw = self.devices.device(slot).draw(self.options.seed).number(self.now.ticks().cast_unsigned());
        let (status, reply) = match self.call(slot, &request, draw) {
            MethodOutcome::TimedOut => return Err(FaultKind::GatewayTimeout.into()),
            MethodOutcome::Answered { status, payload, latency_ms } => {
                (status, Reply::Method { status, payload: payload.clone(), latency_ms })
            }
        };
        self.answered(slot, &request.name, status);
        Ok(reply)
    }

    /// How a call to a connected device ends.
    pub(super) fn call(&self, slot: Slot, request: &MethodRequest, draw: Draw) -> MethodOutcome<'_> {
        let behaviour = self.devices.get(slot).and_then(|device| device.behaviour(&self.behaviours));
        // A device that was connected by hand has no program that could answer.
        let response = behaviour
            .map_or(Response::Silence, |behaviour| behaviour.respond(&request.name, draw.about(&request.name)));
        match response {
            Response::Answer { status, payload, latency_ms }
                if i64::from(latency_ms) * MILLISECOND <= request.response_ticks() =>
            {
                MethodOutcome::Answered { status, payload, latency_ms }
            }
            _ => MethodOutcome::TimedOut,
        }
    }

    /// What follows from an answer: the device was active, and may report something.
    pub(super) fn answered(&mut self, slot: Slot, method: &str, status: i32) {
        let Some(device) = self.devices.get(slot) else { return };
        let patch = device.behaviour(&self.behaviours).and_then(|behaviour| behaviour.reports_after(method, status));
        let Some(patch) = patch.cloned() else {
            if let Some(device) = self.devices.get_mut(slot) {
                device.connection.last_activity = Some(self.now);
            }
            return;
        };
        // Firmware that would report too much does not get through; the hub is as before.
        let _ = self.report(slot, &patch);
    }
}
