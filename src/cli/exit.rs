//! How the process ends. Pipelines branch on these numbers, so they never change their meaning.

use std::process::ExitCode;

use crate::plan::Plan;
use crate::reconcile::{Outcome, Ruling, Settled};
use crate::report::PlanDocument;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Exit {
    /// Done, or left for a later run as planned.
    Done,
    /// An error: usage, invalid manifest, authorisation, hub unreachable, clock.
    Error,
    /// With `--detailed-exitcode`: there is something to do.
    Differences,
    /// After waiting: a job failed as a whole, missed its `successWhen`, or is not over in time.
    JobFailed,
    /// A saved plan that no longer fits, was changed, or is not signed where it must be.
    Stale,
    /// Refused by a limit.
    Refused,
    /// Something could not be done, while other things could, or is blocked.
    Partly,
    /// It is not known what the hub did.
    Uncertain,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Exit {
    /// All of them, in the order of their numbers.
    pub(super) const ALL: [Self; 10] = [
        Self::Done,
        Self::Error,
        Self::Differences,
        Self::JobFailed,
        Self::Stale,
        Self::Refused,
        Self::Partly,
        Self::Uncertain,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number.
    #[must_use]
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Differences => 2,
            Self::JobFailed => 3,
            Self::Stale => 4,
            Self::Refused => 5,
            Self::Partly => 6,
            Self::Uncertain => 7,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// What it means, in a few words.
    #[must_use]
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Error => "failed",
            Self::Differences => "something to do",
            Self::JobFailed => "a job failed",
            Self::Stale => "the saved plan no longer fits",
            Self::Refused => "refused",
            Self::Partly => "partly done, or blocked",
            Self::Uncertain => "uncertain",
            Self::Interrupted | Self::Terminated => "interrupted",
        }
    }

    /// What it means, as the manual and the README have it.
    #[must_use]
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done; also when something is deferred until a lane frees",
            Self::Error => "error: usage, invalid manifest, sign-in, hub unreachable, clock",
            Self::Differences => {
                "`plan` and `show` with `--detailed-exitcode`: there are differences; `drift --detailed-exitcode`: \
                 there is drift"
            }
            Self::JobFailed => {
                "after `--wait`: a job failed as a whole, missed its `successWhen`, or did not end in time"
            }
            Self::Stale => {
                "the saved plan is stale, was changed, or is not signed where it must be; nothing was changed"
            }
            Self::Refused => {
                "refused by a safety limit, a policy or a missing approval; nothing was changed; also of every `plan` \
                 that would be refused"
            }
            Self::Partly => {
                "partly done, or something is blocked and needs a person; also of `plan` and `show` with \
                 `--detailed-exitcode`"
            }
            Self::Uncertain => "the outcome of at least one call is uncertain",
            Self::Interrupted | Self::Terminated => "interrupted; safe to run again",
        }
    }

    /// Of `--detailed-exitcode`.
    #[must_use]
    pub(super) fn of_plan(plan: &PlanDocument) -> Self {
        let sum = &plan.summary;
        if plan.is_denied() {
            Self::Refused
        } else if sum.blocked > 0 {
            Self::Partly
        } else if sum.create + sum.replace + sum.cancel + sum.deferred > 0 {
            Self::Differences
        } else {
            Self::Done
        }
    }

    /// Of an apply: the worst of its outcomes, and of what it could not even try.
    #[must_use]
    pub(super) fn of_outcomes(plan: &Plan, outcomes: &[Outcome]) -> Self {
        let blocked = if plan.has_blocked() { Self::Partly } else { Self::Done };
        Self::of_steps(outcomes).or_worse(blocked)
    }

    /// Of steps: the worst of them.
    #[must_use]
    pub(super) fn of_steps(outcomes: &[Outcome]) -> Self {
        let any = |ruling: Ruling| outcomes.iter().any(|outcome| outcome.settled.ruling() == ruling);
        let anything_done = outcomes.iter().any(|outcome| matches!(outcome.settled, Settled::Done(_)));
        if any(Ruling::Uncertain) {
            Self::Uncertain
        } else if any(Ruling::Interrupted) {
            Self::Interrupted
        } else if any(Ruling::Failed) && !anything_done {
            Self::Error
        } else if any(Ruling::Failed) || any(Ruling::NotDone) {
            Self::Partly
        } else {
            Self::Done
        }
    }

    /// The graver of two ends of one run: what is uncertain tops what failed, an interruption is
    /// told before either of the lesser ones. An error beside work that was done makes a part of it.
    #[must_use]
    pub(super) const fn or_worse(self, other: Self) -> Self {
        if other.gravity() > self.gravity() { other } else { self }
    }

    const fn gravity(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Differences => 1,
            Self::JobFailed => 2,
            Self::Error => 3,
            Self::Partly => 4,
            Self::Stale => 5,
            Self::Refused => 6,
            Self::Interrupted => 7,
            // Steps that a signal stopped do not know which.
            Self::Terminated => 8,
            Self::Uncertain => 9,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::HubError;
    use crate::model::{JobId, ManifestName, OccurrenceKey, OccurrenceKind};
    use crate::reconcile::{Action, Certainty};

    fn outcomes(settled: &[Settled]) -> Vec<Outcome> {
        let start = "2026-12-01T09:00:00Z".parse().expect("a time");
        let occurrence = OccurrenceKey::new(OccurrenceKind::At, start).expect("a whole minute");
        let name = ManifestName::new("lock-doors").expect("a name");
        let outcome = |settled: &Settled| Outcome {
            action: Action::Create,
            name: name.clone(),
            occurrence,
            id: JobId::new("id"),
            settled: settled.clone(),
        };
        settled.iter().map(outcome).collect()
    }

    #[test]
    fn the_worst_outcome_decides() {
        let done = Settled::Done(Certainty::Answered);
        let failed = Settled::Failed(HubError::Throttled { retry_after: None });
        let uncertain = Settled::Uncertain("reset".to_owned());
        for (settled, exit) in [
            (vec![], Exit::Done),
            (vec![done.clone(), Settled::Deferred], Exit::Done),
            (vec![failed.clone()], Exit::Error),
            (vec![done.clone(), failed.clone()], Exit::Partly),
            (vec![Settled::TooLate], Exit::Partly),
            (vec![done, Settled::Interrupted], Exit::Interrupted),
            (vec![failed, uncertain, Settled::Interrupted], Exit::Uncertain),
        ] {
            assert_eq!(Exit::of_steps(&outcomes(&settled)), exit, "{settled:?}");
        }
    }

    #[test]
    fn a_failed_job_does_not_hide_a_failed_apply() {
        assert_eq!(Exit::Partly.or_worse(Exit::JobFailed), Exit::Partly);
        assert_eq!(Exit::Done.or_worse(Exit::JobFailed), Exit::JobFailed);
        assert_eq!(Exit::JobFailed.or_worse(Exit::Interrupted), Exit::Interrupted);
    }

    #[test]
    fn a_failed_wait_does_not_hide_a_failed_apply() {
        assert_eq!(Exit::Partly.or_worse(Exit::Error), Exit::Partly);
        assert_eq!(Exit::Uncertain.or_worse(Exit::Error), Exit::Uncertain);
        assert_eq!(Exit::Done.or_worse(Exit::Error), Exit::Error);
    }

    #[test]
    fn the_readme_has_every_meaning() {
        let readme = include_str!("../../README.md");
        for exit in Exit::ALL.iter().filter(|exit| exit.code() < 128) {
            let row = format!("| {} | {} |", exit.code(), exit.meaning());
            assert!(readme.contains(&row), "no row {row}");
        }
        assert!(readme.contains(&format!("| 130, 143 | {} |", Exit::Interrupted.meaning())));
    }

    #[test]
    fn all_are_listed_in_order() {
        let codes = Exit::ALL.map(Exit::code);
        assert!(codes.is_sorted() && codes.len() == 10, "{codes:?}");
    }

    #[test]
    fn the_signal_names_the_interruption() {
        let stopped = Exit::of_steps(&outcomes(&[Settled::Interrupted]));
        assert_eq!(stopped.or_worse(Exit::Terminated), Exit::Terminated);
        assert_eq!(stopped.or_worse(Exit::Interrupted), Exit::Interrupted);
        assert_eq!(Exit::Uncertain.or_worse(Exit::Terminated), Exit::Uncertain);
    }
}
