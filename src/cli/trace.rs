//! The log: `-v` and `HUBJOBS_LOG`, to stderr.

use std::io;
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

use super::terminal::Terminal;

/// The variable that says what to log, such as `hubjobs=debug` or `hubjobs::hub=trace`.
const VARIABLE: &str = "HUBJOBS_LOG";

/// Starts the log. Libraries may say no more than warnings, whatever the filter asks for: they know
/// nothing of our secrets, and would print requests as they are sent.
pub(super) fn start(terminal: &Arc<Terminal>, verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let wanted = std::env::var(VARIABLE).unwrap_or_default();
    let filter = EnvFilter::builder().with_default_directive(level.into()).parse(&wanted).unwrap_or_else(|_| {
        terminal.warn(&format!("`{VARIABLE}` is no log filter, and ignored; write one such as `hubjobs=debug`"));
        EnvFilter::builder().with_default_directive(level.into()).parse_lossy("")
    });
    let layer = fmt::layer().with_writer(Lines(Arc::clone(terminal))).with_ansi(true).with_target(verbose > 1);
    let subscriber = registry().with(layer.without_time().with_filter(filter).with_filter(filter_fn(may_speak)));
    // Set only once in a process; a second try, in a test, changes nothing.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn may_speak(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("hubjobs") || *metadata.level() <= Level::WARN
}

/// Writes to the terminal without tearing its bars.
struct Lines(Arc<Terminal>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { terminal: Arc::clone(&self.0), bytes: Vec::new() }
    }
}

/// One event, written as a whole.
struct Line {
    terminal: Arc<Terminal>,
    bytes: Vec<u8>,
}

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.terminal.stderr(&String::from_utf8_lossy(&self.bytes));
    }
}
