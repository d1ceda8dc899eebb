//! `hubjobs apply`.

use std::collections::BTreeSet;

use super::apply_plan;
use super::carry_out::carry_out;
use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::hubs::HubEnd;
use super::pending::Pending;
use super::plan_args::{ApplyArgs, ReviewArgs};
use super::plan_failure::PlanFailure;
use super::review::{detail, document, look, show};
use super::session::Session;
use super::wait_loop::{Vigil, due_jobs};
use crate::model::{Environment, JobId};
use crate::plan::{ApprovedPlan, Plan, Row, Selection, Step, approve};
use crate::reconcile::Action;
use crate::report::{Event, PlanDocument, Untrusted, counted, tally, tally_text, warning_label};

/// Makes the hub's jobs what the manifests say.
///
/// # Errors
/// When the project is invalid, the hub cannot be read, or the plan is not approved.
pub(super) async fn run(args: &ApplyArgs, session: &Session) -> Result<Exit, Failure> {
    if let Some(path) = &args.plan {
        return apply_plan::run(path, args, session).await;
    }
    let contexts = session.contexts()?;
    let Some(first) = contexts.first() else { return Ok(Exit::Done) };
    if first.environment.require_signed_plan {
        return Err(PlanFailure::SignedPlanRequired(first.environment.name.to_string()).into());
    }
    let selection = first.select(&args.selection)?;
    let work = async |context, connection: &Connection| apply(args, session, context, connection, &selection).await;
    session.over_hubs(contexts, work).await
}

async fn apply(
    args: &ApplyArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
) -> Result<HubEnd, Failure> {
    let approved = agree(args, session, context, connection, selection).await?;
    carry_on(args, &args.review, session, context, connection, selection, &approved).await
}

/// Carries out a plan that was agreed to, and waits for its jobs if that is asked for.
pub(super) async fn carry_on(
    args: &ApplyArgs,
    review: &ReviewArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
    approved: &ApprovedPlan,
) -> Result<HubEnd, Failure> {
    let terminal = &session.terminal;
    let plan = approved.plan();
    let outcomes = carry_out(session, connection, approved).await?;
    let sum = tally(&outcomes);
    terminal.event(&Event::ApplySummary(sum));
    let words = if outcomes.is_empty() { "Nothing to do now.".to_owned() } else { tally_text(&sum) };
    terminal.text(&format!("{words}\n"));
    let exit = Exit::of_outcomes(plan, &outcomes);
    if let Some(interrupted) = session.signals.exit() {
        return Ok(HubEnd { exit: exit.or_worse(interrupted), words });
    }
    if !args.wait {
        return Ok(HubEnd { exit, words });
    }
    let vigil = Vigil { session, context, connection, timeout: args.timeout, inquiry: review.inquiry(connection) };
    let waited = vigil.keep(due_jobs(plan, &outcomes), Pending::of(plan, &outcomes, selection)).await;
    Ok(HubEnd { exit: exit.or_worse(waited), words })
}

/// A plan that keeps the limits and, unless consent was given beforehand, that the user agreed to.
/// Answering takes time, and so the hub and its clock are read again after it: what is applied is
/// always a plan of this moment, and one with other actions than those agreed to is asked about
/// again.
async fn agree(
    args: &ApplyArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
) -> Result<ApprovedPlan, Failure> {
    let mut shown = consider(args, session, context, connection, selection, None).await?;
    while shown.plan().has_actions() && !args.auto_approve && args.reviewed.is_empty() {
        ask(session, context, shown.plan()).await?;
        let agreed = actions(shown.plan());
        let fresh = consider(args, session, context, connection, selection, Some(&agreed)).await?;
        if actions(fresh.plan()) == agreed {
            return Ok(fresh);
        }
        shown = fresh;
    }
    Ok(shown)
}

/// Plans, and shows the plan unless its actions are those that were agreed to.
async fn consider(
    args: &ApplyArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
    agreed: Option<&Actions>,
) -> Result<ApprovedPlan, Failure> {
    let review = look(session, context, connection, selection, &args.review.inquiry(connection)).await?;
    let document = document(context, selection, &review, None);
    let actions = actions(review.plan());
    if let Some(agreed) = agreed.filter(|agreed| **agreed != actions) {
        session.terminal.stderr(&changes_text(agreed, &actions));
    }
    if agreed != Some(&actions) || review.is_denied() {
        show(&document, detail(session), &session.terminal);
    }
    is_reviewed(args, &document)?;
    approve(review).map_err(|_| Failure::UnsafePlan(context.environment.name.to_string()))
}

/// With `--reviewed`, whether the plan is one of those. One that does nothing, now or while waiting, needs no
/// review: so a run can be repeated after it cancelled what was to be cancelled.
fn is_reviewed(args: &ApplyArgs, document: &PlanDocument) -> Result<(), PlanFailure> {
    let sum = &document.summary;
    let is_idle = sum.create + sum.replace + sum.cancel + sum.deferred == 0;
    if args.reviewed.is_empty() || is_idle || args.reviewed.contains(&document.digest) {
        return Ok(());
    }
    Err(PlanFailure::NotReviewed { digest: document.digest.clone(), environment: document.environment.clone() })
}

/// What a plan does to which jobs.
type Actions = BTreeSet<(Action, JobId)>;

fn actions(plan: &Plan) -> Actions {
    let of_row = |row: &Row| match &row.step {
        Step::Create(create) => {
            let cancels = create.after.iter().map(|id| (Action::Cancel, id.clone()));
            cancels.chain([(Action::Create, create.job.id.to_job_id())]).collect()
        }
        Step::Cancel { id, .. } => vec![(Action::Cancel, id.clone())],
        Step::Deferred(_) | Step::Blocked { .. } | Step::Idle { .. } => Vec::new(),
    };
    plan.rows.iter().flat_map(of_row).collect()
}

/// What became different while the user thought.
fn changes_text(agreed: &Actions, now: &Actions) -> String {
    let mut text = format!("{}: nothing was done yet, and the plan is another one by now:\n", warning_label());
    let mut line = |word: &str, (action, id): &(Action, JobId)| {
        let verb = match action {
            Action::Create => "create",
            Action::Cancel => "cancel",
        };
        text.push_str(&format!("  {word} {verb} {}\n", Untrusted::new(id.as_str())));
    };
    agreed.difference(now).for_each(|gone| line("no longer:", gone));
    now.difference(agreed).for_each(|new| line("new:", new));
    text.push('\n');
    text
}

async fn ask(session: &Session, context: &Context, plan: &Plan) -> Result<(), Failure> {
    let sum = plan.summary();
    let parts = [("create", sum.create), ("replace", sum.replace), ("cancel", sum.cancel)];
    let parts = parts.iter().filter(|(_, count)| *count > 0);
    let what: Vec<_> = parts.map(|(verb, count)| format!("{verb} {}", counted(*count, "job"))).collect();
    let Environment { name, hub_name, .. } = &context.environment;
    let hub = hub_name.as_ref().map(|hub| format!(", hub `{hub}`")).unwrap_or_default();
    session.ask(&format!("\nApply this to environment `{name}`{hub} ({})?", what.join(", "))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_since_the_question_is_named() {
        let set = |words: &[(Action, &str)]| -> Actions { words.iter().map(|(a, id)| (*a, JobId::new(*id))).collect() };
        let agreed = set(&[(Action::Create, "a"), (Action::Create, "b")]);
        let text = changes_text(&agreed, &set(&[(Action::Create, "b"), (Action::Cancel, "c")]));
        assert!(text.contains("  no longer: create a\n  new: cancel c\n"), "{text}");
        assert!(!text.contains("create b"), "{text}");
    }
}
