//! Looks things up in the schema for the sake of a message: which fields there are, where a field
//! belongs, what an example is.

use serde_json::Value;

use super::kind::Kind;
use super::schema::SCHEMA;
use crate::model::Seconds;

/// Names that people bring along from the hub's own API.
const NAMES_OF_THE_HUB: [(&str, &str); 8] = [
    ("queryCondition", "spec.target.condition"),
    ("startTime", "spec.schedule.at"),
    ("maxExecutionTimeInSeconds", "spec.maxExecutionTime"),
    ("cloudToDeviceMethod", "spec.method"),
    ("methodName", "spec.method.name"),
    ("responseTimeoutInSeconds", "spec.method.responseTimeout"),
    ("connectTimeoutInSeconds", "spec.method.connectTimeout"),
    ("updateTwin", "spec.twin"),
];

/// The fields of the object whose keyword has the path.
pub(super) fn fields(keyword: &str) -> impl Iterator<Item = String> {
    let properties = around(keyword).and_then(|object| object.get("properties")?.as_object());
    properties.into_iter().flatten().map(|(name, _)| name.clone())
}

/// An example of a field of the object whose keyword has the path, as YAML in one line.
pub(super) fn example(keyword: &str, field: &str) -> Option<String> {
    let property = around(keyword)?.get("properties")?.get(field)?;
    property.get("examples")?.get(0).map(flow)
}

/// An example of the value whose keyword has the path.
pub(super) fn example_at(keyword: &str) -> Option<String> {
    let (parent, _) = keyword.rsplit_once('/')?;
    SCHEMA.document.pointer(parent)?.get("examples")?.get(0).map(flow)
}

/// What the schema says to somebody whose text does not match a pattern.
pub(super) fn form(keyword: &str) -> Option<&'static str> {
    let (parent, _) = keyword.rsplit_once('/')?;
    SCHEMA.document.pointer(parent)?.get("patternErrorMessage")?.as_str()
}

/// Whether the value whose keyword has the path is a duration, going by its example.
pub(super) fn is_duration(keyword: &str) -> bool {
    let example =
        keyword.rsplit_once('/').and_then(|(parent, _)| SCHEMA.document.pointer(parent)?.get("examples")?.get(0));
    example.and_then(Value::as_str).is_some_and(|text| Seconds::parse(text).is_ok())
}

/// The nearest schema around a keyword that has properties; branches such as `else` have none.
fn around(keyword: &str) -> Option<&'static Value> {
    let mut path = keyword;
    while let Some((parent, _)) = path.rsplit_once('/') {
        let object = SCHEMA.document.pointer(parent)?;
        if object.get("properties").is_some() {
            return Some(object);
        }
        path = parent;
    }
    None
}

/// Where a field belongs that stands in the wrong place, if there is only one such place.
pub(super) fn home_of(kind: Kind, name: &str) -> Option<String> {
    let mut homes = Vec::new();
    let definition = SCHEMA.document.pointer(&format!("/$defs/{kind}"))?;
    collect(definition, "", name, &mut homes);
    if let Some((_, home)) = NAMES_OF_THE_HUB.iter().find(|(known, _)| *known == name) {
        return exists(definition, home).then(|| (*home).to_owned());
    }
    homes.pop().filter(|_| homes.is_empty())
}

fn collect(schema: &Value, path: &str, name: &str, homes: &mut Vec<String>) {
    for (field, property) in resolve(schema).get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
        collect(property, &path, name, homes);
        if field == name {
            homes.push(path);
        }
    }
}

fn exists(schema: &Value, path: &str) -> bool {
    path.split('.').try_fold(schema, |schema, field| resolve(schema).get("properties")?.get(field)).is_some()
}

/// The schema that a `$ref` means. References are never circular: no document contains itself.
pub(super) fn resolve(schema: &Value) -> &Value {
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| SCHEMA.document.pointer(pointer)).unwrap_or(schema)
}

/// A value as YAML in one line, the way people write it.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => text_as_yaml(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let fields: Vec<_> = map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

fn text_as_yaml(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./ ".contains(c))
        && super::scalar::yaml11_meaning(text).is_none();
    if is_plain { text.to_owned() } else { format!("{text:?}") }
}
