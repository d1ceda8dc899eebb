//! What can be wrong with a query, and how it is said.

use super::ast::Span;

/// One finding, pointed at the text that causes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of finding.
    pub code: ProblemCode,
    /// Whether the query may be used in spite of it.
    pub severity: Severity,
    /// A lowercase fragment without a final period; user text in backticks.
    pub message: String,
    /// Byte offsets into the text, on character boundaries.
    pub span: Span,
    /// What to write under the marked text.
    pub label: String,
    /// Something the reader can type.
    pub help: Option<String>,
    /// The rule of the hub behind the finding.
    pub note: Option<String>,
}

impl Problem {
    pub(super) fn new(code: ProblemCode, span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            span,
            label: label.into(),
            help: None,
            note: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Adds `did you mean` if there is a suggestion.
    pub(super) fn did_you_mean(mut self, suggestion: Option<String>) -> Self {
        if let Some(suggestion) = suggestion {
            self.help = Some(format!("did you mean `{suggestion}`?"));
        }
        self
    }
}

/// Whether a query may be used in spite of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It may, but probably does not do what was meant.
    Warning,
    /// It may not.
    Error,
}

/// Who objects to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// The hub answers 400, or the job fails.
    Hub,
    /// The hub accepts the text; only this crate objects, because it cannot be what was meant.
    Lint,
}

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $severity:ident, $judge:ident;)+) => {
        /// The kind of a finding. Names are stable: people search for them and filter by them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ProblemCode { $($(#[$doc])* $variant,)+ }

        impl ProblemCode {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable kebab-case name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether a query may be used in spite of this.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// Who objects: an emulator refuses only what the hub refuses.
            pub const fn judge(self) -> Judge {
                match self { $(Self::$variant => Judge::$judge,)+ }
            }
        }
    };
}

problem_codes! {
    /// A condition without any text.
    EmptyCondition = "empty-condition", Error, Hub;
    /// A whole `SELECT ...` or `FROM devices ...` where a condition belongs.
    QueryAsCondition = "query-as-condition", Error, Hub;
    /// A condition that begins with `WHERE`.
    LeadingWhere = "leading-where", Error, Hub;
    /// More text than the hub takes.
    TooLong = "query-too-long", Error, Hub;
    /// More nesting than the parser follows.
    NestedTooDeeply = "nested-too-deeply", Error, Hub;
    /// A string without its closing quote.
    UnclosedString = "unclosed-string", Error, Hub;
    /// A bracket without its partner.
    UnclosedBracket = "unclosed-bracket", Error, Hub;
    /// A closing bracket that nothing opened.
    UnmatchedBracket = "unmatched-bracket", Error, Hub;
    /// `''` for a quote inside a string.
    DoubledQuote = "doubled-quote", Error, Hub;
    /// Typographic quotes.
    CurlyQuote = "curly-quote", Error, Hub;
    /// A backslash before something that is no escape.
    InvalidEscape = "invalid-escape", Error, Hub;
    /// Something that begins like a number and is none.
    InvalidNumber = "invalid-number", Error, Hub;
    /// A character that the language does not know.
    UnexpectedCharacter = "unexpected-character", Error, Hub;
    /// A name that needs `[[...]]`.
    UnquotedName = "unquoted-name", Error, Hub;
    /// `==`, `&&`, `||`, `!`.
    ForeignOperator = "foreign-operator", Error, Hub;
    /// A clause, operator or function of another SQL.
    NotAvailable = "not-available", Error, Hub;
    /// A `;` at the end.
    Semicolon = "semicolon", Error, Hub;
    /// A value or a clause is missing.
    Missing = "missing", Error, Hub;
    /// Text where something else belongs.
    Unexpected = "unexpected", Error, Hub;
    /// `a = b = c`.
    ChainedComparison = "chained-comparison", Error, Hub;
    /// `tags["site"]` or `tags.list[0]`.
    ElementAccess = "element-access", Error, Hub;
    /// `IN` with something other than a list of constants.
    InvalidList = "invalid-list", Error, Hub;
    /// `IN ('a')`: only square brackets are documented.
    RoundList = "round-list", Warning, Lint;
    /// A function that does not exist.
    UnknownFunction = "unknown-function", Error, Hub;
    /// Too many or too few arguments, or of the wrong kind.
    WrongArguments = "wrong-arguments", Error, Hub;
    /// A collection that does not exist.
    UnknownCollection = "unknown-collection", Error, Hub;
    /// A path of `devices.jobs` without that prefix.
    MissingPrefix = "missing-prefix", Error, Hub;
    /// A projection or grouping that the collection does not allow.
    InvalidProjection = "invalid-projection", Error, Hub;
    /// Two columns of one name.
    DuplicateColumn = "duplicate-column", Warning, Lint;
    /// A path that no document has.
    UnknownAttribute = "unknown-attribute", Error, Lint;
    /// A quoted path, which is a string and compares as one.
    QuotedPath = "quoted-path", Error, Lint;
    /// Two constants compared.
    ConstantComparison = "constant-comparison", Warning, Lint;
    /// A comparison with `undefined`, which is never true.
    UndefinedComparison = "undefined-comparison", Warning, Lint;
    /// A comparison with `null` of something that is never null.
    NullComparison = "null-comparison", Warning, Lint;
    /// A comparison of an object.
    ObjectComparison = "object-comparison", Warning, Lint;
    /// `IN []`, which never holds.
    EmptyList = "empty-list", Warning, Lint;
    /// A path or constant where a condition belongs.
    NotACondition = "not-a-condition", Warning, Lint;
}

/// The one candidate that is clearly meant by a misspelled `word`: near, and nearer than all others.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_ascii_lowercase();
    let distance_max = (word.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    let mut tied = false;
    for candidate in candidates {
        let distance = strsim::osa_distance(&word, &candidate.to_ascii_lowercase());
        match best {
            Some((least, _)) if distance > least => {}
            Some((least, _)) if distance == least => tied = true,
            _ => (best, tied) = (Some((distance, candidate)), false),
        }
    }
    best.filter(|(distance, _)| !tied && *distance <= distance_max).map(|(_, candidate)| candidate)
}
