//! Why connections of devices are closed.

use super::packet::BadPacket;
use crate::emulator::state::{DropReason, HubFault};

/// Why a connection is closed. MQTT 3.1.1 cannot tell the device; the log does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closing {
    /// The device said that it leaves.
    #[error("it left")]
    Left,
    /// The device hung up.
    #[error("it hung up")]
    HungUp,
    /// Bytes that are no packet.
    #[error(transparent)]
    BadPacket(#[from] BadPacket),
    /// Another packet came before CONNECT.
    #[error("its first packet was no CONNECT")]
    NoConnect,
    /// A second CONNECT.
    #[error("it sent a second CONNECT")]
    SecondConnect,
    /// Another version of MQTT.
    #[error("it speaks protocol level {0}, not 4")]
    OtherLevel(u8),
    /// A client id that no device can have.
    #[error("its client id is not `device` or `device/module`")]
    BadClientId,
    /// User name, password or will that no device has.
    #[error(
        "its user name is not `host/client id/?api-version=..`, its password no text, or its will to another's topic"
    )]
    BadConnect,
    /// It did not prove who it is.
    #[error("it is not authorized")]
    NotAuthorized,
    /// A message with QoS 2.
    #[error("it sent a message with QoS 2")]
    Qos2,
    /// A message to a topic that is none.
    #[error("it may not publish to `{}`", .0.escape_debug())]
    IllegalTopic(String),
    /// A subscription that is none.
    #[error("it may not subscribe to `{}`", .0.escape_debug())]
    IllegalFilter(String),
    /// The hub refused what it did.
    #[error("the hub refused: {}", .0.text)]
    Refused(HubFault),
    /// It was silent for too long.
    #[error("it was silent for too long")]
    Silent,
    /// It does not read what it is sent.
    #[error("it does not read what it is sent")]
    SlowReader,
    /// Its token expired.
    #[error("its token expired")]
    Expired,
    /// The hub closes it.
    #[error("{}", .0.as_str())]
    Dropped(DropReason),
    /// The emulator ends.
    #[error("the emulator ends")]
    Stopped,
    /// A packet went in while the hub had something to answer: a fault of the caller.
    #[error("the emulator did not keep its turn")]
    OutOfTurn,
}

impl Closing {
    /// Whether the connection ended as it should, so that its will is not sent.
    #[must_use]
    pub const fn is_orderly(&self) -> bool {
        matches!(self, Self::Left | Self::Stopped)
    }
}
