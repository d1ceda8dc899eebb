//! One job: what it is asked to do, how far it is, and what became of each device.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::devices::Slot;
use super::job_request::JobRequest;
use super::moment::{Moment, NOT_ENDED};
use super::twin::TwinWrite;
use crate::model::{DeviceJobStatistics, JobStatus};

/// One job.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// Order of creation.
    pub(super) number: u64,
    pub(super) id: Box<str>,
    pub(super) request: Arc<JobRequest>,
    pub(super) created: Moment,
    /// When it starts or started, as asked for.
    pub(super) start: Moment,
    pub(super) phase: Phase,
    /// When its devices were selected.
    pub(super) begun: Option<Moment>,
    pub(super) ended: Option<Moment>,
    pub(super) failure_reason: Option<String>,
    /// The devices selected, by id.
    pub(super) targets: Vec<Target>,
    pub(super) tally: Tally,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) run: Run,
}

/// State of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Phase {
    Queued,
    Scheduled,
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// One device of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) slot: Slot,
    pub(super) state: TargetState,
    /// While the device is called: when the call ends. Afterwards: when it ended.
    pub(super) at: Moment,
}

/// How far a job is with one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetState {
    /// Not yet looked at.
    Pending,
    /// Looked at, and not online.
    Waiting,
    /// Came online, and is next.
    Ready,
    /// Called, and has not answered.
    Called,
    /// The twin was updated.
    Updated,
    /// The device gave the answer at this place of the verdicts.
    Answered(u32),
    /// The error at this place of the verdicts.
    Failed(u32),
}

/// What became of a device; many devices share one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum Verdict {
    /// The answer to a method.
    Answer { status: i32, payload: Value },
    /// An error.
    Error { code: String, description: String },
}

/// Devices by result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) failed: u64,
    pub(super) succeeded: u64,
    pub(super) running: u64,
}

/// How a running job goes on. Follows from the rest, but for the order of `ready`.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    /// The first target not yet looked at.
    pub(super) cursor: usize,
    /// Targets that came online, in that order.
    pub(super) ready: VecDeque<u32>,
    pub(super) agenda: BinaryHeap<Reverse<(Moment, JobDue)>>,
    /// The twin update, ready to be applied.
    pub(super) write: Arc<TwinWrite>,
}

/// What is due in a job, in the order in which it happens at the same instant: an answer that
/// comes with the deadline counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum JobDue {
    /// The hub looks at the new job.
    Settle,
    /// The start.
    Begin,
    /// A call ends.
    CallEnds(u32),
    /// A device comes online.
    Online(u32),
    /// Everything still open fails.
    Deadline,
    /// The job is over.
    Finish,
}

/// How many verdicts a new one is compared with before it is kept apart.
const VERDICTS_COMPARED: usize = 32;

impl Job {
    /// When everything still open fails.
    pub(super) fn deadline(&self) -> Moment {
        self.start.plus_seconds(self.request.max_execution)
    }

    /// Queued, scheduled or running: occupies a lane.
    pub(super) const fn is_active(&self) -> bool {
        matches!(self.phase, Phase::Queued | Phase::Scheduled | Phase::Running)
    }

    /// Whether a device operation is due as soon as the rate allows.
    pub(super) fn has_work(&self) -> bool {
        self.phase == Phase::Running && (!self.run.ready.is_empty() || self.run.cursor < self.targets.len())
    }

    /// Puts something on the agenda.
    pub(super) fn plan(&mut self, at: Moment, due: JobDue) {
        self.run.agenda.push(Reverse((at, due)));
    }

    /// When the next thing on the agenda is due.
    pub(super) fn next_due(&self) -> Option<Moment> {
        self.run.agenda.peek().map(|Reverse((at, _))| *at)
    }

    /// The next thing on the agenda.
    pub(super) fn next_on_agenda(&self) -> Option<JobDue> {
        self.run.agenda.peek().map(|Reverse((_, due))| *due)
    }

    /// Devices by result; their total is the sum of the four others.
    pub(super) fn statistics(&self) -> DeviceJobStatistics {
        let Tally { failed, succeeded, running } = self.tally;
        let total = self.targets.len() as u64;
        DeviceJobStatistics {
            device_count: total,
            failed_count: failed,
            succeeded_count: succeeded,
            running_count: running,
            pending_count: total - failed - succeeded - running,
        }
    }

    /// Moves a target to another state.
    pub(super) fn move_target(&mut self, index: u32, state: TargetState, at: Moment) {
        let Some(target) = self.targets.get_mut(index as usize) else { return };
        self.tally.remove(target.state);
        self.tally.add(state);
        *target = Target { state, at, ..*target };
    }

    /// The place of a verdict, which is new if none like it came lately.
    pub(super) fn verdict(&mut self, verdict: Verdict) -> u32 {
        let lately = self.verdicts.len().saturating_sub(VERDICTS_COMPARED);
        let known = self.verdicts.iter().skip(lately).position(|other| *other == verdict);
        let at = known.map_or(self.verdicts.len(), |at| at + lately);
        if at == self.verdicts.len() {
            self.verdicts.push(verdict);
        }
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// The job as the service shows it (reference 2.4).
    pub(super) fn to_json(&self) -> Value {
        let mut json = json!({
            "jobId": &*self.id,
            "createdTime": self.created.to_string(),
            "startTime": self.start.to_string(),
            "endTime": self.ended.map_or_else(|| NOT_ENDED.to_owned(), |at| at.to_string()),
            "maxExecutionTimeInSeconds": self.request.max_execution,
            "type": self.request.action.kind().wire_name(),
            "status": self.phase.status().as_str(),
            "queryCondition": self.request.condition,
        });
        if let Value::Object(action) = self.request.action_shown() {
            json.as_object_mut().into_iter().for_each(|json| json.extend(action.clone()));
        }
        if let Some(reason) = &self.failure_reason {
            json["failureReason"] = reason.clone().into();
        }
        if self.begun.is_some() {
            let statistics = self.statistics();
            json["deviceJobStatistics"] = json!({
                "deviceCount": statistics.device_count,
                "failedCount": statistics.failed_count,
                "succeededCount": statistics.succeeded_count,
                "runningCount": statistics.running_count,
                "pendingCount": statistics.pending_count,
            });
        }
        json
    }
}

impl Phase {
    /// The state with the words of the wire.
    pub(super) const fn status(self) -> JobStatus {
        match self {
            Self::Queued => JobStatus::Queued,
            Self::Scheduled => JobStatus::Scheduled,
            Self::Running => JobStatus::Running,
            Self::Completed => JobStatus::Completed,
            Self::Failed => JobStatus::Failed,
            Self::Cancelled => JobStatus::Cancelled,
        }
    }
}

impl Tally {
    /// Devices with a result.
    pub(super) const fn executed(self) -> u64 {
        self.failed + self.succeeded
    }

    pub(super) const fn add(&mut self, state: TargetState) {
        if let Some(count) = self.count_of(state) {
            *count += 1;
        }
    }

    const fn remove(&mut self, state: TargetState) {
        if let Some(count) = self.count_of(state) {
            *count -= 1;
        }
    }

    const fn count_of(&mut self, state: TargetState) -> Option<&mut u64> {
        match state {
            TargetState::Pending | TargetState::Waiting | TargetState::Ready => None,
            TargetState::Called => Some(&mut self.running),
            TargetState::Updated | TargetState::Answered(_) => Some(&mut self.succeeded),
            TargetState::Failed(_) => Some(&mut self.failed),
        }
    }
}

impl TargetState {
    /// Whether the device has a result.
    pub(super) const fn is_done(self) -> bool {
        matches!(self, Self::Updated | Self::Answered(_) | Self::Failed(_))
    }
}
