//! One field of a cron expression: text to a set of numbers, every refusal with its place.

use std::ops::Range;

use super::expression::InvalidCron;

/// What one of the five fields may hold.
pub(super) struct FieldKind {
    /// In messages.
    noun: &'static str,
    min: u8,
    /// Highest number; for weekdays 7, which is Sunday like 0.
    max: u8,
    /// Three-letter names, the first for `min`.
    names: &'static [&'static str],
}

pub(super) const MINUTE: FieldKind = FieldKind { noun: "minute", min: 0, max: 59, names: &[] };
pub(super) const HOUR: FieldKind = FieldKind { noun: "hour", min: 0, max: 23, names: &[] };
pub(super) const DAY: FieldKind = FieldKind { noun: "day of the month", min: 1, max: 31, names: &[] };
pub(super) const MONTH: FieldKind = FieldKind {
    noun: "month",
    min: 1,
    max: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
};
pub(super) const WEEKDAY: FieldKind = FieldKind {
    noun: "day of the week",
    min: 0,
    max: SUNDAY_AGAIN,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};
const SUNDAY_AGAIN: u8 = 7;

/// A set of numbers below 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers(u64);

impl Numbers {
    /// `low`, `low + step`, ... up to `high`.
    const fn stepped(low: u8, high: u8, step: u8) -> Self {
        let mut bits = 0;
        let mut value = low;
        while value <= high {
            bits |= 1 << value;
            value += step;
        }
        Self(bits)
    }

    pub(super) const fn holds(self, value: u8) -> bool {
        self.0 >> value & 1 == 1
    }

    /// Ascending.
    pub(super) fn iter(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |value| self.holds(*value))
    }
}

pub(super) fn refuse<T>(message: String, span: Range<usize>, help: Option<String>) -> Result<T, InvalidCron> {
    Err(InvalidCron { message, span, help })
}

impl FieldKind {
    /// Every number of the field.
    pub(super) const fn all(&self) -> Numbers {
        Numbers::stepped(self.min, self.highest(), 1)
    }

    /// Reads a list of entries, whose first byte is byte `start` of the expression.
    pub(super) fn parse(&self, (start, word): (usize, &str)) -> Result<Numbers, InvalidCron> {
        let mut bits = 0;
        let mut at = start;
        for entry in word.split(',') {
            if entry.is_empty() {
                let comma = at.saturating_sub(1).max(start);
                let message = format!("an entry of the {} is empty", self.noun);
                return refuse(message, comma..comma + 1, Some("remove the comma".to_owned()));
            }
            bits |= self.entry(entry, at)?.0;
            at += entry.len() + 1;
        }
        if self.wraps() {
            bits = (bits | bits >> SUNDAY_AGAIN) & self.all().0;
        }
        Ok(Numbers(bits))
    }

    /// One entry of a list: `*`, `5` or `1-5`; a step may follow the first and the last.
    fn entry(&self, entry: &str, at: usize) -> Result<Numbers, InvalidCron> {
        let (base, step) = match entry.split_once('/') {
            Some((base, step)) => (base, Some((at + base.len() + 1, step))),
            None => (entry, None),
        };
        if base == "*" {
            return Ok(Numbers::stepped(self.min, self.highest(), self.step(step)?));
        }
        if let Some((low, high)) = base.split_once('-') {
            let (low, high) = self.range((at, low), (at + low.len() + 1, high), step.is_some())?;
            return Ok(Numbers::stepped(low, high, self.step(step)?));
        }
        let Some((_, step)) = step else {
            let value = self.value(base, at)?;
            return Ok(Numbers::stepped(value, value, 1));
        };
        let range = match base {
            "" => "*".to_owned(),
            _ => format!("{base}-{}", self.spell(self.value(base, at)?.max(self.highest()), base)),
        };
        let message = "a step needs a range or `*` before it".to_owned();
        refuse(message, at..at + entry.len(), Some(format!("write `{range}/{step}`")))
    }

    fn range(&self, low: (usize, &str), high: (usize, &str), stepped: bool) -> Result<(u8, u8), InvalidCron> {
        let span = low.0..high.0 + high.1.len();
        if low.1.is_empty() || high.1.is_empty() {
            return refuse(format!("a range needs a {} on both sides of its `-`", self.noun), span, None);
        }
        let first = self.value(low.1, low.0)?;
        let last = match self.value(high.1, high.0)? {
            0 if self.wraps() && first > 0 && is_name(high.1) => SUNDAY_AGAIN,
            last => last,
        };
        if first <= last {
            return Ok((first, last));
        }
        let help = if stepped {
            "write two ranges, the lower number first in each".to_owned()
        } else {
            self.unwrapped(first, low.1, high.1)
        };
        let message = format!("the range `{}-{}` runs backwards", low.1, high.1);
        refuse(message, span, Some(help))
    }

    /// `22-2` as the two ranges `22-23,0-2`.
    fn unwrapped(&self, first: u8, low: &str, high: &str) -> String {
        let range = |from: String, to: String| if from == to { from } else { format!("{from}-{to}") };
        if self.wraps() && first == SUNDAY_AGAIN {
            return format!("write `{}`", range("0".to_owned(), high.to_owned()));
        }
        let end = range(low.to_owned(), self.spell(self.highest(), low));
        let beginning = range(self.spell(self.min, high), high.to_owned());
        format!("write `{end},{beginning}`")
    }

    fn value(&self, text: &str, at: usize) -> Result<u8, InvalidCron> {
        let span = at..at + text.len();
        if let Some(number) = number(text) {
            let allowed = (self.min..=self.max).contains(&number);
            return if allowed { Ok(number) } else { refuse(self.not_one(text), span, None) };
        }
        if let Some(value) = (self.min..).zip(self.names).find(|(_, name)| name.eq_ignore_ascii_case(text)) {
            return Ok(value.0);
        }
        if let Some((message, help)) = foreign(text) {
            return refuse(message.to_owned(), span, Some(help.to_owned()));
        }
        refuse(self.not_one(text), span, self.near(text))
    }

    /// What to type for an unknown name.
    fn near(&self, text: &str) -> Option<String> {
        let upper = text.to_ascii_uppercase();
        let near = |name: &&&str| upper.starts_with(**name) || strsim::osa_distance(name, &upper) <= 1;
        if let Some(name) = self.names.iter().find(near) {
            return Some(format!("did you mean `{name}`?"));
        }
        let places =
            [(&MONTH, "a month stands in the fourth field"), (&WEEKDAY, "a weekday stands in the fifth field")];
        let place = places.iter().find(|(kind, _)| kind.names.contains(&upper.as_str()));
        place.map(|(_, help)| (*help).to_owned())
    }

    /// The step, 1 when there is none.
    fn step(&self, step: Option<(usize, &str)>) -> Result<u8, InvalidCron> {
        let Some((at, text)) = step else { return Ok(1) };
        match number(text) {
            Some(step) if (1..=self.max).contains(&step) => Ok(step),
            _ => {
                let message = match text {
                    "" => format!("the step of the {} is missing (1-{})", self.noun, self.max),
                    _ => format!("`{text}` is not a valid step of the {} (1-{})", self.noun, self.max),
                };
                let slash = usize::from(text.is_empty());
                refuse(message, at - slash..at + text.len(), None)
            }
        }
    }

    fn not_one(&self, text: &str) -> String {
        let Self { noun, min, max, names } = self;
        match names {
            [first, .., last] => format!("`{text}` is not a valid {noun} ({min}-{max} or {first}-{last})"),
            _ => format!("`{text}` is not a valid {noun} ({min}-{max})"),
        }
    }

    /// Whether the number after the highest is the lowest again.
    const fn wraps(&self) -> bool {
        self.max == SUNDAY_AGAIN
    }

    const fn highest(&self) -> u8 {
        if self.wraps() { SUNDAY_AGAIN - 1 } else { self.max }
    }

    /// A value as a name when `like` is one, else as a number.
    fn spell(&self, value: u8, like: &str) -> String {
        match self.names.get(usize::from(value - self.min)) {
            Some(name) if is_name(like) => (*name).to_owned(),
            _ => value.to_string(),
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// A number; one that is too large becomes the largest, which no field allows.
fn number(text: &str) -> Option<u8> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u8::MAX))
}

/// What other schedulers add to cron, and what to write here.
fn foreign(text: &str) -> Option<(&'static str, &'static str)> {
    let upper = text.to_ascii_uppercase();
    let all_digits = |rest: &str| rest.bytes().all(|b| b.is_ascii_digit());
    let refusal = if upper == "?" {
        ("`?` is not standard cron", "write `*`")
    } else if upper.contains('#') {
        ("`#` (the nth weekday of a month) is not standard cron", "write an `at` manifest for each date")
    } else if upper.strip_suffix('W').is_some_and(|rest| all_digits(rest) || rest == "L") {
        ("`W` (the nearest working day) is not standard cron", "write `*` here and `1-5` as the day of the week")
    } else if upper == "L" {
        ("`L` (the last day) is not standard cron", "choose a day that every month has, such as `28`")
    } else if upper.strip_suffix('L').is_some_and(all_digits) {
        ("`L` (the last such weekday of a month) is not standard cron", "write an `at` manifest for each date")
    } else if upper == "H" || upper.starts_with("H(") {
        ("`H` (a hashed number) is not standard cron", "choose a number")
    } else if upper.contains('~') {
        ("`~` (a random number) is not standard cron", "choose a number")
    } else {
        return None;
    };
    Some(refusal)
}
