//! A device of our own, over any stream.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::hub::Hub;
use crate::wire::{self, Heard, Hello};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

pub(crate) struct Device {
    stream: Box<dyn Stream>,
    bytes: Vec<u8>,
    next_id: u16,
}

impl Device {
    pub(crate) fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), bytes: Vec::new(), next_id: 1 }
    }

    /// Connects over a new connection.
    pub(crate) async fn connect_again(&mut self, hub: &Hub, hello: &Hello) {
        *self = hub.dial().await;
        self.connect(hello).await;
    }

    pub(crate) async fn send(&mut self, packet: &[u8]) {
        self.stream.write_all(packet).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next packet; nothing once the server closed the connection.
    pub(crate) async fn hear(&mut self) -> Option<Heard> {
        timeout(PATIENCE, self.hear_patiently()).await.expect("the server says something")
    }

    async fn hear_patiently(&mut self) -> Option<Heard> {
        loop {
            if let Some((heard, len)) = wire::read(&self.bytes) {
                self.bytes.drain(..len);
                return Some(heard);
            }
            match self.stream.read_buf(&mut self.bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Nothing comes for a while.
    pub(crate) async fn hears_nothing(&mut self) {
        let heard = timeout(Duration::from_millis(300), self.hear_patiently()).await;
        assert!(heard.is_err(), "{heard:?}");
    }

    pub(crate) async fn is_closed(&mut self) {
        let heard = self.hear().await;
        assert_eq!(heard, None, "the connection should be closed");
    }

    /// Connects; says whether a session was present.
    pub(crate) async fn connect(&mut self, hello: &Hello) -> bool {
        self.send(&hello.packet()).await;
        match self.hear().await {
            Some(Heard::ConnAck { present, code: 0 }) => present,
            other => panic!("not connected: {other:?}"),
        }
    }

    pub(crate) async fn subscribe(&mut self, filter: &str) {
        let id = self.id();
        self.send(&wire::subscribe(id, &[(filter, 1)])).await;
        assert_eq!(self.hear().await, Some(Heard::SubAck(id, vec![1])));
    }

    /// Publishes with QoS 1, and hears that it arrived.
    pub(crate) async fn publish(&mut self, topic: &str, payload: &str) {
        let id = self.id();
        self.send(&wire::publish(topic, payload.as_bytes(), Some(id))).await;
        assert_eq!(self.hear().await, Some(Heard::PubAck(id)));
    }

    /// The next message: its topic, and its payload.
    pub(crate) async fn message(&mut self) -> (String, String) {
        match self.hear().await {
            Some(Heard::Publish(topic, payload)) => (topic, payload),
            other => panic!("no message but {other:?}"),
        }
    }

    /// Waits for a call of that method; the request id and the payload.
    pub(crate) async fn call(&mut self, method: &str) -> (String, Value) {
        let (topic, payload) = self.message().await;
        let rid = topic.strip_prefix(&format!("$iothub/methods/POST/{method}/?$rid=")).expect("a call").to_owned();
        assert!(rid.bytes().all(|byte| byte.is_ascii_hexdigit()), "{rid}");
        (rid, serde_json::from_str(&payload).unwrap())
    }

    pub(crate) async fn answer(&mut self, rid: &str, status: i32, payload: &Value) {
        self.publish(&format!("$iothub/methods/res/{status}/?$rid={rid}"), &payload.to_string()).await;
    }

    fn id(&mut self) -> u16 {
        self.next_id += 1;
        self.next_id
    }
}

/// A token over `resource`, as device SDKs make it.
pub(crate) fn token(key: &str, resource: &str, expiry: i64, policy: Option<&str>) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let resource = encode(resource);
    let mut mac = Hmac::<Sha256>::new_from_slice(&BASE64_STANDARD.decode(key).unwrap()).unwrap();
    mac.update(format!("{resource}\n{expiry}").as_bytes());
    let signature = encode(&BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    let policy = policy.map(|policy| format!("&skn={policy}")).unwrap_or_default();
    format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}{policy}")
}
