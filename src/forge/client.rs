//! The seam to a forge: what every one of them can do with a pull request.

use async_trait::async_trait;

use super::call::{Call, Patience};
use super::clients::{Azure, Bitbucket, GitHub, GitLab};
use super::error::ForgeError;
use super::kind::ForgeKind;
use super::site::Site;
use super::token::Token;
use crate::net::{Network, NoClient};

/// A pull request, or what a forge calls so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Tip of its branch, perhaps in short.
    pub head: Option<String>,
    /// What became of it.
    pub state: PullState,
}

impl Pull {
    /// Whether a commit is the tip of its branch; so it is taken when the forge does not say.
    #[must_use]
    pub fn is_at(&self, commit: &str) -> bool {
        let (head, commit) = (self.head.as_deref().unwrap_or(commit).to_ascii_lowercase(), commit.to_ascii_lowercase());
        !head.is_empty() && (head.starts_with(&commit) || commit.starts_with(&head))
    }
}

/// What became of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullState {
    /// Under review.
    Open,
    /// Merged.
    Merged,
    /// Given up.
    Closed,
}

/// Which comment; later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommentId {
    /// Its number, or that of its thread.
    pub(super) number: u64,
    /// Its number within a thread.
    pub(super) part: u64,
}

impl CommentId {
    /// A comment that is in no thread.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self { number, part: 0 }
    }
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Which one.
    pub id: CommentId,
    /// Who wrote it, as the forge names its users in an API.
    pub author: Option<String>,
    /// Its text as it was sent.
    pub body: String,
}

/// Whose comments are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// Those of this user, which is the token's own.
    Known(String),
    /// The forge does not tell who the token is, and lets nobody but its author edit a comment: trying shows
    /// whose it is.
    WhoeverMayEdit,
}

/// What every forge can do. A write that fails with [`ForgeError::Uncertain`] may have been carried out.
#[async_trait]
pub trait ForgeClient: Send + Sync {
    /// Which forge.
    fn kind(&self) -> ForgeKind;
    /// Whose comments are ours.
    async fn author(&self) -> Result<Author, ForgeError>;
    /// A pull request.
    async fn pull(&self, number: u64) -> Result<Pull, ForgeError>;
    /// The pull requests that brought a commit into its branch.
    async fn pulls_of(&self, commit: &str) -> Result<Vec<Pull>, ForgeError>;
    /// All comments, in no order.
    async fn comments(&self, pull: u64) -> Result<Vec<Comment>, ForgeError>;
    /// Writes a comment.
    async fn create(&self, pull: u64, body: &str) -> Result<CommentId, ForgeError>;
    /// Writes a comment anew. Doing so twice is harmless.
    async fn update(&self, pull: u64, id: CommentId, body: &str) -> Result<(), ForgeError>;
    /// Removes a comment. That it is gone already is no error.
    async fn delete(&self, pull: u64, id: CommentId) -> Result<(), ForgeError>;
}

/// A forge that can be called.
pub type Forge = Box<dyn ForgeClient>;

/// Prepares to talk to a forge; sends nothing yet.
///
/// # Errors
/// When there is no HTTP client to be had.
pub fn connect(site: &Site, token: Token, network: &Network, patience: Patience) -> Result<Forge, NoClient> {
    let call = Call::new(site, token, network, patience)?;
    let repository = site.repository.clone();
    Ok(match site.kind {
        ForgeKind::GitHub => Box::new(GitHub::new(call, &repository)),
        ForgeKind::GitLab => Box::new(GitLab::new(call, &repository)),
        ForgeKind::Azure => Box::new(Azure::new(call, &repository)),
        ForgeKind::Bitbucket => Box::new(Bitbucket::new(call, &repository)),
    })
}
