//! The published schema: up to date, valid, and complete enough for an editor.
//!
//! `HUBJOBS_UPDATE=1 cargo test --test schema` rewrites `schemas/manifest.schema.json`.

use std::path::Path;

use hubjobs::diagnostic::{Look, SourceMap, render_text};
use hubjobs::validate::{self, Kind};
use serde_json::Value;

fn schema() -> Value {
    serde_json::from_str(&validate::schema_json()).expect("the schema is JSON")
}

#[test]
fn the_published_schema_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/manifest.schema.json");
    if std::env::var_os("HUBJOBS_UPDATE").is_some() {
        std::fs::write(&path, validate::schema_json()).expect("the folder is writable");
    }
    let published = std::fs::read_to_string(&path).expect("the schema is checked in");
    assert!(published == validate::schema_json(), "stale: run `HUBJOBS_UPDATE=1 cargo test --test schema`");
}

#[test]
fn the_schema_is_valid_draft_2020_12() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
        panic!("{error} at {}", error.instance_path());
    }
}

/// Calls `visit` with every property of every object in the schema.
fn properties(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                // Examples are data, and conditions only repeat what stands elsewhere.
                if key == "examples" || key == "if" {
                    continue;
                }
                let path = format!("{path}/{key}");
                if key == "properties" {
                    for (name, property) in value.as_object().expect("a map of schemas") {
                        visit(&format!("{path}/{name}"), property);
                    }
                }
                properties(value, &path, visit);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| properties(item, &format!("{path}/{i}"), visit));
        }
        _ => {}
    }
}

#[test]
fn every_property_is_described_and_has_an_example_that_fits() {
    let schema = schema();
    let mut count = 0;
    properties(&schema, "", &mut |path, property| {
        count += 1;
        let description = property["description"].as_str().unwrap_or_default();
        assert!(description.len() > 10 && description.ends_with('.'), "{path}: {description:?}");
        let examples = property["examples"].as_array().filter(|examples| !examples.is_empty());
        let mut alone = property.clone();
        alone["$defs"] = schema["$defs"].clone();
        let validator = jsonschema::draft202012::new(&alone).expect("a part of a schema is one");
        for example in examples.unwrap_or_else(|| panic!("{path} has no example")) {
            if let Err(error) = validator.validate(example) {
                panic!("{path}: {example} does not fit: {error}");
            }
        }
    });
    assert!(count > 60, "only {count} properties were looked at");
}

#[test]
fn objects_are_closed_and_every_required_field_exists() {
    fn visit(schema: &Value, path: &str) {
        match schema {
            Value::Object(map) => {
                if map.contains_key("properties") && !path.is_empty() && !path.ends_with("/if") {
                    assert_eq!(map.get("additionalProperties"), Some(&Value::Bool(false)), "{path} is open");
                    for name in map.get("required").and_then(Value::as_array).into_iter().flatten() {
                        let name = name.as_str().expect("a name");
                        assert!(map["properties"].get(name).is_some(), "{path} requires `{name}`");
                    }
                }
                map.iter().filter(|(key, _)| *key != "examples").for_each(|(k, v)| visit(v, &format!("{path}/{k}")));
            }
            Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| visit(item, &format!("{path}/{i}"))),
            _ => {}
        }
    }
    visit(&schema(), "");
}

#[test]
fn what_is_not_supported_yet_is_not_in_the_schema() {
    let text = validate::schema_json();
    for name in ["rollout", "retry"] {
        assert!(!text.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn every_example_document_is_valid() {
    for kind in Kind::ALL {
        let mut sources = SourceMap::new();
        let id = sources.add(format!("{kind}.yaml"), validate::example(kind));
        let (is_whole, found) = match kind {
            Kind::Project => {
                let (project, found) = validate::project(&sources, id);
                (project.is_some(), found)
            }
            Kind::Fleet => {
                let (fleet, found) = validate::fleet(&sources, id);
                (fleet.is_some(), found)
            }
            Kind::Policy => {
                let validated = validate::manifests(&sources, &[id]);
                (validated.policies.len() == 1 && validated.complete, validated.diagnostics)
            }
            Kind::MethodJob | Kind::TwinJob => {
                let validated = validate::manifests(&sources, &[id]);
                (validated.manifests.len() == 1 && validated.complete, validated.diagnostics)
            }
        };
        assert!(is_whole && found.is_empty(), "{kind}:\n{}", render_text(&found, &sources, Look::Plain));
    }
}

/// Together the examples use every field, so that a reader finds each one somewhere.
#[test]
fn the_example_documents_use_nearly_every_field() {
    let examples: String = Kind::ALL.map(validate::example).concat();
    let mut unused = Vec::new();
    properties(&schema(), "", &mut |path, _| {
        let name = path.rsplit('/').next().unwrap_or_default();
        if !examples.contains(&format!("{name}:")) && !examples.contains(&format!("'{name}':")) {
            unused.push(name.to_owned());
        }
    });
    unused.sort();
    unused.dedup();
    assert_eq!(
        unused,
        ["adopt", "all", "asap", "deviceIds", "notAfter"],
        "alternatives of fields that the examples use"
    );
}
