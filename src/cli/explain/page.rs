//! What is explained, as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::topic::{Topic, topics};
use crate::validate::{Field, Kind, about};

// A string takes everything, so what `writeln!` returns says nothing.

/// Everything that can be looked up, in groups.
pub(super) fn index() -> String {
    let topics = topics();
    let width = topics.iter().map(|topic| topic.code.len()).max().unwrap_or_default();
    let (mut text, mut group) = (String::new(), "");
    for topic in topics {
        if group != topic.group.name {
            let gap = if group.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}:", topic.group.heading);
            group = topic.group.name;
        }
        let _ = writeln!(text, "  {:width$}  {}", topic.code, first_sentence(topic.meaning));
    }
    let _ = writeln!(text, "\nFields of manifests, by kind (`hubjobs explain MethodJob.spec`):");
    for kind in Kind::ALL {
        let _ = writeln!(text, "  {:width$}  {}", kind.as_str(), first_sentence(about(kind)));
    }
    text
}

/// A code.
pub(super) fn code(topic: &Topic) -> String {
    let mut text = format!("{}  ({})\n\n  {}\n", topic.code, topic.group.heading.to_lowercase(), topic.meaning);
    if let Some(occasion) = topic.occasion {
        let _ = writeln!(text, "\nFor example:\n\n  {occasion}");
    }
    if let Some(wrong) = topic.example.wrong {
        let _ = writeln!(text, "\nNot so:\n\n{}", indented(wrong));
    }
    let _ = writeln!(text, "\nWhat to do:\n\n  {}", topic.example.mend);
    if let Some(right) = topic.example.right {
        let _ = writeln!(text, "\nBut so:\n\n{}", indented(right));
    }
    text
}

/// A kind of document, and its fields.
pub(super) fn kind(kind: Kind, fields: &[Field]) -> String {
    let mut text = format!("{kind}\n\n  {}\n\nFields:\n\n", about(kind));
    let indent = |field: &Field| "  ".repeat(field.path.split('.').filter(|step| *step != "<name>").count() - 1);
    let label = |field: &Field| format!("{}{}", indent(field), field.name());
    let width = fields.iter().map(|field| label(field).len()).max().unwrap_or_default();
    for field in fields {
        let _ = writeln!(text, "{:width$}  {}", label(field), first_sentence(&field.description));
    }
    let _ = writeln!(text, "\nA whole example: `hubjobs schema --example {kind}`");
    text
}

/// A field that one kind has, or several alike, and the fields in it.
pub(super) fn field(alike: &[Field], inside: &[Field]) -> String {
    let Some(field) = alike.first() else { return String::new() };
    let mut text = alike.iter().map(|field| field.path.as_str()).collect::<Vec<_>>().join("\n");
    let need = if field.is_required { "required" } else { "optional" };
    let _ = writeln!(text, "\n\n  {}\n\n  type      {}, {need}", field.description, field.values);
    if let Some(default) = &field.default {
        let _ = writeln!(text, "  default   {default}");
    }
    for limit in &field.limits {
        let _ = writeln!(text, "  limit     {limit}");
    }
    let name = field.path.rsplit('.').next().unwrap_or_default();
    for example in &field.examples {
        let _ = writeln!(text, "  example   {name}: {example}");
    }
    if !inside.is_empty() {
        let _ = writeln!(text, "\nFields:\n");
        text.push_str(&lines(inside, Field::name));
    }
    text
}

/// Fields that share the end of their paths.
pub(super) fn choice(fields: &[Field]) -> String {
    lines(fields, |field| &field.path)
}

fn lines(fields: &[Field], label: impl Fn(&Field) -> &str) -> String {
    let width = fields.iter().map(|field| label(field).len()).max().unwrap_or_default();
    let line = |field: &Field| format!("  {:width$}  {}\n", label(field), first_sentence(&field.description));
    fields.iter().map(line).collect()
}

/// A code for programs.
pub(super) fn code_json(topic: &Topic) -> Value {
    json!({
        "group": topic.group.name,
        "code": topic.code,
        "meaning": topic.meaning,
        "occasion": topic.occasion,
        "wrong": topic.example.wrong,
        "mend": topic.example.mend,
        "right": topic.example.right,
    })
}

/// A field for programs.
pub(super) fn field_json(field: &Field) -> Value {
    json!({
        "path": field.path,
        "values": field.values,
        "required": field.is_required,
        "default": field.default,
        "limits": field.limits,
        "description": field.description,
        "examples": field.examples,
    })
}

fn indented(block: &str) -> String {
    block.trim_end().lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// The first sentence, for a line in a list. A full stop within backticks is no end.
fn first_sentence(text: &str) -> &str {
    let is_end = |at: &usize| text[..*at].matches('`').count().is_multiple_of(2);
    let end = text.match_indices(". ").map(|(at, _)| at).find(is_end);
    end.map_or(text, |end| &text[..end]).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_at_its_full_stop() {
        assert_eq!(first_sentence("One. Two."), "One");
        assert_eq!(first_sentence("1 to 64 of `a . - *`. Two."), "1 to 64 of `a . - *`");
        assert_eq!(first_sentence("One"), "One");
    }
}
