//! Calls of the job API (reference 2.6 to 2.8).

use std::sync::Arc;

use serde_json::{Value, json};

use super::body::invalid;
use super::fault::{FaultKind, HubFault};
use super::hub::HubState;
use super::job::{Job, JobDue, Phase, Run, Tally};
use super::job_request::{JobAction, JobRequest, check_id};
use super::options::Lanes;
use super::paging::PageRequest;
use super::paging::{Continuation, Page};
use super::reply::{ItemType, Reply};
use super::rules::QUEUED_TICKS;
use super::twin::{TwinWrite, WriteMode};

/// Words of the wire for a type of job that exist beside the two of ours.
const OTHER_TYPES: [&str; 12] = [
    "unknown",
    "export",
    "import",
    "backup",
    "readDeviceProperties",
    "writeDeviceProperties",
    "updateDeviceConfiguration",
    "rebootDevice",
    "factoryResetDevice",
    "firmwareUpdate",
    "restoreFromBackup",
    "failoverDataCopy",
];

/// Words of the wire for the state of a job.
const STATUSES: [&str; 8] =
    ["unknown", "enqueued", "queued", "scheduled", "running", "completed", "failed", "cancelled"];

impl HubState {
    /// `PUT /jobs/v2/{id}`.
    pub(super) fn create_job(&mut self, id: &str, request: &Value) -> Result<Reply, HubFault> {
        check_id(id, request)?;
        let request = JobRequest::read(request)?;
        request.check_start(self.now)?;
        if self.jobs.by_id(id).is_some() {
            return Err(FaultKind::JobAlreadyExists.into());
        }
        if self.options.lanes == Lanes::On && self.jobs.lanes_taken() >= self.options.size.lanes() {
            return Err(FaultKind::ThrottlingMaxActiveJobCountExceeded.into());
        }
        let kind = request.action.kind();
        let mut job = self.new_job(id, request);
        job.plan(self.now.plus(QUEUED_TICKS), JobDue::Settle);
        self.jobs.insert(job);
        let body = json!({"jobId": id, "type": kind.wire_name(), "status": "queued"});
        Ok(Reply::Document { body, etag: None })
    }

    fn new_job(&mut self, id: &str, request: JobRequest) -> Job {
        Job {
            number: self.jobs.next_number(),
            id: id.into(),
            created: self.now,
            start: request.start.unwrap_or(self.now),
            phase: Phase::Queued,
            begun: None,
            ended: None,
            failure_reason: None,
            targets: Vec::new(),
            tally: Tally::default(),
            verdicts: Vec::new(),
            run: Run { write: Arc::new(self.compile_write(&request)), ..Run::default() },
            request: Arc::new(request),
        }
    }

    /// The twin update of a job, ready to be applied.
    pub(super) fn compile_write(&mut self, request: &JobRequest) -> TwinWrite {
        match &request.action {
            JobAction::Twin(update) => update.body().compile(WriteMode::Merge, &mut self.keys),
            JobAction::Method(_) => TwinWrite::default(),
        }
    }

    /// `GET /jobs/v2/{id}`; an id that the hub does not know is no error.
    pub(super) fn get_job(&self, id: &str) -> Reply {
        let unknown = || json!({"jobId": id, "type": "unknown", "status": "unknown"});
        Reply::Document { body: self.jobs.by_id(id).map_or_else(unknown, Job::to_json), etag: None }
    }

    /// `POST /jobs/v2/{id}/cancel`.
    pub(super) fn cancel_job(&mut self, id: &str) -> Result<Reply, HubFault> {
        let job = self.jobs.by_id(id).ok_or(FaultKind::JobNotFound)?;
        if !job.phase.status().is_cancellable() {
            let word = format!("{:?}", job.phase);
            let text = format!("Job cannot be cancelled in '{word}' status.");
            return Err(HubFault::new(FaultKind::OperationNotAllowedInCurrentState, text));
        }
        self.end_job(job.number, Phase::Cancelled);
        Ok(self.get_job(id))
    }

    /// `GET /jobs/v2/query`, newest first.
    pub(super) fn list_jobs(
        &self,
        job_type: Option<&str>,
        job_status: Option<&str>,
        page: &PageRequest,
    ) -> Result<Reply, HubFault> {
        let subject = list_subject(job_type, job_status)?;
        let page = Page::read(page, &subject)?;
        let below = match page.after {
            None => u64::MAX,
            Some(Continuation::JobNumber(number)) => number,
            Some(_) => return Err(invalid("The continuation token belongs to another list.")),
        };
        let wanted = |job: &&Job| {
            let is = |filter: Option<&str>, word: &str| filter.is_none_or(|filter| filter.eq_ignore_ascii_case(word));
            is(job_type, job.request.action.kind().wire_name()) && is(job_status, job.phase.status().as_str())
        };
        let mut jobs = self.jobs.newest_below(below).filter(wanted);
        let listed: Vec<&Job> = jobs.by_ref().take(page.size).collect();
        let last = listed.last().filter(|_| jobs.next().is_some());
        Ok(Reply::Page {
            item_type: ItemType::JobResponse,
            items: listed.iter().map(|job| job.to_json()).collect(),
            next: last.map(|job| Continuation::JobNumber(job.number).write(&subject)),
        })
    }
}

/// What a list is about, in one spelling, so that a token fits only its own list.
fn list_subject(job_type: Option<&str>, job_status: Option<&str>) -> Result<String, HubFault> {
    let ours = ["scheduleDeviceMethod", "scheduleUpdateTwin"];
    let known = |word: &str, words: &[&str]| words.iter().any(|other| other.eq_ignore_ascii_case(word));
    if let Some(word) = job_type.filter(|word| !known(word, &ours) && !known(word, &OTHER_TYPES)) {
        return Err(invalid(format!("There is no job type {word}.")));
    }
    if let Some(word) = job_status.filter(|word| !known(word, &STATUSES)) {
        return Err(invalid(format!("There is no job status {word}.")));
    }
    let spelling = |word: Option<&str>| word.unwrap_or_default().to_ascii_lowercase();
    Ok(format!("jobs of type {} in state {}", spelling(job_type), spelling(job_status)))
}
