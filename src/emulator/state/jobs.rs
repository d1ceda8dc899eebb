//! All jobs that the hub remembers.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::job::Job;
use super::moment::Moment;

/// All jobs that the hub remembers, in order of creation.
#[derive(Debug, Clone, Default)]
pub(super) struct Jobs {
    by_number: BTreeMap<u64, Job>,
    numbers: FxHashMap<Box<str>, u64>,
    /// Those that occupy a lane.
    active: BTreeSet<u64>,
    agenda: Agenda,
    next_number: u64,
}

/// What is next of the active jobs, so that a call does not look at all of them: without lanes there
/// may be thousands.
#[derive(Debug, Clone, Default)]
struct Agenda {
    /// When each job has something to do.
    due: BTreeSet<(Moment, u64)>,
    /// The entry of a job in `due`.
    entries: FxHashMap<u64, Moment>,
    /// Jobs with device operations to do.
    working: BTreeSet<u64>,
    /// Jobs that may have changed since all this was true.
    changed: Vec<u64>,
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
        if self.agenda.changed.last() != Some(&number) {
            self.agenda.changed.push(number);
        }
        self.by_number.get_mut(&number)
    }

    /// The jobs that occupy a lane.
    pub(super) fn active(&self) -> impl Iterator<Item = &Job> {
        self.active.iter().filter_map(|number| self.get(*number))
    }

    /// Number of lanes taken.
    pub(super) fn lanes_taken(&self) -> usize {
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
            self.active.insert(job.number);
        }
        self.agenda.changed.push(job.number);
        self.next_number = self.next_number.max(job.number + 1);
        self.numbers.insert(job.id.clone(), job.number);
        self.by_number.insert(job.number, job);
    }

    /// Frees the lane of a job that has ended.
    pub(super) fn leave_lane(&mut self, number: u64) {
        self.active.remove(&number);
    }

    /// Forgets a job.
    pub(super) fn forget(&mut self, number: u64) {
        if let Some(job) = self.by_number.remove(&number) {
            self.numbers.remove(&job.id);
            self.agenda.changed.push(number);
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
    pub(super) fn next_in_turn(&mut self, after: u64) -> Option<u64> {
        let working = &self.up_to_date().working;
        working.range(after.saturating_add(1)..).next().or_else(|| working.first()).copied()
    }

    /// Whether a job has device operations to do.
    pub(super) fn have_work(&mut self) -> bool {
        !self.up_to_date().working.is_empty()
    }

    /// The first entry on the agendas of all jobs, and whose it is; of two at one time that of the
    /// older job.
    pub(super) fn next_due(&mut self) -> Option<(Moment, u64)> {
        self.up_to_date().due.first().copied()
    }

    fn up_to_date(&mut self) -> &Agenda {
        let Self { agenda: Agenda { due, entries, working, changed }, by_number, .. } = self;
        for number in changed.drain(..) {
            let job = by_number.get(&number).filter(|job| job.is_active());
            let at = job.and_then(Job::next_due);
            let before = match at {
                Some(at) => entries.insert(number, at),
                None => entries.remove(&number),
            };
            if before != at {
                before.map(|before| due.remove(&(before, number)));
                at.map(|at| due.insert((at, number)));
            }
            match job.is_some_and(Job::has_work) {
                true => working.insert(number),
                false => working.remove(&number),
            };
        }
        &self.agenda
    }
}
