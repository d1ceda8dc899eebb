//! Where output goes: results to stdout, everything else to stderr, and neither into a bar that is
//! being drawn.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Stderr, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use anstream::stream::{AsLockedWrite, RawStream};
use anstream::{AutoStream, ColorChoice};
use indicatif::{MultiProgress, ProgressDrawTarget};

use super::args::{Color, Global};
use super::known_secrets::KnownSecrets;
use crate::report::{Event, Untrusted, error_label, warning_label};

/// The standard streams as this run uses them. Writing never fails: when the reader of a pipe has
/// gone, the rest is dropped, and a run that changes a hub goes on to its end. What looks like a secret
/// is written as asterisks: the last of several guards, behind types that do not print.
#[derive(Debug)]
pub(super) struct Terminal {
    stdout: Mutex<Output<Stdout>>,
    stderr: Mutex<Output<Stderr>>,
    bars: MultiProgress,
    form: Form,
    is_quiet: bool,
    is_verbose: bool,
    can_ask: bool,
    /// Characters of a line, when stdout is a terminal.
    width: Option<usize>,
    /// Which of several hubs the work is with.
    hub: Mutex<Option<String>>,
    /// What is not written.
    secrets: KnownSecrets,
    /// Whether a result lacks a secret that was in it.
    has_masked: AtomicBool,
}

/// Whom stdout is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// People.
    Text,
    /// Machines: one event a line.
    Events,
}

/// A stream, and the first thing that went wrong with it.
#[derive(Debug)]
struct Output<S: RawStream> {
    stream: AutoStream<S>,
    trouble: Option<io::ErrorKind>,
}

impl<S: RawStream + AsLockedWrite> Output<S> {
    fn new(stream: S, choice: ColorChoice) -> Mutex<Self> {
        Mutex::new(Self { stream: AutoStream::new(stream, choice), trouble: None })
    }

    fn write(&mut self, text: &str) {
        if self.trouble.is_none() {
            let written = self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.flush());
            self.trouble = written.err().map(|error| error.kind());
        }
    }
}

impl Terminal {
    /// The streams of this process. `streams` says whether the command has events to tell.
    #[must_use]
    pub(super) fn new(global: &Global, streams: bool) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let (out_choice, err_choice) =
            (choice(global.color, stdout.is_terminal()), choice(global.color, stderr.is_terminal()));
        let form = if global.json && streams { Form::Events } else { Form::Text };
        let draws = stderr.is_terminal() && !global.quiet && !global.json && !is_ci();
        let target = if draws { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self {
            can_ask: io::stdin().is_terminal() && stderr.is_terminal() && !global.json && !is_ci(),
            stdout: Output::new(stdout, out_choice),
            stderr: Output::new(stderr, err_choice),
            bars: MultiProgress::with_draw_target(target),
            form,
            is_quiet: global.quiet,
            is_verbose: global.verbose > 0,
            width: width(),
            hub: Mutex::new(None),
            secrets: KnownSecrets::of_environment(),
            has_masked: AtomicBool::new(false),
        }
    }

    /// Whom stdout is for.
    #[must_use]
    pub(super) const fn form(&self) -> Form {
        self.form
    }

    /// Whether somebody can answer a question.
    #[must_use]
    pub(super) const fn can_ask(&self) -> bool {
        self.can_ask
    }

    /// Characters of a line, when stdout is a terminal.
    #[must_use]
    pub(super) const fn width(&self) -> Option<usize> {
        self.width
    }

    /// Where progress bars are drawn, if at all.
    #[must_use]
    pub(super) const fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Whether progress bars are drawn.
    #[must_use]
    pub(super) fn draws_bars(&self) -> bool {
        !self.bars.is_hidden()
    }

    /// A result, as it is but for secrets, to stdout.
    pub(super) fn result(&self, text: &str) {
        let shown = self.secrets.mask(text);
        self.has_masked.fetch_or(matches!(shown, Cow::Owned(_)), Ordering::Relaxed);
        self.reveal(&shown);
    }

    /// A result that somebody asked for because of the secret in it: the keys of an emulator.
    pub(super) fn reveal(&self, text: &str) {
        self.bars.suspend(|| lock(&self.stdout).write(text));
    }

    /// Whether a result lacks a secret that was in it, so that it is not fit to be used.
    #[must_use]
    pub(super) fn has_masked(&self) -> bool {
        self.has_masked.load(Ordering::Relaxed)
    }

    /// A result for people; machines get events instead.
    pub(super) fn text(&self, text: &str) {
        if self.form == Form::Text {
            self.result(text);
        }
    }

    /// A result for machines; people get text instead.
    pub(super) fn event(&self, event: &Event<'_>) {
        if self.form == Form::Events {
            self.result(&format!("{}\n", event.to_line_on(lock(&self.hub).as_deref())));
        }
    }

    /// Says which of several hubs the work is with from here on, so that every event names it.
    pub(super) fn begin_hub(&self, name: Option<&str>) {
        *lock(&self.hub) = name.map(str::to_owned);
    }

    /// Something by the way, to stderr.
    pub(super) fn note(&self, line: &str) {
        if !self.is_quiet {
            self.stderr(&format!("{line}\n"));
        }
    }

    /// Something that only `-v` asks for, to stderr.
    pub(super) fn detail(&self, line: &str) {
        if self.is_verbose {
            self.note(line);
        }
    }

    /// Something to look into, to stderr.
    pub(super) fn warn(&self, message: &str) {
        self.note(&format!("{}: {}", warning_label(), Untrusted::new(message).cut(2_000)));
    }

    /// Why the run ends, to stderr, and what to do about it. Machines also get it as an event.
    pub(super) fn error(&self, message: &str, help: &[String]) {
        self.event(&Event::Error { message, help });
        let mut text = format!("{}: {}\n", error_label(), Untrusted::new(message).cut(2_000));
        for help in help {
            text.push_str(&format!("  = help: {help}\n"));
        }
        self.stderr(&text);
    }

    /// A text, as it is but for secrets, to stderr.
    pub(super) fn stderr(&self, text: &str) {
        self.bars.suspend(|| lock(&self.stderr).write(&self.secrets.mask(text)));
    }

    /// Asks on stderr and reads a line. `yes` is the only consent.
    #[must_use]
    pub(super) fn confirm(&self, question: &str) -> bool {
        self.stderr(&format!("{question} Only `yes` is accepted: "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
    }

    /// Whether all results reached stdout. A reader that has gone is none of our business, a full
    /// disk is.
    #[must_use]
    pub(super) fn lost_results(&self) -> Option<io::ErrorKind> {
        lock(&self.stdout).trouble.filter(|kind| *kind != io::ErrorKind::BrokenPipe)
    }
}

fn choice(color: Color, is_terminal: bool) -> ColorChoice {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let shows = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !is_set("NO_COLOR") && !is_ci(),
    };
    if shows { ColorChoice::Always } else { ColorChoice::Never }
}

/// A person may set `COLUMNS` to something narrower; a pipe has no width.
fn width() -> Option<usize> {
    let stdout = io::stdout();
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0);
    let size = || terminal_size::terminal_size_of(&stdout).map(|(terminal_size::Width(width), _)| usize::from(width));
    stdout.is_terminal().then(|| columns().or_else(size)).flatten()
}

fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic cannot leave a stream worse than half written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
