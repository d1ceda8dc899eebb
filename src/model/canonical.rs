//! RFC 8785 (JSON Canonicalization Scheme) and the digest over it: the same body gives the same
//! bytes on every machine, whatever the order of its keys or the spelling of its numbers.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The RFC 8785 text of a value: keys by UTF-16 code units, numbers as ECMAScript prints them.
///
/// Integers beyond 2^53 lose precision in that form, as in every JSON reader that follows
/// ECMAScript; validation refuses them in manifests.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => write_number(out, n),
        Value::String(s) => write_string(out, s),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, (key, item)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_string(out, key);
                out.push(':');
                write_value(out, item);
            }
            out.push('}');
        }
    }
}

fn write_number(out: &mut String, number: &serde_json::Number) {
    match number.as_f64() {
        Some(float) => out.push_str(ryu_js::Buffer::new().format(float)),
        // Unreachable without serde_json's arbitrary precision; the digits as they stand are
        // still a deterministic choice.
        None => out.push_str(&number.to_string()),
    }
}

fn write_string(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    // serde_json escapes exactly what RFC 8785 asks for: `"`, `\`, and controls, in short form
    // where JSON has one, else as lower-case \u00xx.
    out.push_str(&Value::String(text.to_owned()).to_string());
}

/// The first `len` characters of the lower-case base32 (RFC 4648) of SHA-256.
#[must_use]
pub fn sha256_base32(bytes: &[u8], len: usize) -> String {
    let digest = Sha256::digest(bytes);
    let mut text = data_encoding::BASE32_NOPAD.encode(&digest);
    text.truncate(len);
    text.make_ascii_lowercase();
    text
}

/// `sha256:` and the lower-case hexadecimal of SHA-256.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_examples_of_rfc_8785() {
        let input: Value = serde_json::from_str(
            r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
                "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
        )
        .expect("valid JSON");
        assert_eq!(
            canonical_json(&input),
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
    }

    #[test]
    fn sorts_keys_by_utf16_code_units() {
        let input: Value = serde_json::from_str(
            "{\"\u{20ac}\":1,\"\\r\":2,\"\u{fb33}\":3,\"1\":4,\"\u{1f600}\":5,\"\u{80}\":6,\"\u{f6}\":7}",
        )
        .expect("valid JSON");
        assert_eq!(
            canonical_json(&input),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
    }

    #[test]
    fn one_and_one_point_zero_are_the_same_number() {
        assert_eq!(canonical_json(&serde_json::json!([1.0, -0.0])), canonical_json(&serde_json::json!([1, 0])));
    }
}
