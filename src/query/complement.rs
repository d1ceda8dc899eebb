//! The rest that a condition leaves.
//!
//! `NOT (tags.ring = 'canary')` does not select a device without `tags.ring`, so a condition and its
//! `NOT` do not cover a fleet. A condition and its complement do.

use super::ast::{CompareOp, Expr, ExprKind, Literal, Membership, Span};
use super::path::Path;

/// A condition that is true exactly where `condition` is not.
///
/// Negation is pushed down to the comparisons, and each says what it means for a device without the
/// property: `tags.ring = 'canary'` becomes `NOT IS_DEFINED(tags.ring) OR tags.ring != 'canary'`.
///
/// The one exception lies in the language: a document with an object or array where the condition
/// compares a value is selected by neither, since no expression can tell that it is there.
///
/// # Errors
/// If a comparison has operands other than paths and constants: then the language cannot say where
/// it is undefined.
pub fn complement(condition: &Expr) -> Result<Expr, NoComplement> {
    except(condition, Wanted::True)
}

/// Why a condition has no complement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only comparisons of paths with constants can be complemented, not `{text}`")]
pub struct NoComplement {
    /// The part that cannot be complemented, as printed.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl NoComplement {
    fn of(expr: &Expr) -> Self {
        Self { text: expr.to_string(), span: expr.span.clone() }
    }
}

/// The value of a condition that its rest is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    True,
    False,
}

impl Wanted {
    fn opposite(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
        }
    }

    fn is_true(self) -> bool {
        self == Self::True
    }
}

/// An expression that is true where `expr` is not `wanted`, undefined included, and false elsewhere.
fn except(expr: &Expr, wanted: Wanted) -> Result<Expr, NoComplement> {
    match &expr.node {
        ExprKind::Not(operand) => except(operand, wanted.opposite()),
        ExprKind::And(operands) | ExprKind::Or(operands) => {
            let rests = operands.iter().map(|operand| except(operand, wanted)).collect::<Result<_, _>>()?;
            let is_and = matches!(expr.node, ExprKind::And(_));
            Ok(if is_and == wanted.is_true() { Expr::any(rests) } else { Expr::all(rests) })
        }
        ExprKind::Literal(literal) => {
            let is_wanted = *literal == Literal::Boolean(wanted.is_true());
            Ok(Expr::literal(Literal::Boolean(!is_wanted)))
        }
        // A path alone counts only as far as it is a Boolean.
        ExprKind::Path(path) => {
            let wanted = Expr::literal(Literal::Boolean(wanted.is_true()));
            let other = Expr::compare(CompareOp::NotEqual, Expr::path(path.clone()), wanted);
            Ok(Expr::any(absent(path).into_iter().chain([other]).collect()))
        }
        ExprKind::IsDefined(_) if wanted.is_true() => Ok(Expr::negation(expr.clone())),
        ExprKind::IsDefined(_) => Ok(expr.clone()),
        ExprKind::Compare { .. } | ExprKind::Member { .. } | ExprKind::StartsWith { .. } => {
            let Some(mut rest) = undefined(expr)? else {
                return Ok(Expr::literal(Literal::Boolean(true)));
            };
            rest.push(if wanted.is_true() { opposite(expr) } else { expr.clone() });
            Ok(Expr::any(rest))
        }
        ExprKind::Arithmetic { .. } | ExprKind::Negate(_) => Err(NoComplement::of(expr)),
    }
}

/// Conditions of which one is true where the test is undefined; `None` if it always is.
fn undefined(test: &Expr) -> Result<Option<Vec<Expr>>, NoComplement> {
    let operands: &[&Expr] = match &test.node {
        ExprKind::Compare { left, right, .. } => &[left, right],
        ExprKind::Member { needle, .. } => &[needle],
        ExprKind::StartsWith { text, prefix } => match (&text.node, &prefix.node) {
            (ExprKind::Path(path), ExprKind::Literal(Literal::String(_))) => {
                return Ok(Some(absent(path).into_iter().chain(no_text(path)).collect()));
            }
            _ => return Err(NoComplement::of(test)),
        },
        _ => return Err(NoComplement::of(test)),
    };
    let mut guards = Vec::new();
    for operand in operands {
        match &operand.node {
            ExprKind::Path(path) => guards.extend(absent(path)),
            ExprKind::Literal(Literal::Undefined) => return Ok(None),
            ExprKind::Literal(_) => {}
            _ => return Err(NoComplement::of(test)),
        }
    }
    Ok(Some(guards))
}

/// `NOT IS_DEFINED(path)`, if that can be.
fn absent(path: &Path) -> Option<Expr> {
    (!is_device_id(path)).then(|| Expr::negation(Expr::is_defined(path.clone())))
}

/// True for a defined value that is no string: every string is at or after the empty one.
fn no_text(path: &Path) -> Option<Expr> {
    let empty = Expr::literal(Literal::String(String::new()));
    let is_text = Expr::compare(CompareOp::GreaterOrEqual, Expr::path(path.clone()), empty);
    (!is_device_id(path)).then(|| Expr::negation(is_text))
}

/// Every document has its `deviceId`, and it is a string.
fn is_device_id(path: &Path) -> bool {
    path.segments().len() == 1 && path.names().all(|name| name.eq_ignore_ascii_case("deviceId"))
}

/// A defined test, the other way round. An order has no opposite: values of different types are
/// neither `<` nor `>=`.
fn opposite(test: &Expr) -> Expr {
    match &test.node {
        ExprKind::Compare { op: CompareOp::Equal, left, right } => {
            Expr::compare(CompareOp::NotEqual, (**left).clone(), (**right).clone())
        }
        ExprKind::Compare { op: CompareOp::NotEqual, left, right } => {
            Expr::compare(CompareOp::Equal, (**left).clone(), (**right).clone())
        }
        ExprKind::Member { membership, needle, list } => {
            let membership = match membership {
                Membership::In => Membership::NotIn,
                Membership::NotIn => Membership::In,
            };
            Expr::member(membership, (**needle).clone(), list.clone())
        }
        _ => Expr::negation(test.clone()),
    }
}
