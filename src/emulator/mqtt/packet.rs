//! Packets of MQTT 3.1.1 as a server reads them: borrowed from the bytes, nothing copied.

use super::rules::PACKET_BYTES_MAX;

/// Type, flags and length.
const FIXED_HEADER_LEN_MAX: usize = 5;

/// A packet of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The first packet.
    Connect(Connect<'a>),
    /// The first packet, of another version of the protocol.
    ConnectOfOtherLevel(u8),
    /// A message.
    Publish(Publish<'a>),
    /// A message to the client has arrived.
    PubAck(u16),
    /// Topic filters, each with the highest QoS wanted.
    Subscribe {
        /// To be named in the answer.
        id: u16,
        /// At least one.
        filters: Vec<(&'a str, u8)>,
    },
    /// Topic filters that are no longer wanted.
    Unsubscribe {
        /// To be named in the answer.
        id: u16,
        /// At least one.
        filters: Vec<&'a str>,
    },
    /// The client is alive.
    PingReq,
    /// The client leaves.
    Disconnect,
}

/// The first packet.
#[derive(Clone, PartialEq, Eq)]
pub struct Connect<'a> {
    /// Who connects.
    pub client_id: &'a str,
    /// Whether the session ends with the connection.
    pub clean: bool,
    /// In seconds; 0 means none.
    pub keep_alive: u16,
    /// To be published if the connection breaks.
    pub will: Option<Publish<'a>>,
    /// Hub, device and version.
    pub user_name: Option<&'a str>,
    /// A token.
    pub password: Option<&'a [u8]>,
}

/// Passwords are not shown.
impl std::fmt::Debug for Connect<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { client_id, clean, keep_alive, will, user_name, .. } = self;
        let shown = (client_id, clean, keep_alive, will, user_name);
        write!(f, "Connect{shown:?}")
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Without wildcards.
    pub topic: &'a str,
    /// The message.
    pub payload: &'a [u8],
    /// 0, 1 or 2.
    pub qos: u8,
    /// Whether it is to be kept for later subscribers.
    pub retain: bool,
    /// Whether it was sent before.
    pub dup: bool,
    /// To be named in the answer; nothing with QoS 0.
    pub id: Option<u16>,
}

/// Why bytes are no packet that a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// The length takes more than four bytes.
    #[error("the length of a packet is malformed")]
    Length,
    /// Longer than anything that is allowed.
    #[error("a packet is larger than {PACKET_BYTES_MAX} bytes")]
    TooLarge,
    /// Not a packet, or one that only servers send, or one of QoS 2.
    #[error("a packet has type {0}, which this server does not take")]
    Type(u8),
    /// Flags of the fixed header.
    #[error("the flags of a packet are not those of its type")]
    Flags,
    /// It ends before its fields do.
    #[error("a packet ends within a field")]
    Short,
    /// Bytes behind the last field.
    #[error("a packet goes on behind its last field")]
    Long,
    /// Text that is not UTF-8, or holds U+0000.
    #[error("a text is not UTF-8 or holds a zero character")]
    Text,
    /// Not MQTT at all.
    #[error("the protocol is not MQTT")]
    Protocol,
    /// Flags of CONNECT that contradict each other.
    #[error("the flags of CONNECT are not possible")]
    ConnectFlags,
    /// A packet id of 0.
    #[error("a packet id is 0")]
    Id,
    /// QoS 3.
    #[error("a QoS is 3")]
    Qos,
    /// An empty topic, or wildcards in it.
    #[error("the topic of a message is empty or holds a wildcard")]
    Topic,
    /// A subscription to nothing, or an empty filter.
    #[error("a packet names no topic filter")]
    NoFilter,
}

/// Length of the first packet in `bytes`, its fixed header included; nothing if the header is not
/// complete yet.
///
/// # Errors
/// When no packet of a client begins like that, or it is too large.
pub fn packet_len(bytes: &[u8]) -> Result<Option<usize>, BadPacket> {
    let Some(first) = bytes.first() else { return Ok(None) };
    check_type(*first)?;
    let mut length = 0;
    for (at, byte) in bytes.iter().enumerate().skip(1).take(FIXED_HEADER_LEN_MAX - 1) {
        length |= usize::from(byte & 0x7f) << (7 * (at - 1));
        if byte & 0x80 == 0 {
            return if length > PACKET_BYTES_MAX { Err(BadPacket::TooLarge) } else { Ok(Some(at + 1 + length)) };
        }
    }
    if bytes.len() >= FIXED_HEADER_LEN_MAX { Err(BadPacket::Length) } else { Ok(None) }
}

fn check_type(first: u8) -> Result<(), BadPacket> {
    let expected = match first >> 4 {
        3 => return Ok(()),
        1 | 4 | 12 | 14 => 0,
        8 | 10 => 2,
        other => return Err(BadPacket::Type(other)),
    };
    if first & 0x0f == expected { Ok(()) } else { Err(BadPacket::Flags) }
}

impl<'a> Packet<'a> {
    /// Reads one whole packet: as many bytes as [`packet_len`] says.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadPacket> {
        let first = *bytes.first().ok_or(BadPacket::Short)?;
        if packet_len(bytes)? != Some(bytes.len()) {
            return Err(BadPacket::Short);
        }
        let header = 1 + bytes.iter().skip(1).position(|byte| byte & 0x80 == 0).map_or(0, |at| at + 1);
        let mut fields = Fields(bytes.get(header..).unwrap_or_default());
        let packet = match first >> 4 {
            1 => read_connect(&mut fields)?,
            3 => return read_publish(first, fields).map(Self::Publish),
            4 => Self::PubAck(fields.id()?),
            8 => read_subscribe(&mut fields)?,
            10 => read_unsubscribe(&mut fields)?,
            12 => Self::PingReq,
            _ => Self::Disconnect,
        };
        match packet {
            // What follows has another form there.
            Self::ConnectOfOtherLevel(_) => Ok(packet),
            _ if fields.0.is_empty() => Ok(packet),
            _ => Err(BadPacket::Long),
        }
    }
}

fn read_connect<'a>(fields: &mut Fields<'a>) -> Result<Packet<'a>, BadPacket> {
    let name = fields.text()?;
    if name != "MQTT" && name != "MQIsdp" {
        return Err(BadPacket::Protocol);
    }
    let level = fields.byte()?;
    if level != 4 || name != "MQTT" {
        return Ok(Packet::ConnectOfOtherLevel(level));
    }
    let flags = fields.byte()?;
    let has = |bit: u8| flags & (1 << bit) != 0;
    let will_qos = flags >> 3 & 0b11;
    let will_is_possible = if has(2) { will_qos < 3 } else { will_qos == 0 && !has(5) };
    if has(0) || !will_is_possible || (has(6) && !has(7)) {
        return Err(BadPacket::ConnectFlags);
    }
    let keep_alive = fields.number()?;
    let client_id = fields.text()?;
    let will = match has(2) {
        true => {
            let (topic, payload) = (fields.text()?, fields.block()?);
            check_topic(topic)?;
            Some(Publish { topic, payload, qos: will_qos, retain: has(5), dup: false, id: None })
        }
        false => None,
    };
    let user_name = if has(7) { Some(fields.text()?) } else { None };
    let password = if has(6) { Some(fields.block()?) } else { None };
    Ok(Packet::Connect(Connect { client_id, clean: has(1), keep_alive, will, user_name, password }))
}

fn read_publish(first: u8, mut fields: Fields<'_>) -> Result<Publish<'_>, BadPacket> {
    let (qos, retain, dup) = (first >> 1 & 0b11, first & 1 != 0, first & 8 != 0);
    if qos == 3 {
        return Err(BadPacket::Qos);
    }
    if dup && qos == 0 {
        return Err(BadPacket::Flags);
    }
    let topic = fields.text()?;
    check_topic(topic)?;
    let id = if qos == 0 { None } else { Some(fields.id()?) };
    Ok(Publish { topic, payload: fields.0, qos, retain, dup, id })
}

fn check_topic(topic: &str) -> Result<(), BadPacket> {
    if topic.is_empty() || topic.contains(['+', '#']) { Err(BadPacket::Topic) } else { Ok(()) }
}

fn read_subscribe<'a>(fields: &mut Fields<'a>) -> Result<Packet<'a>, BadPacket> {
    let (id, mut filters) = (fields.id()?, Vec::new());
    while !fields.0.is_empty() {
        let (filter, qos) = (fields.filter()?, fields.byte()?);
        if qos > 2 {
            return Err(BadPacket::Qos);
        }
        filters.push((filter, qos));
    }
    if filters.is_empty() { Err(BadPacket::NoFilter) } else { Ok(Packet::Subscribe { id, filters }) }
}

fn read_unsubscribe<'a>(fields: &mut Fields<'a>) -> Result<Packet<'a>, BadPacket> {
    let (id, mut filters) = (fields.id()?, Vec::new());
    while !fields.0.is_empty() {
        filters.push(fields.filter()?);
    }
    if filters.is_empty() { Err(BadPacket::NoFilter) } else { Ok(Packet::Unsubscribe { id, filters }) }
}

/// What is left of a packet.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], BadPacket> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(BadPacket::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, BadPacket> {
        self.take(1)?.first().copied().ok_or(BadPacket::Short)
    }

    fn number(&mut self) -> Result<u16, BadPacket> {
        self.take(2)?.try_into().map(u16::from_be_bytes).map_err(|_| BadPacket::Short)
    }

    fn id(&mut self) -> Result<u16, BadPacket> {
        match self.number()? {
            0 => Err(BadPacket::Id),
            id => Ok(id),
        }
    }

    fn block(&mut self) -> Result<&'a [u8], BadPacket> {
        let len = self.number()?;
        self.take(len.into())
    }

    fn text(&mut self) -> Result<&'a str, BadPacket> {
        let text = std::str::from_utf8(self.block()?).map_err(|_| BadPacket::Text)?;
        if text.contains('\0') { Err(BadPacket::Text) } else { Ok(text) }
    }

    fn filter(&mut self) -> Result<&'a str, BadPacket> {
        let filter = self.text()?;
        if filter.is_empty() { Err(BadPacket::NoFilter) } else { Ok(filter) }
    }
}
