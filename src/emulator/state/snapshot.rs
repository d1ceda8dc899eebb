//! The hub as a stream of records, and back. One device at a time, so that a hub of a million
//! devices needs no second copy in memory.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::configuration::Configuration;
use super::device::{Connection, Device};
use super::devices::Slot;
use super::hub::HubState;
use super::identity::{Authentication, Identity};
use super::job::{Job, Phase, Run, Tally, Target, TargetState, Verdict};
use super::job_request::JobRequest;
use super::live_records::LiveRecord;
use super::moment::Moment;
use super::options::StoredOptions;
use super::restoration::Restoration;
use super::section::{Section, Write};
use super::twin::Twin;

/// One piece of a snapshot. What is in it is the hub's own affair; the pieces must come back in
/// the order in which they were given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SnapshotRecord(pub(super) Record);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum Record {
    Hub {
        format: u32,
        options: StoredOptions,
        now: Moment,
        free_at: Moment,
        turn: u64,
        next_job: u64,
        #[serde(default)]
        quota_day: i64,
        #[serde(default)]
        quota_used: u64,
        #[serde(default)]
        looked_at: Option<(u32, Moment)>,
    },
    Name(String),
    Behaviour(Value),
    Device(StoredDevice),
    /// The device of this id was deleted; jobs from this number on do not know it.
    Left {
        id: Box<str>,
        next_job: u64,
    },
    /// How a device or module was before a write that queries do not see yet; nothing if it was not
    /// there.
    Image {
        at: Moment,
        slot: u32,
        device: Option<Box<StoredDevice>>,
    },
    Module(StoredDevice),
    /// The module of this id was deleted.
    ModuleLeft {
        id: Box<str>,
        next_job: u64,
    },
    /// When the configurations that follow are looked at next.
    Configurations(Option<Moment>),
    Configuration(Configuration),
    /// Some of the targets of the last configuration: place, and whether they have the settings.
    ConfigurationTargets(Vec<(u32, bool)>),
    Job(StoredJob),
    /// Something about devices that are really connected. Comes after everything it names.
    Live(LiveRecord),
    /// Some of the targets of the last job: place, state, verdict, time.
    Targets(Vec<(u32, u8, u32, Moment)>),
    End {
        places: u64,
        jobs: u64,
    },
}

/// Version of the form of snapshots.
pub(super) const FORMAT: u32 = 2;

/// How many targets stand in one record.
const TARGETS_PER_RECORD: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredDevice {
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
pub(super) struct StoredSection {
    #[serde(with = "base64")]
    members: Vec<u8>,
    writes: Vec<Write>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredJob {
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
            quota_day: self.quota.day(),
            quota_used: self.quota.used(),
            looked_at: Some(self.limiter.looked_at()),
        };
        let end = Record::End {
            places: (self.devices.places() + self.devices.modules().places()) as u64,
            jobs: self.jobs.from(0).count() as u64,
        };
        let names = self.keys.names().map(|name| Record::Name(name.to_owned()));
        let behaviours = self
            .behaviours
            .iter()
            .map(|behaviour| Record::Behaviour(serde_json::to_value(behaviour).unwrap_or_default()));
        let devices = self.devices.all_places().map(|place| match place {
            Ok(device) => Record::Device(StoredDevice::of(device)),
            Err((id, next_job)) => Record::Left { id: id.into(), next_job },
        });
        let modules = self.devices.modules().all_places().map(|place| match place {
            Ok(module) => Record::Module(StoredDevice::of(module)),
            Err((id, next_job)) => Record::ModuleLeft { id: id.into(), next_job },
        });
        let images = self.devices.images().map(|(at, slot, image)| Record::Image {
            at,
            slot: slot.0,
            device: image.map(|image| Box::new(StoredDevice::of(image))),
        });
        let due = self.configurations.due.map(|due| Record::Configurations(Some(due)));
        let configurations = due.into_iter().chain(self.configurations.by_id.values().flat_map(|configuration| {
            let chunks = configuration.targets.chunks(TARGETS_PER_RECORD);
            let store = |(slot, applied): &(Slot, bool)| (slot.0, *applied);
            let targets = chunks.map(move |chunk| Record::ConfigurationTargets(chunk.iter().map(store).collect()));
            std::iter::once(Record::Configuration(configuration.clone_without_targets())).chain(targets)
        }));
        let jobs = self.jobs.from(0).flat_map(|job| {
            let chunks = job.targets.chunks(TARGETS_PER_RECORD);
            let targets = chunks.map(|chunk| Record::Targets(chunk.iter().map(store_target).collect()));
            std::iter::once(Record::Job(StoredJob::of(job))).chain(targets)
        });
        let records = std::iter::once(head)
            .chain(names)
            .chain(behaviours)
            .chain(devices)
            .chain(modules)
            .chain(images)
            .chain(configurations)
            .chain(jobs)
            .chain(self.live_records().map(Record::Live));
        records.chain(std::iter::once(end)).map(SnapshotRecord)
    }
}

impl SnapshotRecord {
    /// The piece without keys of devices and modules; whoever takes it in gives them such as follow from
    /// the seed of the hub.
    #[must_use]
    pub fn without_keys(mut self) -> Self {
        if let Record::Device(stored) | Record::Module(stored) = &mut self.0
            && let Authentication::Sas { .. } = stored.identity.authentication
        {
            stored.identity.authentication = Authentication::Seeded;
        }
        self
    }
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

    pub(super) fn read(self, keys: &super::keys::Keys) -> Option<Device> {
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

    pub(super) fn read(self, hub: &mut HubState) -> Option<Job> {
        let request = JobRequest::read(&self.request).ok()?;
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
