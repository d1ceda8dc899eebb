//! Calls of the identity registry (reference 1.7).

use serde_json::{Value, json};

use super::body::{Body, invalid};
use super::device::{Connection, Device};
use super::devices::Slot;
use super::entropy::Entropy;
use super::etag;
use super::fault::{FaultKind, HubFault};
use super::hub::HubState;
use super::identity::IdentityBody;
use super::reply::Reply;
use super::rules::{IDENTITIES_FREE_MAX, IDENTITIES_LISTED_MAX, IDENTITIES_MAX};
use super::twin::Twin;
use crate::model::{DeviceId, Sku};

impl HubState {
    /// `GET /devices/{id}`.
    pub(super) fn get_device(&self, device_id: &str) -> Result<Reply, HubFault> {
        let device = self.device(device_id)?;
        let body = device.identity_json(self.surroundings());
        Ok(Reply::Document { body, etag: Some(device.identity.etag_text()) })
    }

    /// `PUT /devices/{id}`.
    pub(super) fn put_device(
        &mut self,
        device_id: &str,
        identity: &Value,
        if_match: Option<&str>,
        entropy: &Entropy,
    ) -> Result<Reply, HubFault> {
        let body = Body::of(identity)?;
        if body.text("deviceId")?.is_some_and(|other| other != device_id) {
            return Err(invalid("deviceId in the body differs from the one in the path."));
        }
        let identity = IdentityBody::read(body)?;
        match if_match {
            None => self.create_device(device_id, identity, entropy)?,
            Some(if_match) => self.update_device(device_id, identity, Some(if_match), entropy)?,
        };
        self.get_device(device_id)
    }

    /// Takes in a device that is not there yet.
    pub(super) fn create_device(
        &mut self,
        device_id: &str,
        identity: IdentityBody,
        entropy: &Entropy,
    ) -> Result<Slot, HubFault> {
        DeviceId::new(device_id).map_err(|error| invalid(format!("Invalid device id: {error}.")))?;
        if self.devices.find(device_id).is_some() {
            return Err(HubFault::new(
                FaultKind::DeviceAlreadyExists,
                format!("A device with ID '{device_id}' is already registered."),
            ));
        }
        self.check_room()?;
        let is_edge = identity.is_edge();
        let device = Device {
            id: device_id.into(),
            identity: identity.create(device_id, entropy.as_bytes(), self.now),
            twin: Twin::fresh(self.now),
            connection: Connection::NONE,
        };
        let slot = self.devices.insert(device, self.jobs.oldest());
        if is_edge {
            self.ensure_edge_modules(device_id, entropy);
        }
        Ok(slot)
    }

    /// Whether there may be one device or module more.
    pub(super) fn check_room(&self) -> Result<(), HubFault> {
        let max = identities_max(self.options.size.sku);
        let count = self.devices.len() + self.devices.modules().len();
        if count < max {
            return Ok(());
        }
        Err(HubFault::new(
            FaultKind::IotHubQuotaExceeded,
            format!(
                "Total number of devices and modules exceeded the allocated quota. Max allowed: {max}, current count: {count}"
            ),
        ))
    }

    /// Replaces the identity of a device that is there.
    pub(super) fn update_device(
        &mut self,
        device_id: &str,
        identity: IdentityBody,
        if_match: Option<&str>,
        entropy: &Entropy,
    ) -> Result<Slot, HubFault> {
        let slot = self.slot(device_id)?;
        let (now, is_edge, mut enabled) = (self.now, identity.is_edge(), true);
        if let Some(device) = self.devices.get_mut(slot) {
            etag::check(if_match, &device.identity.etag_text())?;
            identity.replace(&mut device.identity, device_id, entropy.as_bytes(), now);
            enabled = device.identity.enabled;
        }
        self.connection_may_have_changed(slot);
        self.set_modules_enabled(device_id, enabled);
        if is_edge {
            self.ensure_edge_modules(device_id, entropy);
        }
        self.drop_if_disabled(slot);
        Ok(slot)
    }

    /// `DELETE /devices/{id}`.
    pub(super) fn delete_device(&mut self, device_id: &str, if_match: Option<&str>) -> Result<Reply, HubFault> {
        if if_match.is_none() {
            return Err(HubFault::new(FaultKind::PreconditionFailed, "Etag missing."));
        }
        self.remove_device(device_id, if_match)?;
        Ok(Reply::Done)
    }

    /// Deletes a device if the etag allows it.
    pub(super) fn remove_device(&mut self, device_id: &str, if_match: Option<&str>) -> Result<(), HubFault> {
        let slot = self.slot(device_id)?;
        etag::check(if_match, &self.devices.device(slot).identity.etag_text())?;
        self.remove_modules_of(device_id);
        self.forget(slot);
        Ok(())
    }

    /// Deletes a device or module.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.devices.remove(slot, self.jobs.next_number());
        self.drop_deleted(slot);
        self.end_calls_to(slot);
        self.configurations.forget(slot);
        // Jobs that wait for the device go on without it.
        self.wake_waiting(slot);
    }

    /// `GET /devices?top=N`. A number out of bounds counts as the greatest (documented).
    pub(super) fn list_devices(&self, top: Option<u64>) -> Reply {
        let top = top.and_then(|top| usize::try_from(top).ok()).filter(|top| (1..=IDENTITIES_LISTED_MAX).contains(top));
        let listed = self.devices.iter().take(top.unwrap_or(IDENTITIES_LISTED_MAX));
        let body = listed.map(|(_, device)| device.identity_json(self.surroundings())).collect();
        Reply::Document { body, etag: None }
    }

    /// `DELETE /devices/{id}/commands`: nothing is ever queued.
    pub(super) fn purge_commands(&self, device_id: &str) -> Result<Reply, HubFault> {
        self.device(device_id)?;
        let body = json!({"deviceId": device_id, "moduleId": null, "totalMessagesPurged": 0});
        Ok(Reply::Document { body, etag: None })
    }

    /// `GET /statistics/devices`.
    pub(super) fn device_statistics(&self) -> Reply {
        let total = self.devices.len();
        let enabled = self.devices.iter().filter(|(_, device)| device.identity.enabled).count();
        let body = json!({
            "totalDeviceCount": total,
            "enabledDeviceCount": enabled,
            "disabledDeviceCount": total - enabled,
        });
        Reply::Document { body, etag: None }
    }

    /// `GET /statistics/service`.
    pub(super) fn service_statistics(&self) -> Reply {
        let online = |device: &Device| device.is_online(&self.behaviours, self.now);
        let connected = self.devices.iter().filter(|(_, device)| online(device)).count();
        Reply::Document { body: json!({"connectedDeviceCount": connected}), etag: None }
    }
}

/// How many devices and modules a hub may have.
const fn identities_max(sku: Sku) -> usize {
    match sku {
        Sku::F1 => IDENTITIES_FREE_MAX,
        _ => IDENTITIES_MAX,
    }
}
