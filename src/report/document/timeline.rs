//! Lanes against time, written down.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::row::WindowPart;

/// The lanes of a hub from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelinePart {
    /// What is shown; missing when no job is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowPart>,
    /// Lanes of the tier.
    pub lanes: usize,
    /// Jobs in their lanes.
    pub spans: Vec<SpanPart>,
}

/// A job in its lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpanPart {
    /// Lane, from 0.
    pub lane: usize,
    /// Manifest, or id of a foreign job. The latter is not to be trusted.
    pub label: String,
    /// `own`, `foreign`, `planned` or `deferred`.
    pub kind: SpanWord,
    /// When it takes the lane.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// When it starts to act on devices.
    #[schemars(with = "String")]
    pub start: Timestamp,
    /// When it must have ended; missing when nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
}

/// Whose a job is, and whether it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SpanWord {
    /// Ours, on the hub.
    Own,
    /// Of others, on the hub.
    Foreign,
    /// Ours, created by this plan.
    Planned,
    /// Ours, waits for a lane.
    Deferred,
}
