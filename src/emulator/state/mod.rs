//! PURE. The hub as a state machine: an event and a time go in, a reply or a fault comes out.
//!
//! Knows no clock, no chance, no file and no network. All chance is a hash of seed, device and
//! job, so that the same events give the same hub, bit for bit.

mod event;
mod fault;
mod reply;

pub use event::{Entropy, HubEvent, PageRequest};
pub use fault::{Envelope, FaultKind, HubFault};
pub use reply::{ItemType, Reply};
