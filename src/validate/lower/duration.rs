//! Durations with bounds.

use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{InvalidDuration, Seconds};

/// What a duration may be.
pub(super) struct Bounds {
    pub(super) min: Seconds,
    pub(super) max: Seconds,
    /// What holds when the field is not there.
    pub(super) default: Seconds,
}

impl Lowering<'_> {
    /// The duration at a place; nothing after a finding.
    pub(super) fn duration(&mut self, at: &At<'_>, text: Option<&str>, bounds: &Bounds) -> Option<Seconds> {
        let Some(text) = text else { return Some(bounds.default) };
        let seconds = match Seconds::parse(text) {
            Ok(seconds) => seconds,
            Err(why) => {
                self.invalid_duration(at, text, &why);
                return None;
            }
        };
        let (limit, word) = match seconds {
            short if short < bounds.min => (bounds.min, "least"),
            long if long > bounds.max => (bounds.max, "most"),
            _ => return Some(seconds),
        };
        let message = format!("`{at}` is `{text}`, at {word} `{limit}` is allowed");
        self.report(at, |span| {
            Diagnostic::error(Code::DurationOutOfRange, span, message)
                .label(if word == "least" { "too short" } else { "too long" })
                .help(format!("write a duration from `{}` to `{}`", bounds.min, bounds.max))
        });
        None
    }

    fn invalid_duration(&mut self, at: &At<'_>, text: &str, why: &InvalidDuration) {
        let help = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            format!("add the unit: `{text}s` or `{text}m`")
        } else {
            "write it like `90s`, `10m`, `1h30m`, `2d` or `PT1H30M`".to_owned()
        };
        let message = format!("`{at}` is `{text}`: {why}");
        self.report(at, |span| {
            Diagnostic::error(Code::InvalidDuration, span, message).label(why.to_string()).help(help)
        });
    }
}
