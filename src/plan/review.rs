//! A plan together with all that its reviewer has to know.

use std::sync::Arc;

use super::acknowledgement::Acknowledgement;
use super::conflict::{Conflict, conflict_questions, conflicts};
use super::effect::{
    Act, Effect, acts, effect_findings, effect_questions, effects, hub_devices, matched, messages, once, path_questions,
};
use super::finding::Finding;
use super::policy;
use super::question::{Answers, Counts, Question};
use super::renamed::renamed_findings;
use super::row::Plan;
use super::safety;
use super::timeline::{Timeline, timeline};
use crate::model::{Desired, Manifest, ObservedConfiguration, ObservedJob, Policy, SafetyLimits};

/// All that a review depends on beside the plan.
#[derive(Debug, Clone, Copy)]
pub struct ReviewInput<'a> {
    /// Every manifest of the project that is valid.
    pub manifests: &'a [Arc<Manifest>],
    /// The slots of those manifests that were examined.
    pub desired: &'a [Desired],
    /// Every job of the hub, own and foreign.
    pub observed: &'a [ObservedJob],
    /// Limits of the environment.
    pub limits: &'a SafetyLimits,
    /// Every policy of the project that is valid.
    pub policies: &'a [Policy],
    /// What somebody consents to beyond them.
    pub acknowledgements: &'a [Acknowledgement],
    /// Whether devices are counted.
    pub counts: Counts,
    /// The automatic device configurations of the hub.
    pub configurations: Configurations<'a>,
}

/// What is known of the hub's automatic device configurations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Configurations<'a> {
    /// All of them.
    Known(&'a [ObservedConfiguration]),
    /// Nobody looked: the plan writes no twins, or nothing was to be asked.
    NotRead,
    /// The hub did not show them. Its words, not to be trusted.
    Refused(&'a str),
}

impl<'a> Configurations<'a> {
    /// Those that are known.
    #[must_use]
    pub const fn known(self) -> &'a [ObservedConfiguration] {
        match self {
            Self::Known(configurations) => configurations,
            Self::NotRead | Self::Refused(_) => &[],
        }
    }
}

impl<'a> ReviewInput<'a> {
    /// Nothing but the plan and these limits: no manifests, no foreign jobs, no counts.
    #[must_use]
    pub const fn of_limits(limits: &'a SafetyLimits) -> Self {
        Self {
            manifests: &[],
            desired: &[],
            observed: &[],
            limits,
            policies: &[],
            acknowledgements: &[],
            counts: Counts::None,
            configurations: Configurations::NotRead,
        }
    }
}

/// A plan together with all that its reviewer has to know. [`review`] is its only constructor.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    plan: Plan,
    /// One for each row.
    effects: Vec<Option<Effect>>,
    timeline: Timeline,
    conflicts: Vec<Conflict>,
    findings: Vec<Finding>,
    counts: Counts,
    asked: usize,
    hub_devices: Option<u64>,
}

impl Review {
    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What each row of the plan does to the fleet, in the order of the rows; nothing for rows that do
    /// nothing to devices.
    #[must_use]
    pub fn effects(&self) -> &[Option<Effect>] {
        &self.effects
    }

    /// Lanes against time.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Writers that get in each other's way.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// Rules that the plan breaks or touches, those that stop it first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether a rule stops it.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.findings.iter().any(Finding::denies)
    }

    /// Whether devices were counted.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// How many queries it took.
    #[must_use]
    pub const fn asked(&self) -> usize {
        self.asked
    }

    /// Devices of the hub; nothing when they were not counted.
    #[must_use]
    pub const fn hub_devices(&self) -> Option<u64> {
        self.hub_devices
    }

    /// About how many messages of the daily quota the jobs of the plan take, as far as their devices
    /// were counted; nothing when none were.
    #[must_use]
    pub fn messages(&self) -> Option<u64> {
        messages(&self.effects)
    }

    pub(super) fn into_plan(self) -> Plan {
        self.plan
    }
}

/// What the hub has to be asked for a review, each query once, the most important first.
#[must_use]
pub fn questions(plan: &Plan, input: &ReviewInput<'_>) -> Vec<Question> {
    let acts = acts(plan, input.manifests);
    let shared = conflict_questions(plan, input);
    if acts.is_empty() { once(shared) } else { effect_questions(&acts, shared) }
}

/// What has to be asked once the answers are there: for targets that select nobody, or far more
/// devices than at the last run, whether any device has the tags and properties that they name.
#[must_use]
pub fn further_questions(plan: &Plan, input: &ReviewInput<'_>, answers: &Answers) -> Vec<Question> {
    if answers.is_empty() {
        return Vec::new();
    }
    let acts = acts(plan, input.manifests);
    let name = |act: &Act<'_>| &plan.rows[act.row].name;
    let last = safety::last_runs(&plan.owner, input.manifests, input.observed, acts.iter().map(name));
    let is_strange = |act: &&Act<'_>| {
        let outgrown = |devices| last.get(name(act)).is_some_and(|last| last.is_outgrown_by(devices));
        matched(&act.condition, answers).is_some_and(|devices| devices == 0 || outgrown(devices))
    };
    once(acts.iter().filter(is_strange).flat_map(|act| path_questions(&act.condition)))
}

/// Looks at a plan as its reviewer would: what it does to the fleet, and which rules it breaks.
#[must_use]
pub fn review(plan: Plan, input: &ReviewInput<'_>, answers: &Answers) -> Review {
    let effects = effects(&acts(&plan, input.manifests), plan.rows.len(), plan.size, answers);
    let hub_devices = hub_devices(answers);
    let mut findings = safety::findings(&safety::Subject {
        plan: &plan,
        effects: &effects,
        answers,
        hub_devices,
        manifests: input.manifests,
        observed: input.observed,
        limits: input.limits,
        acknowledgements: input.acknowledgements,
    });
    findings.extend(policy::findings(&policy::Subject {
        plan: &plan,
        effects: &effects,
        hub_devices,
        manifests: input.manifests,
        policies: input.policies,
    }));
    findings.extend(renamed_findings(&plan, input));
    findings.extend(effect_findings(&plan, &effects, answers, input.configurations));
    let (conflicts, conflicting) = conflicts(&plan, input, answers);
    findings.extend(conflicting);
    findings.sort_by_key(|finding| (!finding.denies(), finding.level));
    Review {
        hub_devices,
        effects,
        timeline: timeline(&plan, input),
        conflicts,
        findings,
        counts: input.counts,
        asked: answers.queries(),
        plan,
    }
}
