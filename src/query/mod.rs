//! The IoT Hub query language: parse, print, lint, evaluate.
//!
//! A text goes through [`parse_condition`] or [`parse_query`], which report every [`Problem`] with
//! its place; the tree is printed in canonical form, rewritten ([`complement()`]) or compiled, to a
//! [`Condition`] that selects documents or a [`Statement`] that makes rows of them.
//!
//! ```
//! use hubjobs::query::{Condition, Truth, parse_condition};
//!
//! let (selection, problems) = parse_condition("tags.ring = 'canary' AND tags.floor > 3");
//! assert!(problems.is_empty());
//! let condition = Condition::compile(&selection.expect("no problems"));
//! let device = serde_json::json!({"tags": {"ring": "canary"}});
//! assert_eq!(condition.truth(&device), Truth::Undefined);
//! ```
//!
//! The language has no published grammar beyond its documentation. Where that is silent, the
//! items say what they assume: [`Condition`] on evaluation, [`Rows`] on aggregates.
//!
//! Pure: knows nothing of manifests, hubs, clocks or files.

mod aggregate;
mod ast;
mod attribute;
mod clause;
mod complement;
mod constants;
mod document;
mod evaluate;
mod keyword;
mod lint;
mod member;
mod parse;
mod path;
mod precedence;
mod print;
mod problem;
mod rules;
mod select;

pub use aggregate::{Group, Grouping, Groups};
pub use ast::{
    Aggregate, ArithmeticOp, Collection, Column, ColumnValue, CompareOp, Expr, ExprKind, Literal, Membership,
    Projection, Query, Selection, Span, Spanned,
};
pub use clause::{Clause, Parts, Test};
pub use complement::{NoComplement, complement};
pub use document::{Document, Field, Project, ResolvedPath};
pub use evaluate::{Condition, Truth};
pub use parse::{
    CONDITION_LENGTH_MAX, CONDITION_PREFIX, Dialect, Parsed, QUERY_LENGTH_MAX, parse_condition, parse_condition_as,
    parse_query, parse_query_as,
};
pub use path::{InvalidSegment, Path, Segment};
pub use print::{device_id_in, quote_literal};
pub use problem::{Judge, Problem, ProblemCode, Severity};
pub use select::{ItemType, Rows, Statement};
