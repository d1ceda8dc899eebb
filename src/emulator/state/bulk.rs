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

impl HubState {
    /// `POST /devices`. Each identity is done or refused by itself.
    pub(super) fn bulk_devices(&mut self, devices: &Value, entropy: &Entropy) -> Result<Reply, HubFault> {
        let devices = devices.as_array().ok_or(FaultKind::GenericBadRequest)?;
        if devices.len() > BULK_MAX {
            return Err(invalid(format!("At most {BULK_MAX} devices are allowed, not {}.", devices.len())));
        }
        let entries: Vec<(String, &Value)> = devices.iter().map(read_id).collect::<Result<_, _>>()?;
        let distinct: BTreeSet<&str> = entries.iter().map(|(id, _)| id.as_str()).collect();
        if distinct.len() < entries.len() {
            return Err(FaultKind::DeviceDefinedMultipleTimes.into());
        }
        let refusals: Vec<Value> = entries
            .iter()
            .filter_map(|(id, entry)| self.bulk_device(id, entry, entropy).err().map(|fault| error_json(id, &fault)))
            .collect();
        let body = json!({"isSuccessful": refusals.is_empty(), "errors": refusals, "warnings": []});
        if body["isSuccessful"] == true {
            return Ok(Reply::Document { body, etag: None });
        }
        Ok(Reply::BulkRefused { body })
    }

    fn bulk_device(&mut self, id: &str, entry: &Value, entropy: &Entropy) -> Result<(), HubFault> {
        let body = Body::of(entry)?;
        let mode = ImportMode::read(body)?;
        let identity_etag = body.text("eTag")?;
        match mode {
            ImportMode::Create => self.bulk_create(id, entry, entropy),
            ImportMode::Update => self.update_device(id, IdentityBody::read(body)?, None, entropy).map(drop),
            ImportMode::UpdateIfMatch => {
                let etag = identity_etag.ok_or_else(|| missing("eTag"))?;
                self.update_device(id, IdentityBody::read(body)?, Some(etag), entropy).map(drop)
            }
            ImportMode::Delete => self.remove_device(id, None),
            ImportMode::DeleteIfMatch => self.remove_device(id, Some(identity_etag.ok_or_else(|| missing("eTag"))?)),
            ImportMode::UpdateTwin => self.bulk_twin(id, entry, None),
            ImportMode::UpdateTwinIfMatch => {
                let etag = body.text("twinETag")?.ok_or_else(|| missing("twinETag"))?;
                self.bulk_twin(id, entry, Some(etag))
            }
        }
    }

    fn bulk_twin(&mut self, id: &str, entry: &Value, if_match: Option<&str>) -> Result<(), HubFault> {
        let slot = self.slot(id)?;
        self.write_twin(slot, entry, if_match, WriteMode::Merge).map(drop)
    }

    /// A device with its twin: both or nothing.
    fn bulk_create(&mut self, id: &str, entry: &Value, entropy: &Entropy) -> Result<(), HubFault> {
        let body = Body::of(entry)?;
        let has_twin = body.get("tags").is_some() || body.get("properties").is_some();
        self.create_device(id, IdentityBody::read(body)?, entropy)?;
        if has_twin && let Err(fault) = self.bulk_twin(id, entry, None) {
            self.remove_device(id, None)?;
            return Err(fault);
        }
        Ok(())
    }
}

fn read_id(entry: &Value) -> Result<(String, &Value), HubFault> {
    let id = Body::of(entry)?.text("id")?.ok_or_else(|| missing("id"))?;
    Ok((id.to_owned(), entry))
}

fn error_json(id: &str, fault: &HubFault) -> Value {
    json!({"deviceId": id, "moduleId": null, "errorCode": fault.kind.name(), "errorStatus": fault.text})
}
