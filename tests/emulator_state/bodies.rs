//! Bodies of all kinds: what the hub takes, it can read back from its files.

use std::num::NonZeroU32;

use hubjobs::emulator::state::{Entropy, FaultKind, HubEvent, HubOptions, HubState, SnapshotRecord};
use hubjobs::model::{HubSize, Sku};
use jiff::Timestamp;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::fleet::fleet;

/// What stands around an event in the journal.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    seq: u64,
    at: Timestamp,
    event: HubEvent,
}

/// What stands around a record in a snapshot.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Piece {
    Hub(SnapshotRecord),
}

fn hub() -> HubState {
    let size = HubSize { sku: Sku::S3, units: NonZeroU32::MIN };
    let mut hub = HubState::new(HubOptions::new(size), Timestamp::UNIX_EPOCH);
    hub.add_fleet(&fleet(1, &json!({"count": 2, "methods": {"m": {"status": 200}}}))).expect("a fleet");
    hub
}

const DEVICE: &str = "device-1";

/// Every event that carries JSON of a client, with that value in all the places where it may stand.
fn events(value: &Value) -> Vec<HubEvent> {
    let device_id = DEVICE.to_owned();
    let object = match value {
        Value::Object(members) => members.clone(),
        other => Map::from_iter([("a".to_owned(), other.clone())]),
    };
    let entropy = Entropy::new([7; 32]);
    let twin = json!({"tags": object, "properties": {"desired": object}, "other": value});
    let within = json!({"$metadata": value, "$version": value, "a": value});
    let method = json!({"methodName": "m", "payload": value, "other": value});
    let job = |action: &str, kind: &str, body: &Value| json!({"type": kind, "queryCondition": "*", action: body, "other": value});
    let content = json!({"deviceContent": {"properties.desired.a": value}});
    let identity = |id: &str| json!({"deviceId": id, "moduleId": "m", "other": value, "statusReason": value});
    let mut events = vec![
        HubEvent::CreateJob { id: "t".into(), request: job("updateTwin", "scheduleUpdateTwin", &twin) },
        HubEvent::CreateJob { id: "m".into(), request: job("cloudToDeviceMethod", "scheduleDeviceMethod", &method) },
        HubEvent::CreateV1Job { request: value.clone() },
        HubEvent::Query { request: value.clone(), page: Default::default() },
        HubEvent::PatchTwin { device_id: device_id.clone(), module_id: None, patch: twin.clone(), if_match: None },
        HubEvent::PatchTwin {
            device_id: device_id.clone(),
            module_id: None,
            patch: json!({"tags": within, "x": value}),
            if_match: None,
        },
        HubEvent::ReplaceTwin { device_id: device_id.clone(), module_id: None, twin, if_match: None },
        HubEvent::InvokeMethod { device_id: device_id.clone(), module_id: None, request: method },
        HubEvent::PutDevice { device_id: "d".into(), identity: identity("d"), if_match: None, entropy },
        HubEvent::PutModule {
            device_id: device_id.clone(),
            module_id: "m".into(),
            identity: json!({"deviceId": device_id, "moduleId": "m", "other": value}),
            if_match: None,
            entropy,
        },
        HubEvent::BulkDevices { devices: json!([{"id": "e", "importMode": "create", "other": value}]), entropy },
        HubEvent::PutConfiguration {
            id: "c".into(),
            configuration: json!({"id": "c", "targetCondition": "*", "content": content, "labels": {"a": value},
                "metrics": {"queries": object}, "other": value}),
            if_match: None,
        },
        HubEvent::TestConfigurationQueries { request: value.clone() },
        HubEvent::ApplyConfigurationContent { device_id: device_id.clone(), content, entropy },
    ];
    events.extend([value.clone(), within].map(|patch| HubEvent::ReportProperties {
        device_id: device_id.clone(),
        module_id: None,
        patch,
        version: None,
    }));
    events
}

/// Applies all of them; what is taken must read back, and so must the hub. The number of those taken.
fn check(value: &Value) -> usize {
    let (mut hub, mut taken) = (hub(), 0);
    for event in events(value) {
        if hub.apply(event.clone(), hub.now()).is_err() {
            continue;
        }
        taken += 1;
        let records = vec![Record { seq: 1, at: hub.now(), event }];
        let json = serde_json::to_vec(&records).expect("records are JSON");
        let read: Vec<Record> = serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{error}: {value}"));
        assert_eq!(read, records);
    }
    hub.advance(hub.now() + jiff::SignedDuration::from_secs(600));
    for record in hub.snapshot() {
        let line = serde_json::to_vec(&Piece::Hub(record)).expect("a record is JSON");
        let read: Piece = serde_json::from_slice(&line).unwrap_or_else(|error| panic!("{error}: {value}"));
        assert_eq!(serde_json::to_vec(&read).expect("JSON"), line);
    }
    crate::properties::check_snapshot(&hub);
    taken
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![Just(-0.0), Just(f64::MAX), Just(f64::MIN_POSITIVE), Just(5e-324), Just(1e21), Just(0.1)]
            .prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        ".{0,4}".prop_map(Value::from),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]".prop_map(String::from),
        ".{0,3}".prop_map(String::from),
        prop_oneof![Just("$serde_json::private::RawValue"), Just("$metadata"), Just("$version"), Just("deviceId")]
            .prop_map(String::from),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(6, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_taken_reads_back(value in body()) {
        check(&value);
    }
}

#[test]
fn every_depth_reads_back_or_is_refused() {
    let nested = |levels| {
        (0..levels).fold(json!(1), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({"a": inner}) })
    };
    let taken: Vec<usize> = (0..140).map(|levels| check(&nested(levels))).collect();
    assert!(taken[8] >= 9, "{taken:?}");
    assert!(taken[65..].iter().all(|taken| *taken == 0), "{taken:?}");
}

#[test]
fn names_that_the_json_library_keeps_for_itself_are_refused() {
    let value = json!({"$serde_json::private::RawValue": "[[[["});
    let hub = hub();
    for event in events(&value) {
        let refused = hub.clone().apply(event.clone(), hub.now()).map_err(|fault| fault.kind);
        assert_eq!(refused.err(), Some(FaultKind::GenericBadRequest), "{event:?}");
    }
}
