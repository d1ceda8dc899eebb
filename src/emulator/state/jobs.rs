//! All jobs that the hub remembers.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::job::Job;

/// All jobs that the hub remembers, in order of creation.
#[derive(Debug, Clone, Default)]
pub(super) struct Jobs {
    by_number: BTreeMap<u64, Job>,
    numbers: FxHashMap<Box<str>, u64>,
    /// Those that occupy a lane.
    active: Vec<u64>,
    next_number: u64,
}

impl Jobs {
    /// The job of that id.
    pub(super) fn by_id(&self, id: &str) -> Option<&Job> {
        self.get(*self.numbers.get(id)?)
    }

    /// The job of that number.
    pub(super) fn get(&self, number: u64) -> Option<&Job> {
        self.by_number.get(&number)
    }

    /// The job of that number.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Job> {
        self.by_number.get_mut(&number)
    }

    /// The jobs that occupy a lane.
    pub(super) fn active(&self) -> impl Iterator<Item = &Job> {
        self.active.iter().filter_map(|number| self.get(*number))
    }

    /// Number of lanes taken.
    pub(super) const fn lanes_taken(&self) -> usize {
        self.active.len()
    }

    /// The number of the next job.
    pub(super) const fn next_number(&self) -> u64 {
        self.next_number
    }

    /// The number of the oldest job that is remembered.
    pub(super) fn oldest(&self) -> u64 {
        self.by_number.keys().next().copied().unwrap_or(u64::MAX)
    }

    /// Sets the number of the next job.
    pub(super) const fn count_on_from(&mut self, number: u64) {
        self.next_number = number;
    }

    /// Takes in a job.
    pub(super) fn insert(&mut self, job: Job) {
        if job.is_active() {
            self.active.push(job.number);
        }
        self.next_number = self.next_number.max(job.number + 1);
        self.numbers.insert(job.id.clone(), job.number);
        self.by_number.insert(job.number, job);
    }

    /// Frees the lane of a job that has ended.
    pub(super) fn leave_lane(&mut self, number: u64) {
        self.active.retain(|other| *other != number);
    }

    /// Forgets a job.
    pub(super) fn forget(&mut self, number: u64) {
        if let Some(job) = self.by_number.remove(&number) {
            self.numbers.remove(&job.id);
        }
    }

    /// All jobs from this number on, oldest first.
    pub(super) fn from(&self, number: u64) -> impl Iterator<Item = &Job> {
        self.by_number.range(number..).map(|(_, job)| job)
    }

    /// All jobs below this number, newest first.
    pub(super) fn newest_below(&self, number: u64) -> impl Iterator<Item = &Job> {
        self.by_number.range(..number).rev().map(|(_, job)| job)
    }

    /// The job whose turn it is after another: the jobs with work take turns in order of creation.
    pub(super) fn next_in_turn(&self, after: u64) -> Option<u64> {
        let with_work = || self.active().filter(|job| job.has_work()).map(|job| job.number);
        with_work().find(|number| *number > after).or_else(|| with_work().next())
    }
}
