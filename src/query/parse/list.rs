//! The list after `IN` and `NIN`.

use super::super::ast::{Literal, Span, Spanned};
use super::super::print::quote_literal;
use super::super::problem::{Problem, ProblemCode};
use super::cursor::Parser;
use super::token::{Bracket, TokenKind};

impl Parser<'_> {
    /// Reads the list after `IN`; `None` if there is none or a part cannot be read.
    pub(super) fn list(&mut self) -> Option<Vec<Spanned<Literal>>> {
        let opening = self.span();
        let TokenKind::Open(bracket) = *self.kind() else {
            self.missing_list();
            return None;
        };
        self.bump();
        let mut items = Vec::new();
        if !self.at_end() && !matches!(self.kind(), TokenKind::Close(_)) {
            items.push(self.list_item());
            while self.eat(&TokenKind::Comma) {
                items.push(self.list_item());
            }
        }
        self.skip_to_closing(bracket);
        let closing = self.span();
        if !self.close(bracket, &opening) {
            return None;
        }
        if bracket == Bracket::Round {
            self.round_list(&opening, &closing);
        }
        items.into_iter().collect()
    }

    fn round_list(&mut self, opening: &Span, closing: &Span) {
        let inner = &self.text[opening.end..closing.start];
        let problem = Problem::new(
            ProblemCode::RoundList,
            opening.start..closing.end,
            "lists stand in square brackets",
            "round brackets are not documented",
        );
        self.report(problem.help(format!("write `[{inner}]`")));
    }

    fn missing_list(&mut self) {
        let span = self.span();
        let problem = match self.kind() {
            TokenKind::Text(_) | TokenKind::Number(_) => {
                Problem::new(ProblemCode::InvalidList, span.clone(), "`IN` takes a list", "not a list")
                    .help(format!("write `[{}]`", self.slice(&span)))
            }
            _ => {
                self.report_missing("a list such as `['a', 'b']`");
                self.skip_to_boundary();
                return;
            }
        };
        self.report(problem);
        self.skip_to_boundary();
    }

    /// Reads one constant of a list, passing whatever stands in its place.
    fn list_item(&mut self) -> Option<Spanned<Literal>> {
        let span = self.span();
        let minus = self.eat(&TokenKind::Minus);
        let item = self.literal();
        let separated = self.at_boundary();
        match item {
            Some(Spanned { node: Literal::Number(number), .. }) if minus && separated => {
                return Some(Spanned::new(Literal::Number(-number), span.start..self.last_end()));
            }
            Some(literal) if !minus && separated => return Some(literal),
            Some(_) if !separated => self.report_missing("`,`"),
            _ => self.invalid_item(span),
        }
        while !self.at_boundary() {
            self.bump();
        }
        None
    }

    fn invalid_item(&mut self, span: Span) {
        let written = self.slice(&span);
        match self.kind() {
            TokenKind::Reported => {}
            TokenKind::Word(_) | TokenKind::Quoted(_) => {
                let problem =
                    Problem::new(ProblemCode::InvalidList, span, "a list holds constants only", "not a constant");
                self.report(problem.help(format!("write `{}`", quote_literal(written))));
            }
            _ => self.report_missing("a constant"),
        }
    }
}
