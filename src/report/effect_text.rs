//! What an action does to the fleet, for people: a few aligned lines under the action.

use std::fmt::{self, Write as _};

use serde_json::Value;

use super::document::{ChangePart, CountsMode, CurrentPart, EffectPart, PathPart};
use super::headline::percent;
use super::style::{CANCEL, CREATE, DIM, Painted};
use super::untrusted::Untrusted;
use super::when::{grouped, in_words};
use crate::model::Seconds;

/// Longest value that is shown of a property.
const VALUE_LEN_MAX: usize = 40;
/// Longest payload that is shown.
const PAYLOAD_LEN_MAX: usize = 80;
/// Longest condition that is shown.
const CONDITION_LEN_MAX: usize = 100;
/// Longest path that the others are aligned to.
const PATH_WIDTH_MAX: usize = 48;

/// Writes the lines of an effect, indented as details of an action are.
pub(super) fn effect_lines(out: &mut String, effect: &EffectPart, counts: CountsMode) -> fmt::Result {
    line(out, "target", &target(&effect.condition))?;
    match (devices(effect), counts) {
        (Some(devices), _) => line(out, "devices", &devices)?,
        (None, CountsMode::All) => line(out, "devices", "not counted")?,
        (None, CountsMode::None | CountsMode::Offline) => {} // is said once, below
    }
    match &effect.change {
        ChangePart::Method { name, payload } => line(out, "method", &method(name, payload))?,
        ChangePart::Twin { paths } => {
            let width = paths.iter().map(|path| path.path.chars().count()).max().unwrap_or_default();
            let width = width.min(PATH_WIDTH_MAX);
            for (index, path) in paths.iter().enumerate() {
                let (head, name) = (if index == 0 { "writes" } else { "" }, Untrusted::new(&path.path));
                line(out, head, &format!("{name:<width$}  {}", change(path)))?;
            }
        }
    }
    if let Some(forecast) = effect.forecast.filter(|_| effect.devices > Some(0)) {
        let seconds = |seconds| in_words(Seconds::new(seconds));
        let (takes, limit) = (seconds(forecast.duration_seconds), seconds(forecast.limit_seconds));
        let messages = grouped(forecast.messages);
        line(out, "takes", &format!("at least {takes} of {limit}; about {messages} messages"))?;
    }
    Ok(())
}

fn line(out: &mut String, head: &str, body: &str) -> fmt::Result {
    writeln!(out, "      {}  {body}", Painted(DIM, format_args!("{head:<7}")))
}

fn target(condition: &str) -> String {
    match condition.trim() {
        "*" => "every device of the hub".to_owned(),
        condition => Untrusted::new(condition).cut(CONDITION_LEN_MAX).to_string(),
    }
}

/// `4 409 (44 % of the hub), 4 020 connected: lock-0001, lock-0002, ...`.
fn devices(effect: &EffectPart) -> Option<String> {
    let mut text = grouped(effect.devices?);
    if let Some(share) = effect.percent_of_hub {
        let _ = write!(text, " ({} of the hub)", percent(share));
    }
    if let Some(connected) = effect.connected {
        let _ = write!(text, ", {} connected", grouped(connected));
    }
    if !effect.samples.is_empty() {
        let samples: Vec<_> =
            effect.samples.iter().map(|id| Untrusted::new(id).cut(VALUE_LEN_MAX).to_string()).collect();
        let more = if effect.devices > Some(effect.samples.len() as u64) { ", \u{2026}" } else { "" };
        let _ = write!(text, ": {}", Painted(DIM, format!("{}{more}", samples.join(", "))));
    }
    Some(text)
}

fn method(name: &str, payload: &Value) -> String {
    let name = Untrusted::new(name);
    match payload {
        Value::Null => name.to_string(),
        payload => format!("{name} {}", Untrusted::new(&payload.to_string()).cut(PAYLOAD_LEN_MAX)),
    }
}

/// `4 409: 30 -> 60, 688 already 60, 23 unset -> 60`: what is overwritten comes first.
fn change(path: &PathPart) -> String {
    let to = match &path.to {
        Value::Null => "deleted".to_owned(),
        value => shown(value),
    };
    let new = || Painted(CREATE, &to);
    let (mut overwritten, mut others) = (Vec::new(), Vec::new());
    for CurrentPart { value, devices } in path.from.iter().flatten() {
        let devices = grouped(*devices);
        match (value, &path.to) {
            (None, Value::Null) => others.push(format!("{devices} unset already")),
            (None, _) => others.push(format!("{devices} unset -> {}", new())),
            (Some(value), to_value) if is_same(value, to_value) => others.insert(0, format!("{devices} already {to}")),
            (Some(value), _) => overwritten.push(format!("{devices}: {} -> {}", Painted(CANCEL, shown(value)), new())),
        }
    }
    let mut unnamed = |devices, what| {
        if devices > 0 {
            overwritten.push(format!("{}: {} -> {}", grouped(devices), Painted(CANCEL, what), new()));
        }
    };
    unnamed(path.compound, "an object or a list");
    unnamed(path.unlisted, "other values");
    overwritten.append(&mut others);
    match overwritten.is_empty() {
        true => format!("-> {}", new()),
        false => overwritten.join(", "),
    }
}

fn shown(value: &Value) -> String {
    Untrusted::new(&value.to_string()).cut(VALUE_LEN_MAX).to_string()
}

/// Whether the change changes nothing: `1` and `1.0` are one number.
pub(super) fn is_same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|a| Some(a) == b.as_f64())
}
