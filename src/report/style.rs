//! Colours, the same everywhere. Nothing relies on them: every fact is also in the words.

use std::fmt;

use anstyle::{AnsiColor, Style};

pub(super) const CREATE: Style = AnsiColor::Green.on_default();
pub(super) const REPLACE: Style = AnsiColor::Yellow.on_default();
pub(super) const CANCEL: Style = AnsiColor::Red.on_default();
pub(super) const DEFERRED: Style = AnsiColor::Cyan.on_default();
pub(super) const BLOCKED: Style = AnsiColor::Red.on_default().bold();
pub(super) const HELP: Style = AnsiColor::Cyan.on_default();
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();

/// A text in a style.
pub(super) struct Painted<T>(pub(super) Style, pub(super) T);

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(style, text) = self;
        write!(f, "{style}")?;
        text.fmt(f)?;
        write!(f, "{style:#}")
    }
}

/// `error`, as it starts a message.
#[must_use]
pub fn error_label() -> impl fmt::Display {
    Painted(BLOCKED, "error")
}

/// `warning`, as it starts a message.
#[must_use]
pub fn warning_label() -> impl fmt::Display {
    Painted(WARNING, "warning")
}
