//! How a job that was waited for has ended.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::job_json::job_json;
use super::style::{BLOCKED, CREATE, DIM, Painted, STRONG, WARNING};
use super::untrusted::Untrusted;
use super::when::occurrence;
use crate::model::{JobStatus, ManifestName, ObservedJob, OccurrenceKey, Zone};
use crate::reconcile::{Judgement, Verdict};

/// A job, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct JobVerdict {
    /// Manifest.
    pub name: ManifestName,
    /// Which of its runs.
    pub occurrence: OccurrenceKey,
    /// Zone of the manifest.
    pub zone: Option<Zone>,
    /// The job as it was seen last.
    pub job: ObservedJob,
    /// Whether it did what its manifest asked for.
    pub judgement: Judgement,
    /// Failed devices by kind of failure, most first; empty when nobody looked.
    pub failures: Vec<FailureCount>,
}

/// How many devices failed in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCount {
    /// Kind of failure.
    pub class: String,
    /// Devices.
    pub count: usize,
}

/// A line with the counts and the verdict, and a line for each kind of failure.
#[must_use]
pub fn verdict_text(verdict: &JobVerdict) -> String {
    let JobVerdict { name, occurrence: run, zone, job, judgement, failures } = verdict;
    let mark = match judgement.verdict {
        Verdict::Met => Painted(CREATE, '✓'),
        Verdict::MetWithFailures | Verdict::NoDevices | Verdict::Open => Painted(WARNING, '!'),
        Verdict::TooFewSucceeded | Verdict::JobFailed | Verdict::JobCancelled => Painted(BLOCKED, '✗'),
    };
    let when = occurrence(*run, zone.as_ref());
    // Writing into a string cannot fail.
    let mut text = format!("  {mark} {name}  {when}  {}\n", words(&job.status, *judgement));
    for FailureCount { class, count } in failures {
        let _ = writeln!(text, "      {count} {}", Untrusted::new(class));
    }
    if let Some(reason) = job.failure_reason.as_deref().filter(|_| judgement.verdict == Verdict::JobFailed) {
        let _ = writeln!(text, "      the hub says: {}", Untrusted::new(reason));
    }
    let _ = writeln!(text, "      {} {}", Painted(DIM, "job"), Painted(DIM, &job.id));
    text
}

fn words(status: &JobStatus, judgement: Judgement) -> String {
    let tally = judgement.tally;
    let counts = format!("{} of {} devices succeeded, {} failed", tally.succeeded, tally.devices, tally.failed);
    match judgement.verdict {
        Verdict::Met => counts,
        Verdict::MetWithFailures => format!("{counts}; accepted, since the manifest sets no `minSucceededPercent`"),
        Verdict::NoDevices => "completed, but its target selected no device".to_owned(),
        Verdict::TooFewSucceeded => format!("{counts}; fewer than `successWhen` asks for"),
        Verdict::JobFailed => format!("the job failed as a whole; {counts}"),
        Verdict::JobCancelled => "the job was cancelled".to_owned(),
        Verdict::Open => format!("still {}; {counts} so far", Untrusted::new(status.as_str())),
    }
}

/// `Jobs: 2 succeeded, 1 with failed devices, 0 failed.`
#[must_use]
pub fn verdicts_summary_text(verdicts: &[JobVerdict]) -> String {
    let count = |is: fn(Verdict) -> bool| verdicts.iter().filter(|verdict| is(verdict.judgement.verdict)).count();
    let mut text = format!("Jobs: {} succeeded", count(|verdict| verdict == Verdict::Met));
    for (count, words) in [
        (count(|verdict| verdict == Verdict::MetWithFailures), "with failed devices"),
        (count(|verdict| verdict == Verdict::NoDevices), "without devices"),
        (count(|verdict| verdict == Verdict::Open), "not over"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {words}"); // a string takes everything
        }
    }
    Painted(STRONG, format!("{text}, {} failed.", count(Verdict::is_failure))).to_string()
}

/// A verdict for machines.
#[must_use]
pub fn verdict_json(verdict: &JobVerdict) -> Value {
    let tally = verdict.judgement.tally;
    let failures: Vec<_> =
        verdict.failures.iter().map(|failure| json!({"class": failure.class, "count": failure.count})).collect();
    json!({
        "job": job_json(&verdict.job, Some(&verdict.name)),
        "verdict": verdict_code(verdict.judgement.verdict),
        "devices": tally.devices,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "failures": failures,
    })
}

const fn verdict_code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::NoDevices => "no-devices",
        Verdict::MetWithFailures => "met-with-failures",
        Verdict::TooFewSucceeded => "too-few-succeeded",
        Verdict::JobFailed => "job-failed",
        Verdict::JobCancelled => "job-cancelled",
        Verdict::Open => "open",
    }
}
