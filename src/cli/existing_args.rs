//! The command lines about jobs that are on the hub already.

use std::path::PathBuf;

use clap::Args;

use super::plan_args::{CountsArg, SelectionArgs};

/// `hubjobs import`.
#[derive(Debug, Args)]
#[command(after_help = "A copy is `suspend: true`: the job itself is on the hub, and a second one would run it twice.
`--adopt` ties the job to its manifest instead: it is the run of that manifest, and hubjobs neither
creates it again nor ever cancels it.

Examples:
  hubjobs import --all                 every job of others, to stdout
  hubjobs import nightly -o jobs       a manifest like the job `nightly`, as a file in `jobs`
  hubjobs import nightly --adopt -o jobs
                                       the same, and the job becomes the run of that manifest")]
pub(super) struct ImportArgs {
    /// Ids of jobs on the hub
    #[arg(value_name = "JOBID", required_unless_present = "all", conflicts_with = "all")]
    pub(super) ids: Vec<String>,
    /// Every job of others, and own ones whose manifest is gone
    #[arg(long)]
    pub(super) all: bool,
    /// Tie jobs that have not ended to their manifests
    #[arg(long)]
    pub(super) adopt: bool,
    /// Write one file a job into this folder [default: stdout]
    #[arg(short, long = "output-dir", value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
}

/// `hubjobs drift`.
#[derive(Debug, Args)]
#[command(
    after_help = "A job is `missing` when an apply would have to create it, `altered` when it does something else
than its id says, `cancelled` when somebody cancelled it. Of the last successful twin job of each
manifest, the devices are counted that its condition selects now and that do not hold what it
wrote; devices where a later job of the project wrote the same path are left out.

Examples:
  hubjobs drift                        what is not as git says
  hubjobs drift --detailed-exitcode    exit 2 when something is not
  hubjobs drift --counts none          jobs only; no device is counted"
)]
pub(super) struct DriftArgs {
    /// Which manifests.
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// Count the devices that lost a value: `all` asks the hub, `none` does not
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = CountsArg::All, hide_possible_values = true)]
    pub(super) counts: CountsArg,
    /// Exit with 2 when something is not as git says
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
}
