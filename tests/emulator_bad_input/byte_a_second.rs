//! Clients that take their time.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::hub::{Hub, MB};

/// A byte a second: a head is cut off after its 20 s, a body may take 60 s, and neither is in the way of others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_and_bodies() {
    let mut hub = Hub::start().await;
    let (http, token) = (hub.http(), hub.caller.token(600));
    let heads = (0..100).map(|_| tokio::spawn(trickle(http, String::new(), 30)));
    let begun = format!("PUT /devices/a?api-version=2021-04-12 HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n");
    let bodies = (0..100).map(|number| {
        let framing =
            if number % 2 == 0 { "Content-Length: 1000\r\n\r\n" } else { "Transfer-Encoding: chunked\r\n\r\n3e8\r\n" };
        tokio::spawn(trickle(http, format!("{begun}{framing}"), 4))
    });
    let (heads, bodies): (Vec<_>, Vec<_>) = (heads.collect(), bodies.collect());
    sleep(Duration::from_secs(2)).await;
    hub.is_well(200 * MB).await;
    for body in join_all(bodies).await {
        assert_eq!(body.unwrap(), None, "it may still go on");
    }
    for head in join_all(heads).await {
        let seconds = head.unwrap().expect("it was closed").as_secs();
        assert!((18..=26).contains(&seconds), "{seconds}");
    }
    hub.is_well(200 * MB).await;
}

/// Sends a text, and then a byte a second; how long it took until the connection was closed, if it was.
async fn trickle(address: std::net::SocketAddr, begun: String, seconds: u32) -> Option<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let start = Instant::now();
    stream.write_all(begun.as_bytes()).await.unwrap();
    for _ in 0..seconds {
        let _ = stream.write_all(b"1").await;
        if timeout(Duration::from_secs(1), stream.read_u8()).await.is_ok() {
            return Some(start.elapsed());
        }
    }
    None
}
