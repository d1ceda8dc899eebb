//! Expressions, by precedence climbing.
//!
//! A part that cannot be read is `None`. Its neighbours are still read, so that one reading finds
//! the mistakes of every operand of `AND` and `OR`.

use super::super::ast::{ArithmeticOp, CompareOp, Expr, Membership, Span};
use super::super::keyword::Keyword;
use super::super::precedence::Precedence;
use super::super::problem::{Problem, ProblemCode};
use super::cursor::Parser;
use super::token::{Bracket, TokenKind};

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Infix {
    Or,
    And,
    Compare(CompareOp),
    Member(Membership),
    Arithmetic(ArithmeticOp),
}

impl Infix {
    fn precedence(self) -> Precedence {
        match self {
            Self::Or => Precedence::Or,
            Self::And => Precedence::And,
            Self::Compare(_) | Self::Member(_) => Precedence::Compare,
            Self::Arithmetic(op) => Precedence::of(op),
        }
    }
}

/// More operators than this in one query would only try the stack.
const ARITHMETIC_MAX: usize = 500;

impl Parser<'_> {
    /// Reads an expression whose operators bind at least as tightly as `min`.
    pub(super) fn expression(&mut self, min: Precedence) -> Option<Expr> {
        let start = self.span().start;
        let mut left = self.operand(min);
        if left.is_none() {
            self.skip_to_boundary();
        }
        loop {
            let Some(infix) = self.infix() else {
                if self.at_boundary() {
                    return left;
                }
                self.misplaced(start);
                self.islands.extend(left.take());
                continue;
            };
            if infix.precedence() < min {
                return left;
            }
            left = match infix {
                Infix::Or | Infix::And => self.chain(left, infix),
                Infix::Compare(op) => self.comparison(left, op),
                Infix::Member(membership) => self.membership(left, membership),
                Infix::Arithmetic(op) => self.arithmetic(left, op),
            };
        }
    }

    fn infix(&self) -> Option<Infix> {
        let followed_by_in = *self.next_kind() == TokenKind::Keyword(Keyword::In);
        Some(match self.kind() {
            TokenKind::Keyword(Keyword::Or) => Infix::Or,
            TokenKind::Keyword(Keyword::And) => Infix::And,
            TokenKind::Keyword(Keyword::In) => Infix::Member(Membership::In),
            TokenKind::Keyword(Keyword::Nin) => Infix::Member(Membership::NotIn),
            TokenKind::Keyword(Keyword::Not) if followed_by_in => Infix::Member(Membership::NotIn),
            TokenKind::Compare(op) => Infix::Compare(*op),
            TokenKind::Plus => Infix::Arithmetic(ArithmeticOp::Add),
            TokenKind::Minus => Infix::Arithmetic(ArithmeticOp::Subtract),
            TokenKind::Star => Infix::Arithmetic(ArithmeticOp::Multiply),
            TokenKind::Slash => Infix::Arithmetic(ArithmeticOp::Divide),
            TokenKind::Percent => Infix::Arithmetic(ArithmeticOp::Remainder),
            _ => return None,
        })
    }

    /// `a AND b AND c` as one node, however long, so that long conditions do not nest.
    fn chain(&mut self, first: Option<Expr>, infix: Infix) -> Option<Expr> {
        let (keyword, tighter) = match infix {
            Infix::Or => (Keyword::Or, Precedence::And),
            _ => (Keyword::And, Precedence::Not),
        };
        let mut operands = vec![first];
        while self.eat_keyword(keyword) {
            operands.push(self.expression(tighter));
        }
        if operands.iter().any(Option::is_none) {
            self.islands.extend(operands.into_iter().flatten());
            return None;
        }
        let operands = operands.into_iter().flatten().collect();
        Some(match infix {
            Infix::Or => Expr::any(operands),
            _ => Expr::all(operands),
        })
    }

    fn comparison(&mut self, left: Option<Expr>, op: CompareOp) -> Option<Expr> {
        self.bump();
        let right = self.expression(Precedence::Sum);
        if let Some(Infix::Compare(_) | Infix::Member(_)) = self.infix() {
            self.chained_comparison();
            return None;
        }
        Some(Expr::compare(op, left?, right?))
    }

    fn chained_comparison(&mut self) {
        let span = self.span();
        let operator = self.slice(&span).to_owned();
        let problem =
            Problem::new(ProblemCode::ChainedComparison, span, "comparisons cannot be chained", "a second comparison");
        self.report(problem.help(format!("write `a {operator} b AND b {operator} c`")));
        self.skip_to_boundary();
    }

    fn membership(&mut self, left: Option<Expr>, membership: Membership) -> Option<Expr> {
        let start = left.as_ref().map_or(self.span().start, |left| left.span.start);
        if !self.eat_keyword(Keyword::Not) || self.at_keyword(Keyword::In) {
            self.bump();
        }
        let list = self.list();
        if let Some(Infix::Compare(_) | Infix::Member(_)) = self.infix() {
            self.chained_comparison();
            return None;
        }
        let member = Expr::member(membership, left?, list?);
        Some(Expr::new(member.node, start..self.last_end()))
    }

    fn arithmetic(&mut self, left: Option<Expr>, op: ArithmeticOp) -> Option<Expr> {
        self.arithmetic_count += 1;
        if self.arithmetic_count == ARITHMETIC_MAX + 1 {
            self.report(Problem::new(
                ProblemCode::NestedTooDeeply,
                self.span(),
                "too much arithmetic",
                format!("more than {ARITHMETIC_MAX} operators"),
            ));
        }
        self.bump();
        let right = self.expression(Precedence::of(op).tighter());
        if self.arithmetic_count > ARITHMETIC_MAX {
            return None;
        }
        Some(Expr::arithmetic(op, left?, right?))
    }

    /// Reports what follows an operand and is no operator, and skips it.
    fn misplaced(&mut self, operand_start: usize) {
        let operand = self.text[operand_start..self.last_end()].to_owned();
        if self.foreign_operator(&operand) {
            return;
        }
        if *self.kind() != TokenKind::Reported {
            self.report(Problem::new(
                ProblemCode::Unexpected,
                self.span(),
                format!("expected an operator, found {}", self.found()),
                "no operator before this",
            ));
        }
        self.bump();
        self.skip_to_boundary();
    }

    /// `( expression )`; the span of the result includes the brackets.
    pub(super) fn group(&mut self) -> Option<Expr> {
        let opening = self.span();
        let inner = self.nested(|parser| {
            parser.bump();
            let inner = parser.expression(Precedence::Or);
            parser.skip_to_closing(Bracket::Round);
            parser.close(Bracket::Round, &opening);
            inner
        });
        let span: Span = opening.start..self.last_end();
        inner.map(|inner| Expr::new(inner.node, span))
    }

    /// Reports and skips what stands between an expression and its closing bracket.
    pub(super) fn skip_to_closing(&mut self, bracket: Bracket) {
        while !self.at_end() && *self.kind() != TokenKind::Close(bracket) {
            if matches!(self.kind(), TokenKind::Close(_) | TokenKind::Comma) {
                self.report(Problem::new(
                    ProblemCode::Unexpected,
                    self.span(),
                    format!("expected `{}`, found {}", bracket.closing(), self.found()),
                    "does not belong here",
                ));
            } else {
                // A clause keyword: the bracket was never closed.
                return;
            }
            self.bump();
            self.skip_to_boundary();
            self.eat_keyword(Keyword::And);
            self.eat_keyword(Keyword::Or);
        }
    }
}
