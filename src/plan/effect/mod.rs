//! What an action does to the fleet: how many devices, which values, how long, how many messages.
//!
//! [`effect_questions`] says what has to be asked, [`effects`] reads the answers. Both go by the text
//! of the questions, so that what is asked is what is read.

mod absent;
mod act;
mod forecast;
mod reading;
mod rules;
mod target;

use serde_json::Value;

pub(super) use absent::{absent_in_words, path_questions};
pub(super) use act::{Act, acts, coming};
pub(super) use reading::{effect_questions, effects, hub_devices, matched, once};
pub(super) use rules::{Outlook, effect_findings, messages};
pub(super) use target::Target;

use crate::model::{MethodName, Seconds, TargetCondition};

/// What one row of a plan does to the fleet.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Which devices.
    pub condition: TargetCondition,
    /// How many, as the hub counts them now; nothing when they were not counted.
    pub reach: Option<Reach>,
    /// What is done to each.
    pub change: Change,
    /// How long it takes; nothing when the devices were not counted.
    pub forecast: Option<Forecast>,
}

/// The devices that a condition selects now. The job selects anew when it starts, from an index that
/// may lag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Devices that match.
    pub matched: u64,
    /// Those of them that are connected.
    pub connected: Option<u64>,
    /// A few ids, sorted. Text of the hub, not to be trusted.
    pub samples: Vec<String>,
}

/// What is done to each device.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A direct method is called.
    Method {
        /// Its name.
        name: MethodName,
        /// What it gets.
        payload: Value,
    },
    /// Values of the twin are written, by path.
    Twin(Vec<PathChange>),
}

/// One value that a twin job writes.
#[derive(Debug, Clone, PartialEq)]
pub struct PathChange {
    /// Path in the twin patch of the manifest, such as `tags.building` or `desired.telemetry.interval`.
    pub path: String,
    /// What is written; nothing deletes.
    pub to: Option<Value>,
    /// What is there now, most devices first; nothing when it was not counted, or cannot be: the hub
    /// groups by no objects and no lists.
    pub from: Option<Vec<Current>>,
    /// Devices whose values are not listed, because there are too many different ones.
    pub unlisted: u64,
    /// Devices that have an object or a list there. Where the hub was not asked for them, they count
    /// as unset.
    pub compound: u64,
}

/// A value that some devices have now.
#[derive(Debug, Clone, PartialEq)]
pub struct Current {
    /// The value; nothing where the path is unset. Text of the hub, not to be trusted.
    pub value: Option<Value>,
    /// How many devices have it.
    pub devices: u64,
}

/// How long a job takes, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// The least that it takes: devices by the tier's rate of device operations, with the hub to
    /// itself. Devices that are not connected are not called, and count for no method.
    pub duration: Seconds,
    /// When the hub ends it.
    pub limit: Seconds,
    /// About how many messages of the daily quota it takes ("Azure IoT Hub pricing": each operation
    /// of a job counts like the single one).
    pub messages: u64,
}

impl Forecast {
    /// Whether the job can be done in its time.
    #[must_use]
    pub const fn fits(&self) -> bool {
        self.duration.get() <= self.limit.get()
    }
}
