//! What became different since a plan was reviewed.

use crate::model::explained;
use crate::plan::DepartureKind;

explained! { pub DepartureKind {
    Self::Added(_) => "manifest-added":
        "A manifest is there that the saved plan does not know."
        | "A pull request was merged between the review and the apply."
        | "Plan again and have the new plan reviewed, or apply the commit that was reviewed.";
    Self::Removed(_) => "manifest-removed":
        "A manifest of the saved plan is gone."
        | "A file was deleted between the review and the apply."
        | "Plan again, or apply the commit that was reviewed.";
    Self::Changed { .. } => "manifest-changed":
        "A field of a manifest differs from the saved plan."
        | "A time or a payload was edited between the review and the apply."
        | "Plan again, or apply the commit that was reviewed.";
    Self::NewCancel(_) => "new-cancel":
        "A job would be cancelled that the saved plan does not cancel."
        | "A second job of the same run appeared on the hub since."
        | "Plan again and look at the cancellation.";
    Self::CancelDone(_) => "cancel-done":
        "A job that was to be cancelled has been, or is over."
        | "Somebody cancelled it by hand."
        | "Nothing; the rest is applied.";
    Self::NewCreate { .. } => "new-create":
        "A job would be created in a place in which the saved plan creates none."
        | "A job was forgotten or deleted on the hub since."
        | "Plan again and look at it.";
    Self::CreateBlocked(_) => "create-blocked":
        "A job was to be created, and now needs a person first."
        | "The job of the same run was cancelled by hand since."
        | "Plan again: the row says what would unblock it.";
    Self::FellDue(_) => "fell-due":
        "What the saved plan left for later is due now, and is applied."
        | "A plan of the afternoon is applied in the evening."
        | "Nothing.";
    Self::NextOccurrence(_) => "next-occurrence":
        "The next run of a reviewed manifest has come near, and is applied."
        | "The plan is applied a day later, and the manifest runs nightly."
        | "Nothing.";
    Self::CreateDone(_) => "create-done":
        "A job that was to be created is there already."
        | "Another run of the pipeline applied the same commit."
        | "Nothing.";
    Self::CreateDeferred(_) => "create-deferred":
        "A job that was to be created has to wait for a lane now."
        | "Somebody else's job took the last lane."
        | "Apply again when a lane is free.";
    Self::CreateNotDue(_) => "create-not-due":
        "The time of a job that was to be created has passed, or has not come; it is not created."
        | "The plan is applied after the deadline of the run."
        | "Give it a new time if it was missed.";
    Self::CountMoved { .. } => "count-moved":
        "A target matches far fewer or more devices than at the review: beyond 10 % and beyond 25 devices."
        | "A tag was renamed on the hub since the review."
        | "Plan again and look at the devices.";
    Self::Uncounted { .. } => "uncounted":
        "The devices were counted for the review, and cannot be counted now."
        | "The hub's budget for queries is spent."
        | "Apply again in a minute.";
    Self::NewlyCounted { .. } => "newly-counted":
        "The devices were not counted for the review, and are now."
        | "The plan was made with `--counts none`."
        | "Nothing; look at the number.";
} }
