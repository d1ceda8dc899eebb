//! The hub that runs: state machine, clock and journal together.
//!
//! Every call takes the same way: lock, apply, queue the record, unlock, wait for the disk. What a
//! reply shows, a read's too, is on disk before the reply leaves.

use std::fs::File;
use std::io::{self, BufWriter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::auth::Policies;
use super::clock::VirtualClock;
use super::exchange::{ExportOptions, Exported};
use super::outbox::Outbox;
use super::saved::Kept;
use super::state::{FaultKind, HubEvent, HubFault, HubState, Progress, Reply};
use super::store::{Image, LogFailed, NoReserve, Record, Store, StoreError};
use crate::model::{ClockMode, JobId};

/// Instants at which something happens that one call of [`LiveHub::advance_for`] may pass: enough
/// to be quick, few enough to draw.
const INSTANTS_PER_ADVANCE: usize = 250;
/// A longer journal takes too long to read at a start, however long the snapshot takes.
const JOURNAL_LEN_MAX: u64 = 256 << 20;

/// How long a call waits for a hub that is busy with what was due before it.
const PATIENCE: Duration = Duration::from_millis(50);
/// From one slice of work to the next, so that others get the lock.
const PAUSE: Duration = Duration::from_micros(100);

/// No record of a [`HubEvent::Tick`] is longer: a number and two times.
const TICK_LEN_MAX: usize = 256;
/// How long one step of a wait for jobs is held up by a connected program, so that a caller can draw.
const ADVANCE_PATIENCE: Duration = Duration::from_millis(250);
/// How long one step of a tick is held up; the response timeout of the call ends it before.
const TICK_PATIENCE: Duration = Duration::from_secs(600);

/// A hub with its clock and its files. Shared by all connections.
#[derive(Debug)]
pub(super) struct LiveHub {
    /// Gone once the hub is closed.
    held: Mutex<Option<Held>>,
    /// Apart, so that reading the time does not wait for a long query. Taken after `held`.
    clock: Mutex<VirtualClock>,
    outbox: Arc<Outbox>,
    /// Calls below this number are of an earlier process, whose connections are gone.
    pub(super) first_call: u64,
}

/// What the lock holds.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) kept: Kept,
    pub(super) seq: u64,
    /// From this length on the journal gives way to a snapshot.
    journal_len_max: u64,
    pub(super) store: Arc<Store>,
    /// How many of the effects that the hub holds follow from records; the others follow from time alone.
    pub(super) recorded_effects: usize,
}

/// How far a wait for jobs has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advance {
    /// Time of the hub.
    pub now: Timestamp,
    /// Whether anything happened to the jobs; if not, nothing more will by itself.
    pub progressed: bool,
}

impl LiveHub {
    /// Goes on with a hub whose last record has the number `seq`. `snapshot_after` as in
    /// [`EmulatorConfig`](super::server::EmulatorConfig).
    pub(super) fn new(kept: Kept, seq: u64, store: Arc<Store>, clock: VirtualClock, snapshot_after: u64) -> Self {
        Self {
            first_call: kept.hub.next_call(),
            outbox: Arc::default(),
            held: Mutex::new(Some(Held { kept, seq, journal_len_max: snapshot_after, store, recorded_effects: 0 })),
            clock: Mutex::new(clock),
        }
    }

    /// How the clock goes.
    pub(super) fn mode(&self) -> ClockMode {
        self.clock().mode()
    }

    /// Time of the hub.
    pub(super) fn now(&self) -> Timestamp {
        self.clock().read(Timestamp::now())
    }

    /// A look at the state; nothing once the hub is closed.
    pub(super) fn look<T>(&self, look: impl FnOnce(&HubState) -> T) -> Option<T> {
        let now = self.now();
        self.lock().as_mut().map(|held| {
            held.kept.hub.advance_slice(now);
            look(&held.kept.hub)
        })
    }

    /// What the hub has to say to connected programs.
    pub(super) const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Does what the event says, and waits until it is on disk; a direct method call also waits for
    /// the device.
    ///
    /// # Errors
    /// The hub's refusal, or [`FaultKind::ServiceUnavailable`] when the disk failed or the hub was
    /// closed.
    pub(super) async fn call(self: &Arc<Self>, event: HubEvent) -> Result<Reply, HubFault> {
        match event {
            HubEvent::InvokeMethod { .. } => self.invoke(event).await,
            event => self.call_once(event).await,
        }
    }

    /// Does what the event says, and waits until it is on disk.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(super) async fn call_once(self: &Arc<Self>, event: HubEvent) -> Result<Reply, HubFault> {
        let listens = matches!(event, HubEvent::Subscribe { .. });
        let reply = self.apart(move |hub, held| held.apply(event, hub.now())).await;
        if listens {
            self.outbox.note_change();
        }
        reply
    }

    /// Moves the clock on to `to`; an earlier time changes nothing. Stops on the way for connected
    /// programs that have a method call to answer, as long as they may by the wall clock.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(super) async fn tick(self: &Arc<Self>, to: Timestamp) -> Result<(), HubFault> {
        loop {
            let progress = self.apart(move |hub, held| {
                held.reserve_tick()?;
                let progress = held.kept.hub.advance_slice_unless(to, |call| hub.is_over(call));
                hub.move_on(held, if progress == Progress::There { to } else { held.kept.hub.now() })?;
                Ok(progress)
            });
            match progress.await? {
                Progress::There => return Ok(()),
                Progress::Busy => {}
                Progress::HeldUp(call) => self.outbox.call_over(call, Instant::now() + TICK_PATIENCE).await,
            }
        }
    }

    /// Jumps to what happens next to the jobs, a slice at a time so that a caller can draw it.
    /// Only a clock in mode fast jumps.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub(super) async fn advance_for(self: &Arc<Self>, jobs: Vec<JobId>) -> Result<Advance, HubFault> {
        let jumped = self.apart(move |hub, held| {
            let (reached, held_up) = match hub.mode() {
                ClockMode::Fast => {
                    // The hub goes ahead of its clock, so it must be certain that the clock can follow.
                    held.reserve_tick()?;
                    jump(&mut held.kept.hub, &jobs, |call| hub.is_over(call))
                }
                ClockMode::Real => (None, None),
            };
            if let Some(reached) = reached {
                hub.move_on(held, reached)?;
            }
            Ok((Advance { now: hub.now(), progressed: reached.is_some() }, held_up))
        });
        match jumped.await? {
            (Advance { now, progressed: false }, Some(call)) => {
                self.outbox.call_over(call, Instant::now() + ADVANCE_PATIENCE).await;
                Ok(Advance { now, progressed: true })
            }
            (advance, _) => Ok(advance),
        }
    }

    /// Writes the hub to a file, all at one instant, and gives the file back.
    ///
    /// # Errors
    /// As [`Self::call`], or when the file cannot be written.
    pub(super) async fn export(
        self: &Arc<Self>,
        options: ExportOptions,
        policies: Policies,
        file: File,
    ) -> Result<File, HubFault> {
        self.apart(move |hub, held| {
            let exported = Exported { kept: &held.kept, at: hub.now(), wall: Timestamp::now(), policies: &policies };
            let mut out = BufWriter::with_capacity(1 << 16, file);
            let written = exported.write(options, &mut out);
            let written = written.and_then(|()| out.into_inner().map_err(io::IntoInnerError::into_error));
            written.map_err(|error| {
                HubFault::new(FaultKind::ServiceUnavailable, format!("cannot write the export: {error}"))
            })
        })
        .await
    }

    /// Lets the time of the hub catch up with its clock, however long that takes; calls get in between.
    /// Needs no record: the clock catches up again after a restart.
    pub(super) fn breathe(&self) {
        while !self.catch_up() {
            std::thread::sleep(PAUSE);
        }
    }

    /// Does a slice of what is due. Says whether that was the last.
    fn catch_up(&self) -> bool {
        self.lock().as_mut().is_none_or(|held| {
            let there = held.kept.hub.advance_slice(self.now());
            self.send_effects(held);
            there
        })
    }

    /// Waits a while for a hub that is busy. A call that comes through then happens in the midst of what
    /// the hub is doing, at the time that it has reached.
    fn wait_until_caught_up(&self) {
        let since = Instant::now();
        while !self.catch_up() && since.elapsed() < PATIENCE {
            std::thread::sleep(PAUSE);
        }
    }

    /// Writes a last snapshot if anything happened since the one before, and lets go of the files.
    /// Later calls are refused.
    ///
    /// # Errors
    /// When the snapshot cannot be written; the journal has everything then.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        let Some(held) = self.lock().take() else { return Ok(()) };
        if held.store.log().is_empty() { Ok(()) } else { held.snapshot(self.now()).map(|_| ()) }
    }

    /// Sets the clock and writes that down: a jump, unlike the passing of time, is an event.
    fn move_on(&self, held: &mut Held, to: Timestamp) -> Result<(), HubFault> {
        held.reserve_tick()?;
        self.clock().advance(to, Timestamp::now());
        held.apply(HubEvent::Tick, self.now()).map(|_| ())
    }

    /// Runs `work` on a thread that may block, then waits until all that it saw is on disk.
    pub(super) async fn apart<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &mut Held) -> Result<T, HubFault> + Send + 'static,
    ) -> Result<T, HubFault> {
        let hub = Arc::clone(self);
        let locked = move || {
            hub.wait_until_caught_up();
            let mut held = hub.lock();
            let held = held.as_mut().ok_or_else(closed)?;
            let outcome = work(&hub, held);
            // What has become possible at this instant happens now, not at the next call.
            held.kept.hub.advance_slice(hub.now());
            hub.send_effects(held);
            Ok::<_, HubFault>((outcome, held.seq, Arc::clone(&held.store)))
        };
        let worked = tokio::task::spawn_blocking(locked).await;
        let (outcome, seq, store) = worked.map_err(|_| HubFault::from(FaultKind::ServerError))??;
        store.log().committed(seq).await.map_err(unavailable)?;
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        // A panic inside the state machine may have left it half changed: let every later call fail
        // as well, and let the next start replay the journal.
        self.held.lock().unwrap_or_else(|poisoned| {
            let mut held = poisoned.into_inner();
            *held = None;
            held
        })
    }

    fn clock(&self) -> MutexGuard<'_, VirtualClock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Lets the hub go on towards a time, for a slice of work, and says what it has reached.
    fn reach(&mut self, to: Timestamp) -> Timestamp {
        let hub = &mut self.kept.hub;
        if hub.advance_slice(to) { to } else { hub.now() }
    }

    /// Applies an event and queues its record. In a hub that is busy it happens at the time that the
    /// hub has reached.
    ///
    /// # Errors
    /// The hub's refusal.
    pub(super) fn apply(&mut self, event: HubEvent, now: Timestamp) -> Result<Reply, HubFault> {
        let now = self.reach(now);
        if !event.is_read() {
            return self.change(event, now);
        }
        let (read, reply) = (event.clone(), self.kept.hub.apply(event, now)?);
        if let Some(charge) = self.kept.hub.charge_of_read(&read, &reply) {
            match self.change(charge, now) {
                // A full disk is no reason to refuse who only reads; the call is not counted then.
                Err(fault) if fault.kind == FaultKind::ServiceUnavailable => {}
                charged => drop(charged?),
            }
        }
        Ok(reply)
    }

    pub(super) fn change(&mut self, event: HubEvent, now: Timestamp) -> Result<Reply, HubFault> {
        let record = Record { seq: self.seq + 1, at: now, wall: Timestamp::now(), event: &event };
        let bytes = serde_json::to_vec(&record).map_err(|_| HubFault::from(FaultKind::ServerError))?;
        self.store.log().reserve(bytes.len()).map_err(no_reserve)?;
        // A refused event changes nothing and leaves no trace.
        let reply = self.kept.hub.apply(event, now)?;
        self.seq += 1;
        self.store.log().append(self.seq, &bytes);
        self.recorded_effects = self.kept.hub.effect_count();
        self.shorten_journal(now);
        Ok(reply)
    }

    /// Makes sure that a [`HubEvent::Tick`] can be written down.
    fn reserve_tick(&self) -> Result<(), HubFault> {
        self.store.log().reserve(TICK_LEN_MAX).map_err(no_reserve)
    }

    /// A journal about as long as a snapshot takes about as long to read: time for a new one.
    fn shorten_journal(&mut self, now: Timestamp) {
        let len = self.store.log().len();
        if len < self.journal_len_max {
            return;
        }
        let next = match self.snapshot(now) {
            Ok(snapshot_len) => snapshot_len.min(JOURNAL_LEN_MAX),
            Err(error) => {
                tracing::warn!("the journal grows on: {error}");
                len.saturating_mul(2)
            }
        };
        self.journal_len_max = self.journal_len_max.max(next);
    }

    fn snapshot(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.store.begin_generation(Image { at: now, wall: Timestamp::now(), pieces: self.kept.pieces() })
    }
}

/// Lets time go on over a slice of what happens to the jobs; the last instant of the slice, if
/// anything happens to them at all, and the call that holds it up, if one does.
fn jump(hub: &mut HubState, jobs: &[JobId], is_over: impl Fn(u64) -> bool) -> (Option<Timestamp>, Option<u64>) {
    let (before, mut reached, since) = (hub.now(), None, Instant::now());
    for _ in 0..INSTANTS_PER_ADVANCE {
        if since.elapsed() > PATIENCE {
            break;
        }
        let Some(next) = hub.next_event_of(jobs) else { break };
        if let Some(call) = hub.advance_unless(next, &is_over) {
            return (Some(hub.now()).filter(|now| *now > before).or(reached), Some(call));
        }
        reached = Some(next);
    }
    (reached, None)
}

fn closed() -> HubFault {
    HubFault::new(FaultKind::ServiceUnavailable, "The emulator has stopped.")
}

fn no_reserve(error: NoReserve) -> HubFault {
    match error {
        NoReserve::NoRoom(_) => {
            tracing::warn!("refused a write: {error}");
            HubFault::new(FaultKind::ServiceUnavailable, format!("Nothing was changed: {error}."))
        }
        NoReserve::Failed(failed) => unavailable(failed),
    }
}

fn unavailable(error: LogFailed) -> HubFault {
    tracing::error!("{error}");
    HubFault::new(FaultKind::ServiceUnavailable, error.to_string())
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
