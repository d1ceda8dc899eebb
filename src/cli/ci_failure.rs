//! What can go wrong in a pipeline of a pull request.

use std::path::PathBuf;

use super::exit::Exit;
use super::failure::trouble;
use crate::forge::{ForgeError, ForgeKind, SiteError};
use crate::net::NoClient;

/// What can go wrong in a pipeline of a pull request. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, thiserror::Error)]
pub(super) enum CiFailure {
    /// It is not known where.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The forge.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// There is no HTTP client.
    #[error("cannot prepare to call the forge: {0}")]
    Client(#[from] NoClient),
    /// The pipeline runs for no pull request.
    #[error("this pipeline runs for no {}", .0.pull_word())]
    NoPull(ForgeKind),
    /// No variable holds a token.
    #[error("there is no token for {kind}: {} is not set", names.join(" or "))]
    NoToken {
        /// Which forge.
        kind: ForgeKind,
        /// Variables that were looked at.
        names: Vec<&'static str>,
        /// Whether the change comes from a fork.
        is_fork: bool,
    },
    /// A variable holds something else.
    #[error("`{0}` holds no token: it is empty, or has a character that no token has")]
    Token(&'static str),
    /// A file cannot be read.
    #[error("cannot read `{}`: {}", path.display(), trouble(source))]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is longer than it can be.
    #[error("`{}` has more than {mib} MiB", path.display())]
    TooLong {
        /// Which.
        path: PathBuf,
        /// How much it may have.
        mib: u64,
    },
    /// The project file cannot be read, and nothing else names the environment.
    #[error("`hubjobs.yaml` cannot be read, so it is not known which environment is meant")]
    NoEnvironment,
    /// Neither pull request nor commit.
    #[error("it is not known which commit was merged")]
    NoCommit,
    /// The commit came otherwise.
    #[error("{kind} knows of no single merged {} with the commit {commit}", kind.pull_word())]
    NoPullOfCommit {
        /// Which forge.
        kind: ForgeKind,
        /// Which commit.
        commit: String,
    },
    /// No comment can be relied on.
    #[error("{} {pull} was not reviewed as it was merged: {why}", kind.pull_word())]
    NotReviewed {
        /// Which forge.
        kind: ForgeKind,
        /// Number of the pull request.
        pull: u64,
        /// What is wrong.
        why: String,
    },
}

impl CiFailure {
    /// How the process ends because of it.
    #[must_use]
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::NoPullOfCommit { .. } | Self::NotReviewed { .. } => Exit::Stale,
            _ => Exit::Error,
        }
    }

    /// What to type instead.
    #[must_use]
    pub(super) fn help(&self) -> Vec<String> {
        let help = match self {
            Self::Site(error) => error.help(),
            Self::Forge(error) => return error.help(),
            Self::NoPull(ForgeKind::GitLab) => {
                "run the job in merge request pipelines: `rules: [{if: $CI_PIPELINE_SOURCE == \"merge_request_event\"}]`, \
                 or name it with `--pr NUMBER`"
                    .to_owned()
            }
            Self::NoPull(_) => "run it for pull requests only, or name one with `--pr NUMBER`".to_owned(),
            Self::NoToken { is_fork: true, .. } => {
                "pipelines of forks get no token that may write: print the plan into the log instead, with \
                 `hubjobs show plan.json`"
                    .to_owned()
            }
            Self::NoToken { kind: ForgeKind::GitHub, .. } => {
                "add `env: {GITHUB_TOKEN: \"${{ github.token }}\"}` to the step, and `permissions: {pull-requests: write}` \
                 to the job"
                    .to_owned()
            }
            Self::NoToken { kind: ForgeKind::Azure, .. } => {
                "add `env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}` to the step".to_owned()
            }
            Self::NoToken { names, .. } => {
                format!("store a token that may comment as the secret variable {}", names.first().unwrap_or(&"TOKEN"))
            }
            Self::NoEnvironment => "name it with `-e NAME`".to_owned(),
            Self::NoCommit => "name it with `--commit SHA`, or the pull request with `--pr NUMBER`".to_owned(),
            Self::NoPullOfCommit { .. } => {
                "merge through a pull request, or name it with `--pr NUMBER`; else plan, review and apply by hand".to_owned()
            }
            Self::NotReviewed { .. } => {
                "look at a new plan, `hubjobs plan`, and apply it by hand, or open a pull request again".to_owned()
            }
            Self::Client(_) | Self::Token(_) | Self::Read { .. } | Self::TooLong { .. } => return Vec::new(),
        };
        vec![help]
    }
}
