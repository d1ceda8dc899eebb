//! Long lines on a terminal, broken between words.

use anstream::adapter::strip_str;

/// On a narrower terminal nothing is gained by breaking lines.
const WIDTH_MIN: usize = 40;

/// The same text in lines of at most `width` characters where words allow it. What goes on in a next
/// line stands below the column that it belongs to, so that the left edge still shows where things
/// begin. Styles take no room.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> String {
    if width < WIDTH_MIN {
        return text.to_owned();
    }
    text.split_inclusive('\n').map(|line| wrapped_line(line, width)).collect()
}

fn wrapped_line(line: &str, width: usize) -> String {
    let plain = strip_str(line).to_string();
    if plain.trim_end().chars().count() <= width {
        return line.to_owned();
    }
    let indent = hanging_indent(&plain, width);
    let (mut text, mut column, mut blanks) = (String::new(), 0, 0);
    for word in line.split(' ') {
        let len = strip_str(word).to_string().trim_end().chars().count();
        if column > indent && len > 0 && column + blanks + len > width {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else {
            text.extend(std::iter::repeat_n(' ', blanks));
            column += blanks;
        }
        text.push_str(word);
        column += len;
        blanks = 1;
    }
    text
}

/// The last column of the left half that begins behind a gap of two blanks.
fn hanging_indent(plain: &str, width: usize) -> usize {
    let chars: Vec<char> = plain.chars().take(width / 2 + 1).collect();
    let begins = |column: &usize| chars[*column] != ' ' && chars[*column - 1] == ' ' && chars[*column - 2] == ' ';
    (2..chars.len()).rev().find(begins).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_below_its_column() {
        let text = "  + reboot  asap, until noon  create (slot-empty): it has no job yet; starts now\n\nend\n";
        let expected = "  + reboot  asap, until noon  create\n            (slot-empty): it has no job\n            yet; \
                        starts now\n\nend\n";
        assert_eq!(wrapped(text, 40), expected);
    }

    #[test]
    fn styles_take_no_room_and_stay() {
        let styled = format!("      \u{1b}[2mdevices\u{1b}[0m  {}\n", "word ".repeat(12).trim_end());
        let text = wrapped(&styled, 40);
        assert!(text.contains("\u{1b}[2mdevices\u{1b}[0m"));
        for line in strip_str(&text).to_string().lines() {
            assert!(line.chars().count() <= 40 && line.starts_with("      "), "{text}");
        }
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&text), words(&styled), "no word is lost");
    }

    #[test]
    fn what_fits_or_cannot_be_broken_stays_as_it_is() {
        let long = format!("{}\n", "x".repeat(99));
        for text in ["short\n", "", "a  b\n", long.as_str()] {
            assert_eq!(wrapped(text, 40), text);
        }
        let narrow = "a text of some words\n".repeat(2);
        assert_eq!(wrapped(&narrow, 10), narrow, "too narrow to gain by it");
    }
}
