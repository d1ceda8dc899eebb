//! What a person can do about a blocked row, now.

use jiff::Timestamp;

use super::untrusted::Untrusted;
use crate::model::{Asap, Digit, JobId, Manifest, Schedule};
use crate::plan::{BlockedReason, Row};

/// What would unblock a row at this moment.
pub(super) fn advice(row: &Row, reason: BlockedReason, manifest: Option<&Manifest>, now: Timestamp) -> String {
    let place = match &row.source {
        Some(source) => Untrusted::new(&source.to_string()).to_string(),
        None => format!("the manifest of `{}`", row.name),
    };
    if reason == BlockedReason::NotAfterTooFar {
        let latest = now.checked_add(Asap::WINDOW_MAX.to_signed()).unwrap_or(Timestamp::MAX);
        return format!("set `schedule.asap.notAfter` to `{latest:.0}` or earlier in {place}");
    }
    let adopted = manifest.and_then(|manifest| manifest.adopt.as_ref());
    if let Some(advice) = adopted.and_then(|adopted| of_adoption(reason, adopted, &place)) {
        return advice;
    }
    let is_past = manifest.is_some_and(|manifest| now > deadline(manifest, row));
    let raised = row.generation + 1;
    if is_past || Digit::new(raised).is_none() {
        let why = if is_past { "the deadline of this one has passed" } else { "`spec.generation` ends here" };
        return format!("{} in {place}; {why}", new_time(manifest, raised));
    }
    let raise = format!("raise `spec.generation` to {raised} in {place} to run it again");
    match reason {
        BlockedReason::RunningCannotBeReplaced => format!("undo the change, or {raise} once this job has ended"),
        BlockedReason::ChangedAfterRun => format!("{raise}, or undo the change"),
        BlockedReason::AsapAlreadyUsed => format!("{raise}, or set `notAfter` back"),
        BlockedReason::CancelledSlot
        | BlockedReason::NotAfterTooFar
        | BlockedReason::UnitExhausted
        | BlockedReason::IdCollision
        | BlockedReason::AdoptedDiffers
        | BlockedReason::AdoptedUnknown
        | BlockedReason::AdoptedSuspended => raise,
    }
}

/// What to do about an adopted job, which hubjobs neither cancels nor replaces.
fn of_adoption(reason: BlockedReason, adopted: &JobId, place: &str) -> Option<String> {
    let adopted = Untrusted::new(adopted.as_str());
    match reason {
        BlockedReason::AdoptedDiffers => Some(format!(
            "make {place} say what the job does (`hubjobs import {adopted}` prints it), or cancel the job with the \
             tool that created it and remove `spec.adopt`"
        )),
        BlockedReason::AdoptedUnknown => Some(format!(
            "correct `spec.adopt` in {place} (`hubjobs status --all` lists the jobs), or remove it to have a job created"
        )),
        BlockedReason::AdoptedSuspended => {
            Some(format!("cancel it with the tool that created it, or set `suspend: false` in {place}"))
        }
        _ => None,
    }
}

/// The latest instant at which the slot may still be filled.
fn deadline(manifest: &Manifest, row: &Row) -> Timestamp {
    let after = match &manifest.schedule {
        Schedule::At(at) => at.starting_deadline,
        Schedule::Cron(cron) => cron.starting_deadline,
        Schedule::Asap(asap) => return asap.not_after,
    };
    row.occurrence.start().checked_add(after.to_signed()).unwrap_or(Timestamp::MAX)
}

/// How to get another slot. A new `notAfter` alone is none while the hub knows the job of the old.
fn new_time(manifest: Option<&Manifest>, raised: u8) -> String {
    match manifest.map(|manifest| &manifest.schedule) {
        Some(Schedule::Asap(_)) if Digit::new(raised).is_none() => "copy it under a new `metadata.name`".to_owned(),
        Some(Schedule::Asap(_)) => {
            format!("set a new `schedule.asap.notAfter`, and raise `spec.generation` to {raised},")
        }
        Some(Schedule::Cron(_)) => "wait for the next run, or change `schedule.cron`".to_owned(),
        Some(Schedule::At(_)) | None => "set a new `schedule.at`".to_owned(),
    }
}
