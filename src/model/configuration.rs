//! Automatic device configurations as the hub shows them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// An automatic device configuration: desired properties that the hub itself writes, again and
/// again, to every device that meets a condition. All its texts are those of others, not to be
/// trusted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObservedConfiguration {
    /// Unique on the hub.
    pub id: String,
    /// Of two that write the same, the greater one wins.
    pub priority: i64,
    /// In the form of a job's condition; empty targets nobody.
    pub target_condition: String,
    /// For people.
    pub labels: BTreeMap<String, String>,
    /// What it writes to devices, as a patch of their desired properties. Empty for configurations of
    /// modules and for IoT Edge deployments, which write no twin that a job writes.
    pub desired: Map<String, Value>,
}
