//! Method calls that a program at the other end of a connection has yet to answer (reference 7.5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::devices::Slot;
use super::effect::{Effect, SessionId};
use super::engine::Due;
use super::fault::{FaultKind, HubFault};
use super::hub::{HubState, WORK_PER_SLICE};
use super::job::{JobDue, TargetState, Verdict};
use super::methods::MethodRequest;
use super::moment::Moment;
use super::reply::Reply;
use super::rules::METHODS_IN_FLIGHT_MAX;
use super::sessions::DeviceTopic;
use super::verdicts;

/// A call that has no answer yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Call {
    pub(super) slot: Slot,
    pub(super) origin: Origin,
}

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Origin {
    /// A client of the service API, which waits.
    Direct,
    /// The target at this place of the job of this number.
    Job(u64, u32),
}

/// All calls that have no answer yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls {
    by_number: BTreeMap<u64, Call>,
    by_target: BTreeMap<(u64, u32), u64>,
    by_slot: BTreeSet<(Slot, u64)>,
    /// How many direct calls each device has.
    direct: BTreeMap<Slot, usize>,
    next: u64,
}

impl Calls {
    /// All of them, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, Call)> {
        self.by_number.iter().map(|(number, call)| (*number, *call))
    }

    /// The number of the next call.
    pub(super) const fn next_number(&self) -> u64 {
        self.next
    }

    /// Sets the number of the next call.
    pub(super) const fn count_on_from(&mut self, next: u64) {
        self.next = next;
    }

    /// Takes in a call.
    pub(super) fn insert(&mut self, number: u64, call: Call) {
        self.next = self.next.max(number + 1);
        self.by_number.insert(number, call);
        self.by_slot.insert((call.slot, number));
        match call.origin {
            Origin::Direct => *self.direct.entry(call.slot).or_default() += 1,
            Origin::Job(job, index) => drop(self.by_target.insert((job, index), number)),
        }
    }

    fn remove(&mut self, number: u64) -> Option<Call> {
        let call = self.by_number.remove(&number)?;
        self.by_slot.remove(&(call.slot, number));
        match call.origin {
            Origin::Direct => {
                if let Some(count) = self.direct.get_mut(&call.slot) {
                    *count -= 1;
                    if *count == 0 {
                        self.direct.remove(&call.slot);
                    }
                }
            }
            Origin::Job(job, index) => drop(self.by_target.remove(&(job, index))),
        }
        Some(call)
    }

    /// The call of a target of a job.
    pub(super) fn of_target(&self, job: u64, index: u32) -> Option<u64> {
        self.by_target.get(&(job, index)).copied()
    }

    fn of_slot(&self, slot: Slot) -> impl Iterator<Item = u64> {
        self.by_slot.range((slot, 0)..=(slot, u64::MAX)).map(|(_, number)| *number)
    }

    fn of_job(&self, job: u64) -> impl Iterator<Item = u64> {
        self.by_target.range((job, 0)..=(job, u32::MAX)).map(|(_, number)| *number)
    }
}

/// How far a slice of work got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All the way.
    There,
    /// As far as one slice goes.
    Busy,
    /// Up to the end of this call, which a program may still answer.
    HeldUp(u64),
}

impl HubState {
    /// The number that the next call of a connected program gets.
    #[must_use]
    pub const fn next_call(&self) -> u64 {
        self.calls.next_number()
    }

    /// Calls a connected program; nothing when there is none that listens.
    pub(super) fn call_live(&mut self, slot: Slot, request: &MethodRequest, origin: Origin) -> Option<u64> {
        let session = self.sessions.listening(slot, DeviceTopic::Methods)?;
        let number = self.calls.next_number();
        self.calls.insert(number, Call { slot, origin });
        self.effects.push(Effect::CallMethod {
            session,
            call: number,
            name: Arc::from(&*request.name),
            payload: request.payload.as_ref().map(|payload| payload.to_string().into()),
            response_timeout: request.response_timeout,
        });
        Some(number)
    }

    /// A client of the service API calls a connected program.
    pub(super) fn call_directly(&mut self, slot: Slot, request: &MethodRequest) -> Result<Reply, HubFault> {
        if self.calls.direct.get(&slot).is_some_and(|count| *count >= METHODS_IN_FLIGHT_MAX) {
            return Err(FaultKind::DeviceMaximumInflightMethodExceeded.into());
        }
        let call = self.call_live(slot, request, Origin::Direct).ok_or(FaultKind::DeviceNotOnline)?;
        Ok(Reply::Calling { call, response_timeout: request.response_timeout })
    }

    /// A program answers a call. An answer that nobody waits for is refused, so that it leaves no trace.
    pub(super) fn answer_method(
        &mut self,
        session: SessionId,
        number: u64,
        status: i32,
        payload: Value,
    ) -> Result<Reply, HubFault> {
        let unknown = || HubFault::new(FaultKind::ArgumentInvalid, format!("Nobody waits for call {number:x}."));
        let slot = self.sessions.slot(session).ok_or_else(unknown)?;
        self.calls.by_number.get(&number).filter(|call| call.slot == slot).ok_or_else(unknown)?;
        let call = self.calls.remove(number).ok_or_else(unknown)?;
        if let Some(device) = self.devices.get_mut(slot) {
            device.connection.last_activity = Some(self.now);
        }
        let answer = match call.origin {
            Origin::Direct => Some((status, payload)),
            Origin::Job(job, index) => {
                self.answer_target(job, index, Verdict::Answer { status, payload });
                None
            }
        };
        self.effects.push(Effect::CallEnded { call: number, answer });
        Ok(Reply::Done)
    }

    fn answer_target(&mut self, number: u64, index: u32, verdict: Verdict) {
        let Some(job) = self.jobs.get_mut(number) else { return };
        let state = TargetState::Answered(job.verdict(verdict));
        self.settle_target(number, index, state);
    }

    /// A call is given up: its time is over, or whoever called is gone.
    pub(super) fn end_live_call(&mut self, number: u64) -> Result<Reply, HubFault> {
        self.calls.remove(number).ok_or_else(|| HubFault::from(FaultKind::GatewayTimeout))?;
        self.effects.push(Effect::CallEnded { call: number, answer: None });
        Ok(Reply::Done)
    }

    /// The calls of a job that has ended.
    pub(super) fn end_calls_of(&mut self, job: u64) {
        let calls: Vec<u64> = self.calls.of_job(job).collect();
        for number in calls {
            let _ = self.end_live_call(number);
        }
    }

    /// To be called after a device or module was deleted: the next one at its place must not answer for it.
    pub(super) fn end_calls_to(&mut self, slot: Slot) {
        let calls: Vec<(u64, Call)> =
            self.calls.of_slot(slot).filter_map(|number| Some((number, *self.calls.by_number.get(&number)?))).collect();
        for (number, call) in calls {
            let _ = self.end_live_call(number);
            if let Origin::Job(job, index) = call.origin {
                self.fail_target(job, index, verdicts::device_not_found());
            }
        }
    }

    /// Whoever called directly is gone with the process; says whether there was anybody.
    pub(super) fn give_up_direct_calls(&mut self) -> bool {
        let calls = self.calls.iter().filter(|(_, call)| call.origin == Origin::Direct);
        let calls: Vec<u64> = calls.map(|(number, _)| number).collect();
        for number in &calls {
            self.calls.remove(*number);
        }
        !calls.is_empty()
    }

    /// Lets time go on towards `to` as [`Self::advance_slice`] does, but not past the end of a call that
    /// a program may still answer: one for which `is_over` does not hold.
    pub fn advance_slice_unless(&mut self, to: Timestamp, is_over: impl Fn(u64) -> bool) -> Progress {
        let to = Moment::from(to);
        let mut work = 0;
        while let Some((at, due)) = self.next_due(to) {
            if at > self.now && work >= WORK_PER_SLICE {
                return Progress::Busy;
            }
            if let Some(call) = self.calls_ending(due).find(|call| !is_over(*call)) {
                return Progress::HeldUp(call);
            }
            work += self.run_at(at, due);
        }
        self.pass_time(to);
        Progress::There
    }

    /// The same, for as long as it takes. Gives the call that it stopped for.
    pub fn advance_unless(&mut self, to: Timestamp, is_over: impl Fn(u64) -> bool) -> Option<u64> {
        loop {
            match self.advance_slice_unless(to, &is_over) {
                Progress::There => return None,
                Progress::Busy => {}
                Progress::HeldUp(call) => return Some(call),
            }
        }
    }

    /// The calls that would end without an answer by what is due.
    fn calls_ending(&self, due: Due) -> impl Iterator<Item = u64> {
        let job = match due {
            Due::Job(number) if !self.calls.by_target.is_empty() => self.jobs.get(number),
            _ => None,
        };
        let next = job.and_then(|job| Some((job.number, job.next_on_agenda()?)));
        let one = match next {
            Some((job, JobDue::CallEnds(index))) => self.calls.of_target(job, index),
            _ => None,
        };
        let all = match next {
            Some((job, JobDue::Deadline)) => Some(job),
            _ => None,
        };
        one.into_iter().chain(all.into_iter().flat_map(|job| self.calls.of_job(job)))
    }
}
