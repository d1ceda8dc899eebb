//! From CONNECT to a client that wants in, and from a client to events of the hub.

use std::time::Duration;

use super::answer::{self, ConnectCode};
use super::client::{ClientId, host_of};
use super::closing::Closing;
use super::packet::{Connect, Packet, Publish};
use super::rules::KEEP_ALIVE_SECONDS_MAX;
use super::session::Client;
use super::topics::{Sent, properties, sent};
use crate::emulator::state::{DeviceMessage, DeviceTopics, HubEvent};

/// A client that wants in.
pub struct Login {
    /// Who it says it is.
    pub client: ClientId,
    /// The hub it thinks it speaks to.
    pub host: String,
    /// Its token, if it has one.
    pub token: Option<String>,
    /// Whether earlier subscriptions are to be forgotten.
    pub clean: bool,
}

/// Tokens are not shown.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("client", &self.client).field("host", &self.host).finish_non_exhaustive()
    }
}

impl Login {
    /// The event that opens the session.
    #[must_use]
    pub fn event(&self) -> HubEvent {
        let (device_id, module_id) = ids(&self.client);
        HubEvent::OpenSession { device_id, module_id, clean: self.clean }
    }
}

/// Reads the first packet of a connection.
pub(super) fn begin(packet: &Packet<'_>, out: &mut Vec<u8>) -> Result<(Client, Login), Closing> {
    let connect = match packet {
        Packet::Connect(connect) => connect,
        Packet::ConnectOfOtherLevel(level) => {
            answer::connack(out, false, ConnectCode::BadProtocolVersion);
            return Err(Closing::OtherLevel(*level));
        }
        _ => return Err(Closing::NoConnect),
    };
    let Some(id) = ClientId::parse(connect.client_id) else {
        answer::connack(out, false, ConnectCode::IdentifierRejected);
        return Err(Closing::BadClientId);
    };
    let host = connect.user_name.and_then(|name| host_of(name, connect.client_id));
    let token = connect.password.map(std::str::from_utf8).transpose();
    let will = connect.will.as_ref().map(|will| read_will(will, &id)).transpose();
    let (Some(host), Ok(token), Ok(will)) = (host, token, will) else {
        answer::connack(out, false, ConnectCode::NotAuthorized);
        return Err(Closing::BadConnect);
    };
    let login =
        Login { client: id.clone(), host: host.to_owned(), token: token.map(str::to_owned), clean: connect.clean };
    let client = Client { id, session: None, topics: DeviceTopics::default(), patience: patience(connect), will };
    Ok((client, login))
}

/// One and a half times the keep-alive, as MQTT has it, and not more than the hub allows.
fn patience(connect: &Connect<'_>) -> Duration {
    let most = Duration::from_secs(KEEP_ALIVE_SECONDS_MAX);
    match connect.keep_alive {
        0 => most,
        seconds => Duration::from_millis(u64::from(seconds) * 1_500).min(most),
    }
}

/// A will is a message of the device itself.
fn read_will(will: &Publish<'_>, id: &ClientId) -> Result<DeviceMessage, Closing> {
    match sent(will.topic, id) {
        Some(Sent::Message { bag }) if will.qos < 2 => Ok(message(will, bag)),
        _ => Err(Closing::BadConnect),
    }
}

/// The message that was published.
pub(super) fn message(publish: &Publish<'_>, bag: &str) -> DeviceMessage {
    let (mut properties, system_properties) = properties(bag);
    if publish.retain {
        properties.push(("mqtt-retain".to_owned(), "true".to_owned()));
    }
    DeviceMessage { properties, system_properties, ..DeviceMessage::new(publish.payload) }
}

/// The event that sends a message.
pub(super) fn send(id: &ClientId, message: DeviceMessage) -> HubEvent {
    let (device_id, module_id) = ids(id);
    HubEvent::SendMessage { device_id, module_id, message }
}

/// Device and module, as events have them.
pub(super) fn ids(id: &ClientId) -> (String, Option<String>) {
    (id.device.to_string(), id.module.as_deref().map(str::to_owned))
}
