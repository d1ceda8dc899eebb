//! Jobs of a hub as a table.

use super::table::{number, table, text};
use super::untrusted::Untrusted;
use super::when::utc;
use crate::model::{ManifestName, ObservedJob};

/// A job of the hub, own or foreign.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow<'a> {
    /// Its manifest, if the job is ours.
    pub name: Option<ManifestName>,
    /// The job.
    pub job: &'a ObservedJob,
}

/// A line for each job.
#[must_use]
pub fn jobs_text(rows: &[JobRow<'_>]) -> String {
    let columns = [
        text("NAME"),
        text("STATUS"),
        text("START"),
        number("DEVICES"),
        number("SUCCEEDED"),
        number("FAILED"),
        text("JOB"),
    ];
    table(&columns, rows.iter().map(cells))
}

fn cells(row: &JobRow<'_>) -> Vec<String> {
    let job = row.job;
    let count = |count: fn(&crate::model::DeviceJobStatistics) -> u64| {
        job.statistics.as_ref().map_or_else(|| "-".to_owned(), |statistics| count(statistics).to_string())
    };
    vec![
        row.name.as_ref().map_or_else(|| "(foreign)".to_owned(), ToString::to_string),
        Untrusted::new(job.status.as_str()).cut(20).to_string(),
        job.start.or(job.created).map_or_else(|| "-".to_owned(), utc),
        count(|statistics| statistics.device_count),
        count(|statistics| statistics.succeeded_count),
        count(|statistics| statistics.failed_count),
        Untrusted::new(job.id.as_str()).to_string(),
    ]
}
