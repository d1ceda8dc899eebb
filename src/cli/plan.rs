//! `hubjobs plan`.

use std::path::Path;

use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::hubs::{HubEnd, several, worst};
use super::plan_args::{PlanArgs, PlanFormat, SelectionArgs};
use super::plan_file;
use super::review::{detail, document, intent, look, look_offline, show};
use super::session::Session;
use super::terminal::Form;
use crate::plan::{Intent, Review, Selection};
use crate::report::document::{PlanKey, SavedPlan, SelectionPart};
use crate::report::{HubPlan, PlanDocument, RenderOptions, plan_json, render, render_hubs, summary_text};
use crate::run_once::Inquiry;

/// Shows what apply would do.
///
/// # Errors
/// When the project is invalid or the hub cannot be read.
pub(super) async fn run(args: &PlanArgs, session: &Session) -> Result<Exit, Failure> {
    let key = match &args.out {
        Some(path) => {
            plan_file::check_place(&plan_file::place(&session.global, path))?;
            plan_file::key()?
        }
        None => None,
    };
    let contexts = session.contexts()?;
    let Some(first) = contexts.first() else { return Ok(Exit::Done) };
    let (selection, key) = (first.select(&args.selection)?, key.as_ref());
    if args.offline {
        let [context] = contexts else { return Err(several(contexts)) };
        let review = look_offline(context, &selection);
        return present(args, session, context, &selection, &review, key).map(|end| end.exit);
    }
    let work = async |context, connection: &Connection| plan(args, session, context, connection, &selection, key).await;
    if contexts.len() == 1 {
        return session.over_hubs(contexts, work).await;
    }
    // A saved plan is about one hub.
    if args.out.is_some() {
        return Err(several(contexts));
    }
    if args.output == PlanFormat::Text || session.terminal.form() == Form::Events {
        return session.over_hubs(contexts, work).await;
    }
    let work = async |context, connection: &Connection| {
        let inquiry = Inquiry { is_of_coming: true, ..args.review.inquiry(connection) };
        let review = look(session, context, connection, &selection, &inquiry).await?;
        let document = document(context, &selection, &review, args.occurrences);
        Ok((exit(args, &document), document))
    };
    let Some(form) = args.output.hubs_form() else {
        let work = async |context, connection: &Connection| {
            let (exit, document) = work(context, connection).await?;
            Ok((exit, plan_json(&document)))
        };
        return Ok(session.as_one_document(contexts, "plan", work).await);
    };
    let gathered = session.gather(contexts, work).await;
    let exit = worst(&gathered);
    let hubs: Vec<_> = gathered.into_iter().map(|hub| HubPlan { hub: hub.name.to_owned(), plan: hub.value }).collect();
    let environment = first.environment.name.as_str();
    session.terminal.result(&render_hubs(environment, &hubs, form, &args.length.options()));
    Ok(exit)
}

/// A check of a pull request must not be green when the plan is refused, whatever it asks for.
fn exit(args: &PlanArgs, document: &PlanDocument) -> Exit {
    if args.detailed_exitcode || document.is_denied() { Exit::of_plan(document) } else { Exit::Done }
}

async fn plan(
    args: &PlanArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
    key: Option<&PlanKey>,
) -> Result<HubEnd, Failure> {
    let inquiry = Inquiry { is_of_coming: true, ..args.review.inquiry(connection) };
    let review = look(session, context, connection, selection, &inquiry).await?;
    present(args, session, context, selection, &review, key)
}

/// Shows a plan that was reviewed, and saves it.
fn present(
    args: &PlanArgs,
    session: &Session,
    context: &Context,
    selection: &Selection,
    review: &Review,
    key: Option<&PlanKey>,
) -> Result<HubEnd, Failure> {
    let document = document(context, selection, review, args.occurrences);
    match args.output {
        PlanFormat::Text => show(&document, detail(session), &session.terminal),
        // With `--json`, all of stdout is events.
        _ if session.terminal.form() == Form::Events => show(&document, detail(session), &session.terminal),
        format => {
            let options = RenderOptions { detail: detail(session), ..args.length.options() };
            session.terminal.result(&render(&document, format.form(), &options));
        }
    }
    let words = summary_text(&document.summary).trim_start_matches("Plan: ").to_owned();
    let end = HubEnd { exit: exit(args, &document), words };
    if let Some(path) = &args.out {
        let intent = intent(context, selection, review);
        save(path, document, intent, args, session, context, key)?;
    }
    Ok(end)
}

/// Writes the plan down, for `show` and `apply`.
fn save(
    path: &Path,
    document: PlanDocument,
    intent: Intent,
    args: &PlanArgs,
    session: &Session,
    context: &Context,
    key: Option<&PlanKey>,
) -> Result<(), Failure> {
    let SelectionArgs { selector, target } = args.selection.clone();
    let acknowledgements = args.review.acknowledgements.iter().map(ToString::to_string).collect();
    let saved = SavedPlan::new(document, intent, SelectionPart { selector, targets: target }, acknowledgements);
    plan_file::write(&plan_file::place(&session.global, path), &saved, key)?;
    let signed = if key.is_some() { ", signed" } else { "" };
    session.terminal.note(&format!("saved as `{}`{signed}", path.display()));
    if key.is_none() && context.environment.require_signed_plan {
        let environment = &context.environment.name;
        let text =
            format!("environment `{environment}` applies signed plans only, and `{}` is not set", plan_file::KEY);
        session.terminal.warn(&text);
    }
    Ok(())
}
