//! Scenarios: commands and the answers to them.
//!
//! Programs that connect as devices: see `live.rs`.
//!
//! ```text
//! > hub S1 2026-12-01T08:00:00Z [lenient] [unthrottled]
//! > group {"count": 3, "ids": "lock-{n}"}             devices, see `fleet.rs`
//! > PUT /devices/a [If-Match: *] {"status": "enabled"}  a call; more lines may follow, indented
//! > query [3] SELECT * FROM devices | 0.deviceId        what stands behind `|` alone is shown
//! > next                                                the next page of the last list or query
//! > connect a · disconnect a · report a {"fw": "2"}
//! > tick 5s · tick 200ms · tick 2026-12-02T00:00:00Z
//! > spend 10 · messages                                of the day's quota
//! > jump a b                                            to the next event of these jobs
//! ```
//!
//! After every command the statistics of all jobs must sum up, the lanes must not be overcommitted,
//! and the same hub must come back from its snapshot; at the end also from its events.

use std::fmt::Write as _;

use hubjobs::emulator::state::{
    Entropy, HubEvent, HubOptions, HubState, MessageCount, PageRequest, Reply, Strictness, Throttling,
};
use hubjobs::model::{HubSize, JobId, Seconds, Sku};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::fleet::fleet;
use crate::live;
use crate::properties::{check_invariants, check_replay, check_snapshot};

/// Plays a scenario; returns it with the answers that there really are.
pub(crate) fn play(text: &str) -> String {
    let mut stage = Stage::default();
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("> ") else {
            if line.is_empty() || line.starts_with('#') {
                writeln!(out, "{line}").expect("a String");
            }
            continue;
        };
        writeln!(out, "{line}").expect("a String");
        let mut command = command.to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with("  ")) {
            writeln!(out, "{more}").expect("a String");
            command.push_str(more);
        }
        for answer in stage.perform(&command) {
            writeln!(out, "{answer}").expect("a String");
        }
        if let Some(hub) = &mut stage.hub {
            for effect in hub.take_effects() {
                writeln!(out, "{}", live::line(&effect)).expect("a String");
            }
            check_invariants(hub);
            check_snapshot(hub);
        }
    }
    stage.close();
    out
}

#[derive(Default)]
struct Stage {
    hub: Option<HubState>,
    /// The hub before its first event.
    origin: Option<HubState>,
    events: Vec<(HubEvent, Timestamp)>,
    last: Option<HubEvent>,
    next: Option<String>,
}

impl Stage {
    fn perform(&mut self, command: &str) -> Vec<String> {
        let (command, shown) = match command.rsplit_once(" | ") {
            Some((command, shown)) => (command, Some(shown)),
            None => (command, None),
        };
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        match verb {
            "hub" => self.open(rest),
            "group" => {
                let group = serde_json::from_str(rest).expect("a group is JSON");
                self.hub().add_fleet(&fleet(1, &group)).expect("a possible fleet");
                self.origin.clone_from(&self.hub);
            }
            "messages" => {
                let MessageCount { used, limit } = self.hub().message_count();
                return vec![format!(
                    "{used} of {}",
                    limit.map_or_else(|| "any".to_owned(), |limit| limit.to_string())
                )];
            }
            "tick" => {
                let to = instant(rest, self.hub().now());
                self.hub().advance(to);
                self.events.push((HubEvent::Tick, to));
            }
            "jump" => {
                let jobs: Vec<_> = rest.split_whitespace().map(JobId::new).collect();
                let Some(to) = self.hub().next_event_of(&jobs) else { return vec!["nothing".to_owned()] };
                self.hub().advance(to);
                self.events.push((HubEvent::Tick, to));
                return vec![to.to_string()];
            }
            _ => {
                let event = if verb == "next" { self.next_page() } else { event(verb, rest) };
                return self.apply(event, shown);
            }
        }
        Vec::new()
    }

    fn open(&mut self, rest: &str) {
        let mut words = rest.split_whitespace();
        let sku = Sku::parse(words.next().expect("a sku")).expect("a sku");
        let now = words.next().expect("a time").parse().expect("a time");
        let mut options = HubOptions::new(HubSize { sku, units: std::num::NonZeroU32::MIN });
        for word in words {
            match word {
                "lenient" => options.strictness = Strictness::Lenient,
                "unthrottled" => options.throttling = Throttling::Off,
                other => panic!("{other} is no option of a hub"),
            }
        }
        self.close();
        self.hub = Some(HubState::new(options, now));
        self.origin.clone_from(&self.hub);
    }

    fn hub(&mut self) -> &mut HubState {
        self.hub.as_mut().expect("`hub` comes first")
    }

    fn apply(&mut self, event: HubEvent, shown: Option<&str>) -> Vec<String> {
        let now = self.hub().now();
        let result = self.hub().apply(event.clone(), now);
        if !event.is_read() && result.is_ok() {
            self.events.push((event.clone(), now));
        }
        let charge = result.as_ref().ok().and_then(|reply| self.hub().charge_of_read(&event, reply));
        if let Some(charge) = charge {
            self.hub().apply(charge.clone(), now).expect("a charge is never refused");
            self.events.push((charge, now));
        }
        self.last = Some(event);
        match result {
            Err(fault) => {
                vec![format!(
                    "{} {} {} {:?} {}",
                    fault.kind.status(),
                    fault.kind.number(),
                    fault.kind,
                    fault.envelope,
                    fault.text
                )]
            }
            Ok(Reply::Done) => vec!["204".to_owned()],
            Ok(Reply::Reported { version }) => vec![format!("204 version {version}")],
            Ok(Reply::Calling { call, .. }) => vec![format!("calls as {call}")],
            Ok(Reply::SessionOpened { session, is_present, topics }) => {
                let session = serde_json::to_string(&session).expect("a number");
                let kept = if is_present { format!(" with {} kept topics", topics.len()) } else { String::new() };
                vec![format!("session {session}{kept}")]
            }
            Ok(Reply::Document { body, .. }) => vec![format!("200 {}", show(&body, shown))],
            Ok(Reply::BulkRefused { body }) => vec![format!("400 {}", show(&body, shown))],
            Ok(Reply::Method { status, payload, latency_ms }) => {
                vec![format!("200 {} after {latency_ms} ms", json!({"status": status, "payload": payload}))]
            }
            Ok(Reply::Page { item_type, items, next }) => {
                let more = if next.is_some() { ", more" } else { "" };
                let head = format!("200 {} {}{more}", items.len(), item_type.as_str());
                self.next = next;
                std::iter::once(head).chain(items.iter().map(|item| show(item, shown))).collect()
            }
        }
    }

    fn next_page(&self) -> HubEvent {
        let mut event = self.last.clone().expect("a list before");
        match &mut event {
            HubEvent::Query { page, .. } | HubEvent::ListJobs { page, .. } => page.continuation.clone_from(&self.next),
            other => panic!("{other:?} has no pages"),
        }
        event
    }

    fn close(&mut self) {
        let Some(hub) = self.hub.take() else { return };
        check_replay(self.origin.take().expect("an origin"), &std::mem::take(&mut self.events), &hub);
    }
}

fn event(verb: &str, rest: &str) -> HubEvent {
    if let Some(event) = live::event(verb, rest) {
        return event;
    }
    let (target, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (device_id, module_id) = match target.split_once('/') {
        Some((device, module)) => (device.to_owned(), Some(module.to_owned())),
        None => (target.to_owned(), None),
    };
    match verb {
        "spend" => return HubEvent::Charge { messages: target.parse().expect("a number") },
        "connect" => return HubEvent::Connect { device_id, module_id },
        "disconnect" => return HubEvent::Disconnect { device_id, module_id },
        "report" => return HubEvent::ReportProperties { device_id, module_id, patch: json_of(rest), version: None },
        "query" => {
            let size: Option<u64> = target.trim_matches(['[', ']']).parse().ok();
            let query = if size.is_some() { rest.to_owned() } else { format!("{target} {rest}") };
            let page = PageRequest { max_item_count: size, continuation: None };
            return HubEvent::Query { request: json!({"query": query.trim()}), page };
        }
        _ => {}
    }
    let (if_match, body) = match rest.strip_prefix("If-Match: ") {
        Some(rest) => {
            let (etag, body) = rest.split_once(' ').unwrap_or((rest, ""));
            (Some(etag.to_owned()), body)
        }
        None => (None, rest),
    };
    call(verb, target, if_match, json_of(body))
}

fn call(verb: &str, path: &str, if_match: Option<String>, body: Value) -> HubEvent {
    let (path, parameters) = path.split_once('?').unwrap_or((path, ""));
    let parameter = |name: &str| {
        let pairs = parameters.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
    };
    let entropy = Entropy::new([7; Entropy::LEN]);
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let owned = |text: &str| text.to_owned();
    match (verb, segments.as_slice()) {
        ("GET", ["jobs", "v2", "query"]) => HubEvent::ListJobs {
            job_type: parameter("jobType"),
            job_status: parameter("jobStatus"),
            page: PageRequest {
                max_item_count: parameter("size").and_then(|size| size.parse().ok()),
                continuation: None,
            },
        },
        ("GET", ["jobs", "v2", id]) => HubEvent::GetJob { id: owned(id) },
        ("PUT", ["jobs", "v2", id]) => HubEvent::CreateJob { id: owned(id), request: body },
        ("POST", ["jobs", "v2", id, "cancel"]) => HubEvent::CancelJob { id: owned(id) },
        ("POST", ["jobs", "create"]) => HubEvent::CreateV1Job { request: body },
        ("GET", ["jobs"]) => HubEvent::ListV1Jobs,
        ("GET", ["jobs", id]) => HubEvent::GetV1Job { id: owned(id) },
        ("DELETE", ["jobs", id]) => HubEvent::CancelV1Job { id: owned(id) },
        ("POST", ["devices", "query"]) => HubEvent::Query { request: body, page: PageRequest::default() },
        ("GET", ["devices"]) => HubEvent::ListDevices { top: parameter("top").and_then(|top| top.parse().ok()) },
        ("POST", ["devices"]) => HubEvent::BulkDevices { devices: body, entropy },
        ("GET", ["devices", id]) => HubEvent::GetDevice { device_id: owned(id) },
        ("PUT", ["devices", id]) => HubEvent::PutDevice { device_id: owned(id), identity: body, if_match, entropy },
        ("DELETE", ["devices", id]) => HubEvent::DeleteDevice { device_id: owned(id), if_match },
        ("DELETE", ["devices", id, "commands"]) => HubEvent::PurgeCommands { device_id: owned(id) },
        ("GET", ["devices", id, "modules"]) => HubEvent::ListModules { device_id: owned(id) },
        ("GET", ["statistics", "devices"]) => HubEvent::DeviceStatistics,
        ("GET", ["statistics", "service"]) => HubEvent::ServiceStatistics,
        ("GET", ["devices", id, "modules", module]) => {
            HubEvent::GetModule { device_id: owned(id), module_id: owned(module) }
        }
        ("PUT", ["devices", id, "modules", module]) => {
            HubEvent::PutModule { device_id: owned(id), module_id: owned(module), identity: body, if_match, entropy }
        }
        ("DELETE", ["devices", id, "modules", module]) => {
            HubEvent::DeleteModule { device_id: owned(id), module_id: owned(module), if_match }
        }
        ("POST", ["devices", id, "applyConfigurationContent"]) => {
            HubEvent::ApplyConfigurationContent { device_id: owned(id), content: body, entropy }
        }
        ("GET", ["configurations"]) => {
            HubEvent::ListConfigurations { top: parameter("top").and_then(|top| top.parse().ok()) }
        }
        ("POST", ["configurations", "testQueries"]) => HubEvent::TestConfigurationQueries { request: body },
        ("GET", ["configurations", id]) => HubEvent::GetConfiguration { id: owned(id) },
        ("PUT", ["configurations", id]) => HubEvent::PutConfiguration { id: owned(id), configuration: body, if_match },
        ("DELETE", ["configurations", id]) => HubEvent::DeleteConfiguration { id: owned(id), if_match },
        (verb, ["twins", id, rest @ ..]) => twin_call(verb, id, rest, if_match, body),
        _ => panic!("{verb} {path} is no call"),
    }
}

fn twin_call(verb: &str, id: &str, rest: &[&str], if_match: Option<String>, body: Value) -> HubEvent {
    let device_id = id.to_owned();
    let (module_id, rest) = match rest {
        ["modules", module, rest @ ..] => (Some((*module).to_owned()), rest),
        rest => (None, rest),
    };
    match (verb, rest) {
        ("GET", []) => HubEvent::GetTwin { device_id, module_id },
        ("PATCH", []) => HubEvent::PatchTwin { device_id, module_id, patch: body, if_match },
        ("PUT", []) => HubEvent::ReplaceTwin { device_id, module_id, twin: body, if_match },
        ("POST", ["methods"]) => HubEvent::InvokeMethod { device_id, module_id, request: body },
        _ => panic!("{verb} /twins/{id} is no call"),
    }
}

fn json_of(text: &str) -> Value {
    if text.trim().is_empty() {
        return Value::Null;
    }
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The whole body, or some members of it by path.
fn show(body: &Value, shown: Option<&str>) -> String {
    let Some(shown) = shown else { return body.to_string() };
    let values = shown.split_whitespace().map(|path| {
        let value = path.split('.').try_fold(body, |value, name| match name.parse::<usize>() {
            Ok(at) if value.is_array() => value.get(at),
            _ => value.get(name),
        });
        value.map_or_else(|| "-".to_owned(), Value::to_string)
    });
    values.collect::<Vec<_>>().join(" ")
}

fn instant(text: &str, now: Timestamp) -> Timestamp {
    if let Ok(instant) = text.parse() {
        return instant;
    }
    let duration = match text.strip_suffix("ms") {
        Some(number) => SignedDuration::from_millis(number.parse().expect("milliseconds")),
        None => Seconds::parse(text).expect("a duration").to_signed(),
    };
    now + duration
}
