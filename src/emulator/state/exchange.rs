//! Devices in the form in which `az iot hub device-identity export` and import write them, one JSON
//! object each (reference 1.7).

use serde_json::{Map, Value, json};

use super::body::Body;
use super::device::Device;
use super::entropy::Entropy;
use super::fault::HubFault;
use super::hub::HubState;
use super::identity::IdentityBody;
use super::section::SectionKind;
use super::twin::WriteMode;

impl HubState {
    /// All devices, and then all modules.
    pub fn exchanged(&self) -> impl Iterator<Item = Value> + '_ {
        let devices = self.devices.iter().map(|(_, device)| self.exchanged_device(device));
        let modules = self.devices.modules().iter().map(|(_, module)| self.exchanged_module(module));
        devices.chain(modules)
    }

    /// Takes in a device or module, which must be new. Its twin comes as it was, but with the versions,
    /// times and etags of a new one.
    ///
    /// # Errors
    /// Why it cannot be taken in; nothing of it is there then.
    pub fn take_exchanged(&mut self, entry: &Value, entropy: &Entropy) -> Result<(), String> {
        self.take(entry, entropy).map_err(|fault| fault.text)
    }

    fn take(&mut self, entry: &Value, entropy: &Entropy) -> Result<(), HubFault> {
        let body = Body::of(entry)?;
        let id = body.text("id")?.ok_or_else(|| super::body::missing("id"))?;
        if let Some(mode) = body.text("importMode")?
            && !["", "create", "createorupdate"].contains(&mode.to_ascii_lowercase().as_str())
        {
            return Err(super::body::invalid(format!("importMode {mode} has nothing to work on here.")));
        }
        let slot = match body.text("moduleId")?.filter(|module_id| !module_id.is_empty()) {
            // An IoT Edge device comes with these two.
            Some(module_id) if module_id.starts_with('$') && self.devices.find_module(id, module_id).is_some() => {
                self.update_module(id, module_id, body, None, entropy)?
            }
            Some(module_id) => self.create_module(id, module_id, body, entropy)?,
            None => {
                let identity = own_scope_left_out(entry);
                self.create_device(id, IdentityBody::read(Body::of(&identity)?)?, entropy)?
            }
        };
        let section = |name: &str| bare(entry.get("properties").and_then(|properties| properties.get(name)));
        let tags = bare(entry.get("tags"));
        let twin = json!({"tags": tags, "properties": {"desired": section("desired")}});
        let written = self.write_twin(slot, &twin, None, WriteMode::Merge).and_then(|_| {
            let reported = section("reported");
            if reported.is_empty() {
                return Ok(());
            }
            self.report_properties(slot, &reported.into(), None).map(drop)
        });
        written.inspect_err(|_| self.devices.remove(slot, self.jobs.next_number()))
    }

    fn exchanged_device(&self, device: &Device) -> Value {
        let identity = device.identity_json(self.surroundings());
        self.exchanged_twin(device, &identity, identity["deviceId"].clone(), None)
    }

    fn exchanged_module(&self, module: &Device) -> Value {
        let identity = module.module_json(self.surroundings());
        self.exchanged_twin(module, &identity, identity["deviceId"].clone(), Some(&identity["moduleId"]))
    }

    fn exchanged_twin(&self, device: &Device, identity: &Value, id: Value, module_id: Option<&Value>) -> Value {
        let keys = &self.keys;
        let mut entry = Map::new();
        let mut put = |name: &str, value: Value| drop(entry.insert(name.to_owned(), value));
        put("id", id);
        if let Some(module_id) = module_id {
            put("moduleId", module_id.clone());
            put("managedBy", identity["managedBy"].clone());
        }
        put("eTag", identity["etag"].clone());
        put("importMode", "create".into());
        if module_id.is_none() {
            put("status", identity["status"].clone());
            put("statusReason", identity["statusReason"].clone());
        }
        put("authentication", identity["authentication"].clone());
        put("twinETag", device.twin.etag_text().into());
        put("tags", device.twin.tags().to_json(keys).into());
        let desired = device.twin.desired.to_json(SectionKind::Desired, keys);
        let reported = device.twin.reported.to_json(SectionKind::Reported, keys);
        put("properties", json!({"desired": desired, "reported": reported}));
        if module_id.is_none() {
            put("capabilities", identity["capabilities"].clone());
            put("deviceScope", identity["deviceScope"].clone());
            put("parentScopes", identity["parentScopes"].clone());
        }
        Value::Object(entry)
    }
}

/// The entry with the scope of its parent only: an IoT Edge device gets a scope of its own anew.
fn own_scope_left_out(entry: &Value) -> Value {
    let mut entry = entry.clone();
    let is_edge = entry["capabilities"]["iotEdge"] == true;
    if is_edge && let Some(members) = entry.as_object_mut() {
        let parent = members.get("parentScopes").and_then(|scopes| scopes.get(0)).cloned();
        members.insert("deviceScope".to_owned(), parent.unwrap_or_default());
    }
    entry
}

/// Properties without `$metadata` and `$version`, which the hub makes itself.
fn bare(section: Option<&Value>) -> Map<String, Value> {
    let members = section.and_then(Value::as_object).into_iter().flatten();
    members.filter(|(name, _)| !name.starts_with('$')).map(|(name, value)| (name.clone(), value.clone())).collect()
}
