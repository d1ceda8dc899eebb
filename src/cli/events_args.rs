//! Arguments of `hubjobs emulator events`.

use clap::Args;

/// `hubjobs emulator events`.
#[derive(Debug, Args)]
pub(super) struct EmulatorEventsArgs {
    /// Only messages of this device and its modules.
    #[arg(long, value_name = "ID")]
    pub(super) device: Option<String>,
    /// Go on with new messages until Ctrl-C; with --json, one a line.
    #[arg(long)]
    pub(super) follow: bool,
    /// How many of the newest messages to begin with, at most 1000.
    #[arg(short = 'n', long = "count", value_name = "N", value_parser = super::values::count, default_value = "20")]
    pub(super) count: u64,
}
