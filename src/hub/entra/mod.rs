//! Signing in with Microsoft Entra: from a manifest's `auth` and the surroundings to a token.
//!
//! `surroundings` and `chain` say which sources there are here, `credential` asks one, `tokens` keeps
//! what it gave. The sources are those of `azure_identity`; written here is what that cannot do: the
//! OIDC token of GitHub Actions (`github`), certificates without OpenSSL (`certificate`), a bound for
//! `az` (`azure_cli`), and its HTTP through our own network (`courier`), where refusals get their words
//! (`refusal`, `failure`, `help`). It also has no way to look for the metadata service first, and takes
//! its address from nowhere but a constant; both are the courier's.
//!
//! # Guarantees
//! - A source that is set up and fails ends the search: nobody signs in as somebody else by accident.
//! - Without a metadata service, looking for one delays the next source by a second at the most.
//! - No token, secret or answer of an endpoint appears in a message, a log event or a `Debug` text.

mod azure_cli;
mod carried;
mod certificate;
mod chain;
mod claims;
mod courier;
mod credential;
mod failure;
mod github;
mod help;
mod refusal;
mod surroundings;
mod tokens;

pub use azure_cli::NOT_FOR_AZ;
pub use claims::Claims;
pub use failure::{FileProblem, SignInFailure, Whom};
pub use refusal::Refusal;
pub use surroundings::Surroundings;
pub use tokens::{EntraToken, EntraTokens};
