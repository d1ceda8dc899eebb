//! What to ask about the devices of a plan, and what the answers mean.

use std::cmp::Reverse;
use std::collections::HashSet;

use serde_json::Value;

use super::act::Act;
use super::forecast::forecast;
use super::target::{SAMPLES, Target};
use super::{Change, Current, Effect, PathChange, Reach};
use crate::model::{HubSize, JobAction, TargetCondition};
use crate::plan::leaf::{Leaf, leaves};
use crate::plan::question::{Answers, Question};

/// Values that are listed of a path, beside the new one and none.
const CURRENT_MAX: usize = 5;

/// Every device of the hub.
fn hub_question() -> Question {
    Question::new("SELECT COUNT() AS n FROM devices")
}

/// How many devices the hub has.
pub(in crate::plan) fn hub_devices(answers: &Answers) -> Option<u64> {
    answers.number(&hub_question())
}

/// What has to be asked to know what acts do to the fleet, the most important first: how many devices,
/// how many two of them share, then their values, some of their ids, and what the values alone do not
/// tell.
pub(in crate::plan) fn effect_questions(acts: &[Act<'_>], shared: Vec<Question>) -> Vec<Question> {
    let targets: Vec<_> = acts.iter().map(|act| (act, Target::of(&act.condition))).collect();
    let known = || targets.iter().filter_map(|(act, target)| Some((*act, target.as_ref()?)));
    let reach = known().map(|(_, target)| target.reach());
    let values = known().flat_map(|(act, target)| of_paths(act, |leaf| target.values(&leaf.query_path()?)));
    let samples = known().map(|(_, target)| target.samples());
    let defined = known().flat_map(|(act, target)| of_paths(act, |leaf| target.defined(&leaf.query_path()?)));
    once([hub_question()].into_iter().chain(reach).chain(shared).chain(values).chain(samples).chain(defined))
}

fn of_paths(act: &Act<'_>, ask: impl Fn(&Leaf<'_>) -> Option<Question>) -> Vec<Question> {
    match act.action {
        JobAction::Twin(patch) => leaves(patch).iter().filter(|leaf| leaf.is_single()).filter_map(ask).collect(),
        JobAction::Method(_) => Vec::new(),
    }
}

/// Each of them once, where it comes first.
pub(in crate::plan) fn once(questions: impl IntoIterator<Item = Question>) -> Vec<Question> {
    let mut seen = HashSet::new();
    questions.into_iter().filter(|question| seen.insert(question.as_str().to_owned())).collect()
}

/// What acts do to the fleet, as far as the answers tell: one for each of so many rows.
pub(in crate::plan) fn effects(
    acts: &[Act<'_>],
    row_count: usize,
    size: HubSize,
    answers: &Answers,
) -> Vec<Option<Effect>> {
    let mut effects = vec![None; row_count];
    for act in acts {
        effects[act.row] = Some(effect(act, size, answers));
    }
    effects
}

/// How many devices a condition selects, if that was asked and answered.
pub(in crate::plan) fn matched(condition: &TargetCondition, answers: &Answers) -> Option<u64> {
    reach(&Target::of(condition)?, answers).map(|reach| reach.matched)
}

fn effect(act: &Act<'_>, size: HubSize, answers: &Answers) -> Effect {
    // Without answers there is nothing to look up.
    let target = if answers.is_empty() { None } else { Target::of(&act.condition) };
    let reach = target.as_ref().and_then(|target| reach(target, answers));
    let matched = reach.as_ref().map(|reach| reach.matched);
    let change = match act.action {
        JobAction::Method(call) => Change::Method { name: call.name.clone(), payload: call.payload.clone() },
        JobAction::Twin(patch) => {
            let change = |leaf: &Leaf<'_>| path_change(leaf, target.as_ref(), matched, answers);
            Change::Twin(leaves(patch).iter().map(change).collect())
        }
    };
    let forecast = reach.as_ref().map(|reach| forecast(act, reach, size));
    Effect { condition: act.condition.clone().into_owned(), reach, change, forecast }
}

fn reach(target: &Target, answers: &Answers) -> Option<Reach> {
    let question = target.reach();
    let samples = || {
        let mut ids: Vec<_> = answers.rows(&target.samples())?.iter().filter_map(device_id).collect();
        ids.sort();
        ids.truncate(SAMPLES);
        Some(ids)
    };
    if !target.is_of_devices() {
        let matched = answers.number(&question)?;
        return Some(Reach { matched, connected: None, samples: samples().unwrap_or_default() });
    }
    let groups = groups(answers.rows(&question)?)?;
    let is_connected = |value: &Option<Value>| {
        let state = value.as_ref().and_then(Value::as_str);
        state.is_some_and(|state| state.eq_ignore_ascii_case("Connected"))
    };
    let connected = groups.iter().filter(|group| is_connected(&group.value)).map(|group| group.devices).sum();
    let matched = groups.iter().map(|group| group.devices).sum();
    Some(Reach { matched, connected: Some(connected), samples: samples().unwrap_or_default() })
}

/// The id of a device, or those of a module and its device.
fn device_id(row: &Value) -> Option<String> {
    let device = row.get("deviceId")?.as_str()?;
    let module = row.get("moduleId").and_then(Value::as_str);
    Some(module.map_or_else(|| device.to_owned(), |module| format!("{device}/{module}")))
}

/// The rows of a grouping; nothing when they make no sense.
fn groups(rows: &[Value]) -> Option<Vec<Current>> {
    let group = |row: &Value| {
        let value = row.get("v").filter(|value| !value.is_null()).cloned();
        Some(Current { value, devices: row.get("n")?.as_u64()? })
    };
    rows.iter().map(group).collect()
}

fn path_change(leaf: &Leaf<'_>, target: Option<&Target>, matched: Option<u64>, answers: &Answers) -> PathChange {
    let to = (!leaf.value.is_null()).then(|| leaf.value.clone());
    let unknown = PathChange { path: leaf.to_string(), to, from: None, unlisted: 0, compound: 0 };
    if !leaf.is_single() {
        return unknown;
    }
    let asked = || {
        let (target, path) = (target?, leaf.query_path()?);
        let values = target.values(&path)?;
        let groups = groups(answers.rows(&values)?)?;
        // Of a part, nobody knows how many devices have a single value.
        let defined = answers.is_whole(&values).then(|| answers.number(&target.defined(&path)?)).flatten();
        Some((groups, defined))
    };
    let Some((mut groups, defined)) = asked() else { return unknown };
    let compound = take_compound(&mut groups, defined);
    let all = groups.iter().map(|group| group.devices).sum::<u64>() + compound;
    let by_devices = |group: &Current| (Reverse(group.devices), group.value.as_ref().map(ToString::to_string));
    groups.sort_by_cached_key(by_devices);
    let is_of_note = |group: &Current| match (&group.value, &unknown.to) {
        (Some(value), Some(to)) => is_same(value, to),
        (Some(_), None) => false,
        (None, _) => true,
    };
    let mut others = 0;
    groups.retain(|group| {
        let is_other = !is_of_note(group);
        others += usize::from(is_other);
        !is_other || others <= CURRENT_MAX
    });
    let listed = groups.iter().map(|group| group.devices).sum::<u64>() + compound;
    // The answers are of different moments; what they disagree about is nobody's value.
    PathChange { from: Some(groups), unlisted: matched.unwrap_or(all).saturating_sub(listed), compound, ..unknown }
}

/// Devices that have something there which is no single value: they were counted as unset.
fn take_compound(groups: &mut Vec<Current>, defined: Option<u64>) -> u64 {
    let single: u64 = groups.iter().filter(|group| group.value.is_some()).map(|group| group.devices).sum();
    let Some(unset) = groups.iter_mut().find(|group| group.value.is_none()) else { return 0 };
    let compound = defined.unwrap_or_default().saturating_sub(single).min(unset.devices);
    unset.devices -= compound;
    groups.retain(|group| group.devices > 0);
    compound
}

/// Whether a device that has one would not notice that it gets the other.
pub(in crate::plan) fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::model::TwinPatch;
    use crate::plan::question::Answer;

    /// Of 100 devices, 2 have an object and 10 have nothing; the others have a number each.
    #[test]
    fn what_is_not_listed_of_a_path_is_no_object() {
        let tags = Map::from_iter([("a".to_owned(), json!(1))]);
        let patch = TwinPatch { tags, desired: Map::new() };
        let target = Target::of_devices(None);
        let [leaf] = &leaves(&patch)[..] else { panic!("one value") };
        let path = leaf.query_path().expect("a path");
        let (values, defined) = (target.values(&path).expect("devices"), target.defined(&path).expect("devices"));
        let change = |of_values: Answer| {
            let answers = [(values.clone(), of_values), (defined.clone(), Answer::Rows(vec![json!({"n": 90})]))];
            let change = path_change(leaf, Some(&target), Some(100), &answers.into_iter().collect());
            (change.from.map(|from| from.len()), change.unlisted, change.compound)
        };
        let rows: Vec<_> = [json!({"n": 12})].into_iter().chain((2..90).map(|v| json!({"v": v, "n": 1}))).collect();
        assert_eq!(change(Answer::Rows(rows.clone())), (Some(6), 83, 2));
        assert_eq!(change(Answer::Part(rows[..4].to_vec())), (Some(4), 85, 0));
        assert_eq!(change(values.in_part(Vec::new())), (None, 0, 0));
    }
}
