//! A plan for machines.

use serde_json::Value;

use super::document::PlanDocument;

/// The whole plan as one document.
#[must_use]
pub fn plan_json(document: &PlanDocument) -> Value {
    value_of(document)
}

/// Any part of a document as JSON.
pub(super) fn value_of(part: &impl serde::Serialize) -> Value {
    serde_json::to_value(part).expect("its maps have texts as keys, and its numbers are finite")
}
