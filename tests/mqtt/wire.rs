//! Packets of MQTT 3.1.1 as a client writes and reads them. Written apart from the emulator's.

/// A CONNECT.
#[derive(Clone)]
pub(crate) struct Hello {
    pub(crate) client_id: String,
    pub(crate) user_name: String,
    pub(crate) password: String,
    pub(crate) clean: bool,
    pub(crate) keep_alive: u16,
    pub(crate) level: u8,
    pub(crate) will: Option<(String, Vec<u8>)>,
}

impl Hello {
    pub(crate) fn new(client_id: &str, password: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            user_name: format!("localhost/{client_id}/?api-version=2021-04-12&DeviceClientType=test%2F1"),
            password: password.to_owned(),
            clean: false,
            keep_alive: 60,
            level: 4,
            will: None,
        }
    }

    pub(crate) fn packet(&self) -> Vec<u8> {
        let mut body = text("MQTT");
        let has_password = !self.password.is_empty();
        let flags = 0x80
            | if has_password { 0x40 } else { 0 }
            | if self.clean { 2 } else { 0 }
            | if self.will.is_some() { 4 | 8 } else { 0 };
        body.extend([self.level, flags]);
        body.extend(self.keep_alive.to_be_bytes());
        body.extend(text(&self.client_id));
        if let Some((topic, payload)) = &self.will {
            body.extend(text(topic));
            body.extend(block(payload));
        }
        body.extend(text(&self.user_name));
        if has_password {
            body.extend(text(&self.password));
        }
        packet(0x10, &body)
    }
}

/// A PUBLISH; without an id it is one of QoS 0.
pub(crate) fn publish(topic: &str, payload: &[u8], id: Option<u16>) -> Vec<u8> {
    let mut body = text(topic);
    body.extend(id.into_iter().flat_map(u16::to_be_bytes));
    body.extend(payload);
    packet(if id.is_some() { 0x32 } else { 0x30 }, &body)
}

pub(crate) fn subscribe(id: u16, filters: &[(&str, u8)]) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    for (filter, qos) in filters {
        body.extend(text(filter));
        body.push(*qos);
    }
    packet(0x82, &body)
}

pub(crate) fn unsubscribe(id: u16, filters: &[&str]) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    filters.iter().for_each(|filter| body.extend(text(filter)));
    packet(0xa2, &body)
}

pub(crate) const PINGREQ: [u8; 2] = [0xc0, 0];
pub(crate) const DISCONNECT: [u8; 2] = [0xe0, 0];

pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut len = body.len();
    loop {
        let more = if len > 127 { 128 } else { 0 };
        packet.push(u8::try_from(len % 128).unwrap() | more);
        len /= 128;
        if len == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

fn text(text: &str) -> Vec<u8> {
    block(text.as_bytes())
}

fn block(bytes: &[u8]) -> Vec<u8> {
    let mut block = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    block.extend(bytes);
    block
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    ConnAck {
        present: bool,
        code: u8,
    },
    PubAck(u16),
    SubAck(u16, Vec<u8>),
    UnsubAck(u16),
    PingResp,
    /// Always of QoS 0.
    Publish(String, String),
}

/// The first packet in the bytes, and its length.
pub(crate) fn read(bytes: &[u8]) -> Option<(Heard, usize)> {
    let (mut len, mut at, mut shift) = (0, 1, 0);
    loop {
        let byte = *bytes.get(at)?;
        len |= usize::from(byte & 127) << shift;
        (at, shift) = (at + 1, shift + 7);
        if byte < 128 {
            break;
        }
    }
    let body = bytes.get(at..at + len)?;
    let number = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    let heard = match bytes[0] {
        0x20 => Heard::ConnAck { present: body[0] == 1, code: body[1] },
        0x40 => Heard::PubAck(number(0)),
        0x90 => Heard::SubAck(number(0), body[2..].to_vec()),
        0xb0 => Heard::UnsubAck(number(0)),
        0xd0 => Heard::PingResp,
        0x30 => {
            let topic = 2 + usize::from(number(0));
            let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            Heard::Publish(string(&body[2..topic]), string(&body[topic..]))
        }
        other => panic!("a server does not send {other:#x}"),
    };
    Some((heard, at + len))
}
