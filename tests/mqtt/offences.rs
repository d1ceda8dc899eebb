//! What a device must not do, and how connections end.

use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sha1::Digest as _;
use tokio::time::{Instant, sleep};

use crate::device::token;
use crate::hub::{Hub, now, real, resource};
use crate::wire::{self, DISCONNECT, Heard, PINGREQ, packet};

#[tokio::test]
async fn offences_close_the_connection() {
    let hub = Hub::start(&real()).await;
    let key = hub.register("d").await;
    hub.register("other").await;
    let hello = Hub::hello("d", &key);
    let qos_2 = packet(0x34, &wire::publish("devices/d/messages/events/", b"", Some(1))[2..]);
    let offences: [(&str, Vec<u8>); 15] = [
        ("a second CONNECT", hello.packet()),
        ("QoS 2", qos_2),
        ("another's telemetry", wire::publish("devices/other/messages/events/", b"", None)),
        ("any topic", wire::publish("a/b", b"", Some(1))),
        ("a desired patch", wire::publish("$iothub/twin/PATCH/properties/desired/?$rid=1", b"{}", None)),
        ("a topic with a wildcard", wire::publish("devices/d/messages/events/#", b"", None)),
        ("all topics", wire::subscribe(1, &[("#", 0)])),
        ("one bad filter of two", wire::subscribe(1, &[("$iothub/twin/res/#", 0), ("x", 0)])),
        ("another's messages", wire::subscribe(1, &[("devices/other/messages/devicebound/#", 0)])),
        ("no filter", packet(0x82, &[0, 1])),
        ("packet id 0", wire::subscribe(0, &[("$iothub/twin/res/#", 0)])),
        ("a packet of servers", packet(0x20, &[0, 0])),
        ("bad flags", packet(0xc1, &[])),
        ("a length of five bytes", vec![0x30, 0xff, 0xff, 0xff, 0xff, 1]),
        ("too large", vec![0x30, 0xff, 0xff, 0xff, 0x7f]),
    ];
    for (what, offence) in offences {
        let mut device = hub.dial().await;
        device.connect(&hello).await;
        device.send(&offence).await;
        assert_eq!(device.hear().await, None, "{what}");
    }
    let mut device = hub.dial().await;
    device.send(&wire::publish("devices/d/messages/events/", b"", None)).await;
    device.is_closed().await;
    let mut device = hub.dial().await;
    device.send(b"GET / HTTP/1.1\r\n\r\n").await;
    device.is_closed().await;
}

#[tokio::test]
async fn what_is_odd_but_legal() {
    let hub = Hub::start(&real()).await;
    let mut device = hub.connected("d").await;
    let twice = wire::subscribe(9, &[("$iothub/twin/res/#", 2), ("$iothub/methods/POST/#", 0)]);
    device.send(&twice).await;
    assert_eq!(device.hear().await, Some(Heard::SubAck(9, vec![1, 0])));
    device.send(&PINGREQ).await;
    assert_eq!(device.hear().await, Some(Heard::PingResp));
    device.publish("$iothub/twin/GET/", "").await;
    device.hears_nothing().await;
    let large = "x".repeat(200 * 1_024);
    device.publish("devices/d/messages/events/a=1", &large).await;
    for (body, status) in [("{", 400), ("[1]", 400), (r#"{"a":{"$b":1}}"#, 400)] {
        device.publish("$iothub/twin/PATCH/properties/reported/?$rid=r%2F1", body).await;
        let (topic, error) = device.message().await;
        assert_eq!(topic, format!("$iothub/twin/res/{status}/?$rid=r%2F1"), "{body}");
        let error: serde_json::Value = serde_json::from_str(&error).unwrap();
        assert_eq!(error["errorCode"], 400_004, "{error}");
        assert!(error["trackingId"].is_string() && error["timestampUtc"].is_string(), "{error}");
    }
    device.publish("$iothub/twin/PATCH/properties/reported/?$rid=1&$version=7", "{}").await;
    assert_eq!(device.message().await.0, "$iothub/twin/res/412/?$rid=1");
    device.send(&wire::unsubscribe(10, &["$iothub/twin/res/#", "nothing"])).await;
    assert_eq!(device.hear().await, Some(Heard::UnsubAck(10)));
    device.publish("$iothub/twin/GET/?$rid=1", "").await;
    device.hears_nothing().await;
}

#[tokio::test]
async fn a_packet_may_come_byte_by_byte() {
    let hub = Hub::start(&real()).await;
    let key = hub.register("d").await;
    let mut device = hub.dial().await;
    let mut bytes = Hub::hello("d", &key).packet();
    bytes.extend(wire::subscribe(1, &[("$iothub/twin/res/#", 1)]));
    bytes.extend(wire::publish("$iothub/twin/GET/?$rid=1", b" ", Some(2)));
    for byte in bytes {
        device.send(&[byte]).await;
    }
    assert_eq!(device.hear().await, Some(Heard::ConnAck { present: false, code: 0 }));
    assert_eq!(device.hear().await, Some(Heard::SubAck(1, vec![1])));
    assert_eq!(device.hear().await, Some(Heard::PubAck(2)));
    assert_eq!(device.message().await.0, "$iothub/twin/res/200/?$rid=1");
}

#[tokio::test]
async fn how_connections_end() {
    let hub = Hub::start(&real()).await;
    let key = hub.register("d").await;
    let mut first = hub.dial().await;
    first.connect(&Hub::hello("d", &key)).await;
    let mut second = hub.dial().await;
    assert!(second.connect(&Hub::hello("d", &key)).await);
    first.is_closed().await;
    assert_eq!(hub.twin("d").await["connectionState"], "Connected", "the newer one counts");

    // A token that expires, and a device that falls silent.
    let mut hello = Hub::hello("d", &key);
    hello.password = token(&key, &resource("d"), now() + 2, None);
    let begun = Instant::now();
    second.connect_again(&hub, &hello).await;
    second.is_closed().await;
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    let mut hello = Hub::hello("d", &key);
    (hello.keep_alive, hello.will) = (1, Some(("devices/d/messages/events/will=1".to_owned(), b"\"gone\"".to_vec())));
    let begun = Instant::now();
    second.connect_again(&hub, &hello).await;
    for _ in 0..2 {
        sleep(Duration::from_millis(900)).await;
        second.send(&PINGREQ).await;
        assert_eq!(second.hear().await, Some(Heard::PingResp));
    }
    second.is_closed().await;
    assert!((Duration::from_millis(3_200)..Duration::from_secs(8)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    hub.sees("d", "Disconnected").await;
    let events = hub.events().await;
    assert_eq!((&events[0]["properties"], &events[0]["body"]), (&json!({"will": "1"}), &json!("gone")));
    second.connect_again(&hub, &hello).await;
    second.send(&DISCONNECT).await;
    second.is_closed().await;
    assert_eq!(hub.events().await.len(), 1, "who says good-bye has no will");

    // Disabled, and deleted.
    let hello = Hub::hello("d", &key);
    second.connect_again(&hub, &hello).await;
    let mut identity = hub.caller.get("/devices/d").await.ok();
    for status in ["disabled", "enabled"] {
        identity["status"] = json!(status);
        let put = hub.caller.request(reqwest::Method::PUT, "/devices/d").header("If-Match", "\"*\"").json(&identity);
        assert_eq!(put.send().await.unwrap().status(), 200);
        if status == "disabled" {
            second.is_closed().await;
        }
    }
    second.connect_again(&hub, &hello).await;
    hub.caller.delete("/devices/d").await;
    second.is_closed().await;
}

#[tokio::test]
async fn certificates_prove_who_a_device_is() {
    let hub = Hub::start(&real()).await;
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
    let der = certificate.der().clone();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let sha1 = hex(&sha1::Sha1::digest(&der));
    let identity = |thumbprint: &str| {
        json!({"deviceId": "x", "authentication": {"type": "selfSigned",
               "x509Thumbprint": {"primaryThumbprint": thumbprint, "secondaryThumbprint": null}}})
    };
    hub.caller.put("/devices/x", &identity(&sha1)).await.ok();
    let shown = || {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Some((CertificateDer::from(der.to_vec()), key))
    };
    let hello = wire::Hello::new("x", "");
    let mut device = hub.dial_with(shown()).await;
    device.connect(&hello).await;
    let mut stranger = hub.dial().await;
    stranger.send(&hello.packet()).await;
    assert_eq!(stranger.hear().await, Some(Heard::ConnAck { present: false, code: 5 }));
}
