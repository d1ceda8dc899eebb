//! What a plain scalar means: the core schema of YAML 1.2, and where YAML 1.1 disagrees.

use serde_json::{Number, Value};

/// Largest whole number that every JSON reader keeps: 2^53 - 1.
pub(super) const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Why a plain scalar has no JSON form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotJson {
    /// `.inf`, `.nan`, or too large for 64-bit floating point.
    NotFinite,
    /// A whole number beyond [`INTEGER_MAX`].
    IntegerTooLarge,
}

/// Resolves a plain scalar that is not a text; nothing means that it is one.
pub(super) fn resolve(text: &str) -> Option<Result<Value, NotJson>> {
    match text.as_bytes().first()? {
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' => keyword(text).map(Ok),
        b'0'..=b'9' | b'-' | b'+' | b'.' => number(text),
        _ => None,
    }
}

fn keyword(text: &str) -> Option<Value> {
    match text {
        "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn number(text: &str) -> Option<Result<Value, NotJson>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Err(NotJson::NotFinite));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        // `012` is 12 in YAML 1.2, 10 in YAML 1.1, and most often meant as a text.
        return if has_leading_zero(unsigned) { None } else { Some(integer(text, unsigned)) };
    }
    is_float(unsigned).then(|| float(text))
}

fn has_leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

fn integer(text: &str, unsigned: &str) -> Result<Value, NotJson> {
    let magnitude = unsigned.parse::<u64>().ok().filter(|n| *n <= INTEGER_MAX).ok_or(NotJson::IntegerTooLarge)?;
    if !text.starts_with('-') {
        return Ok(Value::from(magnitude));
    }
    Ok(Value::from(-i64::try_from(magnitude).map_err(|_| NotJson::IntegerTooLarge)?))
}

fn radix(digits: &str, radix: u32) -> Option<Result<Value, NotJson>> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok().filter(|n| *n <= INTEGER_MAX);
    Some(value.map(Value::from).ok_or(NotJson::IntegerTooLarge))
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let exponent_ok = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    let mantissa_ok = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    mantissa_ok && exponent_ok
}

fn float(text: &str) -> Result<Value, NotJson> {
    let number = text.parse().ok().and_then(Number::from_f64);
    number.map(Value::Number).ok_or(NotJson::NotFinite)
}

/// What a YAML 1.1 reader makes of a plain scalar that is a text in YAML 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Yaml11 {
    Boolean(bool),
    Octal,
    Sexagesimal,
    Number,
}

/// Whether a plain text is something else in YAML 1.1. Dates are left out: in JSON they are texts
/// for everybody.
pub(super) fn yaml11_meaning(text: &str) -> Option<Yaml11> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "y" | "yes" | "on" => return Some(Yaml11::Boolean(true)),
        "n" | "no" | "off" => return Some(Yaml11::Boolean(false)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit()) && has_leading_zero(unsigned) {
        return Some(Yaml11::Octal);
    }
    let parts: Vec<_> = unsigned.split(':').collect();
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if parts.len() > 1 && parts.iter().all(|part| number(part)) && parts[1..].iter().all(|part| part.len() <= 2) {
        return Some(Yaml11::Sexagesimal);
    }
    let binary = unsigned.strip_prefix("0b").is_some_and(|b| !b.is_empty() && b.bytes().all(|b| b"01_".contains(&b)));
    let grouped = unsigned.contains('_') && unsigned.bytes().all(|b| b.is_ascii_digit() || b"_.".contains(&b));
    (binary || grouped).then_some(Yaml11::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn core_schema() {
        for (text, value) in [
            ("~", json!(null)),
            ("Null", json!(null)),
            ("TRUE", json!(true)),
            ("0", json!(0)),
            ("-0", json!(0)),
            ("+12", json!(12)),
            ("-12", json!(-12)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("1e3", json!(1000.0)),
            ("-1.5E-2", json!(-0.015)),
            ("9007199254740991", json!(9_007_199_254_740_991_u64)),
        ] {
            assert_eq!(resolve(text), Some(Ok(value)), "{text}");
        }
    }

    #[test]
    fn texts() {
        for text in ["", "nul", "yes", "012", "1_000", "12:30", "-", "+", ".", "0x", "0o8", "1e", "1.2.3", "e5", "-.e5"]
        {
            assert_eq!(resolve(text), None, "{text}");
        }
    }

    #[test]
    fn no_json_form() {
        for text in [".inf", "-.INF", ".nan", "1e999"] {
            assert_eq!(resolve(text), Some(Err(NotJson::NotFinite)), "{text}");
        }
        for text in ["9007199254740992", "-9007199254740992", "99999999999999999999999", "0xFFFFFFFFFFFFFFFF"] {
            assert_eq!(resolve(text), Some(Err(NotJson::IntegerTooLarge)), "{text}");
        }
    }

    #[test]
    fn yaml_1_1_surprises() {
        use Yaml11::{Boolean, Number, Octal, Sexagesimal};
        for (text, meaning) in [
            ("on", Some(Boolean(true))),
            ("NO", Some(Boolean(false))),
            ("y", Some(Boolean(true))),
            ("012", Some(Octal)),
            ("12:30", Some(Sexagesimal)),
            ("12:30:45", Some(Sexagesimal)),
            ("1_000", Some(Number)),
            ("0b11", Some(Number)),
            ("none", None),
            ("2026-12-01", None),
            ("1.2.3", None),
            ("10:0a", None),
            ("a:b", None),
        ] {
            assert_eq!(yaml11_meaning(text), meaning, "{text}");
        }
    }
}
