//! The IoT Hub query language: parse, print, lint, evaluate.
//!
//! Pure: knows nothing of manifests, hubs, clocks or files.

mod aggregate;
mod ast;
mod attribute;
mod document;
mod evaluate;
mod lint;
mod member;
mod parse;
mod path;
mod print;
mod problem;
mod rules;
mod select;

pub use ast::{
    Aggregate, ArithmeticOp, Collection, Column, ColumnValue, CompareOp, Expr, ExprKind, Literal, Membership,
    Projection, Query, Selection, Span, Spanned,
};
pub use document::{Document, Field, Project, ResolvedPath};
pub use evaluate::{Condition, Truth};
pub use parse::{CONDITION_LENGTH_MAX, CONDITION_PREFIX, Parsed, QUERY_LENGTH_MAX, parse_condition, parse_query};
pub use path::{InvalidSegment, Path, Segment};
pub use print::{device_id_in, quote_literal};
pub use problem::{Judge, Problem, ProblemCode, Severity};
pub use select::{Appetite, ItemType, Rows, Statement};
