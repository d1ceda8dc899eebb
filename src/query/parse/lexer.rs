//! Text to tokens. Never fails: what cannot be read is reported and replaced by what was probably
//! meant, so that the parser can go on.

use super::super::ast::{CompareOp, Span};
use super::super::keyword::Keyword;
use super::super::path::{is_word_part, is_word_start};
use super::super::problem::{Problem, ProblemCode};
use super::token::{Bracket, Spelling, Token, TokenKind};

pub(super) struct Lexed {
    /// Ends in exactly one [`TokenKind::End`].
    pub(super) tokens: Vec<Token>,
    pub(super) problems: Vec<Problem>,
    /// An unclosed string has swallowed the rest, so missing brackets are not the author's fault.
    pub(super) swallowed: bool,
}

pub(super) fn lex(text: &str) -> Lexed {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), problems: Vec::new(), swallowed: false };
    while lexer.step() {}
    let end = text.trim_end().len();
    lexer.push(TokenKind::End, end..end);
    Lexed { tokens: lexer.tokens, problems: lexer.problems, swallowed: lexer.swallowed }
}

pub(super) struct Lexer<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) tokens: Vec<Token>,
    pub(super) problems: Vec<Problem>,
    pub(super) swallowed: bool,
}

impl Lexer<'_> {
    pub(super) fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn push(&mut self, kind: TokenKind, span: Span) {
        self.at = self.at.max(span.end);
        self.tokens.push(Token { kind, span });
    }

    pub(super) fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Reads one token; false at the end of the text.
    fn step(&mut self) -> bool {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let Some(c) = self.peek() else {
            return false;
        };
        if c == '\'' || c == '"' {
            self.string(c);
        } else if matches!(c, '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}') {
            self.curly_string(c);
        } else if self.rest().starts_with("[[") {
            self.quoted_name();
        } else if is_word_start(c) || c.is_alphabetic() || (c.is_ascii_digit() && self.after_dot()) {
            self.word();
        } else if c.is_ascii_digit() || self.at_fraction() {
            self.number();
        } else {
            self.sign(c);
        }
        true
    }

    /// Directly behind a dot a digit begins a name, as in `tags.3rdFloor`.
    fn after_dot(&self) -> bool {
        self.tokens.last().is_some_and(|token| token.kind == TokenKind::Dot && token.span.end == self.at)
    }

    fn at_fraction(&self) -> bool {
        let mut chars = self.rest().chars();
        let joined = self.tokens.last().is_some_and(|token| {
            token.span.end == self.at && matches!(token.kind, TokenKind::Word(_) | TokenKind::Quoted(_))
        });
        !joined && chars.next() == Some('.') && chars.next().is_some_and(|c| c.is_ascii_digit())
    }

    fn word(&mut self) {
        let len = word_len(self.rest());
        let word = &self.rest()[..len];
        let regular = word.starts_with(is_word_start) && word.is_ascii();
        let kind = match Keyword::of(word) {
            Some(keyword) => TokenKind::Keyword(keyword),
            None if regular => TokenKind::Word(Spelling::Regular),
            None => TokenKind::Word(Spelling::NeedsQuoting),
        };
        self.push(kind, self.at..self.at + len);
    }

    fn quoted_name(&mut self) {
        let start = self.at;
        let inner = &self.text[start + 2..];
        let Some(len) = inner.find("]]") else {
            let problem =
                Problem::new(ProblemCode::UnclosedBracket, start..start + 2, "`[[` is never closed", "opened here");
            self.report(problem.help("end the name with `]]`"));
            self.swallowed = true;
            self.push(TokenKind::Reported, start..self.text.len());
            return;
        };
        let name = inner[..len].to_owned();
        let span = start..start + len + 4;
        if name.is_empty() {
            self.report(Problem::new(
                ProblemCode::Missing,
                span.clone(),
                "`[[]]` holds no name",
                "a name belongs between the brackets",
            ));
            self.push(TokenKind::Reported, span);
        } else {
            self.push(TokenKind::Quoted(name), span);
        }
    }

    fn sign(&mut self, c: char) {
        if let Some((len, kind)) = operator(self.rest()) {
            self.push(kind, self.at..self.at + len);
        } else if let Some((len, kind, instead)) = foreign_operator(self.rest()) {
            let span = self.at..self.at + len;
            let found = &self.text[span.clone()];
            let problem = Problem::new(
                ProblemCode::ForeignOperator,
                span.clone(),
                format!("`{found}` is not an operator of the query language"),
                format!("means `{instead}`"),
            );
            self.report(problem.help(format!("write `{instead}`")));
            self.push(kind, span);
        } else {
            self.unexpected(c);
        }
    }

    fn unexpected(&mut self, c: char) {
        let span = self.at..self.at + c.len_utf8();
        let problem = Problem::new(
            ProblemCode::UnexpectedCharacter,
            span.clone(),
            format!("unexpected character `{}`", c.escape_debug()),
            "not part of the query language",
        );
        self.report(problem.note("text stands in single quotes; a name with other characters stands in `[[...]]`"));
        self.push(TokenKind::Reported, span);
    }
}

/// A hyphen belongs to a word only between two word characters, so `a - 1` subtracts.
pub(super) fn word_len(text: &str) -> usize {
    let part = |c: char| is_word_part(c) || (!c.is_ascii() && c.is_alphanumeric());
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let joins = c == '-' && at > 0 && chars.peek().is_some_and(|(_, next)| part(*next));
        if !part(c) && !joins {
            return at;
        }
    }
    text.len()
}

/// The operators of the language, longest first.
fn operator(text: &str) -> Option<(usize, TokenKind)> {
    use TokenKind::{Close, Comma, Compare, Dot, Minus, Open, Percent, Plus, Semicolon, Slash, Star};
    // `==` and its like are read by `foreign_operator`.
    if ["==", "=>", "=<", "!=="].iter().any(|sign| text.starts_with(sign)) {
        return None;
    }
    let table = [
        ("!=", Compare(CompareOp::NotEqual)),
        ("<>", Compare(CompareOp::NotEqual)),
        ("<=", Compare(CompareOp::LessOrEqual)),
        (">=", Compare(CompareOp::GreaterOrEqual)),
        ("<", Compare(CompareOp::Less)),
        (">", Compare(CompareOp::Greater)),
        ("=", Compare(CompareOp::Equal)),
        ("+", Plus),
        ("-", Minus),
        ("*", Star),
        ("/", Slash),
        ("%", Percent),
        ("(", Open(Bracket::Round)),
        (")", Close(Bracket::Round)),
        ("[", Open(Bracket::Square)),
        ("]", Close(Bracket::Square)),
        (",", Comma),
        (".", Dot),
        (";", Semicolon),
    ];
    table.into_iter().find(|(sign, _)| text.starts_with(sign)).map(|(sign, kind)| (sign.len(), kind))
}

/// Operators of other languages: their length, what they mean and how that is written here.
fn foreign_operator(text: &str) -> Option<(usize, TokenKind, &'static str)> {
    let table = [
        ("===", TokenKind::Compare(CompareOp::Equal), "="),
        ("!==", TokenKind::Compare(CompareOp::NotEqual), "!="),
        ("==", TokenKind::Compare(CompareOp::Equal), "="),
        ("=>", TokenKind::Compare(CompareOp::GreaterOrEqual), ">="),
        ("=<", TokenKind::Compare(CompareOp::LessOrEqual), "<="),
        ("&&", TokenKind::Keyword(Keyword::And), "AND"),
        ("&", TokenKind::Keyword(Keyword::And), "AND"),
        ("||", TokenKind::Keyword(Keyword::Or), "OR"),
        ("|", TokenKind::Keyword(Keyword::Or), "OR"),
        ("!", TokenKind::Keyword(Keyword::Not), "NOT"),
    ];
    table.into_iter().find(|(sign, ..)| text.starts_with(sign)).map(|(sign, kind, instead)| (sign.len(), kind, instead))
}
