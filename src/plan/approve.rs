//! The gate between a plan and the hub: the only way to an [`ApprovedPlan`].

use super::finding::{Finding, Level, Rule};
use super::input::Completeness;
use super::review::Review;
use super::row::{CancelReason, Plan, Step};
use crate::model::SafetyLimits;

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

/// Lets a plan through to the hub, unless a finding stops it.
///
/// # Errors
/// When a finding stops it.
pub fn approve(review: Review) -> Result<ApprovedPlan, Box<Review>> {
    if review.is_denied() { Err(Box::new(review)) } else { Ok(ApprovedPlan(review.into_plan())) }
}

/// The limits of the environment that a plan breaks.
pub(super) fn safety_findings(plan: &Plan, limits: &SafetyLimits) -> Vec<Finding> {
    let is_prune = |step: &Step| matches!(step, Step::Cancel { reason: CancelReason::ManifestRemoved, .. });
    let cancels = plan.rows.iter().filter(|row| is_prune(&row.step)).count();
    if cancels == 0 {
        return Vec::new();
    }
    let mut found = Vec::new();
    if plan.completeness == Completeness::Partial {
        found.push(denial(
            Rule::PruneOnPartialView,
            format!("{cancels} waiting jobs would be cancelled, but some manifests could not be found or read"),
            "run `hubjobs validate` and fix what it finds".to_owned(),
        ));
    }
    if plan.manifest_count == 0 {
        found.push(denial(
            Rule::PruneWithoutManifests,
            format!("not one manifest was loaded, so all {cancels} waiting jobs would be cancelled"),
            "check `spec.manifests` in hubjobs.yaml; to really cancel all, set `suspend: true` in the manifests first"
                .to_owned(),
        ));
    }
    let (of, limit) = (plan.own_waiting_count, limits.max_cancel_percent);
    if of >= CANCEL_PERCENT_FROM && limit.is_exceeded_by(cancels as u64, of as u64) {
        let percent = (cancels * 100).div_ceil(of.max(1));
        found.push(denial(
            Rule::MaxCancelPercent,
            format!(
                "{cancels} of {of} waiting jobs would be cancelled because their manifests are gone, \
                 the limit is {limit} (`maxCancelPercent`)"
            ),
            format!("if this is meant, set `safety: {{maxCancelPercent: {percent}}}` in the environment"),
        ));
    }
    found
}

const fn denial(rule: Rule, message: String, help: String) -> Finding {
    Finding { rule, level: Level::Deny, message, help: Some(help), source: None, row: None, acknowledged: None }
}
