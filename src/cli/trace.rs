//! The log: `-v` and `HUBJOBS_LOG`, to stderr.

use std::io;
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

use super::args::Global;
use super::terminal::Terminal;
use crate::report::{error_label, warning_label};

/// The variable that says what to log, such as `hubjobs=debug` or `hubjobs::hub=trace`.
const VARIABLE: &str = "HUBJOBS_LOG";

/// Starts the log. Libraries may say no more than warnings, and those only at `-vv`, whatever the filter
/// asks for: they know nothing of our secrets, and would print requests as they are sent. What matters
/// of their trouble is said in our words.
pub(super) fn start(terminal: &Arc<Terminal>, global: &Global) {
    let level = match global.verbose {
        0 if global.quiet => LevelFilter::ERROR,
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
    // Nobody asked for a log: what comes all the same reads like every other line of ours.
    let is_plain = global.verbose == 0 && wanted.is_empty();
    let lines = Lines { terminal: Arc::clone(terminal), is_plain };
    let layer = fmt::layer().with_writer(lines).with_ansi(true);
    let layer = layer.with_target(global.verbose > 1).with_level(!is_plain);
    let are_libraries_heard = global.verbose > 1;
    let may_speak = filter_fn(move |metadata| {
        metadata.target().starts_with("hubjobs") || are_libraries_heard && *metadata.level() <= Level::WARN
    });
    let subscriber = registry().with(layer.without_time().with_filter(filter).with_filter(may_speak));
    // Set only once in a process; a second try, in a test, changes nothing.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes to the terminal without tearing its bars.
struct Lines {
    terminal: Arc<Terminal>,
    is_plain: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { terminal: Arc::clone(&self.terminal), bytes: Vec::new() }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line {
        let mut line = self.make_writer();
        if self.is_plain {
            let is_error = *metadata.level() == Level::ERROR;
            let label = if is_error { error_label().to_string() } else { warning_label().to_string() };
            line.bytes.extend_from_slice(format!("{label}: ").as_bytes());
        }
        line
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
