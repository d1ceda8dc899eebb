//! Files of fault scripts: `faults: [...]`, each a line of a script. What a line means is not decided
//! here.

use serde_json::Value;

use super::compose::compose;
use super::spans::{Document, Node};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span};

/// A line of a fault script, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultLine {
    /// `cancelJob: 429 x3`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// Reads a file of fault scripts.
#[must_use]
pub fn fault_lines(sources: &SourceMap, id: SourceId) -> (Vec<FaultLine>, Diagnostics) {
    let composed = compose(sources, id);
    let mut lines = Vec::new();
    let mut diagnostics: Diagnostics = composed.findings.into_iter().collect();
    if composed.documents.is_empty() && diagnostics.is_empty() {
        diagnostics.push(no_list(Span::file(id)));
    }
    for document in &composed.documents {
        read(document, &mut lines, &mut diagnostics);
    }
    (lines, diagnostics)
}

fn read(document: &Document, lines: &mut Vec<FaultLine>, diagnostics: &mut Diagnostics) {
    let root = document.root();
    let list = if root.value.is_object() { document.field(root, "faults") } else { None };
    let Some(list) = list.filter(|list| list.value.is_array()) else {
        return diagnostics.push(no_list(document.value_span(list.unwrap_or(root))));
    };
    for (name, node) in document.children(root).filter(|(name, _)| *name != "faults") {
        let finding =
            Diagnostic::error(Code::UnknownField, document.key_span(node), format!("`{name}` means nothing here"));
        diagnostics.push(finding.label("unknown").help("a file of faults has one list, `faults`"));
    }
    let items = list.value.as_array().map_or(0, Vec::len);
    for item in (0..items).filter_map(|index| document.item(list, index)) {
        let span = document.value_span(item);
        match line(document, item) {
            Some(text) => lines.push(FaultLine { text, span }),
            None => diagnostics.push(
                Diagnostic::error(Code::WrongType, span, "this is no fault")
                    .label("not a line of a script")
                    .help("write `- cancelJob: 429 x3`, and quotes around a line that begins with `*`"),
            ),
        }
    }
}

/// A line is a text; without quotes YAML takes it for a map of one entry.
fn line(document: &Document, item: Node<'_>) -> Option<String> {
    match item.value {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) if map.len() == 1 => {
            let (call, node) = document.children(item).next()?;
            match node.value {
                Value::String(text) => Some(format!("{call}: {text}")),
                Value::Number(number) => Some(format!("{call}: {number}")),
                _ => None,
            }
        }
        _ => None,
    }
}

fn no_list(span: Span) -> Diagnostic {
    Diagnostic::error(Code::MissingField, span, "there is no list `faults`")
        .help("write `faults:` and below it lines such as `- cancelJob: 429 x3`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<(u32, String)>) {
        let mut sources = SourceMap::new();
        let id = sources.add("faults.yaml", text.to_owned());
        let (lines, diagnostics) = fault_lines(&sources, id);
        let found = diagnostics
            .iter()
            .map(|finding| (sources.get(id).line(finding.primary.span.start), finding.message.clone()));
        (lines.into_iter().map(|line| line.text).collect(), found.collect())
    }

    #[test]
    fn lines_with_and_without_quotes() {
        let text =
            "faults:\n  - cancelJob: 429 x3\n  - getJob: 503\n  - \"*: slow 1s\"\n  - createJob(hj1-*): reply-lost\n";
        let (lines, found) = read(text);
        assert_eq!(lines, ["cancelJob: 429 x3", "getJob: 503", "*: slow 1s", "createJob(hj1-*): reply-lost"]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn what_is_no_script() {
        for (text, line, words) in [
            ("", 1, "no list `faults`"),
            ("- getJob: 429\n", 1, "no list `faults`"),
            ("faults: 429\n", 1, "no list `faults`"),
            ("faults: []\nfault: []\n", 2, "`fault` means nothing here"),
            ("faults:\n  - getJob: 429\n  - [429]\n", 3, "this is no fault"),
            ("faults:\n  - getJob: 429\n  - {a: 1, b: 2}\n", 3, "this is no fault"),
            ("faults:\n  - *: 429\n", 2, ""),
        ] {
            let (_, found) = read(text);
            assert!(found.iter().any(|(at, message)| *at == line && message.contains(words)), "{text:?}: {found:?}");
        }
    }
}
