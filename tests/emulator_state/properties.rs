//! What no sequence of events may break: statistics sum up, lanes are never overcommitted, the
//! same events give the same hub, and a hub comes back from its snapshot unchanged.

use std::num::NonZeroU32;

use hubjobs::emulator::state::{
    DeviceMessage, DeviceTopic, Entropy, HubEvent, HubOptions, HubState, PageRequest, Reply, SessionId, SnapshotRecord,
    Throttling,
};
use hubjobs::model::{HubSize, Sku};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fleet::fleet;

/// All jobs, newest first.
fn all_jobs(hub: &HubState) -> Vec<Value> {
    let mut hub = hub.clone();
    let (mut jobs, mut continuation) = (Vec::new(), None);
    loop {
        let page = PageRequest { max_item_count: None, continuation };
        let now = hub.now();
        let reply = hub.apply(HubEvent::ListJobs { job_type: None, job_status: None, page }, now);
        let Ok(Reply::Page { items, next, .. }) = reply else { panic!("{reply:?}") };
        jobs.extend(items);
        match next {
            Some(next) => continuation = Some(next),
            None => return jobs,
        }
    }
}

/// Statistics sum up; queued, scheduled and running jobs fit into the lanes.
pub(crate) fn check_invariants(hub: &HubState) {
    let jobs = all_jobs(hub);
    for job in &jobs {
        let Some(statistics) = job.get("deviceJobStatistics") else { continue };
        let count = |name: &str| statistics[name].as_u64().expect("a count");
        let parts = ["failedCount", "succeededCount", "runningCount", "pendingCount"].map(count);
        assert_eq!(count("deviceCount"), parts.iter().sum::<u64>(), "{job}");
        if job["status"] == "completed" {
            assert_eq!(count("runningCount") + count("pendingCount"), 0, "{job}");
        }
    }
    let active = |job: &&Value| ["queued", "scheduled", "running"].iter().any(|status| job["status"] == *status);
    assert!(jobs.iter().filter(active).count() <= hub.options().size.lanes());
}

/// The hub comes back from its snapshot, and has the same next hour and the same next day.
pub(crate) fn check_snapshot(hub: &HubState) {
    let (mut hub, mut restored) = (hub.clone(), restored(hub));
    for hours in [0, 1, 23] {
        let to = hub.now() + SignedDuration::from_hours(hours);
        hub.advance(to);
        restored.advance(to);
        assert_eq!(records(&restored), records(&hub));
    }
}

fn restored(hub: &HubState) -> HubState {
    let json = serde_json::to_string(hub).expect("a snapshot is JSON");
    serde_json::from_str(&json).expect("a snapshot reads back")
}

/// The hub comes back from its events.
pub(crate) fn check_replay(mut origin: HubState, events: &[(HubEvent, Timestamp)], hub: &HubState) {
    for (event, at) in events {
        let json = serde_json::to_string(event).expect("an event is JSON");
        let event: HubEvent = serde_json::from_str(&json).expect("an event reads back");
        origin.apply(event, *at).expect("accepted once, accepted again");
    }
    // What the last event made due is done at the next look, at the same instant.
    let mut hub = hub.clone();
    hub.advance(hub.now());
    origin.advance(hub.now());
    assert_eq!(records(&origin), records(&hub));
}

fn records(hub: &HubState) -> Vec<SnapshotRecord> {
    hub.snapshot().collect()
}

const DEVICES: usize = 12;

fn device() -> impl Strategy<Value = String> {
    (1..=DEVICES).prop_map(|n| format!("device-{n}"))
}

fn condition() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "*",
        "tags.site = 'a'",
        "tags.site = 'b' AND status = 'enabled'",
        "properties.reported.fw = '2'",
        "connectionState = 'Connected'",
        "deviceId IN ['device-1', 'device-5']",
        "SELECT nonsense",
        "tags.none = 1",
        "FROM devices.modules WHERE moduleId = 'x'",
    ])
}

/// Conditions of configurations. One that follows connections is looked at every five minutes, which
/// takes long in a day of a test.
fn settled_condition() -> impl Strategy<Value = &'static str> {
    condition().prop_map(|text| if text.starts_with("connectionState") { "tags.new1 = 1" } else { text })
}

fn job() -> impl Strategy<Value = Value> {
    let action = prop_oneof![
        Just(
            json!({"type": "scheduleUpdateTwin", "updateTwin": {"tags": {"wave": 1}, "properties": {"desired": {"fw": "2"}}}})
        ),
        Just(json!({"type": "scheduleUpdateTwin", "updateTwin": {"etag": "AAAAAAAAAAE=", "tags": {"site": null}}})),
        Just(
            json!({"type": "scheduleUpdateTwin", "updateTwin": {"tags": {"big": "x".repeat(4_000), "big2": "y".repeat(4_000)}}})
        ),
        Just(json!({"type": "scheduleDeviceMethod",
                    "cloudToDeviceMethod": {"methodName": "lock", "payload": {"a": [1, 2.5]}, "responseTimeoutInSeconds": 5}})),
        Just(json!({"type": "scheduleDeviceMethod", "cloudToDeviceMethod": {"methodName": "other"}})),
    ];
    (action, condition(), prop::option::of(-60_i64..2_000), 1_u64..900).prop_map(
        |(mut job, condition, start, seconds)| {
            job["queryCondition"] = condition.into();
            job["maxExecutionTimeInSeconds"] = seconds.into();
            // Made absolute when it is applied.
            job["start"] = start.into();
            job
        },
    )
}

fn job_id() -> impl Strategy<Value = String> {
    (0..6).prop_map(|n| format!("job-{n}"))
}

fn event() -> impl Strategy<Value = HubEvent> {
    let entropy = Entropy::new([3; Entropy::LEN]);
    let identity = |status: bool| json!({"status": if status { "enabled" } else { "disabled" }});
    prop_oneof![
        4 => (job_id(), job()).prop_map(|(id, request)| HubEvent::CreateJob { id, request }),
        2 => job_id().prop_map(|id| HubEvent::CancelJob { id }),
        2 => job_id().prop_map(|id| HubEvent::GetJob { id }),
        2 => ("[cd]", settled_condition(), 0_i64..3, prop::option::of(Just("\"*\"".to_owned()))).prop_map(
            |(id, condition, priority, if_match)| HubEvent::PutConfiguration {
                configuration: json!({"targetCondition": condition, "priority": priority, "metrics": {"queries": {
                    "all": "SELECT COUNT() AS n FROM devices WHERE properties.desired.fw = '1'"}},
                    "content": if condition.starts_with("FROM") {
                        json!({"moduleContent": {"properties.desired.rate": priority}})
                    } else {
                        json!({"deviceContent": {"properties.desired.fw": "1", format!("properties.desired.own.{id}"): priority}})
                    }}),
                id, if_match,
            }),
        1 => "[cd]".prop_map(|id| HubEvent::DeleteConfiguration { id, if_match: None }),
        2 => (device(), "[xy]").prop_map(|(device_id, module_id)| HubEvent::PutModule {
            device_id, module_id, identity: json!({}), if_match: None, entropy: Entropy::new([1; Entropy::LEN]),
        }),
        1 => (device(), "[xy]").prop_map(|(device_id, module_id)| HubEvent::DeleteModule {
            device_id, module_id, if_match: Some("*".to_owned()),
        }),
        1 => (device(), "[xy]").prop_map(|(device_id, module_id)| HubEvent::Connect {
            device_id, module_id: Some(module_id),
        }),
        2 => device().prop_map(|device_id| HubEvent::Connect { device_id, module_id: None }),
        2 => device().prop_map(|device_id| HubEvent::Disconnect { device_id, module_id: None }),
        1 => (device(), any::<bool>()).prop_map(move |(device_id, on)| HubEvent::PutDevice {
            device_id, identity: identity(on), if_match: Some("*".to_owned()), entropy,
        }),
        1 => device().prop_map(move |device_id| HubEvent::PutDevice {
            device_id, identity: json!({}), if_match: None, entropy,
        }),
        1 => device().prop_map(|device_id| HubEvent::DeleteDevice { device_id, if_match: Some("*".to_owned()) }),
        2 => (device(), 0_i32..3).prop_map(|(device_id, fw)| HubEvent::ReportProperties {
            device_id, module_id: None, patch: json!({"fw": fw.to_string(), "level": f64::from(fw) / 3.0}), version: None,
        }),
        2 => (device(), "[ab]").prop_map(|(device_id, site)| HubEvent::PatchTwin {
            device_id, module_id: None, patch: json!({"tags": {"site": site}, "properties": {"desired": {"n": {"m": 1}}}}), if_match: None,
        }),
        1 => device().prop_map(|device_id| HubEvent::ReplaceTwin {
            device_id, module_id: None, twin: json!({"tags": {"x".repeat(9_000): 1}}), if_match: None,
        }),
        1 => device().prop_map(|device_id| HubEvent::PatchTwin {
            device_id, module_id: None, patch: json!({"tags": {"new1": "x".repeat(4_000), "new2": "x".repeat(4_090), "new3": 1}}), if_match: None,
        }),
        1 => device().prop_map(|device_id| HubEvent::InvokeMethod {
            device_id, module_id: None, request: json!({"methodName": "lock", "payload": null}),
        }),
        1 => Just(HubEvent::Query {
            request: json!({"query": "SELECT COUNT() AS n FROM devices WHERE tags.site = 'a'"}), page: PageRequest::default(),
        }),
        1 => Just(HubEvent::BulkDevices {
            devices: json!([{"id": "device-1", "importMode": "delete"}, {"id": "device-90", "tags": {"site": "a"}},
                            {"id": "device-91", "tags": {"bad name": 1}}]), entropy,
        }),
    ]
}

/// What programs do that connect as devices. Sessions and calls are numbered from 0, so that some exist.
fn live_event() -> impl Strategy<Value = HubEvent> {
    let session =
        || (0_u64..6).prop_map(|number| serde_json::from_value::<SessionId>(json!(number)).expect("a session"));
    let topic =
        || prop::sample::select(vec![DeviceTopic::Methods, DeviceTopic::DesiredPatches, DeviceTopic::TwinResponses]);
    prop_oneof![
        6 => (device(), prop::option::of("[xy]"), any::<bool>()).prop_map(|(device_id, module_id, clean)| {
            HubEvent::OpenSession { device_id, module_id, clean }
        }),
        2 => session().prop_map(|session| HubEvent::CloseSession { session }),
        6 => (session(), topic()).prop_map(|(session, topic)| HubEvent::Subscribe { session, topics: vec![topic] }),
        1 => (session(), topic()).prop_map(|(session, topic)| HubEvent::Unsubscribe { session, topics: vec![topic] }),
        6 => (session(), 0_u64..6).prop_map(|(session, call)| HubEvent::AnswerMethod {
            session, call, status: 200, payload: json!({"ok": call}),
        }),
        1 => (0_u64..6).prop_map(|call| HubEvent::EndCall { call }),
        1 => device().prop_map(|device_id| HubEvent::SendMessage {
            device_id, module_id: None, message: DeviceMessage::new(b"{}"),
        }),
    ]
}

/// What a deployment to one device puts into its modules: little, or too much for a twin.
fn deployment() -> impl Strategy<Value = HubEvent> {
    (device(), 1_usize..12).prop_map(|(device_id, strings)| {
        let settings = (0..strings).map(|n| (format!("properties.desired.s{n}"), Value::from("x".repeat(4_000))));
        let content =
            json!({"modulesContent": {"x": {"properties.desired": {"a": 1}}, "z": Value::Object(settings.collect())}});
        HubEvent::ApplyConfigurationContent { device_id, content, entropy: Entropy::new([2; Entropy::LEN]) }
    })
}

/// Events and how many milliseconds after the one before they come.
fn events() -> impl Strategy<Value = Vec<(HubEvent, i64)>> {
    let step = prop_oneof![4 => 0_i64..1_500, 2 => 0_i64..120_000, 1 => 0_i64..3_000_000_000];
    let any = prop_oneof![8 => event(), 3 => live_event(), 1 => deployment()];
    prop::collection::vec((any, step), 1..40)
}

fn hub(throttling: Throttling, sku: Sku) -> HubState {
    let mut options = HubOptions::new(HubSize { sku, units: NonZeroU32::MIN });
    (options.throttling, options.seed) = (throttling, 5);
    let mut hub = HubState::new(options, "2026-12-01T08:00:00Z".parse().expect("a time"));
    let group = json!({
        "count": DEVICES, "tags": {"site": ["a", "b", "c"]}, "reported": {"fw": "1"}, "offline": 20, "flapping": 40,
        "period": 90, "reportsDesired": true,
        "methods": {"lock": {"payload": {"locked": true}, "latency": [50, 9_000], "fail": 20, "noAnswer": 10, "reports": {"locked": true}}},
    });
    hub.add_fleet(&fleet(5, &group)).expect("a possible fleet");
    hub
}

/// Applies an event; what must be in the journal goes there.
fn apply(
    hub: &mut HubState,
    mut event: HubEvent,
    at: Timestamp,
    journal: &mut Vec<(HubEvent, Timestamp)>,
) -> Option<Reply> {
    if let HubEvent::CreateJob { request, .. } = &mut event
        && let Some(Value::Number(start)) = request.as_object_mut().and_then(|request| request.shift_remove("start"))
    {
        let start = at + SignedDuration::from_secs(start.as_i64().expect("seconds"));
        request["startTime"] = start.to_string().into();
    }
    let before = hub.clone();
    let reply = hub.apply(event.clone(), at).ok();
    if reply.is_some() && !event.is_read() {
        journal.push((event, at));
    } else {
        let mut untouched = before;
        untouched.advance(at);
        assert_eq!(records(&untouched), records(hub), "{event:?} left a trace");
    }
    reply
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_events_keep_the_rules(events in events(), unthrottled: bool, big: bool) {
        let throttling = if unthrottled { Throttling::Off } else { Throttling::On };
        let origin = hub(throttling, if big { Sku::S3 } else { Sku::S1 });
        let mut hub = origin.clone();
        let mut journal = Vec::new();
        for (event, step) in events {
            let at = hub.now() + SignedDuration::from_millis(step);
            apply(&mut hub, event, at, &mut journal);
            check_invariants(&hub);
        }
        check_snapshot(&hub);
        check_replay(origin, &journal, &hub);
    }

    #[test]
    fn a_restored_hub_has_the_same_future(events in events(), split in 0_usize..40, unthrottled: bool) {
        let throttling = if unthrottled { Throttling::Off } else { Throttling::On };
        let mut hub = hub(throttling, Sku::S3);
        let mut twin: Option<HubState> = None;
        for (index, (event, step)) in events.into_iter().enumerate() {
            if index == split {
                twin = Some(restored(&hub));
            }
            let at = hub.now() + SignedDuration::from_millis(step);
            let reply = apply(&mut hub, event.clone(), at, &mut Vec::new());
            if let Some(twin) = &mut twin {
                prop_assert_eq!(apply(twin, event, at, &mut Vec::new()), reply);
            }
        }
        if let Some(twin) = twin {
            prop_assert_eq!(records(&twin), records(&hub));
        }
    }

    #[test]
    fn the_way_to_a_time_does_not_matter(events in events(), steps in prop::collection::vec(1_i64..200_000, 1..30)) {
        let mut hub = hub(Throttling::On, Sku::S3);
        for (event, step) in events {
            let at = hub.now() + SignedDuration::from_millis(step.min(5_000));
            apply(&mut hub, event, at, &mut Vec::new());
        }
        let mut stepwise = hub.clone();
        for step in steps {
            stepwise.advance(stepwise.now() + SignedDuration::from_millis(step));
        }
        hub.advance(stepwise.now());
        prop_assert_eq!(records(&stepwise), records(&hub));
    }

    #[test]
    fn jumping_from_event_to_event_ends_every_job(events in events()) {
        let mut hub = hub(Throttling::On, Sku::S3);
        for (event, step) in events {
            let at = hub.now() + SignedDuration::from_millis(step.min(5_000));
            apply(&mut hub, event, at, &mut Vec::new());
        }
        let ids: Vec<_> = all_jobs(&hub).iter().map(|job| hubjobs::model::JobId::new(job["jobId"].as_str().expect("an id"))).collect();
        for _ in 0..20_000 {
            let Some(next) = hub.next_event_of(&ids) else { break };
            prop_assert!(next >= hub.now());
            hub.advance(next);
        }
        prop_assert_eq!(hub.next_event_of(&ids), None);
    }
}
