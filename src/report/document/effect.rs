//! What an action does to the fleet, written down.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::row::present;

/// What an action does to the fleet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectPart {
    /// Which devices: what follows WHERE.
    pub condition: String,
    /// Devices that match now; missing when they were not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<u64>,
    /// Share of the hub's devices, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent_of_hub: Option<f64>,
    /// Those of them that are connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<u64>,
    /// A few ids. Not to be trusted.
    #[serde(default)]
    pub samples: Vec<String>,
    /// What is done to each.
    pub change: ChangePart,
    /// How long it takes, and what it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<ForecastPart>,
}

/// What is done to each device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ChangePart {
    /// A direct method is called.
    Method {
        /// Its name.
        name: String,
        /// What it gets.
        payload: Value,
    },
    /// Values of the twin are written.
    Twin {
        /// By path.
        paths: Vec<PathPart>,
    },
}

/// One value that a twin job writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PathPart {
    /// Path in the patch: `tags.building`, `desired.telemetry.interval`.
    pub path: String,
    /// What is written; null deletes.
    pub to: Value,
    /// What is there now, most devices first; missing when it was not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Vec<CurrentPart>>,
    /// Devices whose values are not listed, because there are too many different ones.
    #[serde(default)]
    pub unlisted: u64,
    /// Devices that have an object or a list there.
    #[serde(default)]
    pub compound: u64,
}

/// A value that some devices have now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurrentPart {
    /// The value; missing where the path is unset. Not to be trusted.
    #[serde(default, with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub value: Option<Value>,
    /// How many devices have it.
    pub devices: u64,
}

/// How long a job takes, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForecastPart {
    /// The least that it takes, in seconds, at the tier's rate of device operations.
    pub duration_seconds: u64,
    /// When the hub ends it, in seconds after its start.
    pub limit_seconds: u64,
    /// About how many messages of the daily quota.
    pub messages: u64,
}

/// What the jobs of a plan take of the hub's daily quota of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessagesPart {
    /// About how many messages, of the jobs whose devices were counted.
    pub messages: u64,
    /// How many the hub serves in a day.
    pub per_day: u64,
}
