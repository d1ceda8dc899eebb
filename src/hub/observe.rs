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
pub(super) struct Pages {
    list: &'static str,
    next: Option<Continuation>,
    seen: HashSet<String>,
}

impl Pages {
    pub(super) fn new(list: &'static str) -> Self {
        Self { list, next: None, seen: HashSet::new() }
    }

    pub(super) const fn position(&self) -> Option<&Continuation> {
        self.next.as_ref()
    }

    /// Moves behind a page; says whether there is another.
    pub(super) fn turn<T>(&mut self, page: &Page<T>) -> Result<bool, HubError> {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::hub::ErrorCode;
    use crate::model::{JobStatus, NewJob, ObservedConfiguration};

    type Jobs = &'static [(&'static str, JobStatus)];

    /// A hub that answers from a list of pages: items and the continuation behind them.
    #[derive(Default)]
    struct Book {
        jobs: Vec<(Jobs, Option<&'static str>)>,
        rows: Vec<(Value, Option<&'static str>)>,
    }

    impl Book {
        fn index(page: Option<&Continuation>) -> usize {
            page.map_or(0, |page| page.as_str().trim_start_matches('p').parse().expect("a page number"))
        }

        fn page<T>(items: Vec<T>, next: Option<&str>, index: usize) -> Page<T> {
            let second = i64::try_from(index).expect("small");
            Page { items, next: next.map(Continuation::new), served_at: Timestamp::from_second(second).ok() }
        }
    }

    impl HubClient for Book {
        async fn create_job(&self, _: &NewJob) -> Result<(), HubError> {
            Err(refused())
        }

        async fn get_job(&self, _: &JobId) -> Result<Option<ObservedJob>, HubError> {
            Err(refused())
        }

        async fn cancel_job(&self, _: &JobId) -> Result<(), HubError> {
            Err(refused())
        }

        async fn list_jobs(
            &self,
            filter: &JobFilter,
            page: Option<&Continuation>,
        ) -> Result<Page<ObservedJob>, HubError> {
            assert_eq!(filter, &JobFilter::default());
            let index = Self::index(page);
            let (jobs, next) = self.jobs[index];
            Ok(Self::page(jobs.iter().map(|(id, status)| job(id, status)).collect(), next, index))
        }

        async fn query(&self, query: &str, page: Option<&Continuation>) -> Result<Page<Value>, HubError> {
            assert_eq!(query, r"SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'it\'s'");
            let index = Self::index(page);
            let (rows, next) = self.rows[index].clone();
            Ok(Self::page(rows.as_array().expect("rows").clone(), next, index))
        }

        async fn configurations(&self) -> Result<Vec<ObservedConfiguration>, HubError> {
            Err(refused())
        }
    }

    fn refused() -> HubError {
        let code = ErrorCode::Other("not scripted".to_owned());
        HubError::Refused { status: 400, code, message: String::new(), tracking_id: None }
    }

    fn job(id: &str, status: &JobStatus) -> ObservedJob {
        ObservedJob {
            id: JobId::new(id),
            status: status.clone(),
            kind: None,
            created: None,
            start: None,
            end: None,
            body: None,
            statistics: None,
            failure_reason: None,
        }
    }

    #[tokio::test]
    async fn every_job_once_as_it_was_shown_last() {
        use JobStatus::{Completed, Queued, Running};
        let book = Book {
            jobs: vec![
                (&[("b", Running), ("a", Queued)], Some("p1")),
                (&[], Some("p2")),
                (&[("b", Completed), ("c", Queued)], None),
            ],
            ..Book::default()
        };
        let seen = observe(&book).await.expect("three pages");
        assert_eq!(seen.jobs, [job("a", &Queued), job("b", &Completed), job("c", &Queued)]);
        assert_eq!(seen.hub_time, Timestamp::from_second(2).ok());
    }

    #[tokio::test]
    async fn a_list_in_circles_is_left() {
        let book = Book { jobs: vec![(&[], Some("p1")), (&[], Some("p1"))], ..Book::default() };
        let cause = "the job list goes in circles: a continuation came twice".to_owned();
        assert_eq!(observe(&book).await, Err(HubError::Unexpected { cause }));
    }

    #[tokio::test]
    async fn device_results_come_by_device_and_only_of_the_job() {
        let row = |device, job| json!({"deviceId": device, "jobId": job, "status": "completed"});
        let book = Book {
            rows: vec![
                (json!([row("d2", "it's"), 7]), Some("p1")),
                (json!([row("d1", "it's"), row("d0", "other"), row("d2", "it's")]), None),
            ],
            ..Book::default()
        };
        let results = device_results(&book, &JobId::new("it's")).await.expect("two pages");
        assert_eq!(results.iter().map(|result| result.device_id.as_str()).collect::<Vec<_>>(), ["d1", "d2"]);
    }
}
