//! What is wrong with a job, as `hubjobs drift` says it.

use crate::model::explained;
use crate::plan::JobDriftKind;

explained! { pub JobDriftKind {
    Self::Missing => "missing":
        "A run is due, or was, and the hub has no job of it."
        | "No apply ran in time."
        | "Run `hubjobs apply`, or give the run a new time.";
    Self::Altered => "altered":
        "A job does something else than its id, or the manifest that adopts it, says."
        | "Somebody created a job with an id of this project."
        | "Look at it with `hubjobs status ID`, and ask who made it.";
    Self::Cancelled => "cancelled":
        "Somebody cancelled the job, and not through git."
        | "`hubjobs cancel NAME`, or the same in the portal."
        | "Set `suspend: true` to say so in git, or raise `spec.generation` to run it after all.";
} }
