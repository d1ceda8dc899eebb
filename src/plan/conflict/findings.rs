//! Conflicts as rules that a plan breaks or touches, in words.
//!
//! Within a plan, two that write different values to the same devices stop it. Where nobody knows
//! whether the devices are the same they only warn: most of such pairs are of different devices, and a
//! plan without counts must be possible. Against others there is only a warning, since nothing that
//! could be edited here would help for sure.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::pairs::Pair;
use super::writers::{Identity, Source, Writers};
use super::{Conflict, Writer};
use crate::model::OccurrenceKind;
use crate::plan::finding::{Finding, Level, Rule};
use crate::plan::row::Plan;
use crate::plan::words::grouped;

/// Longest value that is shown, in characters.
const VALUE_LEN_MAX: usize = 60;
/// Longest condition that anybody would type.
const CONDITION_LEN_MAX: usize = 240;

/// The rule that a conflict breaks or touches; nothing for what may be no conflict, and would be
/// harmless if it were one.
pub(super) fn finding(plan: &Plan, writers: &Writers<'_>, conflict: &Conflict, pair: &Pair<'_>) -> Option<Finding> {
    if conflict.is_redundant && !conflict.is_certain {
        return None;
    }
    let (ours, other) = (&writers.all[pair.ours], &writers.all[pair.other]);
    let within = matches!(conflict.other, Writer::Row(_) | Writer::Occurrence(_));
    let rule = match &conflict.other {
        _ if conflict.is_redundant => Rule::Redundant,
        Writer::Row(_) | Writer::Occurrence(_) => Rule::ConflictingWriters,
        Writer::Foreign(_) => Rule::ConflictsWithForeignJob,
        Writer::Configuration(_) => Rule::ConflictsWithConfiguration,
    };
    let denies = within && conflict.is_certain && !conflict.is_redundant;
    Some(Finding {
        rule,
        level: if denies { Level::Deny } else { Level::Warn },
        message: message(conflict, ours, other),
        help: Some(help(plan, conflict, pair.meeting.other_until, ours, other)),
        source: plan.rows[conflict.row].source.clone(),
        row: Some(conflict.row),
        acknowledged: None,
    })
}

/// Said when the search for conflicts ended early.
pub(super) fn not_all_compared() -> Finding {
    Finding {
        rule: Rule::ConflictingWriters,
        level: Level::Warn,
        message: "more twin jobs write the same paths at the same time than can be compared, so there may be more \
                  conflicts than are listed"
            .to_owned(),
        help: Some("plan a part of the manifests: `-l SELECTOR` or `--target NAME`".to_owned()),
        source: None,
        row: None,
        acknowledged: None,
    }
}

fn message(conflict: &Conflict, ours: &Source<'_>, other: &Source<'_>) -> String {
    let Conflict { path, further, .. } = conflict;
    let (one, two) = (name(ours), name(other));
    let more = match further {
        0 => String::new(),
        1 => " and another path".to_owned(),
        more => format!(" and {more} more paths"),
    };
    let devices = match conflict.devices {
        Some(1) => "1 device".to_owned(),
        Some(devices) => format!("the same {} devices", grouped(devices)),
        None if conflict.is_certain => "the same devices".to_owned(),
        None => "perhaps the same devices (not counted)".to_owned(),
    };
    let time = match &conflict.other {
        Writer::Configuration(_) => "again and again".to_owned(),
        _ => between(conflict.from, conflict.until),
    };
    let (here, there) = (value(&conflict.ours), value(&conflict.theirs));
    if conflict.is_redundant {
        return format!("{one} and {two} both write {here} to `{path}`{more} of {devices}, {time}");
    }
    format!("{one} and {two} both write `{path}`{more} of {devices}, {time}: {here} against {there}")
}

/// What to type so that the two get out of each other's way.
fn help(
    plan: &Plan,
    conflict: &Conflict,
    other_until: Option<Timestamp>,
    ours: &Source<'_>,
    other: &Source<'_>,
) -> String {
    let row = &plan.rows[conflict.row];
    let path = &conflict.path;
    let place = row.source.as_ref().map_or_else(|| row.name.to_string(), ToString::to_string);
    let remove = format!("remove `{path}` from `spec.twin` in {place}");
    if conflict.is_redundant {
        return remove;
    }
    let mut ways = Vec::new();
    if let Some(until) = other_until.filter(|_| row.occurrence.kind() == OccurrenceKind::At) {
        ways.push(format!("set `schedule: {{at: \"{}\"}}` in {place}", whole_minute(until)));
    }
    let narrower = ours
        .devices
        .without(&other.devices)
        .filter(|condition| condition.chars().count() <= CONDITION_LEN_MAX && !condition.contains(['"', '\\', '`']));
    if let Some(condition) = narrower {
        ways.push(format!("set `target: {{condition: \"{condition}\"}}` in {place}"));
    }
    ways.push(remove);
    ways.join(", or ")
}

fn name(source: &Source<'_>) -> String {
    match (&source.identity, source.place) {
        (Identity::Manifest(name), Some(place)) => format!("`{name}` ({place})"),
        (Identity::Manifest(name), None) => format!("`{name}`"),
        (Identity::Foreign(id), _) => format!("job `{id}` of others"),
        (Identity::Configuration(id), _) => format!("configuration `{id}`"),
    }
}

fn value(value: &Value) -> String {
    let text = match value {
        Value::Null => return "null (deletes it)".to_owned(),
        value => value.to_string(),
    };
    match text.char_indices().nth(VALUE_LEN_MAX) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text,
    }
}

fn between(from: Timestamp, until: Option<Timestamp>) -> String {
    let civil = |instant| TimeZone::UTC.to_datetime(instant);
    let full = |instant| civil(instant).strftime("%Y-%m-%d %H:%MZ").to_string();
    match until {
        None => format!("from {} on", full(from)),
        Some(until) if civil(from).date() == civil(until).date() => {
            format!("from {} to {}", full(from), civil(until).strftime("%H:%MZ"))
        }
        Some(until) => format!("from {} to {}", full(from), full(until)),
    }
}

/// The first whole minute that is not before, as a schedule takes it.
fn whole_minute(instant: Timestamp) -> String {
    let seconds = instant.as_second() + i64::from(instant.subsec_nanosecond() > 0);
    let minute = Timestamp::from_second(seconds.div_euclid(60) * 60 + if seconds.rem_euclid(60) > 0 { 60 } else { 0 });
    TimeZone::UTC.to_datetime(minute.unwrap_or(instant)).strftime("%Y-%m-%dT%H:%MZ").to_string()
}
