//! The parser's position in the tokens, and how it gets past errors.

use super::super::ast::{Expr, Span};
use super::super::keyword::Keyword;
use super::super::problem::{Problem, ProblemCode};
use super::foreign;
use super::lexer::lex;
use super::token::{Bracket, Token, TokenKind};

/// How deep brackets, `NOT` and unary minus may nest.
const DEPTH_MAX: usize = 100;

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    tokens: Vec<Token>,
    position: usize,
    pub(super) problems: Vec<Problem>,
    depth: usize,
    /// Brackets are missing for a reason already reported.
    pub(super) brackets_excused: bool,
    /// Whole parts of trees that are broken elsewhere; kept to be linted.
    pub(super) islands: Vec<Expr>,
    /// Arithmetic operators so far. Their trees lean left, so they bound the height of the tree.
    pub(super) arithmetic_count: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let lexed = lex(text);
        Self {
            text,
            tokens: lexed.tokens,
            position: 0,
            problems: lexed.problems,
            depth: 0,
            brackets_excused: lexed.swallowed,
            islands: Vec::new(),
            arithmetic_count: 0,
        }
    }

    pub(super) fn kind(&self) -> &TokenKind {
        &self.tokens[self.position].kind
    }

    pub(super) fn span(&self) -> Span {
        self.tokens[self.position].span.clone()
    }

    /// The token after the current one; the end repeats.
    pub(super) fn next_kind(&self) -> &TokenKind {
        let next = (self.position + 1).min(self.tokens.len() - 1);
        &self.tokens[next].kind
    }

    /// Where the last token before the current one ends.
    pub(super) fn last_end(&self) -> usize {
        match self.position {
            0 => 0,
            position => self.tokens[position - 1].span.end,
        }
    }

    pub(super) fn slice(&self, span: &Span) -> &'t str {
        &self.text[span.clone()]
    }

    /// The current token, as a word to compare with those of other dialects.
    pub(super) fn word(&self) -> Option<&'t str> {
        match self.kind() {
            TokenKind::Word(_) | TokenKind::Keyword(_) => Some(self.slice(&self.span())),
            _ => None,
        }
    }

    pub(super) fn next_word(&self) -> Option<&'t str> {
        let next = self.tokens.get(self.position + 1)?;
        match next.kind {
            TokenKind::Word(_) | TokenKind::Keyword(_) => Some(self.slice(&next.span)),
            _ => None,
        }
    }

    pub(super) fn at_keyword(&self, keyword: Keyword) -> bool {
        *self.kind() == TokenKind::Keyword(keyword)
    }

    pub(super) fn at_end(&self) -> bool {
        *self.kind() == TokenKind::End
    }

    /// Passes the current token and returns its span. The end is never passed.
    pub(super) fn bump(&mut self) -> Span {
        let span = self.span();
        if !self.at_end() {
            self.position += 1;
        }
        span
    }

    pub(super) fn eat(&mut self, kind: &TokenKind) -> bool {
        let found = self.kind() == kind;
        if found {
            self.bump();
        }
        found
    }

    pub(super) fn eat_keyword(&mut self, keyword: Keyword) -> bool {
        self.eat(&TokenKind::Keyword(keyword))
    }

    pub(super) fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Reports that `expected` does not stand here, unless the lexer has reported what does.
    pub(super) fn report_missing(&mut self, expected: &str) {
        if *self.kind() == TokenKind::Reported {
            return;
        }
        let found = self.found();
        self.report(Problem::new(
            ProblemCode::Missing,
            self.span(),
            format!("expected {expected}, found {found}"),
            format!("{expected} belongs here"),
        ));
    }

    /// The current token in words.
    pub(super) fn found(&self) -> String {
        match self.kind() {
            TokenKind::End => "the end".to_owned(),
            _ => format!("`{}`", self.slice(&self.span())),
        }
    }

    /// Runs `inner` one level deeper, or reports and skips what nests too deeply.
    pub(super) fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == DEPTH_MAX {
            self.report(Problem::new(
                ProblemCode::NestedTooDeeply,
                self.span(),
                "the expression is nested too deeply",
                format!("more than {DEPTH_MAX} levels"),
            ));
            self.brackets_excused = true;
            self.skip_to_boundary();
            return None;
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Skips to where an expression can go on or must end, passing over whole brackets.
    pub(super) fn skip_to_boundary(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.kind() {
                TokenKind::End => return,
                TokenKind::Open(_) => open += 1,
                TokenKind::Close(_) if open == 0 => return,
                TokenKind::Close(_) => open -= 1,
                _ if open == 0 && self.at_boundary() => return,
                _ => {}
            }
            self.bump();
        }
    }

    /// Whether no operand can go on here.
    pub(super) fn at_boundary(&self) -> bool {
        let in_path = self.position > 0 && self.tokens[self.position - 1].kind == TokenKind::Dot;
        match self.kind() {
            TokenKind::Word(_) | TokenKind::Keyword(_) if in_path => false,
            TokenKind::Comma | TokenKind::Semicolon | TokenKind::Close(_) | TokenKind::End => true,
            TokenKind::Keyword(keyword) => matches!(
                keyword,
                Keyword::And | Keyword::Or | Keyword::Select | Keyword::From | Keyword::Where | Keyword::Group
            ),
            TokenKind::Word(_) => foreign::starts_clause(self.word(), self.next_word()),
            _ => false,
        }
    }

    /// Passes the bracket that closes the one at `opening`; reports it and is false if it is missing.
    pub(super) fn close(&mut self, bracket: Bracket, opening: &Span) -> bool {
        if self.eat(&TokenKind::Close(bracket)) {
            return true;
        }
        if !self.brackets_excused {
            let sign = self.slice(opening);
            let problem = Problem::new(
                ProblemCode::UnclosedBracket,
                opening.clone(),
                format!("`{sign}` is never closed"),
                "opened here",
            );
            self.report(problem.help(format!("close it with `{}`", bracket.closing())));
        }
        false
    }
}
