//! What a job does to a device, and the job as the hub is asked for it.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::canonical::{canonical_json, sha256_base32, sha256_hex};
use super::duration::Seconds;
use super::job_id::OwnJobId;
use super::target::TargetCondition;

/// The two kinds of jobs that IoT Hub runs over devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Invoke a direct method; `scheduleDeviceMethod` on the wire.
    DeviceMethod,
    /// Update tags and desired properties; `scheduleUpdateTwin` on the wire.
    TwinUpdate,
}

impl JobKind {
    /// The name on the wire.
    #[must_use]
    pub const fn wire_name(self) -> &'static str {
        match self {
            Self::DeviceMethod => "scheduleDeviceMethod",
            Self::TwinUpdate => "scheduleUpdateTwin",
        }
    }
}

/// Name of a direct method: 1 to 64 characters `A-Z a-z 0-9 _ . - *`
/// (`component*command` is the form of Plug and Play).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodName(String);

/// Why a text is not a method name. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMethodName {
    /// No character at all.
    #[error("the method name is empty")]
    Empty,
    /// More than 64 characters.
    #[error("the method name has {0} characters, at most 64 are allowed")]
    TooLong(usize),
    /// Another character.
    #[error("the method name holds `{0}`; only A-Z, a-z, 0-9, `_`, `.`, `-` and `*` are allowed")]
    Character(char),
}

impl MethodName {
    /// Longest name, in characters.
    pub const LEN_MAX: usize = 64;

    /// # Errors
    /// When the text is empty, too long or holds another character.
    pub fn new(text: &str) -> Result<Self, InvalidMethodName> {
        if let Some(bad) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || "_.-*".contains(*c))) {
            return Err(InvalidMethodName::Character(bad));
        }
        match text.len() {
            0 => Err(InvalidMethodName::Empty),
            len if len > Self::LEN_MAX => Err(InvalidMethodName::TooLong(len)),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MethodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A direct method call as every targeted device gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodCall {
    /// Method.
    pub name: MethodName,
    /// Any JSON value; null and absent are the same to a device.
    pub payload: Value,
    /// How long a connected device may take to answer, 5 to 300 s.
    pub response_timeout: Seconds,
    /// How long to wait for a device to connect, 0 to 300 s, at most the response timeout.
    pub connect_timeout: Seconds,
}

/// A twin update: JSON merge patches, in which null deletes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TwinPatch {
    /// Patch of the tags; empty changes nothing.
    pub tags: Map<String, Value>,
    /// Patch of the desired properties; empty changes nothing.
    pub desired: Map<String, Value>,
}

/// What is done to each device.
#[derive(Debug, Clone, PartialEq)]
pub enum JobAction {
    /// Invoke a direct method.
    Method(MethodCall),
    /// Update tags and desired properties.
    Twin(TwinPatch),
}

impl JobAction {
    /// The kind of job that does it.
    #[must_use]
    pub const fn kind(&self) -> JobKind {
        match self {
            Self::Method(_) => JobKind::DeviceMethod,
            Self::Twin(_) => JobKind::TwinUpdate,
        }
    }
}

/// The device-visible part of a job: all that its revision covers. Start time, labels and success
/// criteria are not in it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobBody {
    /// Which devices.
    pub condition: TargetCondition,
    /// What is done to them.
    pub action: JobAction,
    /// The job ends this long after its start, whatever is still open.
    pub max_execution: Seconds,
}

impl JobBody {
    /// The body as a JSON value, the form that is hashed and compared.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "type": self.action.kind().wire_name(),
            "queryCondition": self.condition.as_str(),
            "maxExecutionTimeInSeconds": self.max_execution.get(),
        });
        match &self.action {
            JobAction::Method(call) => {
                value["cloudToDeviceMethod"] = json!({
                    "methodName": call.name.as_str(),
                    "payload": call.payload,
                    "responseTimeoutInSeconds": call.response_timeout.get(),
                    "connectTimeoutInSeconds": call.connect_timeout.get(),
                });
            }
            JobAction::Twin(patch) => {
                value["updateTwin"] = json!({"tags": patch.tags, "desired": patch.desired});
            }
        }
        value
    }

    /// 40 bits of SHA-256 over the RFC 8785 form of [`Self::to_value`].
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::of(&canonical_json(&self.to_value()))
    }

    /// The revision, and all of the SHA-256 that it begins, in hexadecimal.
    #[must_use]
    pub fn revision_and_digest(&self) -> (Revision, String) {
        let canonical = canonical_json(&self.to_value());
        (Revision::of(&canonical), sha256_hex(canonical.as_bytes()))
    }
}

/// Which content a job has: 8 characters of base32.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(String);

impl Revision {
    /// Characters of a revision.
    pub const LEN: usize = 8;

    fn of(canonical: &str) -> Self {
        Self(sha256_base32(canonical.as_bytes(), Self::LEN))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == Self::LEN && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The characters as they stand in job ids.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A job that the hub is to be asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Chosen by the planner, never by the hub.
    pub id: OwnJobId,
    /// What it does.
    pub body: JobBody,
    /// When it starts; nothing means at once.
    pub start: Option<Timestamp>,
}
