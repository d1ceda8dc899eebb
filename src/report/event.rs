//! The stream of a run: one JSON document a line, each with a `type`.

use serde_json::{Value, json};

use super::FORMAT_VERSION;
use super::document::{FindingPart, PlanDocument, RowPart};
use super::job_json::job_json;
use super::outcome_json::{action_code, outcome_json};
use super::outcome_text::OutcomeTally;
use super::plan_json::value_of;
use super::untrusted::json_line;
use super::verdict::{JobVerdict, verdict_json};
use crate::model::{JobId, ObservedJob};
use crate::plan::Departure;
use crate::reconcile::{Action, Outcome};

/// One line of the stream.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The first line: the form of those to come, and the version of the program.
    Version(&'a str),
    /// A finding about the manifests, which is a line as it is.
    Diagnostic(&'a Value),
    /// A row of the plan that is not idle.
    PlannedAction(&'a RowPart),
    /// The end of the plan.
    PlanSummary(&'a PlanDocument),
    /// A rule that the plan breaks or touches.
    Finding(&'a FindingPart),
    /// Something that became different since the plan was saved.
    Departure(&'a Departure),
    /// A call is about to be made.
    ApplyStart(Action, &'a JobId),
    /// A step is settled.
    ApplyComplete(&'a Outcome),
    /// A job that is waited for was read.
    JobProgress(&'a ObservedJob),
    /// A job that was waited for has ended, or the wait has.
    JobComplete(&'a JobVerdict),
    /// A failure of the run as a whole.
    Error {
        /// In words.
        message: &'a str,
        /// What to do about it.
        help: &'a [String],
    },
    /// The end of an apply, before any waiting.
    ApplySummary(OutcomeTally),
    /// The work with one of several hubs has ended.
    HubSummary {
        /// How the process would end, were it the only one.
        exit_code: u8,
    },
    /// The last line: how the process ends.
    Summary {
        /// Its exit code.
        exit_code: u8,
    },
}

impl Event<'_> {
    /// Its line, without the line break.
    #[must_use]
    pub fn to_line(&self) -> String {
        json_line(&self.to_value())
    }

    /// The same, with the name of the hub that it is about, if the run is over several.
    #[must_use]
    pub fn to_line_on(&self, hub_name: Option<&str>) -> String {
        let mut value = self.to_value();
        if let (Some(name), Value::Object(members)) = (hub_name, &mut value) {
            members.insert("hubName".to_owned(), name.into());
        }
        json_line(&value)
    }

    fn to_value(self) -> Value {
        match self {
            Self::Version(version) => json!({"type": "version", "formatVersion": FORMAT_VERSION, "hubjobs": version}),
            Self::Diagnostic(diagnostic) => diagnostic.clone(),
            Self::PlannedAction(row) => json!({"type": "planned_action", "row": value_of(row)}),
            Self::PlanSummary(document) => plan_summary(document),
            Self::Finding(finding) => json!({"type": "finding", "finding": value_of(finding)}),
            Self::Departure(departure) => departure_json(departure),
            Self::ApplyStart(action, id) => {
                json!({"type": "apply_start", "action": action_code(action), "jobId": id.as_str()})
            }
            Self::ApplyComplete(outcome) => json!({"type": "apply_complete", "outcome": outcome_json(outcome)}),
            Self::JobProgress(job) => json!({"type": "job_progress", "job": job_json(job, name(job).as_ref())}),
            Self::JobComplete(verdict) => json!({"type": "job_complete", "result": verdict_json(verdict)}),
            Self::Error { message, help } => json!({"type": "error", "message": message, "help": help}),
            Self::ApplySummary(tally) => json!({"type": "apply_summary", "outcomes": tally_json(tally)}),
            Self::HubSummary { exit_code } => json!({"type": "hub_summary", "exitCode": exit_code}),
            Self::Summary { exit_code } => json!({"type": "summary", "exitCode": exit_code}),
        }
    }
}

fn departure_json(departure: &Departure) -> Value {
    let Departure { side, kind } = departure;
    let (side, code, refused) = (side.as_str(), kind.code(), kind.is_refused());
    json!({"type": "departure", "side": side, "code": code, "refused": refused, "message": kind.to_string()})
}

fn name(job: &ObservedJob) -> Option<crate::model::ManifestName> {
    job.id.own().map(|own| own.name)
}

fn plan_summary(document: &PlanDocument) -> Value {
    json!({
        "type": "plan_summary",
        "environment": document.environment,
        "owner": document.owner,
        "hub": document.hub.name,
        "digest": document.digest,
        "now": document.now.to_string(),
        "summary": value_of(&document.summary),
        "upcoming": value_of(&document.upcoming),
    })
}

fn tally_json(tally: OutcomeTally) -> Value {
    json!({
        "created": tally.created,
        "cancelled": tally.cancelled,
        "deferred": tally.deferred,
        "notDone": tally.not_done,
        "failed": tally.failed,
        "interrupted": tally.interrupted,
        "uncertain": tally.uncertain,
    })
}
