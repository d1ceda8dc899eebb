//! Examples of what a policy says, tried without a plan.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::closed::{Closed, Windows};
use super::evaluate::{Ruled, Scene, cel};
use super::facts::Common;
use crate::model::{Policy, PolicyCase, PolicyLevel, PolicyVerdict, Seconds, TimeSpan};

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseOutcome {
    /// What the policy makes of the action.
    pub verdict: PolicyVerdict,
    /// The rules and windows that applied, and what they said.
    pub applied: BTreeMap<String, String>,
    /// Whether that is what the case expects.
    pub is_as_expected: bool,
}

/// Tries a case of a policy. Neither hub nor plan is known to its expressions.
#[must_use]
pub fn try_case(policy: &Policy, case: &PolicyCase) -> CaseOutcome {
    let first = policy.environments.as_ref().and_then(|environments| environments.first());
    let environment = case.environment.as_ref().or(first);
    let mut applied = BTreeMap::new();
    let mut verdict = PolicyVerdict::Pass;
    if environment.is_none_or(|environment| policy.holds_in(environment)) {
        let environment = environment.map_or("", |environment| environment.as_str());
        verdict = verdict.max(rules(policy, case, environment, &mut applied));
        verdict = verdict.max(windows(policy, case, &mut applied));
    }
    let names: BTreeSet<_> = applied.keys().cloned().collect();
    let is_as_expected = verdict == case.expect && case.rules.as_ref().is_none_or(|rules| *rules == names);
    CaseOutcome { verdict, applied, is_as_expected }
}

fn rules(
    policy: &Policy,
    case: &PolicyCase,
    environment: &str,
    applied: &mut BTreeMap<String, String>,
) -> PolicyVerdict {
    let common = Common { environment: cel(&environment.into()), hub: cel(&json!({})), plan: cel(&json!({})) };
    let mut action = Value::Object(case.action.clone());
    if let (Some(at), None) = (case.at, case.action.get("start")) {
        action["start"] = at.to_string().into();
    }
    let scene = Scene::new(&action, &common);
    let mut verdict = PolicyVerdict::Pass;
    for rule in &policy.rules {
        let message = match scene.ask(rule) {
            Ruled::Quiet => continue,
            Ruled::Applies(message) => message,
            Ruled::Failed(why) => format!("cannot be judged: {why}"),
        };
        applied.insert(rule.name.clone(), message);
        verdict = verdict.max(match rule.level {
            PolicyLevel::Deny => PolicyVerdict::Deny,
            PolicyLevel::Warn => PolicyVerdict::Warn,
        });
    }
    verdict
}

fn windows(policy: &Policy, case: &PolicyCase, applied: &mut BTreeMap<String, String>) -> PolicyVerdict {
    let Some(from) = case.at else { return PolicyVerdict::Pass };
    let windows = Windows::new(&[policy]);
    let length = case.action.get("maxExecutionSeconds").and_then(Value::as_u64).unwrap_or_default();
    let until = from.checked_add(Seconds::new(length).to_signed()).unwrap_or(jiff::Timestamp::MAX);
    let (names, message): (Vec<_>, _) = match windows.closed(TimeSpan { from, until }) {
        None => return PolicyVerdict::Pass,
        Some(Closed::StartsIn(held)) => (vec![held], "it would start within it".to_owned()),
        Some(Closed::RunsInto(held, begins)) => (vec![held], format!("it may still run when it begins, {begins}")),
        Some(Closed::Outside) => (windows.allowing().to_vec(), "it would start outside".to_owned()),
        Some(Closed::Outlasts(ends)) => (windows.allowing().to_vec(), format!("it may still run when it ends, {ends}")),
    };
    applied.extend(names.into_iter().map(|held| (held.window.name.clone(), message.clone())));
    PolicyVerdict::Deny
}
