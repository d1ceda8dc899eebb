//! Judges jobs that have ended, with the records of their devices where those are needed.

use std::collections::BTreeMap;

use super::connect::Connection;
use super::context::Context;
use crate::hub::{DeviceResult, FailureClass, HubError, device_results};
use crate::model::{ObservedJob, OwnJobId, SuccessWhen};
use crate::reconcile::{Tide as _, judge};
use crate::report::{DeviceFailure, DeviceRow, FailureCount, JobVerdict, zone_of};

/// Records on one page of a query, the most that a hub gives.
const RECORDS_PER_QUERY: u64 = 100;
/// How often records that lag behind their job are asked for again.
const RECORD_LOOKS: usize = 6;

/// Judges a job of ours; nothing for the job of others.
///
/// # Errors
/// When the records of its devices cannot be read.
pub(super) async fn judge_job(
    context: &Context,
    connection: &Connection,
    job: &ObservedJob,
) -> Result<Option<JobVerdict>, HubError> {
    let Some(own) = context.own(&job.id) else { return Ok(None) };
    let success_when = context.success_when(&own.name);
    let statistics = job.statistics.unwrap_or_default();
    let needs_records = success_when.method_status.is_some()
        || (statistics.failed_count > 0 && statistics.device_count <= affordable_records(context));
    let records = match needs_records && job.status.is_terminal() {
        true => all_records(connection, job).await?,
        false => Vec::new(),
    };
    let statuses: Vec<_> = records.iter().filter_map(|record| Some(record.answer.as_ref()?.status)).collect();
    Ok(Some(JobVerdict {
        judgement: judge(&job.status, statistics, &success_when, &statuses),
        failures: failures(&records, &success_when),
        zone: context
            .manifests
            .iter()
            .find(|manifest| manifest.name == own.name)
            .and_then(|manifest| zone_of(manifest))
            .cloned(),
        name: own.name,
        occurrence: own.occurrence,
        job: job.clone(),
    }))
}

/// Whether judging a job takes more queries than the hub answers in half a minute.
pub(super) fn is_slow_to_judge(context: &Context, job: &ObservedJob) -> bool {
    let names_statuses = |own: OwnJobId| context.success_when(&own.name).method_status.is_some();
    context.own(&job.id).is_some_and(names_statuses)
        && job.statistics.unwrap_or_default().device_count > affordable_records(context)
}

/// How many records a summary of failures may cost: half of what the hub answers in a minute.
fn affordable_records(context: &Context) -> u64 {
    u64::from(context.environment.hub.size().queries_per_minute()) * RECORDS_PER_QUERY / 2
}

/// The records of all devices of a job. They lag behind its statistics, so they are read again
/// until they are as many.
async fn all_records(connection: &Connection, job: &ObservedJob) -> Result<Vec<DeviceResult>, HubError> {
    let wanted = job.statistics.unwrap_or_default().device_count;
    let mut records = device_results(&connection.hub, &job.id).await?;
    for _ in 1..RECORD_LOOKS {
        if records.iter().filter(|record| record.status.is_final()).count() as u64 >= wanted {
            break;
        }
        connection.tide.pass(std::slice::from_ref(&job.id)).await?;
        records = device_results(&connection.hub, &job.id).await?;
    }
    Ok(records)
}

/// How many devices failed in which way, most first.
pub(super) fn failures(records: &[DeviceResult], success_when: &SuccessWhen) -> Vec<FailureCount> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for class in records.iter().filter_map(|record| failure(record, success_when)) {
        *counts.entry(class_name(class)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().map(|(class, count)| FailureCount { class, count }).collect();
    counts.sort_by_key(|failure| std::cmp::Reverse(failure.count));
    counts
}

/// A record as its manifest judges it.
pub(super) fn device_row(record: DeviceResult, success_when: &SuccessWhen) -> DeviceRow {
    let failure = failure(&record, success_when).map(|class| {
        let (code, description) =
            record.error.as_ref().map(|error| (error.code.clone(), error.description.clone())).unwrap_or_default();
        DeviceFailure { class: class_name(class), code, description }
    });
    let (method_status, payload) = record.answer.map(|answer| (answer.status, answer.payload)).unzip();
    DeviceRow {
        device_id: record.device_id,
        module_id: record.module_id,
        status: record.status.as_str().to_owned(),
        method_status,
        payload,
        failure,
        last_updated: record.last_updated,
    }
}

fn failure(record: &DeviceResult, success_when: &SuccessWhen) -> Option<FailureClass> {
    record.failure(|status| success_when.method_status.as_ref().is_none_or(|good| good.contains(&status)))
}

fn class_name(class: FailureClass) -> String {
    match class {
        FailureClass::Offline => "offline".to_owned(),
        FailureClass::NotStarted => "not-started".to_owned(),
        FailureClass::Timeout => "timeout".to_owned(),
        FailureClass::MethodStatus(status) => format!("method-status-{status}"),
        FailureClass::Throttled => "throttled".to_owned(),
        FailureClass::Invalid => "invalid".to_owned(),
        FailureClass::Unknown => "unknown".to_owned(),
    }
}
