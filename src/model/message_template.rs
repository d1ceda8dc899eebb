//! Messages with expressions in braces.

use std::ops::Range;

use super::expression::{Expression, InvalidExpression};

/// A message in which `{action.devices}` stands for the value of that expression, and `{{` for a brace.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageTemplate {
    parts: Vec<TemplatePart>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum TemplatePart {
    /// As it is.
    Text(String),
    /// To be replaced by its value.
    Value(Expression),
}

/// Why a text is no message. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTemplate {
    /// It says nothing.
    #[error("the message is empty")]
    Empty,
    /// A brace that nothing closes, or opens.
    #[error("a brace without its other half")]
    Brace(Range<usize>),
    /// What stands in braces is no expression; the span is within the message.
    #[error(transparent)]
    Expression(InvalidExpression),
}

impl MessageTemplate {
    /// # Errors
    /// When it is empty, a brace is open, or what stands in braces is no expression.
    pub fn parse(text: &str) -> Result<Self, InvalidTemplate> {
        if text.trim().is_empty() {
            return Err(InvalidTemplate::Empty);
        }
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(found) = text[at..].find(['{', '}']) {
            let brace = at + found;
            plain.push_str(&text[at..brace]);
            let rest = &text[brace..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                plain.push_str(&rest[..1]);
                at = brace + 2;
                continue;
            }
            let open = || InvalidTemplate::Brace(brace..brace + 1);
            let inner = rest.strip_prefix('{').ok_or_else(open)?;
            let end = inner.find('}').ok_or_else(open)?;
            let expression = Expression::parse(&inner[..end]).map_err(|mut why| {
                why.span = why.span.start + brace + 1..why.span.end + brace + 1;
                InvalidTemplate::Expression(why)
            })?;
            if !plain.is_empty() {
                parts.push(TemplatePart::Text(std::mem::take(&mut plain)));
            }
            parts.push(TemplatePart::Value(expression));
            at = brace + 1 + end + 1;
        }
        plain.push_str(&text[at..]);
        if !plain.is_empty() {
            parts.push(TemplatePart::Text(plain));
        }
        Ok(Self { parts })
    }

    /// Its parts, in their order.
    #[must_use]
    pub fn parts(&self) -> &[TemplatePart] {
        &self.parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_hold_expressions() {
        let template = MessageTemplate::parse("{action.name}: {{x}} {action.devices}").expect("a message");
        let shown = template.parts().iter().map(|part| match part {
            TemplatePart::Text(text) => format!("'{text}'"),
            TemplatePart::Value(expression) => expression.to_string(),
        });
        assert_eq!(shown.collect::<Vec<_>>().join(" "), "action.name ': {x} ' action.devices");
    }

    #[test]
    fn errors_know_their_place() {
        assert_eq!(MessageTemplate::parse(" "), Err(InvalidTemplate::Empty));
        assert_eq!(MessageTemplate::parse("a } b"), Err(InvalidTemplate::Brace(2..3)));
        assert_eq!(MessageTemplate::parse("a {action"), Err(InvalidTemplate::Brace(2..3)));
        let Err(InvalidTemplate::Expression(why)) = MessageTemplate::parse("ab {actoin.name}") else { panic!() };
        assert_eq!(why.span, 4..10);
    }
}
