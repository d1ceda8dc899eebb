//! What a job did on one device: the records of the collection `devices.jobs`.

use jiff::Timestamp;
use serde_json::Value;

use super::members::Members;
use crate::model::JobId;

/// The record of one device in one job. Records come from an index that lags behind the job by
/// seconds, at times by minutes.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceResult {
    /// Which device, as the hub writes it.
    pub device_id: String,
    /// Which of its modules, for jobs over modules.
    pub module_id: Option<String>,
    /// Which job.
    pub job_id: JobId,
    /// How far it came. A device that answered a method is `completed` whatever it answered.
    pub status: DeviceJobStatus,
    /// The device's answer, in jobs that invoke a method.
    pub answer: Option<MethodAnswer>,
    /// Why it failed.
    pub error: Option<DeviceError>,
    /// When the record last changed; for an ended one, when the device was done.
    pub last_updated: Option<Timestamp>,
}

/// State of a device within a job, with the words of the wire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceJobStatus {
    /// Not yet looked at.
    Pending,
    /// Waits for its turn.
    Scheduled,
    /// Being worked on.
    Running,
    /// Did what was asked, or answered the method with any status.
    Completed,
    /// Did not.
    Failed,
    /// Its job was cancelled. One `l`, unlike the status of a job.
    Canceled,
    /// A word that this version does not know.
    Other(String),
}

impl DeviceJobStatus {
    const NAMED: [(Self, &'static str); 6] = [
        (Self::Pending, "pending"),
        (Self::Scheduled, "scheduled"),
        (Self::Running, "running"),
        (Self::Completed, "completed"),
        (Self::Failed, "failed"),
        (Self::Canceled, "canceled"),
    ];

    /// Reads the word of the wire, in any case and with one or two `l`.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        let lower = word.to_ascii_lowercase().replace("cancelled", "canceled");
        let named = Self::NAMED.into_iter().find(|(_, name)| *name == lower);
        named.map_or_else(|| Self::Other(word.to_owned()), |(status, _)| status)
    }

    /// The word of the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(word) => word,
            named => Self::NAMED.iter().find(|(status, _)| status == named).map_or("", |(_, name)| name),
        }
    }

    /// Nothing more will happen to this device in this job.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled)
    }
}

/// What a device answered to a method.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodAnswer {
    /// Whatever number the device chose; by custom 200 is good.
    pub status: i32,
    /// Any JSON value; null when there was none.
    pub payload: Value,
}

/// Why a device failed, in the hub's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceError {
    /// Symbolic name, such as `JobRunPreconditionFailed`; empty when the hub gave none.
    pub code: String,
    /// The hub's text. Not to be trusted.
    pub description: String,
}

/// Kind of failure of a device: what decides whether to try again, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureClass {
    /// It was not connected when the hub called it (`DeviceNotOnline`).
    Offline,
    /// The job ended before its turn came (`JobRunPreconditionFailed`). In a method job this is how
    /// a device that was offline all the time shows; in a job too large for its max execution time
    /// it may also be one that was never reached.
    NotStarted,
    /// It was called and did not answer in time (`GatewayTimeout`, `GenericTimeout`).
    Timeout,
    /// It answered the method with a status that does not count as success.
    MethodStatus(i32),
    /// The hub or the device's own limits held the call back for too long.
    Throttled,
    /// The device does not exist, or cannot take this patch or call; trying again is pointless.
    Invalid,
    /// A reason that this version does not know.
    Unknown,
}

impl DeviceResult {
    /// Reads a row of `SELECT * FROM devices.jobs`; nothing when it does not name a device and a
    /// job. Everything else may be missing.
    #[must_use]
    pub fn from_row(row: &Value) -> Option<Self> {
        let row = Members::of(row)?;
        Some(Self {
            device_id: row.text("deviceId")?.to_owned(),
            module_id: row.text("moduleId").filter(|id| !id.is_empty()).map(str::to_owned),
            job_id: JobId::new(row.text("jobId")?),
            status: DeviceJobStatus::parse(row.text("status").unwrap_or("unknown")),
            answer: row.object("outcome").and_then(|outcome| answer(outcome.object("deviceMethodResponse")?)),
            error: row.object("error").and_then(error),
            last_updated: row.time("lastUpdatedDateTimeUtc"),
        })
    }

    /// Why this device counts as failed; nothing when it succeeded, is not done, or was cancelled.
    /// `accepted` says which answers to a method count as success: to the hub, all do.
    #[must_use]
    pub fn failure(&self, accepted: impl FnOnce(i32) -> bool) -> Option<FailureClass> {
        match (&self.status, &self.answer) {
            (DeviceJobStatus::Failed, _) => Some(self.error.as_ref().map_or(FailureClass::Unknown, DeviceError::class)),
            (DeviceJobStatus::Completed, Some(answer)) if !accepted(answer.status) => {
                Some(FailureClass::MethodStatus(answer.status))
            }
            _ => None,
        }
    }
}

impl DeviceError {
    /// The kind of failure that the code stands for.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self.code.as_str() {
            "DeviceNotOnline" | "404103" => FailureClass::Offline,
            "JobRunPreconditionFailed" | "412003" => FailureClass::NotStarted,
            "GatewayTimeout" | "504101" | "GenericTimeout" | "500008" => FailureClass::Timeout,
            "DeviceMaximumInflightMethodExceeded" | "403800" => FailureClass::Throttled,
            code if code.contains("Throttl") || code.starts_with("429") => FailureClass::Throttled,
            "ArgumentInvalid"
            | "400004"
            | "PreconditionFailed"
            | "412001"
            | "DeviceNotFound"
            | "404001"
            | "ModuleNotFound"
            | "404010"
            | "DeviceJobAlreadyExists"
            | "409103" => FailureClass::Invalid,
            _ => FailureClass::Unknown,
        }
    }
}

fn answer(response: Members<'_>) -> Option<MethodAnswer> {
    let status = i32::try_from(response.get("status")?.as_i64()?).ok()?;
    Some(MethodAnswer { status, payload: response.get("payload").cloned().unwrap_or(Value::Null) })
}

fn error(error: Members<'_>) -> Option<DeviceError> {
    let code = match error.get("code") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let description = error.text("description").unwrap_or_default().to_owned();
    (!code.is_empty() || !description.is_empty()).then_some(DeviceError { code, description })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(row: Value) -> DeviceResult {
        DeviceResult::from_row(&row).expect("names a device and a job")
    }

    #[test]
    fn an_answer_is_judged_by_the_caller() {
        let row = read(json!({
            "deviceId": "thermo-01", "jobId": "reboot", "status": "completed",
            "lastUpdatedDateTimeUtc": "2026-09-01T22:00:02.198687",
            "outcome": {"deviceMethodResponse": {"status": 404, "payload": {"rebooting": true}}},
        }));
        assert_eq!(row.answer, Some(MethodAnswer { status: 404, payload: json!({"rebooting": true}) }));
        assert_eq!(row.last_updated.map(|time| time.to_string()).as_deref(), Some("2026-09-01T22:00:02.198687Z"));
        assert_eq!(row.failure(|_| true), None);
        assert_eq!(row.failure(|status| status == 200), Some(FailureClass::MethodStatus(404)));
    }

    #[test]
    fn a_failure_has_a_class() {
        for (code, class) in [
            (json!("DeviceNotOnline"), FailureClass::Offline),
            (json!(404_103), FailureClass::Offline),
            (json!("JobRunPreconditionFailed"), FailureClass::NotStarted),
            (json!("GatewayTimeout"), FailureClass::Timeout),
            (json!("ThrottlingBacklogTimeout"), FailureClass::Throttled),
            (json!("DeviceThrottlingLimitExceeded"), FailureClass::Throttled),
            (json!("PreconditionFailed"), FailureClass::Invalid),
            (json!("Surprise"), FailureClass::Unknown),
            (Value::Null, FailureClass::Unknown),
        ] {
            let error = json!({"code": code, "description": "text"});
            let row = read(json!({"deviceId": "d", "jobId": "j", "status": "failed", "outcome": {}, "error": error}));
            assert_eq!(row.failure(|_| true), Some(class), "{code}");
        }
    }

    #[test]
    fn little_is_needed_and_nothing_unknown_breaks_it() {
        let row = read(
            json!({"DeviceId": "d", "JobId": "j", "Status": "Cancelled", "outcome": {"deviceMethodResponse": null}}),
        );
        assert_eq!((&row.status, &row.answer, row.failure(|_| false)), (&DeviceJobStatus::Canceled, &None, None));
        assert_eq!(read(json!({"deviceId": "d", "jobId": "j"})).status.as_str(), "unknown");
        assert_eq!(DeviceResult::from_row(&json!({"deviceId": "d"})), None);
        assert_eq!(DeviceResult::from_row(&json!([])), None);
    }
}
