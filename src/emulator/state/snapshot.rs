//! The hub as a stream of records, and back. One device at a time, so that a hub of a million
//! devices needs no second copy in memory.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::behaviour::Behaviour;
use super::device::{Connection, Device};
use super::devices::Slot;
use super::hub::{Errand, HubState};
use super::identity::Identity;
use super::job::{Job, JobDue, Phase, Run, Tally, Target, TargetState, Verdict};
use super::job_request::JobRequest;
use super::limiter::Limiter;
use super::moment::Moment;
use super::options::{StoredOptions, Strictness};
use super::rules::{FINISHING_TICKS, HISTORY_TICKS, QUEUED_TICKS};
use super::section::{Section, Write};
use super::twin::Twin;

/// One piece of a snapshot. What is in it is the hub's own affair; the pieces must come back in
/// the order in which they were given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SnapshotRecord(Record);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum Record {
    Hub {
        format: u32,
        options: StoredOptions,
        now: Moment,
        free_at: Moment,
        turn: u64,
        next_job: u64,
    },
    Name(String),
    Behaviour(Value),
    Device(StoredDevice),
    /// The device of this id was deleted.
    Left(Box<str>),
    Job(StoredJob),
    /// Some of the targets of the last job: place, state, verdict, time.
    Targets(Vec<(u32, u8, u32, Moment)>),
    End {
        places: u64,
        jobs: u64,
    },
}

/// Version of the form of snapshots.
const FORMAT: u32 = 1;

/// How many targets stand in one record.
const TARGETS_PER_RECORD: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredDevice {
    id: Box<str>,
    identity: Identity,
    connection: Connection,
    etag: u64,
    version: u64,
    #[serde(with = "base64")]
    tags: Vec<u8>,
    desired: StoredSection,
    reported: StoredSection,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredSection {
    #[serde(with = "base64")]
    members: Vec<u8>,
    writes: Vec<Write>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredJob {
    number: u64,
    id: Box<str>,
    request: Value,
    created: Moment,
    start: Moment,
    phase: Phase,
    begun: Option<Moment>,
    ended: Option<Moment>,
    failure_reason: Option<String>,
    verdicts: Vec<Verdict>,
    cursor: usize,
    ready: VecDeque<u32>,
}

/// Why a snapshot does not give a hub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// It was written by another version.
    #[error("the snapshot has format {0}, this version reads {FORMAT}")]
    Format(u32),
    /// Records are missing, damaged or out of order.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
}

impl HubState {
    /// All of the hub, piece by piece.
    pub fn snapshot(&self) -> impl Iterator<Item = SnapshotRecord> + '_ {
        let head = Record::Hub {
            format: FORMAT,
            options: self.options.into(),
            now: self.now,
            free_at: self.limiter.free_at(),
            turn: self.limiter.turn(),
            next_job: self.jobs.next_number(),
        };
        let end = Record::End { places: self.devices.places() as u64, jobs: self.jobs.from(0).count() as u64 };
        let names = self.keys.names().map(|name| Record::Name(name.to_owned()));
        let behaviours = self
            .behaviours
            .iter()
            .map(|behaviour| Record::Behaviour(serde_json::to_value(behaviour).unwrap_or_default()));
        let devices = self.devices.all_places().map(|place| match place {
            Ok(device) => Record::Device(StoredDevice::of(device)),
            Err(id) => Record::Left(id.into()),
        });
        let jobs = self.jobs.from(0).flat_map(|job| {
            let chunks = job.targets.chunks(TARGETS_PER_RECORD);
            let targets = chunks.map(|chunk| Record::Targets(chunk.iter().map(store_target).collect()));
            std::iter::once(Record::Job(StoredJob::of(job))).chain(targets)
        });
        let records = std::iter::once(head).chain(names).chain(behaviours).chain(devices).chain(jobs);
        records.chain(std::iter::once(end)).map(SnapshotRecord)
    }
}

/// A hub under restoration.
#[derive(Debug, Default)]
pub struct Restoration {
    hub: Option<HubState>,
    job: Option<Job>,
    jobs: u64,
    is_complete: bool,
}

impl Restoration {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// When it makes no sense at this point.
    pub fn push(&mut self, record: SnapshotRecord) -> Result<(), BadSnapshot> {
        if self.is_complete {
            return Err(BadSnapshot::Damaged("it goes on after its end"));
        }
        let Some(hub) = &mut self.hub else {
            self.hub = Some(read_head(&record.0)?);
            return Ok(());
        };
        match record.0 {
            Record::Hub { .. } => return Err(BadSnapshot::Damaged("it begins twice")),
            Record::Name(name) => {
                hub.keys.intern(&name);
            }
            Record::Behaviour(value) => {
                let mut behaviour: Behaviour =
                    serde_json::from_value(value).map_err(|_| BadSnapshot::Damaged("a behaviour"))?;
                behaviour.compile(&mut hub.keys);
                hub.behaviours.push(behaviour);
            }
            Record::Device(stored) => {
                let device = stored.read(&hub.keys).ok_or(BadSnapshot::Damaged("a device"))?;
                hub.devices.restore(Ok(device));
            }
            Record::Left(id) => hub.devices.restore(Err(id)),
            Record::Job(stored) => {
                if self.jobs == 0 && !hub.devices.sort() {
                    return Err(BadSnapshot::Damaged("a device is there twice"));
                }
                self.jobs += 1;
                let next = stored.read(hub).ok_or(BadSnapshot::Damaged("a job"))?;
                if let Some(job) = self.job.replace(next) {
                    hub.jobs.insert(job);
                }
            }
            Record::Targets(targets) => {
                let job = self.job.as_mut().ok_or(BadSnapshot::Damaged("targets without a job"))?;
                for target in targets {
                    let target = read_target(target, hub, job).ok_or(BadSnapshot::Damaged("a target"))?;
                    job.tally.add(target.state);
                    job.targets.push(target);
                }
            }
            Record::End { places, jobs } => {
                if places != hub.devices.places() as u64 || jobs != self.jobs {
                    return Err(BadSnapshot::Damaged("devices or jobs are missing"));
                }
                if let Some(job) = self.job.take() {
                    hub.jobs.insert(job);
                }
                self.is_complete = true;
            }
        }
        Ok(())
    }

    /// The hub, as it was.
    ///
    /// # Errors
    /// When the last piece is missing.
    pub fn finish(self) -> Result<HubState, BadSnapshot> {
        let Some(mut hub) = self.hub.filter(|_| self.is_complete) else {
            return Err(BadSnapshot::Damaged("its end is missing"));
        };
        if !hub.devices.sort() {
            return Err(BadSnapshot::Damaged("a device is there twice"));
        }
        hub.plan_again();
        Ok(hub)
    }
}

impl HubState {
    /// Fills agendas and errands, which follow from the rest.
    fn plan_again(&mut self) {
        let (now, behaviours) = (self.now, &self.behaviours);
        for (slot, device) in self.devices.iter().filter(|(_, device)| device.connection.owes_report) {
            if let Some(at) = device.next_online(behaviours, now) {
                self.errands.push(Reverse((at, Errand::Report(slot))));
            }
        }
        let numbers: Vec<u64> = self.jobs.from(0).map(|job| job.number).collect();
        for number in numbers {
            let Some(job) = self.jobs.get_mut(number) else { continue };
            if let Some(ended) = job.ended {
                self.errands.push(Reverse((ended.plus(HISTORY_TICKS), Errand::Forget(number))));
            }
            match job.phase {
                Phase::Queued => job.plan(job.created.plus(QUEUED_TICKS), JobDue::Settle),
                Phase::Scheduled => job.plan(job.start, JobDue::Begin),
                Phase::Running => {
                    let online = |slot| self.devices.get(slot).and_then(|device| device.next_online(behaviours, now));
                    plan_running(job, online);
                }
                Phase::Completed | Phase::Failed | Phase::Cancelled => {}
            }
        }
    }
}

fn plan_running(job: &mut Job, next_online: impl Fn(Slot) -> Option<Moment>) {
    let begun = job.begun.unwrap_or(job.start);
    job.plan(job.deadline().max(begun), JobDue::Deadline);
    for index in 0..job.targets.len() {
        let target = job.targets[index];
        let place = u32::try_from(index).unwrap_or(u32::MAX);
        match target.state {
            TargetState::Called => job.plan(target.at, JobDue::CallEnds(place)),
            TargetState::Waiting => {
                if let Some(at) = next_online(target.slot) {
                    job.plan(at, JobDue::Online(place));
                }
            }
            _ => {}
        }
    }
    if job.tally.executed() == job.targets.len() as u64 {
        let done = job.targets.iter().map(|target| target.at).fold(begun, Moment::max);
        job.plan(done.plus(FINISHING_TICKS).min(job.deadline().max(done)), JobDue::Finish);
    }
}

fn read_head(record: &Record) -> Result<HubState, BadSnapshot> {
    let Record::Hub { format, options, now, free_at, turn, next_job } = record else {
        return Err(BadSnapshot::Damaged("it does not begin with its head"));
    };
    if *format != FORMAT {
        return Err(BadSnapshot::Format(*format));
    }
    let options = options.read().ok_or(BadSnapshot::Damaged("the options"))?;
    let mut hub = HubState::new(options, now.timestamp());
    hub.limiter = Limiter::restore(&options, *free_at, *turn);
    hub.jobs.count_on_from(*next_job);
    Ok(hub)
}

impl StoredDevice {
    fn of(device: &Device) -> Self {
        let Device { id, identity, twin, connection } = device;
        Self {
            id: id.clone(),
            identity: identity.clone(),
            connection: *connection,
            etag: twin.etag,
            version: twin.version,
            tags: twin.tags.to_vec(),
            desired: StoredSection::of(&twin.desired),
            reported: StoredSection::of(&twin.reported),
        }
    }

    fn read(self, keys: &super::keys::Keys) -> Option<Device> {
        let twin = Twin {
            etag: self.etag,
            version: self.version,
            tags: self.tags.into(),
            desired: Section::restore(self.desired.members, self.desired.writes, keys)?,
            reported: Section::restore(self.reported.members, self.reported.writes, keys)?,
        };
        let sound = twin.tags().is_sound(keys);
        sound.then_some(Device { id: self.id, identity: self.identity, twin, connection: self.connection })
    }
}

impl StoredSection {
    fn of(section: &Section) -> Self {
        Self { members: section.members().bytes().to_vec(), writes: section.writes().to_vec() }
    }
}

impl StoredJob {
    fn of(job: &Job) -> Self {
        Self {
            number: job.number,
            id: job.id.clone(),
            request: job.request.to_json(),
            created: job.created,
            start: job.start,
            phase: job.phase,
            begun: job.begun,
            ended: job.ended,
            failure_reason: job.failure_reason.clone(),
            verdicts: job.verdicts.clone(),
            cursor: job.run.cursor,
            ready: job.run.ready.clone(),
        }
    }

    fn read(self, hub: &mut HubState) -> Option<Job> {
        let request = JobRequest::read(&self.request, Strictness::Lenient).ok()?;
        let write = Arc::new(hub.compile_write(&request));
        Some(Job {
            number: self.number,
            id: self.id,
            request: Arc::new(request),
            created: self.created,
            start: self.start,
            phase: self.phase,
            begun: self.begun,
            ended: self.ended,
            failure_reason: self.failure_reason,
            targets: Vec::new(),
            tally: Tally::default(),
            verdicts: self.verdicts,
            run: Run { cursor: self.cursor, ready: self.ready, write, ..Run::default() },
        })
    }
}

fn store_target(target: &Target) -> (u32, u8, u32, Moment) {
    let (state, verdict) = match target.state {
        TargetState::Pending => (0, 0),
        TargetState::Waiting => (1, 0),
        TargetState::Ready => (2, 0),
        TargetState::Called => (3, 0),
        TargetState::Updated => (4, 0),
        TargetState::Answered(verdict) => (5, verdict),
        TargetState::Failed(verdict) => (6, verdict),
    };
    (target.slot.0, state, verdict, target.at)
}

fn read_target(stored: (u32, u8, u32, Moment), hub: &HubState, job: &Job) -> Option<Target> {
    let (slot, state, verdict, at) = stored;
    let state = match state {
        0 => TargetState::Pending,
        1 => TargetState::Waiting,
        2 => TargetState::Ready,
        3 => TargetState::Called,
        4 => TargetState::Updated,
        5 => TargetState::Answered(verdict),
        6 => TargetState::Failed(verdict),
        _ => return None,
    };
    let sound = (slot as usize) < hub.devices.places() && (verdict == 0 || (verdict as usize) < job.verdicts.len());
    sound.then_some(Target { slot: Slot(slot), state, at })
}

/// A sequence of [`SnapshotRecord`]s.
impl Serialize for HubState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.snapshot())
    }
}

impl<'de> Deserialize<'de> for HubState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Records;
        impl<'de> Visitor<'de> for Records {
            type Value = HubState;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the records of a hub")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<HubState, A::Error> {
                let mut restoration = Restoration::new();
                while let Some(record) = records.next_element()? {
                    restoration.push(record).map_err(A::Error::custom)?;
                }
                restoration.finish().map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_seq(Records)
    }
}

/// Bytes as text.
mod base64 {
    use data_encoding::BASE64;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map_err(D::Error::custom)
    }
}
