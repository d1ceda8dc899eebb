//! The forges that are known, and how long their comments may be.

use std::fmt;

/// A code forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForgeKind {
    /// GitHub, also Enterprise Server.
    GitHub,
    /// GitLab, also self-managed.
    GitLab,
    /// Azure DevOps Services and Server.
    Azure,
    /// Bitbucket Cloud.
    Bitbucket,
}

impl ForgeKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::GitHub, Self::GitLab, Self::Azure, Self::Bitbucket];

    /// Longest comment, in characters. Ours are measured in bytes, which are never fewer.
    #[must_use]
    pub const fn len_max(self) -> usize {
        match self {
            Self::GitHub => 65_536,
            Self::GitLab => 1_000_000,
            Self::Azure => 150_000,
            Self::Bitbucket => 32_768,
        }
    }

    /// What the forge calls the place where a change is reviewed.
    #[must_use]
    pub const fn pull_word(self) -> &'static str {
        match self {
            Self::GitLab => "merge request",
            Self::GitHub | Self::Azure | Self::Bitbucket => "pull request",
        }
    }
}

impl fmt::Display for ForgeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Azure => "Azure DevOps",
            Self::Bitbucket => "Bitbucket",
        })
    }
}
