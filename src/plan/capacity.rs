//! Lanes: a hub runs few jobs at once, and a job that waits for its start holds its lane from its
//! creation.

use std::sync::Arc;

use jiff::Timestamp;

use super::decide::{Want, shift};
use super::row::DeferredReason;
use crate::model::{Manifest, Schedule, Seconds};

/// A span of time in which a lane is needed; an unknown end is never.
#[derive(Debug, Clone, Copy)]
struct Need {
    from: Timestamp,
    until: Option<Timestamp>,
}

/// Who holds lanes from now on, and who will need one.
#[derive(Debug)]
pub(super) struct Lanes {
    total: usize,
    now: Timestamp,
    /// Jobs that hold a lane now; their ends.
    held: Vec<Option<Timestamp>>,
    /// Occurrences that are known, have no lane yet, and start later.
    awaited: Vec<Need>,
    /// When each lane becomes free, as far as one can tell; taken by deferred jobs in their order.
    queue: Vec<Option<Timestamp>>,
}

/// Why a job gets no lane now.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoLane {
    pub(super) reason: DeferredReason,
    /// When a lane is expected to be free.
    pub(super) free: Option<Timestamp>,
    /// When the job is expected to start: then, or at its own start if that is later.
    pub(super) start: Option<Timestamp>,
}

impl Lanes {
    /// Lanes of which `held` are taken until the given instants.
    pub(super) fn new(total: usize, now: Timestamp, held: Vec<Option<Timestamp>>) -> Self {
        // Of more jobs than lanes (another size than the manifest says), the first to end free none.
        let mut queue = held.clone();
        queue.sort_by_key(|until| until.unwrap_or(Timestamp::MAX));
        queue.drain(..held.len().saturating_sub(total));
        Self { total, now, queue, held, awaited: Vec::new() }
    }

    /// Takes a lane for a job that replaces another: the lane of the other, which the plan cancels.
    pub(super) fn take_over(&mut self, want: &Want) {
        self.hold(want);
    }

    /// Takes a lane if one is free until the job has ended.
    pub(super) fn take(&mut self, want: &Want) -> Result<(), NoLane> {
        if self.held.len() >= self.total {
            return Err(self.wait_in_line(want));
        }
        let start = want.starts(self.now);
        if self.peak_before(start) >= self.total {
            self.awaited.push(self.need(want));
            // One is free, and again when the others have had it: any apply may find it so.
            return Err(NoLane { reason: DeferredReason::LaneReserved, free: Some(self.now), start: Some(start) });
        }
        self.hold(want);
        Ok(())
    }

    /// Notes that an occurrence will need a lane, though not now.
    pub(super) fn await_later(&mut self, start: Timestamp, max_execution: Seconds) {
        if start > self.now {
            self.awaited.push(Need { from: start, until: Some(shift(start, max_execution.to_signed())) });
        }
    }

    /// Whether a job far ahead may have a lane early: one is free now, and stays free of the needs
    /// of all known occurrences before it.
    pub(super) fn take_ahead(&mut self, want: &Want, crons: &mut FutureCrons<'_>) -> bool {
        let start = want.starts(self.now);
        if self.total <= 1 || self.held.len() >= self.total {
            return false;
        }
        for need in crons.until(start) {
            self.awaited.push(*need);
        }
        crons.taken();
        self.take(want).is_ok()
    }

    /// The most lanes in use at the start of any awaited job before an instant; 0 without one.
    fn peak_before(&self, start: Timestamp) -> usize {
        let starts = self.awaited.iter().filter(|need| need.from < start);
        let mut begins: Vec<_> = starts.clone().map(|need| need.from).collect();
        let mut ends: Vec<_> =
            starts.filter_map(|need| need.until).chain(self.held.iter().flatten().copied()).collect();
        begins.sort_unstable();
        ends.sort_unstable();
        let (mut load, mut ended) = (self.held.len(), 0);
        let load_at = |begin: &Timestamp| {
            load += 1;
            while ends.get(ended).is_some_and(|end| end <= begin) {
                ended += 1;
                load -= 1;
            }
            load
        };
        begins.iter().map(load_at).max().unwrap_or(0)
    }

    fn need(&self, want: &Want) -> Need {
        let from = want.starts(self.now);
        Need { from, until: Some(shift(from, want.job.body.max_execution.to_signed())) }
    }

    fn hold(&mut self, want: &Want) {
        let until = self.need(want).until;
        self.held.push(until);
        self.queue.push(until);
    }

    /// The deferred job takes the lane that is free first, after those deferred before it.
    fn wait_in_line(&mut self, want: &Want) -> NoLane {
        let start = want.starts(self.now);
        let first = self.queue.iter_mut().flatten().min();
        let free = first.map(|until| {
            let free = *until;
            *until = shift(free.max(start), want.job.body.max_execution.to_signed());
            free
        });
        let need = self.need(want);
        if need.from > self.now {
            self.awaited.push(need);
        }
        NoLane { reason: DeferredReason::LanesTaken, free, start: free.map(|free| free.max(start)) }
    }
}

/// Occurrences of cron manifests beyond the lookahead, computed only when a job far ahead asks for
/// a lane, and only as far as it needs.
#[derive(Debug)]
pub(super) struct FutureCrons<'a> {
    manifests: &'a [Arc<Manifest>],
    reached: Timestamp,
    fresh: Vec<Need>,
}

impl<'a> FutureCrons<'a> {
    pub(super) fn new(manifests: &'a [Arc<Manifest>], horizon: Timestamp) -> Self {
        Self { manifests, reached: horizon, fresh: Vec::new() }
    }

    /// The needs that start after what was asked for before, up to `until`.
    fn until(&mut self, until: Timestamp) -> &[Need] {
        if until > self.reached {
            for manifest in self.manifests.iter().filter(|manifest| !manifest.suspend) {
                let Schedule::Cron(cron) = &manifest.schedule else { continue };
                let starts = cron.after(self.reached).take_while(|start| *start <= until);
                let length = manifest.max_execution.to_signed();
                self.fresh.extend(starts.map(|from| Need { from, until: Some(shift(from, length)) }));
            }
            self.reached = until;
        }
        &self.fresh
    }

    fn taken(&mut self) {
        self.fresh.clear();
    }
}
