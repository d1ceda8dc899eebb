//! Text of others on a terminal.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use crate::diagnostic::mask_secrets;

/// Text that came from the hub: ids of foreign jobs, failure reasons, twin values, device answers.
/// Shown with everything escaped that could move the cursor, change colours, reorder or hide text,
/// or break the line, and cut when it is long. Secrets in it are asterisks, for a hub may send back what
/// it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Untrusted<'a> {
    text: &'a str,
    len_max: usize,
}

impl<'a> Untrusted<'a> {
    /// Longest text that is shown, in characters, unless said otherwise.
    pub const LEN_MAX: usize = 200;

    /// A text to show.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self { text, len_max: Self::LEN_MAX }
    }

    /// Cut after this many characters.
    #[must_use]
    pub const fn cut(self, len_max: usize) -> Self {
        Self { len_max, ..self }
    }
}

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::new();
        let text = mask_secrets(self.text);
        let mut chars = text.chars();
        for c in chars.by_ref().take(self.len_max) {
            if is_plain(c) {
                shown.push(c);
            } else {
                write!(shown, "{}", c.escape_unicode())?;
            }
        }
        if chars.next().is_some() {
            shown.push('\u{2026}');
        }
        f.pad(&shown)
    }
}

/// A text without the secrets in it.
#[must_use]
pub(super) fn without_secrets(text: String) -> String {
    match mask_secrets(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    }
}

/// Words of a plan, which may come from a file that somebody else wrote: their lines stay lines, and
/// nothing else in them steers a terminal.
#[must_use]
pub(super) fn words(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| Untrusted::new(line).cut(WORDS_LEN_MAX).to_string()).collect();
    lines.join("\n")
}

/// Longest line of a sentence that is shown, in characters.
const WORDS_LEN_MAX: usize = 2_000;

/// JSON for a file or a terminal, indented, in which no character steers a terminal.
#[must_use]
pub fn json_text(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value).expect("its maps have texts as keys, and its numbers are finite");
    escape_json(text) + "\n"
}

/// JSON in one line, in which no character steers a terminal.
#[must_use]
pub fn json_line(value: &serde_json::Value) -> String {
    escape_json(value.to_string())
}

/// Such characters stand only within strings, where JSON knows another way to write them.
fn escape_json(json: String) -> String {
    let is_ascii_text = |byte| matches!(byte, b' '..=b'~' | b'\n'); // nearly all there is, and quick to tell
    if json.bytes().all(is_ascii_text) || json.chars().all(|c| c == '\n' || is_plain(c)) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if c == '\n' || is_plain(c) {
            escaped.push(c);
        } else {
            let units = c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            escaped.push_str(&units);
        }
    }
    escaped
}

/// Whether a character shows as itself, in its place.
fn is_plain(c: char) -> bool {
    let is_format = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
        | '\u{200b}'..='\u{200f}' // zero width, left-to-right and right-to-left marks
        | '\u{2028}'..='\u{202e}' // line and paragraph separators, embeddings, overrides
        | '\u{2060}'..='\u{206f}' // word joiner, isolates
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}'); // tags
    !c.is_control() && !is_format
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cannot_steer_a_terminal() {
        for (text, shown) in [
            ("nightly-import", "nightly-import"),
            ("größe 温度", "größe 温度"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "\\u{1b}[2J\\u{1b}]0;x\\u{7}"),
            ("a\r\nb\tc\u{8}", "a\\u{d}\\u{a}b\\u{9}c\\u{8}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}txt.exe\u{2066}", "\\u{202e}txt.exe\\u{2066}"),
        ] {
            assert_eq!(Untrusted::new(text).to_string(), shown);
        }
    }

    #[test]
    fn json_means_the_same_and_cannot_steer_a_terminal() {
        let value = serde_json::json!({"text": "\u{9b}2J\u{1b}[m\u{202e}\u{e0041}ok\n", "list": [1]});
        for text in [json_text(&value), json_line(&value)] {
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).ok().as_ref(), Some(&value));
            assert!(text.chars().all(|c| c == '\n' || is_plain(c)), "{text:?}");
        }
        assert!(!json_line(&value).contains('\n'));
    }

    #[test]
    fn is_cut_at_a_character() {
        assert_eq!(Untrusted::new("äöüß").cut(3).to_string(), "äöü…");
        assert_eq!(Untrusted::new("äöü").cut(3).to_string(), "äöü");
        assert_eq!(format!("{:>4}|{:<4}|", Untrusted::new("ab"), Untrusted::new("ab")), "  ab|ab  |");
    }
}
