//! YAML for people and for every reader of YAML.
//!
//! `serde_yaml` leaves words plain that YAML 1.1 readers take for booleans and numbers, and leaves
//! characters as they are that nobody sees or that turn the direction of writing: what comes from a hub
//! must not look like something else in a review. The text is read again, such words are put in quotes
//! and such characters escaped, and the result must read back as the same value; if it does not, JSON
//! is written, which is YAML as well.

use granit_parser::{Event, Parser, ScalarStyle};
use serde::Serialize;
use serde_json::Value;

use super::compose::compose;
use super::scalar::{resolve, yaml11_meaning};
use crate::diagnostic::SourceMap;

/// A value as YAML that YAML 1.1 and YAML 1.2 readers read alike.
///
/// # Errors
/// When the value has no JSON form, such as a map whose keys are no texts.
pub fn to_yaml(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let value = serde_json::to_value(value)?;
    let plain = serde_yaml::to_string(&value).unwrap_or_default();
    let hardened = harden(&plain);
    if reads_back_as(&hardened, &value) {
        return Ok(hardened);
    }
    let mut json = ascii_json(&value)?;
    json.push('\n');
    Ok(json)
}

/// Puts plain texts in quotes that some reader takes for something else.
fn harden(yaml: &str) -> String {
    let mut out = String::with_capacity(yaml.len() + 16);
    let mut at = 0;
    for (event, span) in Parser::new_from_str(yaml).map_while(Result::ok) {
        let Event::Scalar(text, style, ..) = &event else { continue };
        let Some(bytes) = span.byte_range().filter(|bytes| !bytes.is_empty() && bytes.start >= at) else { continue };
        if text.contains(misleads) && !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            out.push_str(&yaml[at..bytes.start]);
            out.push_str(&ascii_json(&Value::from(text.as_ref())).unwrap_or_default());
            at = bytes.end;
        } else if *style == ScalarStyle::Plain && resolve(text).is_none() && is_ambiguous(text) {
            out.push_str(&yaml[at..bytes.start]);
            out.push('\'');
            out.push_str(&yaml[bytes.clone()]);
            out.push('\'');
            at = bytes.end;
        }
    }
    out.push_str(&yaml[at..]);
    out
}

/// Whether a character is not seen, breaks lines for some readers only, or turns the direction of
/// writing.
const fn misleads(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_ambiguous(text: &str) -> bool {
    // Dates, times and anything like a number, in the widest sense of any reader.
    let numberlike = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.chars().all(|c| c.is_ascii_hexdigit() || "+-._:xobTtZz ".contains(c));
    matches!(text, "=" | "<<") || numberlike || yaml11_meaning(text).is_some()
}

fn reads_back_as(yaml: &str, value: &Value) -> bool {
    if yaml.contains(misleads) {
        return false;
    }
    let mut sources = SourceMap::new();
    let id = sources.add("written.yaml", yaml.to_owned());
    let composed = compose(&sources, id);
    match composed.documents.as_slice() {
        [only] => composed.findings.is_empty() && only.value == *value,
        // A lone null is no document to the reader.
        [] => value.is_null(),
        _ => false,
    }
}

/// JSON in which everything beyond ASCII is escaped.
fn ascii_json(value: &Value) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string_pretty(value)?;
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            out.push(c);
        } else {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NASTY: [&str; 40] = [
        "",
        " ",
        "~",
        "null",
        "Null",
        "true",
        "False",
        "y",
        "Y",
        "n",
        "yes",
        "No",
        "on",
        "OFF",
        "=",
        "<<",
        "012",
        "0x1F",
        "0o7",
        "1_000",
        "12:30",
        "12:30:45",
        "1e3",
        ".5",
        "+1",
        "-",
        "- a",
        "a: b",
        "a #b",
        "#",
        "*a",
        "&a",
        "!t",
        "|",
        ">",
        "2026-12-01",
        "2026-12-01T09:30:00Z",
        "line\nbreak",
        " lead",
        "trail ",
    ];

    #[test]
    fn nasty_texts_survive_as_values_and_as_keys() {
        for text in NASTY.into_iter().chain([
            "\u{2028}",
            "\u{85}x",
            "tab\there",
            "\u{7f}",
            "é😀",
            "'",
            "\"",
            "\\",
            "[",
            "{a}",
            "%",
            "@",
            "`",
        ]) {
            for value in [json!(text), json!({ "key": text }), json!({ text: 1 }), json!([text, [text]])] {
                let yaml = to_yaml(&value).expect("a JSON value");
                assert!(reads_back_as(&yaml, &value) || yaml.contains("\\u"), "{yaml}");
            }
        }
    }

    #[test]
    fn what_yaml_1_1_misreads_is_quoted() {
        let yaml = to_yaml(&json!({"country": "NO", "on": "012", "at": "2026-12-01T09:30", "n": 12, "b": true}));
        assert_eq!(
            yaml.expect("a JSON value"),
            "country: 'NO'\n'on': '012'\nat: '2026-12-01T09:30'\n'n': 12\nb: true\n"
        );
    }

    #[test]
    fn characters_that_mislead_are_escaped() {
        let written = |value: Value| to_yaml(&value).expect("a JSON value");
        assert_eq!(written(json!({"a": "x\u{2028}y"})), "{\n  \"a\": \"x\\u2028y\"\n}\n");
        assert_eq!(written(json!({"a": "b = '\u{202e}'", "c": 1})), "a: \"b = '\\u202e'\"\nc: 1\n");
        assert_eq!(written(json!({"\u{200b}": "\u{1f}\u{9b}"})), "\"\\u200b\": \"\\u001f\\u009b\"\n");
        assert_eq!(written(json!({"a": "b\n\u{202e}"})), "{\n  \"a\": \"b\\n\\u202e\"\n}\n");
        for text in ["\u{202e}", "a\u{feff}b: '", "\u{e0041}", "\u{85}"] {
            for value in [json!(text), json!({ text: [text] })] {
                let yaml = written(value.clone());
                assert!(!yaml.contains(misleads) && reads_back_as(&yaml, &value), "{yaml:?}");
            }
        }
    }
}
