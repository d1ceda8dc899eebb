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
    let lines = lines(effect, counts);
    let width = lines.iter().map(|(head, _)| head.chars().count()).max().unwrap_or_default().min(PATH_WIDTH_MAX);
    for (head, body) in &lines {
        writeln!(out, "      {:<width$}  {body}", Untrusted::new(head))?;
    }
    Ok(())
}

fn lines(effect: &EffectPart, counts: CountsMode) -> Vec<(String, String)> {
    let line = |head: &str, body: String| (head.to_owned(), body);
    let mut lines = vec![line("target", target(&effect.condition))];
    match (devices(effect), counts) {
        (Some(devices), _) => lines.push(line("devices", devices)),
        (None, CountsMode::All) => lines.push(line("devices", "not counted".to_owned())),
        (None, CountsMode::None) => {} // is said once, below
    }
    match &effect.change {
        ChangePart::Method { name, payload } => lines.push(line("method", method(name, payload))),
        ChangePart::Twin { paths } => lines.extend(paths.iter().map(|path| line(&path.path, change(path)))),
    }
    if let Some(forecast) = &effect.forecast {
        let seconds = |seconds| in_words(Seconds::new(seconds));
        let (takes, limit) = (seconds(forecast.duration_seconds), seconds(forecast.limit_seconds));
        let messages = grouped(forecast.messages);
        lines.push(line("takes", format!("at least {takes} of {limit}; about {messages} messages")));
    }
    lines
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

/// `4 409: 30 -> 60, 688 already 60, 23 unset -> 60`.
fn change(path: &PathPart) -> String {
    let to = match &path.to {
        Value::Null => "deleted".to_owned(),
        value => shown(value),
    };
    let Some(from) = &path.from else { return format!("-> {}", Painted(CREATE, to)) };
    let mut parts: Vec<_> = from.iter().map(|current| current_words(current, path, &to)).collect();
    if path.compound > 0 {
        let whole = Painted(CANCEL, "an object or a list");
        parts.push(format!("{}: {whole} -> {}", grouped(path.compound), Painted(CREATE, &to)));
    }
    if path.unlisted > 0 {
        parts.push(format!("{}: other values -> {}", grouped(path.unlisted), Painted(CREATE, &to)));
    }
    match parts.is_empty() {
        true => format!("-> {}", Painted(CREATE, to)),
        false => parts.join(", "),
    }
}

fn current_words(current: &CurrentPart, path: &PathPart, to: &str) -> String {
    let devices = grouped(current.devices);
    match (&current.value, &path.to) {
        (None, Value::Null) => format!("{devices} unset already"),
        (None, _) => format!("{devices} unset -> {}", Painted(CREATE, to)),
        (Some(value), new) if is_same(value, new) => format!("{devices} already {to}"),
        (Some(value), _) => format!("{devices}: {} -> {}", Painted(CANCEL, shown(value)), Painted(CREATE, to)),
    }
}

fn shown(value: &Value) -> String {
    Untrusted::new(&value.to_string()).cut(VALUE_LEN_MAX).to_string()
}

/// Whether the change changes nothing: `1` and `1.0` are one number.
fn is_same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|a| Some(a) == b.as_f64())
}
