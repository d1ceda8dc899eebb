//! What counts of an answer, in a short text that can be compared.

use serde_json::Value;

use super::bench::in_short;
use crate::hub::rest::RawAnswer;

fn members(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or(Value::Null)
}

/// Status, code, and the members of a short object.
pub(super) fn whole(answer: &RawAnswer) -> String {
    let body = members(&answer.body);
    let names = body.as_object().map(|object| {
        let mut parts: Vec<_> = object
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| match value.as_str() {
                Some(text) if name != "jobId" => format!("{name}={text}"),
                _ => name.clone(),
            })
            .collect();
        parts.sort();
        parts.join(" ")
    });
    format!("{} {}", in_short(answer), names.unwrap_or_default())
}

/// Status, and whether the text names the limit.
pub(super) fn says_168_hours(answer: &RawAnswer) -> String {
    let says = answer.message.contains("Must be within 168 hours");
    format!("{}{}", in_short(answer), if says { ", `Must be within 168 hours`" } else { "" })
}

pub(super) fn status_only(answer: &RawAnswer) -> String {
    answer.status.to_string()
}
