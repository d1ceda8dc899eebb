//! `hubjobs status`.

use super::args::{StatusArgs, StatusFormat};
use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use crate::hub::observe;
use crate::model::ObservedJob;
use crate::report::{JobRow, jobs_json, jobs_text, json_text};
use crate::validate::to_yaml;

/// Lists jobs on the hub.
///
/// # Errors
/// When the project is invalid or the hub cannot be read.
pub(super) async fn run(args: &StatusArgs, session: &Session) -> Result<Exit, Failure> {
    let context = session.one_hub_of_project()?;
    session.with_hub(context, async |connection| status(args, session, context, connection).await).await
}

async fn status(
    args: &StatusArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
) -> Result<Exit, Failure> {
    let jobs = session.read(observe(&connection.hub)).await?.jobs;
    let mut shown: Vec<&ObservedJob> = match &args.name {
        Some(word) => context.jobs_of(word, &jobs),
        None => jobs.iter().filter(|job| args.all || context.name_of(&job.id).is_some()).collect(),
    };
    if let Some(word) = args.name.as_ref().filter(|_| shown.is_empty()) {
        return Err(Failure::NoJob(word.clone()));
    }
    let key = |job: &ObservedJob| context.own(&job.id).map(|own| (own.name, own.occurrence, own.unit));
    shown.sort_by(|a, b| (key(a).is_none(), key(a), &a.id).cmp(&(key(b).is_none(), key(b), &b.id)));
    let name = |job: &ObservedJob| context.name_of(&job.id);
    let rows: Vec<_> = shown.into_iter().map(|job| JobRow { name: name(job), job }).collect();
    print(args.output, &rows, session)?;
    Ok(Exit::Done)
}

fn print(format: StatusFormat, rows: &[JobRow<'_>], session: &Session) -> Result<(), Failure> {
    let terminal = &session.terminal;
    let format = if session.global.json { StatusFormat::Json } else { format };
    match format {
        StatusFormat::Table if rows.is_empty() => terminal.note("no jobs"),
        StatusFormat::Table => terminal.result(&jobs_text(rows)),
        StatusFormat::Json => terminal.result(&json_text(&jobs_json(rows))),
        StatusFormat::Yaml => terminal.result(&to_yaml(&jobs_json(rows))?),
    }
    Ok(())
}
