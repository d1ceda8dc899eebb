//! The command line: one file a command. The only room that knows terminals, signals and exit codes.

mod apply;
mod apply_plan;
mod args;
mod build;
mod cancel;
mod carry_out;
mod ci;
mod ci_args;
mod ci_failure;
mod ci_files;
mod completions;
mod conformance;
mod connect;
mod context;
mod counting;
mod doctor;
mod doctor_args;
mod drift;
mod emulator;
mod emulator_args;
mod emulator_command;
mod events_args;
mod existing_args;
mod exit;
mod exit_explained;
mod explain;
mod facts;
mod failure;
mod fidelity_args;
mod help;
mod hubs;
mod import;
mod init;
mod interrupt;
mod known_secrets;
mod manual;
mod memory;
mod pending;
mod plan;
mod plan_args;
mod plan_failure;
mod plan_file;
mod policy;
mod progress;
mod project;
mod render;
mod repository;
mod results;
mod review;
mod schema;
mod select;
mod selector;
mod session;
mod show;
mod status;
mod terminal;
mod tide;
mod trace;
mod validate;
mod values;
mod variables;
mod verdicts;
mod wait;
mod wait_loop;

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::FromArgMatches as _;

use self::args::{Cli, Command, Global};
use self::emulator_command::EmulatorCommand;
use self::exit::Exit;
use self::failure::Failure;
pub use self::help::commands;
use self::interrupt::Signals;
use self::policy::PolicyCommand;
use self::session::Session;
use self::terminal::Terminal;
use crate::diagnostic::mask_secrets;
use crate::report::Event;

/// How long threads may take to end after an abort.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs a command line, its first word being the name of the program, and says how the process is
/// to end. Whatever happens, a reader gets words, never a backtrace.
#[must_use]
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    memory::keep_to_itself();
    let matches = match help::command().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) => return usage(&error).into(),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    let terminal = Arc::new(Terminal::new(&cli.global, cli.command.streams()));
    std::panic::set_hook(Box::new(|panic| tracing::debug!("{panic}")));
    let run = catch_unwind(AssertUnwindSafe(|| run(cli, &terminal)));
    run.unwrap_or_else(|_| {
        let help = ["run it again with `-vv` and report what it says; repeating is safe".to_owned()];
        terminal.error("this is a mistake in hubjobs, not in what you typed", &help);
        Exit::Error
    })
    .into()
}

/// What clap has to say: help and version are results, all else is an error, and exits with 1. It
/// repeats the word that it does not know, and that may be a key.
fn usage(error: &clap::Error) -> Exit {
    // A reader that has gone needs no words.
    let _ = match mask_secrets(&error.render().to_string()) {
        Cow::Owned(masked) if error.use_stderr() => anstream::stderr().write_all(masked.as_bytes()),
        _ => error.print(),
    };
    if error.use_stderr() { Exit::Error } else { Exit::Done }
}

fn run(cli: Cli, terminal: &Arc<Terminal>) -> Exit {
    trace::start(terminal, &cli.global);
    terminal.event(&Event::Version(env!("CARGO_PKG_VERSION")));
    let exit = execute(cli, terminal).unwrap_or_else(|failure| {
        terminal.error(&failure.to_string(), &failure.help());
        failure.exit()
    });
    let exit = match terminal.lost_results() {
        Some(kind) => {
            terminal.error(&format!("cannot write the results: {kind}"), &[]);
            exit.or_worse(Exit::Error)
        }
        None => exit,
    };
    if terminal.has_masked() {
        terminal.warn("what looks like a secret is asterisks in the output, which is therefore no input for anything");
    }
    terminal.event(&Event::Summary { exit_code: exit.code() });
    exit
}

/// Commands that need no hub run at once, without a runtime.
fn execute(cli: Cli, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let Cli { global, command } = cli;
    match command {
        Command::Init(args) => init::run(&args, &global, terminal),
        Command::Validate(args) => validate::run(&args, &global, terminal),
        Command::Render(args) => render::run(&args, &global, terminal),
        Command::Policy(PolicyCommand::Test(args)) => policy::run(&args, &global, terminal),
        Command::Schema(args) => Ok(schema::run(&args, terminal)),
        Command::Explain(args) => explain::run(&args, &global, terminal),
        Command::Show(args) => show::run(&args, &global, terminal),
        Command::Completions(args) => Ok(completions::run(&args, terminal)),
        Command::Manual(args) => manual::run(&args, &global, terminal),
        Command::Plan(args) => online(global, terminal, async |session| plan::run(&args, session).await),
        Command::Apply(args) => online(global, terminal, async |session| apply::run(&args, session).await),
        Command::Wait(args) => online(global, terminal, async |session| wait::run(&args, session).await),
        Command::Status(args) => online(global, terminal, async |session| status::run(&args, session).await),
        Command::Results(args) => online(global, terminal, async |session| results::run(&args, session).await),
        Command::Cancel(args) => online(global, terminal, async |session| cancel::run(&args, session).await),
        Command::Drift(args) => online(global, terminal, async |session| drift::run(&args, session).await),
        Command::Doctor(args) => online(global, terminal, async |session| doctor::run(&args, session).await),
        Command::Import(args) => online(global, terminal, async |session| import::run(&args, session).await),
        Command::Ci(command) => online(global, terminal, async |session| ci::run(&command, session).await),
        Command::Emulator(EmulatorCommand::Facts) => Ok(facts::run(&global, terminal)),
        Command::Emulator(EmulatorCommand::Start(args)) => {
            online(global, terminal, async |session| emulator::start(&args, session).await)
        }
        Command::Emulator(EmulatorCommand::Policies(args)) => {
            online(global, terminal, async |session| emulator::policies(&args, session))
        }
        Command::Emulator(EmulatorCommand::Seed) => {
            online(global, terminal, async |session| emulator::seed(session).await)
        }
        Command::Emulator(EmulatorCommand::Status) => {
            online(global, terminal, async |session| emulator::status(session).await)
        }
        Command::Emulator(EmulatorCommand::Faults(args)) => {
            online(global, terminal, async |session| emulator::faults(&args, session).await)
        }
        Command::Emulator(EmulatorCommand::Export(args)) => {
            online(global, terminal, async |session| emulator::export(&args, session).await)
        }
        Command::Emulator(EmulatorCommand::Import(args)) => {
            online(global, terminal, async |session| emulator::import(&args, session).await)
        }
        Command::Emulator(EmulatorCommand::Events(args)) => {
            online(global, terminal, async |session| emulator::events(&args, session).await)
        }
        Command::Emulator(EmulatorCommand::Tick(args)) => {
            online(global, terminal, async |session| emulator::tick(&args, session).await)
        }
    }
}

/// Runs a command that speaks to a hub, until it is done or Ctrl-C is pressed twice.
fn online(
    global: Global,
    terminal: &Arc<Terminal>,
    command: impl AsyncFnOnce(&Session) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)?;
    let result = runtime.block_on(async {
        let session = Session { global, terminal: Arc::clone(terminal), signals: Signals::listen(terminal) };
        tokio::select! {
            result = command(&session) => result,
            exit = session.signals.aborted() => Ok(exit),
        }
    });
    // An aborted command may have left a thread with a file to write.
    runtime.shutdown_timeout(LAST_WORDS);
    result
}
