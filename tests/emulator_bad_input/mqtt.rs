//! Packets as no device should send them.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use crate::hub::{Hub, MB, expand, play};
use crate::wire::{self, Heard};

/// `tests/cases/bad-input/mqtt.txt`: bytes after a CONNECT that was accepted, or instead of one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_as_no_device_should_send_them() {
    let mut hub = Hub::start().await;
    let hello = hub.hello("a").await;
    play("mqtt.txt", async |case: &str| {
        let mut stream = hub.tls().await;
        let (phase, bytes) = case.split_once(' ').unwrap();
        let bytes = if phase == "then" { [hello.packet(), expand(bytes)].concat() } else { expand(bytes) };
        let _ = timeout(Duration::from_secs(2), stream.write_all(&bytes)).await;
        let _ = stream.flush().await;
        heard(&mut stream).await
    })
    .await;
    hub.is_well(200 * MB).await;
}

/// What the server says, packet by packet, and what becomes of the connection.
async fn heard(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let (mut said, mut words) = (Vec::new(), Vec::new());
    let closed = timeout(Duration::from_millis(700), async {
        while stream.read_buf(&mut said).await.is_ok_and(|len| len > 0) {}
    });
    let end = if closed.await.is_ok() { "closed" } else { "open" };
    let mut rest = &said[..];
    while let Some((heard, len)) = wire::read(rest) {
        words.push(match heard {
            Heard::ConnAck { code, .. } => format!("CONNACK {code}"),
            Heard::PubAck(id) => format!("PUBACK {id}"),
            Heard::SubAck(id, granted) => format!("SUBACK {id} of {}", granted.len()),
            Heard::UnsubAck(id) => format!("UNSUBACK {id}"),
            Heard::PingResp => "PINGRESP".to_owned(),
            Heard::Publish(topic, _) => format!("PUBLISH {topic}"),
        });
        rest = &rest[len..];
    }
    words.push(end.to_owned());
    words.join(", ")
}

/// A whole session, cut in two at every byte with a pause between, and cut off at every byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_at_every_byte() {
    let mut hub = Hub::start().await;
    let hello = hub.hello("cut").await;
    let after = [
        wire::subscribe(2, &[("$iothub/twin/res/#", 1)]),
        wire::publish("devices/cut/messages/events/a=1", b"{}", Some(3)),
        wire::publish("$iothub/twin/GET/?$rid=1", b"", Some(4)),
        wire::PINGREQ.to_vec(),
        wire::DISCONNECT.to_vec(),
    ]
    .concat();
    let mut first = hub.dial().await;
    first.connect(&hello).await;
    first.send(&wire::DISCONNECT).await;
    // Cut in two: all is understood.
    for at in (1..after.len()).step_by(2) {
        let mut stream = hub.tls().await;
        stream.write_all(&[&hello.packet()[..], &after[..at]].concat()).await.unwrap();
        stream.flush().await.unwrap();
        sleep(Duration::from_millis(1)).await;
        stream.write_all(&after[at..]).await.unwrap();
        stream.flush().await.unwrap();
        let said = heard(&mut stream).await;
        assert!(
            said.contains("SUBACK 2 of 1, PUBACK 3, PUBACK 4, PUBLISH $iothub/twin/res/200/?$rid=1, PINGRESP"),
            "{at}: {said}"
        );
    }
    // Cut off: nothing is left of it.
    let whole = [hello.packet(), after].concat();
    let (hub_of, whole) = (&hub, &whole);
    let cut = |at: usize| async move {
        let mut stream = hub_of.tls().await;
        stream.write_all(&whole[..at]).await.unwrap();
        stream.flush().await.unwrap();
        if at.is_multiple_of(2) {
            stream.get_ref().0.set_zero_linger().unwrap();
        }
    };
    iter(0..whole.len()).map(cut).buffer_unordered(16).collect::<Vec<()>>().await;
    for _ in 0..100 {
        if hub.caller.get("/twins/cut").await.ok()["connectionState"] == "Disconnected" {
            break;
        }
        sleep(Duration::from_millis(30)).await;
    }
    assert_eq!(hub.caller.get("/twins/cut").await.ok()["connectionState"], "Disconnected");
    hub.is_well(200 * MB).await;
}

/// JSON of a device that nests deeply, as a report, as an answer and as a message: refused, or there after a kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_json_of_a_device() {
    let hub = Hub::start().await;
    let hello = hub.hello("deep").await;
    let mut device = hub.dial().await;
    device.connect(&hello).await;
    device.subscribe("$iothub/twin/res/#").await;
    device.subscribe("$iothub/methods/POST/#").await;
    for levels in [8, 62, 120, 127, 50_000] {
        let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        device.publish("devices/deep/messages/events/", &nested).await;
        for body in [format!("{{\"$metadata\":{nested}}}"), format!("{{\"a\":{nested}}}")] {
            device.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", &body).await;
            let (topic, _) = device.message().await;
            let taken = levels == 8 || (levels == 62 && body.contains("metadata"));
            assert_eq!(topic.contains("/res/204/"), taken, "{levels}: {topic}");
        }
        let caller = hub.caller.clone();
        let called =
            tokio::spawn(async move { caller.post("/twins/deep/methods", &json!({"methodName": "m"})).await.status });
        let (rid, _) = device.call("m").await;
        device.publish(&format!("$iothub/methods/res/200/?$rid={rid}"), &nested).await;
        assert_eq!(called.await.unwrap(), 200);
    }
    let before = hub.caller.get("/twins/deep").await.ok()["properties"].clone();
    let mut hub = hub.killed_and_started().await;
    assert_eq!(hub.caller.get("/twins/deep").await.ok()["properties"], before);
    hub.is_well(200 * MB).await;
}

/// A device that asks and asks and takes no answer loses its connection, not the hub its memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_does_not_read() {
    let mut hub = Hub::start().await;
    let hello = hub.hello("deaf").await;
    let tags: serde_json::Map<_, _> = (0..7).map(|number| (format!("t{number}"), "x".repeat(4_000).into())).collect();
    hub.caller.patch("/twins/deaf", &json!({"properties": {"desired": tags}})).await.ok();
    let mut stream = hub.tls().await;
    let asks = wire::publish("$iothub/twin/GET/?$rid=1", b"", None).repeat(2_000);
    let begun = [hello.packet(), wire::subscribe(1, &[("$iothub/twin/res/#", 0)])].concat();
    stream.write_all(&begun).await.unwrap();
    let _ = timeout(Duration::from_secs(3), async { while stream.write_all(&asks).await.is_ok() {} }).await;
    hub.is_well(200 * MB).await;
}
