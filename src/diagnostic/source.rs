//! The texts that findings point into.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use super::secret::mask_secrets;

/// Which file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A stretch of bytes in one file, on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// Byte behind the last one.
    pub end: u32,
}

impl Span {
    /// A stretch of one file. Files are far below 4 GiB (`load` refuses more than 8 MiB).
    #[must_use]
    pub fn new(source: SourceId, bytes: Range<usize>) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { source, start: offset(bytes.start), end: offset(bytes.end.max(bytes.start)) }
    }

    /// The whole file, for findings that have no place in it.
    #[must_use]
    pub const fn file(source: SourceId) -> Self {
        Self { source, start: 0, end: 0 }
    }

    /// Both ends as offsets.
    #[must_use]
    pub const fn bytes(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place as people say it; both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// One file.
#[derive(Debug)]
pub struct Source {
    path: String,
    text: String,
    /// Where lines start. Most files are never pointed at, so this is made on demand.
    lines: OnceLock<Vec<u32>>,
    /// The text as it may be shown, where that differs from the text.
    masked: OnceLock<Option<String>>,
}

impl Source {
    /// Path as printed, with `/` on every platform.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text, without a byte order mark. Empty if it could not be read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text as it may be shown: secrets in it are asterisks, and every place is where it was.
    #[must_use]
    pub fn shown(&self) -> &str {
        let masked = self.masked.get_or_init(|| match mask_secrets(&self.text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        });
        masked.as_deref().unwrap_or(&self.text)
    }

    /// The place of a byte; an offset beyond the end is the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let lines = self.lines();
        let line = lines.partition_point(|start| *start <= offset).max(1);
        let start = lines[line - 1] as usize;
        let before = self.text.get(start..offset as usize).unwrap_or(&self.text[start..]);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position { line: number(line), column: number(before.chars().count() + 1) }
    }

    /// The line of a byte, from 1. Cheaper than [`Self::position`] for a place near the beginning.
    #[must_use]
    pub fn line(&self, offset: u32) -> u32 {
        const NEAR: usize = 4096;
        match self.text.as_bytes().get(..offset as usize) {
            Some(before) if before.len() < NEAR && self.lines.get().is_none() => {
                1 + u32::try_from(before.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX - 1)
            }
            _ => self.position(offset).line,
        }
    }

    /// The bytes of the lines that hold `bytes`, without the last line break.
    #[must_use]
    pub fn whole_lines(&self, bytes: Range<usize>) -> Range<usize> {
        let at = |offset: usize| offset.min(self.text.len());
        let start = self.text.as_bytes()[..at(bytes.start)].iter().rposition(|b| *b == b'\n').map_or(0, |nl| nl + 1);
        let from = at(bytes.end.max(bytes.start));
        let end = self.text.as_bytes()[from..].iter().position(|b| *b == b'\n').map_or(self.text.len(), |nl| from + nl);
        let is_crlf = end > from && self.text.as_bytes()[end - 1] == b'\r';
        start..if is_crlf { end - 1 } else { end }
    }

    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let breaks = self.text.bytes().zip(1_u32..).filter(|(byte, _)| *byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(_, next)| next)).collect()
        })
    }
}

/// All files of one run.
#[derive(Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// No files.
    #[must_use]
    pub const fn new() -> Self {
        Self { sources: Vec::new() }
    }

    /// Adds a file. A byte order mark is no part of the text, so columns count from what people see.
    pub fn add(&mut self, path: impl Into<String>, mut text: String) -> SourceId {
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(Source { path: path.into(), text, lines: OnceLock::new(), masked: OnceLock::new() });
        id
    }

    /// The file with that id. Ids are only valid in the map that gave them out.
    #[must_use]
    pub fn get(&self, id: SourceId) -> &Source {
        &self.sources[id.0 as usize]
    }

    /// All ids, in the order of adding.
    pub fn ids(&self) -> impl Iterator<Item = SourceId> + use<> {
        (0..u32::try_from(self.sources.len()).unwrap_or(u32::MAX)).map(SourceId)
    }

    /// Number of files.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether there is no file at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Both ends of a span as people say them.
    #[must_use]
    pub fn positions(&self, span: Span) -> (Position, Position) {
        let source = self.get(span.source);
        (source.position(span.start), source.position(span.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let mut map = SourceMap::new();
        let id = map.add("a.yaml", "\u{feff}größe: 1\r\nb: 2\n".to_owned());
        let source = map.get(id);
        let at = |offset| (source.position(offset).line, source.position(offset).column);
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(u32::try_from(source.text().find('1').expect("is there")).expect("small")), (1, 8));
        assert_eq!(at(u32::try_from(source.text().find('b').expect("is there")).expect("small")), (2, 1));
        assert_eq!(at(10_000), (3, 1));
        assert_eq!([source.line(0), source.line(14), source.line(10_000)], [1, 2, 3]);
    }

    #[test]
    fn whole_lines_hold_the_span() {
        let mut map = SourceMap::new();
        let id = map.add("a.yaml", "one\ntwo\nthree\nfour".to_owned());
        let text = |range| &map.get(id).text()[map.get(id).whole_lines(range)];
        assert_eq!(text(5..6), "two");
        assert_eq!(text(5..9), "two\nthree");
        assert_eq!(text(4..4), "two");
        assert_eq!(text(14..18), "four");
    }
}
