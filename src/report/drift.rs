//! Drift, for people and for machines.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde_json::{Value, json};

use super::FORMAT_VERSION;
use super::style::{BLOCKED, DIM, Painted, STRONG};
use super::untrusted::Untrusted;
use super::when::{counted, occurrence, zone_of};
use crate::model::{JobId, Manifest};
use crate::plan::{DeviceDrift, Drift, JobDrift, JobDriftKind, Unchecked};

/// Longest value that is shown.
const VALUE_LEN_MAX: usize = 60;

/// What is not as it should be, a line each, and a line that sums up.
#[must_use]
pub fn drift_text(drift: &Drift, manifests: &[Arc<Manifest>]) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = write(&mut text, drift, manifests);
    text
}

fn write(out: &mut String, drift: &Drift, manifests: &[Arc<Manifest>]) -> fmt::Result {
    for job in &drift.jobs {
        let manifest = manifests.iter().find(|manifest| manifest.name == job.name);
        let when = occurrence(job.occurrence, manifest.and_then(|manifest| zone_of(manifest)));
        let (kind, words) = (job.kind.as_str(), job_words(job.kind));
        writeln!(out, "  {} {}  {when}  {kind}: {words}", Painted(BLOCKED, '!'), job.name)?;
        if let Some(id) = &job.id {
            writeln!(out, "      {} {}", Painted(DIM, "job"), Painted(DIM, Untrusted::new(id.as_str())))?;
        }
    }
    for device in drift.devices.iter().flatten().filter(|device| device.is_found() || device.outcome.is_err()) {
        let mark = if device.is_found() { Painted(BLOCKED, '!') } else { Painted(DIM, '?') };
        writeln!(out, "  {mark} {}  {}: {}", device.name, Untrusted::new(&device.path), device_words(device))?;
        writeln!(out, "      {} {}", Painted(DIM, "job"), Painted(DIM, Untrusted::new(device.job.as_str())))?;
        if let Some(samples) = device.outcome.as_ref().ok().map(|held| &held.samples).filter(|ids| !ids.is_empty()) {
            let ids: Vec<_> = samples.iter().map(|id| Untrusted::new(id).to_string()).collect();
            writeln!(out, "      {} {}", Painted(DIM, "such as"), ids.join(", "))?;
        }
    }
    if !out.is_empty() {
        writeln!(out)?;
    }
    writeln!(out, "{}", Painted(STRONG, summary(drift)))
}

fn summary(drift: &Drift) -> String {
    let jobs = counted(drift.jobs.len(), "job");
    let Some(devices) = &drift.devices else {
        return format!("Drift: {jobs} not as planned; no device was counted.");
    };
    let lost = devices.iter().filter(|device| device.is_found()).count();
    let held = devices.iter().filter(|device| device.outcome.is_ok()).count() - lost;
    let unchecked = devices.len() - lost - held;
    let unchecked = if unchecked > 0 { format!(", {unchecked} not checked") } else { String::new() };
    format!("Drift: {jobs} not as planned; {} lost on devices, {held} held{unchecked}.", counted(lost, "value"))
}

const fn job_words(kind: JobDriftKind) -> &'static str {
    match kind {
        JobDriftKind::Missing => "the hub has no job of this run",
        JobDriftKind::Altered => "its job does something else than its id, or its manifest, says",
        JobDriftKind::Cancelled => "its job was cancelled, perhaps by hand",
    }
}

fn device_words(device: &DeviceDrift) -> String {
    let wanted = match &device.wanted {
        None => "its deletion".to_owned(),
        Some(value) => Untrusted::new(&value.to_string()).cut(VALUE_LEN_MAX).to_string(),
    };
    match &device.outcome {
        Ok(held) => {
            let failed = match device.failed {
                0 => String::new(),
                failed => format!("; {failed} failed when the job ran"),
            };
            match device.wanted {
                None => format!("{} of {} devices have it again{failed}", held.lost, held.of),
                Some(_) => format!("{} of {} devices do not have {wanted}{failed}", held.lost, held.of),
            }
        }
        Err(why) => format!("not checked for {wanted}: {}", unchecked_words(why)),
    }
}

fn unchecked_words(why: &Unchecked) -> String {
    match why {
        Unchecked::Superseded(job) => {
            format!("{} wrote it later", Untrusted::new(job.as_str()))
        }
        Unchecked::ConditionChanged => "the job changed what its own condition selects by".to_owned(),
        Unchecked::NoQuery => "no query compares objects and lists".to_owned(),
        Unchecked::Unanswered => "the hub did not answer, or its queries were spent".to_owned(),
    }
}

/// All of it as one document.
#[must_use]
pub fn drift_json(drift: &Drift) -> Value {
    json!({
        "formatVersion": FORMAT_VERSION,
        "isFound": drift.is_found(),
        "jobs": drift.jobs.iter().map(job_json).collect::<Vec<_>>(),
        "devices": drift.devices.as_ref().map(|devices| devices.iter().map(device_json).collect::<Vec<_>>()),
    })
}

fn job_json(job: &JobDrift) -> Value {
    json!({
        "name": job.name.as_str(),
        "start": job.occurrence.start().to_string(),
        "generation": job.generation,
        "jobId": job.id.as_ref().map(JobId::as_str),
        "kind": job.kind.as_str(),
        "message": job_words(job.kind),
    })
}

/// `isDeleted` tells a value of null, which none has, from one that was deleted.
fn device_json(device: &DeviceDrift) -> Value {
    let (state, held) = match &device.outcome {
        Ok(held) if held.lost > 0 => ("lost", Some(held)),
        Ok(held) => ("held", Some(held)),
        Err(_) => ("not-checked", None),
    };
    json!({
        "name": device.name.as_str(),
        "jobId": device.job.as_str(),
        "path": device.path,
        "value": device.wanted,
        "isDeleted": device.wanted.is_none(),
        "state": state,
        "lost": held.map(|held| held.lost),
        "devices": held.map(|held| held.of),
        "failed": device.failed,
        "samples": held.map(|held| held.samples.clone()).unwrap_or_default(),
        "reason": device.outcome.as_ref().err().map(unchecked_words),
    })
}
