//! Conditions that read well and still cannot be what was meant.

use super::ast::{Collection, CompareOp, Expr, ExprKind, Literal, Membership, Span};
use super::attribute;
use super::path::Path;
use super::problem::{Problem, ProblemCode};

/// Checks an expression that stands where a condition belongs.
pub(super) fn condition(expr: &Expr, from: Collection, problems: &mut Vec<Problem>) {
    problems.extend(not_a_condition(expr));
    part(expr, from, problems);
}

/// Checks an expression wherever it stands.
pub(super) fn part(expr: &Expr, from: Collection, problems: &mut Vec<Problem>) {
    match &expr.node {
        ExprKind::Literal(_) => {}
        ExprKind::Path(path) | ExprKind::IsDefined(path) => {
            problems.extend(attribute::check(path, from));
        }
        ExprKind::Or(operands) | ExprKind::And(operands) => {
            for operand in operands {
                condition(operand, from, problems);
            }
        }
        ExprKind::Not(operand) => condition(operand, from, problems),
        ExprKind::Compare { op, left, right } => {
            problems.extend(comparison(*op, left, right, from));
            part(left, from, problems);
            part(right, from, problems);
        }
        ExprKind::Member { needle, .. } => {
            problems.extend(membership(expr, from));
            part(needle, from, problems);
        }
        ExprKind::Arithmetic { left, right, .. } => {
            part(left, from, problems);
            part(right, from, problems);
        }
        ExprKind::StartsWith { text, prefix } => {
            problems.extend(quoted_path(text, from));
            part(text, from, problems);
            part(prefix, from, problems);
        }
        ExprKind::Negate(operand) => part(operand, from, problems),
    }
}

fn not_a_condition(expr: &Expr) -> Option<Problem> {
    let span = expr.span.clone();
    match &expr.node {
        ExprKind::Path(path) => Some(
            Problem::new(
                ProblemCode::NotACondition,
                span,
                format!("`{path}` alone is not a condition"),
                "compare it with something",
            )
            .help(format!("write `{path} = true` or `IS_DEFINED({path})`")),
        ),
        ExprKind::Literal(Literal::Boolean(_)) => None,
        ExprKind::Literal(_) | ExprKind::Arithmetic { .. } | ExprKind::Negate(_) => Some(Problem::new(
            ProblemCode::NotACondition,
            span,
            "only `true` selects a device, and this is never `true`",
            "not a condition",
        )),
        _ => None,
    }
}

/// The most telling finding about one comparison.
fn comparison(op: CompareOp, left: &Expr, right: &Expr, from: Collection) -> Option<Problem> {
    let sides = [(left, right), (right, left)];
    let is_constant = |expr: &Expr| matches!(expr.node, ExprKind::Literal(_));
    sides
        .iter()
        .filter(|(_, other)| is_constant(other))
        .find_map(|(side, _)| quoted_path(side, from))
        .or_else(|| sides.iter().find_map(|(side, other)| undefined_side(side, other)))
        .or_else(|| constants(left, right))
        .or_else(|| sides.iter().find_map(|(side, other)| null_side(op, side, other, from)))
        .or_else(|| sides.iter().find_map(|(side, _)| object(side, from)))
}

/// A string that was meant as a path; it stands where only a path makes sense.
fn quoted_path(side: &Expr, from: Collection) -> Option<Problem> {
    let ExprKind::Literal(Literal::String(text)) = &side.node else {
        return None;
    };
    attribute::looks_like_path(text, from).then(|| {
        Problem::new(
            ProblemCode::QuotedPath,
            side.span.clone(),
            format!("`{text}` in quotes is a string, not a path"),
            "the same for every device",
        )
        .help(format!("write `{text}` without quotes"))
    })
}

fn constants(left: &Expr, right: &Expr) -> Option<Problem> {
    let (ExprKind::Literal(_), ExprKind::Literal(_)) = (&left.node, &right.node) else {
        return None;
    };
    Some(
        Problem::new(
            ProblemCode::ConstantComparison,
            left.span.start..right.span.end,
            "the comparison is between two constants",
            "the same for every device",
        )
        .note("a path stands without quotes: `tags.site = 'north'`"),
    )
}

fn undefined_side(side: &Expr, other: &Expr) -> Option<Problem> {
    let ExprKind::Literal(Literal::Undefined) = side.node else {
        return None;
    };
    let path = match &other.node {
        ExprKind::Path(path) => Some(path),
        _ => None,
    };
    Some(undefined(side.span.clone(), path))
}

fn undefined(span: Span, path: Option<&Path>) -> Problem {
    let problem = Problem::new(
        ProblemCode::UndefinedComparison,
        span,
        "a comparison with `undefined` is never true",
        "selects nothing",
    );
    match path {
        Some(path) => problem.help(format!("write `NOT IS_DEFINED({path})` or `IS_DEFINED({path})`")),
        None => problem,
    }
}

fn null_side(op: CompareOp, side: &Expr, other: &Expr, from: Collection) -> Option<Problem> {
    let (ExprKind::Literal(Literal::Null), ExprKind::Path(path)) = (&side.node, &other.node) else {
        return None;
    };
    (op == CompareOp::Equal && attribute::is_never_null(path, from)).then(|| {
        Problem::new(
            ProblemCode::NullComparison,
            side.span.clone(),
            format!("`{path}` is never null"),
            "selects nothing",
        )
        .help(format!("write `NOT IS_DEFINED({path})`"))
        .note("writing null to a twin deletes the key")
    })
}

fn object(side: &Expr, from: Collection) -> Option<Problem> {
    let ExprKind::Path(path) = &side.node else {
        return None;
    };
    attribute::holds_object(path, from).then(|| {
        Problem::new(
            ProblemCode::ObjectComparison,
            side.span.clone(),
            format!("`{path}` is an object, which cannot be compared"),
            "never true",
        )
        .note("only strings, numbers, booleans and null can be compared")
    })
}

fn membership(expr: &Expr, from: Collection) -> Vec<Problem> {
    let ExprKind::Member { membership, needle, list } = &expr.node else {
        return Vec::new();
    };
    let mut problems: Vec<Problem> = list
        .iter()
        .filter(|item| item.node == Literal::Undefined)
        .map(|item| undefined(item.span.clone(), None))
        .collect();
    if list.is_empty() {
        problems.push(empty_list(expr.span.clone(), *membership));
    }
    problems.extend(quoted_path(needle, from).or_else(|| constant_needle(needle)).or_else(|| object(needle, from)));
    problems
}

fn empty_list(span: Span, membership: Membership) -> Problem {
    let effect = match membership {
        Membership::In => "selects nothing",
        Membership::NotIn => "selects every device that has the value",
    };
    Problem::new(ProblemCode::EmptyList, span, "the list is empty", effect)
}

fn constant_needle(needle: &Expr) -> Option<Problem> {
    let ExprKind::Literal(_) = needle.node else {
        return None;
    };
    Some(
        Problem::new(
            ProblemCode::ConstantComparison,
            needle.span.clone(),
            "a constant is looked up in a list of constants",
            "the same for every device",
        )
        .note("a path stands without quotes: `tags.site IN ['north']`"),
    )
}
