//! What can go wrong with a forge.

use std::time::Duration;

use super::kind::ForgeKind;
use super::token::Scheme;

/// What can go wrong with a forge. `Display` is a fragment that fits behind "error: ". Texts of the forge are
/// quoted, not to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// It cannot be reached.
    #[error("cannot reach {kind} at `{host}`: {cause}")]
    Unreachable {
        /// Which forge.
        kind: ForgeKind,
        /// Its host.
        host: String,
        /// Why, in words.
        cause: String,
    },
    /// It does not know the token.
    #[error("{kind} does not accept the token")]
    Unauthorized {
        /// Which forge.
        kind: ForgeKind,
        /// How the token was sent.
        scheme: Scheme,
    },
    /// The token may not do that.
    #[error("{kind} does not let this token {action}: {message}")]
    Forbidden {
        /// Which forge.
        kind: ForgeKind,
        /// What was to be done.
        action: &'static str,
        /// Its words.
        message: String,
        /// How the token was sent.
        scheme: Scheme,
    },
    /// Nobody may comment any more.
    #[error("the conversation is locked, so {kind} takes no comment")]
    Locked {
        /// Which forge.
        kind: ForgeKind,
    },
    /// There is no such thing, or the token may not see it.
    #[error("{kind} has no {what}, or does not show it to this token")]
    NotFound {
        /// Which forge.
        kind: ForgeKind,
        /// What was asked for.
        what: String,
        /// How the token was sent.
        scheme: Scheme,
    },
    /// The repository has another name by now.
    #[error("{kind} answers that this is elsewhere now")]
    Moved {
        /// Which forge.
        kind: ForgeKind,
    },
    /// Too many calls, for longer than we wait.
    #[error("{kind} takes no more calls for {} s, and hubjobs waits {} s at the most", wait.as_secs(), wait_max.as_secs())]
    RateLimited {
        /// Which forge.
        kind: ForgeKind,
        /// How long it asks to wait.
        wait: Duration,
        /// How long we wait for it in one run.
        wait_max: Duration,
    },
    /// It is out of order.
    #[error("{kind} is out of order: {cause}")]
    Unavailable {
        /// Which forge.
        kind: ForgeKind,
        /// Status, or what happened.
        cause: String,
    },
    /// A comment was sent, and no answer came.
    #[error("it is not known whether {kind} took the comment: {cause}")]
    Uncertain {
        /// Which forge.
        kind: ForgeKind,
        /// Status, or what happened.
        cause: String,
    },
    /// It says no for another reason.
    #[error("{kind} refused to {action} ({status}): {message}")]
    Refused {
        /// Which forge.
        kind: ForgeKind,
        /// What was to be done.
        action: &'static str,
        /// HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// An answer that makes no sense.
    #[error("{kind} gave an answer that makes no sense: {cause}")]
    Nonsense {
        /// Which forge.
        kind: ForgeKind,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// Too much to read.
    #[error("the {} has more than {comment_count_max} comments", kind.pull_word())]
    TooManyComments {
        /// Which forge.
        kind: ForgeKind,
        /// How many are read.
        comment_count_max: usize,
    },
    /// Others change the comments as fast as we do.
    #[error("the comment came and went {attempts} times while it was written")]
    Unsettled {
        /// How often it was tried.
        attempts: u32,
    },
}

impl ForgeError {
    /// What to type, or to look at.
    #[must_use]
    pub fn help(&self) -> Vec<String> {
        let help = match self {
            Self::Unreachable { .. } => {
                "check the network, `--api-url`, and for a proxy that looks into TLS `--ca-file`".to_owned()
            }
            Self::Unauthorized { kind, scheme } | Self::Forbidden { kind, scheme, .. } => rights(*kind, *scheme),
            Self::NotFound { kind, scheme, .. } => {
                return vec!["check `--repo` and `--pr`".to_owned(), rights(*kind, *scheme)];
            }
            Self::Locked { .. } => "unlock the conversation, or leave `hubjobs ci comment` out for it".to_owned(),
            Self::Moved { .. } => "name the repository as it is called now, with `--repo`".to_owned(),
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::Uncertain { .. } | Self::Unsettled { .. } => {
                "run it again later: it goes on from what is there, and never comments twice".to_owned()
            }
            Self::Refused { .. } | Self::Nonsense { .. } => "`-vv` shows every call".to_owned(),
            Self::TooManyComments { .. } => "open a new one for the rest of the work".to_owned(),
        };
        vec![help]
    }
}

/// What a token needs.
fn rights(kind: ForgeKind, scheme: Scheme) -> String {
    let help = match (kind, scheme) {
        (ForgeKind::GitHub, _) => {
            "the job needs `permissions: {pull-requests: write}`; pipelines of forks never get it: there, print the plan \
             into the step summary with `hubjobs show plan.json -o markdown >> $GITHUB_STEP_SUMMARY`"
        }
        (ForgeKind::GitLab, Scheme::JobToken) => {
            "GitLab lets no `CI_JOB_TOKEN` write notes: make a project access token (role Reporter, scope `api`) and \
             store it as the masked variable GITLAB_TOKEN"
        }
        (ForgeKind::GitLab, _) => "GITLAB_TOKEN needs the scope `api` and at least the role Reporter in the project",
        (ForgeKind::Azure, _) => {
            "map `SYSTEM_ACCESSTOKEN: $(System.AccessToken)` into the step, and give the build service of the project \
             the right `Contribute to pull requests` on the repository"
        }
        (ForgeKind::Bitbucket, _) => {
            "BITBUCKET_TOKEN needs the scope `pullrequest:write` (a repository access token has it)"
        }
    };
    help.to_owned()
}
