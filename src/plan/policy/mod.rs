//! Policies: what those who answer for the fleet say about a plan.
//!
//! Rules and windows are asked about every job that a plan creates, now or later. Cancelling is always
//! allowed. A rule that cannot be evaluated counts as one that applies: what nobody could check does
//! not pass.

mod case;
mod closed;
mod evaluate;
mod facts;
mod windows;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use case::{CaseOutcome, try_case};

use self::evaluate::{Ruled, Scene};
use super::effect::Effect;
use super::finding::{Finding, Level, Rule};
use super::question::Counts;
use super::row::{Plan, Step};
use crate::model::{Manifest, Policy, PolicyLevel, PolicyRule};

/// What policies are asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) plan: &'a Plan,
    /// One for each row.
    pub(super) effects: &'a [Option<Effect>],
    /// Devices of the hub, when they were counted.
    pub(super) hub_devices: Option<u64>,
    pub(super) manifests: &'a [Arc<Manifest>],
    pub(super) policies: &'a [Policy],
    pub(super) counts: Counts,
}

/// What the policies of the environment say about a plan.
pub(super) fn findings(subject: &Subject<'_>) -> Vec<Finding> {
    let holds = |policy: &&Policy| policy.holds_in(&subject.plan.environment);
    let policies: Vec<_> = subject.policies.iter().filter(holds).collect();
    if policies.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    if policies.iter().any(|policy| !policy.rules.is_empty()) {
        rules(subject, &policies, &mut found);
    }
    windows::check(subject, &policies, &mut found);
    found
}

fn rules(subject: &Subject<'_>, policies: &[&Policy], found: &mut Vec<Finding>) {
    let common = facts::common(subject);
    let mut said = BTreeSet::new();
    let manifests = facts::by_name(subject.manifests);
    for (index, row) in subject.plan.rows.iter().enumerate() {
        if !matches!(row.step, Step::Create(_) | Step::Deferred(_)) {
            continue;
        }
        let manifest = manifests.get(&row.name).copied();
        let action = facts::action(subject, index, manifest);
        let scene = Scene::new(&action, &common);
        for (policy, rule) in policies.iter().flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule))) {
            let name = format!("policy/{}/{}", policy.name, rule.name);
            let (level, message) = match scene.ask(rule) {
                Ruled::Quiet => continue,
                Ruled::Applies(message) => (level(rule), message),
                // What only a hub knows is judged when there is one.
                Ruled::Failed(why) if subject.counts == Counts::Offline => {
                    (Level::Warn, format!("`{}` cannot be judged offline: {why}", row.name))
                }
                Ruled::Failed(why) => (level(rule), format!("`{}` cannot be judged: {why}", row.name)),
            };
            // Occurrences of one manifest are alike; once is enough.
            if said.insert((name.clone(), &row.name, message.clone())) {
                found.push(finding(name, level, rule, message, index));
            }
        }
    }
}

const fn level(rule: &PolicyRule) -> Level {
    match rule.level {
        PolicyLevel::Deny => Level::Deny,
        PolicyLevel::Warn => Level::Warn,
    }
}

fn finding(name: String, level: Level, rule: &PolicyRule, message: String, row: usize) -> Finding {
    Finding {
        rule: Rule::Policy(name),
        level,
        message,
        help: Some(format!("the rule is `{}`: change the manifest, or the rule at {}", rule.when, rule.source)),
        source: Some(rule.source.clone()),
        row: Some(row),
        acknowledged: None,
    }
}
