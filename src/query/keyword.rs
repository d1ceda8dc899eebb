//! The reserved words of the language. Unquoted, they cannot be part of a path.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Select,
    Top,
    From,
    Where,
    Group,
    By,
    As,
    And,
    Or,
    Not,
    In,
    Nin,
    True,
    False,
    Null,
    Undefined,
}

impl Keyword {
    /// The keyword that `word` is, in any case.
    pub(super) fn of(word: &str) -> Option<Self> {
        const KEYWORDS: [(&str, Keyword); 16] = [
            ("select", Keyword::Select),
            ("top", Keyword::Top),
            ("from", Keyword::From),
            ("where", Keyword::Where),
            ("group", Keyword::Group),
            ("by", Keyword::By),
            ("as", Keyword::As),
            ("and", Keyword::And),
            ("or", Keyword::Or),
            ("not", Keyword::Not),
            ("in", Keyword::In),
            ("nin", Keyword::Nin),
            ("true", Keyword::True),
            ("false", Keyword::False),
            ("null", Keyword::Null),
            ("undefined", Keyword::Undefined),
        ];
        KEYWORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, keyword)| *keyword)
    }
}
