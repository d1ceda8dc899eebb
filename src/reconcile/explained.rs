//! What the codes of outcomes mean.

use super::outcome::{Certainty, Settled};
use crate::model::explained;

explained! { pub Settled {
    Self::Done(Certainty::Answered) => "done":
        "The step was carried out as planned."
        | "`hubjobs apply` creates a job, and the hub says so."
        | "Nothing.";
    Self::Done(Certainty::ReadAfterwards) => "confirmed-after-ambiguity":
        "The answer of the hub was lost, and the job was read afterwards: the step was carried out."
        | "The connection breaks just after a job was created."
        | "Nothing.";
    Self::Done(Certainty::AlreadyThere) => "already-done":
        "The job was there before the request: another runner of the same commit was faster."
        | "Two pipelines apply one commit."
        | "Nothing.";
    Self::Deferred => "deferred":
        "Every lane of the hub was taken when the job was to be created. A later run continues."
        | "Somebody else's job took the last lane between plan and creation."
        | "Apply again, or run `hubjobs apply --wait`.";
    Self::TooLate => "too-late":
        "The deadline of the run passed before the job could be created, for example while lanes were taken or the \
         hub throttled. Nothing is created after its deadline."
        | "`startingDeadline` is 1 min, and the hub asks for two minutes of patience."
        | "Give the run a new time, or a longer `startingDeadline`.";
    Self::StartedBeforeCancel => "started-before-cancel":
        "The job had started before it could be cancelled, and a running job cannot be stopped. Its successor was not \
         created."
        | "A manifest is edited and applied in the second in which its job starts."
        | "Plan again: the row is blocked now, and says what to do.";
    Self::PredecessorRemains(_) => "predecessor-remains":
        "Not tried, since a job that had to be cancelled first was not."
        | "The cancellation before it failed."
        | "Mend what kept the cancellation from happening, and apply again.";
    Self::Interrupted => "interrupted":
        "Not tried, since the run was interrupted."
        | "Ctrl-C, or a pipeline that was cancelled."
        | "Apply again; everything is derived anew from the hub.";
    Self::IdCollision => "id-collision":
        "A job with this id does something else. It was not touched."
        | "Two repositories have the same `ownerId`."
        | "Look at it with `hubjobs status ID`, and make a new `ownerId` where it was copied.";
    Self::SlotRace { .. } => "slot-race":
        "Another job of the same run appeared beside the one that was created: two runners of different commits. The \
         one with the greater id gave way."
        | "Two pipelines apply two branches at the same second."
        | "Plan again to see which job is left, and let one pipeline at a time apply.";
    Self::Failed(_) => "failed":
        "The hub refused the step, or could not be reached; what it said stands beside it."
        | "The identity may not write, or the service is out of order."
        | "Mend what the message says, and apply again.";
    Self::Uncertain(_) => "uncertain":
        "It is not known whether the hub carried out the step: the answer was lost, and the job could not be read \
         afterwards."
        | "The network goes away in the middle of an apply."
        | "Apply again: the job is looked up by its id, and created only if it is not there.";
} }
