//! What the hub has to say to connected programs, on its way to their connections. It leaves only
//! after what caused it is on disk, and in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use serde_json::Value;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{sleep_until, timeout_at};

use super::state::{DropReason, Effect, SessionId};

/// Something for the program at the other end of a connection. The end of the channel means that
/// the program does not keep up.
#[derive(Debug, Clone)]
pub(super) enum ToDevice {
    /// Call a method.
    Call { call: u64, name: Arc<str>, payload: Option<Arc<str>> },
    /// The desired properties changed.
    Desired { version: u64, patch: Arc<str> },
    /// Close the connection.
    Drop(DropReason),
}

/// Status and payload of a method.
pub(super) type Answer = (i32, Value);

/// Connections and callers of one hub.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    inner: Mutex<Inner>,
    /// A device came or listens, or a call ended.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    /// With the number of the record that must be on disk before.
    queue: VecDeque<(u64, Vec<Effect>)>,
    sessions: FxHashMap<SessionId, mpsc::Sender<ToDevice>>,
    callers: FxHashMap<u64, oneshot::Sender<Answer>>,
    /// Until when programs may answer, by the wall clock.
    deadlines: FxHashMap<u64, Instant>,
}

impl Outbox {
    /// A connection wants to hear what is for its session.
    pub(super) fn register(&self, session: SessionId, sender: mpsc::Sender<ToDevice>) {
        self.lock().sessions.insert(session, sender);
        self.changed.notify_waiters();
    }

    /// A connection is over.
    pub(super) fn unregister(&self, session: SessionId) {
        self.lock().sessions.remove(&session);
    }

    /// Somebody waits for the answer of a call.
    pub(super) fn expect(&self, call: u64) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.lock().callers.insert(call, sender);
        receiver
    }

    /// Nobody waits for the answer any longer.
    pub(super) fn forget(&self, call: u64) {
        self.lock().callers.remove(&call);
    }

    /// Takes in effects, to be sent once the record of that number is on disk.
    pub(super) fn take(&self, seq: u64, effects: Vec<Effect>, now: Instant) {
        let mut inner = self.lock();
        for effect in &effects {
            match effect {
                Effect::CallMethod { call, response_timeout, .. } => {
                    inner.deadlines.insert(*call, now + Duration::from_secs(*response_timeout));
                }
                Effect::CallEnded { call, .. } => drop(inner.deadlines.remove(call)),
                Effect::DesiredChanged { .. } | Effect::Drop { .. } => {}
            }
        }
        inner.queue.push_back((seq, effects));
    }

    /// Sends what depends on records up to that number.
    pub(super) fn send_up_to(&self, seq: u64) {
        let mut inner = self.lock();
        while inner.queue.front().is_some_and(|(needs, _)| *needs <= seq) {
            let Some((_, effects)) = inner.queue.pop_front() else { break };
            effects.into_iter().for_each(|effect| inner.send(effect));
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Until when a program may answer a call, if it has not ended.
    pub(super) fn deadline(&self, call: u64) -> Option<Instant> {
        self.lock().deadlines.get(&call).copied()
    }

    /// To be called when a device may have become ready to be called.
    pub(super) fn note_change(&self) {
        self.changed.notify_waiters();
    }

    /// Waits for a change, at most until then.
    pub(super) async fn changed_before(&self, until: Instant) {
        let _ = timeout_at(until.into(), self.changed.notified()).await;
    }

    /// Waits until a call has ended or its time is over, at most until then.
    pub(super) async fn call_over(&self, call: u64, until: Instant) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let Some(deadline) = self.deadline(call) else { return };
            let end = deadline.min(until);
            tokio::select! {
                () = &mut changed => {}
                () = sleep_until(end.into()) => return,
            }
        }
    }

    /// Every change is one step, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn send(&mut self, effect: Effect) {
        match effect {
            Effect::CallMethod { session, call, name, payload, .. } => {
                self.send_to(session, ToDevice::Call { call, name, payload });
            }
            Effect::DesiredChanged { session, version, patch } => {
                self.send_to(session, ToDevice::Desired { version, patch });
            }
            Effect::Drop { session, reason } => {
                self.send_to(session, ToDevice::Drop(reason));
                self.sessions.remove(&session);
            }
            Effect::CallEnded { call, answer } => {
                let caller = self.callers.remove(&call);
                if let (Some(caller), Some(answer)) = (caller, answer) {
                    // A caller that is gone wants no answer.
                    let _ = caller.send(answer);
                }
            }
        }
    }

    /// Does not wait: a connection that is full loses its sender, and closes.
    fn send_to(&mut self, session: SessionId, message: ToDevice) {
        if self.sessions.get(&session).is_some_and(|sender| sender.try_send(message).is_err()) {
            self.sessions.remove(&session);
        }
    }
}
