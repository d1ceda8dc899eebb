//! Writers that get in each other's way: two that write one path of one device at one time.

/// Two writers of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Path in the twin, such as `tags.building` or `desired.telemetry.interval`.
    pub path: String,
    /// The row of the plan that writes it.
    pub row: usize,
    /// Who else does.
    pub other: Writer,
    /// Devices that both reach; nothing when they were not counted.
    pub devices: Option<u64>,
    /// Whether both write the same.
    pub is_redundant: bool,
}

/// Somebody who writes twins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writer {
    /// Another row of the plan.
    Row(usize),
    /// An occurrence to come of a manifest, by its name.
    Occurrence(String),
    /// A job of others, by its id. Not to be trusted.
    Foreign(String),
    /// An automatic configuration, by its id. Not to be trusted.
    Configuration(String),
}
