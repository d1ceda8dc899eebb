//! Frames of WebSockets, written by hand.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::hub::{Hub, MB};
use crate::wire;

/// A frame of a client, with a mask of zeros.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..=125 => frame.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..=65_535 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

async fn upgraded(hub: &Hub, protocol: &str) -> TcpStream {
    let mut stream = TcpStream::connect(hub.http()).await.unwrap();
    let upgrade = format!(
        "GET /$iothub/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
    );
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream
}

const MQTT: &str = "Sec-WebSocket-Protocol: mqtt\r\n";

/// What is said until the connection is closed; nothing if it is not.
async fn until_closed(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut said = Vec::new();
    let closed = timeout(Duration::from_secs(3), stream.read_to_end(&mut said)).await;
    closed.ok().map(|_| said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_end_the_connection() {
    let mut hub = Hub::start().await;
    let hello = hub.hello("framed").await.packet();
    let huge = frame(0x82, &vec![0x10; 600_000]);
    let announced = [&[0x82, 0xff][..], &[0xff; 8], &[0; 4]].concat();
    let pieces = [frame(0x02, &[0x10; 300_000]), frame(0x00, &[0; 300_000])].concat();
    for (what, bytes) in [
        ("text", frame(0x81, b"hello")),
        ("text that is not UTF-8", frame(0x81, b"\xff\xfe")),
        ("not masked", vec![0x82, 2, 0xc0, 0]),
        ("reserved bits", frame(0xf2, b"")),
        ("reserved opcode", frame(0x83, b"")),
        ("a long ping", frame(0x89, &[0; 200])),
        ("a ping in pieces", frame(0x09, b"")),
        ("a continuation of nothing", frame(0x80, b"x")),
        ("a frame that is too large", huge),
        ("a length of all ones", announced),
        ("pieces that are too large", pieces),
        ("no MQTT", frame(0x82, b"GET / HTTP/1.1\r\n\r\n")),
        ("a close with half a code", frame(0x88, b"\x03")),
        ("a second CONNECT", [frame(0x82, &hello), frame(0x82, &hello)].concat()),
    ] {
        let mut stream = upgraded(&hub, MQTT).await;
        let _ = stream.write_all(&bytes).await;
        assert!(until_closed(&mut stream).await.is_some(), "{what}");
    }
    // Other protocols, or none: no mqtt is promised, and nothing breaks.
    for protocol in ["", "Sec-WebSocket-Protocol: amqp, x\r\n", "Sec-WebSocket-Protocol: \r\n"] {
        let mut stream = upgraded(&hub, protocol).await;
        stream.write_all(&frame(0x82, b"\xff")).await.unwrap();
        assert!(until_closed(&mut stream).await.is_some(), "{protocol}");
    }
    hub.is_well(200 * MB).await;
}

/// One byte in a frame, empty frames between, pings within a message: all that is allowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_in_crumbs() {
    let mut hub = Hub::start().await;
    let mut stream = upgraded(&hub, MQTT).await;
    let packets = [&hub.hello("crumbs").await.packet()[..], &wire::PINGREQ].concat();
    let mut bytes = Vec::new();
    for byte in packets {
        bytes.extend([frame(0x02, b""), frame(0x00, &[byte]), frame(0x89, b"p"), frame(0x80, b"")].concat());
    }
    stream.write_all(&bytes).await.unwrap();
    let mut said = Vec::new();
    let heard = async {
        while !said.windows(2).any(|bytes| bytes == [0xd0, 0]) {
            stream.read_buf(&mut said).await.unwrap();
        }
    };
    timeout(Duration::from_secs(5), heard).await.unwrap();
    hub.is_well(200 * MB).await;
}

/// Pings from a client that reads no answer, before it says who it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_pings() {
    let mut hub = Hub::start().await;
    let pings = frame(0x89, &[7; 125]).repeat(8_000);
    let mut stream = upgraded(&hub, MQTT).await;
    let before = hub.memory();
    let flood = async {
        let mut sent = 0;
        while sent < 150 * MB && stream.write_all(&pings).await.is_ok() {
            sent += pings.len() as u64;
        }
        sent
    };
    let sent = timeout(Duration::from_secs(15), flood).await;
    let grown = hub.memory().saturating_sub(before);
    assert!(grown < 60 * MB, "{} MB, {sent:?} sent", grown / MB);
    hub.is_well(200 * MB).await;
}
