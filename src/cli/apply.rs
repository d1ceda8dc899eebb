//! `hubjobs apply`.

use super::args::ApplyArgs;
use super::carry_out::carry_out;
use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::plan::{detail, show, upcoming};
use super::session::Session;
use super::wait_loop::{Pending, Vigil, due_jobs};
use crate::plan::{Plan, Selection, approve};
use crate::report::{Event, PlanView, counted, tally, tally_text};
use crate::run_once::plan_once;

/// Makes the hub's jobs what the manifests say.
///
/// # Errors
/// When the project is invalid, the hub cannot be read, or the plan is not approved.
pub(super) async fn run(args: &ApplyArgs, session: &Session) -> Result<Exit, Failure> {
    let context = session.context()?;
    let selection = context.select(&args.selection)?;
    session.with_hub(&context, async |connection| apply(args, session, &context, connection, &selection).await).await
}

async fn apply(
    args: &ApplyArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
) -> Result<Exit, Failure> {
    let terminal = &session.terminal;
    connection.now().await?;
    let plan = session.read(plan_once(&connection.hub, &context.scope(selection), &*connection.clock)).await?;
    let limits = &context.environment.safety;
    let approved = match approve(plan.clone(), limits) {
        Ok(approved) => {
            show_plan(session, context, connection, selection, &plan, &[]);
            approved
        }
        Err(refused) => {
            show_plan(session, context, connection, selection, &plan, &refused.refusals);
            return Err(Failure::UnsafePlan(context.environment.name.to_string()));
        }
    };
    if plan.has_actions() && !args.auto_approve {
        ask(session, context, &plan).await?;
    }
    let outcomes = carry_out(session, connection, &approved).await;
    let sum = tally(&outcomes);
    terminal.event(&Event::ApplySummary(sum));
    match outcomes.is_empty() {
        true => terminal.text("Nothing to do now.\n"),
        false => terminal.text(&format!("{}\n", tally_text(&sum))),
    }
    let exit = Exit::of_outcomes(&plan, &outcomes);
    if let Some(interrupted) = session.signals.exit() {
        return Ok(exit.or_worse(interrupted));
    }
    if !args.wait {
        return Ok(exit);
    }
    let vigil = Vigil { session, context, connection, timeout: args.timeout };
    let waited = vigil.keep(due_jobs(&plan, &outcomes), Pending::of(&plan, &outcomes, selection)).await?;
    Ok(exit.or_worse(waited))
}

fn show_plan(
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
    plan: &Plan,
    refusals: &[crate::plan::Refusal],
) {
    let upcoming = upcoming(context, selection, plan, None);
    let manifests = &context.manifests;
    let view = PlanView { plan, hub: &connection.label, manifests, upcoming: &upcoming, detail: detail(session) };
    show(&view, refusals, &session.terminal);
}

async fn ask(session: &Session, context: &Context, plan: &Plan) -> Result<(), Failure> {
    let sum = plan.summary();
    let parts = [("create", sum.create), ("replace", sum.replace), ("cancel", sum.cancel)];
    let parts = parts.iter().filter(|(_, count)| *count > 0);
    let what: Vec<_> = parts.map(|(verb, count)| format!("{verb} {}", counted(*count, "job"))).collect();
    let environment = &context.environment.name;
    session.ask(&format!("\nApply this to environment `{environment}` ({})?", what.join(", "))).await
}
