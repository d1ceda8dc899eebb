//! A plan for machines.

use serde_json::{Map, Value, json};

use super::FORMAT_VERSION;
use super::advice::advice;
use super::occurrence::upcoming_json;
use super::plan_text::PlanView;
use super::reason::{self, refusal_json};
use crate::model::{ManifestSource, OccurrenceKey, OccurrenceKind};
use crate::plan::{Create, CreateReason, FieldChange, IdleReason, LaneUse, Refusal, Row, Step, Summary, Window};

/// The whole plan as one document.
#[must_use]
pub fn plan_json(view: &PlanView<'_>, refusals: &[Refusal]) -> Value {
    let plan = view.plan;
    json!({
        "formatVersion": FORMAT_VERSION,
        "environment": plan.environment.as_str(),
        "owner": plan.owner.as_str(),
        "hub": {"name": view.hub, "sku": plan.size.sku.as_str(), "units": plan.size.units},
        "now": plan.now.to_string(),
        "summary": summary_json(plan.summary()),
        "lanes": lanes_json(&plan.lanes),
        "refusals": refusals.iter().map(refusal_json).collect::<Vec<_>>(),
        "rows": plan.rows.iter().map(|row| row_json(row, view)).collect::<Vec<_>>(),
        "upcoming": upcoming_json(view.upcoming),
    })
}

/// How many rows do what.
pub(super) fn summary_json(sum: Summary) -> Value {
    json!({
        "create": sum.create,
        "replace": sum.replace,
        "cancel": sum.cancel,
        "deferred": sum.deferred,
        "blocked": sum.blocked,
        "missed": sum.missed,
        "unchanged": sum.unchanged,
    })
}

fn lanes_json(lanes: &LaneUse) -> Value {
    let foreign: Vec<_> = lanes.foreign.iter().map(|id| id.as_str()).collect();
    json!({"total": lanes.total, "own": lanes.own_count(), "foreign": foreign, "free": lanes.free()})
}

/// One row, complete in itself, so that it can also be one line of a stream.
pub(super) fn row_json(row: &Row, view: &PlanView<'_>) -> Value {
    let mut members = Map::new();
    members.insert("name".to_owned(), json!(row.name.as_str()));
    members.insert("source".to_owned(), row.source.as_ref().map_or(Value::Null, source_json));
    members.insert("occurrence".to_owned(), occurrence_json(row.occurrence));
    members.insert("generation".to_owned(), json!(row.generation));
    if let Value::Object(step) = step_json(row, view) {
        members.extend(step);
    }
    Value::Object(members)
}

fn step_json(row: &Row, view: &PlanView<'_>) -> Value {
    match &row.step {
        Step::Create(create) => create_json(create),
        Step::Cancel { id, reason } => json!({
            "action": "cancel",
            "reason": reason.as_str(),
            "message": reason::cancel(*reason),
            "jobId": id.as_str(),
        }),
        Step::Deferred(deferral) => json!({
            "action": "deferred",
            "reason": deferral.reason.as_str(),
            "message": reason::deferred(deferral.reason),
            "expectedStart": deferral.expected_start.map(|start| start.to_string()),
            "applyBetween": window_json(deferral.apply_between),
            "isDue": deferral.is_due,
        }),
        Step::Blocked { id, reason } => {
            let manifest = view.manifests.iter().find(|manifest| manifest.name == row.name);
            json!({
                "action": "blocked",
                "reason": reason.as_str(),
                "message": reason::blocked(*reason),
                "jobId": id.as_ref().map(|id| id.as_str()),
                "help": advice(row, *reason, manifest.map(AsRef::as_ref), view.plan.now),
            })
        }
        Step::Idle { id, reason } => {
            let mut value = json!({
                "action": "none",
                "reason": reason.as_str(),
                "message": reason::idle(reason),
                "jobId": id.as_ref().map(|id| id.as_str()),
            });
            match reason {
                IdleReason::NotDue { apply_between } => value["applyBetween"] = window_json(*apply_between),
                IdleReason::Done(status) => value["jobStatus"] = json!(status.as_str()),
                _ => {}
            }
            value
        }
    }
}

fn create_json(create: &Create) -> Value {
    let is_replace = create.reason == CreateReason::ReplaceBeforeStart;
    json!({
        "action": if is_replace { "replace" } else { "create" },
        "reason": create.reason.as_str(),
        "message": reason::create(create.reason),
        "jobId": create.job.id.to_string(),
        "startTime": create.job.start.map(|start| start.to_string()),
        "latenessSeconds": create.lateness.map(|lateness| lateness.0.get()),
        "deadline": create.deadline.to_string(),
        "cancelsFirst": create.after.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
        "changes": create.changes.iter().map(change_json).collect::<Vec<_>>(),
        "job": create.job.body.to_value(),
    })
}

/// An absent member is absent here too, since null is a value of its own: it deletes.
fn change_json(change: &FieldChange) -> Value {
    let mut members = Map::new();
    members.insert("path".to_owned(), json!(change.path));
    for (side, value) in [("from", &change.from), ("to", &change.to)] {
        if let Some(value) = value {
            members.insert(side.to_owned(), value.clone());
        }
    }
    Value::Object(members)
}

fn source_json(source: &ManifestSource) -> Value {
    json!({"path": source.path, "line": source.line})
}

/// Kind of schedule and nominal start.
pub(super) fn occurrence_json(occurrence: OccurrenceKey) -> Value {
    let (kind, member) = match occurrence.kind() {
        OccurrenceKind::At => ("at", "start"),
        OccurrenceKind::Cron => ("cron", "start"),
        OccurrenceKind::Asap => ("asap", "notAfter"),
    };
    json!({"kind": kind, member: occurrence.start().to_string()})
}

fn window_json(window: Window) -> Value {
    json!({"from": window.from.to_string(), "until": window.until.to_string()})
}
