//! What expressions see of a plan. The members have the names that they have in the written form of a
//! plan.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Value as Cel;
use serde_json::{Map, Value, json};

use super::Subject;
use super::evaluate::cel;
use crate::model::{Manifest, ManifestName, Seconds};
use crate::plan::effect::{Change, Current, Effect, PathChange};
use crate::plan::question::Counts;
use crate::plan::row::{CreateReason, Lateness, Plan, Step};
use crate::plan::words::percent_up;

/// What is the same for every action of a plan.
pub(super) struct Common {
    pub(super) environment: Cel,
    pub(super) hub: Cel,
    pub(super) plan: Cel,
}

pub(super) fn by_name(manifests: &[Arc<Manifest>]) -> HashMap<&ManifestName, &Manifest> {
    manifests.iter().map(|manifest| (&manifest.name, &**manifest)).collect()
}

pub(super) fn common(subject: &Subject<'_>) -> Common {
    let plan = subject.plan;
    let environment = cel(&plan.environment.as_str().into());
    let mut hub = json!({"sku": plan.size.sku.to_string(), "units": plan.size.units.get()});
    if subject.counts == Counts::Offline {
        return Common { environment, hub: cel(&hub), plan: cel(&json!({})) };
    }
    hub["lanes"] = json!({"total": plan.lanes.total, "free": plan.lanes.free()});
    if let Some(devices) = subject.hub_devices {
        hub["devices"] = devices.into();
    }
    Common { environment, hub: cel(&hub), plan: cel(&summary(subject)) }
}

fn summary(subject: &Subject<'_>) -> Value {
    let sum = subject.plan.summary();
    let mut summary = json!({
        "create": sum.create,
        "replace": sum.replace,
        "cancel": sum.cancel,
        "deferred": sum.deferred,
        "blocked": sum.blocked,
        "missed": sum.missed,
        "unchanged": sum.unchanged,
    });
    // Each distinct target once; nothing when one of them was not counted.
    let reach = |effect: &Effect| Some((effect.condition.clone(), effect.reach.as_ref()?.matched));
    let reaches = subject.effects.iter().flatten().map(reach).collect::<Option<HashMap<_, _>>>();
    if let Some(reaches) = reaches {
        summary["devices"] = reaches.values().sum::<u64>().into();
    }
    summary
}

/// One row that creates a job, now or later.
pub(super) fn action(subject: &Subject<'_>, index: usize, manifest: Option<&Manifest>) -> Value {
    let plan = subject.plan;
    let row = &plan.rows[index];
    let mut action = json!({
        "name": row.name.as_str(),
        "labels": manifest.map(|manifest| &manifest.labels),
        "generation": row.generation,
    });
    let start = start(plan, index);
    action["start"] = start.to_string().into();
    action["startsNow"] = (start <= plan.now).into();
    let (word, reason, late) = match &row.step {
        Step::Create(create) => {
            let word = if create.reason == CreateReason::ReplaceBeforeStart { "replace" } else { "create" };
            (word, create.reason.as_str(), create.lateness.map_or(0, |Lateness(late)| late.get()))
        }
        Step::Deferred(deferral) => ("deferred", deferral.reason.as_str(), 0),
        Step::Cancel { .. } | Step::Blocked { .. } | Step::Idle { .. } => ("none", "", 0),
    };
    action["action"] = word.into();
    action["reason"] = reason.into();
    action["latenessSeconds"] = late.into();
    if let Some(limit) = max_execution(&row.step, manifest) {
        action["maxExecutionSeconds"] = limit.get().into();
    }
    if let (Some(effect), Some(members)) = (&subject.effects[index], action.as_object_mut()) {
        add_effect(effect, subject.hub_devices, members);
    }
    action
}

/// When a job starts: a deferred one at the soonest.
pub(super) fn start(plan: &Plan, index: usize) -> jiff::Timestamp {
    let row = &plan.rows[index];
    match &row.step {
        Step::Create(create) => create.job.start.unwrap_or(plan.now),
        Step::Deferred(deferral) => {
            deferral.expected_start.unwrap_or_else(|| plan.now.max(deferral.apply_between.from))
        }
        Step::Cancel { .. } | Step::Blocked { .. } | Step::Idle { .. } => row.occurrence.start(),
    }
}

/// How long after its start a job has ended, whatever is still open.
pub(super) fn max_execution(step: &Step, manifest: Option<&Manifest>) -> Option<Seconds> {
    match step {
        Step::Create(create) => Some(create.job.body.max_execution),
        _ => manifest.map(|manifest| manifest.max_execution),
    }
}

fn add_effect(effect: &Effect, hub_devices: Option<u64>, action: &mut Map<String, Value>) {
    let mut add = |name: &str, value: Value| action.insert(name.to_owned(), value);
    add("condition", effect.condition.as_str().into());
    match &effect.change {
        Change::Method { name, payload } => {
            add("kind", "method".into());
            add("method", json!({"name": name.as_str(), "payload": payload}));
        }
        Change::Twin(paths) => {
            add("kind", "twin".into());
            add("patch", paths.iter().map(path).collect());
        }
    }
    if let Some(reach) = &effect.reach {
        add("devices", reach.matched.into());
        if let Some(connected) = reach.connected {
            add("connected", connected.into());
        }
        if let Some(hub) = hub_devices {
            add("percentOfHub", percent_up(reach.matched, hub.max(reach.matched)).into());
        }
    }
    if let Some(forecast) = effect.forecast {
        add("durationSeconds", forecast.duration.get().into());
        add("messages", forecast.messages.into());
    }
}

fn path(change: &PathChange) -> Value {
    let mut path = json!({"path": change.path, "to": change.to});
    if let Some(from) = &change.from {
        let current = |Current { value, devices }: &Current| match value {
            Some(value) => json!({"value": value, "devices": devices}),
            None => json!({"devices": devices}),
        };
        path["from"] = from.iter().map(current).collect();
    }
    path
}
