//! Whether hubjobs can work with a hub, and what to mend if not: `hubjobs doctor`.
//!
//! [`examine()`] looks, check by check, and gives a [`Finding`] for each; what a look means is judged by pure
//! functions in `judge`. [`conformance`] tries a test hub against the emulator's facts.

mod calls;
mod check;
mod code;
pub mod conformance;
mod examine;
mod finding;
mod judge;
mod route;

pub use check::Check;
pub use code::{Code, Verdict};
pub use examine::{Configuration, Patient, Place, Unusable, examine};
pub use finding::{Examination, Finding};
