//! The JSON Schema of all documents, generated from the types in `raw`.

use std::sync::LazyLock;

use jsonschema::Validator;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::raw;

/// Where the schema is published.
const ID: &str = "https://hubjobs.dev/schemas/manifest.schema.json";

/// The schema, and the validator compiled from it, once a process.
pub(super) struct ManifestSchema {
    pub(super) document: Value,
    pub(super) validator: Validator,
}

pub(super) static SCHEMA: LazyLock<ManifestSchema> = LazyLock::new(|| {
    let document = generate();
    let validator = jsonschema::draft202012::new(&document).expect("the schema is valid: tests/schema.rs");
    ManifestSchema { document, validator }
});

/// The JSON Schema (draft 2020-12) of manifests, projects, policies and fleets, as published.
#[must_use]
pub fn schema_json() -> String {
    let mut text = serde_json::to_string_pretty(&SCHEMA.document).expect("JSON values have text");
    text.push('\n');
    text
}

/// One schema for all kinds. It chooses by `kind` with if/then: with `oneOf`, one typo would
/// yield the complaints of every kind.
fn generate() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_deserialize().with_transform(Plain).into_generator();
    let kinds: [(Kind, Value); 5] = [
        (Kind::Project, reference::<raw::Project<'_>>(&mut generator)),
        (Kind::MethodJob, reference::<raw::MethodJob<'_>>(&mut generator)),
        (Kind::TwinJob, reference::<raw::TwinJob<'_>>(&mut generator)),
        (Kind::Fleet, reference::<raw::Fleet<'_>>(&mut generator)),
        (Kind::Policy, reference::<raw::Policy<'_>>(&mut generator)),
    ];
    let branches: Vec<_> = kinds
        .iter()
        .map(|(kind, then)| {
            json!({"if": {"properties": {"kind": {"const": kind.as_str()}}, "required": ["kind"]}, "then": then})
        })
        .collect();
    let definitions: Map<_, _> = generator.take_definitions(true).into_iter().collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "hubjobs document",
        "description": "A document of hubjobs: a job manifest, a project, a policy or a fleet.",
        "type": "object",
        // Repeated from the kinds, so that an editor has something to offer in an empty file.
        "properties": {
            "apiVersion": {
                "description": "Version of the manifest format: `hubjobs.dev/v1`.",
                "examples": [raw::API_VERSION],
                "const": raw::API_VERSION,
            },
            "kind": {
                "description": "What the document describes.",
                "examples": ["MethodJob"],
                "enum": Kind::ALL.map(Kind::as_str),
            },
            "metadata": {
                "description": "Name and labels.",
                "examples": [{"name": "lock-doors"}],
                "type": "object",
            },
            "spec": {
                "description": "What the document says; its fields depend on `kind`.",
                "examples": [{"target": {"all": true}}],
                "type": "object",
            },
        },
        "required": ["apiVersion", "kind"],
        "allOf": branches,
        "$defs": definitions,
    })
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// Makes the generated schema plainer: optional fields are absent, never null; Rust's number
/// formats mean nothing to an editor; doc comments are one line of prose, not lines of source.
#[derive(Debug, Clone)]
struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        drop_null(object);
        if object.get("format").is_some_and(|format| format == "double") {
            object.remove("format");
        }
        if let Some(Value::String(description)) = object.get_mut("description") {
            *description = description.replace('\n', " ");
        }
    }
}

/// `T or null`, which `Option<T>` becomes, into `T`.
fn drop_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        // Six types mean any value at all, where null is one.
        if types.len() == 2 {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    let Some(Value::Array(branches)) = object.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
    if let [Value::Object(only)] = branches.as_slice() {
        let only = only.clone();
        object.remove("anyOf");
        object.extend(only);
    }
}
