//! Ten thousand connections that do nothing, of every kind, one kind after the other, for few systems allow a
//! process many more files. Each end is a process of its own for the same reason.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::StreamExt as _;
use futures_util::stream::iter;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::device::token;
use crate::hub::{Hub, MB};
use crate::wire::{self, Hello};

const CROWD: usize = 10_000;
/// Files that are for other things.
const SPARE: u64 = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_connections_that_do_nothing() {
    let limit = rlimit::increase_nofile_limit(CROWD as u64 + SPARE).unwrap();
    // A system whose limit is lower than that has a smaller crowd.
    let crowd = CROWD.min(usize::try_from(limit - SPARE).unwrap());
    let mut hub = Hub::start().await;
    let hello = hub.hello("crowded").await;
    // A TLS record with the first bytes of a ClientHello.
    let begun_tls: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for (kind, address, first) in [
        ("silent", hub.http(), &b""[..]),
        ("half a head", hub.http(), b"GET / HTTP/1.1\r\nHos"),
        ("a WebSocket without CONNECT", hub.http(), UPGRADE),
        ("a handshake that is not finished", hub.mqtt(), begun_tls),
        ("no handshake", hub.https(), b""),
    ] {
        let connections = connected(address, first, crowd).await;
        let memory = hub.memory();
        assert!(memory < 500 * MB, "{kind}: {} MB", memory / MB);
        hub.is_well(500 * MB).await;
        // One that is there for its work gets in all the same.
        let mut device = hub.dial().await;
        device.connect(&hello).await;
        device.send(&wire::DISCONNECT).await;
        assert_eq!(connections.len(), crowd);
        connections.into_iter().for_each(reset);
    }
    hub.is_well(400 * MB).await;
}

/// Connects that many times, a hundred at once, and says that much on each.
async fn connected(address: SocketAddr, first: &[u8], crowd: usize) -> Vec<TcpStream> {
    let connect = async |_| {
        let mut stream = timeout(Duration::from_secs(5), TcpStream::connect(address)).await.unwrap().unwrap();
        stream.write_all(first).await.unwrap();
        stream
    };
    iter(0..crowd).map(connect).buffer_unordered(100).collect().await
}

/// As many devices as tests can sign in without a long wait; the benches have ten thousand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_that_are_connected_and_do_nothing() {
    let mut hub = Hub::start().await;
    let key = BASE64_STANDARD.encode([7; 32]);
    let hello = |number: usize| {
        let id = format!("idle-{number}");
        let expiry = jiff::Timestamp::now().as_second() + 3_600;
        Hello::new(&id, &token(&key, &format!("localhost/devices/{id}"), expiry, None))
    };
    let keys = json!({"type": "sas", "symmetricKey": {"primaryKey": key, "secondaryKey": key}});
    for start in (0..DEVICES).step_by(100) {
        let devices: Vec<_> = (start..start + 100)
            .map(|number| json!({"id": format!("idle-{number}"), "importMode": "create", "authentication": keys}))
            .collect();
        hub.caller.post("/devices", &devices.into()).await.ok();
    }
    let address = hub.http();
    let connect = async |number| over_websocket(address, &hello(number)).await;
    let streams: Vec<TcpStream> = iter(0..DEVICES).map(connect).buffer_unordered(50).collect().await;
    sees(&hub, DEVICES).await;
    hub.is_well(300 * MB).await;
    streams.into_iter().for_each(reset);
    sees(&hub, 0).await;
    hub.is_well(300 * MB).await;
}

const DEVICES: usize = 1_000;

/// Waits until so many devices are seen as connected.
async fn sees(hub: &Hub, count: usize) {
    for _ in 0..200 {
        if hub.caller.get("/statistics/service").await.ok()["connectedDeviceCount"] == count {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{}", hub.caller.get("/statistics/service").await.text);
}

/// Closes a connection so that its port is free at once.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
}

const UPGRADE: &[u8] = b"GET /$iothub/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

/// Connections that announce a packet of 256 KB and send nothing of it cost little, also behind TLS.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn announced_packets_take_no_room() {
    let mut hub = Hub::start().await;
    let before = hub.memory();
    let bomb = [0x10, 0x80, 0x80, 0x10, 0, 4];
    let mut announced = Vec::new();
    for _ in 0..1_000 {
        let mut stream = hub.tls().await;
        stream.write_all(&bomb).await.unwrap();
        stream.flush().await.unwrap();
        announced.push(stream);
    }
    sleep(Duration::from_millis(500)).await;
    let grown = hub.memory().saturating_sub(before);
    assert!(grown < 120 * MB, "{} MB", grown / MB);
    for stream in &mut announced {
        // Longer than any packet may be: closed at once.
        stream.write_all(&[0; 64]).await.unwrap();
    }
    hub.is_well(300 * MB).await;
}

/// A thousand programs that all are the same device, connecting again and again, replace each other; the last one
/// stays, and nothing is left of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_one_identity() {
    let mut hub = Hub::start().await;
    let hello = hub.hello("storm").await;
    let (address, hello) = (hub.http(), &hello);
    let storm = |_| async move { over_websocket(address, hello).await };
    let streams: Vec<TcpStream> = iter(0..1_000).map(storm).buffer_unordered(50).collect().await;
    let mut alive = 0;
    for mut stream in streams {
        let mut byte = [0; 1_024];
        // Those that were replaced hear the end; at most one hears nothing.
        while let Ok(read) = timeout(Duration::from_millis(300), stream.read(&mut byte)).await {
            if matches!(read, Ok(0) | Err(_)) {
                alive -= 1;
                break;
            }
        }
        alive += 1;
    }
    assert!(alive <= 1, "{alive}");
    hub.is_well(300 * MB).await;
    let mut device = hub.dial().await;
    device.connect(hello).await;
    device.send(&wire::PINGREQ).await;
    assert_eq!(device.hear().await, Some(wire::Heard::PingResp));
}

/// Connects a device over a plain WebSocket, by hand: an upgrade, and one masked frame.
async fn over_websocket(address: SocketAddr, hello: &Hello) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut bytes = UPGRADE.to_vec();
    bytes.extend(crate::websocket::frame(0x82, &hello.packet()));
    stream.write_all(&bytes).await.unwrap();
    stream
}
