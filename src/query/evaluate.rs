//! Conditions compiled for evaluation over many documents.

use super::ast::{ArithmeticOp, CompareOp, Expr, ExprKind, Literal, Selection};
use super::clause::Clause;
use super::document::{Document, Field, Paths, ResolvedPath};
use super::member::{List, Member};

/// The value of a condition on one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truth {
    /// Selects the document.
    True,
    /// Does not select it; its `NOT` does.
    False,
    /// Does not select it, and neither does its `NOT`.
    Undefined,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Undefined => Self::Undefined,
        }
    }
}

/// A condition ready for evaluation: paths resolved, constants prepared.
///
/// Logic has three values. What a document lacks is undefined; so is every comparison, function and
/// calculation with something undefined, and so is its `NOT`. `AND` and `OR` are undefined only if
/// their other operands do not decide. A condition selects a document if it is exactly `true`.
///
/// - Values of different types are never equal (so `!=` between them is true) and have no order
///   (`<`, `<=`, `>`, `>=` are false). Only numbers and strings have an order.
/// - Objects and arrays cannot be compared: the comparison is undefined, even with `null`.
/// - Strings compare by code point, case-sensitively.
/// - Calculation with anything but numbers, division by zero and overflow are undefined.
/// - An operand of `AND`, `OR` or `NOT` that is no Boolean counts as undefined.
/// - `IS_DEFINED` is true of null, objects and arrays too. `STARTSWITH` of anything but strings is
///   undefined. `undefined` inside the list of `IN` matches nothing.
#[derive(Clone, Debug)]
pub struct Condition {
    /// `None` selects every document.
    root: Option<Node>,
    paths: Box<[ResolvedPath]>,
}

impl Condition {
    /// Compiles what [`super::parse_condition`] gives.
    pub fn compile(selection: &Selection) -> Self {
        let mut paths = Paths::new(selection.from);
        let root = selection.filter.as_ref().map(|filter| Node::compile(filter, &mut paths));
        Self { root, paths: paths.into_resolved() }
    }

    /// Every path that evaluation can look up; each stands at its own [`ResolvedPath::index`].
    pub fn paths(&self) -> &[ResolvedPath] {
        &self.paths
    }

    /// The condition, to be taken apart; nothing if it selects every document.
    pub fn clause(&self) -> Option<Clause<'_>> {
        self.root.as_ref().map(Clause::new)
    }

    /// Whether the document is selected.
    pub fn matches<D: Document + ?Sized>(&self, document: &D) -> bool {
        self.truth(document) == Truth::True
    }

    /// The value of the condition on the document.
    pub fn truth<D: Document + ?Sized>(&self, document: &D) -> Truth {
        self.root.as_ref().map_or(Truth::True, |root| root.truth(document))
    }
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Undefined,
    Null,
    Boolean(bool),
    Number(f64),
    String(Box<str>),
    Path(ResolvedPath),
    Or(Box<[Node]>),
    And(Box<[Node]>),
    Not(Box<Node>),
    Compare(CompareOp, Box<Node>, Box<Node>),
    Member(Box<Node>, Member),
    Arithmetic(ArithmeticOp, Box<Node>, Box<Node>),
    Negate(Box<Node>),
    IsDefined(ResolvedPath),
    StartsWith(Box<Node>, Box<Node>),
}

impl Node {
    pub(super) fn compile(expr: &Expr, paths: &mut Paths) -> Self {
        let mut boxed = |expr: &Expr| Box::new(Self::compile(expr, paths));
        match &expr.node {
            ExprKind::Literal(literal) => Self::literal(literal),
            ExprKind::Path(path) => Self::Path(paths.resolve(path)),
            ExprKind::IsDefined(path) => Self::IsDefined(paths.resolve(path)),
            ExprKind::Or(all) => Self::Or(all.iter().map(|one| Self::compile(one, paths)).collect()),
            ExprKind::And(all) => Self::And(all.iter().map(|one| Self::compile(one, paths)).collect()),
            ExprKind::Not(operand) => Self::Not(boxed(operand)),
            ExprKind::Negate(operand) => Self::Negate(boxed(operand)),
            ExprKind::Compare { op, left, right } => Self::Compare(*op, boxed(left), boxed(right)),
            ExprKind::Arithmetic { op, left, right } => Self::Arithmetic(*op, boxed(left), boxed(right)),
            ExprKind::Member { membership, needle, list } => {
                let member = Member { membership: *membership, list: List::new(list.iter().map(|item| &item.node)) };
                Self::Member(boxed(needle), member)
            }
            ExprKind::StartsWith { text, prefix } => Self::StartsWith(boxed(text), boxed(prefix)),
        }
    }

    fn literal(literal: &Literal) -> Self {
        match literal {
            Literal::Undefined => Self::Undefined,
            Literal::Null => Self::Null,
            Literal::Boolean(value) => Self::Boolean(*value),
            Literal::Number(number) => Self::Number(*number),
            Literal::String(text) => Self::String(text.as_str().into()),
        }
    }

    /// The value as a condition; what is no Boolean is undefined.
    pub(super) fn truth<D: Document + ?Sized>(&self, document: &D) -> Truth {
        match self {
            Self::And(operands) => decide(operands, document, Truth::False),
            Self::Or(operands) => decide(operands, document, Truth::True),
            Self::Not(operand) => !operand.truth(document),
            Self::Compare(op, left, right) => compare(*op, left.value(document), right.value(document)),
            Self::Member(needle, member) => member.test(needle.value(document)),
            Self::IsDefined(path) => (document.lookup(path) != Field::Undefined).into(),
            Self::StartsWith(text, prefix) => match (text.value(document), prefix.value(document)) {
                (Field::String(text), Field::String(prefix)) => text.starts_with(prefix).into(),
                _ => Truth::Undefined,
            },
            Self::Boolean(value) => (*value).into(),
            Self::Path(path) => match document.lookup(path) {
                Field::Boolean(value) => value.into(),
                _ => Truth::Undefined,
            },
            Self::Undefined
            | Self::Null
            | Self::Number(_)
            | Self::String(_)
            | Self::Arithmetic(..)
            | Self::Negate(_) => Truth::Undefined,
        }
    }

    /// The value as an operand of a comparison or calculation.
    fn value<'v, D: Document + ?Sized>(&'v self, document: &'v D) -> Field<'v> {
        match self {
            Self::Undefined => Field::Undefined,
            Self::Null => Field::Null,
            Self::Boolean(value) => Field::Boolean(*value),
            Self::Number(number) => Field::Number(*number),
            Self::String(text) => Field::String(text),
            Self::Path(path) => document.lookup(path),
            Self::Arithmetic(op, left, right) => arithmetic(*op, left.value(document), right.value(document)),
            Self::Negate(operand) => match operand.value(document) {
                Field::Number(number) => Field::Number(-number),
                _ => Field::Undefined,
            },
            Self::And(_)
            | Self::Or(_)
            | Self::Not(_)
            | Self::Compare(..)
            | Self::Member(..)
            | Self::IsDefined(_)
            | Self::StartsWith(..) => match self.truth(document) {
                Truth::True => Field::Boolean(true),
                Truth::False => Field::Boolean(false),
                Truth::Undefined => Field::Undefined,
            },
        }
    }
}

/// The value of `AND` (decided by any false) or `OR` (decided by any true).
fn decide<D: Document + ?Sized>(operands: &[Node], document: &D, decisive: Truth) -> Truth {
    let mut result = !decisive;
    for operand in operands {
        match operand.truth(document) {
            truth if truth == decisive => return decisive,
            Truth::Undefined => result = Truth::Undefined,
            _ => {}
        }
    }
    result
}

fn compare(op: CompareOp, left: Field<'_>, right: Field<'_>) -> Truth {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let incomparable = |field| matches!(field, Field::Undefined | Field::Composite);
    if incomparable(left) || incomparable(right) {
        return Truth::Undefined;
    }
    let order = match (left, right) {
        (Field::Number(left), Field::Number(right)) => left.partial_cmp(&right),
        (Field::String(left), Field::String(right)) => Some(left.cmp(right)),
        _ => None,
    };
    Truth::from(match op {
        CompareOp::Equal => left == right,
        CompareOp::NotEqual => left != right,
        CompareOp::Less => order == Some(Less),
        CompareOp::LessOrEqual => matches!(order, Some(Less | Equal)),
        CompareOp::Greater => order == Some(Greater),
        CompareOp::GreaterOrEqual => matches!(order, Some(Greater | Equal)),
    })
}

fn arithmetic(op: ArithmeticOp, left: Field<'_>, right: Field<'_>) -> Field<'static> {
    let (Field::Number(left), Field::Number(right)) = (left, right) else {
        return Field::Undefined;
    };
    let result = match op {
        ArithmeticOp::Add => left + right,
        ArithmeticOp::Subtract => left - right,
        ArithmeticOp::Multiply => left * right,
        ArithmeticOp::Divide => left / right,
        ArithmeticOp::Remainder => left % right,
    };
    if result.is_finite() { Field::Number(result) } else { Field::Undefined }
}
