//! Programs that connect as devices, in scenarios:
//!
//! ```text
//! > open a [clean] · close 0                             sessions are numbered from 0
//! > listen 0 methods desiredPatches · unlisten 0 methods
//! > answer 0 3 200 {"locked": true}                      session, call, status, payload
//! > own a · report a version 3 {"fw": "2"}
//! > send a hello · heard [from]
//! ```
//!
//! What the hub has to say to programs stands behind `!`.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

use hubjobs::emulator::state::{DeviceMessage, DeviceTopic, Effect, HubEvent, SessionId};
use serde_json::{Value, json};

/// The event of a command, if it is one of these.
pub(crate) fn event(verb: &str, rest: &str) -> Option<HubEvent> {
    let words: Vec<&str> = rest.split(' ').collect();
    let (device, module) = words[0].split_once('/').map_or((words[0], None), |(device, module)| (device, Some(module)));
    let (device_id, module_id) = (device.to_owned(), module.map(str::to_owned));
    Some(match verb {
        "open" => HubEvent::OpenSession { device_id, module_id, clean: words.get(1) == Some(&"clean") },
        "close" => HubEvent::CloseSession { session: session(words[0]) },
        "listen" => HubEvent::Subscribe { session: session(words[0]), topics: topics(&words[1..]) },
        "unlisten" => HubEvent::Unsubscribe { session: session(words[0]), topics: topics(&words[1..]) },
        "answer" => HubEvent::AnswerMethod {
            session: session(words[0]),
            call: words[1].parse().unwrap(),
            status: words[2].parse().unwrap(),
            payload: serde_json::from_str(&words[3..].join(" ")).unwrap(),
        },
        "own" => HubEvent::GetOwnTwin { device_id, module_id },
        "send" => {
            let message = DeviceMessage::new(words[1..].join(" ").as_bytes());
            HubEvent::SendMessage { device_id, module_id, message }
        }
        "heard" => HubEvent::ReadMessages { from: words[0].parse().ok(), device_id: None, count: None },
        "report" if words.get(1) == Some(&"version") => HubEvent::ReportProperties {
            device_id,
            module_id,
            patch: serde_json::from_str(&words[3..].join(" ")).unwrap(),
            version: words[2].parse().ok(),
        },
        _ => return None,
    })
}

fn session(number: &str) -> SessionId {
    let number: u64 = number.parse().unwrap();
    serde_json::from_value(json!(number)).unwrap()
}

fn topics(words: &[&str]) -> Vec<DeviceTopic> {
    words.iter().map(|word| serde_json::from_value(Value::from(*word)).unwrap()).collect()
}

/// An effect as a line.
pub(crate) fn line(effect: &Effect) -> String {
    let number = |session: &SessionId| serde_json::to_string(session).unwrap();
    match effect {
        Effect::CallMethod { session, call, name, payload, response_timeout } => {
            let payload = payload.as_deref().unwrap_or("-");
            format!("! session {}: call {call} of {name} {payload} within {response_timeout} s", number(session))
        }
        Effect::DesiredChanged { session, version, patch } => {
            format!("! session {}: desired {version} {patch}", number(session))
        }
        Effect::Drop { session, reason } => format!("! session {}: dropped, {}", number(session), reason.as_str()),
        Effect::CallEnded { call, answer } => match answer {
            Some((status, payload)) => format!("! call {call} ended: {status} {payload}"),
            None => format!("! call {call} ended"),
        },
    }
}
