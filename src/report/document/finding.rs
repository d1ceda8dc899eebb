//! Rules that a plan breaks or touches, written down.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::row::SourcePart;

/// A rule that a plan breaks or touches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingPart {
    /// Stable code.
    pub code: String,
    /// `deny` stops the plan, `warn` does not.
    pub level: String,
    /// What was found.
    pub message: String,
    /// What would let the plan pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where the manifest, the limit or the policy stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePart>,
    /// Index of the row that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// The acknowledgement that lets it pass all the same, as it was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<String>,
}

impl FindingPart {
    /// Whether it stops the plan.
    #[must_use]
    pub fn denies(&self) -> bool {
        self.level == "deny" && self.acknowledged.is_none()
    }
}

/// Two writers of one path of one device at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConflictPart {
    /// Path in the twin.
    pub path: String,
    /// Index of the row that writes it.
    pub row: usize,
    /// Who else does.
    pub other: WriterPart,
    /// Devices that both reach, when they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<u64>,
    /// Whether both write the same.
    pub redundant: bool,
    /// Whether both certainly reach the same devices: they were counted, or the conditions say so.
    #[serde(default)]
    pub certain: bool,
    /// How many further paths both write.
    #[serde(default)]
    pub further_paths: usize,
    /// What the row writes; null deletes.
    #[serde(default)]
    pub value: Value,
    /// What the other writes. Not to be trusted.
    #[serde(default)]
    pub other_value: Value,
    /// When both may be at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<Timestamp>,
    /// The end of that; missing when nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
}

/// Somebody who writes twins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum WriterPart {
    /// Another row of the plan.
    Row {
        /// Its index.
        row: usize,
    },
    /// An occurrence to come.
    Occurrence {
        /// Its manifest.
        name: String,
    },
    /// A job of others. Not to be trusted.
    ForeignJob {
        /// Its id.
        id: String,
    },
    /// An automatic configuration. Not to be trusted.
    Configuration {
        /// Its id.
        id: String,
    },
}
