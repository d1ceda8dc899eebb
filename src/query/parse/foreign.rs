//! Words of other query languages, and what to write instead.

use super::super::ast::Span;
use super::super::keyword::Keyword;
use super::super::problem::{Problem, ProblemCode, nearest};
use super::cursor::Parser;
use super::token::TokenKind;

/// Clauses of other dialects: how they begin, and what helps.
const CLAUSES: [(&str, &str); 8] = [
    ("ORDER BY", "the order of rows is unspecified: sort them after reading"),
    ("HAVING", "filter the rows after reading"),
    ("JOIN", "a query reads one collection"),
    ("LIMIT", "`TOP` stands after `SELECT`"),
    ("OFFSET", "follow the continuation token to read on"),
    ("UNION", "a query reads one collection"),
    ("INNER", "a query reads one collection"),
    ("LEFT", "a query reads one collection"),
];

/// Functions of message routing, Cosmos DB or SQL that twin queries do not have.
const FUNCTIONS: [&str; 24] = [
    "CONTAINS",
    "STARTS_WITH",
    "ENDS_WITH",
    "ENDSWITH",
    "LIKE",
    "CONCAT",
    "LOWER",
    "UPPER",
    "LENGTH",
    "SUBSTRING",
    "INDEX_OF",
    "AS_NUMBER",
    "ABS",
    "EXP",
    "POWER",
    "SQUARE",
    "CEILING",
    "FLOOR",
    "SIGN",
    "SQRT",
    "IS_NULL",
    "IS_STRING",
    "IS_NUMBER",
    "IS_BOOL",
];

/// The functions that twin queries have.
const AVAILABLE: [&str; 2] = ["IS_DEFINED", "STARTSWITH"];

const AVAILABLE_NOTE: &str = "twin queries have `IS_DEFINED` and `STARTSWITH` only";

/// The aggregates, which only a projection may use.
pub(super) const AGGREGATES: [&str; 5] = ["COUNT", "AVG", "SUM", "MIN", "MAX"];

/// Whether a clause of another dialect begins with these two words.
pub(super) fn starts_clause(word: Option<&str>, next: Option<&str>) -> bool {
    clause(word, next).is_some()
}

fn clause(word: Option<&str>, next: Option<&str>) -> Option<(&'static str, &'static str)> {
    let word = word?;
    CLAUSES.into_iter().find(|(name, _)| {
        let mut parts = name.split(' ');
        let first = parts.next().is_some_and(|part| part.eq_ignore_ascii_case(word));
        let second = parts.next().is_none_or(|part| next.is_some_and(|next| part.eq_ignore_ascii_case(next)));
        first && second
    })
}

impl Parser<'_> {
    /// Reports and passes the name of a clause of another dialect; false if there is none.
    pub(super) fn foreign_clause(&mut self) -> bool {
        let Some((name, advice)) = clause(self.word(), self.next_word()) else {
            return false;
        };
        let mut span = self.bump();
        if name.contains(' ') {
            span.end = self.bump().end;
        }
        let problem = Problem::new(
            ProblemCode::NotAvailable,
            span,
            format!("`{name}` is not available in IoT Hub queries"),
            "not available",
        );
        self.report(problem.note(advice).help(format!("remove `{name}` and what belongs to it")));
        true
    }

    /// Reports and passes `LIKE x`, `BETWEEN x AND y`, `IS [NOT] NULL` and the like after an
    /// operand; false if something else stands here.
    pub(super) fn foreign_operator(&mut self, operand: &str) -> bool {
        let negated = self.at_keyword(Keyword::Not);
        let word = if negated { self.next_word() } else { self.word() };
        let Some(word) = word.map(str::to_ascii_uppercase) else {
            return false;
        };
        let help = match word.as_str() {
            "LIKE" | "STARTSWITH" => Some(format!("write `STARTSWITH({operand}, 'prefix')`")),
            "CONTAINS" | "ENDSWITH" | "MATCHES" => None,
            "BETWEEN" => Some(format!("write `{operand} >= low AND {operand} <= high`")),
            "IS" if self.is_not_null(negated) => Some(format!("write `{operand} != null`")),
            "IS" => Some(format!("write `NOT IS_DEFINED({operand})`")),
            "EQ" => Some(format!("write `{operand} = value`")),
            "NE" => Some(format!("write `{operand} != value`")),
            _ => return false,
        };
        let mut span = self.bump();
        if negated {
            span.end = self.bump().end;
        }
        let problem = Problem::new(
            ProblemCode::NotAvailable,
            span,
            format!("`{word}` is not an operator of IoT Hub queries"),
            "not available",
        );
        self.report(match help {
            Some(help) => problem.help(help),
            None => problem.note(AVAILABLE_NOTE),
        });
        self.skip_to_boundary();
        if word == "BETWEEN" && self.eat_keyword(Keyword::And) {
            self.skip_to_boundary();
        }
        true
    }

    /// Whether `IS NOT NULL` stands here rather than `IS NULL`.
    fn is_not_null(&self, negated: bool) -> bool {
        !negated && *self.next_kind() == TokenKind::Keyword(Keyword::Not)
    }
}

/// A call of a function that an expression cannot use.
pub(super) fn function_problem(name: &str, span: Span) -> Problem {
    let upper = name.to_ascii_uppercase();
    if AGGREGATES.contains(&upper.as_str()) {
        return Problem::new(
            ProblemCode::NotAvailable,
            span,
            format!("`{name}` is not available in a condition"),
            "only a projection may aggregate",
        );
    }
    if FUNCTIONS.contains(&upper.as_str()) {
        let problem = Problem::new(
            ProblemCode::NotAvailable,
            span,
            format!("the function `{name}` is not available in twin queries"),
            "not available",
        );
        let problem = problem.note(AVAILABLE_NOTE);
        return match upper.as_str() {
            "STARTS_WITH" | "LIKE" => problem.help("write `STARTSWITH(text, 'prefix')`"),
            "IS_NULL" => problem.help("write `NOT IS_DEFINED(path)`"),
            _ => problem,
        };
    }
    let suggestion = nearest(name, AVAILABLE).map(str::to_owned);
    Problem::new(
        ProblemCode::UnknownFunction,
        span,
        format!("unknown function `{name}`"),
        "not a function of the query language",
    )
    .did_you_mean(suggestion)
    .note(AVAILABLE_NOTE)
}
