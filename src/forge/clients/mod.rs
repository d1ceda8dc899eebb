//! The clients: paths, bodies, and what an answer means to each forge.

mod azure;
mod bitbucket;
mod github;
mod gitlab;

pub(super) use azure::Azure;
pub(super) use bitbucket::Bitbucket;
pub(super) use github::GitHub;
pub(super) use gitlab::GitLab;
