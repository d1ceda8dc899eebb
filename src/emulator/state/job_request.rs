//! What a job is asked to do: the body of its PUT (reference 2.1 to 2.5).

use serde_json::{Map, Value, json};

use super::body::{Body, invalid, missing};
use super::fault::{FaultKind, HubFault};
use super::methods::MethodRequest;
use super::moment::Moment;
use super::rules::{
    EXECUTION_SECONDS_DEFAULT, EXECUTION_SECONDS_MAX, JOB_ID_LENGTH_MAX, QUERY_LENGTH_MAX, START_AHEAD_HOURS_MAX,
};
use super::twin::TwinBody;
use crate::model::JobKind;
use crate::query::CONDITION_PREFIX;

/// What a job is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JobRequest {
    pub(super) action: JobAction,
    pub(super) condition: String,
    /// Nothing means at once.
    pub(super) start: Option<Moment>,
    /// In seconds.
    pub(super) max_execution: u64,
}

/// What is done to each device.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JobAction {
    Method(MethodRequest),
    Twin(TwinUpdate),
}

/// A twin update as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TwinUpdate {
    etag: Option<String>,
    tags: Option<Map<String, Value>>,
    desired: Option<Map<String, Value>>,
}

impl TwinUpdate {
    /// The etag that a twin must have, if any.
    pub(super) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// The parts to write.
    pub(super) const fn body(&self) -> TwinBody<'_> {
        TwinBody { tags: self.tags.as_ref(), desired: self.desired.as_ref() }
    }

    /// As the hub shows it.
    pub(super) fn to_json(&self) -> Value {
        let mut json = json!({"deviceId": null, "etag": self.etag});
        if let Some(tags) = &self.tags {
            json["tags"] = tags.clone().into();
        }
        if let Some(desired) = &self.desired {
            json["properties"] = json!({"desired": desired});
        }
        json
    }
}

impl JobAction {
    /// The kind of job that does it.
    pub(super) const fn kind(&self) -> JobKind {
        match self {
            Self::Method(_) => JobKind::DeviceMethod,
            Self::Twin(_) => JobKind::TwinUpdate,
        }
    }
}

impl JobRequest {
    /// Reads and checks a request.
    pub(super) fn read(request: &Value) -> Result<Self, HubFault> {
        let body = Body::of(request)?;
        let action = read_action(body)?;
        let condition = body.text("queryCondition")?.filter(|text| !text.trim().is_empty());
        let condition = condition.ok_or_else(|| missing("queryCondition"))?;
        if condition.chars().count() + CONDITION_PREFIX.len() > QUERY_LENGTH_MAX {
            // Misleading, and observed (azure-iot-sdk-csharp#1680).
            return Err(FaultKind::PreconditionFailed.into());
        }
        let start = body.get("startTime").map(read_start).transpose()?;
        let seconds = body.get("maxExecutionTimeInSeconds").map(read_seconds).transpose()?;
        Ok(Self {
            action,
            condition: condition.to_owned(),
            start,
            max_execution: seconds.unwrap_or(EXECUTION_SECONDS_DEFAULT),
        })
    }

    /// Checks that the start is not too far ahead.
    pub(super) fn check_start(&self, now: Moment) -> Result<(), HubFault> {
        let latest = now.plus_seconds(START_AHEAD_HOURS_MAX * 3_600);
        if self.start.is_some_and(|start| start > latest) {
            return Err(invalid(format!("startTime is too far ahead. Must be within {START_AHEAD_HOURS_MAX} hours.")));
        }
        Ok(())
    }

    /// The request in a form that reads back as itself.
    pub(super) fn to_json(&self) -> Value {
        let mut json = self.shown(|payload| payload.cloned());
        json["type"] = self.action.kind().wire_name().into();
        json["maxExecutionTimeInSeconds"] = self.max_execution.into();
        json["queryCondition"] = self.condition.clone().into();
        if let Some(start) = self.start {
            json["startTime"] = start.to_string().into();
        }
        json
    }

    /// The action as `GET` shows it: the payload of a method is an array of bytes (observed).
    pub(super) fn action_shown(&self) -> Value {
        self.shown(|payload| {
            let text = payload?.to_string();
            Some(text.into_bytes().into())
        })
    }

    fn shown(&self, payload: impl Fn(Option<&Value>) -> Option<Value>) -> Value {
        let call = match &self.action {
            JobAction::Twin(update) => return json!({"updateTwin": update.to_json()}),
            JobAction::Method(call) => call,
        };
        let mut json = json!({"methodName": &*call.name});
        if let Some(payload) = payload(call.payload.as_ref()) {
            json["payload"] = payload;
        }
        json["responseTimeoutInSeconds"] = call.response_timeout.into();
        json["connectTimeoutInSeconds"] = call.connect_timeout.into();
        json!({"cloudToDeviceMethod": json})
    }
}

/// Checks the id in the path, and that the body names no other.
pub(super) fn check_id(id: &str, request: &Value) -> Result<(), HubFault> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '\'');
    if id.is_empty() || id.len() > JOB_ID_LENGTH_MAX || !id.chars().all(allowed) {
        return Err(invalid(format!(
            "The job identifier must have 1 to {JOB_ID_LENGTH_MAX} letters, digits and hyphens."
        )));
    }
    match Body::of(request)?.text("jobId")? {
        Some(other) if other != id => Err(invalid("jobId in the body differs from the one in the path.")),
        _ => Ok(()),
    }
}

fn read_action(body: Body<'_>) -> Result<JobAction, HubFault> {
    let word = body.text("type")?;
    match word.map(str::to_ascii_lowercase).as_deref() {
        Some("scheduledevicemethod") => {
            let method = body.inner("cloudToDeviceMethod")?.ok_or_else(|| missing("cloudToDeviceMethod"))?;
            Ok(JobAction::Method(MethodRequest::read(method)?))
        }
        Some("scheduleupdatetwin") => {
            let update = body.inner("updateTwin")?.ok_or_else(|| missing("updateTwin"))?;
            let etag = update.text("etag")?.map(str::to_owned);
            let TwinBody { tags, desired } = TwinBody::read(update)?;
            Ok(JobAction::Twin(TwinUpdate { etag, tags: tags.cloned(), desired: desired.cloned() }))
        }
        Some(_) => {
            let word = word.unwrap_or_default();
            Err(HubFault::new(FaultKind::GenericBadRequest, format!("There is no job type {word}.")))
        }
        None => Err(HubFault::new(FaultKind::GenericBadRequest, "type is required.")),
    }
}

fn read_start(value: &Value) -> Result<Moment, HubFault> {
    value.as_str().and_then(Moment::parse).ok_or_else(|| invalid("startTime is not a date and time of ISO 8601."))
}

fn read_seconds(value: &Value) -> Result<u64, HubFault> {
    value.as_u64().filter(|seconds| (1..=EXECUTION_SECONDS_MAX).contains(seconds)).ok_or_else(|| {
        invalid(format!("maxExecutionTimeInSeconds must be an integer within [1; {EXECUTION_SECONDS_MAX}]."))
    })
}
