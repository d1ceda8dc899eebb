//! Whether two conditions select the same devices: said by the conditions themselves, or counted.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::effect::Target;
use super::question::{Answers, Question};
use crate::model::TargetCondition;
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
    rest: OnceCell<Option<Rest>>,
}

/// The devices that a condition does not select, if the language can say it.
#[derive(Debug)]
pub(super) struct Rest {
    /// True of exactly those.
    pub(super) filter: Expr,
    /// In characters.
    pub(super) len: usize,
}

impl Parsed {
    fn rest(&self) -> Option<&Rest> {
        let rest = || {
            let filter = complement(self.target.filter()?).ok()?;
            Some(Rest { len: filter.to_string().chars().count(), filter })
        };
        self.rest.get_or_init(rest).as_ref()
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

    fn equalities(&self) -> &[(String, Vec<String>)] {
        self.parsed().map_or(&[], |parsed| &parsed.equalities)
    }

    /// The values of which a path has one in every device that is selected, if the condition says so.
    pub(super) fn values_at(&self, path: &str) -> Option<&[String]> {
        self.equalities().iter().find(|(of, _)| of == path).map(|(_, values)| values.as_slice())
    }

    /// What to ask; nothing when the condition cannot be read.
    pub(super) fn target(&self) -> Option<&Target> {
        self.parsed().map(|parsed| &parsed.target)
    }

    /// The devices that are not selected; nothing when the language cannot say it, or when there are none.
    pub(super) fn rest(&self) -> Option<&Rest> {
        self.parsed()?.rest()
    }

    /// Whether the two are written alike.
    pub(super) fn is_written_as(&self, other: &Self) -> bool {
        self.condition == other.condition
    }

    /// Whether the conditions say that no device can meet both.
    pub(super) fn is_apart_from(&self, other: &Self) -> bool {
        let (Some(a), Some(b)) = (self.parsed(), other.parsed()) else { return false };
        a.target.is_of_devices() != b.target.is_of_devices() || are_disjoint(a, b) || excludes(a, b) || excludes(b, a)
    }

    /// Nothing when no device can meet both conditions.
    pub(super) fn overlap(&self, other: &Self) -> Option<Overlap> {
        let (Some(a), Some(b)) = (self.parsed(), other.parsed()) else { return Some(Overlap::Unknown) };
        if self.is_apart_from(other) {
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
        let rest = other.rest()?.filter.clone();
        let own = own.target.filter().cloned();
        Some(Expr::all(own.into_iter().chain([rest]).collect()).to_string())
    }
}

/// The path by whose values conditions are best told apart, such as `tags.building`: the one that leaves
/// the fewest pairs to compare. Nothing where none demands a value.
pub(super) fn best_place<'d>(all: &[&'d Devices<'_>]) -> Option<&'d str> {
    let mut named: BTreeMap<&str, (usize, BTreeMap<&str, usize>)> = BTreeMap::new();
    for (path, values) in all.iter().flat_map(|devices| devices.equalities()) {
        let (count, by_value) = named.entry(path).or_default();
        *count += 1;
        values.iter().for_each(|value| *by_value.entry(value).or_default() += 1);
    }
    let pairs_left = |(_, (count, by_value)): &(&str, (usize, BTreeMap<&str, usize>))| {
        let within: usize = by_value.values().map(|count| count * count).sum();
        within + (all.len() - (*count).min(all.len())) * all.len()
    };
    named.into_iter().min_by_key(pairs_left).map(|(path, _)| path)
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
    b.rest().is_some_and(|rest| conjuncts(&rest.filter).iter().all(|conjunct| a.conjuncts.contains(conjunct)))
}
