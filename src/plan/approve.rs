//! The gate between a plan and the hub: the only way to an [`ApprovedPlan`].

use std::fmt;

use super::input::Completeness;
use super::row::{CancelReason, Plan, Step};
use crate::model::{Percent, SafetyLimits};

/// Below this many own queued and scheduled jobs a percentage says nothing.
const CANCEL_PERCENT_FROM: usize = 5;

/// A plan that keeps the limits of its environment. [`approve`] is its only constructor, and
/// applying takes nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovedPlan(Plan);

impl ApprovedPlan {
    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.0
    }
}

/// A plan that breaks a limit; nothing of it may be applied.
#[derive(Debug, Clone, PartialEq)]
pub struct UnsafePlan {
    /// The plan, for showing it.
    pub plan: Plan,
    /// The limits that it breaks; at least one.
    pub refusals: Vec<Refusal>,
}

/// A limit that a plan breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refusal {
    /// Jobs would be pruned although not one manifest was loaded.
    PruneWithoutManifests {
        /// Jobs that would go.
        cancels: usize,
    },
    /// Jobs would be pruned although some manifests could not be read.
    PruneOnPartialView {
        /// Jobs that would go.
        cancels: usize,
    },
    /// A larger share of the own queued and scheduled jobs would be pruned than the environment
    /// allows.
    TooManyCancels {
        /// Jobs that would go.
        cancels: usize,
        /// Own queued and scheduled jobs.
        of: usize,
        /// The limit.
        limit: Percent,
    },
}

impl Refusal {
    /// Stable code.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::PruneWithoutManifests { .. } => "prune-without-manifests",
            Self::PruneOnPartialView { .. } => "prune-on-partial-view",
            Self::TooManyCancels { .. } => "too-many-cancels",
        }
    }

    /// What would let the plan pass, as a line to type.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::PruneWithoutManifests { .. } => {
                "check `spec.manifests` in hubjobs.yaml; to really cancel all, set `suspend: true` in the manifests first"
                    .to_owned()
            }
            Self::PruneOnPartialView { .. } => "run `hubjobs validate` and fix what it finds".to_owned(),
            Self::TooManyCancels { cancels, of, .. } => {
                let percent = (cancels * 100).div_ceil((*of).max(1));
                format!("if this is meant, set `safety: {{maxCancelPercent: {percent}}}` in the environment")
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PruneWithoutManifests { cancels } => {
                write!(f, "not one manifest was loaded, so all {cancels} waiting jobs would be cancelled")
            }
            Self::PruneOnPartialView { cancels } => {
                write!(f, "{cancels} waiting jobs would be cancelled, but some manifests could not be found or read")
            }
            Self::TooManyCancels { cancels, of, limit } => write!(
                f,
                "{cancels} of {of} waiting jobs would be cancelled because their manifests are gone, \
                 the limit is {limit} (`maxCancelPercent`)"
            ),
        }
    }
}

/// The limits that a plan breaks.
#[must_use]
pub fn refusals(plan: &Plan, limits: &SafetyLimits) -> Vec<Refusal> {
    let is_prune = |step: &Step| matches!(step, Step::Cancel { reason: CancelReason::ManifestRemoved, .. });
    let cancels = plan.rows.iter().filter(|row| is_prune(&row.step)).count();
    if cancels == 0 {
        return Vec::new();
    }
    let mut found = Vec::new();
    if plan.completeness == Completeness::Partial {
        found.push(Refusal::PruneOnPartialView { cancels });
    }
    if plan.manifest_count == 0 {
        found.push(Refusal::PruneWithoutManifests { cancels });
    }
    let of = plan.own_waiting_count;
    if of >= CANCEL_PERCENT_FROM && limits.max_cancel_percent.is_exceeded_by(cancels as u64, of as u64) {
        found.push(Refusal::TooManyCancels { cancels, of, limit: limits.max_cancel_percent });
    }
    found
}

/// Lets a plan through to the hub, or says which limits it breaks.
///
/// # Errors
/// When the plan breaks a limit.
pub fn approve(plan: Plan, limits: &SafetyLimits) -> Result<ApprovedPlan, Box<UnsafePlan>> {
    let refusals = refusals(&plan, limits);
    if refusals.is_empty() { Ok(ApprovedPlan(plan)) } else { Err(Box::new(UnsafePlan { plan, refusals })) }
}
