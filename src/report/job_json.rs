//! Jobs of a hub, for machines.

use serde_json::{Value, json};

use super::FORMAT_VERSION;
use super::job_text::JobRow;
use crate::model::{DeviceJobStatistics, ManifestName, ObservedJob};

/// Jobs as one document.
#[must_use]
pub fn jobs_json(rows: &[JobRow<'_>]) -> Value {
    let jobs: Vec<_> = rows.iter().map(|row| job_json(row.job, row.name.as_ref())).collect();
    json!({"formatVersion": FORMAT_VERSION, "jobs": jobs})
}

/// One job; the name is that of its manifest, if the job is ours.
#[must_use]
pub fn job_json(job: &ObservedJob, name: Option<&ManifestName>) -> Value {
    let time = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string());
    json!({
        "jobId": job.id.as_str(),
        "name": name.map(ManifestName::as_str),
        "status": job.status.as_str(),
        "type": job.kind.map(crate::model::JobKind::wire_name),
        "createdTime": time(job.created),
        "startTime": time(job.start),
        "endTime": time(job.end),
        "deviceJobStatistics": job.statistics.map(statistics_json),
        "failureReason": job.failure_reason,
    })
}

/// With the names of the wire.
pub(super) fn statistics_json(statistics: DeviceJobStatistics) -> Value {
    json!({
        "deviceCount": statistics.device_count,
        "succeededCount": statistics.succeeded_count,
        "failedCount": statistics.failed_count,
        "runningCount": statistics.running_count,
        "pendingCount": statistics.pending_count,
    })
}
