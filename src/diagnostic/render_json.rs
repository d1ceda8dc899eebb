//! Findings for machines.

use serde_json::{Value, json};

use super::finding::{Diagnostic, Diagnostics, Label};
use super::source::{Position, SourceMap, Span};

/// Version of the JSON form; raised when a reader would have to change.
pub const DIAGNOSTICS_FORMAT_VERSION: u32 = 1;

/// One document with all findings in order.
#[must_use]
pub fn render_json(diagnostics: &Diagnostics, sources: &SourceMap) -> Value {
    let counts = diagnostics.counts();
    json!({
        "formatVersion": DIAGNOSTICS_FORMAT_VERSION,
        "diagnostics":
            diagnostics.sorted(sources).into_iter().map(|d| diagnostic_json(d, sources)).collect::<Vec<_>>(),
        "summary": {"errors": counts.errors, "warnings": counts.warnings, "files": counts.files},
    })
}

/// One finding, complete in itself, so that it can also be one line of a stream.
#[must_use]
pub fn diagnostic_json(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let fix = diagnostic.fix.as_ref().map(|fix| {
        let mut place = place_json(fix.span, sources);
        place["replacement"] = fix.replacement.as_str().into();
        place
    });
    json!({
        "type": "diagnostic",
        "severity": diagnostic.severity.as_str(),
        "code": diagnostic.code.as_str(),
        "message": diagnostic.message,
        "primary": label_json(&diagnostic.primary, sources),
        "secondary": diagnostic.secondary.iter().map(|label| label_json(label, sources)).collect::<Vec<_>>(),
        "help": diagnostic.help,
        "notes": diagnostic.notes,
        "fix": fix,
    })
}

fn label_json(label: &Label, sources: &SourceMap) -> Value {
    let mut place = place_json(label.span, sources);
    place["label"] = label.text.as_str().into();
    place
}

fn place_json(span: Span, sources: &SourceMap) -> Value {
    let position = |p: Position, byte: u32| json!({"line": p.line, "column": p.column, "byte": byte});
    let (start, end) = sources.positions(span);
    json!({
        "path": sources.get(span.source).path(),
        "start": position(start, span.start),
        "end": position(end, span.end),
    })
}

#[cfg(test)]
mod tests {
    use super::super::code::Code;
    use super::*;

    #[test]
    fn names_every_fact() {
        let mut sources = SourceMap::new();
        let id = sources.add("a.yaml", "x: on\n".to_owned());
        let finding = Diagnostic::warning(Code::AmbiguousScalar, Span::new(id, 3..5), "`on` is a text")
            .label("here")
            .help("quote it")
            .fix(Span::new(id, 3..5), "\"on\"");
        let text = serde_json::to_string_pretty(&render_json(&std::iter::once(finding).collect(), &sources));
        insta::assert_snapshot!(text.expect("plain data"));
    }
}
