//! `POST /devices`: up to 100 identities at once (reference 1.7).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::body::{Body, invalid, missing};
use super::entropy::Entropy;
use super::fault::{FaultKind, HubFault};
use super::hub::HubState;
use super::identity::IdentityBody;
use super::reply::Reply;
use super::rules::BULK_MAX;
use super::twin::WriteMode;

/// What to do with one identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ImportMode {
    Create,
    Update,
    UpdateIfMatch,
    Delete,
    DeleteIfMatch,
    UpdateTwin,
    UpdateTwinIfMatch,
}

impl ImportMode {
    /// Clients write it in any case.
    fn read(body: Body<'_>) -> Result<Self, HubFault> {
        let Some(word) = body.text("importMode")? else { return Ok(Self::Create) };
        Ok(match word.to_ascii_lowercase().as_str() {
            "create" => Self::Create,
            "update" => Self::Update,
            "updateifmatchetag" => Self::UpdateIfMatch,
            "delete" => Self::Delete,
            "deleteifmatchetag" => Self::DeleteIfMatch,
            "updatetwin" => Self::UpdateTwin,
            "updatetwinifmatchetag" => Self::UpdateTwinIfMatch,
            _ => return Err(invalid(format!("There is no importMode {word}."))),
        })
    }
}

/// Which device or module an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Named<'a> {
    device: &'a str,
    module: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn read(entry: &'a Value) -> Result<Self, HubFault> {
        let body = Body::of(entry)?;
        let device = body.text("id")?.ok_or_else(|| missing("id"))?;
        Ok(Self { device, module: body.text("moduleId")?.filter(|module| !module.is_empty()) })
    }

    fn error(self, entry: &Value, fault: &HubFault) -> Value {
        let operation = Body::of(entry).ok().and_then(|body| body.text("importMode").ok().flatten());
        json!({
            "deviceId": self.device,
            "moduleId": self.module,
            "errorCode": fault.kind.name(),
            "errorStatus": fault.text,
            "operation": operation.unwrap_or("create"),
        })
    }
}

impl HubState {
    /// `POST /devices`. Each identity is done or refused by itself.
    pub(super) fn bulk_devices(&mut self, devices: &Value, entropy: &Entropy) -> Result<Reply, HubFault> {
        let devices = devices.as_array().ok_or(FaultKind::GenericBadRequest)?;
        if devices.len() > BULK_MAX {
            let text = format!("At most {BULK_MAX} devices are allowed, not {}.", devices.len());
            return Err(HubFault::new(FaultKind::TooManyDevices, text));
        }
        let named: Vec<Named<'_>> = devices.iter().map(Named::read).collect::<Result<_, _>>()?;
        let distinct: BTreeSet<Named<'_>> = named.iter().copied().collect();
        if distinct.len() < named.len() {
            return Err(FaultKind::DeviceDefinedMultipleTimes.into());
        }
        let mut refusals = Vec::new();
        for (named, entry) in named.into_iter().zip(devices) {
            if let Err(fault) = self.bulk_entry(named, entry, entropy) {
                refusals.push(named.error(entry, &fault));
            }
        }
        let body = json!({"isSuccessful": refusals.is_empty(), "errors": refusals, "warnings": []});
        if body["isSuccessful"] == true {
            return Ok(Reply::Document { body, etag: None });
        }
        Ok(Reply::BulkRefused { body })
    }

    fn bulk_entry(&mut self, named: Named<'_>, entry: &Value, entropy: &Entropy) -> Result<(), HubFault> {
        let body = Body::of(entry)?;
        let identity_etag = || body.text("eTag")?.ok_or_else(|| missing("eTag"));
        match ImportMode::read(body)? {
            ImportMode::Create => self.bulk_create(named, entry, entropy),
            ImportMode::Update => self.bulk_update(named, body, None, entropy),
            ImportMode::UpdateIfMatch => self.bulk_update(named, body, Some(identity_etag()?), entropy),
            ImportMode::Delete => self.bulk_delete(named, None),
            ImportMode::DeleteIfMatch => self.bulk_delete(named, Some(identity_etag()?)),
            ImportMode::UpdateTwin => self.bulk_twin(named, entry, None),
            ImportMode::UpdateTwinIfMatch => {
                let etag = body.text("twinETag")?.ok_or_else(|| missing("twinETag"))?;
                self.bulk_twin(named, entry, Some(etag))
            }
        }
    }

    fn bulk_twin(&mut self, named: Named<'_>, entry: &Value, if_match: Option<&str>) -> Result<(), HubFault> {
        let slot = self.slot_of(named.device, named.module)?;
        self.write_twin(slot, entry, if_match, WriteMode::Merge).map(drop)
    }

    fn bulk_update(
        &mut self,
        Named { device, module }: Named<'_>,
        body: Body<'_>,
        if_match: Option<&str>,
        entropy: &Entropy,
    ) -> Result<(), HubFault> {
        match module {
            Some(module) => self.update_module(device, module, body, if_match, entropy),
            None => self.update_device(device, IdentityBody::read(body)?, if_match, entropy),
        }
        .map(drop)
    }

    fn bulk_delete(&mut self, Named { device, module }: Named<'_>, if_match: Option<&str>) -> Result<(), HubFault> {
        match module {
            Some(module) => self.remove_module(device, module, if_match),
            None => self.remove_device(device, if_match),
        }
    }

    /// A device or module with its twin: both or nothing.
    fn bulk_create(&mut self, named: Named<'_>, entry: &Value, entropy: &Entropy) -> Result<(), HubFault> {
        let body = Body::of(entry)?;
        let has_twin = body.get("tags").is_some() || body.get("properties").is_some();
        match named.module {
            Some(module) => self.create_module(named.device, module, body, entropy)?,
            None => self.create_device(named.device, IdentityBody::read(body)?, entropy)?,
        };
        if has_twin && let Err(fault) = self.bulk_twin(named, entry, None) {
            self.bulk_delete(named, None)?;
            return Err(fault);
        }
        Ok(())
    }
}
