//! From a place in the value of a YAML text to the place in the file.
//!
//! The value of a quoted, folded or indented text is not what stands in the file. For a finding
//! about the middle of it the text is read once more, this time noting for each byte of the value
//! where it came from. If the two readings disagree, the whole text is marked: too wide, never wrong.

use std::ops::Range;

use super::spans::Style;

/// The bytes of `text` that `part` of `value` came from; `extent` is where the scalar stands.
pub(super) fn locate(text: &str, extent: Range<usize>, style: Style, value: &str, part: Range<usize>) -> Range<usize> {
    let reading = match style {
        Style::Plain => fold_flow(text, extent.clone(), Escapes::None),
        Style::SingleQuoted => fold_flow(text, inner(&extent), Escapes::Single),
        Style::DoubleQuoted => fold_flow(text, inner(&extent), Escapes::Double),
        Style::Literal | Style::Folded => block(text, extent.clone(), style),
        Style::Flow | Style::Block => None,
    };
    match reading {
        Some(reading) if reading.value == value && !value.is_empty() => reading.source_of(part),
        _ => extent,
    }
}

fn inner(extent: &Range<usize>) -> Range<usize> {
    extent.start + 1..extent.end.saturating_sub(1).max(extent.start + 1)
}

/// A value together with where each of its bytes came from.
#[derive(Default)]
struct Reading {
    value: String,
    /// For each byte of the value, the source of its character.
    sources: Vec<Range<usize>>,
    /// Where the source ends.
    end: usize,
}

impl Reading {
    fn push(&mut self, c: char, source: Range<usize>) {
        self.value.push(c);
        self.end = source.end;
        self.sources.extend(std::iter::repeat_n(source, c.len_utf8()));
    }

    fn source_of(&self, part: Range<usize>) -> Range<usize> {
        let start = self.sources.get(part.start).map_or(self.end, |source| source.start);
        let last = part.end.checked_sub(1).filter(|last| *last >= part.start);
        let end = last.and_then(|last| self.sources.get(last)).map_or(start, |source| source.end);
        start..end.max(start)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    None,
    Single,
    Double,
}

/// Plain and quoted texts: a line break is a blank, n of them are n - 1 line breaks, and blanks
/// around them do not count.
fn fold_flow(text: &str, extent: Range<usize>, escapes: Escapes) -> Option<Reading> {
    let mut reading = Reading { end: extent.start, ..Reading::default() };
    let mut at = extent.start;
    // Bytes of the value that are not blanks at the end of a line.
    let mut kept = 0;
    while at < extent.end {
        let c = text[at..].chars().next()?;
        match c {
            '\n' | '\r' => {
                reading.value.truncate(kept);
                reading.sources.truncate(kept);
                at = break_lines(text, at, extent.end, &mut reading);
                kept = reading.value.len();
                continue;
            }
            '\'' if escapes == Escapes::Single => {
                reading.push('\'', at..at + 2);
                at += 2;
            }
            '\\' if escapes == Escapes::Double => {
                at = escape(text, at, &mut reading)?;
                kept = reading.value.len();
                continue;
            }
            _ => {
                reading.push(c, at..at + c.len_utf8());
                at += c.len_utf8();
            }
        }
        if c != ' ' && c != '\t' {
            kept = reading.value.len();
        }
    }
    Some(reading)
}

/// Reads line breaks and the blanks between them; gives the place behind.
fn break_lines(text: &str, from: usize, end: usize, reading: &mut Reading) -> usize {
    let rest = &text[from..end];
    let behind = from + rest.find(|c: char| !c.is_ascii_whitespace()).unwrap_or(rest.len());
    let breaks = text[from..behind].matches('\n').count();
    if breaks == 1 {
        reading.push(' ', from..behind);
    } else {
        (1..breaks).for_each(|_| reading.push('\n', from..behind));
    }
    behind
}

/// Reads one escape of a double-quoted text; gives the place behind.
fn escape(text: &str, at: usize, reading: &mut Reading) -> Option<usize> {
    let c = text[at + 1..].chars().next()?;
    let digits = match c {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        '\n' | '\r' => {
            let rest = &text[at + 1..];
            let skip = rest.find(|c: char| !c.is_ascii_whitespace()).unwrap_or(rest.len());
            return Some(at + 1 + skip);
        }
        _ => {
            reading.push(simple_escape(c), at..at + 1 + c.len_utf8());
            return Some(at + 1 + c.len_utf8());
        }
    };
    let code = |from: usize| u32::from_str_radix(text.get(from..from + digits)?, 16).ok();
    let first = code(at + 2)?;
    let mut end = at + 2 + digits;
    let mut scalar = first;
    if (0xd800..0xdc00).contains(&first) {
        let low = code(end + 2)?;
        scalar = 0x10000 + ((first - 0xd800) << 10) + low.checked_sub(0xdc00)?;
        end += 2 + digits;
    }
    reading.push(char::from_u32(scalar)?, at..end);
    Some(end)
}

const fn simple_escape(c: char) -> char {
    match c {
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        't' => '\t',
        'n' => '\n',
        'v' => '\x0b',
        'f' => '\x0c',
        'r' => '\r',
        'e' => '\x1b',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        other => other,
    }
}

/// Texts behind `|` and `>`. What the last line breaks become is left to the parser: nobody
/// complains about them.
fn block(text: &str, extent: Range<usize>, style: Style) -> Option<Reading> {
    // What the parser gives may reach into the indentation of the next key.
    let text = &text[..extent.end];
    let line_start = text[..extent.start].rfind('\n').map_or(0, |nl| nl + 1);
    let indent = extent.start - line_start;
    let mut reading = Reading::default();
    let mut at = line_start;
    let mut previous: Option<Line> = None;
    let mut breaks: Vec<Range<usize>> = Vec::new();
    while at < extent.end {
        let end = text[at..].find('\n').map_or(text.len(), |nl| at + nl);
        let content_end = if text[..end].ends_with('\r') { end - 1 } else { end };
        let content = (at + indent).min(content_end);
        let is_blank = text[at..content_end].trim_matches(' ').is_empty();
        if !is_blank {
            let starts_blank = text[content..content_end].starts_with([' ', '\t']);
            let line = Line { is_indented: starts_blank };
            join(&mut reading, style, previous, line, &breaks);
            breaks.clear();
            for (offset, c) in text[content..content_end].char_indices() {
                reading.push(c, content + offset..content + offset + c.len_utf8());
            }
            previous = Some(line);
        }
        breaks.push(content_end..end + 1);
        at = end + 1;
    }
    Some(reading)
}

#[derive(Clone, Copy)]
struct Line {
    /// More than the text; such lines are not folded.
    is_indented: bool,
}

fn join(reading: &mut Reading, style: Style, previous: Option<Line>, line: Line, breaks: &[Range<usize>]) {
    let Some(previous) = previous else { return };
    let folds = style == Style::Folded && !previous.is_indented && !line.is_indented;
    match breaks {
        [only] if folds => reading.push(' ', only.clone()),
        [_, rest @ ..] if folds => rest.iter().for_each(|source| reading.push('\n', source.clone())),
        all => all.iter().for_each(|source| reading.push('\n', source.clone())),
    }
}

#[cfg(test)]
mod tests {
    use granit_parser::{Event, Parser, ScalarStyle};

    use super::*;

    /// Reads `text` with the parser, and finds `needle` of its one value through the value.
    fn found(text: &str, needle: &str) -> String {
        for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
            let Event::Scalar(value, style, ..) = event else { continue };
            let Some(start) = value.find(needle) else { continue };
            let style = match style {
                ScalarStyle::Plain => Style::Plain,
                ScalarStyle::SingleQuoted => Style::SingleQuoted,
                ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                ScalarStyle::Literal => Style::Literal,
                ScalarStyle::Folded => Style::Folded,
            };
            let extent = span.byte_range().expect("a text has byte offsets");
            // As composing does, final line breaks are not part of what is looked at.
            let value = value.trim_end_matches('\n');
            let part = locate(text, extent, style, value, start..start + needle.len());
            return format!("{}:{}", part.start, &text[part.clone()]);
        }
        panic!("`{needle}` is in no value of {text:?}");
    }

    #[test]
    fn every_style_leads_back_to_the_file() {
        assert_eq!(found("a: tags.x = 'y' AND z", "'y'"), "12:'y'");
        assert_eq!(found("a: one\n   two\n   three", "three"), "17:three");
        assert_eq!(found("a: 'it''s x'", "x"), "10:x");
        assert_eq!(found("a: 'it''s x'", "t's"), "5:t''s");
        assert_eq!(found("a: \"\\u00e9\\ud83d\\ude00 \\\"x\\\" y\"", "\"x\""), "23:\\\"x\\\"");
        assert_eq!(found("a: \"one \\\n   two\"", "two"), "13:two");
        assert_eq!(found("a: \"one  \n\n   two\"", "two"), "14:two");
        assert_eq!(found("a: |\n  one\n   two\n  three\n", "three"), "20:three");
        assert_eq!(found("a: >-\n  one\n  two\n\n  three\n    four\n  five\n", "five"), "38:five");
        assert_eq!(found("a: >\r\n  one\r\n  two\r\n", "two"), "15:two");
        assert_eq!(found("a:\n  - >-\n    one\n    two\n", "one two"), "14:one\n    two");
        assert_eq!(found("a:\n  b: |\n    one\n\n    two\n  c: 1\n", "two"), "23:two");
    }
}
