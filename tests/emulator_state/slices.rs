//! A hub that does its work in slices, and is asked in between, is the same hub in the end.

use std::num::NonZeroU32;

use hubjobs::emulator::state::{HubEvent, HubOptions, HubState, Reply, Throttling};
use hubjobs::model::{HubSize, Sku};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::fleet::fleet;
use crate::properties::{check_replay, check_snapshot};

const DEVICES: u32 = 30_000;

fn hub() -> HubState {
    let mut options = HubOptions::new(HubSize { sku: Sku::S3, units: NonZeroU32::MIN });
    options.throttling = Throttling::Off;
    let mut hub = HubState::new(options, "2026-12-01T08:00:00Z".parse().expect("a time"));
    hub.add_fleet(&fleet(1, &json!({"count": DEVICES, "tags": {"site": ["a", "b"]}}))).expect("a possible fleet");
    hub
}

fn done(hub: &mut HubState) -> u64 {
    let now = hub.now();
    match hub.apply(HubEvent::GetJob { id: "j".to_owned() }, now) {
        Ok(Reply::Document { body, .. }) => body["deviceJobStatistics"]["succeededCount"].as_u64().unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn calls_get_through_while_a_job_runs() {
    let mut hub = hub();
    let origin = hub.clone();
    let mut journal: Vec<(HubEvent, Timestamp)> = Vec::new();
    let request = json!({"type": "scheduleUpdateTwin", "queryCondition": "*", "updateTwin": {"tags": {"wave": 1}}});
    let create = HubEvent::CreateJob { id: "j".to_owned(), request };
    let start = hub.now();
    hub.apply(create.clone(), start).expect("accepted");
    journal.push((create, start));
    let to = start + SignedDuration::from_secs(10);
    let mut seen = Vec::new();
    while !hub.advance_slice(to) {
        let now = hub.now();
        seen.push(done(&mut hub));
        // Devices that the job has reached, and others.
        let device = if seen.len() % 2 == 0 { "device-1" } else { "device-9999" };
        let patch = HubEvent::PatchTwin {
            device_id: device.to_owned(),
            module_id: None,
            patch: json!({"tags": {"wave": seen.len()}}),
            if_match: None,
        };
        hub.apply(patch.clone(), now).expect("accepted");
        journal.push((patch, now));
    }
    assert!(seen.len() >= 3 && seen.is_sorted(), "{seen:?}");
    assert!(seen.iter().any(|done| (1..u64::from(DEVICES)).contains(done)), "{seen:?}");
    assert_eq!(done(&mut hub), u64::from(DEVICES));
    assert_eq!(hub.now(), to);
    check_replay(origin, &journal, &hub);
    check_snapshot(&hub);
}

#[test]
fn a_snapshot_in_the_midst_of_a_job_goes_on_the_same() {
    let mut hub = hub();
    let request = json!({"type": "scheduleUpdateTwin", "queryCondition": "*", "updateTwin": {"tags": {"wave": 1}}});
    let start = hub.now();
    hub.apply(HubEvent::CreateJob { id: "j".to_owned(), request }, start).expect("accepted");
    assert!(!hub.advance_slice(start + SignedDuration::from_secs(10)));
    check_snapshot(&hub);
}
