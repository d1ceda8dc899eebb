//! Messages that devices sent: counted, and the newest of them kept (reference 7.7).

use std::collections::VecDeque;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::body::invalid;
use super::devices::SEPARATOR;
use super::fault::{FaultKind, HubFault};
use super::hub::HubState;
use super::json::parse_json;
use super::moment::Moment;
use super::reply::Reply;
use super::rules::{MESSAGE_BYTES_MAX, MESSAGES_KEPT_BYTES_MAX, MESSAGES_KEPT_MAX, MESSAGES_READ_MAX};

/// A message of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeviceMessage {
    /// Properties of the application, in the order in which they were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<(String, String)>,
    /// Properties that IoT Hub has a name for, by that name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system_properties: Vec<(String, String)>,
    /// The bytes, in base64.
    pub body: String,
}

impl DeviceMessage {
    /// A message of these bytes.
    #[must_use]
    pub fn new(body: &[u8]) -> Self {
        Self { properties: Vec::new(), system_properties: Vec::new(), body: BASE64.encode(body) }
    }

    /// Its size as the hub counts it, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let pairs = self.properties.iter().chain(&self.system_properties);
        let padding = self.body.bytes().rev().take_while(|byte| *byte == b'=').count();
        (self.body.len() / 4 * 3).saturating_sub(padding)
            + pairs.map(|(name, value)| name.len() + value.len()).sum::<usize>()
    }

    /// The body as JSON if it is JSON, else as text if it is UTF-8, else in base64; and which of these.
    fn body_json(&self) -> (&'static str, Value) {
        let bytes = BASE64.decode(self.body.as_bytes()).unwrap_or_default();
        if let Ok(json) = parse_json(&bytes) {
            return ("json", json);
        }
        match String::from_utf8(bytes) {
            Ok(text) => ("text", text.into()),
            Err(_) => ("base64", self.body.clone().into()),
        }
    }
}

/// A message that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeptMessage {
    /// 0, 1, 2, ... over all devices.
    pub(super) number: u64,
    /// The device, or `<device>/<module>`.
    pub(super) from: Box<str>,
    pub(super) at: Moment,
    pub(super) message: DeviceMessage,
}

/// The newest messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Messages {
    kept: VecDeque<KeptMessage>,
    bytes: usize,
    next: u64,
}

impl Messages {
    /// Those that are kept, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &KeptMessage> {
        self.kept.iter()
    }

    /// How many there ever were.
    pub(super) const fn count(&self) -> u64 {
        self.next
    }

    /// Sets how many there ever were.
    pub(super) const fn count_on_from(&mut self, next: u64) {
        self.next = next;
    }

    /// Takes in one of a snapshot.
    pub(super) fn restore(&mut self, message: KeptMessage) {
        self.bytes += message.message.size();
        self.kept.push_back(message);
    }

    fn push(&mut self, from: Box<str>, at: Moment, message: DeviceMessage) {
        self.restore(KeptMessage { number: self.next, from, at, message });
        self.next += 1;
        while self.kept.len() > MESSAGES_KEPT_MAX || self.bytes > MESSAGES_KEPT_BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.bytes -= oldest.message.size();
        }
    }
}

impl KeptMessage {
    fn to_json(&self) -> Value {
        let (device, module) = match self.from.split_once(SEPARATOR) {
            Some((device, module)) => (device, Some(module)),
            None => (&*self.from, None),
        };
        let (form, body) = self.message.body_json();
        json!({
            "number": self.number,
            "deviceId": device,
            "moduleId": module,
            "enqueuedTime": self.at.to_string(),
            "properties": object(&self.message.properties),
            "systemProperties": object(&self.message.system_properties),
            "bodyForm": form,
            "body": body,
        })
    }

    fn is_from(&self, device_id: &str) -> bool {
        self.from.split(SEPARATOR).next() == Some(device_id)
    }
}

impl HubState {
    /// A device or module sends a message.
    pub(super) fn send_message(
        &mut self,
        device_id: &str,
        module_id: Option<&str>,
        message: DeviceMessage,
    ) -> Result<Reply, HubFault> {
        let slot = self.slot_of(device_id, module_id)?;
        if BASE64.decode_len(message.body.len()).is_err() {
            return Err(invalid("The body of the message is not base64."));
        }
        if message.size() > MESSAGE_BYTES_MAX {
            return Err(FaultKind::MessageTooLarge.into());
        }
        if let Some(device) = self.devices.get_mut(slot) {
            device.connection.last_activity = Some(self.now);
        }
        self.messages.push(self.devices.id(slot).into(), self.now, message);
        Ok(Reply::Done)
    }

    /// Messages from a number on, oldest first; without a number, the newest. Gives the number to go
    /// on from.
    pub(super) fn read_messages(&self, from: Option<u64>, device_id: Option<&str>, count: Option<u64>) -> Reply {
        let count = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(MESSAGES_READ_MAX);
        let count = count.min(MESSAGES_READ_MAX);
        let wanted = |message: &&KeptMessage| device_id.is_none_or(|device_id| message.is_from(device_id));
        let mut next = self.messages.count();
        let found: Vec<&KeptMessage> = match from {
            None => {
                let mut newest: Vec<_> = self.messages.iter().rev().filter(wanted).take(count).collect();
                newest.reverse();
                newest
            }
            Some(from) => {
                let later = self.messages.iter().filter(|message| message.number >= from);
                let mut found: Vec<_> = later.filter(wanted).take(count + 1).collect();
                if found.len() > count {
                    next = found.pop().map_or(next, |message| message.number);
                }
                found
            }
        };
        let events: Vec<Value> = found.into_iter().map(KeptMessage::to_json).collect();
        let body = json!({"events": events, "next": next, "total": self.messages.count()});
        Reply::Document { body, etag: None }
    }
}

fn object(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()
}
