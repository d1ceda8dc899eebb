//! What really happened, from the hub's own state, and what must never happen.

use std::collections::{BTreeMap, BTreeSet};

use hubjobs::emulator::InProcessHub;
use hubjobs::model::{
    JobId, JobStatus, NewJob, ObservedJob, OccurrenceKind, OwnJobId, Owner, Schedule, Seconds, SlotKey,
};
use hubjobs::reconcile::{Action, Outcome, Settled};
use jiff::{SignedDuration, Timestamp};

use crate::commit::Commit;

/// Every job that was ever created, with what became of it. The hub forgets; the ledger does not.
#[derive(Default)]
pub(crate) struct Ledger {
    own: BTreeMap<JobId, Entry>,
    foreign: BTreeMap<JobId, Foreign>,
}

struct Entry {
    id: OwnJobId,
    created: Timestamp,
    last: ObservedJob,
    /// Own jobs of the same manifest whose slots that manifest did not want when this was created.
    predecessors: BTreeSet<JobId>,
    /// Own jobs of the same slot when this was created, under whatever name their manifest had then.
    in_slot: BTreeSet<JobId>,
}

struct Foreign {
    last: JobStatus,
    /// Its own owner cancelled it.
    given_up: bool,
}

impl Entry {
    /// Whether it acted on devices, and when.
    fn run(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let ran = matches!(self.last.status, JobStatus::Running | JobStatus::Completed | JobStatus::Failed);
        let begin = self.last.start.unwrap_or(self.created).max(self.created);
        ran.then(|| (begin, self.last.end.unwrap_or(now)))
    }
}

/// Who created an own job, and by which rules.
pub(crate) struct Author<'a> {
    pub(crate) owner: &'a Owner,
    pub(crate) commit: &'a Commit,
    pub(crate) lookahead: Seconds,
    /// When the request was sent. It may be long on its way.
    pub(crate) asked: Timestamp,
}

impl Ledger {
    /// An own job was created. It must be of our owner and within its window.
    pub(crate) fn created(&mut self, hub: &InProcessHub, job: &NewJob, author: &Author<'_>) -> Result<(), String> {
        let (id, now) = (job.id.to_job_id(), hub.now());
        if job.id.owner != *author.owner {
            return Err(format!("{id} was created under another owner"));
        }
        within_window(&job.id, author)?;
        self.no_cancelled_job_is_revived(&job.id, author.commit)?;
        let last = hub.inspect(|hub| hub.observed_job(id.as_str())).expect("a job that was just created");
        let (commit, slot) = (author.commit, author.commit.slot(&job.id));
        let is_predecessor = |entry: &&Entry| commit.slot(&entry.id).name == slot.name && !commit.wants(&entry.id);
        let predecessors = self.own.values().filter(is_predecessor).map(|entry| entry.last.id.clone()).collect();
        let is_in_slot = |entry: &&Entry| commit.slot(&entry.id) == slot;
        let in_slot = self.own.values().filter(is_in_slot).map(|entry| entry.last.id.clone()).collect();
        self.own.insert(id, Entry { id: job.id.clone(), created: now, last, predecessors, in_slot });
        Ok(())
    }

    /// Somebody else created a job.
    pub(crate) fn foreign_created(&mut self, id: JobId) {
        self.foreign.insert(id, Foreign { last: JobStatus::Queued, given_up: false });
    }

    /// Its owner cancels a foreign job.
    pub(crate) fn foreign_given_up(&mut self, id: &JobId) {
        self.foreign.get_mut(id).expect("a foreign job").given_up = true;
    }

    pub(crate) fn foreign_waiting(&self) -> Vec<JobId> {
        let waiting = self.foreign.iter().filter(|(_, job)| job.last.is_cancellable());
        waiting.map(|(id, _)| id.clone()).collect()
    }

    pub(crate) fn own_waiting(&self) -> Vec<JobId> {
        let waiting = self.own.iter().filter(|(_, job)| job.last.status.is_cancellable());
        waiting.map(|(id, _)| id.clone()).collect()
    }

    /// What a run says to have done must be so.
    pub(crate) fn is_true(&self, outcome: &Outcome) -> Result<(), String> {
        let Settled::Done(_) = outcome.settled else { return Ok(()) };
        let status = self.own.get(&outcome.id).map(|entry| &entry.last.status);
        let is_true = match outcome.action {
            Action::Create => status.is_some(),
            Action::Cancel => status == Some(&JobStatus::Cancelled),
        };
        if is_true {
            Ok(())
        } else {
            Err(format!("{:?} {} is said to be done: {status:?}", outcome.action, outcome.id))
        }
    }

    /// After a run without faults nothing waits for its start that its manifest does not want.
    pub(crate) fn nothing_unwanted_waits(&self, commit: &Commit) -> Result<(), String> {
        let waiting = self.own.values().filter(|entry| entry.last.status.is_cancellable());
        for Entry { id, last, .. } in waiting {
            let Some(manifest) = commit.manifest(&id.name) else { continue };
            // An asap job of another `notAfter` blocks, and is left to a person.
            let blocks = matches!(manifest.schedule, Schedule::Asap(_))
                && id.occurrence.kind() == OccurrenceKind::Asap
                && id.unit.generation == manifest.generation;
            if manifest.suspend || (!commit.wants(id) && !blocks) {
                return Err(format!("{} still waits, and nobody wants it", last.id));
            }
        }
        Ok(())
    }

    /// Looks at every job, and says what must never happen.
    pub(crate) fn audit(&mut self, hub: &InProcessHub) -> Result<(), String> {
        for entry in self.own.values_mut().filter(|entry| !entry.last.status.is_terminal()) {
            if let Some(job) = hub.inspect(|hub| hub.observed_job(entry.last.id.as_str())) {
                entry.last = job;
            }
        }
        for (id, foreign) in self.foreign.iter_mut().filter(|(_, foreign)| !foreign.last.is_terminal()) {
            let Some(job) = hub.inspect(|hub| hub.observed_job(id.as_str())) else { continue };
            foreign.last = job.status;
            if foreign.last == JobStatus::Cancelled && !foreign.given_up {
                return Err(format!("foreign job {id} was cancelled"));
            }
        }
        self.no_slot_ran_twice()?;
        self.no_replacement_overlaps(hub.now())
    }

    /// Somebody may have pulled the emergency brake: what was cancelled stays so, unless git changed.
    fn no_cancelled_job_is_revived(&self, id: &OwnJobId, commit: &Commit) -> Result<(), String> {
        let slot = commit.slot(id);
        let in_slot = self.own.values().filter(|entry| commit.slot(&entry.id) == slot);
        let newest = in_slot.max_by_key(|entry| entry.id.unit.sequence);
        match newest.filter(|entry| entry.last.status == JobStatus::Cancelled && entry.id.revision == id.revision) {
            Some(entry) => Err(format!("{id} revives {}, which was cancelled", entry.last.id)),
            None => Ok(()),
        }
    }

    fn no_slot_ran_twice(&self) -> Result<(), String> {
        let mut ran: BTreeMap<SlotKey, &JobId> = BTreeMap::new();
        let has_run = |entry: &&Entry| entry.run(entry.created).is_some();
        for entry in self.own.values().filter(has_run) {
            let mut others = entry.in_slot.iter().map(|id| &self.own[id]).filter(has_run).map(|other| &other.last.id);
            if let Some(first) = ran.insert(entry.id.slot(), &entry.last.id).or(others.next()) {
                return Err(format!("a slot ran twice: {first} and {}", entry.last.id));
            }
        }
        Ok(())
    }

    fn no_replacement_overlaps(&self, now: Timestamp) -> Result<(), String> {
        for entry in self.own.values() {
            let Some((begin, end)) = entry.run(now) else { continue };
            for id in &entry.predecessors {
                let Some((old_begin, old_end)) = self.own[id].run(now) else { continue };
                if old_begin < end && begin < old_end {
                    return Err(format!("{id} and its replacement {} ran at the same time", entry.last.id));
                }
            }
        }
        Ok(())
    }
}

/// Nothing is asked for outside [nominal start - lookahead, deadline].
fn within_window(id: &OwnJobId, author: &Author<'_>) -> Result<(), String> {
    let Some(manifest) = author.commit.manifest(&id.name).filter(|it| it.name == id.name && author.commit.wants(id))
    else {
        return Err(format!("{id} was created, and no manifest wants it"));
    };
    if manifest.suspend {
        return Err(format!("{id} was created although its manifest is suspended"));
    }
    let (week, nominal) = (SignedDuration::from_hours(168), id.occurrence.start());
    let (earliest, deadline) = match &manifest.schedule {
        Schedule::At(at) => (nominal - week, nominal + at.starting_deadline.to_signed()),
        Schedule::Cron(cron) => (nominal - author.lookahead.to_signed(), nominal + cron.starting_deadline.to_signed()),
        Schedule::Asap(asap) => (asap.not_after - week * 2, asap.not_after),
    };
    let asked = author.asked;
    if asked < earliest || asked > deadline {
        return Err(format!("{id} was asked for at {asked}, outside its window {earliest} to {deadline}"));
    }
    Ok(())
}
