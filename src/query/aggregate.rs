//! Groups of documents and what is calculated over them.

use std::cmp::Ordering;

use rustc_hash::FxHashMap;
use serde_json::{Map, Number, Value};

use super::ast::{Aggregate, ColumnValue, Projection, Query};
use super::document::{Document, Field, Paths, ResolvedPath};
use super::rules::column_name;

/// What an aggregate column calculates.
#[derive(Clone, Debug)]
enum AggregateOf {
    /// The number of documents.
    Count,
    /// A function of the values under a path.
    Path(Aggregate, ResolvedPath),
}

/// The columns and keys of a query that aggregates.
#[derive(Clone, Debug)]
pub struct Grouping {
    keys: Box<[ResolvedPath]>,
    columns: Box<[(String, GroupColumn)]>,
}

/// One column of an aggregating query.
#[derive(Clone, Debug)]
enum GroupColumn {
    /// The key at this position of the `GROUP BY` clause.
    Key(usize),
    Aggregate(AggregateOf),
}

impl Grouping {
    /// The paths that documents are grouped by.
    pub fn keys(&self) -> &[ResolvedPath] {
        &self.keys
    }

    /// Whether nothing but documents is counted.
    pub fn only_counts(&self) -> bool {
        let counts =
            |column: &GroupColumn| matches!(column, GroupColumn::Key(_) | GroupColumn::Aggregate(AggregateOf::Count));
        self.columns.iter().all(|(_, column)| counts(column))
    }

    pub(super) fn compile(query: &Query, paths: &mut Paths) -> Self {
        let keys: Box<[_]> = query.group_by.iter().map(|path| paths.resolve(path)).collect();
        let Projection::Columns(columns) = &query.select else {
            return Self { keys, columns: Box::default() };
        };
        let columns = columns
            .iter()
            .filter_map(|column| {
                let value = match &column.node.value {
                    ColumnValue::Path(path) => {
                        let path = paths.resolve(path);
                        GroupColumn::Key(keys.iter().position(|key| *key == path)?)
                    }
                    ColumnValue::Count => GroupColumn::Aggregate(AggregateOf::Count),
                    ColumnValue::Aggregate(aggregate, path) => {
                        GroupColumn::Aggregate(AggregateOf::Path(*aggregate, paths.resolve(path)))
                    }
                };
                Some((column_name(&column.node, query.from), value))
            })
            .collect();
        Self { keys, columns }
    }
}

/// The place of a group among its [`Groups`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group(usize);

/// Groups in the order in which they appeared.
#[derive(Clone, Debug)]
pub struct Groups<'s> {
    grouping: &'s Grouping,
    positions: FxHashMap<Box<[Scalar]>, usize>,
    totals: Vec<Box<[Total]>>,
}

impl<'s> Groups<'s> {
    /// No groups yet.
    pub fn new(grouping: &'s Grouping) -> Self {
        let mut groups = Self { grouping, positions: FxHashMap::default(), totals: Vec::new() };
        if grouping.keys.is_empty() {
            // Without GROUP BY there is one group even of no documents: COUNT() is then 0.
            groups.group(Box::default());
        }
        groups
    }

    /// How they are made.
    pub fn grouping(&self) -> &'s Grouping {
        self.grouping
    }

    pub(super) fn feed<D: Document + ?Sized>(&mut self, document: &D) {
        let group = self.of(document);
        self.add(group, document);
    }

    /// The group that a document belongs to, new if need be.
    pub fn of<D: Document + ?Sized>(&mut self, document: &D) -> Group {
        let grouping = self.grouping;
        self.group(grouping.keys.iter().map(|path| Scalar::of(document.lookup(path))).collect())
    }

    /// Takes a document into its group.
    pub fn add<D: Document + ?Sized>(&mut self, group: Group, document: &D) {
        for (total, (_, column)) in self.totals[group.0].iter_mut().zip(&self.grouping.columns) {
            match column {
                GroupColumn::Key(_) => {}
                GroupColumn::Aggregate(AggregateOf::Count) => total.count += 1,
                GroupColumn::Aggregate(AggregateOf::Path(aggregate, path)) => {
                    total.add(*aggregate, document.lookup(path));
                }
            }
        }
    }

    /// Takes that many documents into their group, of which [nothing but the number](Grouping::only_counts)
    /// matters.
    pub fn add_many(&mut self, group: Group, documents: u64) {
        self.totals[group.0].iter_mut().for_each(|total| total.count += documents);
    }

    /// Takes in the groups of documents that come after these.
    pub fn merge(&mut self, later: Self) {
        let mut keys: Vec<_> = later.positions.into_iter().collect();
        keys.sort_unstable_by_key(|(_, position)| *position);
        for ((key, _), totals) in keys.into_iter().zip(later.totals) {
            let group = self.group(key);
            for (own, other) in self.totals[group.0].iter_mut().zip(totals) {
                own.merge(other);
            }
        }
    }

    pub(super) fn finish(self) -> Vec<Value> {
        let mut keys: Vec<_> = self.positions.into_iter().collect();
        keys.sort_unstable_by_key(|(_, position)| *position);
        keys.into_iter().zip(self.totals).map(|((key, _), totals)| row(self.grouping, &key, &totals)).collect()
    }

    fn group(&mut self, key: Box<[Scalar]>) -> Group {
        let next = self.totals.len();
        let position = *self.positions.entry(key).or_insert(next);
        if position == next {
            let empty = vec![Total::default(); self.grouping.columns.len()];
            self.totals.push(empty.into_boxed_slice());
        }
        Group(position)
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
    fn add(&mut self, aggregate: Aggregate, field: Field<'_>) {
        match (aggregate, field) {
            (Aggregate::Average | Aggregate::Sum, Field::Number(number)) => {
                self.count += 1;
                self.sum += number;
            }
            (Aggregate::Minimum, field) => keep_field(&mut self.least, field, Ordering::Less),
            (Aggregate::Maximum, field) => keep_field(&mut self.greatest, field, Ordering::Greater),
            _ => {}
        }
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

/// Keeps a copy only of what is better.
fn keep_field(held: &mut Option<Extreme>, field: Field<'_>, better: Ordering) {
    let order = match (&*held, field) {
        (None, Field::Number(_) | Field::String(_)) => Some(better),
        (Some(Extreme::Number(held)), Field::Number(number)) => number.partial_cmp(held),
        (Some(Extreme::String(held)), Field::String(text)) => Some(text.cmp(held)),
        (Some(Extreme::String(_)), Field::Number(_)) => Some(Ordering::Less),
        (Some(Extreme::Number(_)), Field::String(_)) => Some(Ordering::Greater),
        _ => None,
    };
    if order != Some(better) {
        return;
    }
    *held = match field {
        Field::Number(number) => Some(Extreme::Number(number)),
        Field::String(text) => Some(Extreme::String(text.into())),
        _ => return,
    };
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
