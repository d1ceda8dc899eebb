//! What differs between two bodies, in the words of the manifest.

use serde_json::{Map, Value, json};

use crate::model::{JobAction, JobBody};

/// One value that differs. Nothing on a side means that the member is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// Path in the manifest's `spec`, such as `twin.desired.telemetry.intervalSeconds`.
    pub path: String,
    /// On the hub.
    pub from: Option<Value>,
    /// In git.
    pub to: Option<Value>,
}

/// All values that differ, by path.
pub(super) fn changes(from: &JobBody, to: &JobBody) -> Vec<FieldChange> {
    let mut found = Vec::new();
    compare("", Some(&as_manifest(from)), Some(&as_manifest(to)), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn as_manifest(body: &JobBody) -> Value {
    let mut spec = json!({
        "target": {"condition": body.condition.as_str()},
        "maxExecutionTime": body.max_execution.to_string(),
    });
    match &body.action {
        JobAction::Method(call) => {
            spec["method"] = json!({
                "name": call.name.as_str(),
                "payload": call.payload,
                "responseTimeout": call.response_timeout.to_string(),
                "connectTimeout": call.connect_timeout.to_string(),
            });
        }
        JobAction::Twin(patch) => spec["twin"] = json!({"tags": patch.tags, "desired": patch.desired}),
    }
    spec
}

fn compare(path: &str, from: Option<&Value>, to: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (from, to) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => compare_members(path, a, b, found),
        (a, b) if a == b => {}
        (from, to) => found.push(FieldChange { path: path.to_owned(), from: from.cloned(), to: to.cloned() }),
    }
}

fn compare_members(path: &str, a: &Map<String, Value>, b: &Map<String, Value>, found: &mut Vec<FieldChange>) {
    let dot = if path.is_empty() { "" } else { "." };
    for (key, value) in a {
        compare(&format!("{path}{dot}{key}"), Some(value), b.get(key), found);
    }
    for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
        compare(&format!("{path}{dot}{key}"), None, Some(value), found);
    }
}
