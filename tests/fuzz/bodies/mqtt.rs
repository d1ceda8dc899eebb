//! A session of a device and the hub behind it. Whatever comes in however it is cut, what goes out is
//! MQTT by another codec, nothing piles up, and the hub stays whole.
//!
//! An input is a series of steps, each an opcode and its operands: bytes of the device, packets made
//! of parts, calls of a service, time that passes. See [`step`].

use hubjobs::emulator::mqtt::rules::PACKET_BYTES_MAX;
use hubjobs::emulator::mqtt::{Ask, Closing, Packet, Session, packet_len};
use hubjobs::emulator::state::{
    Effect, Entropy, FaultKind, HubEvent, HubFault, HubOptions, HubState, Reply, Restoration, SnapshotRecord,
};
use hubjobs::model::{HubSize, Sku};
use jiff::{SignedDuration, Timestamp};
use mqtt_protocol_core::mqtt::packet::v3_1_1;
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::sync::Arc;

const STEPS_MAX: usize = 64;

const TOPICS: [&str; 12] = [
    "devices/d1/messages/events/",
    "devices/d1/messages/events/%24.ct=application%2Fjson&a=b",
    "devices/d1/modules/m1/messages/events/",
    "devices/d%31/messages/events",
    "$iothub/twin/GET/?$rid=1",
    "$iothub/twin/GET/",
    "$iothub/twin/PATCH/properties/reported/?$rid=a%20b",
    "$iothub/twin/PATCH/properties/reported/?$rid=2&$version=",
    "$iothub/methods/res/200/?$rid=",
    "$iothub/methods/res/-1/?$rid=1",
    "$iothub/",
    "",
];

const FILTERS: [&str; 10] = [
    "$iothub/methods/POST/#",
    "$iothub/twin/res/#",
    "$iothub/twin/PATCH/properties/desired/#",
    "devices/d1/messages/devicebound/#",
    "devices/d1/modules/m1/#",
    "devices/d1/modules/m1/inputs/#",
    "devices/d1/modules/m1/messages/devicebound/#",
    "#",
    "+/x",
    "",
];

const PAYLOADS: [&str; 8] = [
    "",
    "null",
    r#"{"fw":"2.1","n":{"a":[1,2.5e300]}}"#,
    r#"{"a":null,"$b":1,"c.d":2}"#,
    r#"[]"#,
    "{\"a\":\"\\u0000\\ud800\"}",
    "18446744073709551615",
    "{",
];

pub(crate) fn run(data: &[u8]) {
    let whole = converse(data, Cuts::None);
    let cut = converse(data, Cuts::EveryByte);
    assert_eq!(whole, cut, "the cuts make a difference");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cuts {
    None,
    EveryByte,
}

/// What was said to the device, how it ended, and what the hub is then.
type Outcome = (Vec<u8>, Option<Closing>, Vec<SnapshotRecord>);

fn converse(data: &[u8], cuts: Cuts) -> Outcome {
    let mut line = Line::new(cuts);
    let mut tape = Tape(data);
    let mut closing = None;
    for _ in 0..STEPS_MAX {
        let Some(opcode) = tape.next() else { break };
        if let Err(why) = step(opcode, &mut tape, &mut line) {
            closing = Some(why);
            break;
        }
    }
    line.end(closing.as_ref());
    check_packets(&line.sent);
    (line.sent, closing, check_hub(&line.hub))
}

fn step(opcode: u8, tape: &mut Tape<'_>, line: &mut Line) -> Result<(), Closing> {
    match opcode % 16 {
        0 | 1 => {
            let bytes = tape.block();
            line.hear(bytes)
        }
        2 => line.hear(&connect(tape)),
        3..=5 => line.hear(&publish(tape)),
        6 | 7 => line.hear(&subscription(0x82, tape)),
        8 => line.hear(&subscription(0xa2, tape)),
        9 => line.hear(if tape.byte().is_multiple_of(8) { &[0xe0, 0] } else { &[0xc0, 0] }),
        10 => {
            line.refusal = FaultKind::ALL.get(usize::from(tape.byte())).copied();
            Ok(())
        }
        11 => {
            let seconds = i64::from(tape.byte()) * i64::from(tape.byte());
            line.now += SignedDuration::from_secs(seconds);
            line.serve(HubEvent::Tick)
        }
        12 | 13 => {
            let patch = json!({"properties": {"desired": tape.json()}});
            line.serve(HubEvent::PatchTwin {
                device_id: "d1".to_owned(),
                module_id: tape.module(),
                patch,
                if_match: None,
            })
        }
        14 => {
            let request = json!({"methodName": tape.text(), "payload": tape.json(), "responseTimeoutInSeconds": 30});
            line.serve(HubEvent::InvokeMethod { device_id: "d1".to_owned(), module_id: tape.module(), request })
        }
        _ => line.serve(other_event(tape)),
    }
}

fn other_event(tape: &mut Tape<'_>) -> HubEvent {
    let device_id = "d1".to_owned();
    match tape.byte() % 6 {
        0 => HubEvent::DeleteDevice { device_id, if_match: None },
        1 => HubEvent::DeleteModule { device_id, module_id: "m1".to_owned(), if_match: None },
        2 => put_device(json!({"deviceId": "d1", "status": "disabled"}), Some("*".to_owned())),
        3 => HubEvent::OpenSession { device_id, module_id: tape.module(), clean: tape.byte().is_multiple_of(2) },
        4 => {
            let id = format!("j{}", tape.byte() % 4);
            let method = json!({"methodName": "lockDoor", "payload": tape.json(), "responseTimeoutInSeconds": 30});
            let request = json!({"jobId": id, "type": "scheduleDeviceMethod", "queryCondition": "*",
                "maxExecutionTimeInSeconds": 300, "cloudToDeviceMethod": method});
            HubEvent::CreateJob { id, request }
        }
        _ => HubEvent::EndCall { call: tape.byte().into() },
    }
}

/// A connection without a socket: what `speak_mqtt` does, with the hub at hand.
struct Line {
    session: Session,
    hub: HubState,
    now: Timestamp,
    cuts: Cuts,
    /// Bytes that are no whole packet yet.
    read: Vec<u8>,
    sent: Vec<u8>,
    /// What the hub says next to the device instead of doing anything.
    refusal: Option<FaultKind>,
}

impl Line {
    fn new(cuts: Cuts) -> Self {
        let now: Timestamp = "2026-12-01T08:00:00Z".parse().unwrap();
        let size = HubSize { sku: Sku::S3, units: NonZeroU32::MIN };
        let mut hub = HubState::new(HubOptions::new(size), now);
        hub.apply(put_device(json!({"deviceId": "d1"}), None), now).unwrap();
        let module = HubEvent::PutModule {
            device_id: "d1".to_owned(),
            module_id: "m1".to_owned(),
            identity: json!({"deviceId": "d1", "moduleId": "m1"}),
            if_match: None,
            entropy: Entropy::new([1; Entropy::LEN]),
        };
        hub.apply(module, now).unwrap();
        Self { session: Session::new(), hub, now, cuts, read: vec![], sent: vec![], refusal: None }
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), Closing> {
        let len = if self.cuts == Cuts::None { bytes.len().max(1) } else { 1 };
        bytes.chunks(len).try_for_each(|piece| {
            self.read.extend_from_slice(piece);
            self.take_packets()
        })
    }

    fn take_packets(&mut self) -> Result<(), Closing> {
        while let Some(len) = packet_len(&self.read)? {
            assert!(len <= PACKET_BYTES_MAX + 5, "{len} bytes would be kept");
            if len > self.read.len() {
                break;
            }
            let packet: Vec<u8> = self.read.drain(..len).collect();
            check_reading(&packet);
            let before = self.sent.len();
            let asked = self.session.receive(&packet, &mut self.sent);
            assert!(self.sent.len() - before <= packet.len() + 8, "an answer out of proportion");
            if let Some(ask) = asked? {
                self.answer(ask)?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, ask: Ask) -> Result<(), Closing> {
        let event = match (ask, self.refusal) {
            (Ask::Connect(_), Some(FaultKind::IotHubUnauthorizedAccess)) => {
                return Err(self.session.turn_away(&mut self.sent));
            }
            (Ask::Connect(login), _) => login.event(),
            (Ask::Hub(event), _) => event,
        };
        let reply = match self.refusal.take() {
            Some(kind) => Err(HubFault::from(kind)),
            None => self.apply(event),
        };
        self.session.reply(reply, |fault| format!("{{\"errorCode\":{}}}", fault.kind.number()), &mut self.sent)?;
        self.tell()
    }

    fn apply(&mut self, event: HubEvent) -> Result<Reply, HubFault> {
        // As from a journal.
        let line = serde_json::to_string(&event).unwrap();
        let again: HubEvent = serde_json::from_str(&line).unwrap();
        assert_eq!(again, event);
        self.hub.apply(again, self.now)
    }

    /// A service does something; its refusals are its own affair.
    fn serve(&mut self, event: HubEvent) -> Result<(), Closing> {
        let _ = self.apply(event);
        self.tell()
    }

    /// Tells the device what the hub has to say to it.
    fn tell(&mut self) -> Result<(), Closing> {
        self.hub.advance(self.now);
        let own = self.session.id();
        for effect in self.hub.take_effects() {
            match effect {
                Effect::CallMethod { session, call, name, payload, .. } if Some(session) == own => {
                    self.session.call_method(call, &name, payload.as_deref(), &mut self.sent);
                }
                Effect::DesiredChanged { session, version, patch } if Some(session) == own => {
                    self.session.desired_changed(version, &patch, &mut self.sent);
                }
                Effect::Drop { session, reason } if Some(session) == own => return Err(Closing::Dropped(reason)),
                Effect::CallMethod { .. }
                | Effect::DesiredChanged { .. }
                | Effect::Drop { .. }
                | Effect::CallEnded { .. } => {}
            }
        }
        Ok(())
    }

    fn end(&mut self, closing: Option<&Closing>) {
        let Some(id) = self.session.id() else { return };
        if !closing.is_some_and(Closing::is_orderly)
            && let Some(will) = self.session.take_will()
        {
            let _ = self.apply(will);
        }
        let _ = self.apply(HubEvent::CloseSession { session: id });
        assert_eq!(self.session.take_will(), None, "a will is sent once");
    }
}

fn put_device(identity: Value, if_match: Option<String>) -> HubEvent {
    HubEvent::PutDevice { device_id: "d1".to_owned(), identity, if_match, entropy: Entropy::new([0; Entropy::LEN]) }
}

/// What is a packet to the session is one to the other codec, and says the same.
fn check_reading(packet: &[u8]) {
    let Ok(ours) = Packet::read(packet) else { return };
    let body = body_of(packet);
    match ours {
        Packet::Connect(connect) => {
            let (other, _) = v3_1_1::Connect::parse(body).expect("a CONNECT");
            assert_eq!(other.client_id(), connect.client_id);
            assert_eq!(other.keep_alive(), connect.keep_alive);
            assert_eq!(other.user_name(), connect.user_name);
        }
        Packet::Publish(publish) => {
            let (other, _) = v3_1_1::Publish::parse(packet[0] & 0x0f, Arc::from(body)).expect("a PUBLISH");
            assert_eq!(other.topic_name(), publish.topic);
            assert_eq!(other.payload().as_slice(), publish.payload);
            assert_eq!(other.packet_id(), publish.id);
        }
        Packet::Subscribe { id, filters } => {
            let (other, _) = v3_1_1::Subscribe::parse(body).expect("a SUBSCRIBE");
            assert_eq!((other.packet_id(), other.entries().len()), (id, filters.len()));
        }
        Packet::Unsubscribe { id, filters } => {
            let (other, _) = v3_1_1::Unsubscribe::parse(body).expect("an UNSUBSCRIBE");
            assert_eq!((other.packet_id(), other.entries().len()), (id, filters.len()));
        }
        Packet::ConnectOfOtherLevel(_) | Packet::PubAck(_) | Packet::PingReq | Packet::Disconnect => {}
    }
}

/// All that was sent is whole packets of a server, by the other codec.
fn check_packets(mut sent: &[u8]) {
    while !sent.is_empty() {
        let (packet, rest) = sent.split_at(len_of(sent));
        let body = body_of(packet);
        let read = match packet[0] {
            0x20 => v3_1_1::Connack::parse(body).map(|(_, len)| len),
            0x30 => v3_1_1::Publish::parse(0, Arc::from(body)).map(|(publish, len)| {
                let topic = publish.topic_name();
                assert!(!topic.contains(['+', '#', '\0']), "a topic with a wildcard: {topic}");
                len
            }),
            0x40 => v3_1_1::Puback::parse(body).map(|(_, len)| len),
            0x90 => v3_1_1::Suback::parse(body).map(|(_, len)| len),
            0xb0 => v3_1_1::Unsuback::parse(body).map(|(_, len)| len),
            0xd0 => Ok(0),
            other => panic!("a server does not send {other:#x}"),
        };
        assert_eq!(read.expect("a packet"), body.len());
        sent = rest;
    }
}

fn body_of(packet: &[u8]) -> &[u8] {
    let header = 2 + packet[1..].iter().take_while(|byte| **byte >= 0x80).count();
    &packet[header..]
}

fn len_of(bytes: &[u8]) -> usize {
    let (mut len, mut at) = (0, 1);
    loop {
        len |= usize::from(bytes[at] & 0x7f) << (7 * (at - 1));
        at += 1;
        if bytes[at - 1] < 0x80 {
            return at + len;
        }
    }
}

/// The hub comes back from its snapshot.
fn check_hub(hub: &HubState) -> Vec<SnapshotRecord> {
    let records: Vec<SnapshotRecord> = hub.snapshot().collect();
    let mut restoration = Restoration::new();
    for record in &records {
        let line = serde_json::to_string(record).unwrap();
        restoration.push(serde_json::from_str(&line).unwrap()).unwrap();
    }
    let restored: Vec<SnapshotRecord> = restoration.finish().unwrap().snapshot().collect();
    assert_eq!(restored, records);
    records
}

/// The rest of an input; when it is over there are zeros.
struct Tape<'a>(&'a [u8]);

impl<'a> Tape<'a> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn byte(&mut self) -> u8 {
        self.next().unwrap_or_default()
    }

    /// As many bytes as the next one says.
    fn block(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        let (block, rest) = self.0.split_at(len);
        self.0 = rest;
        block
    }

    /// A text of a table, or one of its own behind that.
    fn text_of(&mut self, table: &[&str]) -> String {
        let choice = usize::from(self.byte());
        let start = table.get(choice % 16).copied().unwrap_or_default();
        if choice < 16 { start.to_owned() } else { format!("{start}{}", String::from_utf8_lossy(self.block())) }
    }

    fn text(&mut self) -> String {
        self.text_of(&["lockDoor"])
    }

    fn json(&mut self) -> Value {
        serde_json::from_str(&self.text_of(&PAYLOADS)).unwrap_or_default()
    }

    fn module(&mut self) -> Option<String> {
        (self.byte() % 4 == 1).then(|| "m1".to_owned())
    }
}

fn connect(tape: &mut Tape<'_>) -> Vec<u8> {
    let flags = tape.byte();
    let id = if flags & 1 == 0 { "d1" } else { "d1/m1" };
    let flags = flags & !1 | 0x80;
    let mut body = block(b"MQTT");
    body.extend([4, flags, 0, tape.byte()]);
    body.extend(block(id.as_bytes()));
    if flags & 4 != 0 {
        body.extend(block(tape.text_of(&TOPICS).as_bytes()));
        body.extend(block(tape.text_of(&PAYLOADS).as_bytes()));
    }
    body.extend(block(format!("localhost/{id}/?api-version=2021-04-12").as_bytes()));
    if flags & 0x40 != 0 {
        body.extend(block(tape.block()));
    }
    packet(0x10, &body)
}

fn publish(tape: &mut Tape<'_>) -> Vec<u8> {
    let flags = tape.byte() & 0x0f;
    let mut body = block(tape.text_of(&TOPICS).as_bytes());
    if flags & 6 != 0 {
        body.extend([0, tape.byte()]);
    }
    body.extend(tape.text_of(&PAYLOADS).bytes());
    packet(0x30 | flags, &body)
}

fn subscription(first: u8, tape: &mut Tape<'_>) -> Vec<u8> {
    let mut body = vec![0, tape.byte()];
    for _ in 0..tape.byte() % 8 {
        body.extend(block(tape.text_of(&FILTERS).as_bytes()));
        if first == 0x82 {
            body.push(tape.byte());
        }
    }
    packet(first, &body)
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut len = body.len();
    while len > 0x7f {
        packet.push((len % 0x80) as u8 | 0x80);
        len /= 0x80;
    }
    packet.push(len as u8);
    packet.extend(body);
    packet
}

fn block(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[..bytes.len().min(usize::from(u16::MAX))];
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}
