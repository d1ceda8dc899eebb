//! One comment for each subject, however many runs write it, and whatever becomes of it meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use super::choice::{Search, Step, decide};
use super::client::{Author, CommentId, ForgeClient, Pull, PullState};
use super::error::ForgeError;
use super::marker::{Marker, Subject};

/// Looks before giving up: each further one is due to somebody else's change, or to a lost answer.
const LOOKS_MAX: u32 = 8;

/// Whether there is a need for a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posting {
    /// There is something to say.
    Always,
    /// There is nothing to say, but what an earlier comment says must not stand.
    IfThereIsOne,
}

/// When a comment is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// By a pipeline of the pull request. Nothing is written when nobody reviews any more, or when the branch
    /// has another tip than this commit: of two runs the one that ends last is not always the newer one.
    InReview {
        /// Commit that was planned.
        commit: Option<String>,
    },
    /// By somebody who names the pull request, such as an apply after the merge that found another plan.
    Afterwards,
}

/// A comment that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sticky {
    /// Number of the pull request.
    pub pull: u64,
    /// When it is written.
    pub when: When,
    /// What it is about.
    pub subject: Subject,
    /// All of it, from its marker on.
    pub body: String,
    /// Whether there is a need for it.
    pub posting: Posting,
}

/// What became of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upserted {
    /// It is new.
    Created,
    /// It was there, and says something else now.
    Updated,
    /// It was there, and says so already.
    Unchanged,
    /// There is none, and none is needed.
    NotNeeded,
    /// The branch has a newer commit, whose run will write.
    Outdated {
        /// That commit.
        head: String,
    },
    /// Nobody reviews any more.
    Over(PullState),
}

/// Writes a comment, or writes it anew. `pause` comes before a look at what a lost answer left behind.
///
/// # Errors
/// When the forge cannot be reached, or refuses.
pub async fn upsert(forge: &dyn ForgeClient, sticky: &Sticky, pause: Duration) -> Result<Upserted, ForgeError> {
    let Sticky { pull, when, subject, body, posting } = sticky;
    let pull = *pull;
    let found = forge.pull(pull).await?;
    if let When::InReview { commit } = when {
        if found.state != PullState::Open {
            return Ok(Upserted::Over(found.state));
        }
        if let (Some(commit), Some(head)) = (commit, &found.head)
            && !found.is_at(commit)
        {
            return Ok(Upserted::Outdated { head: head.clone() });
        }
    }
    let author = forge.author().await?;
    let mut search = Search { author: &author, subject, refused: BTreeSet::new() };
    let mut created = None;
    for look in 1..=LOOKS_MAX {
        let comments = forge.comments(pull).await?;
        match decide(&comments, &search, body, *posting) {
            Step::Nothing => return Ok(Upserted::NotNeeded),
            // A list may lag behind.
            Step::Create if created.is_some() => return Ok(Upserted::Created),
            // Another run may do so at this very moment: the next look tells, and the older one stays.
            Step::Create => match forge.create(pull, body).await {
                Ok(id) => created = Some(id),
                Err(ForgeError::Uncertain { .. }) if look < LOOKS_MAX => tokio::time::sleep(pause).await,
                Err(error) => return Err(error),
            },
            Step::Keep { id, surplus } => {
                remove(forge, pull, &surplus, &author, created).await?;
                return Ok(if created == Some(id) { Upserted::Created } else { Upserted::Unchanged });
            }
            // A forge may store a text in another form than it was sent.
            Step::Update { id, surplus } if created == Some(id) => {
                remove(forge, pull, &surplus, &author, created).await?;
                return Ok(Upserted::Created);
            }
            Step::Update { id, surplus } => match forge.update(pull, id, body).await {
                Ok(()) => {
                    remove(forge, pull, &surplus, &author, created).await?;
                    return Ok(Upserted::Updated);
                }
                Err(ForgeError::Forbidden { .. } | ForgeError::NotFound { .. }) if author == Author::WhoeverMayEdit => {
                    search.refused.insert(id);
                }
                // Somebody removed it in between.
                Err(ForgeError::NotFound { .. }) => tokio::time::sleep(pause).await,
                Err(error) => return Err(error),
            },
        }
    }
    Err(ForgeError::Unsettled { attempts: LOOKS_MAX })
}

/// Removes comments that say the same a second time. What only looks like ours is left to its author.
async fn remove(
    forge: &dyn ForgeClient,
    pull: u64,
    surplus: &[CommentId],
    author: &Author,
    created: Option<CommentId>,
) -> Result<(), ForgeError> {
    for id in surplus {
        if matches!(author, Author::Known(_)) || created == Some(*id) {
            forge.delete(pull, *id).await?;
        }
    }
    Ok(())
}

/// What a comment says was reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedComment {
    /// Its first line.
    pub marker: Marker,
    /// Whether the forge says that the token's own user wrote it.
    pub is_ours: bool,
}

/// The pull request that brought a commit into its branch, if there is exactly one.
///
/// # Errors
/// When the forge cannot be reached, or refuses.
pub async fn pull_of_commit(forge: &dyn ForgeClient, commit: &str) -> Result<Option<Pull>, ForgeError> {
    let mut merged = forge.pulls_of(commit).await?;
    merged.retain(|pull| pull.state == PullState::Merged);
    match merged.as_slice() {
        // A list may tell less of it.
        [only] => forge.pull(only.number).await.map(Some),
        _ => Ok(None),
    }
}

/// Comments of a pull request about a subject, the oldest first.
///
/// # Errors
/// When the forge cannot be reached, or refuses.
pub async fn reviewed(
    forge: &dyn ForgeClient,
    pull: u64,
    subject: &Subject,
) -> Result<Vec<ReviewedComment>, ForgeError> {
    let author = forge.author().await?;
    let comments = forge.comments(pull).await?;
    let search = Search { author: &author, subject, refused: BTreeSet::new() };
    let is_ours = matches!(author, Author::Known(_));
    Ok(search.ours(&comments).into_iter().map(|(_, marker)| ReviewedComment { marker, is_ours }).collect())
}
