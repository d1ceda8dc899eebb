//! The command lines of `hubjobs ci`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::forge::{ForgeKind, Overrides};

/// `hubjobs ci`.
#[derive(Debug, Subcommand)]
pub(super) enum CiCommand {
    /// Keep one comment on a pull request up to date: what its plan would do
    Comment(CommentArgs),
    /// Print the digest of the plan that was reviewed in the pull request of this commit
    Reviewed(ReviewedArgs),
}

/// `hubjobs ci comment`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs plan -e prod --out plan.json && hubjobs ci comment plan.json
  hubjobs validate -o json > found.json || hubjobs ci comment -e prod --failure found.json
  hubjobs ci comment plan.json --dry-run --forge gitlab --repo group/name

Forge, repository, pull request and commit come from the variables of GitHub Actions, GitLab CI,
Azure Pipelines and Bitbucket Pipelines; the token from GITHUB_TOKEN, GITLAB_TOKEN,
SYSTEM_ACCESSTOKEN or BITBUCKET_TOKEN. A plan with nothing to do gets no comment unless there is one
already, and a pull request that is over none unless `--pr` names it. Comments of other users are
never touched. With HUBJOBS_PLAN_KEY set, the comment carries a code that `hubjobs ci reviewed`
checks.")]
pub(super) struct CommentArgs {
    /// Files that `hubjobs plan --out` wrote; each has a comment of its own
    #[arg(value_name = "PLAN", required_unless_present = "failure")]
    pub(super) plans: Vec<PathBuf>,
    /// Say instead that there is no plan: output of `validate -o json`, `plan --json`, or a log
    #[arg(long, value_name = "FILE", conflicts_with = "plans")]
    pub(super) failure: Option<PathBuf>,
    /// Where.
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    /// Page with the whole plan, such as an artifact, to link to
    #[arg(long, value_name = "URL")]
    pub(super) details_url: Option<String>,
    /// Print the comment and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// `hubjobs ci reviewed`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hubjobs apply -e prod --reviewed \"$(hubjobs ci reviewed -e prod)\"

Exit 4 when nothing was reviewed: no merged pull request has this commit, its comment is for another
commit than its last one, or somebody else wrote it. With HUBJOBS_PLAN_KEY set, only a comment that
was written with that key counts.")]
pub(super) struct ReviewedArgs {
    /// Where.
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

/// Where a comment is.
#[derive(Debug, Clone, Args)]
pub(super) struct PlaceArgs {
    /// Which forge: github, gitlab, azure or bitbucket [default: that of the pipeline]
    #[arg(long, value_name = "NAME", value_enum, hide_possible_values = true)]
    pub(super) forge: Option<ForgeArg>,
    /// Address of its API [default: that of the pipeline]
    #[arg(long, value_name = "URL")]
    pub(super) api_url: Option<String>,
    /// Repository: OWNER/NAME; Azure DevOps PROJECT/NAME [default: that of the pipeline]
    #[arg(long, value_name = "NAME")]
    pub(super) repo: Option<String>,
    /// Number of the pull request [default: that of the pipeline]
    #[arg(long, value_name = "NUMBER")]
    pub(super) pr: Option<u64>,
    /// Commit that was planned or merged [default: that of the pipeline]
    #[arg(long, value_name = "SHA", value_parser = commit)]
    pub(super) commit: Option<String>,
}

impl PlaceArgs {
    /// The same for the forge's own rules.
    #[must_use]
    pub(super) fn overrides(&self) -> Overrides {
        Overrides {
            forge: self.forge.map(ForgeArg::kind),
            api_url: self.api_url.clone(),
            repository: self.repo.clone(),
            pull: self.pr,
            commit: self.commit.clone(),
        }
    }
}

fn commit(text: &str) -> Result<String, String> {
    let fits = (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| text.to_owned()).ok_or_else(|| "a commit has 7 to 64 hexadecimal digits".to_owned())
}

/// Which forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ForgeArg {
    /// GitHub.
    Github,
    /// GitLab.
    Gitlab,
    /// Azure DevOps.
    Azure,
    /// Bitbucket Cloud.
    Bitbucket,
}

impl ForgeArg {
    const fn kind(self) -> ForgeKind {
        match self {
            Self::Github => ForgeKind::GitHub,
            Self::Gitlab => ForgeKind::GitLab,
            Self::Azure => ForgeKind::Azure,
            Self::Bitbucket => ForgeKind::Bitbucket,
        }
    }
}
