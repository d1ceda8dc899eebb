//! What the hub refuses to keep in a twin (reference 4.3). The limits are documented; the words of
//! the refusals are our own.

use serde_json::{Map, Value};

use super::fault::{FaultKind, HubFault};
use super::keys::Keys;
use super::packed::{Members, Node, text};
use super::rules::{
    DEPTH_MAX, INTEGER_MAX, INTEGER_MIN, KEY_BYTES_MAX, PROPERTIES_BYTES_MAX, STRING_BYTES_MAX, TAGS_BYTES_MAX,
};

/// A part of a twin that has limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Tags,
    Desired,
    Reported,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Tags => "tags",
            Self::Desired => "properties.desired",
            Self::Reported => "properties.reported",
        }
    }

    const fn bytes_max(self) -> usize {
        match self {
            Self::Tags => TAGS_BYTES_MAX,
            Self::Desired | Self::Reported => PROPERTIES_BYTES_MAX,
        }
    }
}

/// Checks all of a patch that does not depend on the twin.
pub(super) fn check_patch(part: Part, patch: &Map<String, Value>) -> Result<(), HubFault> {
    for (name, value) in patch {
        if name == "$metadata" || name == "$version" {
            continue;
        }
        check_member(part.name(), name, value, 0)?;
    }
    Ok(())
}

/// Checks what a part of a twin would become.
pub(super) fn check_size(part: Part, members: Members<'_>, keys: &Keys) -> Result<(), HubFault> {
    let (size, max) = (size_of(members, keys), part.bytes_max());
    if size <= max {
        return Ok(());
    }
    Err(invalid(format!("The size of `{}` is {size} bytes, the limit is {max} bytes.", part.name())))
}

/// `depth` counts the objects around the member, below the part.
fn check_member(path: &str, name: &str, value: &Value, depth: usize) -> Result<(), HubFault> {
    check_key(path, name)?;
    check_value(&format!("{path}.{name}"), value, depth, Place::Member)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Member,
    Element,
}

fn check_value(path: &str, value: &Value, depth: usize, place: Place) -> Result<(), HubFault> {
    match value {
        Value::Null if place == Place::Element => Err(invalid(format!("`{path}` holds null in an array."))),
        Value::Null | Value::Bool(_) => Ok(()),
        Value::Number(number) => {
            let integer = !number.is_f64();
            let within = number.as_i64().is_some_and(|value| (INTEGER_MIN..=INTEGER_MAX).contains(&value));
            if integer && !within {
                return Err(invalid(format!("`{path}` is an integer outside [{INTEGER_MIN}; {INTEGER_MAX}].")));
            }
            Ok(())
        }
        Value::String(text) if text.len() > STRING_BYTES_MAX => Err(invalid(format!(
            "`{path}` is a string of {} bytes, the limit is {STRING_BYTES_MAX} bytes.",
            text.len()
        ))),
        Value::String(_) => Ok(()),
        Value::Object(_) | Value::Array(_) if depth >= DEPTH_MAX => {
            Err(invalid(format!("`{path}` is nested deeper than {DEPTH_MAX} levels.")))
        }
        Value::Object(members) => {
            members.iter().try_for_each(|(name, value)| check_member(path, name, value, depth + 1))
        }
        Value::Array(elements) => {
            elements.iter().try_for_each(|value| check_value(path, value, depth + 1, Place::Element))
        }
    }
}

fn check_key(path: &str, name: &str) -> Result<(), HubFault> {
    if name.len() > KEY_BYTES_MAX {
        return Err(invalid(format!(
            "A name in `{path}` has {} bytes, the limit is {KEY_BYTES_MAX} bytes.",
            name.len()
        )));
    }
    // `is_control` is C0, DEL and C1.
    let forbidden = name.chars().find(|c| c.is_control() || matches!(c, '.' | '$' | '#' | ' '));
    match forbidden {
        Some(c) => Err(invalid(format!("The name `{}` in `{path}` holds the character {c:?}.", name.escape_debug()))),
        None => Ok(()),
    }
}

/// Documented: the sum of the lengths of names and values; a string counts its characters except
/// control characters, a number 8, a boolean 4. Assumed: an array counts its elements.
fn size_of(members: Members<'_>, keys: &Keys) -> usize {
    members.map(|member| keys.name(member.key).len() + size_of_node(member.node, keys)).sum()
}

fn size_of_node(node: Node<'_>, keys: &Keys) -> usize {
    match node {
        Node::Null => 0,
        Node::Boolean(_) => 4,
        Node::Integer(_) | Node::Float(_) => 8,
        Node::Text(bytes) => text(bytes).chars().filter(|c| !c.is_control()).count(),
        Node::Object(members) => size_of(members, keys),
        Node::Array(elements) => elements.map(|node| size_of_node(node, keys)).sum(),
    }
}

fn invalid(text: String) -> HubFault {
    HubFault::new(FaultKind::ArgumentInvalid, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(patch: &Value) -> Option<String> {
        check_patch(Part::Tags, patch.as_object()?).err().map(|fault| fault.text)
    }

    fn nested(levels: usize) -> Value {
        (0..levels).fold(json!("scalar"), |inner, _| json!({"a": inner}))
    }

    #[test]
    fn takes_what_is_just_within_the_limits() {
        for patch in [
            json!({"k".repeat(1_024): 1, "": 2, "gr\u{fc}n": 3}),
            json!({"a": "x".repeat(4_096)}),
            json!({"a": 4_503_599_627_370_495_i64, "b": -4_503_599_627_370_496_i64, "c": 1e300}),
            nested(11),
            json!({"a": [1, {"b": 2}], "c": null, "$version": 3, "$metadata": {"a b": 1}}),
        ] {
            assert_eq!(refusal(&patch), None);
        }
    }

    #[test]
    fn refuses_what_is_just_beyond() {
        for (patch, words) in [
            (json!({"k".repeat(1_025): 1}), "1025 bytes, the limit is 1024"),
            (json!({"a": "x".repeat(4_097)}), "a string of 4097 bytes"),
            (json!({"a": {"b": 4_503_599_627_370_496_i64}}), "`tags.a.b` is an integer outside"),
            (json!({"a": u64::MAX}), "an integer outside"),
            (nested(12), "nested deeper than 10 levels"),
            (json!({"a": [null]}), "null in an array"),
            (json!({"a.b": 1}), "holds the character '.'"),
            (json!({"a": {"$b": 1}}), "holds the character '$'"),
            (json!({"a b": null}), "holds the character ' '"),
            (json!({"a#": 1}), "holds the character '#'"),
            (json!({"a\u{7f}": 1}), "holds the character"),
        ] {
            let text = refusal(&patch).expect("refused");
            assert!(text.contains(words), "{text}");
        }
    }
}
