//! Reading strings and numbers.

use super::super::print::quote_literal;
use super::super::problem::{Problem, ProblemCode};
use super::lexer::{Lexer, word_len};
use super::token::TokenKind;

impl Lexer<'_> {
    /// Reads a string in straight quotes; `quote` is the next character.
    pub(super) fn string(&mut self, quote: char) {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            match self.peek() {
                None => {
                    self.unclosed_string(start, quote);
                    break;
                }
                Some('\\') => self.escape(&mut value),
                Some(c) if c == quote => {
                    self.at += 1;
                    if self.peek() != Some(quote) {
                        break;
                    }
                    self.doubled_quote(quote);
                    value.push(quote);
                }
                Some(c) => {
                    value.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        self.push(TokenKind::Text(value), start..self.at);
    }

    fn unclosed_string(&mut self, start: usize, quote: char) {
        let problem =
            Problem::new(ProblemCode::UnclosedString, start..start + 1, "string is never closed", "opened here");
        self.report(problem.help(format!("end the string with `{quote}`")));
        self.swallowed = true;
    }

    /// The first of two quotes has been read.
    fn doubled_quote(&mut self, quote: char) {
        let problem = Problem::new(
            ProblemCode::DoubledQuote,
            self.at - 1..self.at + 1,
            "a doubled quote does not stand for a quote",
            "the string ends here",
        );
        self.report(problem.help(format!("write `\\{quote}` for a quote inside a string")));
        self.at += 1;
    }

    /// Reads a backslash and what it escapes.
    fn escape(&mut self, value: &mut String) {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            Some(c @ ('\'' | '"' | '\\')) => {
                value.push(c);
                self.at += 1;
            }
            Some('u') => match self.unicode_escape() {
                Some(c) => value.push(c),
                None => self.invalid_escape(start, "four hexadecimal digits belong after `\\u`"),
            },
            // The missing end of the string is reported by the caller.
            None => {}
            Some(c) => {
                value.push(c);
                self.at += c.len_utf8();
                self.invalid_escape(start, "write `\\\\` for a backslash");
            }
        }
    }

    fn invalid_escape(&mut self, start: usize, help: &str) {
        let span = start..self.at;
        let found = &self.text[span.clone()];
        let problem =
            Problem::new(ProblemCode::InvalidEscape, span, format!("`{found}` is not an escape"), "not an escape");
        self.report(problem.help(help).note("the escapes are `\\'`, `\\\"`, `\\\\` and `\\uXXXX`"));
    }

    /// Reads `uXXXX`, or a surrogate pair `uXXXX\uXXXX`.
    fn unicode_escape(&mut self) -> Option<char> {
        let high = self.code_unit()?;
        if !(0xD800..0xDC00).contains(&high) {
            return char::from_u32(high);
        }
        self.at += self.rest().starts_with("\\u").then_some(1)?;
        let low = self.code_unit()?;
        let units = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
        char::decode_utf16(units).next()?.ok()
    }

    fn code_unit(&mut self) -> Option<u32> {
        self.at += 1;
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let unit = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(unit)
    }

    /// Reads a string in typographic quotes, as pasted from a document.
    pub(super) fn curly_string(&mut self, quote: char) {
        let is_double = matches!(quote, '\u{201c}' | '\u{201d}');
        let closes = |c: char| match c {
            '\u{2018}' | '\u{2019}' | '\'' => !is_double,
            '\u{201c}' | '\u{201d}' | '"' => is_double,
            _ => false,
        };
        let start = self.at;
        let inner = start + quote.len_utf8();
        let found = self.text[inner..].char_indices().find(|(_, c)| closes(*c));
        let (value, end) = match found {
            Some((len, c)) => (&self.text[inner..inner + len], inner + len + c.len_utf8()),
            None => (&self.text[inner..], self.text.len()),
        };
        self.swallowed |= found.is_none();
        let straight = quote_literal(value);
        let problem = Problem::new(
            ProblemCode::CurlyQuote,
            start..inner,
            "typographic quotes do not begin a string",
            "not a straight quote",
        );
        let value = value.to_owned();
        self.report(problem.help(format!("write `{straight}`")));
        self.push(TokenKind::Text(value), start..end);
    }

    /// Reads a number; the next character is a digit, or a dot before one.
    pub(super) fn number(&mut self) {
        let date = date_len(self.rest());
        let len = date.unwrap_or_else(|| number_len(self.rest()));
        let span = self.at..self.at + len;
        let written = &self.text[span.clone()];
        let number = match written.get(..2) {
            Some("0x" | "0X") => u64::from_str_radix(&written[2..], 16).ok().map(|n| n as f64),
            _ => written.parse::<f64>().ok(),
        };
        if let Some(number) = number.filter(|number| number.is_finite()) {
            self.push(TokenKind::Number(number), span);
            return;
        }
        let what = if date.is_some() { "date" } else { "number" };
        let problem = Problem::new(
            ProblemCode::InvalidNumber,
            span.clone(),
            format!("`{written}` is not a number"),
            format!("not a {what} of the query language"),
        );
        let help = format!("write `{}` if it is text", quote_literal(written));
        self.report(problem.help(help));
        self.push(TokenKind::Reported, span);
    }
}

/// A number and whatever is glued to it, so that `43b` is one mistake.
fn number_len(text: &str) -> usize {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut len = digits(text);
    if text[len..].starts_with('.') {
        len += 1;
        len += digits(&text[len..]);
    }
    let exponent = text[len..].trim_start_matches(['e', 'E']);
    if exponent.len() + 1 == text.len() - len {
        let unsigned = exponent.trim_start_matches(['+', '-']);
        let power = digits(unsigned);
        if power > 0 && exponent.len() - unsigned.len() <= 1 {
            len = text.len() - unsigned.len() + power;
        }
    }
    len + word_len(&text[len..])
}

/// The length of an unquoted date such as `2026-12-01T08:00:00Z`, which would read as subtraction.
fn date_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let day = bytes.get(..10)?;
    let is_date = day.iter().enumerate().all(|(index, byte)| match index {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '+');
    is_date.then(|| text.len() - text.trim_start_matches(part).len())
}
