//! The nouns of hubjobs: names, ids, manifests, schedules, jobs. Constructors only; a value of
//! these types is valid. Knows no file, no YAML, no network and no clock.

mod canonical;
mod change_window;
mod configuration;
mod duration;
mod entra;
mod environment;
mod explained;
mod expression;
mod fleet;
mod former_names;
mod job;
mod job_id;
mod limit;
mod manifest;
mod message_template;
mod name;
mod observed;
mod occurrence;
mod percent;
mod policy;
mod schedule;
mod sku;
mod target;

pub use canonical::{canonical_json, sha256_base32, sha256_hex};
pub use change_window::{ChangeWindow, TimeSpan, WindowKind, WindowTimes};
pub use configuration::ObservedConfiguration;
pub use duration::{InvalidDuration, Seconds};
pub use entra::{
    Audience, AuthorityHost, ClientId, EntraAuth, EntraCloud, EntraSource, InvalidEntra, ServiceConnectionId, TenantId,
};
pub use environment::{Auth, ClockMode, EmulatorClock, EmulatorHub, Environment, Hub, Project, PrunePolicy, RemoteHub};
pub use explained::Explained;
pub(crate) use explained::explained;
pub use expression::{Expression, InvalidExpression, Variable};
pub use fleet::{Connectivity, DeviceGroup, Fleet, IdPattern, InvalidIdPattern, MethodBehaviour, Shape, Template};
pub use former_names::FormerNames;
pub use job::{InvalidMethodName, JobAction, JobBody, JobKind, MethodCall, MethodName, NewJob, Revision, TwinPatch};
pub use job_id::{Digit, InvalidJobId, JobId, OwnJobId, SlotKey, Unit};
pub use limit::{ExpectedDevices, InvalidExpectedDevices, Limit, ManifestLimits, SafetyLimits};
pub use manifest::{Manifest, ManifestSource, SuccessWhen};
pub use message_template::{InvalidTemplate, MessageTemplate, TemplatePart};
pub use name::{EnvironmentName, HubName, InvalidName, ManifestName, Owner, OwnerId, OwnerSlug};
pub use observed::{DeviceJobStatistics, JobStatus, ObservedJob};
pub use occurrence::{Desired, OccurrenceKey, OccurrenceKind};
pub use percent::{InvalidPercent, Percent};
pub use policy::{Policy, PolicyCase, PolicyLevel, PolicyRule, PolicyVerdict};
pub use schedule::{
    Asap, At, ConcurrencyPolicy, Cron, CronExpression, DstMark, InvalidAt, InvalidCron, InvalidZone, Occurrences,
    Schedule, Zone, tzdb_version,
};
pub use sku::{HubSize, Sku};
pub use target::{ConditionTooLong, DeviceId, InvalidDeviceId, Target, TargetCondition};
