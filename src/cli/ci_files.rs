//! `hubjobs init --ci`: the pipelines of the sample project, for another one.

use std::fs;
use std::path::Path;

use clap::ValueEnum;

use super::repository::Repository;

/// Who runs a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CiService {
    /// GitHub Actions.
    Github,
    /// GitLab CI/CD.
    Gitlab,
    /// Azure Pipelines.
    Azure,
}

/// Path and text of a file of the sample project.
type Sample = (&'static str, &'static str);

const GITHUB: &[Sample] = &[
    (".github/workflows/hubjobs-plan.yml", include_str!("../../manifests/.github/workflows/hubjobs-plan.yml")),
    (".github/workflows/hubjobs-apply.yml", include_str!("../../manifests/.github/workflows/hubjobs-apply.yml")),
    (
        ".github/workflows/hubjobs-reconcile.yml",
        include_str!("../../manifests/.github/workflows/hubjobs-reconcile.yml"),
    ),
];
const GITLAB: &[Sample] = &[(".gitlab-ci.yml", include_str!("../../manifests/.gitlab-ci.yml"))];
const AZURE: &[Sample] = &[
    ("azure-pipelines.yml", include_str!("../../manifests/azure-pipelines.yml")),
    (".azure-pipelines/install-hubjobs.yml", include_str!("../../manifests/.azure-pipelines/install-hubjobs.yml")),
];

/// The action as the sample names it: no commit can hold its own id.
const ACTION: &str = concat!("hubjobs/hubjobs@v", env!("CARGO_PKG_VERSION"));
/// The commit that this program was built from, if whoever built it told.
const COMMIT: Option<&str> = option_env!("HUBJOBS_COMMIT");

/// What pipelines are made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CiTarget {
    /// Environment that they plan and apply.
    pub(super) environment: String,
    /// Name of its hub, if it is one in Azure.
    pub(super) hub: Option<String>,
    /// The repository.
    pub(super) repository: Repository,
}

impl CiService {
    /// Paths, from the top of the repository, and texts of its files.
    #[must_use]
    pub(super) fn files(self, target: &CiTarget) -> Vec<(&'static str, String)> {
        let samples = match self {
            Self::Github => GITHUB,
            Self::Gitlab => GITLAB,
            Self::Azure => AZURE,
        };
        samples.iter().map(|(path, text)| (*path, target.adapt(text))).collect()
    }

    /// What people have to do beside, as lines to type.
    #[must_use]
    pub(super) fn setup(self, target: &CiTarget) -> String {
        let text = match self {
            Self::Github => include_str!("ci_setup/github.txt"),
            Self::Gitlab => include_str!("ci_setup/gitlab.txt"),
            Self::Azure => include_str!("ci_setup/azure.txt"),
        };
        let Repository { slug, server, branch } = &target.repository;
        let slug = slug.as_deref().unwrap_or(match self {
            Self::Github => "OWNER/REPOSITORY",
            Self::Gitlab => "GROUP/PROJECT",
            Self::Azure => "your project",
        });
        let server = server.as_deref().unwrap_or("https://gitlab.com");
        text.replace("{slug}", slug)
            .replace("{server}", server)
            .replace("{branch}", branch)
            .replace("{environment}", &target.environment)
            .replace("{hub}", target.hub.as_deref().unwrap_or("YOUR-HUB"))
    }
}

impl CiTarget {
    /// The sample's environment and branch become ours, and its action is pinned to a commit if one is known.
    fn adapt(&self, text: &str) -> String {
        // What one brings in is not for the other: a branch may be named `prod`, and an environment `main`.
        let text = replace_word(text, "prod", "\0");
        let text = replace_word(&text, "main", &self.repository.branch).replace('\0', &self.environment);
        match COMMIT.filter(|commit| is_commit(commit)) {
            Some(commit) => {
                let pinned = format!("hubjobs/hubjobs@{commit} # v{}", env!("CARGO_PKG_VERSION"));
                text.replace(ACTION, &pinned)
            }
            None => text,
        }
    }
}

/// Whether the action can be pinned to a commit.
#[must_use]
pub(super) fn is_pinned() -> bool {
    COMMIT.is_some_and(is_commit)
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Replaces whole words: letters and digits around it make another word.
fn replace_word(text: &str, word: &str, new: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let is_inside = before.ends_with(|c: char| c.is_ascii_alphanumeric())
            || after.starts_with(|c: char| c.is_ascii_alphanumeric());
        replaced.push_str(before);
        replaced.push_str(if is_inside { word } else { new });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

/// What is at the place of a file that is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing.
    Free,
    /// The same text.
    Same,
    /// Something else.
    Taken,
}

impl Place {
    /// Looks at it. What cannot be read is not ours to replace.
    #[must_use]
    pub(super) fn of(path: &Path, text: &str) -> Self {
        match fs::read(path) {
            Ok(there) if there == text.as_bytes() => Self::Same,
            Ok(_) => Self::Taken,
            Err(_) if fs::symlink_metadata(path).is_ok() => Self::Taken,
            Err(_) => Self::Free,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(environment: &str, branch: &str) -> CiTarget {
        let repository = Repository { slug: None, server: None, branch: branch.to_owned() };
        CiTarget { environment: environment.to_owned(), hub: None, repository }
    }

    #[test]
    fn the_sample_is_its_own_template() {
        let target = target("prod", "main");
        for (service, samples) in [(CiService::Github, GITHUB), (CiService::Gitlab, GITLAB), (CiService::Azure, AZURE)]
        {
            for ((path, text), (_, sample)) in service.files(&target).iter().zip(samples) {
                assert_eq!(text.replace(&format!("@{} # v", COMMIT.unwrap_or("-")), "@v"), *sample, "{path}");
            }
        }
    }

    #[test]
    fn no_name_of_the_sample_stays() {
        let target = target("factory", "trunk");
        for service in [CiService::Github, CiService::Gitlab, CiService::Azure] {
            for (path, text) in service.files(&target) {
                let words = text.split(|c: char| !c.is_ascii_alphanumeric());
                let left: Vec<_> = words.filter(|word| *word == "prod" || *word == "main").collect();
                assert!(left.is_empty(), "{path}: {left:?}");
            }
            let setup = service.setup(&target);
            assert!(!setup.contains("prod") && setup.contains("factory") && setup.contains("YOUR-HUB"), "{setup}");
        }
    }

    #[test]
    fn a_branch_may_be_named_as_the_environment_of_the_sample() {
        for (environment, branch) in [("main", "prod"), ("prod", "prod"), ("main", "trunk")] {
            let adapted = target(environment, branch).adapt("environment: prod # of main, not of mainland");
            assert_eq!(adapted, format!("environment: {environment} # of {branch}, not of mainland"));
        }
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(replace_word("prod product preprod -prod- prod", "prod", "x"), "x product preprod -x- x");
    }
}
