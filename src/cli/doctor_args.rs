//! Options of `hubjobs doctor`.

use clap::{Args, Subcommand, ValueEnum};

/// `hubjobs doctor`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Nothing is changed: to see whether jobs may be created, a request is sent that can be none.
Exits with 0 when all is well or there are warnings only, with 1 when there are problems."
)]
pub(super) struct DoctorArgs {
    /// How to print the findings
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = DoctorFormat::Text)]
    pub(super) output: DoctorFormat,
    /// What else to do.
    #[command(subcommand)]
    pub(super) command: Option<DoctorCommand>,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DoctorFormat {
    /// For people.
    Text,
    /// One document.
    Json,
}

/// What else a doctor can do.
#[derive(Debug, Subcommand)]
pub(super) enum DoctorCommand {
    /// Try a TEST hub against the facts that the emulator takes for true; creates and cancels jobs
    Conformance(ConformanceArgs),
}

/// `hubjobs doctor conformance`.
#[derive(Debug, Args)]
#[command(after_help = "It creates some forty jobs for no device, with ids that begin with `hubjobs-conformance-`, and
cancels those that do not end by themselves. For moments it takes every lane of the hub, so it
refuses one on which other jobs wait or run. The hub remembers the jobs for 30 days. Devices,
twins and configurations are not written.
Exits with 0 when no fact differs, else with 1. The output names neither hub nor device, and may
be pasted into an issue: it helps to make the emulator truer.")]
pub(super) struct ConformanceArgs {
    /// The host name of the hub, typed out: consent to the jobs that are created there; `emulator` for one
    #[arg(long, value_name = "HOSTNAME")]
    pub(super) on: String,
    /// How to print the differences
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = DoctorFormat::Text)]
    pub(super) output: DoctorFormat,
}
