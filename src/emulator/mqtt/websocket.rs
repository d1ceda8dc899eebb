//! MQTT within a WebSocket: binary messages, cut anywhere.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use bytes::{Buf as _, Bytes};
use futures_util::{Sink as _, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::rules::{PACKET_BYTES_MAX, WEBSOCKET_UNSENT_BYTES_MAX};
use super::speak_mqtt;
use crate::emulator::http::Service;

/// Where devices ask for a WebSocket.
pub(in crate::emulator) const PATH: &str = "/$iothub/websocket";

/// Answers a request for a WebSocket.
pub(in crate::emulator) async fn upgrade(State(service): State<Arc<Service>>, socket: WebSocketUpgrade) -> Response {
    let socket = socket.protocols(["mqtt"]).max_message_size(PACKET_BYTES_MAX * 2).max_frame_size(PACKET_BYTES_MAX * 2);
    // Its own buffer is there for each of ten thousand connections, however little they say.
    let socket = socket.read_buffer_size(READ_LEN);
    // Without a bound the answers to pings pile up for a client that reads none of them.
    let socket = socket.write_buffer_size(MESSAGE_LEN).max_write_buffer_size(WEBSOCKET_UNSENT_BYTES_MAX);
    socket.on_upgrade(async move |socket| {
        let stop = service.stop.subscribe();
        // Certificates are asked for on the MQTT port only.
        speak_mqtt(Bytestream { socket, rest: Bytes::new() }, Vec::new(), service, stop).await;
    })
}

/// Room to read into.
const READ_LEN: usize = 4 * 1_024;
/// How much is sent in one message.
const MESSAGE_LEN: usize = 64 * 1_024;

/// The bytes in the messages of a WebSocket.
struct Bytestream {
    socket: WebSocket,
    /// What is left of the last message.
    rest: Bytes,
}

impl AsyncRead for Bytestream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => self.rest = bytes,
                // Pings are answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_))) => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Ok(())),
            }
        }
        let len = self.rest.len().min(buf.remaining());
        buf.put_slice(&self.rest[..len]);
        self.rest.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bytestream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(io::Error::other)?;
        let len = bytes.len().min(MESSAGE_LEN);
        let message = Message::Binary(Bytes::copy_from_slice(&bytes[..len]));
        Pin::new(&mut self.socket).start_send(message).map_err(io::Error::other)?;
        Poll::Ready(Ok(len))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(io::Error::other)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx).map_err(io::Error::other)
    }
}
