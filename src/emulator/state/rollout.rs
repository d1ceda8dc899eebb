//! What the hub does about its configurations, soon after one was written and then every five minutes:
//! devices that meet a condition get the settings, devices that no longer do lose them.
//!
//! Of two configurations that set the same on one device, the one of greater priority does.

use std::collections::BTreeMap;

use serde_json::Value;

use super::columns::Change;
use super::configuration::Configuration;
use super::device::Device;
use super::devices::Slot;
use super::fault::HubFault;
use super::hub::HubState;
use super::identity::secret_for_modules;
use super::rules::CONFIGURATION_INTERVAL_TICKS;
use super::setting::{PreparedSettings, Scope, Setting};

/// A configuration under way, and whom it selects, by place.
struct Candidate {
    id: Box<str>,
    settings: Vec<Setting>,
    targets: Vec<Slot>,
}

impl Candidate {
    fn selects(&self, slot: Slot) -> bool {
        self.targets.binary_search(&slot).is_ok()
    }
}

impl HubState {
    /// Looks at all configurations, if it is time, and plans the next look.
    pub(super) fn look_at_configurations(&mut self) {
        if self.configurations.due.is_none_or(|due| due > self.now) {
            return;
        }
        self.configurations.due = None;
        let volatile = self.configurations.by_id.values().any(Configuration::is_volatile);
        // A hub in which nothing happens may jump by days: looking again would change nothing.
        if volatile || !self.configurations.is_settled {
            // What the index does not show yet it will show without an event.
            self.configurations.is_settled = !self.devices.is_behind();
            self.roll_out();
        }
        if !self.configurations.by_id.is_empty() {
            self.look_at_configurations_at(self.now.plus(CONFIGURATION_INTERVAL_TICKS));
        }
    }

    fn roll_out(&mut self) {
        let candidates = self.candidates();
        self.withdraw_settings(&candidates);
        for rank in 0..candidates.len() {
            let targets = self.apply_candidate(&candidates, rank);
            let changed = self.configurations.by_id.get_mut(&candidates[rank].id).is_some_and(|configuration| {
                let before = std::mem::replace(&mut configuration.targets, targets);
                before != configuration.targets
            });
            if changed {
                self.configurations.touch();
            }
        }
        self.count_metrics();
    }

    /// All configurations, the strongest first.
    fn candidates(&mut self) -> Vec<Candidate> {
        let mut configurations: Vec<&Configuration> = self.configurations.by_id.values().collect();
        configurations.sort_by_key(|configuration| configuration.rank());
        let read = |configuration: &Configuration| {
            let condition = configuration.condition().map(str::to_owned);
            (configuration.id.clone(), condition, configuration.settings())
        };
        let read: Vec<_> = configurations.into_iter().map(read).collect();
        let candidate = |(id, condition, (scope, settings)): (Box<str>, Option<String>, _)| {
            // A condition that no longer parses would select nothing; it was checked when it came.
            let mut targets = condition.and_then(|text| self.select(&text).ok()).unwrap_or_default();
            // The index may lag behind the registry.
            let wanted = |device: &Device| scope != Scope::ModulesOfDevices || device.identity.is_edge;
            targets.retain(|slot| self.devices.get(*slot).is_some_and(wanted));
            targets.sort_unstable();
            Candidate { id, settings, targets }
        };
        read.into_iter().map(candidate).collect()
    }

    /// Removes the settings of a configuration where its condition does not hold any more (documented).
    fn withdraw_settings(&mut self, candidates: &[Candidate]) {
        for candidate in candidates {
            let Some(configuration) = self.configurations.by_id.get(&candidate.id) else { continue };
            let lost = configuration.targets.iter().filter(|(slot, applied)| *applied && !candidate.selects(*slot));
            let lost: Vec<Slot> = lost.map(|(slot, _)| *slot).collect();
            for slot in lost {
                let others = || candidates.iter().filter(|other| other.selects(slot)).flat_map(|other| &other.settings);
                let kept = |setting: &Setting| others().any(|other| other.conflicts(setting));
                let gone = candidate.settings.iter().filter(|setting| !kept(setting)).map(Setting::withdrawn);
                let gone: Vec<Setting> = gone.collect();
                let prepared = PreparedSettings::of(&gone.iter().collect::<Vec<_>>(), &mut self.keys);
                for part in &prepared {
                    // A deletion breaks no limit.
                    let _ = self.apply_settings(slot, part, &[]);
                }
            }
        }
    }

    /// Applies one configuration, but for what stronger ones set. Says who has at least a part of it
    /// (documented: partial changes count as applied).
    fn apply_candidate(&mut self, candidates: &[Candidate], rank: usize) -> Vec<(Slot, bool)> {
        let (stronger, candidate) = (&candidates[..rank], &candidates[rank]);
        let rivals_of = |setting: &Setting| {
            let sets_it = |other: &&Candidate| other.settings.iter().any(|other| other.conflicts(setting));
            stronger.iter().filter(sets_it).collect::<Vec<_>>()
        };
        let rivals: Vec<Vec<&Candidate>> = candidate.settings.iter().map(rivals_of).collect();
        let mut prepared: BTreeMap<Vec<bool>, Vec<PreparedSettings>> = BTreeMap::new();
        let names_modules = candidate.settings.iter().any(|setting| setting.module.is_some());
        let mut targets = Vec::with_capacity(candidate.targets.len());
        for &slot in &candidate.targets {
            let is_ours = |rivals: &Vec<&Candidate>| !rivals.iter().any(|rival| rival.selects(slot));
            let ours: Vec<bool> = rivals.iter().map(is_ours).collect();
            if !prepared.contains_key(&ours) {
                let own = candidate.settings.iter().zip(&ours).filter(|(_, ours)| **ours);
                let own: Vec<&Setting> = own.map(|(setting, _)| setting).collect();
                prepared.insert(ours.clone(), PreparedSettings::of(&own, &mut self.keys));
            }
            let mut applied = ours.contains(&true) || ours.is_empty();
            let device = self.devices.get(slot).filter(|_| names_modules);
            let secret = device.map(|device| secret_for_modules(device, self.options.seed)).unwrap_or_default();
            for part in prepared.get(&ours).into_iter().flatten() {
                applied &= self.apply_settings(slot, part, &secret).is_ok();
            }
            targets.push((slot, applied));
        }
        targets
    }

    /// Writes settings to a twin, or to that of a module of the device, unless they are there.
    pub(super) fn apply_settings(
        &mut self,
        slot: Slot,
        settings: &PreparedSettings,
        secret: &[u8],
    ) -> Result<(), HubFault> {
        let slot = match &settings.module {
            None => slot,
            Some(module) if secret.is_empty() => match self.devices.find_module(self.devices.id(slot), module) {
                Some(slot) => slot,
                None => return Ok(()),
            },
            Some(module) => {
                let device_id = self.devices.id(slot).to_owned();
                self.ensure_module(&device_id, module, secret)
            }
        };
        let now = self.now;
        let (Some(device), Some(patch)) = (self.devices.get(slot), settings.patch()) else { return Ok(()) };
        let members = device.twin.desired.members();
        let extra = settings.replaces && members.count() > patch.len();
        if !extra && patch.holds_in(members) {
            return Ok(());
        }
        if let Some(device) = self.devices.change(slot, Change::Written(&settings.write)) {
            device.twin.write(&settings.write, now, &self.keys)?;
        }
        self.configurations.touch();
        self.desired_changed(slot, patch);
        Ok(())
    }

    /// Counts the rows of the custom metrics.
    fn count_metrics(&mut self) {
        let metrics = |configuration: &Configuration| {
            let own = configuration.metrics().map(|(name, query)| (name.to_owned(), query.to_owned()));
            (configuration.id.clone(), own.collect::<Vec<_>>())
        };
        let metrics: Vec<_> = self.configurations.by_id.values().map(metrics).collect();
        for (id, metrics) in metrics {
            let count = |(name, query): (String, String)| Some((name, Value::from(self.count_rows(&query)?)));
            let results = metrics.into_iter().filter_map(count).collect();
            if let Some(configuration) = self.configurations.by_id.get_mut(&id) {
                configuration.results = results;
            }
        }
    }
}
