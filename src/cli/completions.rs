//! `hubjobs completions`.

use super::args::CompletionsArgs;
use super::exit::Exit;
use super::terminal::Terminal;

/// Prints the completion script of a shell.
pub(super) fn run(args: &CompletionsArgs, terminal: &Terminal) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::help::command(), "hubjobs", &mut script);
    terminal.result(&String::from_utf8_lossy(&script));
    Exit::Done
}
