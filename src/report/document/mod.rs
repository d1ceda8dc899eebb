//! The written form of a reviewed plan: everything that any output says, in words and numbers.
//!
//! Text, JSON, Markdown and all other outputs are made from it, so that a plan that was saved to a
//! file can be shown in each of them. Members may be added within a `formatVersion`, never changed or
//! removed; readers tolerate what they do not know.

mod build;
mod effect;
mod finding;
mod row;
mod saved;
mod seal;
mod strict_json;
mod timeline;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use build::occurrence_part;
pub use build::{DocumentSource, finding_part};
pub use effect::{ChangePart, CurrentPart, EffectPart, ForecastPart, MessagesPart, PathPart};
pub use finding::{ConflictPart, FindingPart, WriterPart};
pub use row::{
    BlockedPart, CancelPart, ChangedField, CreatePart, DeferredPart, IdlePart, OccurrencePart, RowPart, SourcePart,
    StartPart, StepPart, UpcomingPart, WindowPart,
};
pub use saved::{MisshapenPlan, SavedKind, SavedPlan, SelectionPart, ToolPart, plan_schema_json, reviewed};
pub use seal::{InvalidPlanKey, PlanKey, Provenance, UnusablePlan, is_saved_plan, open, seal};
pub use timeline::{SpanPart, SpanWord, StretchPart, TimelinePart, WaitPart};

use crate::plan::Summary;

/// A reviewed plan, written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanDocument {
    /// Version of this form: 1.
    pub format_version: u32,
    /// Environment that the plan is for.
    pub environment: String,
    /// Owner token of the project in this environment, part of every job id.
    pub owner: String,
    /// The hub.
    pub hub: HubPart,
    /// Digest of what the plan means to do; two plans with the same one agree on that, whenever they
    /// were made.
    #[serde(default)]
    pub digest: String,
    /// The hub's time that the plan was made for.
    #[schemars(with = "String")]
    pub now: Timestamp,
    /// How many rows do what.
    pub summary: SummaryPart,
    /// How devices were counted.
    pub counts: CountsPart,
    /// What it takes of the daily quota of messages, when devices were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<MessagesPart>,
    /// Who held the lanes before the plan.
    pub lanes: LanesPart,
    /// Rules that the plan breaks or touches, those that stop it first.
    pub findings: Vec<FindingPart>,
    /// One for each slot that was looked at, by name and time.
    pub rows: Vec<RowPart>,
    /// Writers that get in each other's way.
    pub conflicts: Vec<ConflictPart>,
    /// Lanes against time.
    pub timeline: TimelinePart,
    /// Runs to come that no row is about.
    pub upcoming: Vec<UpcomingPart>,
}

/// A hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HubPart {
    /// Host name, or `emulator`.
    pub name: String,
    /// Tier: F1, S1, S2 or S3.
    pub sku: String,
    /// Units bought.
    pub units: u32,
    /// Devices of the hub, when they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<u64>,
}

/// How many rows do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SummaryPart {
    /// Jobs to create in an empty slot.
    pub create: usize,
    /// Jobs to create in place of another.
    pub replace: usize,
    /// Jobs to cancel without a successor in the same slot.
    pub cancel: usize,
    /// Slots to fill later.
    pub deferred: usize,
    /// Slots that need a person.
    pub blocked: usize,
    /// Slots past their deadline.
    pub missed: usize,
    /// Slots with nothing to do.
    pub unchanged: usize,
}

impl From<Summary> for SummaryPart {
    fn from(sum: Summary) -> Self {
        let Summary { create, replace, cancel, deferred, blocked, missed, unchanged } = sum;
        Self { create, replace, cancel, deferred, blocked, missed, unchanged }
    }
}

/// How devices were counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountsPart {
    /// Whether they were.
    pub mode: CountsMode,
    /// Queries that it took.
    pub queries: usize,
}

/// Whether devices were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CountsMode {
    /// For every action.
    All,
    /// Not at all.
    None,
    /// There was no hub to ask: the plan is as for one without jobs, and cannot be applied.
    Offline,
}

/// Who holds the lanes of the hub before the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LanesPart {
    /// Lanes of the tier.
    pub total: usize,
    /// Own jobs that hold one.
    pub own: usize,
    /// Foreign jobs that hold one. Text of others, not to be trusted.
    pub foreign: Vec<String>,
    /// Lanes that nobody holds.
    pub free: usize,
}

impl PlanDocument {
    /// Whether it was made without a hub.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.counts.mode == CountsMode::Offline
    }

    /// Whether a finding stops the plan.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.findings.iter().any(FindingPart::denies)
    }
}
