//! The `hubjobs` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    hubjobs::cli::main(std::env::args_os())
}
