//! Whether two conditions select the same devices: said by the conditions themselves, or counted.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::model::TargetCondition;
use crate::plan::effect::Target;
use crate::plan::question::{Answers, Question};
use crate::query::{CompareOp, Expr, ExprKind, Literal, Membership, complement};

/// The devices of a condition; read when somebody asks.
pub(super) struct Devices<'a> {
    condition: Cow<'a, str>,
    parsed: OnceCell<Option<Parsed>>,
}

struct Parsed {
    target: Target,
    /// All of them hold for every device that is selected.
    conjuncts: Vec<Expr>,
    /// The paths that have one of some constants in every device that is selected.
    equalities: Vec<(String, Vec<String>)>,
    /// What is true of exactly the devices that are not selected, if the language can say it.
    rest: OnceCell<Option<Expr>>,
}

impl Parsed {
    fn rest(&self) -> Option<&Expr> {
        self.rest.get_or_init(|| complement(self.target.filter()?).ok()).as_ref()
    }
}

/// Whether two writers reach the same devices.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Overlap {
    /// If they reach any at all: the devices of the one are devices of the other.
    Certain(Question),
    /// To be counted.
    Open(Question),
    /// A condition cannot be read.
    Unknown,
}

impl Overlap {
    pub(super) fn question(&self) -> Option<Question> {
        match self {
            Self::Certain(question) | Self::Open(question) => Some(question.clone()),
            Self::Unknown => None,
        }
    }

    /// How many devices, when they were counted.
    pub(super) fn devices(&self, answers: &Answers) -> Option<u64> {
        answers.total(&self.question()?)
    }
}

impl<'a> Devices<'a> {
    pub(super) fn new(condition: Cow<'a, str>) -> Self {
        Self { condition, parsed: OnceCell::new() }
    }

    fn parsed(&self) -> Option<&Parsed> {
        let parse = || {
            let target = Target::of(&TargetCondition::new(self.condition.as_ref()).ok()?)?;
            let conjuncts = target.filter().map_or_else(Vec::new, |filter| conjuncts(filter).to_vec());
            let equalities = conjuncts.iter().filter_map(equality).collect();
            Some(Parsed { target, conjuncts, equalities, rest: OnceCell::new() })
        };
        self.parsed.get_or_init(parse).as_ref()
    }

    /// The paths that have one of some constants in every device that is selected.
    pub(super) fn equalities(&self) -> &[(String, Vec<String>)] {
        self.parsed().map_or(&[], |parsed| &parsed.equalities)
    }

    /// Nothing when no device can meet both conditions.
    pub(super) fn overlap(&self, other: &Self) -> Option<Overlap> {
        let (Some(a), Some(b)) = (self.parsed(), other.parsed()) else { return Some(Overlap::Unknown) };
        if are_disjoint(a, b) || excludes(a, b) || excludes(b, a) {
            return None;
        }
        let both = a.target.and(&b.target)?;
        Some(match (is_within(a, b), is_within(b, a)) {
            (true, _) => Overlap::Certain(a.target.reach()),
            (_, true) => Overlap::Certain(b.target.reach()),
            _ => Overlap::Open(both.count()),
        })
    }

    /// The condition without the devices of another; nothing when the language cannot say it, or when
    /// none would be left.
    pub(super) fn without(&self, other: &Self) -> Option<String> {
        let (own, other) = (self.parsed()?, other.parsed()?);
        if is_within(own, other) {
            return None;
        }
        let rest = other.rest()?.clone();
        let own = own.target.filter().cloned();
        Some(Expr::all(own.into_iter().chain([rest]).collect()).to_string())
    }
}

fn conjuncts(filter: &Expr) -> &[Expr] {
    match &filter.node {
        ExprKind::And(operands) => operands,
        _ => std::slice::from_ref(filter),
    }
}

/// Whether all devices of a condition are plainly devices of another: it demands all that the other
/// does.
fn is_within(a: &Parsed, b: &Parsed) -> bool {
    b.conjuncts.iter().all(|conjunct| a.conjuncts.contains(conjunct))
}

/// `path = constant` or `path IN [constants]`.
fn equality(expr: &Expr) -> Option<(String, Vec<String>)> {
    let is_constant = |literal: &Literal| !matches!(literal, Literal::Undefined);
    match &expr.node {
        ExprKind::Compare { op: CompareOp::Equal, left, right } => match (&left.node, &right.node) {
            (ExprKind::Path(path), ExprKind::Literal(literal)) | (ExprKind::Literal(literal), ExprKind::Path(path)) => {
                is_constant(literal).then(|| (path.to_string(), vec![literal.to_string()]))
            }
            _ => None,
        },
        ExprKind::Member { membership: Membership::In, needle, list } => {
            let ExprKind::Path(path) = &needle.node else { return None };
            Some((path.to_string(), list.iter().map(|literal| literal.node.to_string()).collect()))
        }
        _ => None,
    }
}

/// A path cannot have two values.
fn are_disjoint(a: &Parsed, b: &Parsed) -> bool {
    a.equalities.iter().any(|(path, values)| {
        let others = b.equalities.iter().filter(|(other, _)| other == path);
        others.into_iter().any(|(_, others)| !values.iter().any(|value| others.contains(value)))
    })
}

/// Whether a condition leaves the devices of another out, in one of the forms that people are told to
/// write: `AND NOT (..)`, or with its complement.
fn excludes(a: &Parsed, b: &Parsed) -> bool {
    let Some(filter) = b.target.filter() else { return false };
    let negated = |conjunct: &Expr| matches!(&conjunct.node, ExprKind::Not(inner) if **inner == *filter);
    if a.conjuncts.iter().any(negated) {
        return true;
    }
    b.rest().is_some_and(|rest| conjuncts(rest).iter().all(|conjunct| a.conjuncts.contains(conjunct)))
}
