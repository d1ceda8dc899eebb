//! Lanes against time: which job holds which lane, and which waits for one.

use jiff::Timestamp;

use super::row::Window;

/// The lanes of a hub from now on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// What is shown; nothing when no job is known.
    pub window: Option<Window>,
    /// Lanes of the sku.
    pub lanes: usize,
    /// Jobs in their lanes, by lane and time.
    pub spans: Vec<Span>,
}

/// A job in its lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Lane, from 0; beyond the lanes of the sku when more jobs are there than it has lanes.
    pub lane: usize,
    /// Name of the manifest, or id of a foreign job. The latter is not to be trusted.
    pub label: String,
    /// Whose it is, and whether it exists.
    pub kind: SpanKind,
    /// When it takes the lane: a job that waits for its start holds it from its creation.
    pub from: Timestamp,
    /// When it starts to act on devices.
    pub start: Timestamp,
    /// When it must have ended; nothing when nobody can tell.
    pub until: Option<Timestamp>,
}

/// Whose a job is, and whether it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanKind {
    /// Ours, on the hub.
    Own,
    /// Of others, on the hub.
    Foreign,
    /// Ours, created by this plan.
    Planned,
    /// Ours, waits for a lane.
    Deferred,
}
