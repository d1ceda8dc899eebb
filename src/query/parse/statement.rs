//! Complete queries, as sent to `/devices/query`.

use super::super::ast::{Aggregate, Collection, Column, ColumnValue, Projection, Query, Spanned};
use super::super::keyword::Keyword;
use super::super::path::Path;
use super::super::problem::{Problem, ProblemCode, nearest};
use super::super::rules;
use super::cursor::Parser;
use super::foreign::{AGGREGATES, function_problem};
use super::token::{Bracket, Spelling, TokenKind};
use super::{Dialect, Parsed, QUERY_LENGTH_MAX, READ_BYTES_MAX, check_length, conclude};

/// Parses a complete query: `SELECT ... FROM ... [WHERE ...] [GROUP BY ...]`.
pub fn parse_query(text: &str) -> Parsed<Query> {
    parse_query_as(text, Dialect::Documented)
}

/// Parses a complete query in a dialect.
pub fn parse_query_as(text: &str, dialect: Dialect) -> Parsed<Query> {
    let too_long = check_length(text, QUERY_LENGTH_MAX);
    if text.len() > READ_BYTES_MAX {
        return (None, Vec::from_iter(too_long));
    }
    let mut parser = Parser::new(text);
    parser.problems.extend(too_long);
    let query = parser.query();
    conclude(query, parser.problems, dialect)
}

impl Parser<'_> {
    fn query(&mut self) -> Option<Query> {
        if !self.eat_keyword(Keyword::Select) {
            self.report_missing("`SELECT`");
            return None;
        }
        self.distinct();
        let top = self.top();
        let select = self.projection();
        let from = self.collection_clause(select.is_some());
        while self.foreign_clause() {
            self.skip_to_clause();
        }
        let filter = self.eat_keyword(Keyword::Where).then(|| {
            // Without a known collection the names cannot be judged; devices are the likeliest.
            self.filter(from.unwrap_or(Collection::Devices))
        });
        let group_by = self.group_by();
        self.leftover();
        let filter = match filter {
            Some(filter) => Some(filter?),
            None => None,
        };
        let query = Query { top, select: select?, from: from?, filter, group_by: group_by? };
        rules::check(&query, &mut self.problems);
        Some(query)
    }

    fn distinct(&mut self) {
        let is_distinct = self.word().is_some_and(|word| word.eq_ignore_ascii_case("distinct"));
        if is_distinct && matches!(self.next_kind(), TokenKind::Word(_) | TokenKind::Star) {
            let span = self.bump();
            let problem = Problem::new(
                ProblemCode::NotAvailable,
                span,
                "`DISTINCT` is not available in IoT Hub queries",
                "not available",
            );
            self.report(problem.help("write `SELECT path, COUNT() AS n ... GROUP BY path`"));
        }
    }

    fn top(&mut self) -> Option<u64> {
        if !self.eat_keyword(Keyword::Top) {
            return None;
        }
        let span = self.span();
        let count = self.slice(&span).parse::<u64>().ok().filter(|count| *count > 0);
        if count.is_none() {
            self.report_missing("a whole number above 0");
        }
        let before_projection = matches!(self.next_kind(), TokenKind::Word(_) | TokenKind::Star);
        if matches!(self.kind(), TokenKind::Number(_)) || before_projection {
            self.bump();
        }
        count
    }

    fn projection(&mut self) -> Option<Projection> {
        if self.eat(&TokenKind::Star) {
            return Some(Projection::All);
        }
        let mut columns = vec![self.column()];
        while self.eat(&TokenKind::Comma) {
            columns.push(self.column());
        }
        let columns: Option<Vec<_>> = columns.into_iter().collect();
        columns.map(Projection::Columns)
    }

    /// Reads a column up to the comma or clause after it.
    fn column(&mut self) -> Option<Spanned<Column>> {
        let mut column = self.column_start();
        if column.is_some() && *self.kind() != TokenKind::Comma && !self.at_clause() {
            self.report_missing("`,` or `FROM`");
            column = None;
        }
        while *self.kind() != TokenKind::Comma && !self.at_clause() {
            self.bump();
        }
        column
    }

    fn at_clause(&self) -> bool {
        matches!(
            self.kind(),
            TokenKind::End | TokenKind::Semicolon | TokenKind::Keyword(Keyword::From | Keyword::Where | Keyword::Group)
        )
    }

    fn column_start(&mut self) -> Option<Spanned<Column>> {
        let start = self.span().start;
        let value = match self.kind() {
            TokenKind::Word(_) if *self.next_kind() == TokenKind::Open(Bracket::Round) => self.aggregate(),
            TokenKind::Word(_) | TokenKind::Quoted(_) => self.path().map(ColumnValue::Path),
            _ => {
                self.report_missing("a path or an aggregate");
                None
            }
        }?;
        let alias = match self.eat_keyword(Keyword::As) {
            true => Some(self.alias()?),
            false => None,
        };
        Some(Spanned::new(Column { value, alias }, start..self.last_end()))
    }

    fn alias(&mut self) -> Option<Spanned<String>> {
        if *self.kind() != TokenKind::Word(Spelling::Regular) {
            self.report_missing("a plain name");
            if matches!(self.kind(), TokenKind::Keyword(_)) {
                self.bump();
            }
            return None;
        }
        let span = self.bump();
        Some(Spanned::new(self.slice(&span).to_owned(), span))
    }

    /// Reads `COUNT()`, `COUNT(*)` or `AVG(path)`.
    fn aggregate(&mut self) -> Option<ColumnValue> {
        let name_span = self.bump();
        let name = self.slice(&name_span);
        let opening = self.bump();
        let value = match name.to_ascii_uppercase().as_str() {
            "COUNT" => self.count(),
            "AVG" => self.aggregated(Aggregate::Average),
            "SUM" => self.aggregated(Aggregate::Sum),
            "MIN" => self.aggregated(Aggregate::Minimum),
            "MAX" => self.aggregated(Aggregate::Maximum),
            _ => {
                self.report(projection_function_problem(name, name_span));
                while !self.at_clause() && !matches!(self.kind(), TokenKind::Close(_)) {
                    self.bump();
                }
                None
            }
        };
        self.close(Bracket::Round, &opening);
        value
    }

    fn count(&mut self) -> Option<ColumnValue> {
        self.eat(&TokenKind::Star);
        if *self.kind() == TokenKind::Close(Bracket::Round) || self.at_clause() {
            return Some(ColumnValue::Count);
        }
        let span = self.span();
        let problem = Problem::new(ProblemCode::WrongArguments, span, "`COUNT` takes no argument", "not needed");
        self.report(problem.help("write `COUNT()`"));
        while !self.at_clause() && !matches!(self.kind(), TokenKind::Close(_)) {
            self.bump();
        }
        None
    }

    fn aggregated(&mut self, aggregate: Aggregate) -> Option<ColumnValue> {
        if !matches!(self.kind(), TokenKind::Word(_) | TokenKind::Quoted(_)) {
            self.report_missing("a path");
            return None;
        }
        self.path().map(|path| ColumnValue::Aggregate(aggregate, path))
    }

    /// Without a readable projection, what is missing has been reported.
    fn collection_clause(&mut self, is_projection_read: bool) -> Option<Collection> {
        if !self.eat_keyword(Keyword::From) {
            if is_projection_read {
                self.report_missing("`FROM`");
            }
            while !self.at_clause() {
                self.bump();
            }
            return None;
        }
        let from = self.collection();
        let at_alias = matches!(self.kind(), TokenKind::Word(_)) && !self.at_boundary();
        if at_alias || self.at_keyword(Keyword::As) {
            self.report(Problem::new(ProblemCode::Unexpected, self.span(), "a collection has no alias", "remove it"));
            self.skip_to_boundary();
        }
        from
    }

    /// Reads the name of a collection.
    pub(super) fn collection(&mut self) -> Option<Collection> {
        if !matches!(self.kind(), TokenKind::Word(_)) {
            self.report_missing("a collection");
            return None;
        }
        let start = self.bump().start;
        while *self.kind() == TokenKind::Dot {
            self.bump();
            if self.word().is_some() {
                self.bump();
            }
        }
        let span = start..self.last_end();
        let name = self.slice(&span);
        let names = Collection::ALL.map(Collection::as_str);
        let known = Collection::ALL.into_iter().find(|collection| collection.as_str().eq_ignore_ascii_case(name));
        if known.is_none() {
            let problem = Problem::new(
                ProblemCode::UnknownCollection,
                span,
                format!("unknown collection `{name}`"),
                "not a collection",
            );
            self.report(
                problem
                    .did_you_mean(nearest(name, names).map(str::to_owned))
                    .note("the collections are `devices`, `devices.modules` and `devices.jobs`"),
            );
        }
        known
    }

    /// `None` if there is a clause that cannot be read.
    fn group_by(&mut self) -> Option<Vec<Path>> {
        if !self.eat_keyword(Keyword::Group) {
            return Some(Vec::new());
        }
        if !self.eat_keyword(Keyword::By) {
            self.report_missing("`BY`");
        }
        let mut paths = Vec::new();
        loop {
            if !matches!(self.kind(), TokenKind::Word(_) | TokenKind::Quoted(_)) {
                self.report_missing("a path");
                return None;
            }
            paths.push(self.path());
            if !self.eat(&TokenKind::Comma) {
                return paths.into_iter().collect();
            }
        }
    }
}

fn projection_function_problem(name: &str, span: super::Span) -> Problem {
    let suggestion = nearest(name, AGGREGATES).map(str::to_owned);
    if suggestion.is_none() {
        return function_problem(name, span);
    }
    Problem::new(ProblemCode::UnknownFunction, span, format!("unknown function `{name}`"), "not an aggregate")
        .did_you_mean(suggestion)
}
