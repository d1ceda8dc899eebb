//! Where a pipeline runs, from the variables that its forge sets.

use std::fmt;

use serde_json::Value;
use url::Url;

use super::kind::ForgeKind;

/// What the command line says, before any variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Which forge.
    pub forge: Option<ForgeKind>,
    /// Where its API is.
    pub api_url: Option<String>,
    /// Which repository.
    pub repository: Option<String>,
    /// Number of the pull request.
    pub pull: Option<u64>,
    /// Commit that was planned.
    pub commit: Option<String>,
}

/// Where a comment goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Which forge.
    pub kind: ForgeKind,
    /// Where its API is, without a slash at the end.
    pub api: Url,
    /// Which repository.
    pub repository: Repository,
    /// Number of the pull request; nothing when the pipeline runs for none.
    pub pull: Option<u64>,
    /// Whether the pipeline runs for that pull request, and not for something else that names it.
    pub is_in_review: bool,
    /// Commit that was planned: the tip of the branch, not the merge that a forge makes to try it.
    pub commit: Option<String>,
    /// Page of the pipeline's run.
    pub run_url: Option<String>,
    /// Whether the change comes from a fork, whose pipelines may write nothing.
    pub is_fork: bool,
}

/// A repository as its forge names it: GitHub `owner/name`, GitLab `group/../name` or a number, Azure
/// DevOps `project/name`, Bitbucket `workspace/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository(Vec<String>);

impl Repository {
    fn new(kind: ForgeKind, text: &str) -> Option<Self> {
        let parts: Vec<_> = text.split('/').map(str::to_owned).collect();
        let is_name = |part: &String| !matches!(part.as_str(), "" | "." | "..") && !part.chars().any(char::is_control);
        let fits = match kind {
            ForgeKind::GitHub | ForgeKind::Azure | ForgeKind::Bitbucket => parts.len() == 2,
            ForgeKind::GitLab => parts.len() > 1 || text.bytes().all(|b| b.is_ascii_digit()),
        };
        (fits && parts.iter().all(is_name)).then_some(Self(parts))
    }

    /// Its parts, from the outside in.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.join("/"))
    }
}

/// Why it is not known where a comment goes. `Display` is a fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// No variable of a forge is set.
    #[error("this runs in no pipeline that is known, so it is not known which forge is meant")]
    NoForge,
    /// Azure Pipelines may build repositories of others.
    #[error("this pipeline builds a repository of `{0}`, not of Azure DevOps")]
    OtherProvider(String),
    /// No repository.
    #[error("it is not known which repository of {0} is meant")]
    NoRepository(ForgeKind),
    /// Not the form of a repository.
    #[error("`{text}` is no repository of {kind}")]
    Repository {
        /// Which forge.
        kind: ForgeKind,
        /// As given.
        text: String,
    },
    /// No address of the API.
    #[error("it is not known where the API of {0} is")]
    NoApi(ForgeKind),
    /// No address. It is not shown: there may be a password in it.
    #[error("the address of the API is none that a token may be sent to")]
    Api,
}

impl SiteError {
    /// What to type.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::NoForge => {
                "add `--forge github`, `gitlab`, `azure` or `bitbucket`, with `--repo` and `--pr`".to_owned()
            }
            Self::OtherProvider(_) => "choose its forge: `--forge github --repo OWNER/NAME --pr NUMBER`".to_owned(),
            Self::NoRepository(kind) | Self::Repository { kind, .. } => format!("`--repo {}`", form(*kind)),
            Self::NoApi(kind) => format!("`--api-url {}`", example(*kind)),
            Self::Api => {
                "write one with https, and without a name in it: `--api-url https://git.example.com/api/v4`".to_owned()
            }
        }
    }
}

const fn form(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::GitHub => "OWNER/NAME",
        ForgeKind::GitLab => "GROUP/NAME",
        ForgeKind::Azure => "PROJECT/NAME",
        ForgeKind::Bitbucket => "WORKSPACE/NAME",
    }
}

const fn example(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::GitHub => "https://api.github.com",
        ForgeKind::GitLab => "https://gitlab.com/api/v4",
        ForgeKind::Azure => "https://dev.azure.com/ORGANIZATION",
        ForgeKind::Bitbucket => "https://api.bitbucket.org/2.0",
    }
}

/// Finds out where a comment goes: what the command line says, else what the pipeline's variables say.
/// `event` is the file that `GITHUB_EVENT_PATH` names.
///
/// # Errors
/// When something is not said, or has another form.
pub fn detect(
    overrides: &Overrides,
    variable: &dyn Fn(&str) -> Option<String>,
    event: Option<&Value>,
) -> Result<Site, SiteError> {
    let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let running = running(&variable);
    let kind = overrides.forge.or(running).ok_or(SiteError::NoForge)?;
    // Variables of another forge than the one that is meant say nothing.
    let said = if running == Some(kind) { said(kind, &variable, event)? } else { Said::default() };
    let api = overrides.api_url.clone().or(said.api).or_else(|| well_known(kind)).ok_or(SiteError::NoApi(kind))?;
    let repository = overrides.repository.clone().or(said.repository).ok_or(SiteError::NoRepository(kind))?;
    Ok(Site {
        kind,
        api: api_url(&api)?,
        repository: Repository::new(kind, &repository).ok_or(SiteError::Repository { kind, text: repository })?,
        pull: overrides.pull.or(said.pull),
        is_in_review: said.pull.is_some() && overrides.pull.is_none_or(|pull| said.pull == Some(pull)),
        commit: overrides.commit.clone().or(said.commit).filter(|commit| is_commit(commit)),
        run_url: said.run_url,
        is_fork: said.is_fork,
    })
}

/// The forge whose pipeline this is.
fn running(variable: &dyn Fn(&str) -> Option<String>) -> Option<ForgeKind> {
    let signs = [
        ("GITHUB_ACTIONS", ForgeKind::GitHub),
        ("GITLAB_CI", ForgeKind::GitLab),
        ("TF_BUILD", ForgeKind::Azure),
        ("BITBUCKET_BUILD_NUMBER", ForgeKind::Bitbucket),
    ];
    signs.into_iter().find(|(name, _)| variable(name).is_some()).map(|(_, kind)| kind)
}

/// What the variables say.
#[derive(Debug, Default)]
struct Said {
    api: Option<String>,
    repository: Option<String>,
    pull: Option<u64>,
    commit: Option<String>,
    run_url: Option<String>,
    is_fork: bool,
}

fn said(kind: ForgeKind, variable: &dyn Fn(&str) -> Option<String>, event: Option<&Value>) -> Result<Said, SiteError> {
    Ok(match kind {
        ForgeKind::GitHub => of_github(variable, event),
        ForgeKind::GitLab => of_gitlab(variable),
        ForgeKind::Azure => match variable("BUILD_REPOSITORY_PROVIDER") {
            Some(provider) if !provider.eq_ignore_ascii_case("TfsGit") => {
                return Err(SiteError::OtherProvider(provider));
            }
            _ => of_azure(variable),
        },
        ForgeKind::Bitbucket => of_bitbucket(variable),
    })
}

/// <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>. For a pull request
/// `GITHUB_SHA` is a merge that nobody reviews, so the event is asked first.
fn of_github(variable: &dyn Fn(&str) -> Option<String>, event: Option<&Value>) -> Said {
    let at = |pointer: &str| event.and_then(|event| event.pointer(pointer));
    let text = |pointer: &str| at(pointer).and_then(Value::as_str).map(str::to_owned);
    let from_ref = || variable("GITHUB_REF")?.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok();
    let comment_on_pull = || at("/issue/pull_request").and_then(|_| at("/issue/number"));
    let in_event = at("/pull_request/number").or_else(|| at("/workflow_run/pull_requests/0/number"));
    let pull = in_event.or_else(comment_on_pull).and_then(Value::as_u64).or_else(from_ref);
    let head = text("/pull_request/head/sha").or_else(|| text("/workflow_run/head_sha"));
    // Behind a pull request the merge commit says nothing: better no commit than one that was not planned.
    let commit = head.or_else(|| if pull.is_none() { variable("GITHUB_SHA") } else { None });
    let of = |end: &str| at(&format!("/pull_request/{end}/repo/full_name")).and_then(Value::as_str);
    let run = || {
        let (server, repository) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/actions/runs/{}", variable("GITHUB_RUN_ID")?))
    };
    Said {
        api: variable("GITHUB_API_URL"),
        repository: variable("GITHUB_REPOSITORY"),
        pull,
        commit,
        run_url: run(),
        is_fork: of("base").is_some() && of("base") != of("head"),
    }
}

/// <https://docs.gitlab.com/ci/variables/predefined_variables/>. In a pipeline of merged results
/// `CI_COMMIT_SHA` is a merge; the variable of the source branch is empty elsewhere. The merge request of
/// a fork is in the project that it is for.
fn of_gitlab(variable: &dyn Fn(&str) -> Option<String>) -> Said {
    let (target, source) = (variable("CI_MERGE_REQUEST_PROJECT_ID"), variable("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"));
    Said {
        api: variable("CI_API_V4_URL"),
        is_fork: target.is_some() && source.is_some() && target != source,
        repository: target.or_else(|| variable("CI_PROJECT_ID")),
        pull: variable("CI_MERGE_REQUEST_IID").and_then(|iid| iid.parse().ok()),
        commit: variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or_else(|| variable("CI_COMMIT_SHA")),
        run_url: variable("CI_JOB_URL"),
    }
}

/// <https://learn.microsoft.com/azure/devops/pipelines/build/variables>. An unset macro stands as it is.
fn of_azure(variable: &dyn Fn(&str) -> Option<String>) -> Said {
    let variable = |name: &str| variable(name).filter(|value| !value.starts_with("$("));
    let collection = variable("SYSTEM_COLLECTIONURI").map(|uri| uri.trim_end_matches('/').to_owned());
    let project = variable("SYSTEM_TEAMPROJECT");
    let repository = variable("BUILD_REPOSITORY_ID").or_else(|| variable("BUILD_REPOSITORY_NAME"));
    let run = || {
        let (collection, project) = (collection.as_ref()?, variable("SYSTEM_TEAMPROJECTID").or(project.clone())?);
        Some(format!("{collection}/{project}/_build/results?buildId={}", variable("BUILD_BUILDID")?))
    };
    Said {
        run_url: run(),
        repository: project.clone().zip(repository).map(|(project, repository)| format!("{project}/{repository}")),
        pull: variable("SYSTEM_PULLREQUEST_PULLREQUESTID").and_then(|id| id.parse().ok()),
        commit: variable("SYSTEM_PULLREQUEST_SOURCECOMMITID").or_else(|| variable("BUILD_SOURCEVERSION")),
        is_fork: variable("SYSTEM_PULLREQUEST_ISFORK").is_some_and(|fork| fork.eq_ignore_ascii_case("true")),
        api: collection,
    }
}

/// <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>.
fn of_bitbucket(variable: &dyn Fn(&str) -> Option<String>) -> Said {
    let run = || {
        let repository = variable("BITBUCKET_REPO_FULL_NAME")?;
        let number = variable("BITBUCKET_BUILD_NUMBER")?;
        Some(format!("https://bitbucket.org/{repository}/pipelines/results/{number}"))
    };
    Said {
        api: None,
        repository: variable("BITBUCKET_REPO_FULL_NAME"),
        pull: variable("BITBUCKET_PR_ID").and_then(|id| id.parse().ok()),
        commit: variable("BITBUCKET_COMMIT"),
        run_url: run(),
        is_fork: false,
    }
}

fn well_known(kind: ForgeKind) -> Option<String> {
    match kind {
        ForgeKind::Azure => None,
        ForgeKind::GitHub | ForgeKind::GitLab | ForgeKind::Bitbucket => Some(example(kind).to_owned()),
    }
}

/// HTTPS, or this machine: the token goes there.
fn api_url(text: &str) -> Result<Url, SiteError> {
    let url = Url::parse(text.trim_end_matches('/')).map_err(|_| SiteError::Api)?;
    let on_this_machine = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    let speaks = url.scheme() == "https" || (url.scheme() == "http" && on_this_machine);
    (speaks && bare && url.host().is_some()).then_some(url).ok_or(SiteError::Api)
}

/// Hexadecimal, of a length that git uses.
fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}
