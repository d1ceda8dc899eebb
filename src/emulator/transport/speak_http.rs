//! HTTP/1.1 on one connection, which may turn into a WebSocket.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::time::sleep_until;
use tower::ServiceExt as _;

use super::activity::{Activity, Watched};
use super::cut::Cut;
use super::gate::Gate;
use super::limits::{HEAD_BYTES_MAX, HEADERS_MAX};
use super::link::Link;

/// How often to see what a connection is doing: shorter than any patience.
const LOOK: Duration = Duration::from_secs(10);

/// Answers requests until the client leaves, the server stops, or patience ends.
pub(in crate::emulator) async fn speak_http(
    link: Link,
    router: Router,
    gate: Arc<Gate>,
    mut stop: watch::Receiver<bool>,
) {
    let activity = Activity::new(Instant::now());
    let of_requests = activity.clone();
    let ends_with_reset = link.ends_with_reset();
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
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Watched::new(link, activity.clone())), service)
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
            deadline => sleep_until(deadline.map_or(look, |deadline| deadline.min(look)).into()).await,
        }
    }
}
