//! Decides what to do about the difference between what manifests want and what the hub shows.
//!
//! Pure, synchronous and deterministic: `now` is a field of the input, and the same input gives the
//! same plan, whatever the order in which manifests and jobs come. Knows no hub client and no file.

mod approve;
mod capacity;
mod changes;
mod decide;
mod input;
mod inventory;
mod late;
mod overlap;
mod planner;
mod prune;
mod row;

pub use approve::{ApprovedPlan, Refusal, UnsafePlan, approve, refusals};
pub use changes::FieldChange;
pub use input::{Completeness, PlanInput, Selection};
pub use planner::plan;
pub use row::{
    BlockedReason, CancelReason, Create, CreateReason, Deferral, DeferredReason, IdleReason, LaneUse, Lateness, Plan,
    Row, Step, Summary, Window,
};
