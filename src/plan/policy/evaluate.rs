//! Rules on one action.

use cel::objects::{Key, Map};
use cel::{Context, ExecutionError, Value as Cel};
use serde_json::Value;

use super::facts::Common;
use crate::model::{Expression, MessageTemplate, PolicyRule, TemplatePart};

/// Longest value that a message shows, in characters.
const SHOWN_MAX: usize = 120;
/// Members that are missing when devices were not counted.
const COUNTED: [&str; 5] = ["devices", "percentOfHub", "connected", "durationSeconds", "messages"];

/// What a rule says about an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ruled {
    /// Nothing.
    Quiet,
    /// What its author wrote.
    Applies(String),
    /// It could not be evaluated, and why.
    Failed(String),
}

/// One action and all that expressions can see beside it.
pub(super) struct Scene {
    context: Context<'static, 'static>,
}

impl Scene {
    pub(super) fn new(action: &Value, common: &Common) -> Self {
        let mut context = Context::with_env(Expression::env());
        context.add_variable_from_value("action", cel(action));
        context.add_variable_from_value("environment", common.environment.clone());
        context.add_variable_from_value("hub", common.hub.clone());
        context.add_variable_from_value("plan", common.plan.clone());
        Self { context }
    }

    /// What a rule says about the action.
    pub(super) fn ask(&self, rule: &PolicyRule) -> Ruled {
        match rule.when.program().execute(&self.context) {
            Ok(Cel::Bool(false)) => Ruled::Quiet,
            Ok(Cel::Bool(true)) => Ruled::Applies(self.message(&rule.message)),
            Ok(other) => Ruled::Failed(format!("`{}` is {}, neither true nor false", rule.when, shown(&other))),
            Err(why) => Ruled::Failed(in_words(&why)),
        }
    }

    fn message(&self, template: &MessageTemplate) -> String {
        let part = |part: &TemplatePart| match part {
            TemplatePart::Text(text) => text.clone(),
            TemplatePart::Value(expression) => match expression.program().execute(&self.context) {
                Ok(value) => shown(&value),
                Err(_) => "(unknown)".to_owned(),
            },
        };
        template.parts().iter().map(part).collect()
    }
}

/// Why an expression has no value.
fn in_words(why: &ExecutionError) -> String {
    match why {
        ExecutionError::NoSuchKey(key) if COUNTED.contains(&key.as_str()) => {
            format!("`{key}` is not known, because devices were not counted; plan with `--counts all`")
        }
        ExecutionError::NoSuchKey(key) => format!("it has no `{key}`; ask `has(...)` first"),
        other => clean(&other.to_string()),
    }
}

/// A JSON value as expressions see it: whole numbers are of one kind, so that `2 == 2` always holds.
pub(super) fn cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(truth) => Cel::Bool(*truth),
        Value::String(text) => Cel::String(text.clone().into()),
        Value::Array(items) => Cel::List(items.iter().map(cel).collect::<Vec<_>>().into()),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (Key::String(key.clone().into()), cel(value)));
            Cel::Map(Map { map: members.collect::<std::collections::HashMap<_, _>>().into() })
        }
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Cel::Int(whole),
            (None, Some(whole)) => Cel::UInt(whole),
            (None, None) => Cel::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
    }
}

/// A value in a sentence. Values of twins are of others, and must not speak to a terminal.
fn shown(value: &Cel) -> String {
    match value {
        Cel::Null => "null".to_owned(),
        Cel::Bool(truth) => truth.to_string(),
        Cel::Int(number) => number.to_string(),
        Cel::UInt(number) => number.to_string(),
        Cel::Float(number) => number.to_string(),
        Cel::String(text) => clean(text),
        Cel::List(items) => clean(&format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))),
        Cel::Map(map) => clean(&format!("a map of {} members", map.map.len())),
        _ => "a value".to_owned(),
    }
}

/// Without what a terminal obeys or what turns the direction of writing, and not too long.
fn clean(text: &str) -> String {
    let is_bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown: String = text.chars().take(SHOWN_MAX).map(|c| if is_bad(c) { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{ManifestSource, PolicyLevel};

    fn ask(when: &str, message: &str, action: &Value) -> Ruled {
        let rule = PolicyRule {
            name: "r".to_owned(),
            level: PolicyLevel::Deny,
            when: Expression::parse(when).expect(when),
            message: MessageTemplate::parse(message).expect(message),
            source: ManifestSource { path: "p.yaml".to_owned(), line: 1 },
        };
        let common = Common {
            environment: cel(&json!("prod")),
            hub: cel(&json!({"sku": "S1", "units": 2})),
            plan: cel(&json!({"create": 1})),
        };
        Scene::new(action, &common).ask(&rule)
    }

    #[test]
    fn rules_see_numbers_texts_and_lists() {
        let action = json!({
            "devices": 9800, "percentOfHub": 98.2, "labels": {"team": "a"}, "generation": 0,
            "patch": [{"path": "desired.log.level", "to": "debug"}, {"path": "tags.x", "to": null}],
        });
        for (when, applies) in [
            ("action.devices > 500 && environment == 'prod'", true),
            ("action.percentOfHub > 98", true),
            ("action.percentOfHub >= 98.2", true),
            ("action.patch.exists(p, p.path.endsWith('log.level') && p.to == 'debug')", true),
            ("action.patch.exists(p, p.path.startsWith('tags.') && p.to == null)", true),
            ("action.patch.all(p, p.to != null)", false),
            ("has(action.connected) && action.connected == 0", false),
            ("hub.sku in ['S2', 'S3'] || hub.units > 1 && plan.create >= 1", true),
            ("'owner' in action.labels", false),
        ] {
            let expected = if applies { Ruled::Applies("9800".to_owned()) } else { Ruled::Quiet };
            assert_eq!(ask(when, "{action.devices}", &action), expected, "{when}");
        }
    }

    #[test]
    fn what_cannot_be_judged_does_not_pass() {
        let failed = |when: &str| match ask(when, "m", &json!({"name": "a", "labels": {}})) {
            Ruled::Failed(why) => why,
            other => panic!("{when}: {other:?}"),
        };
        assert_eq!(
            failed("action.devices > 5"),
            "`devices` is not known, because devices were not counted; plan with `--counts all`"
        );
        assert_eq!(failed("action.labels.team == 'a'"), "it has no `team`; ask `has(...)` first");
        assert_eq!(failed("action.name"), "`action.name` is a, neither true nor false");
        assert!(failed("action.name > 5").contains("_>_"), "{}", failed("action.name > 5"));
        assert!(!failed("1 / 0 == 1").is_empty());
    }

    #[test]
    fn messages_are_no_way_to_speak_to_a_terminal() {
        let action = json!({"name": "\u{1b}[31mred\u{202e}", "devices": 1, "labels": {"a": "b"}});
        let Ruled::Applies(message) = ask("true", "{{{action.name}}} {action.labels} {action.percentOfHub}", &action)
        else {
            panic!("it applies")
        };
        assert_eq!(message, "{\u{fffd}[31mred\u{fffd}} a map of 1 members (unknown)");
    }
}
