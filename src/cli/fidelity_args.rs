//! Options of the emulator about what it imitates and what befalls its callers.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::values;
use crate::emulator::faults::FaultSpec;
use crate::model::{ClockMode, Seconds, Sku};

/// What the emulator imitates. What is not said is as the project has it.
#[derive(Debug, Args)]
#[command(next_help_heading = "What it imitates")]
pub(super) struct FidelityArgs {
    /// Tier of the hub: F1, S1, S2 or S3 [default: that of the project, else S3]
    #[arg(long, value_name = "SKU", value_parser = sku)]
    pub(super) sku: Option<Sku>,
    /// Units of the tier [default: those of the project, else 1]
    #[arg(long, value_name = "N", value_parser = values::units)]
    pub(super) units: Option<NonZeroU32>,
    /// Take only what the hub takes (the default)
    #[arg(long, conflicts_with = "lenient")]
    pub(super) strict: bool,
    /// Take `''` for a quote in queries, and bearer tokens of anybody for everything
    #[arg(long)]
    pub(super) lenient: bool,
    /// How time passes: `real`, as the machine's, or `fast`, only while somebody waits for a job
    #[arg(long, value_name = "MODE", hide_possible_values = true)]
    pub(super) clock: Option<ClockWord>,
    /// Time of the hub at its very first start, such as `2031-05-01T08:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(super) clock_start: Option<Timestamp>,
    /// Trouble for callers, such as `cancelJob: 429 x3`; may be repeated
    #[arg(long = "fault", value_name = "FAULT")]
    pub(super) faults: Vec<FaultSpec>,
    /// YAML file with trouble for callers
    #[arg(long = "faults", value_name = "FILE")]
    pub(super) fault_file: Option<PathBuf>,
}

/// A mode of the clock on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ClockWord {
    /// As the machine's.
    Real,
    /// Stands still until somebody waits.
    Fast,
}

impl From<ClockWord> for ClockMode {
    fn from(word: ClockWord) -> Self {
        match word {
            ClockWord::Real => Self::Real,
            ClockWord::Fast => Self::Fast,
        }
    }
}

/// `hubjobs emulator faults`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "A fault is `OPERATION: KIND`, with `(ID)` behind the operation and, behind the kind, how often:
  createJob: reply-lost x1         carried out, and no answer comes
  getJob(wave-*): stale every 2    the job as it was before; `*` stands for any part of an id
  *: 503 committed 10% seed 7      one call in ten is carried out and refused
Kinds: 429, 500, 502, 503, 504 (each also `committed`), reply-lost, reset, slow TIME, stale [AGE],
cancel-ignored, cancel-denied, empty-page, duplicate-page, clock TIME.
How often: `xN` at most, `after N` calls, `every N`th, `P%` with `seed N`; else each time."
)]
pub(super) struct EmulatorFaultsArgs {
    /// What to do with the script; nothing lists it.
    #[command(subcommand)]
    pub(super) command: Option<FaultsCommand>,
}

/// What to do with the fault script of a running emulator.
#[derive(Debug, Subcommand)]
pub(super) enum FaultsCommand {
    /// List the faults, and how often each befell a call (the default)
    List,
    /// Add faults behind the others
    Add {
        /// Such as `cancelJob: 429 x3`
        #[arg(value_name = "FAULT", required = true)]
        faults: Vec<FaultSpec>,
    },
    /// Put the faults of a YAML file in place of those there are
    Load {
        /// The file: `faults:` and below it a list
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// End all trouble
    Clear,
}

/// `hubjobs emulator tick`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("how far").required(true).args(["by", "to"])))]
pub(super) struct EmulatorTickArgs {
    /// By how much, such as `90m` or `7d`
    #[arg(value_name = "DURATION", value_parser = super::args::seconds)]
    pub(super) by: Option<Seconds>,
    /// To a time, such as `2026-12-01T09:30:00Z`
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(super) to: Option<Timestamp>,
}

fn sku(text: &str) -> Result<Sku, String> {
    Sku::parse(&text.to_ascii_uppercase()).ok_or_else(|| "the tiers are F1, S1, S2 and S3".to_owned())
}
