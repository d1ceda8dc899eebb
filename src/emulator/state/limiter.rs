//! The rate of device operations, which all running jobs of the hub share (reference 4.1).

use super::moment::{Moment, SECOND};
use super::options::{HubOptions, Throttling};

/// The rate of device operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limiter {
    /// From one operation to the next, in ticks.
    interval: i64,
    /// When the next operation may happen.
    free_at: Moment,
    /// Number of the job that was served last; the jobs take turns.
    turn: u64,
}

impl Limiter {
    /// The limiter of a hub that has not run anything yet.
    pub(super) fn new(options: &HubOptions, now: Moment) -> Self {
        Self::restore(options, now, 0)
    }

    /// The limiter of a hub that did.
    pub(super) fn restore(options: &HubOptions, free_at: Moment, turn: u64) -> Self {
        let rate = i64::from(options.size.job_device_operations_per_second()).max(1);
        let interval = match options.throttling {
            Throttling::On => SECOND.div_euclid(rate) + i64::from(SECOND % rate != 0),
            Throttling::Off => 0,
        };
        Self { interval, free_at, turn }
    }

    /// When the next operation may happen.
    pub(super) const fn free_at(&self) -> Moment {
        self.free_at
    }

    /// Number of the job that was served last.
    pub(super) const fn turn(&self) -> u64 {
        self.turn
    }

    /// Gives the turn to a job.
    pub(super) const fn give_turn(&mut self, job: u64) {
        self.turn = job;
    }

    /// An operation happens.
    pub(super) const fn spend(&mut self, now: Moment) {
        self.free_at = now.plus(self.interval);
    }
}
