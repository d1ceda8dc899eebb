//! Complete queries, run over a stream of documents.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::aggregate::{Grouping, Groups};
use super::ast::{Collection, ColumnValue, Projection, Query};
use super::clause::Clause;
use super::document::{Document, Paths, Project, ResolvedPath};
use super::evaluate::{Node, Truth};
use super::rules::column_name;

/// What the rows of a query are; the header `x-ms-item-type` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemType {
    /// Whole twins of devices or modules.
    Twin,
    /// Whole records of `devices.jobs`.
    DeviceJob,
    /// Rows made by a projection.
    Raw,
}

impl ItemType {
    /// The value of the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Twin => "Twin",
            Self::DeviceJob => "DeviceJob",
            Self::Raw => "Raw",
        }
    }
}

/// A query ready to run.
#[derive(Clone, Debug)]
pub struct Statement {
    from: Collection,
    filter: Option<Node>,
    shape: Shape,
    top: Option<u64>,
    paths: Box<[ResolvedPath]>,
}

#[derive(Clone, Debug)]
enum Shape {
    Whole,
    Columns(Box<[(String, ResolvedPath)]>),
    Grouped(Grouping),
}

impl Statement {
    /// Compiles what [`super::parse_query`] gives.
    ///
    /// A plain column that is neither grouped by nor aggregated, which the parser refuses, stays
    /// empty.
    pub fn compile(query: &Query) -> Self {
        let mut paths = Paths::new(query.from);
        let filter = query.filter.as_ref().map(|filter| Node::compile(filter, &mut paths));
        let shape = Shape::compile(query, &mut paths);
        Self { from: query.from, filter, shape, top: query.top, paths: paths.into_resolved() }
    }

    /// What to feed.
    pub fn collection(&self) -> Collection {
        self.from
    }

    /// What the rows are.
    pub fn item_type(&self) -> ItemType {
        match (&self.shape, self.from) {
            (Shape::Whole, Collection::DeviceJobs) => ItemType::DeviceJob,
            (Shape::Whole, _) => ItemType::Twin,
            _ => ItemType::Raw,
        }
    }

    /// At most this many rows.
    pub fn top(&self) -> Option<u64> {
        self.top
    }

    /// Whether rows come of groups of documents, and so only after the last document.
    pub fn aggregates(&self) -> bool {
        matches!(self.shape, Shape::Grouped(_))
    }

    /// Every path that the statement can look up; each stands at its own [`ResolvedPath::index`].
    pub fn paths(&self) -> &[ResolvedPath] {
        &self.paths
    }

    /// The `WHERE` clause, to be taken apart.
    pub fn clause(&self) -> Option<Clause<'_>> {
        self.filter.as_ref().map(Clause::new)
    }

    /// How documents are put into groups, if the statement [aggregates](Self::aggregates).
    pub fn grouping(&self) -> Option<&Grouping> {
        match &self.shape {
            Shape::Grouped(grouping) => Some(grouping),
            _ => None,
        }
    }

    /// The rows that groups of this statement make.
    pub fn rows_of(&self, groups: Groups<'_>) -> Vec<Value> {
        let mut rows = groups.finish();
        self.cut(&mut rows);
        rows
    }

    fn cut(&self, rows: &mut Vec<Value>) {
        if let Some(top) = self.top {
            rows.truncate(usize::try_from(top).unwrap_or(usize::MAX));
        }
    }

    /// Whether the `WHERE` clause selects the document.
    pub fn matches<D: Document + ?Sized>(&self, document: &D) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.truth(document) == Truth::True)
    }

    /// The row of one matching document: itself, or its columns, those it lacks left out. `None` if
    /// the statement [aggregates](Self::aggregates).
    pub fn row<D: Project + ?Sized>(&self, document: &D) -> Option<Value> {
        match &self.shape {
            Shape::Whole => Some(document.whole()),
            Shape::Columns(columns) => {
                let mut row = Map::with_capacity(columns.len());
                for (name, path) in columns {
                    if let Some(value) = document.json(path) {
                        row.insert(name.clone(), value);
                    }
                }
                Some(Value::Object(row))
            }
            Shape::Grouped(_) => None,
        }
    }
}

impl Shape {
    fn compile(query: &Query, paths: &mut Paths) -> Self {
        let Projection::Columns(columns) = &query.select else {
            return Self::Whole;
        };
        let plain: Option<Vec<_>> = columns
            .iter()
            .map(|column| match &column.node.value {
                ColumnValue::Path(path) => Some((column_name(&column.node, query.from), path)),
                _ => None,
            })
            .collect();
        match plain {
            Some(plain) if query.group_by.is_empty() => {
                Self::Columns(plain.into_iter().map(|(name, path)| (name, paths.resolve(path))).collect())
            }
            _ => Self::Grouped(Grouping::compile(query, paths)),
        }
    }
}

/// The rows of a statement, gathered from documents fed one by one.
///
/// - A column without `AS` is named by the last name of its path, an aggregate by its function in
///   lower case. What a row or group lacks is left out.
/// - `AVG` and `SUM` take in numbers only, `MIN` and `MAX` numbers and strings, of which every
///   number is the lesser. With nothing to take in, only `COUNT()` has a value.
/// - Documents are grouped by strings, numbers, Booleans and null; objects and arrays count as
///   missing. Without `GROUP BY`, aggregates give one row even of no documents.
#[derive(Clone, Debug)]
pub struct Rows<'s> {
    statement: &'s Statement,
    gathered: Gathered<'s>,
}

#[derive(Clone, Debug)]
enum Gathered<'s> {
    Rows(Vec<Value>),
    Groups(Groups<'s>),
}

impl<'s> Rows<'s> {
    /// No rows yet.
    pub fn new(statement: &'s Statement) -> Self {
        let gathered = match &statement.shape {
            Shape::Grouped(grouping) => Gathered::Groups(Groups::new(grouping)),
            _ => Gathered::Rows(Vec::new()),
        };
        Self { statement, gathered }
    }

    /// Takes in a document of the statement's collection, if the statement selects it. Breaks when
    /// `TOP` is reached and further documents change nothing.
    pub fn feed<D: Project + ?Sized>(&mut self, document: &D) -> ControlFlow<()> {
        if !self.is_full() && self.statement.matches(document) {
            match &mut self.gathered {
                Gathered::Rows(rows) => rows.extend(self.statement.row(document)),
                Gathered::Groups(groups) => groups.feed(document),
            }
        }
        if self.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Appends the rows of documents that come after those of `self`, as gathered by another
    /// thread. Both must be rows of the same statement.
    pub fn merge(&mut self, later: Self) {
        match (&mut self.gathered, later.gathered) {
            (Gathered::Rows(rows), Gathered::Rows(more)) => rows.extend(more),
            (Gathered::Groups(groups), Gathered::Groups(more)) => groups.merge(more),
            (Gathered::Rows(_), Gathered::Groups(_)) | (Gathered::Groups(_), Gathered::Rows(_)) => {
                debug_assert!(false, "rows of different statements");
            }
        }
    }

    /// The rows, in the order of the documents; groups in the order of their first document.
    pub fn finish(self) -> Vec<Value> {
        match self.gathered {
            Gathered::Rows(mut rows) => {
                self.statement.cut(&mut rows);
                rows
            }
            Gathered::Groups(groups) => self.statement.rows_of(groups),
        }
    }

    /// Groups are never full: every document counts.
    fn is_full(&self) -> bool {
        match (&self.gathered, self.statement.top) {
            (Gathered::Rows(rows), Some(top)) => rows.len() as u64 >= top,
            _ => false,
        }
    }
}
