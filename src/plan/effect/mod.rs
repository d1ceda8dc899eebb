//! What an action does to the fleet: how many devices, which values, how long, how many messages.

mod act;
mod target;

use std::collections::HashSet;

use serde_json::Value;

pub(super) use act::{Act, acts};
pub(super) use target::Target;

use super::question::Question;
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
    /// What is there now, most devices first; nothing when it was not counted.
    pub from: Option<Vec<Current>>,
    /// Devices whose values are not listed, because there are too many different ones.
    pub unlisted: u64,
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
    /// The least that it takes: devices by the tier's rate of device operations.
    pub duration: Seconds,
    /// When the hub ends it.
    pub limit: Seconds,
    /// Metered messages.
    pub messages: u64,
}

impl Forecast {
    /// Whether the job can be done in its time.
    #[must_use]
    pub const fn fits(&self) -> bool {
        self.duration.get() <= self.limit.get()
    }
}

/// Every device of the hub.
pub(super) fn hub_question() -> Question {
    Question::new("SELECT COUNT() AS n FROM devices")
}

/// What has to be asked to know what acts do to the fleet, the most important first.
pub(super) fn effect_questions(acts: &[Act<'_>]) -> Vec<Question> {
    let targets: Vec<_> = acts.iter().filter_map(|act| Target::of(&act.condition)).collect();
    let reach = targets.iter().map(Target::reach);
    let samples = targets.iter().map(Target::samples);
    once([hub_question()].into_iter().chain(reach).chain(samples))
}

/// Each of them once, where it comes first.
pub(super) fn once(questions: impl IntoIterator<Item = Question>) -> Vec<Question> {
    let mut seen = HashSet::new();
    questions.into_iter().filter(|question| seen.insert(question.as_str().to_owned())).collect()
}
