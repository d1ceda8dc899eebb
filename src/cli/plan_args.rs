//! The command lines of `plan` and `apply`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::args::duration;
use crate::plan::Acknowledgement;
use crate::report::{HubsForm, MARKDOWN_LEN_MAX, MARKDOWN_LEN_MIN, PlanForm, RenderOptions};

/// Which manifests.
#[derive(Debug, Clone, Args)]
pub(super) struct SelectionArgs {
    /// Only manifests with these labels: `team=a,ring!=canary`, `team in (a,b)`, `team`, `!team`
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(super) selector: Option<String>,
    /// Only this manifest; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub(super) target: Vec<String>,
}

/// How a plan is reviewed.
#[derive(Debug, Clone, Args)]
pub(super) struct ReviewArgs {
    /// Count the devices that each action reaches: `all` asks the hub, `none` does not
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = CountsArg::All, hide_possible_values = true)]
    pub(super) counts: CountsArg,
    /// Take a number beyond a limit, for this run and this rule: `max-devices=6000`
    #[arg(long = "ack", value_name = "RULE=VALUE")]
    pub(super) acknowledgements: Vec<Acknowledgement>,
}

/// Whether devices are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CountsArg {
    /// For every action.
    All,
    /// Not at all.
    None,
}

/// `hubjobs plan`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs plan                         what apply would do now
  hubjobs plan -e prod --detailed-exitcode
                                       exit 2 when there is something to do, 6 when something
                                       is blocked, 5 when a safety limit refuses
  hubjobs plan --occurrences 5         and the next five runs of every manifest
  hubjobs plan --offline               without credentials, as for the pull request of a fork
  hubjobs plan --out plan.json         for a review; signed when HUBJOBS_PLAN_KEY holds a key")]
pub(super) struct PlanArgs {
    /// Which manifests.
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// What the review looks at.
    #[command(flatten)]
    pub(super) review: ReviewArgs,
    /// How to print the plan
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = PlanFormat::Text)]
    pub(super) output: PlanFormat,
    /// What that form leaves open.
    #[command(flatten)]
    pub(super) length: LengthArgs,
    /// Exit with 2 when there is something to do
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Save the plan: `hubjobs show FILE` shows it, `hubjobs apply FILE` applies what it says, or nothing
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Do not ask the hub: as if it had no jobs, and without looking at devices
    #[arg(long, conflicts_with_all = ["counts", "acknowledgements"])]
    pub(super) offline: bool,
    /// List the next N runs of every manifest, in local time and UTC
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) occurrences: Option<u16>,
}

/// How long a comment may be.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct LengthArgs {
    /// Longest comment, in bytes, for `-o markdown`: GitHub takes 65536, Bitbucket 32768, Azure DevOps 150000,
    /// GitLab 1000000
    #[arg(long, value_name = "BYTES", default_value_t = MARKDOWN_LEN_MAX, value_parser = length, hide_default_value = true)]
    pub(super) max_length: usize,
}

impl LengthArgs {
    /// The same as options of a report.
    #[must_use]
    pub(super) fn options(self) -> RenderOptions {
        RenderOptions { markdown_len_max: self.max_length, ..RenderOptions::default() }
    }
}

fn length(text: &str) -> Result<usize, String> {
    let length = text.parse().map_err(|_| "not a number of bytes, such as `65536`".to_owned())?;
    match length {
        MARKDOWN_LEN_MIN.. => Ok(length),
        _ => Err(format!("a verdict and what to do next may need {MARKDOWN_LEN_MIN} bytes")),
    }
}

/// An empty one, of a command that failed, must not pass for "anything".
fn digest(text: &str) -> Result<String, String> {
    let hex = text.trim().strip_prefix("sha256:").unwrap_or_default();
    let fits = hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| text.trim().to_owned()).ok_or_else(|| "a digest is `sha256:` and 64 hexadecimal digits".to_owned())
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    /// For people.
    Text,
    /// One document.
    Json,
    /// A comment for a pull request.
    Markdown,
    /// One page that needs nothing else, with a chart of the lanes.
    Html,
    /// Annotations of a pull request: findings beside their lines.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

impl PlanFormat {
    /// The same as a form of a report.
    #[must_use]
    pub(super) const fn form(self) -> PlanForm {
        match self {
            Self::Text => PlanForm::Text,
            Self::Json => PlanForm::Json,
            Self::Markdown => PlanForm::Markdown,
            Self::Html => PlanForm::Html,
            Self::Github => PlanForm::Github,
            Self::Sarif => PlanForm::Sarif,
        }
    }

    /// The same as a form of several plans; nothing for those that are no document of one form.
    #[must_use]
    pub(super) const fn hubs_form(self) -> Option<HubsForm> {
        match self {
            Self::Text | Self::Json => None,
            Self::Markdown => Some(HubsForm::Markdown),
            Self::Html => Some(HubsForm::Html),
            Self::Github => Some(HubsForm::Github),
            Self::Sarif => Some(HubsForm::Sarif),
        }
    }
}

/// `hubjobs show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs show plan.json               as `hubjobs plan` showed it
  hubjobs show plan.json --detailed-exitcode --quiet
                                       for a later stage of a pipeline: 0, 2, 5 or 6, as `plan` has them")]
pub(super) struct ShowArgs {
    /// File that `hubjobs plan --out` wrote
    #[arg(value_name = "PLAN")]
    pub(super) plan: PathBuf,
    /// How to print the plan
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = PlanFormat::Text)]
    pub(super) output: PlanFormat,
    /// What that form leaves open.
    #[command(flatten)]
    pub(super) length: LengthArgs,
    /// Exit with 2 when there is something to do
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
}

/// `hubjobs apply`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs apply                        shows the plan, asks, applies
  hubjobs apply --auto-approve --wait  for CI: applies, waits for what is due, exits 3 when a job
                                       failed or missed its `successWhen`
  hubjobs apply plan.json              what was reviewed: asks nothing, and exits 4 with the
                                       differences when git or the hub moved since")]
pub(super) struct ApplyArgs {
    /// Saved plan to apply; its environment, selection and acknowledgements are part of it
    #[arg(value_name = "PLAN", conflicts_with_all = ["selector", "target", "counts", "acknowledgements"])]
    pub(super) plan: Option<PathBuf>,
    /// Which manifests.
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// What the review looks at.
    #[command(flatten)]
    pub(super) review: ReviewArgs,
    /// Apply only the plan of this digest, as `hubjobs ci reviewed` prints it, and do not ask; once for each hub
    #[arg(long, value_name = "DIGEST", value_parser = digest, conflicts_with = "plan")]
    pub(super) reviewed: Vec<String>,
    /// Do not ask
    #[arg(long)]
    pub(super) auto_approve: bool,
    /// Wait for the jobs that are due now, and judge how they ended
    #[arg(long)]
    pub(super) wait: bool,
    /// Longest time to wait, such as `30m`; the jobs go on
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "wait")]
    pub(super) timeout: Option<Duration>,
}
