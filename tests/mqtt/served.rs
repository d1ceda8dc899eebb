//! Devices over TLS, against a served hub.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::device::token;
use crate::hub::{Hub, now, real, resource};
use crate::local_hub::config;
use crate::wire::{self, Heard};

#[tokio::test]
async fn the_session_as_recorded_of_the_python_sdk() {
    let hub = Hub::start(&real()).await;
    let key = hub.register("hd-a").await;
    hub.caller.patch("/twins/hd-a", &json!({"properties": {"desired": {"initial": 7}}})).await.ok();
    let mut device = hub.dial().await;
    assert!(!device.connect(&Hub::hello("hd-a", &key)).await);
    for filter in ["$iothub/methods/POST/#", "$iothub/twin/PATCH/properties/desired/#", "$iothub/twin/res/#"] {
        device.subscribe(filter).await;
    }
    device.publish("$iothub/twin/GET/?$rid=2bf281a6-%41", " ").await;
    let (topic, twin) = device.message().await;
    assert_eq!(topic, "$iothub/twin/res/200/?$rid=2bf281a6-%41");
    assert_eq!(twin, r#"{"desired":{"initial":7,"$version":2},"reported":{"$version":1}}"#);
    let reported = r#"{"fw":{"version":"1.0","state":"idle"},"gone":1}"#;
    device.publish("$iothub/twin/PATCH/properties/reported/?$rid=d60b5a5d", reported).await;
    assert_eq!(device.message().await, ("$iothub/twin/res/204/?$rid=d60b5a5d&$version=2".to_owned(), String::new()));
    let twin = hub.twin("hd-a").await;
    assert_eq!((&twin["connectionState"], &twin["properties"]["reported"]["gone"]), (&json!("Connected"), &json!(1)));
    let call = json!({"methodName": "lockDoor", "payload": {"force": true}});
    let caller = hub.caller.clone();
    let called = tokio::spawn(async move { caller.post("/twins/hd-a/methods", &call).await.ok() });
    let (rid, payload) = device.call("lockDoor").await;
    assert_eq!(payload, json!({"force": true}));
    device.answer(&rid, 200, &json!({"locked": true, "by": "hd-a"})).await;
    assert_eq!(called.await.unwrap(), json!({"status": 200, "payload": {"locked": true, "by": "hd-a"}}));
    let patch = json!({"properties": {"desired": {"fw": {"target": "2.0"}, "initial": null}}});
    hub.caller.patch("/twins/hd-a", &patch).await.ok();
    let desired = r#"{"fw":{"target":"2.0"},"initial":null,"$version":3}"#;
    let topic = "$iothub/twin/PATCH/properties/desired/?$version=3";
    assert_eq!(device.message().await, (topic.to_owned(), desired.to_owned()));
    device.send(&wire::DISCONNECT).await;
    device.is_closed().await;
    hub.sees("hd-a", "Disconnected").await;

    // It comes back after a restart of the emulator, and does not subscribe again.
    let hub = hub.restart(&real()).await;
    let mut device = hub.dial().await;
    assert!(device.connect(&Hub::hello("hd-a", &key)).await, "its session was kept");
    device.publish("$iothub/twin/GET/?$rid=1", " ").await;
    assert!(device.message().await.1.contains(r#""target":"2.0""#));
    let caller = hub.caller.clone();
    let call = json!({"methodName": "lockDoor"});
    let called = tokio::spawn(async move { caller.post("/twins/hd-a/methods", &call).await.ok() });
    let (rid, payload) = device.call("lockDoor").await;
    assert_eq!(payload, Value::Null);
    device.answer(&rid, 404, &json!(null)).await;
    assert_eq!(called.await.unwrap()["status"], 404);
    hub.served.stop().await.unwrap();
    device.is_closed().await;
}

#[tokio::test]
async fn a_job_over_devices_that_are_connected_come_late_or_never() {
    let hub = Hub::start(&real()).await;
    let mut early = hub.connected("early").await;
    let late_key = hub.register("late").await;
    hub.register("never").await;
    let mut silent = hub.connected("silent").await;
    hub.lock_doors("lock", 5, 8).await;
    let (rid, payload) = early.call("lockDoor").await;
    assert_eq!(payload, json!({"reason": "night"}));
    early.answer(&rid, 200, &json!({"locked": true})).await;
    silent.call("lockDoor").await;
    sleep(Duration::from_millis(300)).await;
    let mut late = hub.dial().await;
    late.connect(&Hub::hello("late", &late_key)).await;
    late.hears_nothing().await;
    late.subscribe("$iothub/methods/POST/#").await;
    let (rid, _) = late.call("lockDoor").await;
    late.answer(&rid, 500, &json!("jammed")).await;
    let statistics = hub.finished("lock").await;
    assert_eq!((&statistics["succeededCount"], &statistics["failedCount"]), (&json!(2), &json!(2)));
    let records = hub.records("lock").await;
    let answer = |at: usize| records[at]["outcome"]["deviceMethodResponse"].clone();
    assert_eq!(answer(0), json!({"status": 200, "payload": {"locked": true}}));
    assert_eq!(answer(1), json!({"status": 500, "payload": "jammed"}));
    assert_eq!(records[2]["error"]["code"], "JobRunPreconditionFailed");
    assert_eq!(records[3]["error"]["code"], "GatewayTimeout");
}

#[tokio::test]
async fn a_clock_in_mode_fast_waits_for_devices() {
    let hub = Hub::start(&config()).await;
    let mut device = hub.connected("slow").await;
    hub.lock_doors("lock", 30, 600).await;
    let waiting = {
        let (admin, jobs) = (hub.served.admin().clone(), vec![hubjobs::model::JobId::new("lock")]);
        tokio::spawn(async move { while admin.advance(&jobs).await.unwrap().progressed {} })
    };
    let (rid, _) = device.call("lockDoor").await;
    sleep(Duration::from_millis(700)).await;
    assert!(!waiting.is_finished());
    device.answer(&rid, 200, &json!({})).await;
    waiting.await.unwrap();
    assert_eq!(hub.finished("lock").await["succeededCount"], 1);
    let now: jiff::Timestamp = hub.served.admin().clock().await.unwrap().now;
    assert!(now < "2026-12-01T08:00:10Z".parse().unwrap(), "{now}: the time was not jumped over");

    // So does a tick.
    hub.lock_doors("again", 30, 600).await;
    let ticking = {
        let admin = hub.served.admin().clone();
        let by = hubjobs::emulator::admin::TickRequest::By(jiff::SignedDuration::from_hours(1));
        tokio::spawn(async move { admin.tick(by).await.unwrap() })
    };
    let (rid, _) = device.call("lockDoor").await;
    device.answer(&rid, 201, &json!({})).await;
    ticking.await.unwrap();
    assert_eq!(hub.records("again").await[0]["outcome"]["deviceMethodResponse"]["status"], 201);
}

#[tokio::test]
async fn direct_methods_wait_for_the_device_and_its_answer() {
    let hub = Hub::start(&real()).await;
    let key = hub.register("d").await;
    let call =
        |connect: u64| json!({"methodName": "m", "responseTimeoutInSeconds": 5, "connectTimeoutInSeconds": connect});
    let offline = hub.caller.post("/twins/d/methods", &call(0)).await;
    assert_eq!(offline.refusal(), (404, "DeviceNotOnline"));
    assert!(offline.json()["Message"].as_str().unwrap().contains("404103"), "{offline:?}");
    let caller = hub.caller.clone();
    let called = tokio::spawn(async move { caller.post("/twins/d/methods", &call(5)).await });
    sleep(Duration::from_millis(400)).await;
    let mut device = hub.dial().await;
    device.connect(&Hub::hello("d", &key)).await;
    device.subscribe("$iothub/methods/POST/#").await;
    let (rid, _) = device.call("m").await;
    device.answer(&rid, 200, &json!([1])).await;
    assert_eq!(called.await.unwrap().ok(), json!({"status": 200, "payload": [1]}));

    // An answer that is not JSON, one to nobody, and silence.
    let caller = hub.caller.clone();
    let called = tokio::spawn(async move { caller.post("/twins/d/methods", &call(0)).await });
    let (rid, _) = device.call("m").await;
    device.publish("$iothub/methods/res/200/?$rid=abcdef", "{}").await;
    device.publish(&format!("$iothub/methods/res/200/?$rid={rid}"), "not json").await;
    assert_eq!(called.await.unwrap().ok(), json!({"status": 200, "payload": null}));
    let silent = hub.caller.post("/twins/d/methods", &call(0)).await;
    assert_eq!(silent.refusal(), (504, "GatewayTimeout"));

    // Too many at once.
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..17 {
        let caller = hub.caller.clone();
        calls.spawn(async move { caller.post("/twins/d/methods", &call(0)).await });
    }
    let first = calls.join_next().await.unwrap().unwrap();
    assert_eq!(first.refusal(), (403, "DeviceMaximumInflightMethodExceeded"));
    assert!(first.json()["Message"].as_str().unwrap().contains("403800"), "{first:?}");
}

#[tokio::test]
async fn who_may_connect() {
    let hub = Hub::start(&real()).await;
    let (key, other) = (hub.register("d").await, hub.register("other").await);
    hub.register("off").await;
    let off = hub.caller.put("/devices/off", &json!({"deviceId": "off"})).await;
    assert_eq!(off.refusal().0, 409);
    let identity = hub.caller.get("/devices/off").await.ok();
    let off_key = identity["authentication"]["symmetricKey"]["primaryKey"].as_str().unwrap().to_owned();
    let mut disabled = identity.clone();
    disabled["status"] = json!("disabled");
    let put = hub.caller.request(reqwest::Method::PUT, "/devices/off").header("If-Match", "\"*\"").json(&disabled);
    assert_eq!(put.send().await.unwrap().status(), 200);
    let hello = Hub::hello("d", &key);
    let with = |change: &dyn Fn(&mut wire::Hello)| {
        let mut hello = hello.clone();
        change(&mut hello);
        hello
    };
    let cases = [
        ("a wrong key", with(&|h| h.password = Hub::hello("d", &other).password), 5),
        ("another's token", with(&|h| h.password = Hub::hello("other", &other).password), 5),
        ("an expired token", with(&|h| h.password = token(&key, &resource("d"), now() - 3_600, None)), 5),
        ("no token", with(&|h| h.password.clear()), 5),
        ("an unknown device", Hub::hello("nobody", &key), 5),
        ("a disabled device", Hub::hello("off", &off_key), 5),
        ("another's client id", with(&|h| h.client_id = "other".to_owned()), 5),
        ("another hub", with(&|h| h.user_name = "other-hub.net/d/?api-version=2021-04-12".to_owned()), 5),
        ("an empty client id", with(&|h| h.client_id.clear()), 2),
        ("MQTT 5", with(&|h| h.level = 5), 1),
        ("MQTT 3.1", with(&|h| h.level = 3), 1),
        ("another's will", with(&|h| h.will = Some(("devices/other/messages/events/".to_owned(), vec![]))), 5),
    ];
    for (what, hello, code) in cases {
        let mut device = hub.dial().await;
        device.send(&hello.packet()).await;
        assert_eq!(device.hear().await, Some(Heard::ConnAck { present: false, code }), "{what}");
        device.is_closed().await;
    }
    for name in
        ["localhost/d", "LOCALHOST/d/", "localhost/d?api-version=2018-06-30", "localhost/d/api-version=2020-09-30"]
    {
        let hello = with(&|h| h.user_name = name.to_owned());
        hub.dial().await.connect(&hello).await;
    }
    let keys: Value = serde_json::from_slice(&std::fs::read(hub.dir.path().join("keys.json")).unwrap()).unwrap();
    for policy in ["iothubowner", "device"] {
        let of_policy = keys.as_array().unwrap().iter().find(|entry| entry["name"] == policy).unwrap();
        let key = of_policy["primaryKey"].as_str().unwrap();
        let hello = with(&|h| h.password = token(key, &resource("d"), now() + 600, Some(policy)));
        hub.dial().await.connect(&hello).await;
    }
}
