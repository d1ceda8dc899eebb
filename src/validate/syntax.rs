//! Texts that are not YAML or JSON, said in our words.

use granit_parser::{ErrorKind, ScanError};

use super::compose::DEPTH_MAX;
use crate::diagnostic::{Code, Diagnostic, SourceId, Span};

/// The finding for an error of the YAML parser.
pub(super) fn diagnostic(error: &ScanError, text: &str, source: SourceId) -> Diagnostic {
    let at = floor(text, error.marker().byte_offset().unwrap_or_default());
    if let Some(tab) = indenting_tab(text, at, error.kind()) {
        return Diagnostic::error(Code::TabIndentation, Span::new(source, tab..tab + 1), "a tab indents this line")
            .label("a tab")
            .help("indent with spaces");
    }
    let (code, message, label, help) = words(error);
    let finding = Diagnostic::error(code, Span::new(source, at..token_end(text, at)), message).label(label);
    match help {
        Some(help) => finding.help(help),
        None => finding,
    }
}

type Words = (Code, String, &'static str, Option<&'static str>);

fn words(error: &ScanError) -> Words {
    let yaml = |message: &str, label, help| (Code::YamlSyntax, format!("not YAML: {message}"), label, help);
    match error.kind() {
        ErrorKind::UnknownAnchor => (
            Code::UnknownAnchor,
            "the alias has no anchor before it".to_owned(),
            "no such anchor in this document",
            Some("put `&name` before the value it stands for; quote a text that begins with `*`"),
        ),
        ErrorKind::RecursionLimitExceeded => (
            Code::TooDeep,
            format!("lists and maps are nested more than {DEPTH_MAX} deep"),
            "one level too many",
            Some("a twin has at most 10 levels"),
        ),
        ErrorKind::UnclosedFlowCollection { open } => {
            let close = if *open == '[' { ']' } else { '}' };
            let message = format!("not YAML: `{open}` is never closed");
            let help = if close == ']' { "add `]`" } else { "add `}`" };
            (Code::YamlSyntax, message, "opened here", Some(help))
        }
        ErrorKind::UnclosedQuotedScalar => {
            yaml("the quote is never closed", "opened here", Some("close it, or leave both quotes out"))
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => yaml(
            "text behind a closing quote",
            "unexpected",
            Some(
                "look for a quote that is missing before it; in double quotes `\\\"` is a quote, in single quotes `''`",
            ),
        ),
        ErrorKind::MappingValueNotAllowed => yaml(
            "a second `: ` on one line",
            "not allowed here",
            Some("put the value in quotes if the colon belongs to it, else begin a new line"),
        ),
        ErrorKind::InvalidColonPlacement | ErrorKind::MisplacedFlowCollectionEnd => {
            yaml("this does not belong here", "unexpected", Some("look for a bracket that is not closed before it"))
        }
        ErrorKind::UnexpectedCharacter { .. } => {
            yaml("a value cannot begin with this character", "unexpected", Some("put the value in quotes"))
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            yaml("a key without a colon", "no `:` behind it", Some("write `key: value`"))
        }
        ErrorKind::UnknownQuotedScalarEscape => yaml(
            "an unknown escape in double quotes",
            "in this text",
            Some("use single quotes, in which a backslash is itself, or double the backslash"),
        ),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedDocumentStart
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry => yaml(
            "this line fits no level of indentation",
            "unexpected",
            Some("align it with the keys or dashes it belongs to"),
        ),
        _ => yaml(
            &error.info(),
            "here",
            Some("put a text in quotes if it holds `: `, ` #` or begins with a special character"),
        ),
    }
}

/// The first tab that indents a line, at or just behind the place of an error that a tab can cause.
fn indenting_tab(text: &str, at: usize, kind: &ErrorKind) -> Option<usize> {
    let by_tab = matches!(
        kind,
        ErrorKind::TabInPlainScalar
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabNotAllowed
            | ErrorKind::TabAtBlockScalarStart
    );
    if !by_tab {
        return None;
    }
    let mut line_start = text[..at].rfind('\n').map_or(0, |nl| nl + 1);
    loop {
        let line = text[line_start..].split('\n').next().unwrap_or_default();
        let indentation = &line[..line.len() - line.trim_start().len()];
        if let Some(tab) = indentation.find('\t') {
            return Some(line_start + tab);
        }
        line_start += line.len() + 1;
        if line_start >= text.len() {
            return None;
        }
    }
}

/// Behind the word that begins at `at`; at least one character, unless the text ends.
fn token_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let word = rest.find(|c: char| c.is_whitespace() || "[]{},:#'\"".contains(c)).unwrap_or(rest.len());
    at + word.max(rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8))
}

fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

/// YAML contains JSON, but a `.json` file must be nothing else: no comments, no trailing commas.
pub(super) fn check_json(text: &str, source: SourceId) -> Result<(), Box<Diagnostic>> {
    let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) else { return Ok(()) };
    let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = floor(text, (line_start + error.column().saturating_sub(1)).min(text.len()));
    let shown = error.to_string();
    let what = shown.rsplit_once(" at line ").map_or(shown.as_str(), |(what, _)| what);
    let finding =
        Diagnostic::error(Code::JsonSyntax, Span::new(source, at..token_end(text, at)), format!("not JSON: {what}"))
            .label("here")
            .help("correct it, or rename the file to `.yaml`, which may have comments and trailing commas");
    Err(Box::new(finding))
}
