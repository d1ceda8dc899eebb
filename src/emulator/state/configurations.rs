//! Calls about configurations (reference 1.2, 1.7).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::body::Body;
use super::configuration::{Configuration, ConfigurationBody, check_condition, check_id, check_query};
use super::devices::Slot;
use super::entropy::Entropy;
use super::etag;
use super::fault::{FaultKind, HubFault};
use super::hub::{Errand, HubState};
use super::modules::{EDGE, EDGE_MODULES, numbered};
use super::moment::Moment;
use super::reply::Reply;
use super::rules::{CONFIGURATION_SOON_TICKS, CONFIGURATIONS_FREE_MAX, CONFIGURATIONS_MAX};
use super::setting::{PreparedSettings, Scope, Setting};
use super::twin::Twin;
use crate::model::Sku;

/// All configurations of the hub.
#[derive(Debug, Clone, Default)]
pub(super) struct Configurations {
    pub(super) by_id: BTreeMap<Box<str>, Configuration>,
    /// When they are looked at next.
    pub(super) due: Option<Moment>,
    /// Whether anything happened since they were looked at. Follows from nothing: when in doubt, it did.
    pub(super) is_settled: bool,
}

impl Configurations {
    /// Something happened that may change who is targeted.
    pub(super) const fn touch(&mut self) {
        self.is_settled = false;
    }

    /// The device or module at a place was deleted.
    pub(super) fn forget(&mut self, slot: Slot) {
        for configuration in self.by_id.values_mut() {
            if let Ok(at) = configuration.targets.binary_search_by_key(&slot, |(slot, _)| *slot) {
                configuration.targets.remove(at);
            }
        }
    }

    /// How the device or module at a place stands to each of them.
    pub(super) fn statuses(&self, slot: Slot) -> Map<String, Value> {
        let status = |configuration: &Configuration| {
            let status = configuration.status_of(slot)?;
            Some((configuration.id.to_string(), json!({"status": status})))
        };
        self.by_id.values().filter_map(status).collect()
    }
}

impl HubState {
    /// `GET /configurations?top=N`.
    pub(super) fn list_configurations(&self, top: Option<u64>) -> Reply {
        let top = top.and_then(|top| usize::try_from(top).ok()).filter(|top| *top > 0).unwrap_or(usize::MAX);
        let body = self.configurations.by_id.values().take(top).map(Configuration::to_json).collect();
        Reply::Document { body, etag: None }
    }

    /// `GET /configurations/{id}`.
    pub(super) fn get_configuration(&self, id: &str) -> Result<Reply, HubFault> {
        let configuration = self.configurations.by_id.get(id).ok_or_else(|| not_found(id))?;
        Ok(Reply::Document { body: configuration.to_json(), etag: Some(configuration.etag_text()) })
    }

    /// `PUT /configurations/{id}`. Only a quoted `If-Match` makes it an update (observed).
    pub(super) fn put_configuration(
        &mut self,
        id: &str,
        configuration: &Value,
        if_match: Option<&str>,
    ) -> Result<Reply, HubFault> {
        check_id(id).map_err(numbered)?;
        let body = Body::of(configuration)?;
        if body.text("id")?.is_some_and(|other| other != id) {
            return Err(numbered(super::body::invalid("id in the body differs from the one in the path.")));
        }
        let body = ConfigurationBody::read(body).map_err(numbered)?;
        let now = self.now;
        match if_match.map(str::trim).filter(|header| header.starts_with('"') || *header == "*") {
            Some(if_match) => {
                let configuration = self.configurations.by_id.get_mut(id).ok_or_else(|| not_found(id))?;
                etag::check(Some(if_match), &configuration.etag_text()).map_err(numbered)?;
                configuration.update(body, now)?;
            }
            None if self.configurations.by_id.contains_key(id) => {
                let text = format!("Configuration {id} already exists.");
                return Err(HubFault::new(FaultKind::ConfigurationAlreadyExists, text));
            }
            None => {
                let max = if self.options.size.sku == Sku::F1 { CONFIGURATIONS_FREE_MAX } else { CONFIGURATIONS_MAX };
                if self.configurations.by_id.len() >= max {
                    return Err(FaultKind::ConfigurationCountLimitExceeded.into());
                }
                self.configurations.by_id.insert(id.into(), Configuration::new(id, body, now));
            }
        }
        self.look_at_configurations_at(now.plus(CONFIGURATION_SOON_TICKS));
        self.get_configuration(id)
    }

    /// `DELETE /configurations/{id}`. What it set stays, unless another configuration sets it.
    pub(super) fn delete_configuration(&mut self, id: &str, if_match: Option<&str>) -> Result<Reply, HubFault> {
        let configuration = self.configurations.by_id.get(id).ok_or_else(|| not_found(id))?;
        etag::check(if_match, &configuration.etag_text()).map_err(numbered)?;
        self.configurations.by_id.remove(id);
        self.look_at_configurations_at(self.now.plus(CONFIGURATION_SOON_TICKS));
        Ok(Reply::Done)
    }

    /// `POST /configurations/testQueries`.
    pub(super) fn test_configuration_queries(request: &Value) -> Result<Reply, HubFault> {
        let body = Body::of(request)?;
        let condition = body.text("targetCondition")?.map(|text| check_condition(text, Scope::Any).err());
        let mut errors = Map::new();
        for (name, query) in body.object("customMetricQueries")?.into_iter().flatten() {
            let checked = query.as_str().map_or_else(|| Err("The query must be a string.".to_owned()), check_query);
            if let Err(words) = checked {
                errors.insert(name.clone(), words.into());
            }
        }
        let body = json!({"targetConditionError": condition.flatten(), "customMetricQueryErrors": errors});
        Ok(Reply::Document { body, etag: None })
    }

    /// `POST /devices/{id}/applyConfigurationContent`: the modules of one IoT Edge device, at once.
    pub(super) fn apply_configuration_content(
        &mut self,
        device_id: &str,
        content: &Value,
        entropy: &Entropy,
    ) -> Result<Reply, HubFault> {
        let slot = self.slot(device_id)?;
        let Value::Object(content) = content else { return Err(FaultKind::ArgumentNull.into()) };
        let (scope, settings) = Setting::all_of(content)?;
        let names_before = self.keys.len();
        let prepared = PreparedSettings::of(&settings.iter().collect::<Vec<_>>(), &mut self.keys);
        // All or nothing, for a refused event must leave no trace.
        if let Err(fault) = prepared.iter().try_for_each(|part| self.check_settings(slot, part)) {
            self.keys.truncate(names_before);
            return Err(numbered(fault));
        }
        if scope == Scope::ModulesOfDevices {
            self.remove_unnamed_modules(device_id, &settings);
        }
        for part in &prepared {
            self.apply_settings(slot, part, entropy.as_bytes()).map_err(numbered)?;
        }
        Ok(Reply::Done)
    }

    /// Whether the settings fit into the twin that they are for, which may not be there yet.
    fn check_settings(&self, slot: Slot, settings: &PreparedSettings) -> Result<(), HubFault> {
        let slot = match &settings.module {
            Some(module) => self.devices.find_module(self.devices.id(slot), module),
            None => Some(slot),
        };
        let device = slot.and_then(|slot| self.devices.get(slot));
        let mut twin = device.map_or_else(|| Twin::fresh(self.now), |device| device.twin.clone());
        twin.write(&settings.write, self.now, &self.keys)
    }

    fn remove_unnamed_modules(&mut self, device_id: &str, settings: &[Setting]) {
        let is_named = |module: &str| settings.iter().any(|setting| setting.module.as_deref() == Some(module));
        let unnamed = |slot: &Slot| {
            let module = self.devices.device(*slot);
            let (_, name) = module.names();
            let belongs = module.identity.scope.as_deref() == Some(EDGE);
            belongs && name.is_some_and(|name| !EDGE_MODULES.contains(&name) && !is_named(name))
        };
        let slots: Vec<Slot> = self.devices.modules_of(device_id).iter().copied().filter(unnamed).collect();
        for slot in slots {
            self.forget(slot);
        }
    }

    /// Plans the next look, unless one comes earlier.
    pub(super) fn look_at_configurations_at(&mut self, at: Moment) {
        if self.configurations.due.is_none_or(|due| due > at) {
            self.configurations.due = Some(at);
            self.errands.push(Reverse((at, Errand::Configure)));
        }
    }
}

fn not_found(id: &str) -> HubFault {
    HubFault::new(FaultKind::ConfigurationNotFound, format!("Configuration {id} is not found."))
}
