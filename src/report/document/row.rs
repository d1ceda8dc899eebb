//! What happens to one slot, written down.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::effect::EffectPart;

/// What happens to one slot, or to one job that no manifest wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RowPart {
    /// Manifest.
    pub name: String,
    /// Where it stands; null when it is gone.
    pub source: Option<SourcePart>,
    /// Kind of schedule and nominal start.
    pub occurrence: OccurrencePart,
    /// `spec.generation` of the slot.
    pub generation: u8,
    /// The occurrence in words: local time and UTC.
    pub when: String,
    /// What happens.
    #[serde(flatten)]
    pub step: StepPart,
    /// What it does to the fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectPart>,
}

/// Where a manifest stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourcePart {
    /// Path as printed.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
}

/// Kind of schedule and nominal start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum OccurrencePart {
    /// `schedule.at`.
    At {
        /// Nominal start.
        #[schemars(with = "String")]
        start: Timestamp,
    },
    /// `schedule.cron`.
    Cron {
        /// Nominal start.
        #[schemars(with = "String")]
        start: Timestamp,
    },
    /// `schedule.asap`.
    Asap {
        /// Latest start.
        #[schemars(with = "String")]
        not_after: Timestamp,
    },
}

/// What happens to a slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum StepPart {
    /// A job is created in an empty slot.
    Create(CreatePart),
    /// A job is created in place of another.
    Replace(CreatePart),
    /// A job that has not started is cancelled.
    Cancel(CancelPart),
    /// To be done, but not now.
    Deferred(DeferredPart),
    /// Cannot be done; a person has to decide.
    Blocked(BlockedPart),
    /// Nothing to do.
    None(IdlePart),
}

impl StepPart {
    /// Stable code of the reason, and the reason in words.
    #[must_use]
    pub fn reason(&self) -> (&str, &str) {
        match self {
            Self::Create(part) | Self::Replace(part) => (&part.reason, &part.message),
            Self::Cancel(part) => (&part.reason, &part.message),
            Self::Deferred(part) => (&part.reason, &part.message),
            Self::Blocked(part) => (&part.reason, &part.message),
            Self::None(part) => (&part.reason, &part.message),
        }
    }

    /// What happens, in a word.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Replace(_) => "replace",
            Self::Cancel(_) => "cancel",
            Self::Deferred(_) => "deferred",
            Self::Blocked(_) => "blocked",
            Self::None(_) => "unchanged",
        }
    }

    /// Whether something is to be done, now or later, or by a person.
    #[must_use]
    pub const fn is_action(&self) -> bool {
        !matches!(self, Self::None(_))
    }
}

/// A job to create.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatePart {
    /// Stable code of the reason.
    pub reason: String,
    /// The reason in words.
    pub message: String,
    /// Id of the job.
    pub job_id: String,
    /// When it starts; null is at once.
    #[schemars(with = "Option<String>")]
    pub start_time: Option<Timestamp>,
    /// By how many seconds it starts after its nominal start.
    pub lateness_seconds: Option<u64>,
    /// It is not created later than this.
    #[schemars(with = "String")]
    pub deadline: Timestamp,
    /// Jobs that are cancelled, and seen to be, before it is created.
    pub cancels_first: Vec<String>,
    /// What differs from the job that it replaces.
    pub changes: Vec<ChangedField>,
    /// The job as the hub is asked for it.
    pub job: Value,
}

/// A field that differs. A side that is missing has no such field; null is a value: it deletes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedField {
    /// Path in the manifest's `spec`.
    pub path: String,
    /// On the hub. Not to be trusted.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub from: Option<Value>,
    /// In git.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub to: Option<Value>,
}

/// A job to cancel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelPart {
    /// Stable code of the reason.
    pub reason: String,
    /// The reason in words.
    pub message: String,
    /// Id of the job.
    pub job_id: String,
}

/// A job that is created later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeferredPart {
    /// Stable code of the reason.
    pub reason: String,
    /// The reason in words.
    pub message: String,
    /// When it can start, as far as one can tell.
    #[schemars(with = "Option<String>")]
    pub expected_start: Option<Timestamp>,
    /// When an apply must run for it.
    pub apply_between: WindowPart,
    /// Whether it is due already.
    pub is_due: bool,
}

/// A slot that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockedPart {
    /// Stable code of the reason.
    pub reason: String,
    /// The reason in words.
    pub message: String,
    /// The job in the way.
    pub job_id: Option<String>,
    /// What would unblock it now.
    pub help: String,
}

/// A slot with nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdlePart {
    /// Stable code of the reason.
    pub reason: String,
    /// The reason in words.
    pub message: String,
    /// The job in the slot.
    pub job_id: Option<String>,
    /// When an apply must run for it, of one that is not due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply_between: Option<WindowPart>,
    /// How its job ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_status: Option<String>,
}

/// A closed span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WindowPart {
    /// First instant.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// Last instant.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

/// The next runs of a manifest that no row is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpcomingPart {
    /// Manifest.
    pub name: String,
    /// Its runs, soonest first.
    pub starts: Vec<StartPart>,
    /// What such a run would do to the fleet today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectPart>,
}

/// A run to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartPart {
    /// Nominal start.
    #[schemars(with = "String")]
    pub start: Timestamp,
    /// The same on the clock of the manifest's zone.
    pub local: String,
    /// Both in words.
    pub when: String,
    /// What a change of the clocks does to it: `moved`, `first-of-two`, `second-of-two`.
    pub dst: Option<String>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst_message: Option<String>,
    /// When an apply must run for it.
    pub apply_between: WindowPart,
}

/// A value that is there, null included, or is not.
pub(super) mod present {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use serde_json::Value;

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub(in super::super) fn serialize<S: Serializer>(value: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
        Value::deserialize(deserializer).map(Some)
    }
}
