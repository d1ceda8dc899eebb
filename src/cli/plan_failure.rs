//! What can be wrong with a saved plan.

use std::path::PathBuf;

use super::exit::Exit;
use super::plan_file::KEY;
use crate::report::document::{InvalidPlanKey, MisshapenPlan, UnusablePlan};

/// What can be wrong with a saved plan. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanFailure {
    /// The key that signs plans is none.
    #[error("`{KEY}` is set, but {0}")]
    Key(InvalidPlanKey),
    /// Not a plan, or not as it was written.
    #[error("`{}` cannot be used as a plan: {why}", path.display())]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: UnusablePlan,
    },
    /// Longer than any plan.
    #[error("`{}` cannot be used as a plan: it has more than {mib} MiB", path.display())]
    TooLong {
        /// Which file.
        path: PathBuf,
        /// How much a plan may have.
        mib: u64,
    },
    /// `--out -`.
    #[error("a saved plan is a file, and `-` is none")]
    Stdout,
    /// Something else is in the place.
    #[error("`{}` exists and is no saved plan, so it was not overwritten", .0.display())]
    NotOverwritten(PathBuf),
    /// The plan is for another environment than the command line.
    #[error("the plan is for environment `{planned}`, and `{wanted}` is asked for; nothing was changed")]
    OtherEnvironment {
        /// Of the plan.
        planned: String,
        /// Of `-e` or `HUBJOBS_ENV`.
        wanted: String,
    },
    /// The project is another one, or its environment changed.
    #[error("the plan is for {what} `{planned}`, and {there}; nothing was changed")]
    OtherProject {
        /// What of it.
        what: &'static str,
        /// Of the plan.
        planned: String,
        /// What there is.
        there: String,
    },
    /// What was selected cannot be any more.
    #[error("what the plan selected is not in this project any more: {0}; nothing was changed")]
    OtherSelection(String),
    /// An acknowledgement in the plan is none.
    #[error("the plan holds an acknowledgement that this hubjobs does not understand: {0}")]
    Acknowledgement(String),
    /// The plan that was just made has a form that cannot be compared.
    #[error("the plan cannot be compared: {0}")]
    Misshapen(#[from] MisshapenPlan),
    /// Something that was not reviewed moved; it was shown.
    #[error("the plan is stale: {moved} moved since it was made; nothing was changed")]
    Stale {
        /// Which sides.
        moved: String,
        /// Its environment.
        environment: String,
        /// Its file.
        path: PathBuf,
    },
    /// `apply --reviewed` found another plan; it was shown.
    #[error("the plan of this moment is not the one that was reviewed, its digest is `{digest}`; nothing was changed")]
    NotReviewed {
        /// Of the plan.
        digest: String,
        /// Its environment.
        environment: String,
    },
    /// A plan for which no hub was asked.
    #[error("the plan was made offline, so nobody knows what is on the hub; nothing was changed")]
    Offline {
        /// Its environment.
        environment: String,
        /// Its file.
        path: PathBuf,
    },
    /// No signature, where one is expected.
    #[error("the plan is not signed, and {why}; nothing was changed")]
    Unsigned {
        /// Why it must be.
        why: String,
        /// Its environment.
        environment: String,
        /// Its file.
        path: PathBuf,
    },
    /// A signature that nobody can check, where it must be.
    #[error(
        "environment `{0}` applies signed plans only, and `{KEY}` is not set to check the signature with; nothing was changed"
    )]
    NoKey(String),
    /// An apply without a plan, where a signed one is needed.
    #[error("environment `{0}` applies signed plans only; nothing was changed")]
    SignedPlanRequired(String),
}

impl PlanFailure {
    /// How the process ends because of it.
    #[must_use]
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Unusable { why, .. } if !why.is_tampered() => Exit::Error,
            Self::Key(_)
            | Self::TooLong { .. }
            | Self::Stdout
            | Self::NotOverwritten(_)
            | Self::Misshapen(_)
            | Self::Acknowledgement(_) => Exit::Error,
            Self::Unusable { .. }
            | Self::OtherEnvironment { .. }
            | Self::OtherProject { .. }
            | Self::OtherSelection(_)
            | Self::Stale { .. }
            | Self::NotReviewed { .. }
            | Self::Offline { .. }
            | Self::Unsigned { .. }
            | Self::NoKey(_)
            | Self::SignedPlanRequired(_) => Exit::Stale,
        }
    }

    /// What to type instead.
    #[must_use]
    pub(super) fn help(&self) -> Vec<String> {
        let again = |environment: &str, path: &PathBuf| {
            format!("make a new plan and have it reviewed: `hubjobs plan -e {environment} --out {}`", path.display())
        };
        let help = match self {
            Self::Key(_) => format!("make one with `openssl rand -base64 32`, keep it secret, or unset `{KEY}`"),
            Self::Unusable { why: UnusablePlan::Signature, .. } => {
                format!("`{KEY}` must hold the key that the plan was signed with; do not apply a plan that was changed")
            }
            Self::Unusable { why: UnusablePlan::Version(_), .. } => {
                "use the version of hubjobs that made it, or make a new plan with this one".to_owned()
            }
            Self::Unusable { .. } | Self::TooLong { .. } => "`hubjobs plan --out FILE` makes a new one".to_owned(),
            Self::Stdout => "`-o json` prints a plan".to_owned(),
            Self::NotOverwritten(_) => "choose another name".to_owned(),
            Self::OtherEnvironment { .. } => {
                "leave `-e` and `HUBJOBS_ENV` out: a plan knows its environment".to_owned()
            }
            Self::OtherProject { .. } | Self::OtherSelection(_) => {
                "check out the commit that was reviewed, or make a new plan".to_owned()
            }
            Self::NotReviewed { environment, .. } => {
                format!(
                    "git or the hub moved since: look at `hubjobs plan -e {environment}`, and have it reviewed again"
                )
            }
            Self::Stale { environment, path, .. } | Self::Offline { environment, path } => again(environment, path),
            Self::Unsigned { environment, path, .. } => {
                format!("with `{KEY}` set, {}", again(environment, path))
            }
            Self::NoKey(_) => format!("set `{KEY}` to the key that the plan was signed with"),
            Self::SignedPlanRequired(environment) => format!(
                "with `{KEY}` set: `hubjobs plan -e {environment} --out plan.json`, then `hubjobs apply plan.json`"
            ),
            Self::Misshapen(_) | Self::Acknowledgement(_) => return Vec::new(),
        };
        vec![help]
    }
}
