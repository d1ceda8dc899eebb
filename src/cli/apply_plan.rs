//! `hubjobs apply PLAN`: plans again, and applies only what was reviewed.

use std::collections::BTreeSet;
use std::path::Path;

use super::apply::carry_on;
use super::connect::{Connection, hub_label};
use super::context::{Context, wanted};
use super::exit::Exit;
use super::failure::Failure;
use super::plan_args::{ApplyArgs, CountsArg, ReviewArgs, SelectionArgs};
use super::plan_failure::PlanFailure;
use super::plan_file;
use super::review::{detail, document, intent, look, show};
use super::session::Session;
use super::terminal::Form;
use crate::plan::{Acknowledgement, CountTolerance, Departure, Selection, Side, approve, departures};
use crate::report::document::{PlanKey, Provenance, SavedPlan, reviewed};
use crate::report::{Event, Untrusted, utc};

/// Applies a plan that was saved, if what it meant to do is still what is to be done.
///
/// # Errors
/// When the plan cannot be used, the project is invalid or another one, the hub cannot be read, or
/// something moved that nobody reviewed.
pub(super) async fn run(path: &Path, args: &ApplyArgs, session: &Session) -> Result<Exit, Failure> {
    let key = plan_file::key()?;
    let (saved, provenance) = plan_file::read(&plan_file::place(&session.global, path), key.as_ref())?;
    let planned = &saved.plan.environment;
    if saved.plan.is_offline() {
        return Err(PlanFailure::Offline { environment: planned.clone(), path: path.to_owned() }.into());
    }
    if let Some(wanted) = wanted(&session.global).filter(|wanted| wanted != planned) {
        return Err(PlanFailure::OtherEnvironment { planned: planned.clone(), wanted }.into());
    }
    let context = session.context_in(planned, &saved.plan.hub.name).map_err(|failure| match failure {
        Failure::UnknownEnvironment { .. } => other("environment", planned, "this project has none of that name"),
        failure => failure,
    })?;
    fits(&saved, context)?;
    trust(path, context, session, provenance, key.as_ref())?;
    let chosen = SelectionArgs { selector: saved.selection.selector.clone(), target: saved.selection.targets.clone() };
    let selection = context.select(&chosen).map_err(|failure| PlanFailure::OtherSelection(failure.to_string()))?;
    let review = review_args(&saved)?;
    let apply = SavedApply { path, saved: &saved, args, review: &review, session, context, selection: &selection };
    session.with_hub(context, async |connection| apply.run(connection).await).await
}

fn other(what: &'static str, planned: &str, there: &str) -> Failure {
    PlanFailure::OtherProject { what, planned: planned.to_owned(), there: there.to_owned() }.into()
}

/// Whether the plan is about this project and this hub, before either is asked.
fn fits(saved: &SavedPlan, context: &Context) -> Result<(), Failure> {
    let hub = hub_label(&context.environment);
    if saved.plan.hub.name != hub {
        return Err(other("the hub", &saved.plan.hub.name, &format!("the environment is on `{hub}`")));
    }
    let owner = context.owner.as_str();
    if saved.plan.owner != owner {
        return Err(other("the owner", &saved.plan.owner, &format!("the jobs of this project belong to `{owner}`")));
    }
    Ok(())
}

/// Whether enough is known of who wrote the plan.
fn trust(
    path: &Path,
    context: &Context,
    session: &Session,
    provenance: Provenance,
    key: Option<&PlanKey>,
) -> Result<(), Failure> {
    let environment = context.environment.name.to_string();
    let must_be_signed = context.environment.require_signed_plan;
    let why = match (provenance, key) {
        (Provenance::Verified, _) => return Ok(()),
        (Provenance::Unchecked, _) if must_be_signed => return Err(PlanFailure::NoKey(environment).into()),
        (Provenance::Unchecked, _) => {
            let text = format!("the plan is signed, and `{}` is not set to check the signature with", plan_file::KEY);
            session.terminal.warn(&text);
            return Ok(());
        }
        (Provenance::Unsigned, _) if must_be_signed => {
            format!("environment `{environment}` applies signed plans only")
        }
        (Provenance::Unsigned, Some(_)) => format!("`{}` is set", plan_file::KEY),
        (Provenance::Unsigned, None) => return Ok(()),
    };
    Err(PlanFailure::Unsigned { why, environment, path: path.to_owned() }.into())
}

/// The plan is reviewed again as it was reviewed before.
fn review_args(saved: &SavedPlan) -> Result<ReviewArgs, Failure> {
    let parse = |text: &String| {
        let unknown = |error: crate::plan::InvalidAcknowledgement| PlanFailure::Acknowledgement(error.to_string());
        text.parse::<Acknowledgement>().map_err(unknown)
    };
    let counts = if saved.has_counts() { CountsArg::All } else { CountsArg::None };
    let acknowledgements = saved.acknowledgements.iter().map(parse).collect::<Result<_, _>>()?;
    Ok(ReviewArgs { counts, acknowledgements })
}

struct SavedApply<'a> {
    path: &'a Path,
    saved: &'a SavedPlan,
    args: &'a ApplyArgs,
    review: &'a ReviewArgs,
    session: &'a Session,
    context: &'a Context,
    selection: &'a Selection,
}

impl SavedApply<'_> {
    async fn run(&self, connection: &Connection) -> Result<Exit, Failure> {
        let Self { args, session, context, selection, .. } = *self;
        let review = look(session, context, connection, selection, &self.review.inquiry(connection)).await?;
        let now = document(context, selection, &review, None);
        let intent = intent(context, selection, &review);
        let before = reviewed(&self.saved.plan, &self.saved.intent).map_err(PlanFailure::Misshapen)?;
        let after = reviewed(&now, &intent).map_err(PlanFailure::Misshapen)?;
        let found = departures(&before, &after, CountTolerance::default());
        let (refused, noted): (Vec<_>, Vec<_>) = found.iter().partition(|departure| departure.kind.is_refused());
        if !refused.is_empty() {
            self.tell(&found.iter().collect::<Vec<_>>());
            let environment = context.environment.name.to_string();
            let path = self.path.to_owned();
            return Err(PlanFailure::Stale { moved: sides(&refused), environment, path }.into());
        }
        show(&now, detail(session), &session.terminal);
        self.tell(&noted);
        let approved = approve(review).map_err(|_| Failure::UnsafePlan(context.environment.name.to_string()))?;
        carry_on(args, self.review, session, context, connection, selection, &approved).await.map(|end| end.exit)
    }

    /// Says what became different.
    fn tell(&self, found: &[&Departure]) {
        let terminal = &self.session.terminal;
        if found.is_empty() {
            return;
        }
        match terminal.form() {
            Form::Events => found.iter().for_each(|departure| terminal.event(&Event::Departure(departure))),
            Form::Text => {
                let mut text = format!("Since the plan was made, at {}:\n", utc(self.saved.plan.now));
                for departure in found {
                    let line = departure.to_string();
                    text.push_str(&format!("  {}\n", Untrusted::new(&line).cut(500)));
                }
                terminal.stderr(&text);
            }
        }
    }
}

/// `git and the hub`.
fn sides(refused: &[&Departure]) -> String {
    let sides: BTreeSet<Side> = refused.iter().map(|departure| departure.side).collect();
    let words: Vec<_> = sides
        .iter()
        .map(|side| match side {
            Side::Git => "git",
            Side::Hub => "the hub",
            Side::Clock => "the clock",
        })
        .collect();
    words.join(" and ")
}
