//! `hubjobs plan`.

use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::plan_args::{PlanArgs, PlanFormat};
use super::review::{detail, document, look, show};
use super::session::Session;
use super::terminal::Form;
use crate::plan::Selection;
use crate::report::{RenderOptions, render};

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
    let review = look(session, context, connection, selection, &args.review).await?;
    let document = document(context, connection, selection, &review, args.occurrences);
    match args.output {
        PlanFormat::Text => show(&document, detail(session), &session.terminal),
        // With `--json`, all of stdout is events.
        _ if session.terminal.form() == Form::Events => show(&document, detail(session), &session.terminal),
        format => session.terminal.result(&render(
            &document,
            format.form(),
            &RenderOptions { detail: detail(session), ..RenderOptions::default() },
        )),
    }
    Ok(if args.detailed_exitcode { Exit::of_review(&review) } else { Exit::Done })
}
