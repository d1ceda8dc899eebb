//! Where the probes are made: fresh ids, requests, and a lane that is given back.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{ConformanceInput, ID_PREFIX, NOBODY};
use crate::hub::HubError;
use crate::hub::rest::{RawAnswer, RawBody, RawRequest, RestHub, SignsInAs, Verb};
use crate::model::{HubSize, JobId};

/// How often a hub is asked again that still counts a lane as taken which was given back.
const LANE_TRIES: usize = 8;

/// The code of a hub without a free lane.
pub(super) const NO_LANE: &str = "429 ThrottlingMaxActiveJobCountExceeded";

/// One hub, one run.
pub(super) struct Bench<'a> {
    hub: &'a RestHub,
    prefix: String,
    count: Cell<u32>,
    /// Jobs that were created and not cancelled since; some have ended by themselves.
    live: RefCell<BTreeSet<String>>,
    pub(super) size: HubSize,
    pub(super) now: Timestamp,
}

impl<'a> Bench<'a> {
    pub(super) fn new(hub: &'a RestHub, input: &ConformanceInput) -> Self {
        let prefix = format!("{ID_PREFIX}{}-", input.run);
        Self { hub, prefix, count: Cell::new(0), live: RefCell::default(), size: input.size, now: input.now }
    }

    /// Whether its tokens are made here, from the key of a policy.
    pub(super) async fn has_key(&self) -> bool {
        matches!(self.hub.signs_in_as().await, Ok(SignsInAs::Policy(_)))
    }

    /// An id that nothing has.
    pub(super) fn new_id(&self) -> String {
        self.count.set(self.count.get() + 1);
        format!("{}{}", self.prefix, self.count.get())
    }

    /// A time that many hours from now, as the hub writes it.
    pub(super) fn hours_ahead(&self, hours: i64) -> String {
        let at = self.now.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(self.now);
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// A twin job for nobody that starts in four days.
    pub(super) fn job(&self, id: &str) -> Value {
        json!({
            "jobId": id,
            "type": "scheduleUpdateTwin",
            "updateTwin": {"etag": "*", "properties": {"desired": {"hubjobsConformance": 1}}},
            "queryCondition": NOBODY,
            "startTime": self.hours_ahead(96),
            "maxExecutionTimeInSeconds": 60,
        })
    }

    /// The request that creates such a job, changed.
    pub(super) fn put(&self, change: impl FnOnce(&mut Value)) -> RawRequest {
        self.put_as(&self.new_id(), change)
    }

    /// The same under an id.
    pub(super) fn put_as(&self, id: &str, change: impl FnOnce(&mut Value)) -> RawRequest {
        let mut body = self.job(id);
        change(&mut body);
        RawRequest::new(Verb::Put, job_path(id, "")).with_body(RawBody::Json(body))
    }

    pub(super) fn get(&self, id: &str) -> RawRequest {
        RawRequest::new(Verb::Get, job_path(id, ""))
    }

    pub(super) fn cancel(&self, id: &str) -> RawRequest {
        RawRequest::new(Verb::Post, job_path(id, "/cancel")).with_body(RawBody::Empty)
    }

    /// Makes a request, whatever comes of it.
    pub(super) async fn send(&self, request: &RawRequest) -> Result<RawAnswer, HubError> {
        let answer = self.hub.send_raw(request).await?;
        if let Some(id) = request.creates().filter(|_| answer.status == 200) {
            self.live.borrow_mut().insert(id.to_owned());
        }
        Ok(answer)
    }

    /// Creates a job where a lane should be free. A hub may take a while to see that one is: says how
    /// often it had to be asked again.
    pub(super) async fn create(
        &self,
        request: &RawRequest,
        pass: &impl AsyncFn(&[JobId]) -> Result<(), HubError>,
    ) -> Result<(RawAnswer, usize), HubError> {
        let mut again = 0;
        loop {
            let answer = self.send(request).await?;
            if in_short(&answer) != NO_LANE || again == LANE_TRIES {
                return Ok((answer, again));
            }
            again += 1;
            pass(&[]).await?;
        }
    }

    /// Gives back the lane of a job, if it has one. Whether that works is not the question here.
    pub(super) async fn release(&self, id: &str) {
        self.live.borrow_mut().remove(id);
        if let Err(error) = self.send(&self.cancel(id)).await {
            tracing::warn!("`{id}` may still wait on the hub: {error}");
        }
    }

    /// Gives back all lanes that may still be taken.
    pub(super) async fn release_all(&self) {
        let live = self.live.take();
        for id in live {
            self.release(&id).await;
        }
    }
}

/// The path of a job; ids of a bench need no encoding, others are encoded by whoever asks.
pub(super) fn job_path(id: &str, suffix: &str) -> String {
    format!("/jobs/v2/{id}{suffix}")
}

/// Status and code: `409 JobAlreadyExists`, `200`.
pub(super) fn in_short(answer: &RawAnswer) -> String {
    match &answer.code {
        Some(code) => format!("{} {code}", answer.status),
        None => answer.status.to_string(),
    }
}
