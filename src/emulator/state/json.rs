//! JSON of clients, and what of it the hub can keep: what it takes it must be able to read back from
//! its files, where it stands some levels deeper.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::fault::{FaultKind, HubFault};
use super::rules::BODY_DEPTH_MAX;

/// Members of that name mean something to the JSON library itself: it reads the text in them as JSON
/// once more, at any depth.
const RESERVED: &str = "$serde_json::private::";

/// Reads JSON of a client.
///
/// # Errors
/// When it is not JSON, nests too deeply, or has a name that cannot be kept.
pub(in crate::emulator) fn parse_json(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Inside { depth: 0 }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Checks that a body can be kept, wherever it is from.
///
/// # Errors
/// When it cannot.
pub(super) fn check_body(body: &Value) -> Result<(), HubFault> {
    check(body, 0).map_err(|why| HubFault::new(FaultKind::GenericBadRequest, format!("BadRequest: {why}")))
}

/// Why JSON cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unkept {
    #[error("the body nests deeper than {BODY_DEPTH_MAX} levels")]
    Depth,
    #[error("a name begins with `{RESERVED}`")]
    Name,
}

fn check(value: &Value, depth: usize) -> Result<(), Unkept> {
    match value {
        Value::Object(_) | Value::Array(_) if depth >= BODY_DEPTH_MAX => Err(Unkept::Depth),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            check_name(name)?;
            check(value, depth + 1)
        }),
        Value::Array(elements) => elements.iter().try_for_each(|value| check(value, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), Unkept> {
    if name.starts_with(RESERVED) { Err(Unkept::Name) } else { Ok(()) }
}

/// Reads a value within so many others. Unlike the library's own reader it takes every name for a name.
#[derive(Clone, Copy)]
struct Inside {
    depth: usize,
}

impl Inside {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > BODY_DEPTH_MAX { Err(E::custom(Unkept::Depth)) } else { Ok(Self { depth }) }
    }
}

impl<'de> DeserializeSeed<'de> for Inside {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inside {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let (inside, mut array) = (self.deeper()?, Vec::new());
        while let Some(element) = elements.next_element_seed(inside)? {
            array.push(element);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let (inside, mut object) = (self.deeper()?, Map::new());
        while let Some(name) = members.next_key::<String>()? {
            check_name(&name).map_err(A::Error::custom)?;
            object.insert(name, members.next_value_seed(inside)?);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    /// Text that the JSON library would read as one more level in a member of a reserved name, and
    /// that with every level grows by no more than a constant for each quote.
    fn hidden(levels: usize) -> String {
        (0..levels).fold("1".to_owned(), |inner, _| {
            let inner: String = inner.chars().map(|c| if "\"\\".contains(c) { code(c) } else { c.into() }).collect();
            format!("{{\"{RESERVED}RawValue\":\"{inner}\"}}")
        })
    }

    fn code(c: char) -> String {
        format!("\\u{:04x}", u32::from(c))
    }

    #[test]
    fn reads_what_json_is() {
        for text in [
            "null",
            " [1, -1, 0.5, -0.0, 1e300, 18446744073709551615, -9223372036854775808, 123456789012345678901234567890] ",
            r#"{"a": {"b": [true, false, null, "\u00e9\ud83d\ude00"]}, "a": 1, "": ""}"#,
        ] {
            let (ours, theirs) = (parse_json(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
            assert_eq!(ours.to_string(), theirs.to_string());
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [&b""[..], b"{", b"[1,]", b"{} {}", b"\"\\ud800\"", b"\"\xff\"", b"1e999", b"NaN", b"{1: 2}", b"01"]
        {
            assert!(parse_json(text).is_err(), "{}", String::from_utf8_lossy(text));
            assert!(serde_json::from_slice::<Value>(text).is_err());
        }
    }

    #[test]
    fn depth_has_a_bound() {
        assert!(parse_json(nested(BODY_DEPTH_MAX).as_bytes()).is_ok());
        for levels in [BODY_DEPTH_MAX + 1, 127, 100_000] {
            assert!(parse_json(nested(levels).as_bytes()).is_err());
            assert!(parse_json("{\"a\":".repeat(levels).as_bytes()).is_err());
        }
        let body = |levels| (0..levels).fold(json!({}), |inner, _| json!([inner]));
        assert_eq!(check_body(&body(BODY_DEPTH_MAX - 1)), Ok(()));
        assert_eq!(check_body(&body(BODY_DEPTH_MAX)).unwrap_err().kind, FaultKind::GenericBadRequest);
    }

    #[test]
    fn names_of_the_json_library_are_refused() {
        for levels in [1, 2, 100] {
            let text = hidden(levels);
            assert!(text.len() < 262_144 && parse_json(text.as_bytes()).is_err(), "{}", text.len());
        }
        for name in ["RawValue", "Number"] {
            let mut body = json!({"b": 1});
            body[format!("{RESERVED}{name}")] = json!("[");
            assert!(check_body(&json!([body])).is_err());
        }
    }

    proptest! {
        /// What is read can be written and read again, whatever the numbers and names.
        #[test]
        fn what_is_taken_reads_back(text in "[\\[\\]{}\",:\\\\0-9eE.+a-z \\-]{0,40}", float in any::<f64>(), whole in any::<u64>()) {
            for text in [text, format!("[{float:?}, {whole}, -{whole}, {float:e}]")] {
                if let Ok(value) = parse_json(text.as_bytes()) {
                    let written = value.to_string();
                    prop_assert_eq!(parse_json(written.as_bytes()).unwrap(), value.clone());
                    prop_assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
                }
            }
        }
    }
}
