//! A condition that nobody edited, and that selects far more devices than at its last run: tags or
//! properties on the hub have changed under it. The hub remembers for 30 days how many devices a job
//! reached, so this needs no state of ours.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{FormerNames, JobStatus, Manifest, ManifestName, ObservedJob, Owner, TargetCondition};
use crate::plan::words::grouped;
use crate::query::{Condition, parse_condition};

/// This many times the devices of the last run are no ordinary growth.
const FACTOR: u64 = 3;
/// So few more devices are no danger, whatever the factor.
const MORE_MIN: u64 = 25;

/// Whether a condition goes by nothing but what people and their jobs write: ids, tags and desired
/// properties. What devices report moves by itself: `reported.fw < '2.1'` may select nobody today, and
/// a delivery of new devices tomorrow.
pub(super) fn is_set_by_people(condition: &TargetCondition) -> bool {
    let selection = parse_condition(condition.as_str()).0;
    selection.is_some_and(|selection| {
        let condition = Condition::compile(&selection);
        condition.paths().iter().all(|path| match path.keys() {
            [first] => &**first == "deviceId",
            [first, second, ..] => &**first == "tags" || (&**first == "properties" && &**second == "desired"),
            [] => false,
        })
    })
}

/// The newest run that a manifest had with the condition that it has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) struct LastRun {
    devices: u64,
    start: Timestamp,
}

impl LastRun {
    /// Whether that many devices are far more than it reached.
    pub(in crate::plan) const fn is_outgrown_by(self, devices: u64) -> bool {
        devices > self.devices.saturating_mul(FACTOR) && devices - self.devices >= MORE_MIN
    }

    /// Fits behind "and ".
    pub(super) fn in_words(self) -> String {
        let start = TimeZone::UTC.to_datetime(self.start).strftime("%a %Y-%m-%d %H:%MZ");
        format!("its run of {start} reached {}", grouped(self.devices))
    }
}

/// The last runs of manifests that reach out now.
pub(in crate::plan) fn last_runs<'a>(
    owner: &Owner,
    manifests: &'a [Arc<Manifest>],
    observed: &[ObservedJob],
    reaching: impl Iterator<Item = &'a ManifestName>,
) -> HashMap<&'a ManifestName, LastRun> {
    let of_name: HashMap<_, _> = manifests.iter().map(|manifest| (&manifest.name, &**manifest)).collect();
    let reaching: HashMap<_, _> = reaching.filter_map(|name| Some((name, *of_name.get(name)?))).collect();
    let mut last: HashMap<&ManifestName, LastRun> = HashMap::new();
    if reaching.is_empty() {
        return last;
    }
    let former_names = FormerNames::new(manifests.iter().map(AsRef::as_ref));
    let prefix = format!("hj1-{owner}-");
    // Taking an id apart costs more than comparing its start, and most ids may be foreign.
    for job in observed.iter().filter(|job| job.id.as_str().starts_with(&prefix)) {
        let Some(id) = job.id.own() else { continue };
        let Some((name, manifest)) = reaching.get_key_value(former_names.current(&id.name)) else { continue };
        let Some(run) = run_of(job, manifest) else { continue };
        last.entry(name).and_modify(|newest| *newest = later(*newest, run)).or_insert(run);
    }
    last
}

fn later(one: LastRun, other: LastRun) -> LastRun {
    if other.start > one.start { other } else { one }
}

/// A job as a run of the condition that the manifest has now, if it is one and was carried out.
fn run_of(job: &ObservedJob, manifest: &Manifest) -> Option<LastRun> {
    let (body, statistics, start) = (job.body.as_ref()?, job.statistics?, job.start?);
    let is_run = job.status == JobStatus::Completed && body.condition == manifest.target.condition();
    is_run.then_some(LastRun { devices: statistics.device_count, start })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_more_devices_are_no_growth() {
        let grows = |before, now| LastRun { devices: before, start: Timestamp::UNIX_EPOCH }.is_outgrown_by(now);
        for (before, now) in [(12, 9_800), (0, 25), (8, 33), (100, 301)] {
            assert!(grows(before, now), "{before} to {now}");
        }
        for (before, now) in [(0, 24), (8, 32), (100, 300), (9_800, 12), (u64::MAX, u64::MAX), (0, 0)] {
            assert!(!grows(before, now), "{before} to {now}");
        }
    }

    #[test]
    fn what_devices_report_moves_by_itself() {
        let by_people = |text| is_set_by_people(&TargetCondition::new(text).expect("a short condition"));
        for text in [
            "tags.ring = 'canary' OR NOT IS_DEFINED(tags.ring)",
            "deviceId IN ['a', 'b']",
            "STARTSWITH(deviceId, 'lab-') AND properties.desired.mode = 'eco'",
            "*",
        ] {
            assert!(by_people(text), "{text}");
        }
        for text in [
            "tags.ring = 'canary' AND properties.reported.fw < '2.1'",
            "connectionState = 'Connected'",
            "properties.reported.fw < '2.1'",
            "tags.ring = ",
        ] {
            assert!(!by_people(text), "{text}");
        }
    }
}
