//! Speed of the emulator's state machine. `cargo bench --bench emulator`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use divan::Bencher;
use hubjobs::emulator::state::{HubEvent, HubOptions, HubState, PageRequest, Reply, Throttling};
use hubjobs::model::{
    Connectivity, DeviceGroup, Fleet, HubSize, IdPattern, JobId, MethodBehaviour, Percent, Seconds, Shape, Sku,
    Template,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    "2026-12-01T08:00:00Z".parse().expect("a time")
}

fn template(shape: Shape) -> Template {
    Template { shape, missing: Percent::ZERO }
}

fn members<const N: usize>(members: [(&str, Shape); N]) -> Vec<(String, Template)> {
    members.into_iter().map(|(name, shape)| (name.to_owned(), template(shape))).collect()
}

/// Devices with twins of about 1 KB of JSON.
fn fleet(count: u32) -> Fleet {
    let text = |length: usize| Shape::Constant("x".repeat(length).into());
    let cycle = |values: Value| Shape::Cycle(values.as_array().cloned().unwrap_or_default());
    let behaviour = MethodBehaviour {
        status: 200,
        payload: json!({"locked": true}),
        latency_min_ms: 100,
        latency_max_ms: 3_000,
        fail: Percent::whole(2),
        fail_status: 500,
        no_answer: Percent::whole(1),
        reports: json!({"locked": true}).as_object().cloned().unwrap_or_default(),
    };
    let group = DeviceGroup {
        name: "locks".to_owned(),
        count,
        id_pattern: IdPattern::parse("lock-{n:06}").expect("a pattern"),
        tags: members([
            ("building", cycle(json!(["41", "42", "43", "44", "45"]))),
            ("floor", Shape::Integers { from: 0, to: 9 }),
            ("ring", cycle(json!(["canary", "early", "rest", "rest"]))),
            ("owner", text(40)),
        ]),
        desired: members([
            (
                "telemetry",
                Shape::Object(members([("intervalSeconds", Shape::Constant(60.into())), ("level", text(20))])),
            ),
            ("firmware", Shape::Object(members([("version", text(8)), ("url", text(120)), ("hash", text(64))]))),
        ]),
        reported: members([
            ("fw", cycle(json!(["2.0", "2.1", "2.2"]))),
            ("battery", Shape::Integers { from: 0, to: 100 }),
            ("temperature", Shape::Decimals { from: 10.0, to: 30.0 }),
            (
                "network",
                Shape::Object(members([("ssid", text(20)), ("ip", text(15)), ("rssi", Shape::Constant((-60).into()))])),
            ),
            ("log", text(200)),
        ]),
        connectivity: Connectivity {
            offline: Percent::whole(5),
            flapping: Percent::ZERO,
            flapping_period: Seconds::new(60),
        },
        reports_desired: false,
        methods: BTreeMap::from([("*".to_owned(), behaviour)]),
    };
    Fleet { name: "bench".to_owned(), seed: 1, groups: vec![group] }
}

fn hub(count: u32, throttling: Throttling) -> HubState {
    let size = HubSize { sku: Sku::S3, units: NonZeroU32::MIN };
    let mut hub = HubState::new(HubOptions { throttling, ..HubOptions::new(size) }, now());
    hub.add_fleet(&fleet(count)).expect("a possible fleet");
    hub
}

fn count(hub: &mut HubState, query: &str) -> u64 {
    let event = HubEvent::Query { request: json!({"query": query}), page: PageRequest::default() };
    let Ok(Reply::Page { items, .. }) = hub.apply(event, now()) else { panic!("refused") };
    items[0]["n"].as_u64().expect("a count")
}

fn run(hub: &mut HubState, request: Value) {
    hub.apply(HubEvent::CreateJob { id: "job".to_owned(), request }, now()).expect("accepted");
    hub.advance(now() + SignedDuration::from_hours(2));
    assert_eq!(hub.observed_job("job").map(|job| job.status.as_str().to_owned()).as_deref(), Some("completed"));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn grow_100_000_devices(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| hub(100_000, Throttling::Off));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn twin_job_over_100_000_devices(bencher: Bencher<'_, '_>) {
    let hub = hub(100_000, Throttling::Off);
    let request = json!({
        "type": "scheduleUpdateTwin", "queryCondition": "*", "maxExecutionTimeInSeconds": 3_600,
        "updateTwin": {"etag": "*", "tags": {"wave": "1"}, "properties": {"desired": {"telemetry": {"intervalSeconds": 30}}}},
    });
    bencher.with_inputs(|| hub.clone()).bench_local_refs(|hub| run(hub, request.clone()));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn throttled_method_job_over_10_000_devices(bencher: Bencher<'_, '_>) {
    let hub = hub(10_000, Throttling::On);
    bencher.with_inputs(|| hub.clone()).bench_local_refs(|hub| run(hub, method_job()));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn throttled_method_job_event_by_event(bencher: Bencher<'_, '_>) {
    let hub = hub(10_000, Throttling::On);
    let job = [JobId::new("job")];
    bencher.with_inputs(|| hub.clone()).bench_local_refs(|hub| {
        hub.apply(HubEvent::CreateJob { id: "job".to_owned(), request: method_job() }, now()).expect("accepted");
        while let Some(next) = hub.next_event_of(&job) {
            hub.advance(next);
        }
    });
}

fn method_job() -> Value {
    json!({
        "type": "scheduleDeviceMethod", "queryCondition": "tags.floor < 10", "maxExecutionTimeInSeconds": 3_600,
        "cloudToDeviceMethod": {"methodName": "lock", "payload": {"reason": "night"}, "responseTimeoutInSeconds": 30},
    })
}

const CONDITIONS: [&str; 4] = [
    "tags.building = '43' AND properties.reported.fw < '2.1'",
    "tags.ring IN ['canary', 'early'] AND NOT properties.reported.battery < 50",
    "tags.building = '43' AND status = 'enabled' AND connectionState = 'Connected'",
    "properties.reported.network.rssi = -60",
];

#[divan::bench(sample_count = 20, sample_size = 1, args = CONDITIONS)]
fn condition_over_100_000_twins(bencher: Bencher<'_, '_>, condition: &str) {
    let mut hub = hub(100_000, Throttling::Off);
    let query = format!("SELECT COUNT() AS n FROM devices WHERE {condition}");
    bencher.bench_local(|| count(&mut hub, &query));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn page_of_twins(bencher: Bencher<'_, '_>) {
    let mut hub = hub(100_000, Throttling::Off);
    let event = HubEvent::Query { request: json!({"query": "SELECT * FROM devices"}), page: PageRequest::default() };
    bencher.bench_local(|| hub.apply(event.clone(), now()));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn snapshot_and_restore_100_000(bencher: Bencher<'_, '_>) {
    let hub = hub(100_000, Throttling::Off);
    bencher.bench_local(|| {
        let json = serde_json::to_vec(&hub).expect("JSON");
        serde_json::from_slice::<HubState>(&json).expect("the same hub").device_count()
    });
}

#[divan::bench]
fn empty_hub(bencher: Bencher<'_, '_>) {
    let size = HubSize { sku: Sku::S1, units: NonZeroU32::MIN };
    bencher.bench_local(|| HubState::new(HubOptions::new(size), now()));
}
