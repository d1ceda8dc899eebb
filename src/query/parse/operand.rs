//! What stands between operators: constants, paths and calls.

use super::super::ast::{Expr, ExprKind, Literal, Span, Spanned};
use super::super::keyword::Keyword;
use super::super::path::{Path, Segment};
use super::super::precedence::Precedence;
use super::super::problem::{Problem, ProblemCode};
use super::cursor::Parser;
use super::foreign::function_problem;
use super::token::{Bracket, Spelling, TokenKind};

impl Parser<'_> {
    /// Reads one operand with its prefixes. Nothing is passed if none stands here.
    pub(super) fn operand(&mut self, min: Precedence) -> Option<Expr> {
        match self.kind() {
            TokenKind::Keyword(Keyword::Not) => self.not(min),
            TokenKind::Minus => self.minus(),
            TokenKind::Open(Bracket::Round) => self.group(),
            TokenKind::Word(_) if *self.next_kind() == TokenKind::Open(Bracket::Round) => self.call(),
            TokenKind::Word(_) | TokenKind::Quoted(_) => self.path().map(Expr::path),
            TokenKind::Open(Bracket::Square) => {
                self.stray_list();
                None
            }
            _ => {
                let literal = self.literal();
                if literal.is_none() {
                    self.report_missing("a value");
                }
                literal.map(|literal| Expr::new(ExprKind::Literal(literal.node), literal.span))
            }
        }
    }

    fn not(&mut self, min: Precedence) -> Option<Expr> {
        if min > Precedence::Not {
            let problem = Problem::new(
                ProblemCode::Unexpected,
                self.span(),
                "`NOT` cannot stand inside a comparison or calculation",
                "binds less tightly than the operator before it",
            );
            self.report(problem.help("write `NOT (a = b)`"));
        }
        let start = self.span().start;
        let operand = self.nested(|parser| {
            parser.bump();
            parser.expression(Precedence::Not)
        })?;
        let span = start..operand.span.end;
        Some(Expr::new(Expr::negation(operand).node, span))
    }

    fn minus(&mut self) -> Option<Expr> {
        let start = self.span().start;
        let operand = self.nested(|parser| {
            parser.bump();
            parser.operand(Precedence::Sign)
        })?;
        let span = start..operand.span.end;
        Some(Expr::new(Expr::minus(operand).node, span))
    }

    /// Reads a constant, without a sign. Nothing is passed if none stands here.
    pub(super) fn literal(&mut self) -> Option<Spanned<Literal>> {
        let literal = match self.kind() {
            TokenKind::Number(number) => Literal::Number(*number),
            TokenKind::Text(text) => Literal::String(text.clone()),
            TokenKind::Keyword(Keyword::True) => Literal::Boolean(true),
            TokenKind::Keyword(Keyword::False) => Literal::Boolean(false),
            TokenKind::Keyword(Keyword::Null) => Literal::Null,
            TokenKind::Keyword(Keyword::Undefined) => Literal::Undefined,
            _ => return None,
        };
        Some(Spanned::new(literal, self.bump()))
    }

    fn stray_list(&mut self) {
        let problem =
            Problem::new(ProblemCode::InvalidList, self.span(), "a list can only stand after `IN` or `NIN`", "a list");
        self.report(problem);
    }

    /// Reads a path; a word or quoted name stands here.
    pub(super) fn path(&mut self) -> Option<Path> {
        let mut doubtful = Vec::new();
        let first = self.segment(&mut doubtful)?;
        let mut rest = Vec::new();
        let mut complete = true;
        while complete && self.eat(&TokenKind::Dot) {
            match self.segment(&mut doubtful) {
                Some(segment) => rest.push(segment),
                None => complete = false,
            }
        }
        let path = Path::parsed(first, rest);
        // One report is enough: it shows how to write the whole path.
        if let Some(name) = doubtful.into_iter().next() {
            self.unquoted_name(&path, name);
        }
        if !complete {
            self.report_missing("a name");
            return None;
        }
        self.no_element_access(&path).then_some(path)
    }

    /// Reads one name; notes where it stands if it needs quoting and has none.
    fn segment(&mut self, doubtful: &mut Vec<Span>) -> Option<Spanned<Segment>> {
        let span = self.span();
        let (name, needs_quoting) = match self.kind() {
            TokenKind::Word(spelling) => (self.slice(&span).to_owned(), *spelling == Spelling::NeedsQuoting),
            TokenKind::Keyword(_) => (self.slice(&span).to_owned(), true),
            TokenKind::Quoted(name) => (name.clone(), false),
            _ => return None,
        };
        if needs_quoting {
            doubtful.push(span.clone());
        }
        // Always a segment: the lexer ends a quoted name at the first `]]`.
        let segment = Segment::new(&name).ok()?;
        self.bump();
        Some(Spanned::new(segment, span))
    }

    fn unquoted_name(&mut self, path: &Path, name: Span) {
        let written = self.slice(&name);
        let what = match Keyword::of(written) {
            Some(_) => "is a reserved word",
            None => "is not a plain name",
        };
        let problem = Problem::new(ProblemCode::UnquotedName, name, format!("`{written}` {what}"), "needs `[[...]]`");
        self.report(problem.help(format!("write `{path}`")));
    }

    /// `tags["site"]` and `tags.list[0]`; false if one of them stands here, and is passed.
    fn no_element_access(&mut self, path: &Path) -> bool {
        if *self.kind() != TokenKind::Open(Bracket::Square) || self.span().start != self.last_end() {
            return true;
        }
        let key = match self.next_kind() {
            TokenKind::Text(key) => Segment::new(key).ok(),
            _ => None,
        };
        let start = self.span().start;
        self.bump();
        while !self.at_end() && !self.at_boundary() {
            self.bump();
        }
        self.eat(&TokenKind::Close(Bracket::Square));
        let problem = Problem::new(
            ProblemCode::ElementAccess,
            start..self.last_end(),
            format!("`{path}` cannot be followed by `[`"),
            "not available",
        );
        self.report(match key {
            Some(key) => problem.help(format!("write `{path}.{key}`")),
            None => problem.note("elements of arrays cannot be queried"),
        });
        false
    }

    /// Reads `name(arguments)`; both the name and the bracket stand here.
    fn call(&mut self) -> Option<Expr> {
        let start = self.bump();
        let name = self.slice(&start);
        let arguments = self.arguments();
        let span = start.start..self.last_end();
        let call = match name.to_ascii_uppercase().as_str() {
            "IS_DEFINED" => self.is_defined(&arguments?, &span),
            "STARTSWITH" => self.starts_with(arguments?, &span),
            _ => {
                self.report(function_problem(name, start));
                self.islands.extend(arguments.into_iter().flatten());
                None
            }
        };
        call.map(|call| Expr::new(call.node, span))
    }

    /// Reads `( expression, ... )`; `None` if an argument cannot be read.
    fn arguments(&mut self) -> Option<Vec<Expr>> {
        let opening = self.span();
        self.nested(|parser| {
            parser.bump();
            let mut arguments = Vec::new();
            if *parser.kind() != TokenKind::Close(Bracket::Round) {
                arguments.push(parser.expression(Precedence::Or));
                while parser.eat(&TokenKind::Comma) {
                    arguments.push(parser.expression(Precedence::Or));
                }
            }
            parser.skip_to_closing(Bracket::Round);
            parser.close(Bracket::Round, &opening);
            arguments.into_iter().collect()
        })
    }

    fn is_defined(&mut self, arguments: &[Expr], span: &Span) -> Option<Expr> {
        let problem = match arguments {
            [argument] => match &argument.node {
                ExprKind::Path(path) => return Some(Expr::is_defined(path.clone())),
                ExprKind::Literal(Literal::String(text)) => Problem::new(
                    ProblemCode::WrongArguments,
                    argument.span.clone(),
                    "`IS_DEFINED` takes a path, not a string",
                    "a string",
                )
                .help(format!("write `IS_DEFINED({text})`")),
                _ => Problem::new(
                    ProblemCode::WrongArguments,
                    argument.span.clone(),
                    "`IS_DEFINED` takes a path",
                    "not a path",
                )
                .help("write `IS_DEFINED(tags.name)`"),
            },
            _ => wrong_count("IS_DEFINED", "1 argument", arguments.len(), span).help("write `IS_DEFINED(path)`"),
        };
        self.report(problem);
        None
    }

    fn starts_with(&mut self, arguments: Vec<Expr>, span: &Span) -> Option<Expr> {
        match <[Expr; 2]>::try_from(arguments) {
            Ok([text, prefix]) => Some(Expr::starts_with(text, prefix)),
            Err(arguments) => {
                let problem = wrong_count("STARTSWITH", "2 arguments", arguments.len(), span);
                self.report(problem.help("write `STARTSWITH(path, 'prefix')`"));
                None
            }
        }
    }
}

fn wrong_count(name: &str, takes: &str, count: usize, span: &Span) -> Problem {
    Problem::new(
        ProblemCode::WrongArguments,
        span.clone(),
        format!("`{name}` takes {takes}, not {count}"),
        "wrong number of arguments",
    )
}
