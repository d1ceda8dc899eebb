//! The table of the design: what one slot calls for, by its newest job on the hub. Lanes and
//! overlaps are looked at later.
//!
//! | on the hub | revision | nominal start | verdict |
//! |---|---|---|---|
//! | nothing | | not yet due / due / late / too late | `not-due` / `slot-empty` / `late-within-deadline` / `missed` |
//! | queued, scheduled | same | | `in-sync` |
//! | queued, scheduled | other | future / past | `replace-before-start` / `starting` |
//! | running | same / other | | `in-progress` / `running-cannot-be-replaced` |
//! | completed, failed | same / other | | `done` / `changed-after-run`, `done-with-earlier-revision` |
//! | cancelled | other | not too late | `resume-replace` |
//! | cancelled | same | | `cancelled-slot` |
//! | same id, other body | | | `id-collision` |
//!
//! A slot that adopts a job of somebody else is filled by that job (see [`super::adopt`]):
//!
//! | the adopted job | same body and start | verdict |
//! |---|---|---|
//! | queued, scheduled / running / completed, failed | yes | `in-sync` / `in-progress` / `done` |
//! | the same | no | `adopted-differs` |
//! | cancelled | | `cancelled-slot` |
//! | not on the hub | | `adopted-unknown` until the deadline, then `missed`: never a job of our own |

use std::cell::OnceCell;

use jiff::{SignedDuration, Timestamp};

use super::adopt::{adopts, matches_slot};
use super::changes::{FieldChange, changes};
use super::inventory::OwnJob;
use super::row::{BlockedReason, CreateReason, IdleReason, Window};
use crate::model::{
    Desired, Digit, JobBody, JobId, JobStatus, NewJob, OccurrenceKind, OwnJobId, Revision, Seconds, SlotKey, Unit,
};

/// An `asap` job lives at most this long before its `notAfter`: the hub forgets a job after 30
/// days, and a slot whose job is forgotten must be past its deadline for good.
const ASAP_AHEAD_MAX: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The hub takes no start further ahead than 168 h.
const START_AHEAD_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What one slot calls for.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A job, if lanes and earlier jobs allow.
    Want(Box<Want>),
    /// A person.
    Blocked(Option<JobId>, BlockedReason),
    /// Nothing.
    Idle(Option<JobId>, IdleReason),
}

/// A job that a slot calls for.
#[derive(Debug)]
pub(super) struct Want {
    pub(super) job: NewJob,
    pub(super) reason: CreateReason,
    /// The job that it replaces, to be cancelled before.
    pub(super) replaces: Option<JobId>,
    pub(super) changes: Vec<FieldChange>,
    /// Nominal start; nothing for `asap`.
    pub(super) nominal: Option<Timestamp>,
    pub(super) deadline: Timestamp,
    /// Due only beyond the lookahead; may be created early if lanes are to spare.
    pub(super) is_ahead: bool,
}

impl Want {
    /// When the job would start if created at `now`.
    pub(super) fn starts(&self, now: Timestamp) -> Timestamp {
        self.job.start.unwrap_or(now)
    }
}

/// Time as the table needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) now: Timestamp,
    pub(super) lookahead: Seconds,
}

impl Clock {
    fn horizon(self) -> Timestamp {
        shift(self.now, self.lookahead.to_signed())
    }

    /// When an apply must run so that a slot is created in time.
    pub(super) fn apply_window(self, nominal: Timestamp, deadline: Timestamp) -> Window {
        Window { from: shift(nominal, -self.lookahead.to_signed()), until: deadline }
    }
}

/// A timestamp moved, held within what a timestamp can be.
pub(super) fn shift(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

/// What a manifest wants in each of its slots. Hashing costs more than all the rest of a plan, so it
/// is done once, and only for a body that the hub does not echo just so.
#[derive(Debug)]
pub(super) struct WantedBody {
    body: JobBody,
    revision: OnceCell<Revision>,
}

impl WantedBody {
    pub(super) const fn new(body: JobBody) -> Self {
        Self { body, revision: OnceCell::new() }
    }

    /// Whether a body is this one. Bodies that are spelt differently (`1` and `1.0`) may be the same.
    pub(super) fn is(&self, body: &JobBody) -> bool {
        *body == self.body || body.revision() == *self.revision()
    }

    fn revision(&self) -> &Revision {
        self.revision.get_or_init(|| self.body.revision())
    }
}

/// The jobs of a slot, told apart by what they mean for it.
pub(super) struct SlotJobs<'a, 'b> {
    /// The job that speaks for the slot: an adopted one, else one that has run, else the first that
    /// waits, else a cancelled one: the adopted, else the newest.
    pub(super) speaker: Option<&'b OwnJob<'a>>,
    /// Jobs that must not start, since another fills the slot.
    pub(super) races: Vec<JobId>,
    /// Where the next job of the slot stands in the sequence; nothing after the 36th.
    pub(super) next_sequence: Option<Digit>,
}

impl<'a, 'b> SlotJobs<'a, 'b> {
    /// Two waiting jobs in one slot: the newest speaks, since it was created after the others were
    /// seen cancelled, and the list only lags. Two that are equally new are the trace of two runners of
    /// different commits: the one with the greater id gives way, as after a create.
    pub(super) fn new(jobs: &'b [OwnJob<'a>]) -> Self {
        let ran = jobs.iter().rev().find(|job| job.has_run());
        let waiting = || jobs.iter().filter(|job| job.is_cancellable());
        let adopted = jobs.iter().find(|job| job.is_adopted);
        let is_cancelled = |job: &OwnJob<'_>| job.seen.status == JobStatus::Cancelled;
        // The jobs come by id, and the first of the greatest is wanted.
        let newest = waiting().rev().max_by_key(|job| job.id.unit.sequence);
        let live = adopted.filter(|job| !is_cancelled(job)).or(ran).or(newest);
        let speaker = live.or(adopted).or(jobs.last());
        let gives_way = |job: &&OwnJob<'_>| speaker.is_none_or(|speaker| speaker.seen.id != job.seen.id);
        let races = waiting().filter(gives_way).map(|job| job.seen.id.clone()).collect();
        let last = jobs.iter().map(|job| job.id.unit.sequence).max();
        Self { speaker, races, next_sequence: last.map_or(Some(Digit::ZERO), Digit::next) }
    }
}

/// Applies the table to one slot.
pub(super) fn decide(clock: Clock, desired: &Desired, wanted: &WantedBody, jobs: &SlotJobs<'_, '_>) -> Verdict {
    let Some(newest) = jobs.speaker else {
        return fill(clock, desired, wanted, jobs);
    };
    let id = Some(newest.seen.id.clone());
    if newest.is_adopted {
        return adopted(desired, wanted, newest);
    }
    let is_echoed = newest.seen.body.as_ref() == Some(&wanted.body);
    let same = is_echoed || newest.id.revision == *wanted.revision();
    if same && !is_echoed && newest.seen.body.as_ref().is_some_and(|body| !wanted.is(body)) {
        return Verdict::Blocked(id, BlockedReason::IdCollision);
    }
    let is_cron = desired.slot.occurrence.kind() == OccurrenceKind::Cron;
    match (&newest.seen.status, same) {
        (JobStatus::Queued | JobStatus::Scheduled, true) => Verdict::Idle(id, IdleReason::InSync),
        (JobStatus::Queued | JobStatus::Scheduled, false) => replace(clock, desired, wanted, jobs, newest),
        (JobStatus::Running | JobStatus::Other(_), true) => Verdict::Idle(id, IdleReason::InProgress),
        (JobStatus::Running | JobStatus::Other(_), false) if is_cron => {
            Verdict::Idle(id, IdleReason::RunningEarlierRevision)
        }
        (JobStatus::Running | JobStatus::Other(_), false) => {
            Verdict::Blocked(id, BlockedReason::RunningCannotBeReplaced)
        }
        (status @ (JobStatus::Completed | JobStatus::Failed), true) => {
            Verdict::Idle(id, IdleReason::Done(status.clone()))
        }
        (JobStatus::Completed | JobStatus::Failed, false) if is_cron => {
            Verdict::Idle(id, IdleReason::DoneWithEarlierRevision)
        }
        (JobStatus::Completed | JobStatus::Failed, false) => Verdict::Blocked(id, BlockedReason::ChangedAfterRun),
        (JobStatus::Cancelled, true) => Verdict::Blocked(id, BlockedReason::CancelledSlot),
        (JobStatus::Cancelled, false) => fill(clock, desired, wanted, jobs),
    }
}

/// A slot that a job of somebody else fills. That job is not ours to replace, so every difference is
/// for a person. An echo too incomplete to compare is taken for what the manifest says.
fn adopted(desired: &Desired, wanted: &WantedBody, job: &OwnJob<'_>) -> Verdict {
    let id = Some(job.seen.id.clone());
    let is_same = job.seen.body.as_ref().is_none_or(|body| wanted.is(body)) && matches_slot(job.seen, &desired.slot);
    match &job.seen.status {
        JobStatus::Cancelled => Verdict::Blocked(id, BlockedReason::CancelledSlot),
        _ if !is_same => Verdict::Blocked(id, BlockedReason::AdoptedDiffers),
        JobStatus::Queued | JobStatus::Scheduled => Verdict::Idle(id, IdleReason::InSync),
        JobStatus::Running | JobStatus::Other(_) => Verdict::Idle(id, IdleReason::InProgress),
        status @ (JobStatus::Completed | JobStatus::Failed) => Verdict::Idle(id, IdleReason::Done(status.clone())),
    }
}

/// A slot without a job, or with cancelled jobs of other revisions only.
fn fill(clock: Clock, desired: &Desired, wanted: &WantedBody, jobs: &SlotJobs<'_, '_>) -> Verdict {
    let cancelled = jobs.speaker.map(|job| job.seen.id.clone());
    if adopts(&desired.manifest, &desired.slot) {
        // It may have run and be forgotten, or its id may be mistyped: in neither case is a job of our
        // own what the manifest asks for.
        return match phase(clock, desired) {
            Phase::Past => Verdict::Idle(cancelled, IdleReason::Missed),
            _ => Verdict::Blocked(cancelled, BlockedReason::AdoptedUnknown),
        };
    }
    let reason = |empty: CreateReason| if cancelled.is_some() { CreateReason::ResumeReplace } else { empty };
    match phase(clock, desired) {
        Phase::Late => want(clock, desired, wanted, jobs, reason(CreateReason::LateWithinDeadline)),
        Phase::Due | Phase::Ahead => want(clock, desired, wanted, jobs, reason(CreateReason::SlotEmpty)),
        Phase::TooFar => Verdict::Blocked(cancelled, BlockedReason::NotAfterTooFar),
        Phase::NotDue(window) => Verdict::Idle(cancelled, IdleReason::NotDue { apply_between: window }),
        Phase::Past => Verdict::Idle(cancelled, IdleReason::Missed),
    }
}

fn replace(
    clock: Clock,
    desired: &Desired,
    wanted: &WantedBody,
    jobs: &SlotJobs<'_, '_>,
    newest: &OwnJob<'_>,
) -> Verdict {
    // An `asap` job has been starting since its creation.
    if desired.nominal_start().is_none_or(|nominal| nominal <= clock.now) {
        return Verdict::Idle(Some(newest.seen.id.clone()), IdleReason::Starting);
    }
    let mut verdict = want(clock, desired, wanted, jobs, CreateReason::ReplaceBeforeStart);
    if let Verdict::Want(want) = &mut verdict {
        want.replaces = Some(newest.seen.id.clone());
        want.changes = newest.seen.body.as_ref().map_or_else(Vec::new, |body| changes(body, &wanted.body));
        // It has a lane already, so it need not wait for one.
        want.is_ahead = false;
    }
    verdict
}

fn want(
    clock: Clock,
    desired: &Desired,
    wanted: &WantedBody,
    jobs: &SlotJobs<'_, '_>,
    reason: CreateReason,
) -> Verdict {
    let Some(sequence) = jobs.next_sequence else {
        return Verdict::Blocked(jobs.speaker.map(|job| job.seen.id.clone()), BlockedReason::UnitExhausted);
    };
    let SlotKey { owner, name, occurrence, wave, generation } = desired.slot.clone();
    let unit = Unit { wave, generation, sequence, chunk: Digit::ZERO };
    let id = OwnJobId { owner, name, occurrence, unit, revision: wanted.revision().clone() };
    let nominal = desired.nominal_start();
    Verdict::Want(Box::new(Want {
        job: NewJob { id, body: wanted.body.clone(), start: nominal.filter(|nominal| *nominal > clock.now) },
        reason,
        replaces: None,
        changes: Vec::new(),
        nominal,
        deadline: desired.deadline,
        is_ahead: matches!(phase(clock, desired), Phase::Ahead),
    }))
}

/// Where `now` stands in the life of a slot.
enum Phase {
    /// `asap` with a `notAfter` beyond what the hub's memory allows.
    TooFar,
    /// Later than the lookahead.
    NotDue(Window),
    /// Later than the lookahead, but near enough to be created if lanes are to spare.
    Ahead,
    /// Within the lookahead, or `asap`.
    Due,
    /// Past the nominal start, not past the deadline.
    Late,
    /// Past the deadline.
    Past,
}

fn phase(clock: Clock, desired: &Desired) -> Phase {
    let Clock { now, .. } = clock;
    if now > desired.deadline {
        return Phase::Past;
    }
    let Some(nominal) = desired.nominal_start() else {
        let too_far = desired.deadline > shift(now, ASAP_AHEAD_MAX);
        return if too_far { Phase::TooFar } else { Phase::Due };
    };
    if nominal < now {
        Phase::Late
    } else if nominal <= clock.horizon() {
        Phase::Due
    } else if desired.slot.occurrence.kind() == OccurrenceKind::At && nominal <= shift(now, START_AHEAD_MAX) {
        Phase::Ahead
    } else {
        Phase::NotDue(clock.apply_window(nominal, desired.deadline))
    }
}
