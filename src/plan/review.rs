//! A plan together with all that its reviewer has to know.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::acknowledgement::Acknowledgement;
use super::conflict::{Conflict, conflict_questions, conflicts};
use super::effect::{
    Act, Effect, Outlook, acts, coming, effect_findings, effect_questions, effects, hub_devices, matched, messages,
    once, path_questions,
};
use super::finding::Finding;
use super::policy;
use super::question::{Answers, Counts, Question};
use super::renamed::renamed_findings;
use super::row::Plan;
use super::safety;
use super::timeline::{Timeline, timeline};
use crate::model::{Desired, Manifest, ManifestName, ObservedConfiguration, ObservedJob, Policy, SafetyLimits};

/// All that a review depends on beside the plan.
#[derive(Debug, Clone, Copy)]
pub struct ReviewInput<'a> {
    /// Every manifest of the project that is valid.
    pub manifests: &'a [Arc<Manifest>],
    /// What is not due yet.
    pub coming: Coming<'a>,
    /// The slots of those manifests that were examined.
    pub desired: &'a [Desired],
    /// Every job of the hub, own and foreign.
    pub observed: &'a [ObservedJob],
    /// Limits of the environment.
    pub limits: &'a SafetyLimits,
    /// Every policy of the project that is valid.
    pub policies: &'a [Policy],
    /// What somebody consents to beyond the limits.
    pub acknowledgements: &'a [Acknowledgement],
    /// Whether devices are counted.
    pub counts: Counts,
    /// The automatic device configurations of the hub.
    pub configurations: Configurations<'a>,
}

/// Whether what is not due yet is looked at, too: who reviews has to know it, who applies need not.
#[derive(Debug, Clone, Copy)]
pub enum Coming<'a> {
    /// The rows that are not due or whose job waits on the hub, and these manifests, which run later than
    /// the plan looks ahead, so that no row is about them.
    Reviewed(&'a [Arc<Manifest>]),
    /// Only what starts a job is looked at.
    Ignored,
}

impl<'a> Coming<'a> {
    /// The manifests that no row is about.
    const fn later(self) -> &'a [Arc<Manifest>] {
        match self {
            Self::Reviewed(later) => later,
            Self::Ignored => &[],
        }
    }
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
            coming: Coming::Ignored,
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
    /// Of manifests that no row is about.
    outlook: BTreeMap<ManifestName, Effect>,
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

    /// What each row of the plan does to the fleet, now or when it is due, in the order of the rows;
    /// nothing for rows that do nothing to devices.
    #[must_use]
    pub fn effects(&self) -> &[Option<Effect>] {
        &self.effects
    }

    /// What the next run of a manifest that no row is about does to the fleet, as far as that shows today.
    #[must_use]
    pub fn outlook(&self, name: &ManifestName) -> Option<&Effect> {
        self.outlook.get(name)
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
        messages(&self.plan, &self.effects)
    }

    pub(super) fn into_plan(self) -> Plan {
        self.plan
    }
}

/// What the hub has to be asked for a review, each query once, the most important first.
#[must_use]
pub fn questions(plan: &Plan, input: &ReviewInput<'_>) -> Vec<Question> {
    let acts = acts(plan, input.manifests);
    let coming = coming_acts(plan, input);
    let mut questions = conflict_questions(plan, input);
    if !acts.is_empty() {
        questions = effect_questions(&acts, questions);
    }
    // What is to be done now comes first, should there not be time for all.
    if !coming.is_empty() {
        questions.extend(effect_questions(&coming, Vec::new()));
    }
    once(questions)
}

fn coming_acts<'a>(plan: &'a Plan, input: &ReviewInput<'a>) -> Vec<Act<'a>> {
    match input.coming {
        Coming::Reviewed(later) => coming(plan, input.manifests, later),
        Coming::Ignored => Vec::new(),
    }
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
    let coming = coming_acts(plan, input);
    let is_for_nobody = |act: &&Act<'_>| matched(&act.condition, answers) == Some(0);
    let strange = acts.iter().filter(is_strange).chain(coming.iter().filter(is_for_nobody));
    once(strange.flat_map(|act| path_questions(&act.condition)))
}

/// Looks at a plan as its reviewer would: what it does to the fleet, and which rules it breaks.
#[must_use]
pub fn review(plan: Plan, input: &ReviewInput<'_>, answers: &Answers) -> Review {
    let later = input.coming.later();
    let mut all = acts(&plan, input.manifests);
    all.extend(coming_acts(&plan, input));
    let mut effects = effects(&all, plan.rows.len() + later.len(), plan.size, answers);
    drop(all);
    let effects_later = effects.split_off(plan.rows.len());
    let outlook: Outlook<'_> = later.iter().zip(&effects_later).collect();
    let hub_devices = hub_devices(answers);
    let subject = safety::Subject {
        plan: &plan,
        effects: &effects,
        answers,
        hub_devices,
        manifests: input.manifests,
        observed: input.observed,
        limits: input.limits,
        acknowledgements: input.acknowledgements,
        counts: input.counts,
    };
    let mut findings = safety::findings(&subject);
    findings.extend(safety::outlook(&subject, &outlook));
    findings.extend(policy::findings(&policy::Subject {
        plan: &plan,
        effects: &effects,
        hub_devices,
        manifests: input.manifests,
        policies: input.policies,
        counts: input.counts,
    }));
    findings.extend(renamed_findings(&plan, input));
    findings.extend(effect_findings(&plan, &effects, &outlook, answers, input.configurations));
    let (conflicts, conflicting) = conflicts(&plan, input, answers);
    findings.extend(conflicting);
    findings.sort_by_key(|finding| (!finding.denies(), finding.level));
    Review {
        hub_devices,
        effects,
        outlook: later.iter().zip(effects_later).filter_map(known).collect(),
        timeline: timeline(&plan, input),
        conflicts,
        findings,
        counts: input.counts,
        asked: answers.queries(),
        plan,
    }
}

fn known((manifest, effect): (&Arc<Manifest>, Option<Effect>)) -> Option<(ManifestName, Effect)> {
    Some((manifest.name.clone(), effect?))
}
