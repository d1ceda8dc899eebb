//! `hubjobs plan`.

use std::collections::HashSet;

use super::args::{PlanArgs, PlanFormat};
use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use super::terminal::{Form, Terminal};
use crate::expand::next_occurrences;
use crate::model::{Manifest, ManifestName, Schedule, Seconds};
use crate::plan::{Plan, Refusal, Selection, refusals};
use crate::report::{
    Detail, Event, PlanView, Upcoming, UpcomingStart, json_text, plan_json, plan_text, refusals_text, zone_of,
};
use crate::run_once::plan_once;

/// Shows what apply would do.
///
/// # Errors
/// When the project is invalid or the hub cannot be read.
pub(super) async fn run(args: &PlanArgs, session: &Session) -> Result<Exit, Failure> {
    let context = session.context()?;
    let selection = context.select(&args.selection)?;
    session.with_hub(context, async |connection| plan(args, session, context, connection, &selection).await).await
}

async fn plan(
    args: &PlanArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
) -> Result<Exit, Failure> {
    connection.now().await?;
    let plan = session.read(plan_once(&connection.hub, &context.scope(selection), &*connection.clock)).await?;
    let refusals = refusals(&plan, &context.environment.safety);
    let upcoming = upcoming(context, selection, &plan, args.occurrences);
    let view = PlanView {
        plan: &plan,
        hub: &connection.label,
        manifests: &context.manifests,
        upcoming: &upcoming,
        detail: detail(session),
    };
    match args.output {
        PlanFormat::Json if session.terminal.form() == Form::Text => {
            session.terminal.result(&json_text(&plan_json(&view, &refusals)));
        }
        PlanFormat::Text | PlanFormat::Json => show(&view, &refusals, &session.terminal),
    }
    Ok(if args.detailed_exitcode { Exit::of_plan(&plan, &refusals) } else { Exit::Done })
}

/// How much the command line wants to be told.
pub(super) const fn detail(session: &Session) -> Detail {
    if session.global.verbose > 0 { Detail::Full } else { Detail::Brief }
}

/// Shows a plan to people or machines, and the limits that it breaks.
pub(super) fn show(view: &PlanView<'_>, refusals: &[Refusal], terminal: &Terminal) {
    match terminal.form() {
        Form::Text => {
            terminal.result(&plan_text(view));
            terminal.stderr(&refusals_text(refusals));
        }
        Form::Events => {
            for row in view.plan.rows.iter().filter(|row| Event::is_action(row)) {
                terminal.event(&Event::PlannedAction(row, view));
            }
            terminal.event(&Event::PlanSummary(view));
            for refusal in refusals {
                terminal.event(&Event::Refused(refusal));
            }
        }
    }
}

/// The next runs: as many as asked for of every manifest, else one of each that no row is about.
pub(super) fn upcoming(context: &Context, selection: &Selection, plan: &Plan, count: Option<u16>) -> Vec<Upcoming> {
    let with_rows: HashSet<&ManifestName> = plan.rows.iter().map(|row| &row.name).collect();
    let has_row = |manifest: &Manifest| with_rows.contains(&manifest.name);
    let is_wanted = |manifest: &&Manifest| {
        !manifest.suspend && selection.covers(&manifest.name) && (count.is_some() || !has_row(manifest))
    };
    let next = |manifest: &Manifest| {
        let lookahead = context.environment.lookahead;
        let deadline = starting_deadline(manifest);
        let start = |next: crate::expand::Occurrence| UpcomingStart {
            start: next.start,
            local: next.local,
            zone: zone_of(manifest).cloned(),
            dst: next.dst,
            apply_between: (
                next.start.checked_sub(lookahead.to_signed()).unwrap_or(next.start),
                next.start.checked_add(deadline.to_signed()).unwrap_or(next.start),
            ),
        };
        let starts = next_occurrences(manifest, plan.now, usize::from(count.unwrap_or(1)));
        Upcoming { name: manifest.name.clone(), starts: starts.into_iter().map(start).collect() }
    };
    let mut upcoming: Vec<_> = context.manifests.iter().map(AsRef::as_ref).filter(is_wanted).map(next).collect();
    upcoming.retain(|next| !next.starts.is_empty());
    upcoming.sort_by(|a, b| a.name.cmp(&b.name));
    upcoming
}

fn starting_deadline(manifest: &Manifest) -> Seconds {
    match &manifest.schedule {
        Schedule::At(at) => at.starting_deadline,
        Schedule::Cron(cron) => cron.starting_deadline,
        Schedule::Asap(_) => Seconds::ZERO,
    }
}
