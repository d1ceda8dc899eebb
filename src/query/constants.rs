//! The constants of a condition, and where they stand.

use super::ast::{Expr, ExprKind, Literal, Selection, Span};

impl Selection {
    /// All constants that something is compared with, in the order of the text, with the bytes they were
    /// read from: a minus and round brackets around a constant are part of it. A constant in the place of
    /// a comparison (`a = 1 OR true`) is none: it decides what is selected.
    #[must_use]
    pub fn constants(&self) -> Vec<(&Literal, Span)> {
        let mut found = Vec::new();
        if let Some(filter) = &self.filter {
            collect_condition(filter, &mut found);
        }
        found
    }
}

fn collect_condition<'e>(expr: &'e Expr, found: &mut Vec<(&'e Literal, Span)>) {
    if !matches!(expr.node, ExprKind::Literal(_)) {
        collect(expr, found);
    }
}

/// Terminates: the parser bounds the depth of what it reads.
fn collect<'e>(expr: &'e Expr, found: &mut Vec<(&'e Literal, Span)>) {
    match &expr.node {
        ExprKind::Literal(literal) => found.push((literal, expr.span.clone())),
        ExprKind::Or(operands) | ExprKind::And(operands) => {
            operands.iter().for_each(|operand| collect_condition(operand, found));
        }
        ExprKind::Not(operand) => collect_condition(operand, found),
        ExprKind::Negate(operand) => collect(operand, found),
        ExprKind::Compare { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => {
            collect(left, found);
            collect(right, found);
        }
        ExprKind::Member { needle, list, .. } => {
            collect(needle, found);
            found.extend(list.iter().map(|literal| (&literal.node, literal.span.clone())));
        }
        ExprKind::StartsWith { text, prefix } => {
            collect(text, found);
            collect(prefix, found);
        }
        ExprKind::Path(_) | ExprKind::IsDefined(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_condition;

    fn constants(text: &str) -> Vec<&str> {
        let (selection, _) = parse_condition(text);
        let selection = selection.expect("a condition");
        selection.constants().into_iter().map(|(_, span)| &text[span]).collect()
    }

    #[test]
    fn every_constant_knows_its_text() {
        assert_eq!(
            constants("NOT (tags.a = 'x\\'y') AND (tags.b IN ['p', \"q\"] OR tags.c > (5) AND tags.d = -7)"),
            ["'x\\'y'", "'p'", "\"q\"", "(5)", "-7"]
        );
        assert_eq!(
            constants("STARTSWITH(deviceId, 'a') OR tags.n + 1 = 2 OR tags.b = true"),
            ["'a'", "1", "2", "true"]
        );
        assert_eq!(constants("*"), [""; 0]);
        assert_eq!(constants("tags.a = 1 OR true AND NOT (false)"), ["1"], "the others are no comparisons");
    }
}
