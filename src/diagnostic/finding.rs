//! Findings as plain data.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::code::Code;
use super::secret::mask_secrets;
use super::source::{SourceMap, Span};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The input is refused.
    Error,
    /// The input is accepted, but probably does not say what was meant.
    Warning,
}

impl Severity {
    /// The word as printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A marked stretch and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// A few words to stand under the marked text; may be empty.
    pub text: String,
}

/// A change of the text that would cure a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What to replace.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of finding; stable.
    pub code: Code,
    /// A lowercase fragment without a final period; user text in backticks.
    pub message: String,
    /// The exact text that causes it.
    pub primary: Label,
    /// Other places that matter, perhaps in other files.
    pub secondary: Vec<Label>,
    /// Something the reader can type.
    pub help: Vec<String>,
    /// Rules behind the finding.
    pub notes: Vec<String>,
    /// A mechanical cure, if there is one.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding that refuses the input.
    #[must_use]
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message.into())
    }

    /// A finding that lets the input pass.
    #[must_use]
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message.into())
    }

    fn new(severity: Severity, code: Code, span: Span, message: String) -> Self {
        let primary = Label { span, text: String::new() };
        Self {
            severity,
            code,
            message: shown(message),
            primary,
            secondary: Vec::new(),
            help: Vec::new(),
            notes: Vec::new(),
            fix: None,
        }
    }

    /// The words under the marked text.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = shown(text.into());
        self
    }

    /// Marks another place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: shown(text.into()) });
        self
    }

    /// Adds something the reader can type.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(shown(help.into()));
        self
    }

    /// Adds a rule behind the finding.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(shown(note.into()));
        self
    }

    /// Offers a mechanical cure.
    #[must_use]
    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: shown(replacement.into()) });
        self
    }
}

/// A text of a finding, which may quote what people wrote, without the secrets in it.
fn shown(text: String) -> String {
    match mask_secrets(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    }
}

/// How many findings there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Findings that refuse the input.
    pub errors: usize,
    /// Findings that let it pass.
    pub warnings: usize,
    /// Files that have any.
    pub files: usize,
}

/// All findings of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new() }
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds many.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Diagnostic>) {
        self.list.extend(more);
    }

    /// Whether anything refuses the input.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// In the order of adding.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// In the order of printing: by path, then by place; the same findings give the same bytes,
    /// whatever thread found which first.
    #[must_use]
    pub fn sorted(&self, sources: &SourceMap) -> Vec<&Diagnostic> {
        let mut sorted: Vec<_> = self.list.iter().collect();
        sorted.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.primary.span.start, d.primary.span.end, d.severity, d.code.as_str());
            let path = |d: &Diagnostic| sources.get(d.primary.span.source).path();
            path(a).cmp(path(b)).then_with(|| key(a).cmp(&key(b))).then_with(|| a.message.cmp(&b.message))
        });
        sorted
    }

    /// How many there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let errors = self.list.iter().filter(|d| d.severity == Severity::Error).count();
        let files: BTreeSet<_> = self.list.iter().map(|d| d.primary.span.source).collect();
        Counts { errors, warnings: self.list.len() - errors, files: files.len() }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(iter: T) -> Self {
        Self { list: iter.into_iter().collect() }
    }
}

impl std::fmt::Display for Counts {
    /// `3 errors and 1 warning in 2 files`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counted = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        match (self.errors, self.warnings) {
            (0, 0) => return f.write_str("no errors"),
            (errors, 0) => f.write_str(&counted(errors, "error"))?,
            (0, warnings) => f.write_str(&counted(warnings, "warning"))?,
            (errors, warnings) => {
                write!(f, "{} and {}", counted(errors, "error"), counted(warnings, "warning"))?;
            }
        }
        write!(f, " in {}", counted(self.files, "file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_ordered_by_path_then_place() {
        let mut sources = SourceMap::new();
        let (b, a) = (sources.add("b.yaml", "xyz".into()), sources.add("a.yaml", "xyz".into()));
        let found: Diagnostics = [(b, 0), (a, 2), (a, 1)]
            .into_iter()
            .map(|(id, at)| Diagnostic::error(Code::YamlSyntax, Span::new(id, at..at + 1), format!("{at}")))
            .collect();
        let order: Vec<_> = found.sorted(&sources).iter().map(|d| d.message.clone()).collect();
        assert_eq!(order, ["1", "2", "0"]);
    }

    #[test]
    fn counts_are_words() {
        let words = |errors, warnings, files| Counts { errors, warnings, files }.to_string();
        assert_eq!(words(3, 1, 2), "3 errors and 1 warning in 2 files");
        assert_eq!(words(1, 0, 1), "1 error in 1 file");
        assert_eq!(words(0, 2, 1), "2 warnings in 1 file");
        assert_eq!(words(0, 0, 0), "no errors");
    }
}
