//! Packets of MQTT 3.1.1 as a server writes them.

/// What CONNACK says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectCode {
    Accepted = 0,
    BadProtocolVersion = 1,
    IdentifierRejected = 2,
    ServerUnavailable = 3,
    NotAuthorized = 5,
}

pub(super) fn connack(out: &mut Vec<u8>, is_present: bool, code: ConnectCode) {
    out.extend_from_slice(&[0x20, 2, u8::from(is_present), code as u8]);
}

pub(super) fn puback(out: &mut Vec<u8>, id: u16) {
    out.extend_from_slice(&[0x40, 2]);
    out.extend_from_slice(&id.to_be_bytes());
}

/// One granted QoS for each filter.
pub(super) fn suback(out: &mut Vec<u8>, id: u16, granted: &[u8]) {
    out.push(0x90);
    write_len(out, 2 + granted.len());
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(granted);
}

pub(super) fn unsuback(out: &mut Vec<u8>, id: u16) {
    out.extend_from_slice(&[0xb0, 2]);
    out.extend_from_slice(&id.to_be_bytes());
}

pub(super) fn pingresp(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xd0, 0]);
}

/// A message with QoS 0. Nothing is written if the topic is longer than a topic can be.
pub(super) fn publish(out: &mut Vec<u8>, topic: &str, payload: &[u8]) {
    let Ok(topic_len) = u16::try_from(topic.len()) else { return };
    out.push(0x30);
    write_len(out, 2 + topic.len() + payload.len());
    out.extend_from_slice(&topic_len.to_be_bytes());
    out.extend_from_slice(topic.as_bytes());
    out.extend_from_slice(payload);
}

fn write_len(out: &mut Vec<u8>, mut len: usize) {
    while len >= 0x80 {
        out.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    out.push((len & 0x7f) as u8);
}
