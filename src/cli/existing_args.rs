//! The command lines about jobs that are on the hub already.

use std::path::PathBuf;

use clap::Args;

/// `hubjobs import`.
#[derive(Debug, Args)]
#[command(
    after_help = "A copy is `suspend: true`: the job itself is on the hub, and applying a second one would run it
twice. `--adopt` ties the job to its manifest instead: it fills the run of that manifest, and hubjobs
neither creates it again nor ever cancels it.

Examples:
  hubjobs import --all                 every job of others, to stdout
  hubjobs import nightly -o jobs       a manifest like the job `nightly`, as a file in `jobs`
  hubjobs import nightly --adopt -o jobs
                                       the same, and the job becomes the run of that manifest"
)]
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
