//! Findings as rustc prints them.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};

use super::finding::{Diagnostic, Diagnostics, Severity};
use super::source::{SourceId, SourceMap, Span};

/// Whether the text may hold colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// ASCII only.
    Plain,
    /// With ANSI colours.
    Colour,
}

/// All findings in order, and a last line that counts them. Empty when there are none.
#[must_use]
pub fn render_text(diagnostics: &Diagnostics, sources: &SourceMap, look: Look) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let renderer = match look {
        Look::Plain => Renderer::plain(),
        Look::Colour => Renderer::styled(),
    };
    let mut text = String::new();
    for diagnostic in diagnostics.sorted(sources) {
        text.push_str(&renderer.render(&groups(diagnostic, sources)));
        text.push_str("\n\n");
    }
    text.push_str(&diagnostics.counts().to_string());
    text.push('\n');
    text
}

fn groups<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    for (source, annotations) in annotations_by_file(diagnostic) {
        group = add_file(group, sources, source, &annotations);
    }
    group = group.elements(diagnostic.notes.iter().map(|note| Level::NOTE.message(note.as_str())));
    // With a patch to show, its title is the help line.
    let Some(fix) = &diagnostic.fix else {
        return vec![group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(help.as_str())))];
    };
    let mut help = diagnostic.help.iter();
    let title = help.next().map_or("replace it", String::as_str);
    group = group.elements(help.map(|help| Level::HELP.message(help.as_str())));
    let (window, line) = window(sources, fix.span.source, std::iter::once(fix.span.bytes()));
    let source = sources.get(fix.span.source);
    let patch = Patch::new(within(&fix.span.bytes(), &window), fix.replacement.as_str());
    let snippet = Snippet::source(&source.shown()[window]).line_start(line).path(source.path()).patch(patch);
    vec![group, Level::HELP.secondary_title(title).element(snippet)]
}

type Marked<'a> = (AnnotationKind, Span, &'a str);

/// The file of the primary label first, then the others in the order of their labels.
fn annotations_by_file(diagnostic: &Diagnostic) -> Vec<(SourceId, Vec<Marked<'_>>)> {
    let primary = (AnnotationKind::Primary, diagnostic.primary.span, diagnostic.primary.text.as_str());
    let secondary = diagnostic.secondary.iter().map(|l| (AnnotationKind::Context, l.span, l.text.as_str()));
    let mut order = BTreeMap::new();
    let mut files: Vec<(SourceId, Vec<Marked<'_>>)> = Vec::new();
    for marked in std::iter::once(primary).chain(secondary) {
        let source = marked.1.source;
        let at = *order.entry(source).or_insert_with(|| {
            files.push((source, Vec::new()));
            files.len() - 1
        });
        files[at].1.push(marked);
    }
    files
}

fn add_file<'a>(group: Group<'a>, sources: &'a SourceMap, id: SourceId, marked: &[Marked<'a>]) -> Group<'a> {
    let source = sources.get(id);
    if marked.iter().all(|(_, span, _)| *span == Span::file(id)) {
        return group.element(Origin::path(source.path()));
    }
    let (window, line) = window(sources, id, marked.iter().map(|(_, span, _)| span.bytes()));
    let annotations = marked.iter().map(|(kind, span, text)| {
        let annotation = kind.span(visible(&within(&span.bytes(), &window), &source.text()[window.clone()]));
        if text.is_empty() { annotation } else { annotation.label(*text) }
    });
    let snippet: Snippet<'a, Annotation<'a>> =
        Snippet::source(&source.shown()[window.clone()]).line_start(line).path(source.path());
    group.element(snippet.annotations(annotations))
}

/// The lines that hold all `spans`, and the number of the first: drawing costs time in proportion
/// to the text handed over, and files may have megabytes.
fn window(sources: &SourceMap, id: SourceId, spans: impl Iterator<Item = Range<usize>>) -> (Range<usize>, usize) {
    let source = sources.get(id);
    let (start, end) = spans.fold((usize::MAX, 0), |(start, end), span| (start.min(span.start), end.max(span.end)));
    let lines = source.whole_lines(start..end);
    let line = source.position(u32::try_from(lines.start).unwrap_or(u32::MAX)).line;
    (lines, line as usize)
}

fn within(span: &Range<usize>, window: &Range<usize>) -> Range<usize> {
    let at = |offset: usize| offset.clamp(window.start, window.end) - window.start;
    at(span.start)..at(span.end)
}

/// Without trailing line breaks and blanks, so that a block is not underlined into the next key.
fn visible(span: &Range<usize>, text: &str) -> Range<usize> {
    let marked = text.get(span.clone()).unwrap_or_default();
    span.start..span.start + marked.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::super::code::Code;
    use super::*;

    fn sources() -> (SourceMap, SourceId, SourceId) {
        let mut sources = SourceMap::new();
        let a = sources.add("jobs/a.yaml", "one: 1\ntwo: é2\nthree: 3\n".to_owned());
        let b = sources.add("jobs/b.yaml", "first: true\n".to_owned());
        (sources, a, b)
    }

    #[test]
    fn draws_labels_in_two_files() {
        let (sources, a, b) = sources();
        let finding = Diagnostic::error(Code::DuplicateManifestName, Span::new(a, 12..15), "`é2` is used twice")
            .label("second use")
            .also(Span::new(b, 7..11), "first use")
            .note("a rule")
            .help("type this");
        let text = render_text(&std::iter::once(finding).collect(), &sources, Look::Plain);
        insta::assert_snapshot!(text, @r"
        error[duplicate-manifest-name]: `é2` is used twice
         --> jobs/a.yaml:2:6
          |
        2 | two: é2
          |      ^^ second use
          |
         ::: jobs/b.yaml:1:8
          |
        1 | first: true
          |        ---- first use
          |
          = note: a rule
          = help: type this

        1 error in 1 file
        ");
    }

    #[test]
    fn draws_a_fix_and_a_file_without_text() {
        let (mut sources, a, _) = sources();
        let unreadable = sources.add("jobs/c.yaml", String::new());
        let mut found = Diagnostics::new();
        found.push(
            Diagnostic::warning(Code::AmbiguousScalar, Span::new(a, 23..24), "`3` is odd")
                .help("put it in quotes")
                .fix(Span::new(a, 23..24), "\"3\""),
        );
        found.push(Diagnostic::error(Code::FileUnreadable, Span::file(unreadable), "cannot read `jobs/c.yaml`"));
        insta::assert_snapshot!(render_text(&found, &sources, Look::Plain), @r#"
        warning[ambiguous-scalar]: `3` is odd
         --> jobs/a.yaml:3:8
          |
        3 | three: 3
          |        ^
          |
        help: put it in quotes
          |
        3 - three: 3
        3 + three: "3"
          |

        error[file-unreadable]: cannot read `jobs/c.yaml`
        --> jobs/c.yaml

        1 error and 1 warning in 2 files
        "#);
    }
}
