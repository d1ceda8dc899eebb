//! The device endpoint: what devices say over MQTT, what they hear, and what becomes of it.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod codec;
mod codec_peer;
mod device;
mod hub;
#[path = "../local_hub/mod.rs"]
mod local_hub;
mod offences;
mod other_doors;
mod served;
mod wire;
