//! What became of a plan, for people.

use std::fmt::Write as _;

use super::style::{BLOCKED, CANCEL, CREATE, DEFERRED, DIM, HELP, Painted, STRONG, WARNING};
use super::untrusted::Untrusted;
use crate::reconcile::{Action, Certainty, Outcome, Ruling, Settled};

/// How many steps ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutcomeTally {
    /// Jobs created.
    pub created: usize,
    /// Jobs cancelled.
    pub cancelled: usize,
    /// Left for a later run, since every lane is taken.
    pub deferred: usize,
    /// Not done, for a known reason.
    pub not_done: usize,
    /// Refused by the hub, or the hub could not be reached.
    pub failed: usize,
    /// Stopped by the user.
    pub interrupted: usize,
    /// Not known.
    pub uncertain: usize,
}

/// Counts outcomes.
#[must_use]
pub fn tally(outcomes: &[Outcome]) -> OutcomeTally {
    let mut tally = OutcomeTally::default();
    for outcome in outcomes {
        let counter = match (outcome.settled.ruling(), outcome.action) {
            (Ruling::Fine, _) if outcome.settled == Settled::Deferred => &mut tally.deferred,
            (Ruling::Fine, Action::Create) => &mut tally.created,
            (Ruling::Fine, Action::Cancel) => &mut tally.cancelled,
            (Ruling::NotDone, _) => &mut tally.not_done,
            (Ruling::Failed, _) => &mut tally.failed,
            (Ruling::Interrupted, _) => &mut tally.interrupted,
            (Ruling::Uncertain, _) => &mut tally.uncertain,
        };
        *counter += 1;
    }
    tally
}

/// `Apply: 1 created, 1 cancelled; 2 failed.` What did not happen is left out.
#[must_use]
pub fn tally_text(tally: &OutcomeTally) -> String {
    let troubles = [
        (tally.deferred, "deferred"),
        (tally.not_done, "not done"),
        (tally.failed, "failed"),
        (tally.interrupted, "not tried"),
        (tally.uncertain, "uncertain"),
    ];
    let troubles: Vec<_> =
        troubles.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let mut text = format!("Apply: {} created, {} cancelled", tally.created, tally.cancelled);
    if !troubles.is_empty() {
        let _ = write!(text, "; {}", troubles.join(", ")); // a string takes everything
    }
    Painted(STRONG, format!("{text}.")).to_string()
}

/// One outcome: a line, and a line of help when there is something to do about it.
#[must_use]
pub fn outcome_text(outcome: &Outcome) -> String {
    let done = match outcome.action {
        Action::Create => Painted(CREATE, '+'),
        Action::Cancel => Painted(CANCEL, '-'),
    };
    let mark = match outcome.settled.ruling() {
        Ruling::Fine if outcome.settled == Settled::Deferred => Painted(DEFERRED, '~'),
        Ruling::Fine => done,
        Ruling::NotDone | Ruling::Failed => Painted(BLOCKED, '!'),
        Ruling::Interrupted | Ruling::Uncertain => Painted(WARNING, '?'),
    };
    let id = Untrusted::new(outcome.id.as_str()).to_string();
    let mut text = format!("  {mark} {} {}\n", Painted(DIM, id), words(outcome));
    if let Some(help) = help(&outcome.settled) {
        let _ = writeln!(text, "      {} {help}", Painted(HELP, "= help:"));
    }
    text
}

fn words(outcome: &Outcome) -> String {
    let (done, not_done) = match outcome.action {
        Action::Create => ("created", "not created"),
        Action::Cancel => ("cancelled", "not cancelled"),
    };
    match &outcome.settled {
        Settled::Done(Certainty::Answered) => done.to_owned(),
        Settled::Done(Certainty::ReadAfterwards) => {
            format!("{done}; the hub's answer was lost, and the job was read to be sure")
        }
        Settled::Done(Certainty::AlreadyThere) => format!("{done} already, by another run"),
        Settled::Deferred => "deferred: every lane of the hub is taken".to_owned(),
        Settled::TooLate => format!("{not_done}: its deadline passed"),
        Settled::StartedBeforeCancel => format!("{not_done}: it started first, and a running job cannot be stopped"),
        Settled::PredecessorRemains(id) => {
            format!("{not_done}: `{}` had to be cancelled first and was not", Untrusted::new(id.as_str()))
        }
        Settled::Interrupted => format!("{not_done}: interrupted"),
        Settled::IdCollision => format!("{not_done}: a job with this id does something else; it was not touched"),
        Settled::SlotRace { cancelled, confirmed } => {
            let cancelled = Untrusted::new(cancelled.as_str());
            let how = if *confirmed { "was cancelled" } else { "should be cancelled, and could not be" };
            format!("{done}, but another run filled the same slot; `{cancelled}` {how}")
        }
        Settled::Failed(error) => format!("{not_done}: {}", Untrusted::new(&error.to_string())),
        Settled::Uncertain(doubt) => format!("perhaps {done}: {}", Untrusted::new(doubt)),
    }
}

const fn help(settled: &Settled) -> Option<&'static str> {
    match settled {
        Settled::Done(_) | Settled::TooLate | Settled::PredecessorRemains(_) => None,
        Settled::Deferred | Settled::Interrupted | Settled::Failed(_) => {
            Some("repeat the command: it goes on from here")
        }
        Settled::StartedBeforeCancel | Settled::IdCollision => Some("`hubjobs plan` says what can be done now"),
        Settled::SlotRace { .. } => Some("run one commit at a time on this hub; `hubjobs plan` shows how it stands"),
        Settled::Uncertain(_) => Some("`hubjobs plan` shows what the hub did; repeating is safe"),
    }
}
