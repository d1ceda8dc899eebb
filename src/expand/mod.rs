//! PURE. From manifests and a window of time to the occurrences that are wanted. Knows nothing of
//! what is on the hub, and reads no clock: `now` comes in.

mod desired;
#[cfg(test)]
mod example;
mod preview;

pub use desired::{Window, expand};
pub use preview::{Occurrence, next_occurrences};
