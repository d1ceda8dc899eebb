//! Calls about twins, and what devices do when their twin changes.

use std::cmp::Reverse;

use serde_json::Value;

use super::body::{Body, invalid};
use super::columns::Change;
use super::devices::Slot;
use super::effect::Effect;
use super::etag;
use super::fault::{FaultKind, HubFault};
use super::hub::{Errand, HubState};
use super::limits::{Part, check_patch};
use super::patch::Patch;
use super::reply::Reply;
use super::section::Section;
use super::sessions::DeviceTopic;
use super::twin::{TwinBody, WriteMode};

impl HubState {
    /// `GET /twins/{id}`, or of a module.
    pub(super) fn twin(&self, slot: Slot) -> Reply {
        let device = self.devices.device(slot);
        Reply::Document { body: device.twin_json(self.surroundings()), etag: Some(device.twin.etag_text()) }
    }

    /// `PATCH` or `PUT /twins/{id}`, or of a module.
    pub(super) fn write_twin(
        &mut self,
        slot: Slot,
        body: &Value,
        if_match: Option<&str>,
        mode: WriteMode,
    ) -> Result<Reply, HubFault> {
        let body = TwinBody::read(Body::of(body)?)?;
        etag::check(if_match, &self.devices.device(slot).twin.etag_text())?;
        let names_before = self.keys.len();
        let write = body.compile(mode, &mut self.keys);
        let written = match self.devices.change(slot, Change::Written(&write)) {
            Some(device) => device.twin.write(&write, self.now, &self.keys),
            None => Err(FaultKind::DeviceNotFound.into()),
        };
        if let Err(fault) = written {
            self.keys.truncate(names_before);
            return Err(fault);
        }
        if let Some(desired) = &write.desired {
            self.desired_changed(slot, desired);
        }
        Ok(self.twin(slot))
    }

    /// A device or module updates its reported properties.
    pub(super) fn report_properties(
        &mut self,
        slot: Slot,
        patch: &Value,
        version: Option<u64>,
    ) -> Result<Reply, HubFault> {
        let Value::Object(patch) = patch else { return Err(invalid("Reported properties must be an object.")) };
        let current = u64::from(self.devices.device(slot).twin.reported.version());
        if version.is_some_and(|version| version != current) {
            let text = "The reported properties do not have that version.";
            return Err(HubFault::new(FaultKind::PreconditionFailed, text));
        }
        check_patch(Part::Reported, patch)?;
        let names_before = self.keys.len();
        let patch = Patch::compile(patch, &mut self.keys);
        if let Err(fault) = self.report(slot, &patch) {
            self.keys.truncate(names_before);
            return Err(fault);
        }
        let version = self.devices.device(slot).twin.reported.version();
        Ok(Reply::Reported { version: version.into() })
    }

    /// The twin as its device sees it: without tags and metadata.
    pub(super) fn own_twin(&self, slot: Slot) -> Reply {
        let twin = &self.devices.device(slot).twin;
        let section = |section: &Section| {
            let mut json = section.members().to_json(&self.keys);
            json.insert("$version".to_owned(), section.version().into());
            json
        };
        let body = serde_json::json!({"desired": section(&twin.desired), "reported": section(&twin.reported)});
        Reply::Document { body, etag: None }
    }

    /// Tells a connected program of the patch that its desired properties got.
    fn notify_desired(&mut self, slot: Slot, patch: &Patch) {
        let Some(session) = self.sessions.listening(slot, DeviceTopic::DesiredPatches) else { return };
        let Some(device) = self.devices.get(slot) else { return };
        let version = u64::from(device.twin.desired.version());
        let mut patch = patch.to_json(&self.keys);
        patch.insert("$version".to_owned(), version.into());
        let patch = Value::Object(patch).to_string().into();
        self.effects.push(Effect::DesiredChanged { session, version, patch });
    }

    /// A device or module connects or goes away, against its simulation.
    pub(super) fn tell_connection(
        &mut self,
        device_id: &str,
        module_id: Option<&str>,
        connected: bool,
    ) -> Result<Reply, HubFault> {
        let slot = self.slot_of(device_id, module_id)?;
        let at = self.now;
        if let Some(device) = self.devices.change(slot, Change::Connection) {
            device.connection.told = Some(super::device::Told { connected, at });
        }
        self.connection_may_have_changed(slot);
        Ok(Reply::Done)
    }

    /// To be called after whatever may have brought a device online, or changed when that will be.
    pub(super) fn connection_may_have_changed(&mut self, slot: Slot) {
        let Some(device) = self.devices.get(slot) else { return };
        if device.is_online(&self.behaviours, self.now) {
            self.report_what_was_missed(slot);
            self.wake_waiting(slot);
        } else if let Some(at) = device.next_online(&self.behaviours, self.now) {
            if device.connection.owes_report {
                self.errands.push(Reverse((at, Errand::Report(slot))));
            }
            self.wait_for(slot, at);
        }
    }

    /// What a device does about new desired properties: if it reports them, it does so at once
    /// (assumed), or as soon as it is online again.
    pub(super) fn desired_changed(&mut self, slot: Slot, patch: &Patch) {
        if self.is_live(slot) {
            return self.notify_desired(slot, patch);
        }
        let Some(device) = self.devices.get(slot) else { return };
        if !device.behaviour(&self.behaviours).is_some_and(|behaviour| behaviour.reports_desired) {
            return;
        }
        if device.is_online(&self.behaviours, self.now) && !device.connection.owes_report {
            // Firmware that would report too much does not get through; the hub is as before.
            let _ = self.report(slot, patch);
            return;
        }
        let next = device.next_online(&self.behaviours, self.now);
        if let Some(device) = self.devices.change(slot, Change::Connection) {
            device.connection.owes_report = true;
        }
        if let Some(at) = next {
            self.errands.push(Reverse((at, Errand::Report(slot))));
        }
    }

    /// A device that comes online reads its desired properties and reports them all.
    pub(super) fn report_what_was_missed(&mut self, slot: Slot) {
        let Some(device) = self.devices.get(slot) else { return };
        if self.is_live(slot) || !device.connection.owes_report || !device.is_online(&self.behaviours, self.now) {
            return;
        }
        let desired = device.twin.desired.members().to_json(&self.keys);
        let patch = Patch::compile(&desired, &mut self.keys);
        if let Some(device) = self.devices.change(slot, Change::Connection) {
            device.connection.owes_report = false;
        }
        let _ = self.report(slot, &patch);
    }

    /// Merges reported properties of a device.
    pub(super) fn report(&mut self, slot: Slot, patch: &Patch) -> Result<(), HubFault> {
        let at = self.now;
        let Some(device) = self.devices.change(slot, Change::Reported(patch)) else {
            return Err(FaultKind::DeviceNotFound.into());
        };
        device.twin.report(patch, at, &self.keys)?;
        device.connection.last_activity = Some(at);
        Ok(())
    }
}
