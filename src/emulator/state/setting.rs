//! What a configuration sets: values at paths of the desired properties.

use serde_json::{Map, Value};

use super::body::Body;
use super::fault::{FaultKind, HubFault};
use super::keys::Keys;
use super::limits::{Part, check_patch};
use super::modules::check_module_id;
use super::patch::Patch;
use super::twin::{TwinBody, TwinWrite, WriteMode};

/// What the paths of content begin with.
const DESIRED: &str = "properties.desired";

/// Whose desired properties content is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Scope {
    /// There is no content.
    #[default]
    Any,
    /// `deviceContent`: devices.
    Devices,
    /// `moduleContent`: modules.
    Modules,
    /// `modulesContent`: modules by name, on devices.
    ModulesOfDevices,
}

/// A value at a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    /// Which module of the device, if the content names modules.
    pub(super) module: Option<String>,
    /// Below the desired properties; nothing means all of them.
    path: Vec<String>,
    value: Value,
}

impl Setting {
    /// All settings of the content of a configuration.
    ///
    /// # Errors
    /// When the content is of several kinds, or has other paths or values than desired properties have.
    pub(super) fn all_of(content: &Map<String, Value>) -> Result<(Scope, Vec<Self>), HubFault> {
        let refused = |text: &str| HubFault::new(FaultKind::InvalidConfigurationContent, text);
        let body = Body::of_map(content);
        let (devices, module) = (body.object("deviceContent")?, body.object("moduleContent")?);
        let modules = body.object("modulesContent")?;
        let given = [devices, module, modules].into_iter().flatten().filter(|content| !content.is_empty());
        if given.count() > 1 {
            return Err(refused("The content must be deviceContent, moduleContent or modulesContent."));
        }
        let filled = |content: Option<&Map<String, Value>>| content.is_some_and(|content| !content.is_empty());
        let mut settings = Vec::new();
        for content in [devices, module].into_iter().flatten() {
            read(content, None, &mut settings)?;
        }
        for (name, content) in modules.into_iter().flatten() {
            let content = content.as_object().ok_or_else(|| refused("The content of a module must be an object."))?;
            check_module_id(name).map_err(|fault| refused(&fault.text))?;
            read(content, Some(name), &mut settings)?;
        }
        let scope = match (filled(devices), filled(module), filled(modules)) {
            (true, _, _) => Scope::Devices,
            (_, true, _) => Scope::Modules,
            (_, _, true) => Scope::ModulesOfDevices,
            _ => Scope::Any,
        };
        Ok((scope, settings))
    }

    /// Whether both set the same, or one sets a part of what the other sets.
    pub(super) fn conflicts(&self, other: &Self) -> bool {
        let shared = self.path.len().min(other.path.len());
        self.module == other.module && self.path[..shared] == other.path[..shared]
    }

    /// What removes it.
    pub(super) fn withdrawn(&self) -> Self {
        let value = if self.path.is_empty() { Value::Object(Map::new()) } else { Value::Null };
        Self { value, ..self.clone() }
    }
}

fn read(content: &Map<String, Value>, module: Option<&str>, settings: &mut Vec<Setting>) -> Result<(), HubFault> {
    for (key, value) in content {
        let refused = |text: String| HubFault::new(FaultKind::InvalidConfigurationContent, text);
        let rest = key.strip_prefix(DESIRED).filter(|rest| rest.is_empty() || rest.starts_with('.'));
        let rest = rest.ok_or_else(|| refused(format!("The path `{key}` does not begin with {DESIRED}.")))?;
        let path: Vec<String> = rest.split('.').skip(1).map(str::to_owned).collect();
        if path.iter().any(String::is_empty) || (path.is_empty() && !value.is_object()) {
            return Err(refused(format!("Nothing can be set at `{key}`.")));
        }
        let setting = Setting { module: module.map(str::to_owned), path, value: value.clone() };
        check_patch(Part::Desired, &patch_of([&setting])).map_err(|fault| refused(fault.text))?;
        settings.push(setting);
    }
    Ok(())
}

/// The settings as one patch of desired properties.
pub(super) fn patch_of<'s>(settings: impl IntoIterator<Item = &'s Setting>) -> Map<String, Value> {
    let mut patch = Map::new();
    for setting in settings {
        let mut value = setting.value.clone();
        for name in setting.path.iter().rev() {
            value = Value::Object(Map::from_iter([(name.clone(), value)]));
        }
        if let Value::Object(members) = value {
            merge(&mut patch, members);
        }
    }
    patch
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => drop(into.insert(name, value)),
        }
    }
}

/// Settings ready to be applied to many twins.
#[derive(Debug, Clone)]
pub(super) struct PreparedSettings {
    pub(super) module: Option<String>,
    pub(super) write: TwinWrite,
    /// Whether nothing but them may be there.
    pub(super) replaces: bool,
}

impl PreparedSettings {
    /// Settings, by the module that they are for. All desired properties as one value replace what
    /// is there, as a deployment does; others are merged.
    pub(super) fn of(settings: &[&Setting], keys: &mut Keys) -> Vec<Self> {
        let mut modules: Vec<&Option<String>> = settings.iter().map(|setting| &setting.module).collect();
        modules.sort();
        modules.dedup();
        let prepare = |module: &Option<String>| {
            let own = || settings.iter().copied().filter(|setting| setting.module == *module);
            let replaces = own().any(|setting| setting.path.is_empty());
            let mode = if replaces { WriteMode::Replace } else { WriteMode::Merge };
            let patch = patch_of(own());
            let mut write = TwinBody { tags: None, desired: Some(&patch) }.compile(mode, keys);
            write.tags = None;
            Self { module: module.clone(), write, replaces }
        };
        modules.into_iter().map(prepare).collect()
    }

    /// The patch of desired properties.
    pub(super) fn patch(&self) -> Option<&Patch> {
        self.write.desired.as_ref()
    }
}
