//! PURE. The hub as a state machine: an event and a time go in, a reply or a fault comes out.
//!
//! Knows no clock, no chance, no file and no network. All chance is a hash of seed, device and
//! job, so that the same events give the same hub, bit for bit.

mod behaviour;
mod body;
mod bulk;
mod calls;
mod chance;
mod device;
mod devices;
mod effect;
mod engine;
mod etag;
mod event;
mod fault;
mod growth;
mod hub;
mod identity;
mod job;
mod job_calls;
mod job_request;
mod jobs;
mod keys;
mod limiter;
mod limits;
mod live_records;
mod methods;
mod modules;
mod moment;
mod observed;
mod options;
mod packed;
mod paging;
mod patch;
mod places;
mod queries;
mod quota;
mod record;
mod registry;
mod reply;
mod restoration;
pub mod rules;
mod section;
mod select;
mod sessions;
mod snapshot;
mod telemetry;
mod twin;
mod twins;
mod verdicts;
mod view;

pub(in crate::emulator) use behaviour::Link;
pub(in crate::emulator) use chance::Draw;
pub use effect::{DropReason, Effect, SessionId};
pub use event::{Entropy, HubEvent, PageRequest};
pub use fault::{Envelope, FaultKind, HubFault};
pub use growth::FleetRefused;
pub use hub::HubState;
pub use options::{Fidelity, HubOptions, Strictness, Throttling};
pub use quota::MessageCount;
pub use reply::{ItemType, Reply};
pub use restoration::{BadSnapshot, Restoration};
pub use sessions::{DeviceTopic, DeviceTopics};
pub use snapshot::SnapshotRecord;
pub use telemetry::DeviceMessage;
