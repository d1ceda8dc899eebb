//! Module identities (reference 1.2, 1.7). A module is kept as a device is, but has no status, no
//! capabilities and no scope of its own.

use serde_json::Value;

use super::body::{Body, invalid};
use super::device::{Connection, Device};
use super::devices::{Slot, module_key};
use super::entropy::Entropy;
use super::etag;
use super::fault::{Envelope, FaultKind, HubFault};
use super::hub::HubState;
use super::identity::IdentityBody;
use super::reply::Reply;
use super::rules::{MODULE_ID_LENGTH_MAX, MODULES_PER_DEVICE_MAX};
use super::twin::Twin;

/// The modules that every IoT Edge device has from the start.
pub(super) const EDGE_MODULES: [&str; 2] = ["$edgeAgent", "$edgeHub"];
/// Who the hub names as the one that keeps the modules of an IoT Edge device.
pub(super) const EDGE: &str = "IotEdge";

impl HubState {
    /// `GET /devices/{id}/modules`.
    pub(super) fn list_modules(&self, device_id: &str) -> Result<Reply, HubFault> {
        self.slot(device_id).map_err(numbered)?;
        let modules = self.devices.modules_of(device_id).iter().map(|slot| self.devices.device(*slot));
        let body = modules.map(|module| module.module_json(self.surroundings())).collect();
        Ok(Reply::Document { body, etag: None })
    }

    /// `GET /devices/{id}/modules/{moduleId}`.
    pub(super) fn get_module(&self, device_id: &str, module_id: &str) -> Result<Reply, HubFault> {
        let slot = self.module_slot(device_id, module_id).map_err(numbered)?;
        let module = self.devices.device(slot);
        let body = module.module_json(self.surroundings());
        Ok(Reply::Document { body, etag: Some(module.identity.etag_text()) })
    }

    /// `PUT /devices/{id}/modules/{moduleId}`.
    pub(super) fn put_module(
        &mut self,
        device_id: &str,
        module_id: &str,
        identity: &Value,
        if_match: Option<&str>,
        entropy: &Entropy,
    ) -> Result<Reply, HubFault> {
        let body = Body::of(identity).map_err(numbered)?;
        for (name, path) in [("deviceId", device_id), ("moduleId", module_id)] {
            if body.text(name)?.is_some_and(|other| other != path) {
                return Err(numbered(invalid(format!("{name} in the body differs from the one in the path."))));
            }
        }
        let put = match if_match {
            None => self.create_module(device_id, module_id, body, entropy),
            Some(if_match) => self.update_module(device_id, module_id, body, Some(if_match), entropy),
        };
        put.map_err(numbered)?;
        self.get_module(device_id, module_id)
    }

    /// Takes in a module that is not there yet.
    pub(super) fn create_module(
        &mut self,
        device_id: &str,
        module_id: &str,
        body: Body<'_>,
        entropy: &Entropy,
    ) -> Result<Slot, HubFault> {
        self.slot(device_id)?;
        check_module_id(module_id)?;
        if self.devices.find_module(device_id, module_id).is_some() {
            let text = format!("Device {device_id} already contains module {module_id}.");
            return Err(HubFault::new(FaultKind::ModuleAlreadyExistsOnDevice, text));
        }
        let identity = IdentityBody::read_module(body)?;
        if self.devices.modules_of(device_id).len() >= MODULES_PER_DEVICE_MAX {
            let text = format!("A device has at most {MODULES_PER_DEVICE_MAX} modules.");
            return Err(HubFault::new(FaultKind::TooManyModulesOnDevice, text));
        }
        self.check_room()?;
        Ok(self.insert_module(device_id, module_id, identity, entropy))
    }

    /// Replaces the identity of a module that is there.
    pub(super) fn update_module(
        &mut self,
        device_id: &str,
        module_id: &str,
        body: Body<'_>,
        if_match: Option<&str>,
        entropy: &Entropy,
    ) -> Result<Slot, HubFault> {
        let slot = self.module_slot(device_id, module_id)?;
        let identity = IdentityBody::read_module(body)?;
        let (key, now) = (module_key(device_id, module_id), self.now);
        if let Some(module) = self.devices.get_mut(slot) {
            etag::check(if_match, &module.identity.etag_text())?;
            let enabled = module.identity.enabled;
            identity.replace(&mut module.identity, &key, entropy.as_bytes(), now);
            module.identity.enabled = enabled;
            module.identity.status_changed = None;
        }
        Ok(slot)
    }

    /// `DELETE /devices/{id}/modules/{moduleId}`.
    pub(super) fn delete_module(
        &mut self,
        device_id: &str,
        module_id: &str,
        if_match: Option<&str>,
    ) -> Result<Reply, HubFault> {
        if if_match.is_none() {
            return Err(numbered(HubFault::new(FaultKind::PreconditionFailed, "Etag missing.")));
        }
        self.remove_module(device_id, module_id, if_match).map_err(numbered)?;
        Ok(Reply::Done)
    }

    /// Deletes a module if the etag allows it.
    pub(super) fn remove_module(
        &mut self,
        device_id: &str,
        module_id: &str,
        if_match: Option<&str>,
    ) -> Result<(), HubFault> {
        let slot = self.module_slot(device_id, module_id)?;
        etag::check(if_match, &self.devices.device(slot).identity.etag_text())?;
        self.forget(slot);
        Ok(())
    }

    /// Deletes the modules of a device.
    pub(super) fn remove_modules_of(&mut self, device_id: &str) {
        for slot in self.devices.modules_of(device_id).to_vec() {
            self.forget(slot);
        }
    }

    /// An IoT Edge device has two modules from the start, which cannot be made by hand on others.
    pub(super) fn ensure_edge_modules(&mut self, device_id: &str, entropy: &Entropy) {
        for module_id in EDGE_MODULES {
            self.ensure_module(device_id, module_id, entropy.as_bytes());
        }
    }

    /// The module, which is made if need be and then belongs to IoT Edge.
    pub(super) fn ensure_module(&mut self, device_id: &str, module_id: &str, secret: &[u8]) -> Slot {
        if let Some(slot) = self.devices.find_module(device_id, module_id) {
            return slot;
        }
        let identity = IdentityBody::of_edge_module().create(&module_key(device_id, module_id), secret, self.now);
        self.insert(device_id, module_id, identity)
    }

    fn insert_module(&mut self, device_id: &str, module_id: &str, identity: IdentityBody, entropy: &Entropy) -> Slot {
        let identity = identity.create(&module_key(device_id, module_id), entropy.as_bytes(), self.now);
        self.insert(device_id, module_id, identity)
    }

    fn insert(&mut self, device_id: &str, module_id: &str, mut identity: super::identity::Identity) -> Slot {
        identity.enabled = self.device(device_id).is_ok_and(|device| device.identity.enabled);
        let module = Device {
            id: module_key(device_id, module_id).into(),
            identity,
            twin: Twin::fresh(self.now),
            connection: Connection::NONE,
        };
        self.devices.modules_mut().insert(module, self.jobs.oldest())
    }

    /// A module is disabled with its device.
    pub(super) fn set_modules_enabled(&mut self, device_id: &str, enabled: bool) {
        for slot in self.devices.modules_of(device_id).to_vec() {
            if let Some(module) = self.devices.get_mut(slot) {
                module.identity.enabled = enabled;
            }
            self.connection_may_have_changed(slot);
        }
    }

    fn module_slot(&self, device_id: &str, module_id: &str) -> Result<Slot, HubFault> {
        self.slot(device_id)?;
        self.devices.find_module(device_id, module_id).ok_or_else(|| {
            let text = format!("Module {module_id} on device {device_id} is not registered.");
            HubFault::new(FaultKind::ModuleNotFound, text)
        })
    }
}

/// Calls about modules are refused in the second envelope (reference 3.2).
pub(super) fn numbered(fault: HubFault) -> HubFault {
    HubFault { envelope: Envelope::Numbered, ..fault }
}

pub(super) fn check_module_id(id: &str) -> Result<(), HubFault> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-:.+%_#*?!(),=@;$'".contains(c);
    if !id.is_empty() && id.len() <= MODULE_ID_LENGTH_MAX && id.chars().all(allowed) {
        return Ok(());
    }
    Err(invalid(format!("The module id `{}` is not valid.", id.escape_debug())))
}
