//! Decides what to do about the difference between what manifests want and what the hub shows.
//!
//! Pure, synchronous and deterministic: `now` is a field of the input, and the same input gives the
//! same plan, whatever the order in which manifests and jobs come. Knows no hub client and no file.

mod acknowledgement;
mod adopt;
mod approve;
mod capacity;
mod changes;
mod conflict;
mod decide;
mod departure;
mod devices;
mod drift;
mod effect;
mod explained;
mod finding;
mod input;
mod intent;
mod inventory;
mod late;
mod leaf;
mod overlap;
mod planner;
mod policy;
mod prune;
mod question;
mod renamed;
mod review;
mod reviewed;
mod row;
mod safety;
mod timeline;
mod words;

pub use acknowledgement::{Acknowledgeable, Acknowledgement, InvalidAcknowledgement};
pub use approve::{ApprovedPlan, approve};
pub use changes::FieldChange;
pub use conflict::{Conflict, Writer};
pub use departure::{Departure, DepartureKind, Side, departures};
pub use drift::{
    DeviceDrift, Drift, Held, Holding, JobDrift, JobDriftKind, Unchecked, device_drift, holdings, job_drift,
};
pub use effect::{Change, Current, Effect, Forecast, PathChange, Reach};
pub use finding::{Finding, Level, Rule};
pub use input::{Completeness, PlanInput, Selection};
pub use intent::{Intent, ManifestIntent};
pub use planner::plan;
pub use policy::{CaseOutcome, try_case};
pub use question::{Answer, Answers, Counts, Question, Unasked};
pub use review::{Coming, Configurations, Review, ReviewInput, further_questions, questions, review};
pub use reviewed::{CountTolerance, Reviewed, Slot, Standing};
pub use row::{
    BlockedReason, CancelReason, Create, CreateReason, Deferral, DeferredReason, IdleReason, LaneUse, Lateness, Plan,
    Row, Step, Summary, Window,
};
pub use timeline::{Span, SpanKind, Stretch, Timeline, Wait};
pub use words::grouped;
