//! How jobs run: what is due when, the start, the devices one by one, the end (reference 2.6).
//!
//! Everything happens in the order of time. At one instant errands come first, then what is on the
//! agendas of the jobs (in order of creation), then device operations, so that a deadline cuts off
//! an operation of the same instant, but not an answer.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;

use super::calls::Origin;
use super::columns::Change;
use super::devices::Slot;
use super::hub::{Errand, HubState};
use super::job::{Job, JobDue, Phase, Run, Target, TargetState, Verdict};
use super::job_request::JobAction;
use super::methods::{MethodOutcome, MethodRequest};
use super::moment::{MILLISECOND, Moment};
use super::quota::bytes_of;
use super::rules::{FINISHING_TICKS, HISTORY_TICKS};
use super::verdicts;
use crate::model::JobId;

/// What is due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The first errand.
    Errand,
    /// The first entry on the agenda of the job of this number.
    Job(u64),
    /// A device operation.
    Operation,
}

impl HubState {
    /// The next instant at which one of these jobs gets on: its start, a device's turn or result,
    /// its end. Nothing for jobs that have ended or are not known.
    #[must_use]
    pub fn next_event_of(&self, jobs: &[JobId]) -> Option<Timestamp> {
        let active = jobs.iter().filter_map(|id| self.jobs.by_id(id.as_str())).filter(|job| job.is_active());
        let next = active.filter_map(|job| {
            let operation = job.has_work().then(|| self.limiter.free_at().max(self.now));
            job.next_due().into_iter().chain(operation).min()
        });
        next.min().map(|at| at.max(self.now).timestamp())
    }

    /// What is due next, unless that is after `to`.
    pub(super) fn next_due(&mut self, to: Moment) -> Option<(Moment, Due)> {
        let errand = self.errands.peek().map(|Reverse((at, _))| (*at, Due::Errand));
        let agenda = self.jobs.next_due().map(|(at, number)| (at, Due::Job(number)));
        let operation = self.jobs.have_work().then(|| (self.limiter.free_at().max(self.now), Due::Operation));
        agenda.into_iter().chain(errand).chain(operation).min().filter(|(at, _)| *at <= to)
    }

    /// Does what is due; the time is already the right one.
    pub(super) fn run(&mut self, due: Due) {
        match due {
            Due::Errand => self.run_errand(),
            Due::Operation => self.run_operations(),
            Due::Job(number) => {
                let Some(Reverse((_, due))) = self.jobs.get_mut(number).and_then(|job| job.run.agenda.pop()) else {
                    return;
                };
                self.run_job(number, due);
            }
        }
    }

    fn run_job(&mut self, number: u64, due: JobDue) {
        match due {
            JobDue::Settle => self.settle(number),
            JobDue::Begin => self.begin(number),
            JobDue::CallEnds(index) => self.end_call(number, index),
            JobDue::Online(index) => self.came_online(number, index),
            JobDue::Deadline => self.meet_deadline(number),
            JobDue::Finish => self.end_job(number, Phase::Completed),
        }
    }

    /// The hub looks at a new job.
    fn settle(&mut self, number: u64) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(number) else { return };
        if job.start > now {
            job.phase = Phase::Scheduled;
            job.plan(job.start, JobDue::Begin);
        } else {
            self.begin(number);
        }
    }

    /// Selects the devices.
    fn begin(&mut self, number: u64) {
        let now = self.now;
        let Some(request) = self.jobs.get(number).map(|job| Arc::clone(&job.request)) else { return };
        let selected = self.select(&request.condition);
        let Some(job) = self.jobs.get_mut(number) else { return };
        match selected {
            Err(reason) => {
                job.failure_reason = Some(reason);
                self.end_job(number, Phase::Failed);
            }
            Ok(slots) => {
                let target = |slot| Target { slot, state: TargetState::Pending, at: now };
                job.targets = slots.into_iter().map(target).collect();
                job.phase = Phase::Running;
                job.begun = Some(now);
                job.plan(job.deadline().max(now), JobDue::Deadline);
                self.finish_if_done(number);
            }
        }
    }

    /// Runs device operations until the rate is used up or no job has work: with throttles off,
    /// all of them.
    fn run_operations(&mut self) {
        while self.limiter.free_at() <= self.now {
            let Some(number) = self.jobs.next_in_turn(self.limiter.turn()) else { return };
            self.limiter.give_turn(number);
            if self.run_operation(number) {
                self.limiter.spend(self.now);
            }
            self.limiter.look_at_device(self.now);
        }
    }

    /// Takes the next device of a job. Says whether that was an operation: a device that is not
    /// online for a method is only put aside.
    fn run_operation(&mut self, number: u64) -> bool {
        let Some(job) = self.jobs.get_mut(number) else { return false };
        let Some((index, target)) = take_next(job) else { return false };
        let request = Arc::clone(&job.request);
        match &request.action {
            JobAction::Twin(update) => {
                if self.is_quota_spent() {
                    self.fail_target(number, index, verdicts::quota_exceeded());
                    return true;
                }
                self.charge(|| bytes_of(&update.to_json()));
                let state = self.update_twin(number, target.slot, update.etag());
                self.settle_target(number, index, state);
                true
            }
            JobAction::Method(call) => self.call_or_wait(number, index, target.slot, call),
        }
    }

    fn update_twin(&mut self, number: u64, slot: Slot, etag: Option<&str>) -> TargetState {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(number) else { return TargetState::Updated };
        let write = Arc::clone(&job.run.write);
        let verdict = match self.devices.change(slot, Change::Written(&write)) {
            None => Some(verdicts::device_not_found()),
            Some(device) if etag.is_some_and(|etag| !super::etag::matches(etag, &device.twin.etag_text())) => {
                Some(verdicts::etag_mismatch())
            }
            Some(device) => device.twin.write(&write, now, &self.keys).err().map(verdicts::refused_twin),
        };
        match (verdict, &write.desired) {
            (Some(verdict), _) => TargetState::Failed(job.verdict(verdict)),
            (None, Some(desired)) => {
                self.desired_changed(slot, desired);
                TargetState::Updated
            }
            (None, None) => TargetState::Updated,
        }
    }

    /// Calls the method of a device that is online, and leaves others waiting.
    fn call_or_wait(&mut self, number: u64, index: u32, slot: Slot, call: &MethodRequest) -> bool {
        let now = self.now;
        let Some(device) = self.devices.get(slot) else {
            self.fail_target(number, index, verdicts::device_not_found());
            return true;
        };
        if !self.takes_methods(slot) {
            let next = device.next_online(&self.behaviours, now);
            let Some(job) = self.jobs.get_mut(number) else { return false };
            job.move_target(index, TargetState::Waiting, now);
            if let Some(at) = next {
                job.plan(at, JobDue::Online(index));
            }
            return false;
        }
        if self.is_quota_spent() {
            self.fail_target(number, index, verdicts::quota_exceeded());
            return true;
        }
        self.charge(|| call.payload.as_ref().map_or(0, bytes_of));
        let ticks = match self.call_live(slot, call, Origin::Job(number, index)) {
            Some(_) => call.response_ticks(),
            None => self.simulated_ticks(number, slot, call),
        };
        if let Some(job) = self.jobs.get_mut(number) {
            job.move_target(index, TargetState::Called, now.plus(ticks));
            job.plan(now.plus(ticks), JobDue::CallEnds(index));
        }
        true
    }

    /// How long the call of a simulated device takes, in ticks.
    fn simulated_ticks(&self, number: u64, slot: Slot, call: &MethodRequest) -> i64 {
        match self.outcome(number, slot, call) {
            MethodOutcome::Answered { latency_ms, .. } => i64::from(latency_ms) * MILLISECOND,
            MethodOutcome::TimedOut => call.response_ticks(),
        }
    }

    /// How a call of a job ends. Asked at its start and at its end; the answer is the same, since
    /// chance hangs on device and job alone.
    fn outcome(&self, number: u64, slot: Slot, call: &MethodRequest) -> MethodOutcome<'_> {
        match (self.devices.get(slot), self.jobs.get(number)) {
            (Some(device), Some(job)) => self.call(slot, call, device.draw(self.options.seed).about(&job.id)),
            _ => MethodOutcome::TimedOut,
        }
    }

    fn end_call(&mut self, number: u64, index: u32) {
        let Some(job) = self.jobs.get(number) else { return };
        let Some(target) = job.targets.get(index as usize).filter(|target| target.state == TargetState::Called) else {
            return;
        };
        let (slot, request) = (target.slot, Arc::clone(&job.request));
        let JobAction::Method(call) = &request.action else { return };
        if let Some(call) = self.calls.of_target(number, index) {
            let _ = self.end_live_call(call);
            return self.fail_target(number, index, verdicts::gateway_timeout());
        }
        let (status, verdict) = match self.outcome(number, slot, call) {
            MethodOutcome::TimedOut => return self.fail_target(number, index, verdicts::gateway_timeout()),
            MethodOutcome::Answered { status, payload, .. } => {
                (status, Verdict::Answer { status, payload: payload.clone() })
            }
        };
        if let Verdict::Answer { payload, .. } = &verdict {
            self.charge(|| bytes_of(payload));
        }
        self.answered(slot, &call.name, status);
        let Some(job) = self.jobs.get_mut(number) else { return };
        let state = TargetState::Answered(job.verdict(verdict));
        self.settle_target(number, index, state);
    }

    /// A device that a job waits for may be online.
    fn came_online(&mut self, number: u64, index: u32) {
        let now = self.now;
        let Some(target) = self.jobs.get(number).and_then(|job| job.targets.get(index as usize)) else { return };
        if target.state != TargetState::Waiting {
            return;
        }
        let device = self.devices.get(target.slot);
        let online = device.is_none() || self.takes_methods(target.slot);
        let next = device.and_then(|device| device.next_online(&self.behaviours, now));
        let Some(job) = self.jobs.get_mut(number) else { return };
        if online {
            job.move_target(index, TargetState::Ready, now);
            job.run.ready.push_back(index);
        } else if let Some(at) = next {
            job.plan(at, JobDue::Online(index));
        }
    }

    /// A device came online: jobs that wait for it go on.
    pub(super) fn wake_waiting(&mut self, slot: Slot) {
        for (number, index) in self.waiting_for(slot) {
            self.came_online(number, index);
        }
    }

    /// A device will come online: jobs that wait for it take note.
    pub(super) fn wait_for(&mut self, slot: Slot, at: Moment) {
        for (number, index) in self.waiting_for(slot) {
            if let Some(job) = self.jobs.get_mut(number) {
                job.plan(at, JobDue::Online(index));
            }
        }
    }

    fn waiting_for(&self, slot: Slot) -> Vec<(u64, u32)> {
        let id = self.devices.id(slot);
        let waiting = self.jobs.active().filter_map(|job| {
            let index = job.targets.binary_search_by(|target| self.devices.id(target.slot).cmp(id)).ok()?;
            let target = job.targets[index];
            let waits = target.slot == slot && target.state == TargetState::Waiting;
            waits.then_some((job.number, u32::try_from(index).ok()?))
        });
        waiting.collect()
    }

    /// Everything still open fails.
    fn meet_deadline(&mut self, number: u64) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(number) else { return };
        for index in 0..job.targets.len() {
            let verdict = match job.targets[index].state {
                TargetState::Pending | TargetState::Waiting | TargetState::Ready => verdicts::not_started_in_time(),
                TargetState::Called => verdicts::gateway_timeout(),
                TargetState::Updated | TargetState::Answered(_) | TargetState::Failed(_) => continue,
            };
            let state = TargetState::Failed(job.verdict(verdict));
            job.move_target(u32::try_from(index).unwrap_or(u32::MAX), state, now);
        }
        self.end_job(number, Phase::Completed);
    }

    pub(super) fn fail_target(&mut self, number: u64, index: u32, verdict: Verdict) {
        let Some(job) = self.jobs.get_mut(number) else { return };
        let state = TargetState::Failed(job.verdict(verdict));
        self.settle_target(number, index, state);
    }

    pub(super) fn settle_target(&mut self, number: u64, index: u32, state: TargetState) {
        let now = self.now;
        if let Some(job) = self.jobs.get_mut(number) {
            job.move_target(index, state, now);
            self.finish_if_done(number);
        }
    }

    /// A job whose devices all have a result is over soon, but not after its deadline.
    fn finish_if_done(&mut self, number: u64) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(number) else { return };
        if job.tally.executed() == job.targets.len() as u64 {
            let finish = now.plus(FINISHING_TICKS).min(job.deadline().max(now));
            job.plan(finish, JobDue::Finish);
        }
    }

    /// Ends a job and frees its lane.
    pub(super) fn end_job(&mut self, number: u64, phase: Phase) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(number) else { return };
        job.phase = phase;
        job.ended = Some(now);
        job.run = Run::default();
        job.verdicts.shrink_to_fit();
        self.jobs.leave_lane(number);
        self.end_calls_of(number);
        self.errands.push(Reverse((now.plus(HISTORY_TICKS), Errand::Forget(number))));
    }
}

/// The next target of a job: those that came online first, then those not yet looked at.
fn take_next(job: &mut Job) -> Option<(u32, Target)> {
    let index = job.run.ready.pop_front().or_else(|| {
        let index = u32::try_from(job.run.cursor).ok()?;
        job.run.cursor += 1;
        Some(index)
    })?;
    job.targets.get(index as usize).map(|target| (index, *target))
}
