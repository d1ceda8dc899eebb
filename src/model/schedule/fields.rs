//! The five fields of a cron expression together: words, macros, and which days are meant.

use super::expression::InvalidCron;
use super::field::{self, Numbers, refuse};

const LAYOUT: &str = "minute hour day-of-month month day-of-week";

/// An expression, read. Two that mean the same are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) minutes: Numbers,
    pub(super) hours: Numbers,
    pub(super) days: Numbers,
    pub(super) months: Numbers,
    /// 0 (Sunday) to 6.
    pub(super) weekdays: Numbers,
    pub(super) day_rule: DayRule,
    /// The hour field starts with `*`.
    pub(super) any_hour: bool,
}

/// How the day of the month and the day of the week go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayRule {
    /// Both must match; one of them starts with `*`.
    Both,
    /// Either is enough; both are restricted.
    Either,
}

impl Fields {
    /// Reads five fields or a macro.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidCron> {
        let trimmed = text.trim();
        if trimmed.starts_with('@') {
            let start = text.len() - text.trim_start().len();
            return expand_macro(trimmed, start).and_then(Self::parse);
        }
        let words = words(text);
        let [minute, hour, day, month, weekday] = *words else {
            return Err(wrong_count(text, &words));
        };
        let fields = Self {
            minutes: field::MINUTE.parse(minute)?,
            hours: field::HOUR.parse(hour)?,
            days: field::DAY.parse(day)?,
            months: field::MONTH.parse(month)?,
            weekdays: field::WEEKDAY.parse(weekday)?,
            day_rule: DayRule::Both,
            any_hour: hour.1.starts_with('*'),
        };
        let both_restricted = !day.1.starts_with('*') && !weekday.1.starts_with('*');
        Ok(if both_restricted { fields.either_day() } else { fields })
    }

    /// The same with days OR-ed. When either kind is complete, that is every day.
    fn either_day(self) -> Self {
        let (every_day, every_weekday) = (field::DAY.all(), field::WEEKDAY.all());
        if self.days == every_day || self.weekdays == every_weekday {
            Self { days: every_day, weekdays: every_weekday, ..self }
        } else {
            Self { day_rule: DayRule::Either, ..self }
        }
    }

    /// The refusal of an expression whose date never comes: the day of the month is too high for
    /// every month that it names.
    pub(super) fn never(text: &str) -> InvalidCron {
        let words = words(text);
        let span = match *words {
            [_, _, day, month, _] => day.0..month.0 + month.1.len(),
            _ => 0..text.len(),
        };
        let message = format!("the date `{}` (day and month) never comes", &text[span.clone()]);
        let help = "April, June, September and November have 30 days, February has 28 or 29".to_owned();
        InvalidCron { message, span, help: Some(help) }
    }
}

/// The words of a text, each with the byte it starts at.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find(|c: char| !c.is_whitespace()) {
        let word = &rest[begin..];
        let len = word.find(char::is_whitespace).unwrap_or(word.len());
        words.push((text.len() - word.len(), &word[..len]));
        rest = &word[len..];
    }
    words
}

fn expand_macro(text: &str, start: usize) -> Result<&'static str, InvalidCron> {
    const MACROS: [(&str, &str); 7] = [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ];
    if let Some((_, fields)) = MACROS.iter().find(|(name, _)| *name == text) {
        return Ok(fields);
    }
    let span = start..start + text.len();
    if text.eq_ignore_ascii_case("@reboot") {
        let message = "`@reboot` has no meaning here: a hub does not start up as a machine does".to_owned();
        return refuse(message, span, Some("use `asap: {notAfter: ...}` to run once, now".to_owned()));
    }
    if text.starts_with("@every") {
        let help = "write the step into a field, such as `*/15 * * * *`".to_owned();
        return refuse("`@every` is not standard cron".to_owned(), span, Some(help));
    }
    let lower = text.to_ascii_lowercase();
    let near = MACROS.iter().find(|(name, _)| strsim::osa_distance(name, &lower) <= 2);
    let help = near.map_or_else(
        || format!("one of {}", MACROS.map(|(name, _)| format!("`{name}`")).join(", ")),
        |(name, _)| format!("did you mean `{name}`?"),
    );
    refuse(format!("`{text}` is not a known shorthand"), span, Some(help))
}

fn wrong_count(text: &str, words: &[(usize, &str)]) -> InvalidCron {
    let span = |word: (usize, &str)| word.0..word.0 + word.1.len();
    let is_year = |word: &str| word.len() >= 4 && word.bytes().take(4).all(|b| b.is_ascii_digit());
    let layout = format!("the five fields are: {LAYOUT}");
    let (message, span, help) = match *words {
        [] => ("the expression is empty".to_owned(), 0..text.len(), layout),
        [first, ..] if first.1.starts_with("TZ=") || first.1.starts_with("CRON_TZ=") => {
            ("a time zone has no place in the expression".to_owned(), span(first), "write it in `timeZone`".to_owned())
        }
        [first, _, _, _, fifth, last] if is_year(last.1) => (
            "6 fields instead of 5: there is none for the year".to_owned(),
            span(last),
            format!("remove the year field: `{}`", &text[first.0..span(fifth).end]),
        ),
        [first, second, _, _, _, last] => (
            "6 fields instead of 5: there is none for the seconds".to_owned(),
            span(first),
            format!("remove the seconds field: `{}`", &text[second.0..span(last).end]),
        ),
        [first, second, _, _, _, sixth, last] => (
            "7 fields instead of 5: there is none for the seconds, and none for the year".to_owned(),
            first.0..span(last).end,
            format!("remove both: `{}`", &text[second.0..span(sixth).end]),
        ),
        [only] => ("1 field instead of 5".to_owned(), span(only), layout),
        [first, .., last] => (format!("{} fields instead of 5", words.len()), first.0..span(last).end, layout),
    };
    InvalidCron { message, span, help: Some(help) }
}
