//! The words and signs of the language.

use super::super::ast::{CompareOp, Span};
use super::super::keyword::Keyword;

/// One token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// What a token is. The text of a word is found under its span.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Word(Spelling),
    /// `[[name]]`, without the brackets.
    Quoted(String),
    Keyword(Keyword),
    Number(f64),
    Text(String),
    Compare(CompareOp),
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Open(Bracket),
    Close(Bracket),
    Comma,
    Dot,
    Semicolon,
    /// Something the lexer has already reported.
    Reported,
    End,
}

/// Whether a word may stand without `[[...]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Regular,
    NeedsQuoting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Round,
    Square,
}

impl Bracket {
    pub(super) const fn closing(self) -> char {
        match self {
            Self::Round => ')',
            Self::Square => ']',
        }
    }
}
