//! Carries out an approved plan and tells of every step.

use super::connect::Connection;
use super::session::Session;
use crate::plan::ApprovedPlan;
use crate::reconcile::{Action, Conduct, Outcome, Progress, reconcile};
use crate::report::{Event, outcome_text};

/// Carries out an approved plan and tells of every step as it is settled.
pub(super) async fn carry_out(session: &Session, connection: &Connection, plan: &ApprovedPlan) -> Vec<Outcome> {
    let terminal = &session.terminal;
    let tell = |progress: Progress<'_>| match progress {
        Progress::Cancelling(id) => terminal.event(&Event::ApplyStart(Action::Cancel, id)),
        Progress::Creating(id) => terminal.event(&Event::ApplyStart(Action::Create, id)),
        Progress::Settled(outcome) => {
            terminal.event(&Event::ApplyComplete(outcome));
            terminal.text(&outcome_text(outcome));
        }
    };
    let conduct = Conduct {
        clock: connection.clock.as_ref(),
        patience: connection.patience,
        concurrency_max: connection.concurrency,
        interrupt: session.signals.interrupt(),
        progress: &tell,
    };
    reconcile(&connection.hub, plan, &conduct).await
}
