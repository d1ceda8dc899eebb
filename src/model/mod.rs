//! The nouns of hubjobs: names, ids, manifests, schedules, jobs. Constructors only; a value of
//! these types is valid. Knows no file, no YAML, no network and no clock.

mod canonical;
mod configuration;
mod duration;
mod environment;
mod fleet;
mod former_names;
mod job;
mod job_id;
mod limit;
mod manifest;
mod name;
mod observed;
mod occurrence;
mod percent;
mod schedule;
mod sku;
mod target;

pub use canonical::{canonical_json, sha256_base32, sha256_hex};
pub use configuration::ObservedConfiguration;
pub use duration::{InvalidDuration, Seconds};
pub use environment::{Auth, ClockMode, EmulatorClock, EmulatorHub, Environment, Hub, Project, PrunePolicy, RemoteHub};
pub use fleet::{Connectivity, DeviceGroup, Fleet, IdPattern, InvalidIdPattern, MethodBehaviour, Shape, Template};
pub use former_names::FormerNames;
pub use job::{InvalidMethodName, JobAction, JobBody, JobKind, MethodCall, MethodName, NewJob, Revision, TwinPatch};
pub use job_id::{Digit, InvalidJobId, JobId, OwnJobId, SlotKey, Unit};
pub use limit::{ExpectedDevices, InvalidExpectedDevices, Limit, ManifestLimits, SafetyLimits};
pub use manifest::{Manifest, ManifestSource, SuccessWhen};
pub use name::{EnvironmentName, HubName, InvalidName, ManifestName, Owner, OwnerId, OwnerSlug};
pub use observed::{DeviceJobStatistics, JobStatus, ObservedJob};
pub use occurrence::{Desired, OccurrenceKey, OccurrenceKind};
pub use percent::{InvalidPercent, Percent};
pub use schedule::{
    Asap, At, ConcurrencyPolicy, Cron, CronExpression, DstMark, InvalidAt, InvalidCron, InvalidZone, Occurrences,
    Schedule, Zone, tzdb_version,
};
pub use sku::{HubSize, Sku};
pub use target::{ConditionTooLong, DeviceId, InvalidDeviceId, Target, TargetCondition};
