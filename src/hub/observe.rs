//! Reading everything, page by page: all jobs of a hub, all device results of a job.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::client::{Continuation, HubClient, HubError, JobFilter, Page};
use super::device_result::DeviceResult;
use crate::model::{JobId, ObservedJob};

/// More pages than the greatest hub can need: a million devices at a hundred a page, ten times over.
const PAGE_COUNT_MAX: usize = 100_000;

/// All that a hub showed of its jobs, of all owners.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Every job once, by id.
    pub jobs: Vec<ObservedJob>,
    /// The hub's clock when it served the last page, to the second.
    pub hub_time: Option<Timestamp>,
}

/// Reads every job of the hub. Nothing is filtered: foreign jobs matter for capacity. The list is
/// not a snapshot; a job that moved while the pages were read is kept as it was shown last.
///
/// # Errors
/// Those of [`HubClient::list_jobs`], and [`HubError::Unexpected`] when the list does not end.
pub async fn observe(hub: &impl HubClient) -> Result<Observation, HubError> {
    let filter = JobFilter::default();
    let (mut jobs, mut hub_time, mut pages) = (BTreeMap::new(), None, Pages::new("job list"));
    loop {
        let page = hub.list_jobs(&filter, pages.position()).await?;
        hub_time = page.served_at.or(hub_time);
        let more = pages.turn(&page)?;
        jobs.extend(page.items.into_iter().map(|job| (job.id.clone(), job)));
        if !more {
            return Ok(Observation { jobs: jobs.into_values().collect(), hub_time });
        }
    }
}

/// Reads the records of every device of a job, ordered by device. They lag: compare their number
/// with [`DeviceJobStatistics::device_count`](crate::model::DeviceJobStatistics). Every page is
/// one query, the scarcest of a hub's budgets.
///
/// # Errors
/// Those of [`HubClient::query`], and [`HubError::Unexpected`] when the list does not end.
pub async fn device_results(hub: &impl HubClient, job: &JobId) -> Result<Vec<DeviceResult>, HubError> {
    let id = job.as_str().replace('\\', "\\\\").replace('\'', "\\'");
    let query = format!("SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '{id}'");
    let (mut results, mut pages) = (BTreeMap::new(), Pages::new("query of device results"));
    loop {
        let page = hub.query(&query, pages.position()).await?;
        let more = pages.turn(&page)?;
        let rows = page.items.iter().filter_map(DeviceResult::from_row).filter(|result| result.job_id == *job);
        results.extend(rows.map(|result| ((result.device_id.clone(), result.module_id.clone()), result)));
        if !more {
            return Ok(results.into_values().collect());
        }
    }
}

/// Where in a list we are, and a guard against one that goes in circles.
struct Pages {
    list: &'static str,
    next: Option<Continuation>,
    seen: HashSet<String>,
}

impl Pages {
    fn new(list: &'static str) -> Self {
        Self { list, next: None, seen: HashSet::new() }
    }

    const fn position(&self) -> Option<&Continuation> {
        self.next.as_ref()
    }

    /// Moves behind a page; says whether there is another.
    fn turn<T>(&mut self, page: &Page<T>) -> Result<bool, HubError> {
        self.next = page.next.clone();
        let Some(next) = &self.next else { return Ok(false) };
        let endless = |how| Err(HubError::Unexpected { cause: format!("the {} {how}", self.list) });
        match self.seen.insert(next.as_str().to_owned()) {
            false => endless("goes in circles: a continuation came twice"),
            true if self.seen.len() > PAGE_COUNT_MAX => endless("does not end"),
            true => Ok(true),
        }
    }
}
