//! The rate of device operations, which all running jobs of the hub share (reference 4.1).

use super::moment::{Moment, SECOND};
use super::options::{HubOptions, Throttling};
use super::rules::DEVICES_PER_INSTANT_MAX;

/// The rate of device operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limiter {
    /// From one operation to the next, in ticks.
    interval: i64,
    /// When the next operation may happen.
    free_at: Moment,
    /// Number of the job that was served last; the jobs take turns.
    turn: u64,
    /// How many devices were looked at, and when that was.
    looked_at: (u32, Moment),
}

impl Limiter {
    /// The limiter of a hub that has not run anything yet.
    pub(super) fn new(options: &HubOptions, now: Moment) -> Self {
        Self::restore(options, now, 0, (0, now))
    }

    /// The limiter of a hub that did.
    pub(super) fn restore(options: &HubOptions, free_at: Moment, turn: u64, looked_at: (u32, Moment)) -> Self {
        let rate = i64::from(options.size.job_device_operations_per_second()).max(1);
        let interval = match options.throttling {
            Throttling::On => SECOND.div_euclid(rate) + i64::from(SECOND % rate != 0),
            Throttling::Off => 0,
        };
        Self { interval, free_at, turn, looked_at }
    }

    /// The same limiter for a hub with these options.
    pub(super) fn under(self, options: &HubOptions) -> Self {
        Self::restore(options, self.free_at, self.turn, self.looked_at)
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

    /// How many devices were looked at, and when that was.
    pub(super) const fn looked_at(&self) -> (u32, Moment) {
        self.looked_at
    }

    /// A device is looked at. Only so many are at one instant, so that a job over all devices of a
    /// large hub, which would take no time at all, is many small pieces of work.
    pub(super) fn look_at_device(&mut self, now: Moment) {
        let before = if self.looked_at.1 == now { self.looked_at.0 } else { 0 };
        self.looked_at = (before + 1, now);
        if self.looked_at.0 >= DEVICES_PER_INSTANT_MAX {
            self.free_at = self.free_at.max(now.plus(1));
        }
    }

    /// An operation happens.
    pub(super) fn spend(&mut self, now: Moment) {
        self.free_at = self.free_at.max(now.plus(self.interval));
    }
}
