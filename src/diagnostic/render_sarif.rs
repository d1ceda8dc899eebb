//! Findings as SARIF 2.1.0, for code scanning services and editors.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::code::Code;
use super::finding::{Diagnostic, Diagnostics, Severity};
use super::source::{SourceMap, Span};

/// A complete SARIF log with one run. `version` is that of the program.
#[must_use]
pub fn render_sarif(diagnostics: &Diagnostics, sources: &SourceMap, version: &str) -> Value {
    let sorted = diagnostics.sorted(sources);
    let codes: BTreeMap<&str, Code> = sorted.iter().map(|d| (d.code.as_str(), d.code)).collect();
    let index: BTreeMap<&str, usize> = codes.keys().copied().zip(0..).collect();
    let results: Vec<_> = sorted.iter().map(|d| result(d, index[d.code.as_str()], sources)).collect();
    sarif_log(version, codes.values().map(|code| rule(*code)).collect(), results)
}

/// A complete SARIF log with one run of this program, from rules and results in SARIF's own form.
#[must_use]
pub fn sarif_log(version: &str, rules: Vec<Value>, results: Vec<Value>) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "hubjobs", "semanticVersion": version, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": code.as_str().replace('-', " ")},
        "fullDescription": {"text": code.explain()},
        "help": {"text": code.explain()},
    })
}

fn result(diagnostic: &Diagnostic, rule_index: usize, sources: &SourceMap) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = diagnostic.message.clone();
    for line in diagnostic.notes.iter().chain(&diagnostic.help) {
        text.push('\n');
        text.push_str(line);
    }
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "ruleIndex": rule_index,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": physical_location(diagnostic.primary.span, sources)}],
    });
    if !diagnostic.secondary.is_empty() {
        let related = diagnostic.secondary.iter().map(|label| {
            json!({
                "physicalLocation": physical_location(label.span, sources),
                "message": {"text": label.text},
            })
        });
        result["relatedLocations"] = related.collect();
    }
    if let Some(fix) = &diagnostic.fix {
        let place = physical_location(fix.span, sources);
        result["fixes"] = json!([{
            "description": {"text": diagnostic.help.first().map_or("replace it", String::as_str)},
            "artifactChanges": [{
                "artifactLocation": place["artifactLocation"],
                "replacements": [{"deletedRegion": place["region"], "insertedContent": {"text": fix.replacement}}],
            }],
        }]);
    }
    result
}

fn physical_location(span: Span, sources: &SourceMap) -> Value {
    let (start, end) = sources.positions(span);
    json!({
        "artifactLocation": {"uri": sarif_uri(sources.get(span.source).path())},
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    })
}

/// A path as a relative URI reference: everything but unreserved characters and `/` is percent-encoded.
#[must_use]
pub fn sarif_uri(path: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(path, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_point_at_their_rules() {
        let mut sources = SourceMap::new();
        let id = sources.add("jobs/straße 1.yaml", "x: on\ny: 1\n".to_owned());
        let found: Diagnostics = [
            Diagnostic::warning(Code::AmbiguousScalar, Span::new(id, 3..5), "`on` is a text")
                .help("quote it")
                .fix(Span::new(id, 3..5), "\"on\""),
            Diagnostic::error(Code::UnknownField, Span::new(id, 6..7), "unknown field `y`")
                .also(Span::new(id, 0..1), "beside this"),
        ]
        .into_iter()
        .collect();
        let log = render_sarif(&found, &sources, "1.2.3");
        let run = &log["runs"][0];
        for result in run["results"].as_array().expect("an array") {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
        insta::assert_json_snapshot!(run["results"]);
    }
}
