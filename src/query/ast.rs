//! The syntax tree of the query language.
//!
//! Trees compare by meaning: spans are ignored, so `parse(print(tree)) == tree` can be stated and
//! tested. Trees are built by the parser or by the constructors here, which keep them canonical:
//! `AND` and `OR` hold at least two operands and never an operand of their own kind, and a minus
//! in front of a number is part of the number.

use std::ops::Range;

use super::path::Path;

/// Byte offsets into the parsed text, always on character boundaries.
pub type Span = Range<usize>;

/// A value and the text it was read from. Built values carry an empty span.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// What was read.
    pub node: T,
    /// Where it was read.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value read from `span`.
    pub fn new(node: T, span: Span) -> Self {
        Self { node, span }
    }

    /// A value that was not read from any text.
    pub fn built(node: T) -> Self {
        Self { node, span: 0..0 }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// An expression and where it stands.
pub type Expr = Spanned<ExprKind>;

/// What an expression does.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// The value of a document under a path.
    Path(Path),
    /// True if an operand is true.
    Or(Vec<Expr>),
    /// True if all operands are true.
    And(Vec<Expr>),
    /// True if the operand is false; undefined if it is undefined.
    Not(Box<Expr>),
    /// A comparison of two primitives.
    Compare {
        /// How to compare.
        op: CompareOp,
        /// Left of the operator.
        left: Box<Expr>,
        /// Right of the operator.
        right: Box<Expr>,
    },
    /// `needle IN [...]` or `needle NIN [...]`.
    Member {
        /// Whether the needle must be in the list or must not.
        membership: Membership,
        /// What to look for.
        needle: Box<Expr>,
        /// Where to look.
        list: Vec<Spanned<Literal>>,
    },
    /// A calculation with two numbers.
    Arithmetic {
        /// How to calculate.
        op: ArithmeticOp,
        /// Left of the operator.
        left: Box<Expr>,
        /// Right of the operator.
        right: Box<Expr>,
    },
    /// Unary minus.
    Negate(Box<Expr>),
    /// `IS_DEFINED(path)`.
    IsDefined(Path),
    /// `STARTSWITH(text, prefix)`.
    StartsWith {
        /// The text examined.
        text: Box<Expr>,
        /// What it must begin with.
        prefix: Box<Expr>,
    },
}

impl Expr {
    /// A constant.
    pub fn literal(literal: Literal) -> Self {
        Self::built(ExprKind::Literal(literal))
    }

    /// The value under a path.
    pub fn path(path: Path) -> Self {
        let span = path.span();
        Self::new(ExprKind::Path(path), span)
    }

    /// `IS_DEFINED(path)`.
    pub fn is_defined(path: Path) -> Self {
        let span = path.span();
        Self::new(ExprKind::IsDefined(path), span)
    }

    /// `left op right`.
    pub fn compare(op: CompareOp, left: Self, right: Self) -> Self {
        let span = left.span.start..right.span.end;
        let (left, right) = (Box::new(left), Box::new(right));
        Self::new(ExprKind::Compare { op, left, right }, span)
    }

    /// `left op right`, for numbers.
    pub fn arithmetic(op: ArithmeticOp, left: Self, right: Self) -> Self {
        let span = left.span.start..right.span.end;
        let (left, right) = (Box::new(left), Box::new(right));
        Self::new(ExprKind::Arithmetic { op, left, right }, span)
    }

    /// `STARTSWITH(text, prefix)`.
    pub fn starts_with(text: Self, prefix: Self) -> Self {
        let span = text.span.start..prefix.span.end;
        let (text, prefix) = (Box::new(text), Box::new(prefix));
        Self::new(ExprKind::StartsWith { text, prefix }, span)
    }

    /// `needle IN [list]` or its opposite.
    pub fn member(membership: Membership, needle: Self, list: Vec<Spanned<Literal>>) -> Self {
        let end = list.last().map_or(needle.span.end, |last| last.span.end);
        let span = needle.span.start..end;
        let needle = Box::new(needle);
        let node = ExprKind::Member { membership, needle, list };
        Self::new(node, span)
    }

    /// `NOT operand`. Double negation is kept: it is what the author wrote.
    pub fn negation(operand: Self) -> Self {
        let span = operand.span.clone();
        Self::new(ExprKind::Not(Box::new(operand)), span)
    }

    /// `-operand`; a number changes its sign instead.
    pub fn minus(operand: Self) -> Self {
        let span = operand.span.clone();
        let node = match operand.node {
            ExprKind::Literal(Literal::Number(number)) => ExprKind::Literal(Literal::Number(-number)),
            _ => ExprKind::Negate(Box::new(operand)),
        };
        Self::new(node, span)
    }

    /// All of them. No operand at all is `true`, one stands for itself.
    pub fn all(operands: Vec<Self>) -> Self {
        Self::chain(operands, true)
    }

    /// Any of them. No operand at all is `false`, one stands for itself.
    pub fn any(operands: Vec<Self>) -> Self {
        Self::chain(operands, false)
    }

    /// `neutral` is both the value of no operands and the choice: `true` for AND, `false` for OR.
    fn chain(operands: Vec<Self>, neutral: bool) -> Self {
        let mut flat = Vec::with_capacity(operands.len());
        for operand in operands {
            match operand.node {
                ExprKind::And(inner) if neutral => flat.extend(inner),
                ExprKind::Or(inner) if !neutral => flat.extend(inner),
                node => flat.push(Self::new(node, operand.span)),
            }
        }
        match flat.len() {
            0 => Self::literal(Literal::Boolean(neutral)),
            1 => flat.swap_remove(0),
            last => {
                let span = flat[0].span.start..flat[last - 1].span.end;
                let kind = if neutral { ExprKind::And } else { ExprKind::Or };
                Self::new(kind(flat), span)
            }
        }
    }
}

/// A constant of the language.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `undefined`, the value of a missing property.
    Undefined,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A finite number.
    Number(f64),
    /// A string, without its quotes and escapes.
    String(String),
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `=`
    Equal,
    /// `!=`, also written `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

/// Whether a value must be in a list or must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// `IN`
    In,
    /// `NIN`, also written `NOT IN`
    NotIn,
}

/// What a query reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// `devices`: device twins.
    Devices,
    /// `devices.modules`: module twins.
    Modules,
    /// `devices.jobs`: one record per job and device.
    DeviceJobs,
}

impl Collection {
    /// All collections.
    pub const ALL: [Self; 3] = [Self::Devices, Self::Modules, Self::DeviceJobs];

    /// The name in the language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Modules => "devices.modules",
            Self::DeviceJobs => "devices.jobs",
        }
    }
}

/// What a job's `queryCondition` selects: `*`, a condition, or `FROM devices.modules WHERE ...`.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Device twins or module twins; never [`Collection::DeviceJobs`].
    pub from: Collection,
    /// The condition; none selects everything.
    pub filter: Option<Expr>,
}

/// A complete query.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// At most this many rows.
    pub top: Option<u64>,
    /// What to return of each document.
    pub select: Projection,
    /// Which documents to read.
    pub from: Collection,
    /// The `WHERE` clause.
    pub filter: Option<Expr>,
    /// The `GROUP BY` clause; empty if there is none.
    pub group_by: Vec<Path>,
}

/// What a query returns of each document.
#[derive(Clone, Debug, PartialEq)]
pub enum Projection {
    /// `*`: the documents themselves.
    All,
    /// A row of columns.
    Columns(Vec<Spanned<Column>>),
}

/// One column of a projection.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What it holds.
    pub value: ColumnValue,
    /// Its name, if given by `AS`.
    pub alias: Option<Spanned<String>>,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnValue {
    /// The value under a path.
    Path(Path),
    /// `COUNT()`, the number of documents.
    Count,
    /// Another aggregate over the value under a path.
    Aggregate(Aggregate, Path),
}

/// An aggregate function over one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// `AVG`
    Average,
    /// `SUM`
    Sum,
    /// `MIN`
    Minimum,
    /// `MAX`
    Maximum,
}

impl Aggregate {
    /// The name in the language.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Average => "AVG",
            Self::Sum => "SUM",
            Self::Minimum => "MIN",
            Self::Maximum => "MAX",
        }
    }
}
