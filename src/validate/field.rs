//! The fields of all documents, for people who look one up: what the schema says of each.

use std::collections::BTreeSet;

use serde_json::Value;

use super::kind::Kind;
use super::schema::SCHEMA;
use super::schema_walk::{flow, resolve};

/// A field of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Kind and path, such as `MethodJob.spec.schedule.cron`. `<name>` stands for a name that the
    /// author chooses, `[]` for an item of a list.
    pub path: String,
    /// The path of the field that it is in, or the kind.
    pub parent: String,
    /// What kind of value it takes, in words.
    pub values: String,
    /// Whether it must be there when the field around it is.
    pub is_required: bool,
    /// What holds without it, in words.
    pub default: Option<String>,
    /// What the value must keep, in words.
    pub limits: Vec<String>,
    /// What it means, in sentences.
    pub description: String,
    /// Examples of its value, as YAML in one line.
    pub examples: Vec<String>,
}

impl Field {
    /// The name within the field around it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path[self.parent.len()..].trim_start_matches('.')
    }
}

/// All fields of all kinds, each before the fields in it.
#[must_use]
pub fn fields() -> Vec<Field> {
    let mut fields = Vec::new();
    for kind in Kind::ALL {
        let path = kind.to_string();
        if let Some(definition) = SCHEMA.document.pointer(&format!("/$defs/{kind}")) {
            collect(definition, &path, &path, &mut fields);
        }
    }
    fields
}

/// What a kind of document is for, in sentences.
#[must_use]
pub fn about(kind: Kind) -> &'static str {
    let definition = SCHEMA.document.pointer(&format!("/$defs/{kind}/description"));
    definition.and_then(Value::as_str).unwrap_or_default()
}

/// The fields of an object. `path` is where they are, `parent` the field that a reader knows it by.
fn collect(schema: &Value, path: &str, parent: &str, fields: &mut Vec<Field>) {
    let schema = resolve(schema);
    let required: BTreeSet<_> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{name}");
        fields.push(field(&path, parent, required.contains(name.as_str()), property));
        inside(property, &path, &path, fields);
    }
    for branch in branches(schema) {
        collect(branch, path, parent, fields);
    }
}

/// The fields of a field's value: of the object itself, of each item, or of each entry of a map.
fn inside(schema: &Value, path: &str, parent: &str, fields: &mut Vec<Field>) {
    collect(schema, path, parent, fields);
    let schema = resolve(schema);
    if let Some(items) = schema.get("items") {
        inside(items, &format!("{path}[]"), parent, fields);
    }
    if let Some(entries) = schema.get("additionalProperties").filter(|entries| entries.is_object()) {
        inside(entries, &format!("{path}.<name>"), parent, fields);
    }
}

/// The alternatives of a value that has several forms.
fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    let alternatives = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    // `oneOf` also says which fields exclude each other; such a branch describes no value.
    alternatives.filter(|branch| ["type", "$ref", "enum", "const"].iter().any(|key| branch.get(key).is_some()))
}

fn field(path: &str, parent: &str, is_required: bool, property: &Value) -> Field {
    // What stands beside a reference is about this field, what is behind it about all like it.
    let says = |key: &str| property.get(key).or_else(|| resolve(property).get(key));
    let text = says("description").and_then(Value::as_str).unwrap_or_default();
    let (description, default) = without_default(text);
    Field {
        path: path.to_owned(),
        parent: parent.to_owned(),
        values: values(property),
        is_required,
        default,
        limits: limits(resolve(property)),
        description,
        examples: says("examples").and_then(Value::as_array).into_iter().flatten().map(flow).collect(),
    }
}

/// Takes the sentence that names the default out of a description.
fn without_default(text: &str) -> (String, Option<String>) {
    let Some((before, after)) = text.split_once("Default: ") else { return (text.to_owned(), None) };
    let (default, rest) = after.split_once(". ").unwrap_or((after.trim_end_matches('.'), ""));
    let description = format!("{before}{rest}");
    (description.trim_end().to_owned(), Some(default.to_owned()))
}

fn values(schema: &Value) -> String {
    let schema = resolve(schema);
    let alternatives: Vec<_> = branches(schema).map(values).collect();
    if !alternatives.is_empty() {
        return alternatives.join(", or ");
    }
    let word = |name: &Value| match name.as_str().unwrap_or_default() {
        "string" => "text",
        "integer" => "whole number",
        "number" => "number",
        "boolean" => "true or false",
        "null" => "null",
        "array" => "list",
        _ => "map",
    };
    match schema.get("type") {
        Some(Value::Array(names)) if names.len() >= 6 => "any value".to_owned(),
        Some(Value::Array(names)) => names.iter().map(word).collect::<Vec<_>>().join(", "),
        Some(name) if name == "array" => match schema.get("items") {
            Some(items) => format!("list, each: {}", values(items)),
            None => "list".to_owned(),
        },
        Some(name) if name == "object" => match schema.get("additionalProperties").filter(|entry| entry.is_object()) {
            Some(entry) => format!("map of names, each: {}", values(entry)),
            None => "map".to_owned(),
        },
        Some(name) => word(name).to_owned(),
        None => "one of the words below".to_owned(),
    }
}

fn limits(schema: &Value) -> Vec<String> {
    let mut limits = Vec::new();
    let words = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice);
    if let Some(words) = words.or_else(|| schema.get("const").map(std::slice::from_ref)) {
        limits.push(format!("one of: {}", words.iter().map(flow).collect::<Vec<_>>().join(", ")));
    }
    let ranges = [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
        ("minProperties", "maxProperties", " entries"),
    ];
    for (least, most, what) in ranges {
        match (schema.get(least), schema.get(most)) {
            (Some(least), Some(most)) if least == most => limits.push(format!("exactly {least}{what}")),
            (Some(least), Some(most)) => limits.push(format!("{least} to {most}{what}")),
            (Some(least), None) => limits.push(format!("at least {least}{what}")),
            (None, Some(most)) => limits.push(format!("at most {most}{what}")),
            (None, None) => {}
        }
    }
    let form = schema.get("patternErrorMessage").and_then(Value::as_str);
    limits.extend(form.map(str::to_owned));
    let pattern = schema.get("pattern").and_then(Value::as_str);
    limits.extend(pattern.map(|pattern| format!("matches {pattern}")));
    for branch in branches(schema) {
        limits.extend(self::limits(resolve(branch)));
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_at(path: &str) -> Field {
        fields().into_iter().find(|field| field.path == path).unwrap_or_else(|| panic!("no field `{path}`"))
    }

    #[test]
    fn fields_are_found_in_items_and_in_maps() {
        assert_eq!(field_at("MethodJob.spec.moved[].from").parent, "MethodJob.spec.moved");
        let prune = field_at("Project.spec.environments.<name>.prune");
        assert_eq!((prune.parent.as_str(), prune.name()), ("Project.spec.environments", "<name>.prune"));
        assert!(prune.is_required);
        assert_eq!(prune.limits, ["one of: never, cancelScheduled"]);
    }

    #[test]
    fn defaults_and_limits_are_told_apart_from_the_description() {
        let generation = field_at("TwinJob.spec.generation");
        assert_eq!(generation.default.as_deref(), Some("0"));
        assert!(!generation.description.contains("Default"), "{}", generation.description);
        assert_eq!(
            (generation.values.as_str(), generation.limits.as_slice()),
            ("whole number", ["0 to 35".to_owned()].as_slice())
        );
        assert_eq!(generation.examples, ["1"]);
    }

    #[test]
    fn every_field_says_what_it_is() {
        for field in fields() {
            assert!(!field.values.is_empty() && !field.examples.is_empty(), "{}", field.path);
            assert!(field.description.ends_with('.'), "{}: {}", field.path, field.description);
        }
    }
}
