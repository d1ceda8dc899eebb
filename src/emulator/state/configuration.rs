//! One configuration: desired properties for all devices, or modules, that meet a condition.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::body::{Body, invalid};
use super::devices::Slot;
use super::etag;
use super::fault::{FaultKind, HubFault};
use super::moment::Moment;
use super::rules::{CONFIGURATION_ID_LENGTH_MAX, CONFIGURATION_METRICS_MAX};
use super::setting::{Scope, Setting, patch_of};
use crate::model::ObservedConfiguration;
use crate::query::{Collection, parse_condition, parse_query};

/// A configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Configuration {
    pub(super) id: Box<str>,
    pub(super) created: Moment,
    updated: Moment,
    /// Counter behind the etag.
    etag: u64,
    body: ConfigurationBody,
    /// Rows of the custom metrics when it was last looked at.
    pub(super) results: Map<String, Value>,
    /// The devices or modules that met the condition when it was last looked at, by place, and
    /// whether they have the settings. A snapshot holds them apart.
    #[serde(skip)]
    pub(super) targets: Vec<(Slot, bool)>,
}

/// What a request says of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConfigurationBody {
    schema_version: String,
    labels: Map<String, Value>,
    content: Map<String, Value>,
    target_condition: String,
    priority: i64,
    metrics: Map<String, Value>,
}

impl ConfigurationBody {
    /// Reads and checks a request.
    pub(super) fn read(body: Body<'_>) -> Result<Self, HubFault> {
        let content = body.object("content")?.cloned().unwrap_or_default();
        let (scope, _) = Setting::all_of(&content)?;
        let target_condition = body.text("targetCondition")?.unwrap_or_default().to_owned();
        check_condition(&target_condition, scope)
            .map_err(|text| HubFault::new(FaultKind::InvalidConfigurationTargetCondition, text))?;
        let metrics = match body.inner("metrics")? {
            Some(metrics) => metrics.object("queries")?.cloned().unwrap_or_default(),
            None => Map::new(),
        };
        check_metrics(&metrics)?;
        let priority = body.integer("priority")?.unwrap_or(0);
        if priority < 0 {
            return Err(invalid("priority must not be negative."));
        }
        Ok(Self {
            schema_version: body.text("schemaVersion")?.unwrap_or("1.0").to_owned(),
            labels: body.object("labels")?.cloned().unwrap_or_default(),
            content,
            target_condition,
            priority,
            metrics,
        })
    }
}

impl Configuration {
    /// A new one.
    pub(super) fn new(id: &str, body: ConfigurationBody, at: Moment) -> Self {
        Self { id: id.into(), created: at, updated: at, etag: 1, body, results: Map::new(), targets: Vec::new() }
    }

    /// Changes all that may be changed, which the content may not.
    pub(super) fn update(&mut self, body: ConfigurationBody, at: Moment) -> Result<(), HubFault> {
        if !body.content.is_empty() && body.content != self.body.content {
            return Err(FaultKind::CannotModifyImmutableConfigurationContent.into());
        }
        let content = std::mem::take(&mut self.body.content);
        *self = Self {
            updated: at,
            etag: self.etag + 1,
            body: ConfigurationBody { content, ..body },
            results: Map::new(),
            created: self.created,
            id: std::mem::take(&mut self.id),
            targets: std::mem::take(&mut self.targets),
        };
        Ok(())
    }

    /// A copy for a snapshot, which holds the targets apart.
    pub(super) fn clone_without_targets(&self) -> Self {
        let Self { id, created, updated, etag, body, results, targets: _ } = self;
        Self {
            id: id.clone(),
            created: *created,
            updated: *updated,
            etag: *etag,
            body: body.clone(),
            results: results.clone(),
            targets: Vec::new(),
        }
    }

    /// The etag as clients see it.
    pub(super) fn etag_text(&self) -> String {
        etag::of_identity(self.etag)
    }

    /// Who it is for, and what it sets.
    pub(super) fn settings(&self) -> (Scope, Vec<Setting>) {
        Setting::all_of(&self.body.content).unwrap_or_default()
    }

    /// The condition in the form of the condition of a job; nothing is targeted without one.
    pub(super) fn condition(&self) -> Option<&str> {
        Some(self.body.target_condition.trim()).filter(|text| !text.is_empty())
    }

    /// Who comes first when two of them set the same: the greater priority, then the newer.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        std::cmp::Reverse((self.body.priority, self.created, self.id.clone()))
    }

    /// The custom metrics: name and query.
    pub(super) fn metrics(&self) -> impl Iterator<Item = (&str, &str)> {
        self.body.metrics.iter().filter_map(|(name, query)| Some((name.as_str(), query.as_str()?)))
    }

    /// Whether what it selects may change without an event: by a simulated device that comes and goes.
    pub(super) fn is_volatile(&self) -> bool {
        let texts = self.metrics().map(|(_, query)| query).chain(self.condition());
        texts.into_iter().any(|text| text.to_ascii_lowercase().contains("connectionstate"))
    }

    /// How the device or module at a place stands to it.
    pub(super) fn status_of(&self, slot: Slot) -> Option<&'static str> {
        let at = self.targets.binary_search_by_key(&slot, |(slot, _)| *slot).ok()?;
        Some(if self.targets[at].1 { "Applied" } else { "Targeted" })
    }

    /// As the service shows it.
    pub(super) fn to_json(&self) -> Value {
        let body = &self.body;
        let applied = self.targets.iter().filter(|(_, applied)| *applied).count();
        let (from, rest) = self.target_query();
        let whole = |condition: &str| format!("select deviceId from {from} where {condition}");
        json!({
            "id": &*self.id,
            "schemaVersion": body.schema_version,
            "labels": body.labels,
            "content": body.content,
            "targetCondition": body.target_condition,
            "createdTimeUtc": self.created.to_string(),
            "lastUpdatedTimeUtc": self.updated.to_string(),
            "priority": body.priority,
            "systemMetrics": {
                "results": {"targetedCount": self.targets.len(), "appliedCount": applied},
                "queries": {
                    "targetedCount": if rest == "*" { format!("select deviceId from {from}") } else { whole(rest) },
                    "appliedCount": whole(&format!("configurations.[[{}]].status = 'Applied'", self.id)),
                },
            },
            "metrics": {"results": self.results, "queries": body.metrics},
            "etag": self.etag_text(),
        })
    }

    /// As the model sees it.
    pub(super) fn observed(&self) -> ObservedConfiguration {
        let body = &self.body;
        let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        ObservedConfiguration {
            id: self.id.to_string(),
            priority: body.priority,
            target_condition: body.target_condition.clone(),
            labels: body.labels.iter().filter_map(text).collect(),
            desired: match self.settings() {
                (Scope::Devices, settings) => patch_of(&settings),
                _ => Map::new(),
            },
        }
    }

    fn target_query(&self) -> (&'static str, &str) {
        let text = self.body.target_condition.trim();
        match parse_condition(text).0 {
            Some(selection) if selection.from == Collection::Modules => {
                let rest = text.to_ascii_lowercase().find("where").map_or("*", |at| text[at + 5..].trim());
                ("devices.modules", rest)
            }
            _ => ("devices", text),
        }
    }
}

/// Checks the id in the path (documented: 128 lower-case characters without some).
pub(super) fn check_id(id: &str) -> Result<(), HubFault> {
    let refused = |c: char| c.is_ascii_uppercase() || c.is_control() || c == ' ' || "&^[]{}\\|\"<>/".contains(c);
    if !id.is_empty() && id.chars().count() <= CONFIGURATION_ID_LENGTH_MAX && !id.chars().any(refused) {
        return Ok(());
    }
    Err(invalid(format!(
        "The configuration id must have 1 to {CONFIGURATION_ID_LENGTH_MAX} lower-case characters without & ^ [ ] {{ }} \\ | \" < > / or space."
    )))
}

/// What is wrong with a target condition, if anything.
pub(super) fn check_condition(text: &str, scope: Scope) -> Result<(), String> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let (selection, problems) = parse_condition(text);
    let Some(selection) = selection else {
        let words = problems.first().map_or("it does not parse", |problem| &problem.message);
        return Err(format!("The target condition is not valid: {words}."));
    };
    let wanted = if scope == Scope::Modules { Collection::Modules } else { Collection::Devices };
    match scope {
        Scope::Any => Ok(()),
        _ if selection.from == wanted => Ok(()),
        _ => Err(format!("The target condition must select from {}.", wanted.as_str())),
    }
}

/// What is wrong with the query of a metric, if anything.
pub(super) fn check_query(text: &str) -> Result<(), String> {
    let (query, problems) = parse_query(text);
    let words = problems.first().map_or("it does not parse", |problem| &problem.message);
    query.map(drop).ok_or_else(|| format!("The query is not valid: {words}."))
}

fn check_metrics(metrics: &Map<String, Value>) -> Result<(), HubFault> {
    let refused = |text: String| HubFault::new(FaultKind::InvalidConfigurationCustomMetricsQuery, text);
    if metrics.len() > CONFIGURATION_METRICS_MAX {
        return Err(refused(format!("A configuration has at most {CONFIGURATION_METRICS_MAX} custom metrics.")));
    }
    metrics.iter().try_for_each(|(name, query)| {
        let text = query.as_str().ok_or_else(|| refused(format!("The metric {name} must be a string.")))?;
        check_query(text).map_err(|words| refused(format!("{name}: {words}")))
    })
}
