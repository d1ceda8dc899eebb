//! What people and machines get to see, from hand-made plans.

use anstream::adapter::strip_str;
use insta::{assert_json_snapshot, assert_snapshot};

use super::samples::{at, full_plan, manifests, name, observed, occurrence, plan_of};
use super::*;
use crate::hub::HubError;
use crate::model::{DstMark, JobId, JobStatus, Percent, SafetyLimits, Zone};
use crate::plan::{Answers, Completeness, Intent, Plan, Review, ReviewInput, Selection, review};
use crate::reconcile::{Action, Certainty, Judgement, Outcome, Settled, Tally, Verdict};

fn plain(text: &str) -> String {
    strip_str(text).to_string()
}

fn upcoming() -> Vec<Upcoming> {
    let start = at("2026-12-01T21:00:00Z");
    let apply_between = (at("2026-12-01T20:00:00Z"), at("2026-12-01T22:00:00Z"));
    let local = "Tue 2026-12-01 22:00 +01:00".to_owned();
    let from = jiff::civil::date(2027, 3, 28).at(2, 30, 0, 0);
    let dst = [None, Some(DstMark::Moved { from }), Some(DstMark::FirstOfTwo)];
    let zone = Zone::new("Europe/Berlin").ok();
    let run = |dst| UpcomingStart { start, local: local.clone(), zone: zone.clone(), dst, apply_between };
    vec![Upcoming { name: name("nightly"), starts: dst.map(run).into() }]
}

/// A plan that breaks every rule about pruning.
fn broken_plan() -> Plan {
    Plan { own_waiting_count: 5, manifest_count: 0, completeness: Completeness::Partial, ..full_plan() }
}

fn review_of(plan: &Plan) -> Review {
    let limits = SafetyLimits::of_cancels(Percent::whole(10));
    review(plan.clone(), &ReviewInput::of_limits(&limits), &Answers::default())
}

fn document_of(plan: &Plan, hub: &str, upcoming: &[Upcoming]) -> PlanDocument {
    let (review, manifests) = (review_of(plan), manifests());
    let intent = Intent::new(plan, hub, &manifests, &Selection::Everything);
    PlanDocument::new(&DocumentSource { review: &review, hub, intent: &intent, manifests: &manifests, upcoming })
}

fn text_of(plan: &Plan, detail: Detail) -> String {
    plain(&plan_text(&document_of(plan, "contoso", &upcoming()), detail, None))
}

#[test]
fn every_reason_in_brief() {
    assert_snapshot!(text_of(&full_plan(), Detail::Brief));
}

#[test]
fn every_reason_in_full() {
    assert_snapshot!(text_of(&full_plan(), Detail::Full));
}

#[test]
fn nothing_to_do() {
    assert_snapshot!(plain(&plan_text(&document_of(&plan_of(Vec::new()), "emulator", &[]), Detail::Brief, None)));
}

#[test]
fn every_reason_for_machines() {
    let document = document_of(&full_plan(), "contoso", &upcoming());
    let json = plan_json(&document);
    assert_json_snapshot!(json);
    assert_eq!(serde_json::from_value::<PlanDocument>(json).unwrap(), document, "nothing is lost on the way");
}

#[test]
fn findings_say_what_would_pass() {
    let findings = document_of(&broken_plan(), "contoso", &[]).findings;
    assert_snapshot!(plain(&findings_text(&findings)));
}

#[test]
fn styles_are_only_styles() {
    let text = plan_text(&document_of(&full_plan(), "contoso", &[]), Detail::Full, None);
    assert!(text.contains('\u{1b}'), "text for a terminal has colours");
    assert!(!plain(&text).chars().any(|c| c.is_control() && c != '\n'), "and nothing else that a terminal obeys");
}

fn outcomes() -> Vec<Outcome> {
    let id = JobId::new("hj1-bldgx7q-lock-doors-t2612010900-u0000-k7m2q4xd");
    let rival = JobId::new("hj1-bldgx7q-lock-doors-t2612010900-u0010-aaaaaaaa");
    let settled = [
        Settled::Done(Certainty::Answered),
        Settled::Done(Certainty::ReadAfterwards),
        Settled::Done(Certainty::AlreadyThere),
        Settled::Deferred,
        Settled::TooLate,
        Settled::StartedBeforeCancel,
        Settled::PredecessorRemains(rival.clone()),
        Settled::Interrupted,
        Settled::IdCollision,
        Settled::SlotRace { cancelled: rival.clone(), confirmed: true },
        Settled::SlotRace { cancelled: rival, confirmed: false },
        Settled::Failed(HubError::Unreachable { cause: "\u{1b}[31mno route".to_owned() }),
        Settled::Uncertain("the connection was reset".to_owned()),
    ];
    let outcome = |settled: Settled| Outcome {
        action: if settled == Settled::StartedBeforeCancel { Action::Cancel } else { Action::Create },
        name: name("lock-doors"),
        occurrence: occurrence("2026-12-01T09:00:00Z"),
        id: id.clone(),
        settled,
    };
    settled.into_iter().map(outcome).collect()
}

#[test]
fn every_outcome() {
    let outcomes = outcomes();
    let lines: String = outcomes.iter().map(outcome_text).collect();
    assert_snapshot!(plain(&format!("{lines}{}", tally_text(&tally(&outcomes)))));
    let values: Vec<_> = outcomes.iter().map(outcome_json).collect();
    assert_json_snapshot!("every_outcome_for_machines", values);
}

fn verdict(verdict: Verdict, status: JobStatus) -> JobVerdict {
    let mut job = observed("lock-doors", status);
    job.failure_reason = Some("The query is not valid: \u{7}".to_owned());
    let judgement = Judgement { verdict, tally: Tally { devices: 200, succeeded: 198, failed: 2 } };
    JobVerdict {
        name: name("lock-doors"),
        occurrence: occurrence("2026-12-01T09:00:00Z"),
        zone: Zone::new("Europe/Berlin").ok(),
        job,
        judgement,
        failures: vec![FailureCount { class: "offline".to_owned(), count: 2 }],
    }
}

#[test]
fn every_verdict() {
    let verdicts = [
        verdict(Verdict::Met, JobStatus::Completed),
        verdict(Verdict::MetWithFailures, JobStatus::Completed),
        verdict(Verdict::NoDevices, JobStatus::Completed),
        verdict(Verdict::TooFewSucceeded, JobStatus::Completed),
        verdict(Verdict::JobFailed, JobStatus::Failed),
        verdict(Verdict::JobCancelled, JobStatus::Cancelled),
        verdict(Verdict::Open, JobStatus::Running),
    ];
    let lines: String = verdicts.iter().map(verdict_text).collect();
    assert_snapshot!(plain(&format!("{lines}{}", verdicts_summary_text(&verdicts))));
    assert_json_snapshot!("a_verdict_for_machines", verdict_json(&verdicts[0]));
}

#[test]
fn jobs_in_columns() {
    let own = observed("lock-doors", JobStatus::Running);
    let mut foreign = observed("x", JobStatus::Other("strange\u{1b}".to_owned()));
    foreign.id = JobId::new("nightly\nimport");
    foreign.statistics = None;
    let rows = [JobRow { name: Some(name("lock-doors")), job: &own }, JobRow { name: None, job: &foreign }];
    assert_snapshot!(jobs_text(&rows));
    assert_json_snapshot!("jobs_for_machines", jobs_json(&rows));
}

fn devices() -> Vec<DeviceRow> {
    let row = |device: &str| DeviceRow {
        device_id: device.to_owned(),
        module_id: None,
        status: "completed".to_owned(),
        method_status: None,
        payload: None,
        failure: None,
        last_updated: Some(at("2026-12-01T09:00:07Z")),
    };
    let failure = |class: &str, description: &str| DeviceFailure {
        class: class.to_owned(),
        code: "DeviceNotOnline".to_owned(),
        description: description.to_owned(),
    };
    vec![
        DeviceRow { method_status: Some(200), payload: Some(serde_json::json!({"locked": true})), ..row("lock-1") },
        DeviceRow {
            failure: Some(failure("offline", "not \u{1b}[1mconnected")),
            status: "failed".to_owned(),
            ..row("lock-2")
        },
        DeviceRow { failure: Some(failure("offline", "")), status: "failed".to_owned(), ..row("lock-3") },
        DeviceRow { module_id: Some("edge".to_owned()), last_updated: None, ..row("lock-4") },
    ]
}

#[test]
fn devices_in_columns() {
    let devices = devices();
    assert_snapshot!(devices_text(&devices));
    assert_snapshot!("devices_as_csv", devices_csv(&devices));
    let failures = [FailureCount { class: "offline".to_owned(), count: 2 }];
    assert_json_snapshot!("devices_for_machines", devices_json(&JobId::new("job"), &devices, &failures));
}

#[test]
fn every_event_is_one_line_with_a_type() {
    let document = document_of(&broken_plan(), "contoso", &[]);
    let (outcomes, verdict) = (outcomes(), verdict(Verdict::Met, JobStatus::Completed));
    let events = [
        Event::Version("0.1.0"),
        Event::Diagnostic(&serde_json::json!({"type": "diagnostic", "code": "unknown-field"})),
        Event::PlannedAction(&document.rows[3]),
        Event::PlanSummary(&document),
        Event::Finding(&document.findings[0]),
        Event::ApplyStart(Action::Create, &outcomes[0].id),
        Event::ApplyComplete(&outcomes[0]),
        Event::JobProgress(&verdict.job),
        Event::JobComplete(&verdict),
        Event::Error { message: "it broke", help: &["mend it".to_owned()] },
        Event::ApplySummary(tally(&outcomes)),
        Event::Summary { exit_code: 6 },
    ];
    let lines: Vec<_> = events.iter().map(Event::to_line).collect();
    assert!(lines.iter().all(|line| line.starts_with("{\"type\":\"") && !line.contains('\n')));
    assert_snapshot!(lines.join("\n"));
}
