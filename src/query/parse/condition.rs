//! A job's `queryCondition`.

use super::super::ast::{Collection, Expr, Selection};
use super::super::keyword::Keyword;
use super::super::lint;
use super::super::precedence::Precedence;
use super::super::problem::{Problem, ProblemCode};
use super::cursor::Parser;
use super::token::TokenKind;
use super::{CONDITION_LENGTH_MAX, Dialect, Parsed, READ_BYTES_MAX, check_length, conclude};

/// Parses what a job's `queryCondition` may hold: the body of a `WHERE` clause, `*` for every
/// device, or `FROM devices.modules WHERE ...`.
pub fn parse_condition(text: &str) -> Parsed<Selection> {
    parse_condition_as(text, Dialect::Documented)
}

/// Parses a job's `queryCondition` in a dialect.
pub fn parse_condition_as(text: &str, dialect: Dialect) -> Parsed<Selection> {
    let too_long = check_length(text, CONDITION_LENGTH_MAX);
    if text.len() > READ_BYTES_MAX {
        return (None, Vec::from_iter(too_long));
    }
    let mut parser = Parser::new(text);
    parser.problems.extend(too_long);
    let selection = parser.selection();
    conclude(selection, parser.problems, dialect)
}

impl Parser<'_> {
    fn selection(&mut self) -> Option<Selection> {
        let mut from = Collection::Devices;
        match self.kind() {
            TokenKind::End => {
                self.report(empty_condition(self.text.len()));
                return None;
            }
            TokenKind::Star if matches!(self.next_kind(), TokenKind::End | TokenKind::Semicolon) => {
                self.bump();
                self.leftover();
                return Some(Selection { from, filter: None });
            }
            TokenKind::Keyword(Keyword::Select) => from = self.query_as_condition()?,
            TokenKind::Keyword(Keyword::From) => from = self.modules_form()?,
            TokenKind::Keyword(Keyword::Where) => self.leading_where(),
            _ => {}
        }
        let filter = self.filter(from);
        self.leftover();
        filter.map(|filter| Selection { from, filter: Some(filter) })
    }

    /// Reads a condition up to the end or the next clause, and lints what could be read of it.
    pub(super) fn filter(&mut self, from: Collection) -> Option<Expr> {
        let mut result = self.expression(Precedence::Or);
        while matches!(self.kind(), TokenKind::Close(_) | TokenKind::Comma) {
            self.islands.extend(result.take());
            self.stray_sign();
            if self.eat_keyword(Keyword::And) || self.eat_keyword(Keyword::Or) {
                let part = self.expression(Precedence::Or);
                self.islands.extend(part);
            }
        }
        if let Some(condition) = &result {
            lint::condition(condition, from, &mut self.problems);
        }
        for island in std::mem::take(&mut self.islands) {
            lint::part(&island, from, &mut self.problems);
        }
        result
    }

    fn stray_sign(&mut self) {
        let span = self.span();
        let found = self.found();
        let problem = match self.kind() {
            TokenKind::Close(_) => Problem::new(
                ProblemCode::UnmatchedBracket,
                span,
                format!("{found} closes nothing"),
                "no bracket is open here",
            ),
            _ => Problem::new(ProblemCode::Unexpected, span, format!("{found} does not belong here"), "unexpected")
                .help("join conditions with `AND` or `OR`"),
        };
        self.report(problem);
        self.bump();
        self.skip_to_boundary();
    }

    /// Reports what stands before the end: a semicolon, clauses that do not belong here.
    pub(super) fn leftover(&mut self) {
        while !self.at_end() {
            if self.foreign_clause() {
                self.skip_to_clause();
                continue;
            }
            let mut span = self.bump();
            if self.at_keyword(Keyword::By) {
                span.end = self.bump().end;
            }
            let found = self.slice(&span);
            if found == ";" {
                self.report(Problem::new(ProblemCode::Semicolon, span, "a query does not end in `;`", "remove it"));
                // What follows is another query, if anything.
                return;
            }
            self.report(Problem::new(
                ProblemCode::Unexpected,
                span,
                format!("`{found}` does not belong here"),
                "unexpected",
            ));
            self.skip_to_clause();
        }
    }

    /// Skips to the next clause, semicolon or the end.
    pub(super) fn skip_to_clause(&mut self) {
        loop {
            self.skip_to_boundary();
            match self.kind() {
                TokenKind::Comma | TokenKind::Close(_) | TokenKind::Keyword(Keyword::And | Keyword::Or) => self.bump(),
                _ => return,
            };
        }
    }

    fn leading_where(&mut self) {
        let span = self.bump();
        let body = self.text[span.end..].trim();
        let problem =
            Problem::new(ProblemCode::LeadingWhere, span, "a condition does not begin with `WHERE`", "the hub adds it");
        self.report(problem.help(format!("write `{body}`")));
    }

    /// `FROM devices.modules WHERE`: passes it and gives the collection, or none if nothing is left
    /// to read.
    fn modules_form(&mut self) -> Option<Collection> {
        let start = self.bump().start;
        let from = self.collection();
        if from == Some(Collection::Modules) {
            if self.eat_keyword(Keyword::Where) {
                return from;
            }
            self.report_missing("`WHERE`");
            return None;
        }
        self.report_query(start, from)
    }

    /// `SELECT ... FROM ... WHERE`: reports and passes it.
    fn query_as_condition(&mut self) -> Option<Collection> {
        let start = self.bump().start;
        while !self.at_end() && !self.at_keyword(Keyword::From) && !self.at_keyword(Keyword::Where) {
            self.bump();
        }
        let from = if self.eat_keyword(Keyword::From) { self.collection() } else { None };
        self.report_query(start, from)
    }

    fn report_query(&mut self, start: usize, from: Option<Collection>) -> Option<Collection> {
        while !self.at_end() && !self.at_keyword(Keyword::Where) {
            self.bump();
        }
        let has_where = self.eat_keyword(Keyword::Where);
        let body = self.text[self.last_end()..].trim().trim_end_matches(';').trim_end();
        let condition = match (has_where, from) {
            (true, Some(Collection::Modules)) => format!("FROM devices.modules WHERE {body}"),
            (true, _) => body.to_owned(),
            (false, _) => "*".to_owned(),
        };
        let problem = Problem::new(
            ProblemCode::QueryAsCondition,
            start..self.last_end(),
            "a condition is not a whole query",
            "the hub adds this part",
        )
        .help(format!("write `{condition}`"))
        .note("a job's condition is the body of a `WHERE` clause");
        self.report(problem);
        has_where.then_some(from.unwrap_or(Collection::Devices))
    }
}

fn empty_condition(end: usize) -> Problem {
    Problem::new(ProblemCode::EmptyCondition, 0..end, "the condition is empty", "a condition belongs here")
        .help("write `*` to select every device")
}
