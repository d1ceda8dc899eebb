//! What environments make of manifests: variables and patches.

use hubjobs::diagnostic::{Look, SourceMap, render_text};
use hubjobs::model::{Manifest, ManifestSource};
use hubjobs::query::{Expr, ExprKind, Literal, Selection, parse_condition};
use hubjobs::validate::{self, Coverage};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The manifests as the only environment of a project has them, and as `render` prints them; what was
/// found, if that is an error.
fn rendered(environment: &Value, jobs: &[Value]) -> Result<(Vec<Manifest>, String), String> {
    let project = json!({
        "apiVersion": "hubjobs.dev/v1",
        "kind": "Project",
        "metadata": {"name": "p"},
        "spec": {
            "ownerId": "5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10",
            "owner": "bldg",
            "manifests": ["."],
            "environments": {"local": environment},
        },
    });
    let mut sources = SourceMap::new();
    let project = sources.add("hubjobs.yaml", project.to_string());
    let ids: Vec<_> = jobs.iter().map(|job| sources.add("job.yaml", job.to_string())).collect();
    let (file, found) = validate::project(&sources, project);
    let file = file.ok_or_else(|| render_text(&found, &sources, Look::Plain))?;
    let overlays: Vec<_> = file.overlays.values().collect();
    let validated = validate::manifests_in(&sources, &ids, &overlays, Coverage::Project);
    match validated.complete && !validated.diagnostics.has_errors() {
        true => {
            let documents = validate::render(&sources, &ids, overlays[0]);
            let texts = documents.iter().map(|document| validate::to_yaml(&document.value).expect("a JSON value"));
            Ok((validated.manifests, texts.collect::<Vec<_>>().join("---\n")))
        }
        false => Err(render_text(&validated.diagnostics, &sources, Look::Plain)),
    }
}

fn manifests(environment: &Value, jobs: &[Value]) -> Result<Vec<Manifest>, String> {
    rendered(environment, jobs).map(|(manifests, _)| manifests)
}

/// The manifests of a rendered text, which needs no project.
fn read_again(text: &str) -> Vec<Manifest> {
    let mut sources = SourceMap::new();
    let id = sources.add("rendered.yaml", text.to_owned());
    let validated = validate::manifests(&sources, &[id]);
    let found = render_text(&validated.diagnostics, &sources, Look::Plain);
    assert!(validated.complete && !validated.diagnostics.has_errors(), "{found}\n{text}");
    validated.manifests
}

/// Where a manifest stands is no part of what it means.
fn meanings(manifests: Vec<Manifest>) -> Vec<Manifest> {
    let source = ManifestSource { path: String::new(), line: 0 };
    manifests.into_iter().map(|manifest| Manifest { source: source.clone(), ..manifest }).collect()
}

fn environment(variables: &Value) -> Value {
    json!({"hub": {"emulator": {}}, "prune": "never", "variables": variables})
}

fn twin_job(condition: &str) -> Value {
    json!({
        "apiVersion": "hubjobs.dev/v1",
        "kind": "TwinJob",
        "metadata": {"name": "a"},
        "spec": {
            "target": {"condition": condition},
            "schedule": {"cron": "0 22 * * *", "timeZone": "UTC"},
            "twin": {"tags": {"x": 1}},
        },
    })
}

/// The condition with a variable `x` put in; nothing if it is refused.
fn condition(template: &str, value: &Value) -> Result<String, String> {
    let manifests = manifests(&environment(&json!({ "x": value })), &[twin_job(template)])?;
    Ok(manifests[0].target.condition().as_str().to_owned())
}

/// What a condition asks, whatever its constants are.
fn shape(text: &str) -> Selection {
    let (selection, _) = parse_condition(text);
    let mut selection = selection.expect("it was accepted");
    selection.filter.iter_mut().for_each(blank);
    selection
}

fn blank(expr: &mut Expr) {
    match &mut expr.node {
        ExprKind::Literal(literal) => *literal = Literal::Null,
        ExprKind::Or(operands) | ExprKind::And(operands) => operands.iter_mut().for_each(blank),
        ExprKind::Not(operand) | ExprKind::Negate(operand) => blank(operand),
        ExprKind::Compare { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => {
            blank(left);
            blank(right);
        }
        ExprKind::Member { needle, list, .. } => {
            blank(needle);
            list.iter_mut().for_each(|item| item.node = Literal::Null);
        }
        ExprKind::StartsWith { text, prefix } => {
            blank(text);
            blank(prefix);
        }
        ExprKind::Path(_) | ExprKind::IsDefined(_) => {}
    }
}

/// What somebody would write who wants to widen a condition, or does not think of it.
fn hostile() -> impl Strategy<Value = String> {
    let words = [
        "'",
        "\"",
        "\\",
        "]]",
        "[[",
        "' OR true OR '",
        " OR 1 = 1",
        "\\' OR '1' = '1",
        "x",
        "]",
        "${x}",
        "\u{0}",
        "‘",
        "--",
        "\n",
    ];
    prop_oneof![
        any::<String>(),
        prop::collection::vec(prop::sample::select(words.to_vec()), 0..5).prop_map(|words| words.concat()),
    ]
}

fn template() -> impl Strategy<Value = String> {
    let words = [
        "${x}",
        "'${x}'",
        "\"a${x}\"",
        "tags.a",
        "tags.[[${x}]]",
        "tags.[[it's]]",
        " = ",
        " != ",
        " AND ",
        " OR ",
        "NOT ",
        "(",
        ")",
        "'",
        "\"",
        "\\",
        "1",
        "'a'",
        " IN [${x}, 'b']",
        "STARTSWITH(deviceId, ${x})",
        "-",
        " ",
        "$${",
        ".",
    ];
    prop_oneof![
        prop::collection::vec(prop::sample::select(words.to_vec()), 1..8).prop_map(|words| words.concat()),
        Just("tags.a = ${x}".to_owned()),
        Just("tags.[[it's]] = ${x} AND tags.b IN ['${x}', \"${x}\", ${x}]".to_owned()),
        Just("NOT STARTSWITH(deviceId, 'lock-${x}-') OR tags.b >= (${x})".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// The plain value shows what the author of the condition meant.
    #[test]
    fn no_value_changes_what_a_condition_asks(template in template(), value in hostile(), plain in "[a-z]{1,3}") {
        let (meant, put) = (condition(&template, &json!(plain)), condition(&template, &json!(value)));
        if let (Ok(meant), Ok(put)) = (meant, put) {
            prop_assert_eq!(shape(&meant), shape(&put), "{} became {}", template, put);
        }
    }

    /// Where a constant stands every text can be put, and arrives as it is.
    #[test]
    fn every_text_arrives_as_a_constant(value in hostile()) {
        for (template, prefix) in [("tags.a = ${x}", ""), ("tags.a = 'it\\'s ${x}'", "it's "), ("tags.a = \"${x}\"", "")] {
            let Ok(put) = condition(template, &json!(value)) else {
                // A text that looks like a path is refused for its own sake.
                prop_assert!(value.starts_with("tags.") || value.contains('.') || value.is_empty(), "{:?}", value);
                continue;
            };
            let (selection, _) = parse_condition(&put);
            let selection = selection.expect("it was accepted");
            let constants: Vec<_> = selection.constants().into_iter().map(|(literal, _)| literal.clone()).collect();
            prop_assert_eq!(constants, vec![Literal::String(format!("{prefix}{value}"))], "{}", put);
        }
    }

    /// What is rendered means the same without the project.
    #[test]
    fn rendered_manifests_mean_the_same(value in hostile(), key in "[a-z${]{1,4}") {
        let mut job = twin_job("tags.a = ${x} OR tags.b = '$${x}'");
        job["kind"] = json!("MethodJob");
        job["spec"]["method"] = json!({"name": "m", "payload": {key: ["${x}", "a ${x} $${x}", "on", "012", null]}});
        job["spec"].as_object_mut().expect("a map").remove("twin");
        if let Ok((manifests, text)) = rendered(&environment(&json!({ "x": value })), &[job]) {
            let again = read_again(&text);
            prop_assert_eq!(manifests[0].body().revision(), again[0].body().revision(), "{}", text);
            prop_assert_eq!(meanings(manifests), meanings(again), "{}", text);
        }
    }

    #[test]
    fn numbers_and_booleans_stay_what_they_are(number in any::<i32>(), fraction in -1e9..1e9_f64, boolean in any::<bool>()) {
        for (value, literal) in [
            (json!(number), Literal::Number(f64::from(number))),
            (json!(fraction), Literal::Number(fraction)),
            (json!(boolean), Literal::Boolean(boolean)),
        ] {
            let put = condition("tags.a = ${x}", &value).expect("a constant");
            let (selection, _) = parse_condition(&put);
            let selection = selection.expect("it was accepted");
            prop_assert_eq!(selection.constants()[0].0, &literal, "{}", put);
        }
    }
}

#[test]
fn variables_keep_their_type_and_patches_come_first() {
    let mut environment = environment(&json!({"n": 7, "text": "seven", "gone": null, "yes": true}));
    environment["patches"] = json!([
        {"kind": "TwinJob", "name": "a", "patch": {"spec": {"generation": "${n}", "twin": {"tags": {"x": null, "y": "${text}"}}}}},
        {"kind": "TwinJob", "name": "a", "patch": {"spec": {"suspend": "${yes}", "twin": {"desired": {"old": "${gone}"}}}}},
    ]);
    let mut job = twin_job("tags.n = ${n} AND tags.text = ${text}");
    job["spec"]["twin"] = json!({"tags": {"x": 1, "z": "${n} of ${text} $${n}", "list": ["${n}", "${yes}"]}});
    let manifests = manifests(&environment, &[job]).unwrap_or_else(|found| panic!("{found}"));
    let manifest = &manifests[0];
    assert_eq!(manifest.target.condition().as_str(), "tags.n = 7 AND tags.text = 'seven'");
    assert_eq!((manifest.suspend, manifest.generation.get()), (true, 7));
    let hubjobs::model::JobAction::Twin(twin) = &manifest.action else { panic!("a twin job") };
    assert_eq!(Value::from(twin.tags.clone()), json!({"z": "7 of seven ${n}", "list": [7, true], "y": "seven"}));
    assert_eq!(Value::from(twin.desired.clone()), json!({"old": null}));
}

/// Aliases repeat a text, and a text repeats a variable.
#[test]
fn variables_cannot_ask_for_gigabytes() {
    let text = "${x}".repeat(10_000);
    let mut job = twin_job("tags.a = 1");
    job["spec"]["twin"]["tags"] = json!({"a": text, "b": text, "c": text});
    let found = manifests(&environment(&json!({"x": "y".repeat(8_000)})), &[job]).expect_err("too much");
    assert!(found.contains("variables expand this document by more than 1048576 bytes"), "{found}");
}
