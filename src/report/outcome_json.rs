//! What became of a step, for machines.

use serde_json::{Value, json};

use super::document::occurrence_part;
use super::plan_json::value_of;
use crate::reconcile::{Action, Outcome, Ruling, Settled};

/// One outcome.
#[must_use]
pub fn outcome_json(outcome: &Outcome) -> Value {
    let mut value = json!({
        "action": action_code(outcome.action),
        "name": outcome.name.as_str(),
        "occurrence": value_of(&occurrence_part(outcome.occurrence)),
        "jobId": outcome.id.as_str(),
        "settled": outcome.settled.as_str(),
        "ruling": ruling_code(outcome.settled.ruling()),
    });
    match &outcome.settled {
        Settled::PredecessorRemains(id) => value["waitsFor"] = json!(id.as_str()),
        Settled::SlotRace { cancelled, confirmed } => {
            value["cancelled"] = json!(cancelled.as_str());
            value["confirmed"] = json!(confirmed);
        }
        Settled::Failed(error) => value["cause"] = json!(error.to_string()),
        Settled::Uncertain(doubt) => value["cause"] = json!(doubt),
        Settled::Done(_)
        | Settled::Deferred
        | Settled::TooLate
        | Settled::StartedBeforeCancel
        | Settled::Interrupted
        | Settled::IdCollision => {}
    }
    value
}

pub(super) const fn action_code(action: Action) -> &'static str {
    match action {
        Action::Cancel => "cancel",
        Action::Create => "create",
    }
}

const fn ruling_code(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Fine => "fine",
        Ruling::NotDone => "not-done",
        Ruling::Failed => "failed",
        Ruling::Interrupted => "interrupted",
        Ruling::Uncertain => "uncertain",
    }
}
