//! HTTP/1.1 on one connection, which may turn into a WebSocket.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower::ServiceExt as _;

use super::activity::{Activity, Watched};
use super::cut::{Cut, EndsWithReset};
use super::gate::Gate;
use super::limits::{HEAD_BYTES_MAX, HEADERS_MAX};
use super::link::Link;

/// How often to see what a connection is doing: shorter than any patience.
const LOOK: Duration = Duration::from_secs(10);

/// Answers requests until the client leaves, the server stops, or patience ends.
pub(in crate::emulator) async fn speak_http(link: Link, router: Router, gate: Arc<Gate>, stop: watch::Receiver<bool>) {
    let ends_with_reset = link.ends_with_reset();
    serve(link, ends_with_reset, router, &gate, stop).await;
}

async fn serve<S>(
    stream: S,
    ends_with_reset: EndsWithReset,
    router: Router,
    gate: &Gate,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new(Instant::now());
    let of_requests = activity.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, answering) = (router.clone(), of_requests.answering());
        let ends_with_reset = ends_with_reset.clone();
        async move {
            let response = router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
            drop(answering);
            let cut = response.extensions().get::<Cut>().copied();
            if cut == Some(Cut::Reset) {
                ends_with_reset.set();
            }
            // An error ends the connection, without a word.
            cut.map_or(Ok(response), Err)
        }
    });
    // Its own timer would count the time between two requests too.
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(2 * HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Watched::new(stream, activity.clone())), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut pressure = gate.pressure();
    pressure.mark_unchanged();
    let mut is_stopping = false;
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            _ = stop.wait_for(|stop| *stop), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = pressure.changed() => if activity.may_make_room(Instant::now()) { return },
            () = overdue(&activity) => return,
        }
    }
}

/// Waits until patience with this connection has ended.
async fn overdue(activity: &Activity) {
    loop {
        let now = Instant::now();
        let look = now + LOOK;
        match activity.deadline() {
            Some(deadline) if deadline <= now => return,
            // Until then it may enter a phase with less patience, but with more than this.
            deadline => sleep_until(deadline.map_or(look, |deadline| deadline.min(look))).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::{sleep, timeout};

    use super::super::limits::{HEAD_SECONDS, IDLE_SECONDS, WRITE_SECONDS};
    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";

    struct Server {
        gate: Arc<Gate>,
        stop: watch::Sender<bool>,
    }

    impl Server {
        fn new() -> Self {
            Self { gate: Arc::new(Gate::of(1)), stop: watch::Sender::new(false) }
        }

        /// A connection whose pipe holds that many bytes.
        fn connect(&self, pipe: usize) -> DuplexStream {
            let router = Router::new()
                .route("/", axum::routing::get(|| async { "hello" }))
                .route("/large", axum::routing::get(|| async { "x".repeat(1 << 20) }))
                .route("/slow", post(|| async { sleep(Duration::from_secs(600)).await }));
            let (client, server) = duplex(pipe);
            let (gate, stop) = (Arc::clone(&self.gate), self.stop.subscribe());
            tokio::spawn(async move { serve(server, EndsWithReset::default(), router, &gate, stop).await });
            client
        }
    }

    /// Until the server closes the connection: what it said, and how long that took, in seconds.
    async fn rest(client: &mut DuplexStream) -> (String, u64) {
        let (start, mut text) = (Instant::now(), Vec::new());
        let _ = client.read_to_end(&mut text).await;
        (String::from_utf8(text).unwrap(), start.elapsed().as_secs())
    }

    async fn answer(client: &mut DuplexStream) -> String {
        client.write_all(REQUEST).await.unwrap();
        let mut text = vec![0; 4_096];
        let len = client.read(&mut text).await.unwrap();
        String::from_utf8_lossy(&text[..len]).into_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_kept_for_a_while() {
        let server = Server::new();
        let mut client = server.connect(4_096);
        for _ in 0..3 {
            assert!(answer(&mut client).await.starts_with("HTTP/1.1 200"));
            sleep(Duration::from_secs(IDLE_SECONDS - 1)).await;
        }
        assert!(answer(&mut client).await.starts_with("HTTP/1.1 200"));
        assert_eq!(rest(&mut client).await, (String::new(), IDLE_SECONDS));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_in_is_cut_off() {
        let server = Server::new();
        let mut client = server.connect(4_096);
        sleep(Duration::from_secs(60)).await;
        client.write_all(b"G").await.unwrap();
        let start = Instant::now();
        while timeout(Duration::from_millis(900), client.read_u8()).await.is_err() {
            let _ = client.write_all(b"G").await;
        }
        // The first look after the first byte may find it a moment too young.
        let seconds = start.elapsed().as_secs();
        assert!((HEAD_SECONDS..=HEAD_SECONDS + 1).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_takes_long_is_waited_for() {
        let server = Server::new();
        let mut client = server.connect(4_096);
        client.write_all(b"POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        let (text, seconds) = rest(&mut client).await;
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        assert!((600 + IDLE_SECONDS..=600 + IDLE_SECONDS + LOOK.as_secs()).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let server = Server::new();
        let mut client = server.connect(64);
        client.write_all(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        sleep(Duration::from_secs(WRITE_SECONDS + LOOK.as_secs())).await;
        let (text, _) = rest(&mut client).await;
        assert!(text.len() <= 128, "{}", text.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_head_is_431() {
        let many = "a: b\r\n".repeat(HEADERS_MAX + 1);
        let long = format!("a: {}\r\n", "b".repeat(HEAD_BYTES_MAX));
        for headers in [many, long] {
            let server = Server::new();
            let mut client = server.connect(1 << 20);
            client.write_all(format!("GET / HTTP/1.1\r\nHost: h\r\n{headers}\r\n").as_bytes()).await.unwrap();
            assert!(rest(&mut client).await.0.starts_with("HTTP/1.1 431"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn idle_connections_make_room() {
        let server = Server::new();
        let place = server.gate.enter().await.unwrap();
        let (mut idle, mut busy) = (server.connect(4_096), server.connect(4_096));
        busy.write_all(b"POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        sleep(Duration::from_secs(3)).await;
        assert!(server.gate.enter().await.is_none());
        assert_eq!(rest(&mut idle).await, (String::new(), 0));
        assert!(rest(&mut busy).await.1 >= 590);
        drop(place);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_for_answers_only() {
        let server = Server::new();
        let (mut idle, mut busy) = (server.connect(4_096), server.connect(4_096));
        busy.write_all(b"POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        sleep(Duration::from_secs(1)).await;
        server.stop.send_replace(true);
        assert_eq!(rest(&mut idle).await, (String::new(), 0));
        let (text, seconds) = rest(&mut busy).await;
        assert!(text.contains("200 OK") && (598..=600).contains(&seconds), "{seconds}: {text}");
    }
}
