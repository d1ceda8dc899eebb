//! The JSON of automatic device configurations. Lenient, as all reading of the hub: what makes no
//! sense costs itself, not the list.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::hub::members::Members;
use crate::model::ObservedConfiguration;

/// What the paths of device content begin with.
const DESIRED: &str = "properties.desired";

/// Reads the answer to `GET /configurations`; nothing when it is no list.
pub(super) fn read_configurations(body: &Value) -> Option<Vec<ObservedConfiguration>> {
    Some(body.as_array()?.iter().filter_map(read_configuration).collect())
}

fn read_configuration(element: &Value) -> Option<ObservedConfiguration> {
    let members = Members::of(element)?;
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let labels = members.map("labels").into_iter().flatten().filter_map(text).collect::<BTreeMap<_, _>>();
    let content = members.object("content").and_then(|content| content.map("deviceContent"));
    let mut desired = Map::new();
    for (path, value) in content.into_iter().flatten() {
        write(&mut desired, path, value);
    }
    Some(ObservedConfiguration {
        id: members.text("id")?.to_owned(),
        priority: members.get("priority").and_then(Value::as_i64).unwrap_or_default(),
        target_condition: members.text("targetCondition").unwrap_or_default().to_owned(),
        labels,
        desired,
    })
}

/// Writes a value at `properties.desired.a.b`, or all of `properties.desired`, into a patch.
fn write(patch: &mut Map<String, Value>, path: &str, value: &Value) {
    let rest = path.strip_prefix(DESIRED).filter(|rest| rest.is_empty() || rest.starts_with('.'));
    let names: Vec<_> = rest.into_iter().flat_map(|rest| rest.split('.').skip(1)).collect();
    if rest.is_none() {
        return;
    }
    let nested = names
        .into_iter()
        .rev()
        .fold(value.clone(), |value, name| Value::Object(Map::from_iter([(name.to_owned(), value)])));
    if let Value::Object(members) = nested {
        merge(patch, members);
    }
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => drop(into.insert(name, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn device_content_becomes_one_patch() {
        let body = json!([
            {
                "id": "door-defaults", "priority": 7, "targetCondition": "tags.role = 'lock'",
                "labels": {"team": "facilities", "odd": 3},
                "content": {"deviceContent": {
                    "properties.desired.telemetry": {"interval": 30},
                    "properties.desired.telemetry.batch": true,
                    "properties.desired": {"mode": "quiet"},
                    "properties.desiredish.x": 1,
                }},
            },
            {"id": "edge", "content": {"modulesContent": {"$edgeAgent": {"properties.desired": {"a": 1}}}}},
            {"priority": 1},
            "nonsense",
        ]);
        let read = read_configurations(&body).expect("a list");
        let wanted = [
            ObservedConfiguration {
                id: "door-defaults".to_owned(),
                priority: 7,
                target_condition: "tags.role = 'lock'".to_owned(),
                labels: BTreeMap::from([("team".to_owned(), "facilities".to_owned())]),
                desired: json!({"telemetry": {"interval": 30, "batch": true}, "mode": "quiet"})
                    .as_object()
                    .cloned()
                    .expect("an object"),
            },
            ObservedConfiguration { id: "edge".to_owned(), ..ObservedConfiguration::default() },
        ];
        assert_eq!(read, wanted);
        assert_eq!(read_configurations(&json!({"message": "a page of a proxy"})), None);
    }
}
