//! What the hub answers when it does what was asked.

use serde_json::Value;

use super::effect::SessionId;
use super::sessions::DeviceTopics;

/// An answer. Bodies are the JSON of the wire; the status and the headers follow from the variant.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Done, nothing to say: 204, or an empty acknowledgement of a device.
    Done,
    /// 200 with this body.
    Document {
        /// Body.
        body: Value,
        /// For the `ETag` header, without quotes.
        etag: Option<String>,
    },
    /// 200 with an array, and the headers of a page.
    Page {
        /// For the `x-ms-item-type` header.
        item_type: ItemType,
        /// The array.
        items: Vec<Value>,
        /// For the `x-ms-continuation` header, which the last page must not have. Plain ASCII.
        next: Option<String>,
    },
    /// 200 with `{"status": .., "payload": ..}`: a simulated device answered a method.
    Method {
        /// The device's own status.
        status: i32,
        /// The device's payload.
        payload: Value,
        /// How long the device took, in milliseconds of the hub's time. The answer is complete at
        /// once; a skin whose clock goes at wall speed may hold it back that long.
        latency_ms: u32,
    },
    /// A program that is connected was called; its answer comes as an
    /// [`Effect`](super::Effect::CallEnded).
    Calling {
        /// The call.
        call: u64,
        /// How long to wait, in seconds of the wall clock.
        response_timeout: u64,
    },
    /// A program is connected.
    SessionOpened {
        /// Its connection.
        session: SessionId,
        /// Whether subscriptions of an earlier connection still hold.
        is_present: bool,
        /// Which ones.
        topics: DeviceTopics,
    },
    /// 400 with this body: some of the identities of a bulk call were refused, the others done.
    BulkRefused {
        /// Body.
        body: Value,
    },
    /// 204 with the new version of the reported properties, for the device that sent them.
    Reported {
        /// `$version` of the reported properties.
        version: u64,
    },
}

/// What the items of a page are, with the words of the `x-ms-item-type` header (.NET compares
/// them exactly).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemType {
    /// Whole twins.
    Twin,
    /// One record per job and device.
    DeviceJob,
    /// Jobs.
    JobResponse,
    /// Rows of a projection or an aggregate.
    Raw,
}

impl ItemType {
    /// The word in the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Twin => "Twin",
            Self::DeviceJob => "DeviceJob",
            Self::JobResponse => "JobResponse",
            Self::Raw => "Raw",
        }
    }
}
