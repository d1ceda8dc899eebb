//! Code forges: one comment on a pull request that is kept up to date.
//!
//! Above is what is decided without a network: what a comment is about (`marker`), which comment is ours
//! and what becomes of it (`choice`), how a forge reads Markdown (`dialect`), where a pipeline runs
//! (`site`). Below are the four clients (`clients`) behind one trait, and the one place that waits and
//! repeats (`call`). `upsert` joins the two.
//!
//! # Guarantees
//! - A comment of another author is never changed, whatever it holds.
//! - A comment is never created again while it is not known what became of the last attempt.
//! - Every exchange has a time limit, waiting for a rate limit has a bound, and no token appears in a message.

mod call;
mod choice;
mod client;
mod clients;
mod dialect;
mod error;
mod kind;
mod marker;
mod markup;
mod site;
mod token;
mod upsert;

pub use call::Patience;
pub use client::{Author, Comment, CommentId, Forge, ForgeClient, Pull, PullState, connect};
pub use dialect::localise;
pub use error::ForgeError;
pub use kind::ForgeKind;
pub use marker::{Marker, Subject};
pub use markup::{body_of, foot_of};
pub use site::{Overrides, Repository, Site, SiteError, detect};
pub use token::{InvalidToken, Scheme, Token, TokenVariable, token_variables};
pub use upsert::{Posting, ReviewedComment, Sticky, Upserted, When, pull_of_commit, reviewed, upsert};
