//! The other ways in: WebSocket and HTTP; and what outlives a kill of the emulator.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Sink as _, Stream as _};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::device::{Device, token};
use crate::hub::{Hub, now, real, resource};

/// The bytes of a WebSocket.
struct Bytes {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    rest: Vec<u8>,
}

impl AsyncRead for Bytes {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => self.rest = bytes.to_vec(),
                Some(Ok(_)) => {}
                _ => return Poll::Ready(Ok(())),
            }
        }
        let len = self.rest.len().min(buf.remaining());
        buf.put_slice(&self.rest[..len]);
        self.rest.drain(..len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bytes {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(std::io::Error::other)?;
        let message = Message::Binary(bytes.to_vec().into());
        Pin::new(&mut self.socket).start_send(message).map_err(std::io::Error::other)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(std::io::Error::other)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(cx).map_err(std::io::Error::other)
    }
}

#[tokio::test]
async fn mqtt_within_a_websocket() {
    let hub = Hub::start(&real()).await;
    let key = hub.register("d").await;
    let url = format!("ws://{}/$iothub/websocket?iothub-no-client-cert=true", hub.served.address());
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", "mqtt".parse().unwrap());
    let (socket, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "mqtt");
    let mut device = Device::over(Bytes { socket, rest: Vec::new() });
    device.connect(&Hub::hello("d", &key)).await;
    device.subscribe("$iothub/methods/POST/#").await;
    let caller = hub.caller.clone();
    let called = tokio::spawn(async move { caller.post("/twins/d/methods", &json!({"methodName": "m"})).await });
    let (rid, _) = device.call("m").await;
    device.answer(&rid, 200, &json!("here")).await;
    assert_eq!(called.await.unwrap().ok()["payload"], "here");
    // The end of the emulator does not wait for it.
    hub.served.stop().await.unwrap();
    device.is_closed().await;
}

#[tokio::test]
async fn messages_over_http() {
    let hub = Hub::start(&real()).await;
    let (key, other) = (hub.register("d").await, hub.register("other").await);
    let call = |method: Method, path: &str, key: &str, id: &str| {
        let token = token(key, &resource(id), now() + 600, None);
        hub.caller.anonymous(method, path).header("Authorization", token)
    };
    let events = "/devices/d/messages/events";
    let sent = call(Method::POST, events, &key, "d").header("iothub-app-kind", "a b").header("iothub-messageid", "7");
    assert_eq!(sent.body("21.5").send().await.unwrap().status(), 204);
    let received = call(Method::GET, "/devices/d/messages/deviceBound", &key, "d").send().await.unwrap();
    assert_eq!(received.status(), 204);
    assert!(received.headers().contains_key("x-ms-request-id"));
    for (key, id) in [(&other, "other"), (&other, "d")] {
        let refused = call(Method::POST, events, key, id).body("x").send().await.unwrap();
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["iothub-errorcode"]),
            (401, &"IotHubUnauthorizedAccess".parse().unwrap())
        );
    }
    let mut kept = hub.events().await;
    assert_eq!(kept.len(), 1);
    kept[0].as_object_mut().unwrap().remove("enqueuedTime");
    assert_eq!(
        kept[0],
        json!({"number": 0, "deviceId": "d", "moduleId": null, "properties": {"kind": "a b"},
               "systemProperties": {"messageId": "7"}, "body": 21.5, "bodyForm": "json"})
    );
    assert!(hub.twin("d").await["lastActivityTime"].as_str().unwrap() > "2026");
}

#[tokio::test]
async fn a_module_is_a_device_of_its_own() {
    let hub = Hub::start(&real()).await;
    let mut parent = hub.connected("d").await;
    let identity = hub.caller.put("/devices/d/modules/m", &json!({"deviceId": "d", "moduleId": "m"})).await.ok();
    let key = identity["authentication"]["symmetricKey"]["primaryKey"].as_str().unwrap();
    let mut module = hub.dial().await;
    module.connect(&Hub::hello("d/m", key)).await;
    for filter in ["$iothub/methods/POST/#", "$iothub/twin/PATCH/properties/desired/#", "devices/d/modules/m/#"] {
        module.subscribe(filter).await;
    }
    hub.caller.patch("/twins/d/modules/m", &json!({"properties": {"desired": {"n": 1}}})).await.ok();
    assert_eq!(module.message().await.1, r#"{"n":1,"$version":2}"#);
    module.publish("devices/d/modules/m/messages/events/%24.on=out", "\u{1}").await;
    let caller = hub.caller.clone();
    let call = json!({"methodName": "m"});
    let called = tokio::spawn(async move { caller.post("/twins/d/modules/m/methods", &call).await });
    let (rid, _) = module.call("m").await;
    module.answer(&rid, 200, &json!(1)).await;
    assert_eq!(called.await.unwrap().ok()["payload"], 1);
    parent.hears_nothing().await;
    let event = hub.events().await.remove(0);
    assert_eq!((&event["moduleId"], &event["body"]), (&json!("m"), &json!("\u{1}")));
    assert_eq!((&event["systemProperties"], &event["bodyForm"]), (&json!({"outputName": "out"}), &json!("text")));
    hub.caller.delete("/devices/d/modules/m").await;
    module.is_closed().await;
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let hub = Hub::start(&real()).await;
    let mut device = hub.connected("d").await;
    for number in 0..3 {
        device.publish("devices/d/messages/events/", &number.to_string()).await;
    }
    // The files as a kill -9 at this moment would leave them.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(hub.dir.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    assert_eq!(hub.twin("d").await["connectionState"], "Connected");
    let again = Hub::start_in(copy, &real()).await;
    let bodies: Vec<_> = again.events().await.into_iter().map(|event| event["body"].clone()).collect();
    assert_eq!(bodies, [json!(0), json!(1), json!(2)]);
    assert_eq!(again.twin("d").await["connectionState"], "Disconnected");
    let again = again.restart(&real()).await;
    assert_eq!(again.events().await.len(), 3, "from the snapshot too");
}
