//! Free values: payloads and twins, which the hub takes as they are.

use super::super::scalar::{Yaml11, yaml11_meaning};
use super::super::spans::{Node, Style};
use super::context::Lowering;
use crate::diagnostic::{Code, Diagnostic, Span};

impl<'d> Lowering<'d> {
    /// Warns about every text in a value that other YAML readers take for something else.
    pub(super) fn warn_ambiguous(&mut self, node: Node<'d>) {
        let document = self.document();
        if let Some(text) = node.value.as_str()
            && document.style(node) == Style::Plain
            && let Some(meaning) = yaml11_meaning(text)
        {
            self.push(node, ambiguous(text, meaning, document.value_span(node)));
        }
        for (_, child) in document.children(node) {
            self.warn_ambiguous(child);
        }
    }
}

fn ambiguous(text: &str, meaning: Yaml11, span: Span) -> Diagnostic {
    let (other, plain) = match meaning {
        Yaml11::Boolean(true) => ("the boolean true", "`true`"),
        Yaml11::Boolean(false) => ("the boolean false", "`false`"),
        Yaml11::Octal => ("an octal number", "the number without leading zeros"),
        Yaml11::Sexagesimal => ("a number in base 60", "the number"),
        Yaml11::Number => ("a number", "the number without `_` or `0b`"),
    };
    Diagnostic::warning(Code::AmbiguousScalar, span, format!("`{text}` is sent as a text"))
        .label(format!("YAML 1.1 reads {other}"))
        .help(format!("put it in quotes if a text is meant, else write {plain}"))
        .fix(span, format!("\"{text}\""))
}
