//! Devices as documents: the twin and the identity of the wire, and what queries see of a twin.

use std::cell::OnceCell;

use serde_json::{Map, Value, json};

use super::behaviour::Behaviour;
use super::columns::Source;
use super::configurations::Configurations;
use super::device::Device;
use super::devices::Devices;
use super::keys::{Key, Keys};
use super::limits::Part;
use super::modules::EDGE_MODULES;
use super::moment::{Moment, NEVER};
use super::packed::{Members, Node, text};
use super::section::{Section, SectionKind, node_at};
use crate::query::{Document, Field, Project, ResolvedPath};

/// What a device's documents depend on beside the device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) keys: &'a Keys,
    pub(super) behaviours: &'a [Behaviour],
    pub(super) now: Moment,
    pub(super) seed: u64,
    pub(super) devices: &'a Devices,
    pub(super) configurations: &'a Configurations,
}

/// The members of a twin, in the order of the wire.
const TWIN_MEMBERS: [&str; 20] = [
    "deviceId",
    "moduleId",
    "etag",
    "deviceEtag",
    "status",
    "statusReason",
    "statusUpdateTime",
    "connectionState",
    "lastActivityTime",
    "cloudToDeviceMessageCount",
    "authenticationType",
    "x509Thumbprint",
    "modelId",
    "version",
    "tags",
    "properties",
    "configurations",
    "capabilities",
    "deviceScope",
    "parentScopes",
];

impl Device {
    /// The twin as the service shows it (reference 7.6).
    pub(super) fn twin_json(&self, around: Surroundings<'_>) -> Value {
        let members = TWIN_MEMBERS.into_iter().filter_map(|name| Some((name.to_owned(), self.member(name, around)?)));
        Value::Object(members.collect())
    }

    /// The identity as the service shows it, keys included (reference 1.7).
    pub(super) fn identity_json(&self, around: Surroundings<'_>) -> Value {
        let Surroundings { behaviours, now, seed, .. } = around;
        let identity = &self.identity;
        json!({
            "deviceId": &*self.id,
            "generationId": identity.created.dotnet_ticks().to_string(),
            "etag": identity.etag_text(),
            "connectionState": self.connection_state(around),
            "status": identity.status(),
            "statusReason": identity.status_reason.as_deref(),
            "connectionStateUpdatedTime": time(self.connection_changed(behaviours, now)),
            "statusUpdatedTime": time(identity.status_changed),
            "lastActivityTime": time(self.connection.last_activity),
            "cloudToDeviceMessageCount": 0,
            "authentication": identity.authentication.to_json(&self.id, seed),
            "capabilities": {"iotEdge": identity.is_edge},
            "deviceScope": self.scope(),
            "parentScopes": self.parent_scopes(),
        })
    }

    /// The identity of a module as the service shows it, keys included.
    pub(super) fn module_json(&self, around: Surroundings<'_>) -> Value {
        let Surroundings { behaviours, now, seed, .. } = around;
        let identity = &self.identity;
        let (device_id, module_id) = self.names();
        json!({
            "moduleId": module_id,
            "managedBy": identity.scope.as_deref(),
            "deviceId": device_id,
            "generationId": identity.created.dotnet_ticks().to_string(),
            "etag": identity.etag_text(),
            "connectionState": self.connection_state(around),
            "connectionStateUpdatedTime": time(self.connection_changed(behaviours, now)),
            "lastActivityTime": time(self.connection.last_activity),
            "cloudToDeviceMessageCount": 0,
            "authentication": identity.authentication.to_json(&self.id, seed),
        })
    }

    /// How it stands to the configurations; nothing if to none. A deployment, which is for the modules
    /// of a device, shows on its `$edgeAgent` as well.
    fn configurations(&self, around: Surroundings<'_>) -> Option<Map<String, Value>> {
        if around.configurations.by_id.is_empty() {
            return None;
        }
        let (device_id, module_id) = self.names();
        let mut statuses = Map::new();
        if module_id.is_none_or(|module_id| module_id == EDGE_MODULES[0]) {
            statuses.extend(
                around.devices.find(device_id).map(|slot| around.configurations.statuses(slot)).into_iter().flatten(),
            );
        }
        if let Some(slot) = module_id.and_then(|module_id| around.devices.find_module(device_id, module_id)) {
            statuses.extend(around.configurations.statuses(slot));
        }
        (!statuses.is_empty()).then_some(statuses)
    }

    /// The scope of a device: of its own if it is an IoT Edge device, else of its parent.
    fn scope(&self) -> Option<String> {
        if self.identity.is_edge {
            return Some(format!("ms-azure-iot-edge://{}-{}", self.id, self.identity.created.dotnet_ticks()));
        }
        self.identity.scope.as_deref().map(str::to_owned)
    }

    fn parent_scopes(&self) -> Vec<&str> {
        self.identity.scope.as_deref().into_iter().collect()
    }

    fn connection_state(&self, around: Surroundings<'_>) -> &'static str {
        if self.is_online(around.behaviours, around.now) { "Connected" } else { "Disconnected" }
    }

    /// A member of the twin, if this twin has it.
    fn member(&self, name: &str, around: Surroundings<'_>) -> Option<Value> {
        let (identity, twin) = (&self.identity, &self.twin);
        let (device_id, module_id) = self.names();
        Some(match name {
            "deviceId" => device_id.into(),
            "moduleId" => module_id?.into(),
            "capabilities" | "deviceScope" | "parentScopes" if module_id.is_some() => return None,
            "etag" => twin.etag_text().into(),
            "deviceEtag" => identity.etag_text().into(),
            "status" => identity.status().into(),
            "statusReason" => identity.status_reason.as_deref()?.into(),
            "statusUpdateTime" => time(identity.status_changed),
            "connectionState" => self.connection_state(around).into(),
            "lastActivityTime" => time(self.connection.last_activity),
            "cloudToDeviceMessageCount" => 0.into(),
            "authenticationType" => identity.authentication.kind().into(),
            "x509Thumbprint" => identity.authentication.thumbprints(),
            "modelId" => "".into(),
            "version" => twin.version.into(),
            "tags" => twin.tags().to_json(around.keys).into(),
            "properties" => json!({
                "desired": twin.desired.to_json(SectionKind::Desired, around.keys),
                "reported": twin.reported.to_json(SectionKind::Reported, around.keys),
            }),
            "configurations" => self.configurations(around)?.into(),
            "capabilities" => json!({"iotEdge": identity.is_edge}),
            "deviceScope" => self.scope()?.into(),
            "parentScopes" if identity.scope.is_some() => self.parent_scopes().into(),
            _ => return None,
        })
    }

    /// What a path of a query leads to.
    fn at(&self, path: &[Box<str>], around: Surroundings<'_>) -> Option<Value> {
        let names: Vec<&str> = path.iter().take(2).map(|name| &**name).collect();
        let section = |section: &Section, kind| section.at(kind, &path[2..], around.keys);
        match names[..] {
            ["tags", _] => node_at(self.twin.tags(), &path[1..], around.keys).map(|node| node.to_json(around.keys)),
            ["properties", "desired"] => section(&self.twin.desired, SectionKind::Desired),
            ["properties", "reported"] => section(&self.twin.reported, SectionKind::Reported),
            [first, ..] => {
                let member = self.member(first, around)?;
                path[1..].iter().try_fold(member, |value, name| value.get(&**name).cloned())
            }
            [] => None,
        }
    }
}

fn time(moment: Option<Moment>) -> Value {
    moment.map_or_else(|| NEVER.to_owned(), |moment| moment.to_string()).into()
}

/// The paths of one query, looked up once for all twins.
#[derive(Debug, Clone)]
pub(super) struct TwinPaths(Box<[Located]>);

/// Where a path leads to.
#[derive(Debug, Clone)]
pub(super) enum Located {
    /// To a value that no twin has: none has such a name.
    Nowhere,
    /// Into a packed part.
    Packed(Source),
    DeviceId,
    Status,
    ConnectionState,
    Version,
    /// To none of these: made anew for each twin that is asked for it.
    Made,
}

impl TwinPaths {
    /// Looks up the paths. Modules are kept under the ids of device and module together, so that their
    /// `deviceId` must be made.
    pub(super) fn locate(paths: &[ResolvedPath], in_modules: bool, keys: &Keys) -> Self {
        let located = paths.iter().map(|path| match Located::of(path.keys(), keys) {
            Located::DeviceId if in_modules => Located::Made,
            other => other,
        });
        Self(located.collect())
    }

    /// Where the paths lead to, by index.
    pub(super) fn all(&self) -> impl Iterator<Item = &Located> {
        self.0.iter()
    }

    /// Where the path at this index leads to.
    pub(super) fn get(&self, index: usize) -> &Located {
        self.0.get(index).unwrap_or(&Located::Made)
    }

    /// Those of these paths that lead into a packed part.
    pub(super) fn packed(&self, indices: impl IntoIterator<Item = usize>) -> Vec<&Source> {
        let packed = indices.into_iter().filter_map(|index| match self.get(index) {
            Located::Packed(source) => Some(source),
            _ => None,
        });
        packed.collect()
    }
}

impl Located {
    fn of(path: &[Box<str>], keys: &Keys) -> Self {
        let packed = |part, names: &[Box<str>]| {
            let keys: Option<Box<[Key]>> = names.iter().map(|name| keys.find(name)).collect();
            keys.map_or(Self::Nowhere, |keys| Self::Packed(Source { part, keys }))
        };
        let names: Vec<&str> = path.iter().map(|name| &**name).collect();
        match names[..] {
            ["deviceId"] => Self::DeviceId,
            ["status"] => Self::Status,
            ["connectionState"] => Self::ConnectionState,
            ["version"] => Self::Version,
            ["tags", _, ..] => packed(Part::Tags, &path[1..]),
            ["properties", _, third, ..] if third.starts_with('$') => Self::Made,
            ["properties", "desired", _, ..] => packed(Part::Desired, &path[2..]),
            ["properties", "reported", _, ..] => packed(Part::Reported, &path[2..]),
            _ => Self::Made,
        }
    }
}

/// A twin as a query sees it.
#[derive(Debug)]
pub(super) struct TwinDocument<'a> {
    device: &'a Device,
    paths: &'a TwinPaths,
    around: Surroundings<'a>,
    made: OnceCell<Box<[OnceCell<Option<Value>>]>>,
}

impl<'a> TwinDocument<'a> {
    /// The twin of a device.
    pub(super) const fn new(device: &'a Device, paths: &'a TwinPaths, around: Surroundings<'a>) -> Self {
        Self { device, paths, around, made: OnceCell::new() }
    }

    fn made(&self, path: &ResolvedPath) -> Option<&Value> {
        let made = self.made.get_or_init(|| self.paths.0.iter().map(|_| OnceCell::new()).collect());
        made.get(path.index())?.get_or_init(|| self.json(path)).as_ref()
    }
}

impl Document for TwinDocument<'_> {
    fn lookup(&self, path: &ResolvedPath) -> Field<'_> {
        let Self { device, around, .. } = self;
        match self.paths.get(path.index()) {
            Located::Nowhere => Field::Undefined,
            Located::Packed(source) => source.field(device),
            Located::DeviceId => Field::String(&device.id),
            Located::Status => Field::String(device.identity.status()),
            Located::ConnectionState => Field::String(device.connection_state(*around)),
            #[expect(clippy::cast_precision_loss, reason = "no twin is written 2^53 times")]
            Located::Version => Field::Number(device.twin.version as f64),
            Located::Made => self.made(path).map_or(Field::Undefined, field_of_json),
        }
    }
}

impl Project for TwinDocument<'_> {
    fn json(&self, path: &ResolvedPath) -> Option<Value> {
        self.device.at(path.keys(), self.around)
    }

    fn whole(&self) -> Value {
        self.device.twin_json(self.around)
    }
}

/// The packed value under some keys.
pub(super) fn follow<'a>(mut members: Members<'a>, keys: &[Key]) -> Option<Node<'a>> {
    let (last, parents) = keys.split_last()?;
    for key in parents {
        let Node::Object(inner) = members.get(*key)? else { return None };
        members = inner;
    }
    members.get(*last)
}

/// The field that a packed value is.
pub(super) const fn field_of_node(node: Node<'_>) -> Field<'_> {
    match node {
        Node::Null => Field::Null,
        Node::Boolean(value) => Field::Boolean(value),
        #[expect(clippy::cast_precision_loss, reason = "the hub refuses integers of more than 53 bits")]
        Node::Integer(value) => Field::Number(value as f64),
        Node::Float(value) => Field::Number(value),
        Node::Text(bytes) => Field::String(text(bytes)),
        Node::Object(_) | Node::Array(_) => Field::Composite,
    }
}

/// The field that a JSON value is.
pub(super) fn field_of_json(value: &Value) -> Field<'_> {
    match value {
        Value::Null => Field::Null,
        Value::Bool(value) => Field::Boolean(*value),
        Value::Number(number) => number.as_f64().map_or(Field::Undefined, Field::Number),
        Value::String(text) => Field::String(text),
        Value::Array(_) | Value::Object(_) => Field::Composite,
    }
}
