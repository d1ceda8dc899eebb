//! What the hub has to say to devices that are really connected. Effects are no part of the hub: a
//! replay makes them again and nobody hears them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hub::HubState;

/// A connection of a device or module; every connection has another number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub(super) u64);

/// Something to be done outside of the hub, once what caused it is on disk.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Call a method of the device at the other end of the session.
    CallMethod {
        /// Where to.
        session: SessionId,
        /// The call, which the answer must name.
        call: u64,
        /// The method.
        name: Arc<str>,
        /// JSON, or nothing when the caller gave none.
        payload: Option<Arc<str>>,
        /// How long the device has, in seconds of the wall clock.
        response_timeout: u64,
    },
    /// Tell the device that its desired properties changed.
    DesiredChanged {
        /// Where to.
        session: SessionId,
        /// The new `$version`.
        version: u64,
        /// The patch with its `$version`, as JSON.
        patch: Arc<str>,
    },
    /// Close the connection.
    Drop {
        /// Which one. The hub has forgotten it.
        session: SessionId,
        /// Why.
        reason: DropReason,
    },
    /// A call is over: answered, or given up.
    CallEnded {
        /// Which one.
        call: u64,
        /// Status and payload, if it was a direct call and the device answered.
        answer: Option<(i32, Value)>,
    },
}

/// Why the hub closes a connection that did nothing wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// The same device connected once more.
    Replaced,
    /// The device was disabled.
    Disabled,
    /// The device or module was deleted.
    Deleted,
}

impl DropReason {
    /// The reason in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replaced => "the same device connected once more",
            Self::Disabled => "the device was disabled",
            Self::Deleted => "the device was deleted",
        }
    }
}

impl HubState {
    /// How many effects [`Self::take_effects`] would give.
    #[must_use]
    pub const fn effect_count(&self) -> usize {
        self.effects.len()
    }

    /// What is to be done since the last time this was asked, in order.
    #[must_use]
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }
}
