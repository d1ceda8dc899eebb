//! Carries out an approved plan and tells of every step.

use super::connect::Connection;
use super::failure::Failure;
use super::session::Session;
use crate::plan::ApprovedPlan;
use crate::reconcile::{Action, Conduct, Outcome, Progress, reconcile};
use crate::report::{Event, outcome_text};

/// Carries out an approved plan and tells of every step as it is settled.
///
/// # Errors
/// When the hub's time cannot be read; nothing was done then.
pub(super) async fn carry_out(
    session: &Session,
    connection: &Connection,
    plan: &ApprovedPlan,
) -> Result<Vec<Outcome>, Failure> {
    // Deadlines are checked against this reading: another process may have moved the clock.
    connection.now().await?;
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
    Ok(reconcile(&connection.hub, plan, &conduct).await)
}
