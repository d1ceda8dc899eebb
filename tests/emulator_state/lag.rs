//! With a lag, queries and jobs see the devices as they were that long ago.

use std::num::NonZeroU32;

use hubjobs::emulator::state::{Entropy, HubEvent, HubOptions, HubState, PageRequest, Reply, Throttling};
use hubjobs::model::{HubSize, Seconds, Sku};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fleet::fleet;
use crate::properties::{check_replay, check_snapshot};

const LAG: u64 = 60;
const DEVICES: usize = 5;

fn hub(lag: u64) -> HubState {
    let mut options = HubOptions::new(HubSize { sku: Sku::S3, units: NonZeroU32::MIN });
    (options.throttling, options.consistency_lag) = (Throttling::Off, Seconds::new(lag));
    let mut hub = HubState::new(options, "2026-12-01T08:00:00Z".parse().expect("a time"));
    hub.add_fleet(&fleet(1, &json!({"count": DEVICES, "tags": {"site": ["a", "b"]}}))).expect("a possible fleet");
    hub
}

fn rows(hub: &mut HubState, query: &str, at: Timestamp) -> Vec<Value> {
    let event = HubEvent::Query { request: json!({"query": query}), page: PageRequest::default() };
    match hub.apply(event, at) {
        Ok(Reply::Page { items, .. }) => items,
        other => panic!("{other:?}"),
    }
}

fn patch(device: &str, tags: Value) -> HubEvent {
    HubEvent::PatchTwin { device_id: device.to_owned(), module_id: None, patch: json!({"tags": tags}), if_match: None }
}

const COUNT: &str = "SELECT COUNT() AS n FROM devices WHERE tags.site = 'new'";

#[test]
fn a_write_is_seen_at_once_by_its_id_and_later_by_queries() {
    let mut hub = hub(LAG);
    let start = hub.now();
    let at = |seconds: i64| start + SignedDuration::from_secs(seconds);
    hub.apply(patch("device-1", json!({"site": "new"})), at(10)).expect("accepted");
    hub.apply(patch("device-1", json!({"site": "newer"})), at(30)).expect("accepted");
    let twin = hub.apply(HubEvent::GetTwin { device_id: "device-1".to_owned(), module_id: None }, at(30));
    let Ok(Reply::Document { body, .. }) = twin else { panic!("{twin:?}") };
    assert_eq!(body["tags"]["site"], "newer");
    for (second, count) in [(30, 0), (69, 0), (70, 1), (89, 1), (90, 0)] {
        assert_eq!(rows(&mut hub, COUNT, at(second)), [json!({"n": count})], "{second} s");
    }
}

#[test]
fn a_job_selects_what_queries_see_and_updates_what_is_there() {
    let mut hub = hub(LAG);
    let start = hub.now();
    hub.apply(HubEvent::DeleteDevice { device_id: "device-1".to_owned(), if_match: Some("*".to_owned()) }, start)
        .expect("accepted");
    hub.apply(patch("device-2", json!({"site": "new"})), start).expect("accepted");
    let request = json!({"type": "scheduleUpdateTwin", "queryCondition": "tags.site IN ['a', 'b']", "updateTwin": {"tags": {"w": 1}}});
    hub.apply(HubEvent::CreateJob { id: "j".to_owned(), request }, start).expect("accepted");
    hub.advance(start + SignedDuration::from_secs(5));
    let job = hub.observed_job("j").expect("a job").statistics.expect("statistics");
    assert_eq!((job.device_count, job.succeeded_count, job.failed_count), (5, 4, 1), "the deleted one fails");
}

#[test]
fn a_configuration_reaches_a_device_that_the_index_shows_late() {
    let mut hub = hub(LAG);
    let start = hub.now();
    let at = |seconds: i64| start + SignedDuration::from_secs(seconds);
    let configuration =
        json!({"targetCondition": "tags.site = 'new'", "content": {"deviceContent": {"properties.desired.rate": 7}}});
    let put = HubEvent::PutConfiguration { id: "c".to_owned(), configuration, if_match: None };
    hub.apply(put, start).expect("accepted");
    // Just before the hub looks again, so that it does not see the write then.
    hub.apply(patch("device-1", json!({"site": "new"})), at(295)).expect("accepted");
    check_snapshot(&hub);
    hub.advance(at(320));
    check_snapshot(&hub);
    let event = HubEvent::GetTwin { device_id: "device-1".to_owned(), module_id: None };
    let twin = hub.apply(event, at(1_000));
    let Ok(Reply::Document { body, .. }) = twin else { panic!("{twin:?}") };
    assert_eq!(body["properties"]["desired"]["rate"], 7);
}

/// Every event and how many seconds after the one before it comes.
fn events() -> impl Strategy<Value = Vec<(HubEvent, i64)>> {
    let device = || (1..=DEVICES + 3).prop_map(|n| format!("device-{n}"));
    let entropy = Entropy::new([3; Entropy::LEN]);
    let event = prop_oneof![
        4 => (device(), prop::sample::select(vec!["a", "new", "b"])).prop_map(|(device, site)| patch(&device, json!({"site": site}))),
        2 => device().prop_map(move |device_id| HubEvent::PutDevice { device_id, identity: json!({}), if_match: None, entropy }),
        2 => device().prop_map(|device_id| HubEvent::DeleteDevice { device_id, if_match: Some("*".to_owned()) }),
        1 => (0_u32..999).prop_map(|n| HubEvent::CreateJob {
            id: format!("job-{n}"),
            request: json!({"type": "scheduleUpdateTwin", "queryCondition": "tags.site = 'new'", "updateTwin": {"tags": {"w": n}}}),
        }),
    ];
    prop::collection::vec((event, 0_i64..40), 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A hub that lags shows now what it showed then when asked without a lag; and is the same hub
    /// after a restart.
    #[test]
    fn queries_see_the_past(events in events()) {
        let queries = ["SELECT deviceId, tags.site, version FROM devices", COUNT,
                       "SELECT tags.site AS s, COUNT() AS n FROM devices GROUP BY tags.site",
                       "SELECT deviceId FROM devices WHERE deviceId IN ['device-1', 'device-7']"];
        let (origin, mut lagging, mut current) = (hub(LAG), hub(LAG), hub(0));
        let (mut journal, mut history) = (Vec::new(), Vec::new());
        let mut jobs = false;
        for (event, step) in events {
            let at = lagging.now() + SignedDuration::from_secs(step);
            jobs |= matches!(event, HubEvent::CreateJob { .. });
            if lagging.apply(event.clone(), at).is_ok() {
                journal.push((event.clone(), at));
            }
            let _ = current.apply(event, at);
            history.push((at, queries.map(|query| rows(&mut current, query, at))));
            let then = at - SignedDuration::from_secs(LAG.cast_signed());
            let seen = history.iter().rev().find(|(at, _)| *at <= then);
            // A job selects other devices where the index lags, so that the hubs part.
            if let (Some((_, expected)), false) = (seen, jobs) {
                let shown = queries.map(|query| rows(&mut lagging, query, at));
                prop_assert_eq!(&shown, expected);
            }
        }
        check_snapshot(&lagging);
        check_replay(origin, &journal, &lagging);
    }
}

/// Devices come and go; what they leave behind is used again once no job can name it.
#[test]
fn places_of_deleted_devices_are_used_again() {
    let mut hub = hub(0);
    let entropy = Entropy::new([3; Entropy::LEN]);
    let size = |hub: &HubState| hub.snapshot().count();
    let churn = |hub: &mut HubState, round: usize| {
        let (now, device_id) = (hub.now(), format!("guest-{round}"));
        let identity = json!({});
        hub.apply(HubEvent::PutDevice { device_id: device_id.clone(), identity, if_match: None, entropy }, now)
            .expect("new");
        hub.apply(HubEvent::DeleteDevice { device_id, if_match: Some("*".to_owned()) }, now).expect("there");
    };
    churn(&mut hub, 0);
    let before = size(&hub);
    (1..50).for_each(|round| churn(&mut hub, round));
    assert_eq!(size(&hub), before, "there is no job");
    check_snapshot(&hub);

    let (now, device_id) = (hub.now(), "guest".to_owned());
    hub.apply(HubEvent::PutDevice { device_id: device_id.clone(), identity: json!({}), if_match: None, entropy }, now)
        .expect("new");
    let request =
        json!({"type": "scheduleUpdateTwin", "queryCondition": "deviceId = 'guest'", "updateTwin": {"tags": {"w": 1}}});
    hub.apply(HubEvent::CreateJob { id: "j".to_owned(), request }, now).expect("accepted");
    hub.advance(now + SignedDuration::from_secs(5));
    let now = hub.now();
    hub.apply(HubEvent::DeleteDevice { device_id, if_match: Some("*".to_owned()) }, now).expect("there");
    (50..60).for_each(|round| churn(&mut hub, round));
    let record = "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'j'";
    assert_eq!(rows(&mut hub, record, now)[0]["deviceId"], "guest");
    check_snapshot(&hub);
    let grown = size(&hub);
    hub.advance(now + SignedDuration::from_hours(24 * 31));
    (60..90).for_each(|round| churn(&mut hub, round));
    assert!(size(&hub) <= grown, "the job is forgotten");
}
