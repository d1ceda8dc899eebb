//! Findings as GitHub workflow commands, which GitHub shows beside the lines of a pull request.

use super::finding::{Diagnostic, Diagnostics};
use super::source::SourceMap;

/// One `::error ...::` or `::warning ...::` line for each finding.
#[must_use]
pub fn render_github(diagnostics: &Diagnostics, sources: &SourceMap) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics.sorted(sources) {
        let span = diagnostic.primary.span;
        let (start, end) = sources.positions(span);
        let [line, col, end_line, end_col] = [start.line, start.column, end.line, end.column].map(|n| n.to_string());
        let place = [
            ("file", sources.get(span.source).path()),
            ("line", &line),
            ("col", &col),
            ("endLine", &end_line),
            ("endColumn", &end_col),
            ("title", diagnostic.code.as_str()),
        ];
        text.push_str(&workflow_command(diagnostic.severity.as_str(), &place, &message(diagnostic)));
    }
    text
}

/// One line `::command name=value,...::message`, from which no text can break out.
#[must_use]
pub fn workflow_command(command: &str, properties: &[(&str, &str)], message: &str) -> String {
    let properties: Vec<_> = properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{command} {}::{}\n", properties.join(","), data(message))
}

fn message(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    for (word, lines) in [("note", &diagnostic.notes), ("help", &diagnostic.help)] {
        for line in lines {
            text.push_str(&format!("\n{word}: {line}"));
        }
    }
    text
}

/// The escapes of `@actions/core` for the text behind `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Properties end at `,` and `::` as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::code::Code;
    use super::super::source::Span;
    use super::*;

    #[test]
    fn nothing_can_break_out_of_a_command() {
        let mut sources = SourceMap::new();
        let id = sources.add("a,b:c%.yaml", "x: 1\n".to_owned());
        let finding = Diagnostic::error(Code::UnknownField, Span::new(id, 0..1), "odd\n::error::50%").help("type `y`");
        assert_eq!(
            render_github(&std::iter::once(finding).collect(), &sources),
            "::error file=a%2Cb%3Ac%25.yaml,line=1,col=1,endLine=1,endColumn=2,title=unknown-field\
             ::odd%0A::error::50%25%0Ahelp: type `y`\n"
        );
    }
}
