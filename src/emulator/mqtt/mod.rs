//! The device endpoint: MQTT 3.1.1 as IoT Hub speaks it. [`Session`] is pure and has the rules of the
//! protocol; the rules of the hub are in its state machine.

mod answer;
mod client;
mod closing;
mod connection;
mod login;
mod packet;
pub mod rules;
mod session;
mod topics;
mod websocket;

pub use client::ClientId;
pub use closing::Closing;
pub(super) use connection::speak_mqtt;
pub use login::Login;
pub use packet::{BadPacket, Connect, Packet, Publish, packet_len};
pub use session::{Ask, Session};
pub(super) use websocket::{PATH as WEBSOCKET_PATH, upgrade};
