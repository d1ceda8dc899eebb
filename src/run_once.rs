//! One run on one screen: the only place where the stages meet.
//!
//! ```text
//! files -load-> SourceMap -validate-> [Manifest] -expand-> [Desired] --+
//! hub ------------------observe-> [ObservedJob] -----------------------+-plan-> Plan -approve-> ApprovedPlan -reconcile-> [Outcome]
//! ```

use std::collections::{BTreeSet, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::expand::{Window, expand};
use crate::hub::{AskProgress, AskTerms, Asked, HubClient, HubError, NotAsked, Observation, Wanted, ask, observe};
use crate::model::{Desired, Environment, Manifest, Owner, Policy, Schedule};
use crate::plan::{
    Acknowledgement, Answer, Answers, Coming, Completeness, Configurations, Counts, Drift, Holding, Plan, PlanInput,
    Question, Review, ReviewInput, Selection, Unasked, device_drift, further_questions, holdings, job_drift, plan,
    questions, review,
};
use crate::reconcile::Clock;

/// A clock further off than this would create jobs at wrong times.
const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_secs(60);

/// What a run is about.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Hub and rules.
    pub environment: &'a Environment,
    /// Whose jobs.
    pub owner: &'a Owner,
    /// Every valid manifest of the project.
    pub manifests: &'a [Arc<Manifest>],
    /// Every valid policy of the project.
    pub policies: &'a [Policy],
    /// Whether that is all of the manifests.
    pub completeness: Completeness,
    /// Which of them count.
    pub selection: &'a Selection,
}

/// Why a run came to no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The hub could not be read.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// Clock and hub disagree.
    #[error("the clock of this machine is {} {} the hub's", format_skew(*skew), if skew.is_negative() { "behind" } else { "ahead of" })]
    ClockSkew {
        /// Ours minus the hub's.
        skew: SignedDuration,
    },
}

fn format_skew(skew: SignedDuration) -> String {
    crate::model::Seconds::new(skew.abs().as_secs().unsigned_abs()).to_string()
}

/// A plan, and what it was made from.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Manifests that run later than the plan looks ahead, so that no row is about them.
    later: Vec<Arc<Manifest>>,
    observation: Observation,
    desired: Vec<Desired>,
}

/// What a review is to look at beside the plan.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    /// Whether devices are counted.
    pub counts: Counts,
    /// Whether what is not due yet is looked at, too.
    pub is_of_coming: bool,
    /// What somebody consents to beyond the limits.
    pub acknowledgements: &'a [Acknowledgement],
    /// Questions at once.
    pub concurrency_max: NonZeroUsize,
    /// How far counting has come.
    pub progress: &'a AskProgress,
}

/// Reads the hub and decides what to do. Changes nothing.
///
/// The clock is read after the hub: pages may take minutes where calls are scarce, and a plan is
/// for the time at which it is made.
///
/// # Errors
/// When the hub cannot be read, or its clock and ours disagree by more than a minute.
pub async fn plan_once<H: HubClient>(hub: &H, scope: &Scope<'_>, clock: &dyn Clock) -> Result<Planned, RunError> {
    let observation = observe(hub).await?;
    let now = clock.now();
    if let Some(hub_time) = observation.hub_time {
        let skew = now.duration_since(hub_time);
        if skew.abs() > CLOCK_SKEW_MAX {
            return Err(RunError::ClockSkew { skew });
        }
    }
    Ok(planned(scope, now, observation))
}

/// Plans and reviews without a hub, as if there were no job on it: what the manifests want, and which of
/// the rules that need no hub it breaks. Never to be applied.
#[must_use]
pub fn review_offline(scope: &Scope<'_>, now: Timestamp) -> Review {
    let observation = Observation { jobs: Vec::new(), hub_time: None };
    let Planned { plan, later, observation, desired } = planned(scope, now, observation);
    let input = ReviewInput {
        manifests: scope.manifests,
        coming: Coming::Reviewed(&later),
        desired: &desired,
        observed: &observation.jobs,
        limits: &scope.environment.safety,
        policies: scope.policies,
        acknowledgements: &[],
        counts: Counts::Offline,
        configurations: Configurations::NotRead,
    };
    review(plan, &input, &Answers::default())
}

fn planned(scope: &Scope<'_>, now: Timestamp, observation: Observation) -> Planned {
    let desired = expand(scope.manifests, scope.owner, Window { now, lookahead: scope.environment.lookahead });
    let plan = plan(&plan_input(scope, now, &desired, &observation));
    let later = later(scope, &plan);
    Planned { plan, later, observation, desired }
}

/// Asks the hub what the plan would do to its devices, and looks at the plan as its reviewer would.
/// Changes nothing. What the hub does not tell is missing in the review, which says so.
///
/// # Errors
/// When the hub cannot be read.
pub async fn review_once<H: HubClient>(
    hub: &H,
    scope: &Scope<'_>,
    planned: Planned,
    inquiry: &Inquiry<'_>,
) -> Result<Review, RunError> {
    let Planned { plan, later, observation, desired } = planned;
    let configurations = match inquiry.counts {
        Counts::All if plan.writes_twins(scope.manifests) => {
            Some(hub.configurations().await.map_err(|e| e.to_string()))
        }
        Counts::All | Counts::None | Counts::Offline => None,
    };
    let input = ReviewInput {
        manifests: scope.manifests,
        coming: if inquiry.is_of_coming { Coming::Reviewed(&later) } else { Coming::Ignored },
        desired: &desired,
        observed: &observation.jobs,
        limits: &scope.environment.safety,
        policies: scope.policies,
        acknowledgements: inquiry.acknowledgements,
        counts: inquiry.counts,
        configurations: match &configurations {
            Some(Ok(known)) => Configurations::Known(known),
            Some(Err(why)) => Configurations::Refused(why),
            None => Configurations::NotRead,
        },
    };
    let questions = match inquiry.counts {
        Counts::All => questions(&plan, &input),
        Counts::None | Counts::Offline => Vec::new(),
    };
    let terms = AskTerms::of(plan.size, inquiry.concurrency_max);
    let mut told = answers(hub, questions, &terms, inquiry.progress).await;
    // What remains of the budget; these only explain what was found.
    let pages_max = terms.pages_max.saturating_sub(told.queries());
    let mut further = further_questions(&plan, &input, &told);
    further.truncate(pages_max);
    if !further.is_empty() {
        told = told.and(answers(hub, further, &AskTerms { pages_max, ..terms }, inquiry.progress).await);
    }
    let review = review(plan, &input, &told);
    // Nobody has to wait until ten thousand jobs are freed.
    rayon::spawn(move || drop((observation, desired)));
    Ok(review)
}

/// Reads the hub, and says where it is not what the manifests say. Changes nothing.
///
/// # Errors
/// When the hub cannot be read, or its clock and ours disagree by more than a minute.
pub async fn drift_once<H: HubClient>(
    hub: &H,
    scope: &Scope<'_>,
    clock: &dyn Clock,
    inquiry: &Inquiry<'_>,
) -> Result<Drift, RunError> {
    let Planned { plan, observation, desired, .. } = plan_once(hub, scope, clock).await?;
    let input = plan_input(scope, plan.now, &desired, &observation);
    let jobs = job_drift(&plan, &input);
    if inquiry.counts != Counts::All {
        return Ok(Drift { jobs, devices: None });
    }
    let holdings = holdings(&input);
    let terms = AskTerms::of(plan.size, inquiry.concurrency_max);
    let counts: BTreeSet<_> = holdings.iter().flat_map(Holding::counts).cloned().collect();
    let counted = answers(hub, counts.into_iter().collect(), &terms, inquiry.progress).await;
    // Samples are asked for where something was lost, with what the counts left of the budget.
    let terms = AskTerms { pages_max: terms.pages_max.saturating_sub(counted.queries()), ..terms };
    let samples: BTreeSet<_> = holdings.iter().filter_map(|holding| holding.samples(&counted)).cloned().collect();
    let sampled = answers(hub, samples.into_iter().collect(), &terms, inquiry.progress).await;
    Ok(Drift { jobs, devices: Some(device_drift(holdings, &counted.and(sampled))) })
}

/// How many queries the review of a plan begins with, made at `now` over what was observed. Asks nothing.
#[must_use]
pub fn query_count(scope: &Scope<'_>, observation: &Observation, now: Timestamp) -> usize {
    let desired = expand(scope.manifests, scope.owner, Window { now, lookahead: scope.environment.lookahead });
    let plan = plan(&plan_input(scope, now, &desired, observation));
    let input = ReviewInput {
        manifests: scope.manifests,
        coming: Coming::Ignored,
        desired: &desired,
        observed: &observation.jobs,
        limits: &scope.environment.safety,
        policies: scope.policies,
        acknowledgements: &[],
        counts: Counts::All,
        configurations: Configurations::NotRead,
    };
    questions(&plan, &input).len()
}

fn later(scope: &Scope<'_>, plan: &Plan) -> Vec<Arc<Manifest>> {
    let with_rows: HashSet<_> = plan.rows.iter().map(|row| &row.name).collect();
    let is_later = |manifest: &&Arc<Manifest>| {
        let runs = !manifest.suspend && matches!(manifest.schedule, Schedule::Cron(_));
        runs && scope.selection.covers(&manifest.name) && !with_rows.contains(&manifest.name)
    };
    scope.manifests.iter().filter(is_later).cloned().collect()
}

fn plan_input<'a>(
    scope: &Scope<'a>,
    now: Timestamp,
    desired: &'a [Desired],
    observation: &'a Observation,
) -> PlanInput<'a> {
    let environment = scope.environment;
    PlanInput {
        now,
        environment: &environment.name,
        owner: scope.owner,
        size: environment.hub.size(),
        lookahead: environment.lookahead,
        prune: environment.prune,
        selection: scope.selection,
        completeness: scope.completeness,
        manifests: scope.manifests,
        desired,
        observed: &observation.jobs,
    }
}

/// Puts the questions that the hub can take.
async fn answers<H: HubClient>(hub: &H, questions: Vec<Question>, terms: &AskTerms, progress: &AskProgress) -> Answers {
    let (too_long, questions): (Vec<_>, Vec<_>) = questions.into_iter().partition(Question::is_too_long);
    let wanted: Vec<_> = questions
        .iter()
        .map(|question| Wanted { query: question.as_str(), rows_enough: question.rows_enough() })
        .collect();
    let asked = ask(hub, &wanted, terms, progress).await;
    let answer = |question: &Question, asked| match asked {
        Asked::Rows(rows) => Answer::Rows(rows),
        Asked::Part(rows) => question.in_part(rows),
        Asked::Failed(error) => Answer::Failed(error.to_string()),
        Asked::Open(NotAsked::PagesSpent) => Answer::Open(Unasked::BudgetSpent),
        Asked::Open(NotAsked::TimeOver) => Answer::Open(Unasked::TimeOver),
        Asked::Open(NotAsked::InVain) => Answer::Open(Unasked::InVain),
    };
    let unasked = too_long.into_iter().map(|question| (question, Answer::Open(Unasked::TooLong)));
    let told = questions.iter().zip(asked.answers).map(|(question, asked)| (question.clone(), answer(question, asked)));
    told.chain(unasked).collect::<Answers>().with_queries(asked.pages)
}
