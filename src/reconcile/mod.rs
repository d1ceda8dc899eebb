//! Carries out an approved plan: cancel, see it cancelled, create; then watches what became of it.
//!
//! # Guarantees
//! - A job is created only after every job that it follows was *seen* cancelled.
//! - A request without a certain answer is settled by reading the same id, and repeated only with
//!   the same id, so that it can never run twice.
//! - Killed at any point, the next run derives all it needs from the hub.
//!
//! # Assumptions
//! - Runners of different commits are serialised from outside: the hub cannot compare and swap
//!   across ids. Two runners of one commit ask for the same ids, and are harmless.

mod apply;
mod cancel;
mod conduct;
mod create;
mod explained;
mod judge;
mod outcome;
mod watch;

pub use apply::reconcile;
pub use cancel::{CancelResult, cancel};
pub use conduct::{Clock, Conduct, Interrupt, Patience, Progress};
pub use judge::{Judgement, Tally, Verdict, judge};
pub use outcome::{Action, Certainty, Outcome, Ruling, Settled};
pub use watch::{Tide, Watched, watch};
