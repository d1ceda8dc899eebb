//! Data in Markdown, so that it is shown and nothing else: no link, no mention, no markup.
//!
//! A comment speaks with the voice of whoever posts it, and ids of devices or jobs can be chosen by
//! others. A code span is the one place where every forge leaves text alone, so all data stands in
//! one; the two characters that end a code span or the cell of a table are shown in Rust's notation.

use crate::report::untrusted::Untrusted;

/// Longest piece of data that is shown, in characters.
const CODE_LEN_MAX: usize = 120;
/// Longest sentence.
const PROSE_LEN_MAX: usize = 1_500;

/// Data in a code span.
pub(super) fn code(text: &str) -> String {
    code_cut(text, CODE_LEN_MAX)
}

/// Data in a code span, cut after so many characters.
pub(super) fn code_cut(text: &str, len_max: usize) -> String {
    let shown = Untrusted::new(text).cut(len_max).to_string().replace('`', "\\u{60}").replace('|', "\\u{7c}");
    match shown.trim().is_empty() {
        true => "(empty)".to_owned(),
        false => format!("`{shown}`"),
    }
}

/// Sentences of ours with data in them: words that could mean more than themselves become code.
/// What stands between backticks is code already.
pub(super) fn prose(text: &str) -> String {
    let text: String = text.chars().take(PROSE_LEN_MAX).collect();
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).map(prose_line).collect();
    lines.join("<br>")
}

fn prose_line(line: &str) -> String {
    let segments: Vec<_> = line.split('`').collect();
    let closed = segments.len() % 2 == 1;
    let mut text = String::new();
    for (index, segment) in segments.iter().enumerate() {
        let is_code = index % 2 == 1 && (closed || index + 1 < segments.len());
        match is_code {
            true => push_code(&mut text, segment),
            false => words(&mut text, segment),
        }
    }
    text
}

/// Two spans side by side would be read as one, and everything behind them inside out.
fn push_code(text: &mut String, data: &str) {
    if text.ends_with('`') {
        text.push(' ');
    }
    text.push_str(&code(data));
}

fn words(text: &mut String, segment: &str) {
    for word in segment.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        let core = bare.trim_start_matches('(').trim_end_matches([',', '.', ';', ':', ')', '!', '?']);
        let (before, after) = bare.split_once(core).unwrap_or_default();
        match core.is_empty() || is_plain(core) {
            true => text.push_str(bare),
            false => {
                text.push_str(before);
                push_code(text, core);
                text.push_str(after);
            }
        }
        if bare.len() < word.len() {
            text.push(' ');
        }
    }
}

/// Whether a word means nothing to any Markdown reader, at any place but the start of a line.
fn is_plain(word: &str) -> bool {
    if matches!(word, "-" | "->" | "=" | "·" | "→" | "–" | "+" | "%") {
        return true;
    }
    let mut chars = word.chars().peekable();
    let starts = chars.peek().is_some_and(|c| c.is_alphanumeric() || matches!(c, '\'' | '"' | '\u{d7}'));
    let mut before = ' ';
    starts
        && chars.all(|c| {
            // `www.` and names of hosts become links, `:word:` becomes a picture.
            let is_name = matches!(before, '.' | ':') && c.is_alphabetic();
            before = c;
            !is_name && (c.is_alphanumeric() || matches!(c, '.' | ',' | ':' | ';' | '-' | '\'' | '"' | '%' | '\u{d7}'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_span_or_its_cell() {
        for (text, shown) in [
            ("nightly-import", "`nightly-import`"),
            ("a`b|c", "`a\\u{60}b\\u{7c}c`"),
            ("\n## x\u{1b}[m", "`\\u{a}## x\\u{1b}[m`"),
            ("  ", "(empty)"),
            ("", "(empty)"),
        ] {
            assert_eq!(code(text), shown);
        }
    }

    #[test]
    fn only_words_that_could_mean_more_become_code() {
        for (text, shown) in [
            (
                "would reach 9 800 devices, 92 % of the hub; at most 50",
                "would reach 9 800 devices, 92 % of the hub; at most 50",
            ),
            ("raise `spec.generation` to 1 in jobs/a.yaml:8.", "raise `spec.generation` to 1 in `jobs/a.yaml:8`."),
            ("(starts 10:30Z, see tags.ring)", "(starts 10:30Z, see `tags.ring`)"),
            ("cc @admin #1 :tada: www.x.org", "cc `@admin` `#1` `:tada`: `www.x.org`"),
            ("[x](y) <b> *a* _b_ ~c~ $d$", "`[x](y`) `<b>` `*a*` `_b_` `~c~` `$d$`"),
            ("an odd ` backtick", "an odd  backtick"),
            ("one\ntwo", "one<br>two"),
            ("`a``@b` `c`@d", "`a` `@b` `c` `@d`"),
        ] {
            assert_eq!(prose(text), shown);
        }
    }
}
