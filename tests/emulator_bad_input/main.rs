//! What nobody should send: an emulator in a process of its own answers with an error or closes the
//! connection, goes on serving others, and does not grow.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

// The first to begin, for it takes half a minute in which it sleeps.
mod byte_a_second;
mod crowds;
#[path = "../mqtt/device.rs"]
#[allow(dead_code, reason = "the tests of the device endpoint use the rest")]
mod device;
mod http;
mod hub;
#[path = "../local_hub/mod.rs"]
mod local_hub;
mod mqtt;
mod websocket;
#[path = "../mqtt/wire.rs"]
#[allow(dead_code, reason = "the tests of the device endpoint use the rest")]
mod wire;
