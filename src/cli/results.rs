//! `hubjobs results`.

use super::args::{ResultsArgs, ResultsFormat};
use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use super::verdicts::{device_row, failures};
use crate::hub::{device_results, observe};
use crate::model::{JobStatus, ObservedJob};
use crate::report::{DeviceRow, FailureCount, counted, devices_csv, devices_json, devices_text, json_text};

/// Shows what a job did on each device.
///
/// # Errors
/// When the project is invalid, there is no such job, or the hub cannot be read.
pub(super) async fn run(args: &ResultsArgs, session: &Session) -> Result<Exit, Failure> {
    let context = session.one_hub_of_project()?;
    session.with_hub(context, async |connection| results(args, session, context, connection).await).await
}

async fn results(
    args: &ResultsArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
) -> Result<Exit, Failure> {
    let jobs = session.read(observe(&connection.hub)).await?.jobs;
    let has_results = |job: &ObservedJob| !job.status.is_cancellable() && job.status != JobStatus::Cancelled;
    let found = context.jobs_of(&args.name, &jobs);
    let newest = found.iter().rev().find(|job| has_results(job)).or(found.last());
    let job = newest.ok_or_else(|| Failure::NoJob(args.name.clone()))?;
    let success_when = context.name_of(&job.id).map(|name| context.success_when(&name)).unwrap_or_default();
    let records = session.read(device_results(&connection.hub, &job.id)).await?;
    let failures = failures(&records, &success_when);
    let mut rows: Vec<_> = records.into_iter().map(|record| device_row(record, &success_when)).collect();
    if args.failed_only {
        rows.retain(|row| row.failure.is_some());
    }
    print(args, job, &rows, &failures, session);
    Ok(Exit::Done)
}

fn print(args: &ResultsArgs, job: &ObservedJob, rows: &[DeviceRow], failures: &[FailureCount], session: &Session) {
    let terminal = &session.terminal;
    let format = if session.global.json { ResultsFormat::Json } else { args.output };
    match format {
        ResultsFormat::Json => terminal.result(&json_text(&devices_json(&job.id, rows, failures))),
        ResultsFormat::Csv => terminal.result(&devices_csv(rows)),
        ResultsFormat::Table if rows.is_empty() => {
            terminal.note(if args.failed_only { "no device failed" } else { "no device has a result" });
        }
        ResultsFormat::Table => {
            terminal.result(&devices_text(rows));
            let classes: Vec<_> = failures.iter().map(|f| format!("{} {}", f.count, f.class)).collect();
            let failed = if classes.is_empty() { "none".to_owned() } else { classes.join(", ") };
            terminal.note(&format!("{}; failed: {failed}", counted(rows.len(), "device")));
        }
    }
}
