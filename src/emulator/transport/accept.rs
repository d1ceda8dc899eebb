//! The accept loop of one listener.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::gate::Gate;
use super::limits::HANDSHAKE_SECONDS;
use super::link::Link;

/// How long to wait when the system has no file or memory for a connection.
const BREAK: Duration = Duration::from_millis(50);

/// Accepts connections until the server stops, and lets `speak` have each in a task of its own. With
/// `tls`, only those that agree on it in time.
pub(in crate::emulator) async fn accept<F, S>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    gate: Arc<Gate>,
    mut stop: watch::Receiver<bool>,
    speak: F,
) where
    F: Fn(Link) -> S + Clone + Send + 'static,
    S: Future<Output = ()> + Send,
{
    loop {
        let accepted = tokio::select! {
            // The sender outlives every listener; its end would be a stop as well.
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!("a connection could not be accepted: {error}");
                sleep(BREAK).await;
                continue;
            }
        };
        let Some(place) = gate.enter().await else { continue };
        let (tls, speak) = (tls.clone(), speak.clone());
        tokio::spawn(async move {
            if let Some(link) = establish(stream, tls, place).await {
                speak(link).await;
            }
        });
    }
}

async fn establish(stream: TcpStream, tls: Option<TlsAcceptor>, place: OwnedSemaphorePermit) -> Option<Link> {
    // Answers are small, and written whole.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return Some(Link::plain(stream, place)) };
    match timeout(Duration::from_secs(HANDSHAKE_SECONDS), tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(Link::tls(stream, place)),
        Ok(Err(error)) => {
            tracing::info!("a client did not agree on TLS: {error}");
            None
        }
        Err(_) => None,
    }
}
