//! The topics of IoT Hub (reference 7.3 to 7.7). There are no others.

use percent_encoding::{percent_decode_str, percent_encode_byte};

use super::client::ClientId;
use crate::emulator::state::DeviceTopic;

/// What a message of a device is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent<'a> {
    /// It reads its twin. Without a request id it is ignored.
    GetTwin { rid: Option<&'a str> },
    /// It updates its reported properties.
    Report { rid: Option<&'a str>, version: Option<u64> },
    /// It answers a method.
    MethodAnswer { status: i32, rid: Option<&'a str> },
    /// Telemetry, with its property bag.
    Message { bag: &'a str },
}

/// What the topic of a message means; nothing if it is none that this device may publish to.
pub(super) fn sent<'a>(topic: &'a str, client: &ClientId) -> Option<Sent<'a>> {
    if let Some(rest) = topic.strip_prefix("$iothub/") {
        return of_the_hub(rest);
    }
    let rest = topic.strip_prefix("devices/")?;
    let rest = own(rest, &client.device)?;
    let rest = match &client.module {
        Some(module) => own(rest.strip_prefix("modules/")?, module)?,
        None => rest,
    };
    let bag = rest.strip_prefix("messages/events")?;
    match bag.strip_prefix('/') {
        Some(bag) => Some(Sent::Message { bag }),
        None if bag.is_empty() => Some(Sent::Message { bag }),
        None => None,
    }
}

fn of_the_hub(rest: &str) -> Option<Sent<'_>> {
    if let Some(query) = rest.strip_prefix("twin/GET/") {
        return Some(Sent::GetTwin { rid: parameter(query, "$rid") });
    }
    if let Some(query) = rest.strip_prefix("twin/PATCH/properties/reported/") {
        let version = parameter(query, "$version").map(str::parse).transpose().ok()?;
        return Some(Sent::Report { rid: parameter(query, "$rid"), version });
    }
    let (status, query) = rest.strip_prefix("methods/res/")?.split_once('/')?;
    Some(Sent::MethodAnswer { status: status.parse().ok()?, rid: parameter(query, "$rid") })
}

/// A parameter behind the question mark, exactly as it stands there.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let pairs = query.strip_prefix('?')?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}

/// What follows an id of the client's own and a slash. SDKs encode ids, or do not.
fn own<'a>(rest: &'a str, id: &str) -> Option<&'a str> {
    let (segment, rest) = rest.split_once('/')?;
    is(segment, id).then_some(rest)
}

fn is(segment: &str, id: &str) -> bool {
    segment == id || percent_decode_str(segment).decode_utf8().is_ok_and(|decoded| decoded == id)
}

/// The topics that a filter stands for; nothing if it is none that this device may subscribe to.
pub(super) fn filtered(filter: &str, client: &ClientId) -> Option<DeviceTopic> {
    match filter {
        "$iothub/methods/POST/#" => return Some(DeviceTopic::Methods),
        "$iothub/twin/res/#" => return Some(DeviceTopic::TwinResponses),
        "$iothub/twin/PATCH/properties/desired/#" => return Some(DeviceTopic::DesiredPatches),
        _ => {}
    }
    let rest = own(filter.strip_prefix("devices/")?, &client.device)?;
    match &client.module {
        None => rest.eq_ignore_ascii_case("messages/devicebound/#").then_some(DeviceTopic::DeviceBound),
        Some(module) => match own(rest.strip_prefix("modules/")?, module)? {
            "#" => Some(DeviceTopic::ModuleMessages),
            "inputs/#" => Some(DeviceTopic::ModuleInputs),
            rest => rest.eq_ignore_ascii_case("messages/devicebound/#").then_some(DeviceTopic::DeviceBound),
        },
    }
}

/// The topic of a method call. Of a name only what cannot stand in a topic, or would make another one of
/// it, is encoded: the Python SDK decodes names, the Node SDK does not.
pub(super) fn method_topic(name: &str, call: u64) -> String {
    let mut topic = String::with_capacity(48 + name.len());
    topic.push_str("$iothub/methods/POST/");
    for character in name.chars() {
        match u8::try_from(character) {
            Ok(byte @ (b'#' | b'+' | b'/' | b'?' | b'%' | 0..0x20 | 0x7f)) => topic.push_str(percent_encode_byte(byte)),
            _ => topic.push(character),
        }
    }
    topic.push_str("/?$rid=");
    topic.push_str(&format!("{call:x}"));
    topic
}

/// System properties in a bag, and their names.
const SYSTEM: [(&str, &str); 10] = [
    ("$.ct", "contentType"),
    ("$.ce", "contentEncoding"),
    ("$.mid", "messageId"),
    ("$.cid", "correlationId"),
    ("$.uid", "userId"),
    ("$.ctime", "creationTimeUtc"),
    ("$.on", "outputName"),
    ("$.exp", "expiryTimeUtc"),
    ("$.ifid", "interfaceId"),
    ("$.sub", "componentName"),
];

/// The properties of a message: the application's, and the system's.
pub(super) type Properties = (Vec<(String, String)>, Vec<(String, String)>);

/// Reads a property bag: `a=1&%24.ct=application%2Fjson`.
pub(super) fn properties(bag: &str) -> Properties {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (mut application, mut system) = (Vec::new(), Vec::new());
    for pair in bag.trim_start_matches('?').trim_end_matches('/').split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        match SYSTEM.iter().find(|(short, _)| *short == name) {
            Some((_, long)) => system.push(((*long).to_owned(), value)),
            None => application.push((name, value)),
        }
    }
    (application, system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_a_device() {
        let client = ClientId { device: "a%b".into(), module: None };
        let sent = |topic| super::sent(topic, &client);
        assert_eq!(sent("$iothub/twin/GET/?$rid=a%20b"), Some(Sent::GetTwin { rid: Some("a%20b") }));
        assert_eq!(sent("$iothub/twin/GET/"), Some(Sent::GetTwin { rid: None }));
        let report = |rid, version| Some(Sent::Report { rid, version });
        assert_eq!(sent("$iothub/twin/PATCH/properties/reported/?$rid=1"), report(Some("1"), None));
        assert_eq!(sent("$iothub/twin/PATCH/properties/reported/?$rid=1&$version=7"), report(Some("1"), Some(7)));
        assert_eq!(sent("$iothub/twin/PATCH/properties/reported/?$rid=1&$version=x"), None);
        assert_eq!(sent("$iothub/methods/res/-3/?$rid=ff"), Some(Sent::MethodAnswer { status: -3, rid: Some("ff") }));
        assert_eq!(sent("$iothub/methods/res/ok/?$rid=ff"), None);
        for topic in
            ["devices/a%25b/messages/events", "devices/a%b/messages/events/", "devices/a%b/messages/events/a=1"]
        {
            assert!(matches!(sent(topic), Some(Sent::Message { .. })), "{topic}");
        }
        for topic in [
            "devices/c/messages/events/",
            "devices/a%b/messages/eventsx",
            "$iothub/twin/PATCH/properties/desired/",
            "x",
        ] {
            assert_eq!(sent(topic), None, "{topic}");
        }
        assert_eq!(filtered("devices/a%25b/messages/devicebound/#", &client), Some(DeviceTopic::DeviceBound));
        for filter in ["#", "$iothub/#", "devices/c/messages/devicebound/#", "$iothub/methods/POST/+"] {
            assert_eq!(filtered(filter, &client), None, "{filter}");
        }
    }

    #[test]
    fn topics_of_a_module() {
        let client = ClientId { device: "d".into(), module: Some("m".into()) };
        assert_eq!(sent("devices/d/modules/m/messages/events/x=1", &client), Some(Sent::Message { bag: "x=1" }));
        assert_eq!(sent("devices/d/messages/events/", &client), None);
        assert_eq!(filtered("devices/d/modules/m/inputs/#", &client), Some(DeviceTopic::ModuleInputs));
        assert_eq!(filtered("devices/d/modules/n/#", &client), None);
    }

    #[test]
    fn names_of_methods() {
        for (name, segment) in [
            ("lockDoor", "lockDoor"),
            ("thermostat*get_max.1-2", "thermostat*get_max.1-2"),
            ("grüß dich", "grüß dich"),
            ("a/b+c#d?e%f\0g", "a%2Fb%2Bc%23d%3Fe%25f%00g"),
        ] {
            assert_eq!(method_topic(name, 26), format!("$iothub/methods/POST/{segment}/?$rid=1a"));
        }
    }

    #[test]
    fn property_bags() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (application, system) = properties("%24.ct=application%2Fjson&kind=a%20b&$.mid=1&flag&&x=1=2");
        assert_eq!(application, [pair("kind", "a b"), pair("flag", ""), pair("x", "1=2")]);
        assert_eq!(system, [pair("contentType", "application/json"), pair("messageId", "1")]);
    }
}
