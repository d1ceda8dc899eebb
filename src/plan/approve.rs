//! The gate between a plan and the hub: the only way to an [`ApprovedPlan`].

use super::review::Review;
use super::row::Plan;

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
