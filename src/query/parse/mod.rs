//! Text to syntax trees, with every problem that one reading can find.
//!
//! Guarantees: no input makes the parser panic or overflow the stack, the time is linear in the
//! text, and every span lies on character boundaries of the text.

mod condition;
mod cursor;
mod expression;
mod foreign;
mod lexer;
mod list;
mod literal;
mod operand;
mod statement;
mod token;

pub use condition::{parse_condition, parse_condition_as};
pub use statement::{parse_query, parse_query_as};

use super::ast::Span;
use super::problem::{Problem, ProblemCode, Severity};

/// The longest query that the hub takes, in characters.
pub const QUERY_LENGTH_MAX: usize = 8192;

/// What the hub puts before a job's condition.
pub const CONDITION_PREFIX: &str = "SELECT * FROM devices WHERE ";

/// The longest condition that the hub takes, in characters.
pub const CONDITION_LENGTH_MAX: usize = QUERY_LENGTH_MAX - CONDITION_PREFIX.len();

/// Text beyond this is not read at all, only reported.
const READ_BYTES_MAX: usize = 8 * QUERY_LENGTH_MAX;

/// What parsing gives: `None` if and only if the hub would refuse the text.
///
/// A caller that wants to act on the tree must look at the problems too: some errors are only ours
/// ([`super::Judge::Lint`]), and an emulator goes on in spite of them.
pub type Parsed<T> = (Option<T>, Vec<Problem>);

/// Which forms are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Dialect {
    /// The documented ones, and those that a hub was seen to take.
    #[default]
    Documented,
    /// Also what a few sources use, but no documentation has: `''` for a quote in a string.
    Lenient,
}

impl Dialect {
    fn takes(self, code: ProblemCode) -> bool {
        self == Self::Lenient && code == ProblemCode::DoubledQuote
    }
}

/// Sorts the problems by position and drops the tree if the hub would refuse the text.
fn conclude<T>(tree: Option<T>, mut problems: Vec<Problem>, dialect: Dialect) -> Parsed<T> {
    problems.retain(|problem| !dialect.takes(problem.code));
    problems.sort_by_key(|problem| problem.span.start);
    let refused = problems
        .iter()
        .any(|problem| problem.severity == Severity::Error && problem.code.judge() == super::problem::Judge::Hub);
    debug_assert!(tree.is_some() || refused, "a refusal needs a reason");
    (tree.filter(|_| !refused), problems)
}

/// Text that is too long, pointed at the first character over the limit.
fn check_length(text: &str, limit: usize) -> Option<Problem> {
    let (start, _) = text.char_indices().nth(limit)?;
    let len = text.chars().count();
    let span: Span = start..text.len();
    let problem = Problem::new(
        ProblemCode::TooLong,
        span,
        format!("{len} characters are {} too many", len - limit),
        "over the limit",
    );
    Some(problem.note(format!(
        "the hub takes queries of {QUERY_LENGTH_MAX} characters, and puts `{CONDITION_PREFIX}` before a condition"
    )))
}
