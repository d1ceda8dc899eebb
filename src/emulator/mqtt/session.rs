//! The session of one connection, without any input or output: packets of the device and replies of
//! the hub go in; packets for the device, requests to the hub and reasons to close come out.

use std::time::Duration;

use serde_json::Value;

use super::answer::{self, ConnectCode};
use super::client::ClientId;
use super::closing::Closing;
use super::login::{Login, begin, ids, message, send};
use super::packet::{Packet, Publish};
use super::rules::CONNECT_SECONDS;
use super::topics::{Sent, filtered, method_topic, sent};
use crate::emulator::state::{
    DeviceMessage, DeviceTopic, DeviceTopics, FaultKind, HubEvent, HubFault, Reply, SessionId, parse_json,
};

/// The session of one connection.
///
/// What [`Self::receive`] asks must be answered by [`Self::reply`] before the next packet goes in.
#[derive(Debug)]
pub struct Session {
    phase: Phase,
    pending: Pending,
}

/// What a session wants of the hub.
#[derive(Debug)]
pub enum Ask {
    /// To check who this is, and then to open a session: [`Login::event`].
    Connect(Login),
    /// To do this.
    Hub(HubEvent),
}

#[derive(Debug)]
enum Phase {
    /// Nothing came yet.
    New,
    /// The hub looks at the CONNECT.
    Connecting(Box<Client>),
    Open(Box<Client>),
}

/// All about a client that is, or will be, connected.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: ClientId,
    pub(super) session: Option<SessionId>,
    pub(super) topics: DeviceTopics,
    pub(super) patience: Duration,
    pub(super) will: Option<DeviceMessage>,
}

/// What to do with the reply of the hub.
#[derive(Debug)]
enum Pending {
    Nothing,
    Connect,
    /// Acknowledge a message.
    Message(Option<u16>),
    /// Acknowledge an answer, whatever the hub thinks of it.
    MethodAnswer(Option<u16>),
    /// Answer a request about the twin.
    Twin {
        rid: String,
        ack: Option<u16>,
    },
    Subscribe {
        id: u16,
        granted: Vec<u8>,
        topics: Vec<DeviceTopic>,
    },
    Unsubscribe {
        id: u16,
        topics: Vec<DeviceTopic>,
    },
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A connection on which nothing came yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { phase: Phase::New, pending: Pending::Nothing }
    }

    /// How long the device may be silent.
    #[must_use]
    pub fn patience(&self) -> Duration {
        match &self.phase {
            Phase::Open(client) => client.patience,
            Phase::New | Phase::Connecting(_) => Duration::from_secs(CONNECT_SECONDS),
        }
    }

    /// The session, once the hub opened it.
    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        match &self.phase {
            Phase::Open(client) => client.session,
            Phase::New | Phase::Connecting(_) => None,
        }
    }

    /// Who connects or is connected.
    #[must_use]
    pub fn client(&self) -> Option<&ClientId> {
        match &self.phase {
            Phase::Open(client) | Phase::Connecting(client) => Some(&client.id),
            Phase::New => None,
        }
    }

    /// The message that the hub is to take when the connection ends as it should not.
    pub fn take_will(&mut self) -> Option<HubEvent> {
        let Phase::Open(client) = &mut self.phase else { return None };
        let message = client.will.take()?;
        Some(send(&client.id, message))
    }

    /// Takes in a whole packet, and appends to `out` what is to be sent.
    ///
    /// # Errors
    /// Why the connection must be closed, after `out` was sent.
    pub fn receive(&mut self, packet: &[u8], out: &mut Vec<u8>) -> Result<Option<Ask>, Closing> {
        if !matches!(self.pending, Pending::Nothing) {
            return Err(Closing::OutOfTurn);
        }
        let packet = Packet::read(packet)?;
        let client = match &mut self.phase {
            Phase::New => {
                let (client, login) = begin(&packet, out)?;
                (self.phase, self.pending) = (Phase::Connecting(Box::new(client)), Pending::Connect);
                return Ok(Some(Ask::Connect(login)));
            }
            Phase::Connecting(_) => return Err(Closing::OutOfTurn),
            Phase::Open(client) => client,
        };
        match packet {
            Packet::Connect(_) | Packet::ConnectOfOtherLevel(_) => return Err(Closing::SecondConnect),
            Packet::Publish(publish) => return self.published(&publish, out),
            Packet::Subscribe { id, filters } => return self.subscribe(id, &filters, out),
            Packet::Unsubscribe { id, filters } => return self.unsubscribe(id, &filters, out),
            // Nothing is ever sent that would be acknowledged.
            Packet::PubAck(_) => {}
            Packet::PingReq => answer::pingresp(out),
            Packet::Disconnect => {
                client.will = None;
                return Err(Closing::Left);
            }
        }
        Ok(None)
    }

    /// Takes in what the hub says to what was asked. `body` makes the body of an error.
    ///
    /// # Errors
    /// Why the connection must be closed, after `out` was sent.
    pub fn reply(
        &mut self,
        reply: Result<Reply, HubFault>,
        body: impl FnOnce(&HubFault) -> String,
        out: &mut Vec<u8>,
    ) -> Result<(), Closing> {
        match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => return Err(Closing::OutOfTurn),
            Pending::Connect => return self.connected(reply, out),
            Pending::Message(ack) => {
                reply.map_err(Closing::Refused)?;
                acknowledge(ack, out);
            }
            Pending::MethodAnswer(ack) => {
                if let Err(fault) = reply {
                    tracing::debug!("an answer to a method was not expected: {}", fault.text);
                }
                acknowledge(ack, out);
            }
            Pending::Twin { rid, ack } => {
                acknowledge(ack, out);
                if self.listens(DeviceTopic::TwinResponses) {
                    twin_response(&rid, reply, body, out);
                }
            }
            Pending::Subscribe { id, granted, topics } => {
                reply.map_err(Closing::Refused)?;
                self.change_topics(|all| topics.into_iter().for_each(|topic| all.add(topic)));
                answer::suback(out, id, &granted);
            }
            Pending::Unsubscribe { id, topics } => {
                reply.map_err(Closing::Refused)?;
                self.change_topics(|all| topics.into_iter().for_each(|topic| all.remove(topic)));
                answer::unsuback(out, id);
            }
        }
        Ok(())
    }

    /// The caller's check failed: the device does not get in.
    pub fn turn_away(&mut self, out: &mut Vec<u8>) -> Closing {
        self.pending = Pending::Nothing;
        answer::connack(out, false, ConnectCode::NotAuthorized);
        Closing::NotAuthorized
    }

    /// Calls a method of the device.
    pub fn call_method(&self, call: u64, name: &str, payload: Option<&str>, out: &mut Vec<u8>) {
        if self.listens(DeviceTopic::Methods) {
            // The Python SDK cannot read an empty payload.
            let payload = payload.unwrap_or("null");
            answer::publish(out, &method_topic(name, call), payload.as_bytes());
        }
    }

    /// Tells the device of a patch of its desired properties.
    pub fn desired_changed(&self, version: u64, patch: &str, out: &mut Vec<u8>) {
        if self.listens(DeviceTopic::DesiredPatches) {
            let topic = format!("$iothub/twin/PATCH/properties/desired/?$version={version}");
            answer::publish(out, &topic, patch.as_bytes());
        }
    }

    fn listens(&self, topic: DeviceTopic) -> bool {
        matches!(&self.phase, Phase::Open(client) if client.topics.has(topic))
    }

    fn change_topics(&mut self, change: impl FnOnce(&mut DeviceTopics)) {
        if let Phase::Open(client) = &mut self.phase {
            change(&mut client.topics);
        }
    }

    fn connected(&mut self, reply: Result<Reply, HubFault>, out: &mut Vec<u8>) -> Result<(), Closing> {
        let (session, is_present, topics) = match reply {
            Ok(Reply::SessionOpened { session, is_present, topics }) => (session, is_present, topics),
            Ok(_) => return Err(Closing::OutOfTurn),
            Err(fault) => {
                let is_down = fault.kind == FaultKind::ServiceUnavailable;
                let code = if is_down { ConnectCode::ServerUnavailable } else { ConnectCode::NotAuthorized };
                answer::connack(out, false, code);
                return Err(Closing::Refused(fault));
            }
        };
        let Phase::Connecting(mut client) = std::mem::replace(&mut self.phase, Phase::New) else {
            return Err(Closing::OutOfTurn);
        };
        (client.session, client.topics) = (Some(session), topics);
        self.phase = Phase::Open(client);
        answer::connack(out, is_present, ConnectCode::Accepted);
        Ok(())
    }

    fn published(&mut self, publish: &Publish<'_>, out: &mut Vec<u8>) -> Result<Option<Ask>, Closing> {
        let Phase::Open(client) = &self.phase else { return Err(Closing::OutOfTurn) };
        if publish.qos == 2 {
            return Err(Closing::Qos2);
        }
        let about = sent(publish.topic, &client.id).ok_or_else(|| Closing::IllegalTopic(publish.topic.to_owned()))?;
        let ack = publish.id;
        let (device_id, module_id) = ids(&client.id);
        let (event, pending) = match about {
            Sent::Message { bag } => (send(&client.id, message(publish, bag)), Pending::Message(ack)),
            Sent::GetTwin { rid: Some(rid) } => {
                (HubEvent::GetOwnTwin { device_id, module_id }, Pending::Twin { rid: rid.to_owned(), ack })
            }
            Sent::Report { rid: Some(rid), version } => {
                // What is not JSON is no object either, and the hub refuses it.
                let patch = parse_json(publish.payload).unwrap_or_default();
                let pending = Pending::Twin { rid: rid.to_owned(), ack };
                (HubEvent::ReportProperties { device_id, module_id, patch, version }, pending)
            }
            Sent::MethodAnswer { status, rid: Some(rid) } => match (client.session, u64::from_str_radix(rid, 16)) {
                (Some(session), Ok(call)) => {
                    let payload = parse_json(publish.payload).unwrap_or(Value::Null);
                    (HubEvent::AnswerMethod { session, call, status, payload }, Pending::MethodAnswer(ack))
                }
                _ => return Ok(ignored(publish, out)),
            },
            Sent::GetTwin { rid: None } | Sent::Report { rid: None, .. } | Sent::MethodAnswer { rid: None, .. } => {
                return Ok(ignored(publish, out));
            }
        };
        self.pending = pending;
        Ok(Some(Ask::Hub(event)))
    }

    fn subscribe(&mut self, id: u16, filters: &[(&str, u8)], out: &mut Vec<u8>) -> Result<Option<Ask>, Closing> {
        let Phase::Open(client) = &self.phase else { return Err(Closing::OutOfTurn) };
        let (mut topics, mut granted) = (Vec::new(), Vec::new());
        for (filter, qos) in filters {
            let topic = filtered(filter, &client.id).ok_or_else(|| Closing::IllegalFilter((*filter).to_owned()))?;
            topics.push(topic);
            granted.push((*qos).min(1));
        }
        if topics.iter().all(|topic| client.topics.has(*topic)) {
            answer::suback(out, id, &granted);
            return Ok(None);
        }
        let session = client.session.ok_or(Closing::OutOfTurn)?;
        self.pending = Pending::Subscribe { id, granted, topics: topics.clone() };
        Ok(Some(Ask::Hub(HubEvent::Subscribe { session, topics })))
    }

    fn unsubscribe(&mut self, id: u16, filters: &[&str], out: &mut Vec<u8>) -> Result<Option<Ask>, Closing> {
        let Phase::Open(client) = &self.phase else { return Err(Closing::OutOfTurn) };
        let named = filters.iter().filter_map(|filter| filtered(filter, &client.id));
        let topics: Vec<DeviceTopic> = named.filter(|topic| client.topics.has(*topic)).collect();
        if topics.is_empty() {
            answer::unsuback(out, id);
            return Ok(None);
        }
        let session = client.session.ok_or(Closing::OutOfTurn)?;
        self.pending = Pending::Unsubscribe { id, topics: topics.clone() };
        Ok(Some(Ask::Hub(HubEvent::Unsubscribe { session, topics })))
    }
}

fn acknowledge(id: Option<u16>, out: &mut Vec<u8>) {
    if let Some(id) = id {
        answer::puback(out, id);
    }
}

fn ignored(publish: &Publish<'_>, out: &mut Vec<u8>) -> Option<Ask> {
    tracing::debug!("a message to `{}` was ignored: it has no usable `$rid`", publish.topic.escape_debug());
    acknowledge(publish.id, out);
    None
}

fn twin_response(rid: &str, reply: Result<Reply, HubFault>, body: impl FnOnce(&HubFault) -> String, out: &mut Vec<u8>) {
    let (head, payload) = match reply {
        Ok(Reply::Reported { version }) => (format!("204/?$rid={rid}&$version={version}"), String::new()),
        Ok(Reply::Document { body, .. }) => (format!("200/?$rid={rid}"), body.to_string()),
        Ok(_) => (format!("204/?$rid={rid}"), String::new()),
        Err(fault) => (format!("{}/?$rid={rid}", fault.kind.status()), body(&fault)),
    };
    answer::publish(out, &format!("$iothub/twin/res/{head}"), payload.as_bytes());
}
