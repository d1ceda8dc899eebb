//! Groups of documents and what is calculated over them.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;
use serde_json::{Map, Number, Value};

use super::ast::Aggregate;
use super::document::{Document, Field, ResolvedPath};
use super::select::{GroupColumn, Grouping};

/// What an aggregate column calculates.
#[derive(Clone, Debug)]
pub(super) enum AggregateOf {
    /// The number of documents.
    Count,
    /// A function of the values under a path.
    Path(Aggregate, ResolvedPath),
}

/// Groups in the order in which they appeared.
#[derive(Clone, Debug)]
pub(super) struct Groups<'s> {
    grouping: &'s Grouping,
    positions: FxHashMap<Box<[Scalar]>, usize>,
    totals: Vec<Box<[Total]>>,
}

impl<'s> Groups<'s> {
    pub(super) fn new(grouping: &'s Grouping) -> Self {
        let mut groups = Self { grouping, positions: FxHashMap::default(), totals: Vec::new() };
        if grouping.keys.is_empty() {
            // Without GROUP BY there is one group even of no documents: COUNT() is then 0.
            groups.group(Box::default());
        }
        groups
    }

    pub(super) fn feed<D: Document + ?Sized>(&mut self, document: &D) {
        let grouping = self.grouping;
        let key = grouping.keys.iter().map(|path| Scalar::of(document.lookup(path))).collect();
        let group = self.group(key);
        for (total, (_, column)) in group.iter_mut().zip(&grouping.columns) {
            match column {
                GroupColumn::Key(_) => {}
                GroupColumn::Aggregate(AggregateOf::Count) => total.count += 1,
                GroupColumn::Aggregate(AggregateOf::Path(_, path)) => {
                    total.add(document.lookup(path));
                }
            }
        }
    }

    pub(super) fn merge(&mut self, later: Self) {
        let mut keys: Vec<_> = later.positions.into_iter().collect();
        keys.sort_unstable_by_key(|(_, position)| *position);
        for ((key, _), totals) in keys.into_iter().zip(later.totals) {
            for (own, other) in self.group(key).iter_mut().zip(totals) {
                own.merge(other);
            }
        }
    }

    pub(super) fn finish(self) -> Vec<Value> {
        let mut keys: Vec<_> = self.positions.into_iter().collect();
        keys.sort_unstable_by_key(|(_, position)| *position);
        keys.into_iter().zip(self.totals).map(|((key, _), totals)| row(self.grouping, &key, &totals)).collect()
    }

    fn group(&mut self, key: Box<[Scalar]>) -> &mut [Total] {
        let next = self.totals.len();
        let position = *self.positions.entry(key).or_insert(next);
        if position == next {
            let empty = vec![Total::default(); self.grouping.columns.len()];
            self.totals.push(empty.into_boxed_slice());
        }
        &mut self.totals[position]
    }
}

/// What a group lacks is left out of its row.
fn row(grouping: &Grouping, key: &[Scalar], totals: &[Total]) -> Value {
    let mut row = Map::with_capacity(totals.len());
    for ((name, column), total) in grouping.columns.iter().zip(totals) {
        let value = match column {
            GroupColumn::Key(position) => key[*position].to_json(),
            GroupColumn::Aggregate(AggregateOf::Count) => Some(Value::from(total.count)),
            GroupColumn::Aggregate(AggregateOf::Path(aggregate, _)) => total.result(*aggregate),
        };
        if let Some(value) = value {
            row.insert(name.clone(), value);
        }
    }
    Value::Object(row)
}

/// A value that documents can be grouped by. Objects and arrays count as missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Scalar {
    Missing,
    Null,
    Boolean(bool),
    /// The bits of a number that is not negative zero.
    Number(u64),
    String(Box<str>),
}

impl Scalar {
    fn of(field: Field<'_>) -> Self {
        match field {
            Field::Undefined | Field::Composite => Self::Missing,
            Field::Null => Self::Null,
            Field::Boolean(value) => Self::Boolean(value),
            // Adding zero turns negative zero into zero, which equals it.
            Field::Number(number) => Self::Number((number + 0.0).to_bits()),
            Field::String(text) => Self::String(text.into()),
        }
    }

    fn to_json(&self) -> Option<Value> {
        match self {
            Self::Missing => None,
            Self::Null => Some(Value::Null),
            Self::Boolean(value) => Some(Value::Bool(*value)),
            Self::Number(bits) => number(f64::from_bits(*bits)),
            Self::String(text) => Some(Value::String(text.to_string())),
        }
    }
}

/// The running total of one column in one group.
#[derive(Clone, Debug, Default)]
struct Total {
    /// Documents for `COUNT`, numbers otherwise.
    count: u64,
    sum: f64,
    least: Option<Extreme>,
    greatest: Option<Extreme>,
}

/// A candidate for `MIN` and `MAX`. Every number is less than every string.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Extreme {
    Number(f64),
    String(Box<str>),
}

impl Total {
    /// Only numbers have a sum, only numbers and strings an order; the rest is passed over.
    fn add(&mut self, field: Field<'_>) {
        let value = match field {
            Field::Number(number) => {
                self.count += 1;
                self.sum += number;
                Extreme::Number(number)
            }
            Field::String(text) => Extreme::String(text.into()),
            _ => return,
        };
        self.extend(Some(value.clone()), Some(value));
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.extend(other.least, other.greatest);
    }

    fn extend(&mut self, least: Option<Extreme>, greatest: Option<Extreme>) {
        keep(&mut self.least, least, Ordering::Less);
        keep(&mut self.greatest, greatest, Ordering::Greater);
    }

    /// `None` if there was nothing to calculate with.
    fn result(&self, aggregate: Aggregate) -> Option<Value> {
        match aggregate {
            Aggregate::Average if self.count > 0 => number(self.sum / self.count as f64),
            Aggregate::Sum if self.count > 0 => number(self.sum),
            Aggregate::Average | Aggregate::Sum => None,
            Aggregate::Minimum => self.least.as_ref().and_then(Extreme::to_json),
            Aggregate::Maximum => self.greatest.as_ref().and_then(Extreme::to_json),
        }
    }
}

impl Extreme {
    fn to_json(&self) -> Option<Value> {
        match self {
            Self::Number(value) => number(*value),
            Self::String(text) => Some(Value::String(text.to_string())),
        }
    }
}

fn keep(held: &mut Option<Extreme>, new: Option<Extreme>, better: Ordering) {
    let Some(new) = new else { return };
    let replaces = held.as_ref().is_none_or(|held| new.partial_cmp(held) == Some(better));
    if replaces {
        *held = Some(new);
    }
}

/// Whole numbers without a fraction: `42`, not `42.0`.
fn number(value: f64) -> Option<Value> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT_MAX {
        return Some(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number)
}
