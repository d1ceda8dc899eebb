//! A plan in a file: the document, what it means to do, and what its reader needs to trust it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

use super::row::{OccurrencePart, RowPart, StepPart};
use super::{CountsMode, PlanDocument};
use crate::model::{EnvironmentName, InvalidName, ManifestName, OccurrenceKey, OccurrenceKind, Owner, tzdb_version};
use crate::plan::{Intent, Reviewed, Slot, Standing};

/// Where the schema is published.
const ID: &str = "https://hubjobs.dev/schemas/plan.schema.json";

/// A plan in a file, as `hubjobs plan --out` writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedPlan {
    /// What the file is: `hubjobs.plan`.
    pub kind: SavedKind,
    /// What made it.
    pub tool: ToolPart,
    /// Which manifests were selected; an apply of the plan selects the same.
    #[serde(default)]
    pub selection: SelectionPart,
    /// Numbers beyond a limit that somebody takes, as they were typed: for this plan, and no other.
    #[serde(default)]
    pub acknowledgements: Vec<String>,
    /// What the plan means to do; its digest is `digest`.
    pub intent: Intent,
    /// The plan.
    #[serde(flatten)]
    pub plan: PlanDocument,
    /// Against accidents: `sha256:` and the digest over all of the file but this member and
    /// `signature`. Anybody can compute it.
    #[serde(default)]
    pub checksum: String,
    /// Against people: `hmac-sha256:` and the code over all of the file but this member. Only who has
    /// the key can compute it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SavedKind {
    /// A saved plan.
    #[serde(rename = "hubjobs.plan")]
    Plan,
}

/// What made a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolPart {
    /// Version of hubjobs.
    pub version: String,
    /// Version of the database of time zones that its times come from.
    pub tzdb: String,
}

impl ToolPart {
    /// This program.
    #[must_use]
    pub fn this() -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), tzdb: tzdb_version().to_owned() }
    }
}

/// Which manifests were selected, as it was typed; nothing means all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelectionPart {
    /// Of `--selector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Of `--target`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
}

/// Something in a plan has another form than its schema says. `Display` is a fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MisshapenPlan {
    /// A name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A nominal start.
    #[error("a run of `{0}` does not start at a whole minute")]
    Start(ManifestName),
    /// The intent is not the one of the digest.
    #[error("`digest` is not the digest of `intent`")]
    Digest,
    /// The intent belongs to another plan.
    #[error("`intent` is about another environment, hub or owner than the plan")]
    Intent,
}

impl SavedPlan {
    /// A plan to be saved, not sealed yet.
    #[must_use]
    pub fn new(plan: PlanDocument, intent: Intent, selection: SelectionPart, acknowledgements: Vec<String>) -> Self {
        Self {
            kind: SavedKind::Plan,
            tool: ToolPart::this(),
            selection,
            acknowledgements,
            intent,
            plan,
            checksum: String::new(),
            signature: None,
        }
    }

    /// Whether devices were counted.
    #[must_use]
    pub fn has_counts(&self) -> bool {
        self.plan.counts.mode == CountsMode::All
    }

    /// Checks what its types leave open.
    pub(super) fn check(&self) -> Result<(), MisshapenPlan> {
        EnvironmentName::new(&self.plan.environment)?;
        Owner::parse(&self.plan.owner)?;
        let (intent, plan) = (&self.intent, &self.plan);
        if (&intent.environment, &intent.hub, &intent.owner) != (&plan.environment, &plan.hub.name, &plan.owner) {
            return Err(MisshapenPlan::Intent);
        }
        if intent.digest() != plan.digest {
            return Err(MisshapenPlan::Digest);
        }
        reviewed(plan, intent).map(drop)
    }
}

/// What the reader of a plan agrees to.
///
/// # Errors
/// When a name or a time in the plan has another form than those that hubjobs writes.
pub fn reviewed(plan: &PlanDocument, intent: &Intent) -> Result<Reviewed, MisshapenPlan> {
    let (mut slots, mut devices) = (BTreeMap::new(), BTreeMap::new());
    for row in &plan.rows {
        let slot = slot(row)?;
        if let Some(count) = row.effect.as_ref().and_then(|effect| effect.devices) {
            devices.insert(slot.name.clone(), count);
        }
        let standing = standing(&row.step);
        slots.entry(slot).and_modify(|known: &mut Standing| *known = standing.max(*known)).or_insert(standing);
    }
    for next in &plan.upcoming {
        if let Some(count) = next.effect.as_ref().and_then(|effect| effect.devices) {
            devices.insert(ManifestName::new(&next.name)?, count);
        }
    }
    Ok(Reviewed { intent: intent.clone(), now: plan.now, slots, devices })
}

fn slot(row: &RowPart) -> Result<Slot, MisshapenPlan> {
    let name = ManifestName::new(&row.name)?;
    let (kind, start) = match row.occurrence {
        OccurrencePart::At { start } => (OccurrenceKind::At, start),
        OccurrencePart::Cron { start } => (OccurrenceKind::Cron, start),
        OccurrencePart::Asap { not_after } => (OccurrenceKind::Asap, not_after),
    };
    let occurrence = OccurrenceKey::new(kind, start).ok_or_else(|| MisshapenPlan::Start(name.clone()))?;
    Ok(Slot { name, occurrence, generation: row.generation })
}

fn standing(step: &StepPart) -> Standing {
    match step {
        StepPart::Create(_) | StepPart::Replace(_) => Standing::Create,
        StepPart::Deferred(_) => Standing::Deferred,
        StepPart::Blocked(_) => Standing::Blocked,
        StepPart::Cancel(_) => Standing::Idle,
        StepPart::None(idle) => match idle.reason.as_str() {
            "not-due" => Standing::NotDue,
            "missed" | "superseded-occurrence" => Standing::Past,
            // A job that stands in the slot keeps it filled, whatever is said of it.
            _ if idle.job_id.is_some() => Standing::Filled,
            _ => Standing::Idle,
        },
    }
}

/// The JSON Schema (draft 2020-12) of saved plans, as published.
#[must_use]
pub fn plan_schema_json() -> String {
    let mut schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<SavedPlan>();
    schema.insert("$id".to_owned(), ID.into());
    schema.insert("title".to_owned(), "hubjobs saved plan".into());
    let mut text = serde_json::to_string_pretty(&schema).expect("JSON values have text");
    text.push('\n');
    text
}
