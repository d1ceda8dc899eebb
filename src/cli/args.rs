//! The command line as people type it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::ci_args::CiCommand;
use super::ci_files::CiService;
use super::doctor_args::DoctorArgs;
use super::emulator_command::EmulatorCommand;
use super::existing_args::{DriftArgs, ImportArgs};
use super::explain::ExplainArgs;
use super::plan_args::{ApplyArgs, PlanArgs, SelectionArgs, ShowArgs};
use super::policy::PolicyCommand;
use crate::model::Seconds;
use crate::net::{CaFileError, Network};

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "hubjobs",
    bin_name = "hubjobs",
    about = "Runs Azure IoT Hub jobs from YAML manifests in git: validate, plan, apply.",
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(super) struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub(super) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Work in this folder; it, or one above it, holds `hubjobs.yaml`
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub(super) chdir: Option<PathBuf>,
    /// Environment of the project [default: $HUBJOBS_ENV, else `local`, else the only one]
    #[arg(short, long, value_name = "NAME", global = true)]
    pub(super) environment: Option<String>,
    /// One of the environment's hubs, if it has several
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) hub: Option<String>,
    /// Trust the certificate authorities in this PEM file beside the system's, such as that of a proxy
    /// that inspects TLS
    #[arg(long, value_name = "FILE", global = true, env = "HUBJOBS_CA_FILE")]
    pub(super) ca_file: Option<PathBuf>,
    /// JSON on stdout: an event a line from validate, plan, apply, wait and cancel, else one document
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t = Color::Auto, hide_possible_values = true)]
    pub(super) color: Color,
    /// Say nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more; twice: every call to the hub
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

impl Global {
    /// The folder to work in.
    #[must_use]
    pub(super) fn start(&self) -> &Path {
        self.chdir.as_deref().unwrap_or(Path::new("."))
    }

    /// What lies between here and the network.
    ///
    /// # Errors
    /// When the file of certificate authorities cannot be used.
    pub(super) fn network(&self) -> Result<Network, CaFileError> {
        self.ca_file.as_deref().map_or_else(|| Ok(Network::default()), Network::with_ca_file)
    }
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set or CI runs.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do, in the order in which one comes to need it.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Start a project here: project file, sample fleet, first manifest
    Init(InitArgs),
    /// Check manifests, offline
    Validate(ValidateArgs),
    /// Print the manifests as an environment has them
    Render(RenderArgs),
    /// Try the example cases of policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Print the JSON Schema of manifests, or an example of a kind
    Schema(SchemaArgs),
    /// Explain a code that hubjobs printed, or a field of a manifest
    Explain(ExplainArgs),
    /// Show what apply would do, and why; changes nothing
    Plan(PlanArgs),
    /// Show a saved plan, in every form that `plan` has
    Show(ShowArgs),
    /// Make the hub's jobs what the manifests say, or as a saved plan says
    Apply(ApplyArgs),
    /// Wait for jobs that are due, and judge how they ended
    Wait(WaitArgs),
    /// List the jobs on the hub
    Status(StatusArgs),
    /// Show what a job did on each device
    Results(ResultsArgs),
    /// Cancel a job that has not started
    Cancel(CancelArgs),
    /// Show where the hub is not what the manifests say: jobs, and values on devices
    Drift(DriftArgs),
    /// Check everything that hubjobs needs of a hub, and say what to mend
    Doctor(DoctorArgs),
    /// Write manifests for jobs that are on the hub already
    Import(ImportArgs),
    /// Say in a pull request what its plan would do, and read back what was reviewed
    #[command(subcommand)]
    Ci(CiCommand),
    /// Serve, fill or advance the emulated IoT Hub, and list its rules
    #[command(subcommand)]
    Emulator(EmulatorCommand),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Write the manual pages into a folder
    Manual(ManualArgs),
}

impl Command {
    /// Whether `--json` makes a stream of events of it, not one document.
    #[must_use]
    pub(super) const fn streams(&self) -> bool {
        matches!(self, Self::Validate(_) | Self::Plan(_) | Self::Apply(_) | Self::Wait(_) | Self::Cancel(_))
    }
}

/// `hubjobs init`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs init                         project file, sample fleet, first manifest
  hubjobs -C fleet init --owner team   in another folder, with a name of your choice
  hubjobs init --ci github -e prod     workflows of GitHub Actions, and what to set up beside them")]
pub(super) struct InitArgs {
    /// Short name of the team, part of every job id: 1 to 5 characters a-z, 0-9 [default: from the
    /// folder's name]
    #[arg(long, value_name = "SLUG")]
    pub(super) owner: Option<String>,
    /// Write the pipelines that plan and apply, for this project or a new one: github, gitlab or azure
    #[arg(long, value_name = "SERVICE", value_enum, hide_possible_values = true)]
    pub(super) ci: Option<CiService>,
}

/// `hubjobs validate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs validate                     every manifest of the project
  hubjobs validate jobs/lock.yaml      one file, even without a project
  hubjobs validate -o github           annotations for a GitHub workflow")]
pub(super) struct ValidateArgs {
    /// Files or folders to check instead of the project's manifests
    pub(super) paths: Vec<PathBuf>,
    /// How to print findings
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ValidateFormat::Text)]
    pub(super) output: ValidateFormat,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ValidateFormat {
    /// With the lines they are about.
    Text,
    /// One document.
    Json,
    /// Workflow commands of GitHub Actions.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// `hubjobs render`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs render -e prod               all of them, with variables put in and patches applied
  diff <(hubjobs render -e local) <(hubjobs render -e prod)
                                       what two environments have different")]
pub(super) struct RenderArgs {
    /// Which manifests.
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
}

/// `hubjobs schema`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs schema > hubjobs.schema.json       for editors
  hubjobs schema --example TwinJob           every field of a kind, to copy from

`hubjobs explain TwinJob` says what the fields mean.")]
pub(super) struct SchemaArgs {
    /// Print an example with every field instead: Project, MethodJob, TwinJob, Policy or Fleet
    #[arg(long, value_name = "KIND", value_enum, ignore_case = true)]
    pub(super) example: Option<ExampleKind>,
    /// Print the schema of saved plans instead
    #[arg(long, conflicts_with = "example")]
    pub(super) plan: bool,
}

/// Kinds of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(super) enum ExampleKind {
    /// `hubjobs.yaml`.
    Project,
    /// Invoke a direct method.
    MethodJob,
    /// Update tags and desired properties.
    TwinJob,
    /// Simulated devices.
    Fleet,
    /// Rules over what a plan would do.
    Policy,
}

/// `hubjobs wait`.
#[derive(Debug, Args)]
#[command(after_help = "Exits with 3 when a job failed, missed its `successWhen` or did not end in time.

Examples:
  hubjobs wait                         every job that is due
  hubjobs wait lock-doors --timeout 30m")]
pub(super) struct WaitArgs {
    /// Manifests to wait for [default: all]
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// Longest time to wait, such as `30m`; the jobs go on
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
}

/// `hubjobs status`.
#[derive(Debug, Args)]
#[command(
    after_help = "SUCCEEDED and FAILED are the hub's own counts: to the hub, a device that answered a method at all
has succeeded, whatever the answer. `hubjobs results NAME` judges by `successWhen`."
)]
pub(super) struct StatusArgs {
    /// Manifest, or id of a job
    pub(super) name: Option<String>,
    /// Also the jobs of others on this hub
    #[arg(long)]
    pub(super) all: bool,
    /// How to print the jobs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = StatusFormat::Table)]
    pub(super) output: StatusFormat,
}

/// How jobs are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StatusFormat {
    /// In columns.
    Table,
    /// One document.
    Json,
    /// The same as YAML.
    Yaml,
}

/// `hubjobs results`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs results lock-doors                 the newest job of a manifest
  hubjobs results lock-doors --failed-only   which devices failed, and how
  hubjobs results lock-doors -o csv          for a spreadsheet")]
pub(super) struct ResultsArgs {
    /// Manifest (its newest job), or id of a job
    pub(super) name: String,
    /// Only devices that failed
    #[arg(long)]
    pub(super) failed_only: bool,
    /// How to print the devices
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ResultsFormat::Table)]
    pub(super) output: ResultsFormat,
}

/// How device results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ResultsFormat {
    /// In columns.
    Table,
    /// One document.
    Json,
    /// For spreadsheets.
    Csv,
}

/// `hubjobs cancel`.
#[derive(Debug, Args)]
#[command(after_help = "A job that runs cannot be stopped: IoT Hub has no such call. A cancelled run stays cancelled:
apply will not create it again until `spec.generation` is raised.")]
pub(super) struct CancelArgs {
    /// Manifest (all its jobs that have not started), or id of a job
    pub(super) name: String,
    /// Do not ask
    #[arg(long)]
    pub(super) auto_approve: bool,
}

/// `hubjobs completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  hubjobs completions bash > ~/.local/share/bash-completion/completions/hubjobs")]
pub(super) struct CompletionsArgs {
    /// Shell
    pub(super) shell: clap_complete::Shell,
}

/// `hubjobs manual`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  hubjobs manual ~/.local/share/man/man1    then: man hubjobs-plan")]
pub(super) struct ManualArgs {
    /// Folder to write them into; it is made if need be
    #[arg(value_name = "DIR")]
    pub(super) dir: PathBuf,
}

/// A duration as manifests write it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    seconds(text).map(|seconds| Duration::from_secs(seconds.get()))
}

/// Reads a span of whole seconds.
pub(super) fn seconds(text: &str) -> Result<Seconds, String> {
    Seconds::parse(text).map_err(|error| format!("{error}; write one such as `90s`, `30m` or `1h30m`"))
}
