//! `hubjobs wait`.

use super::args::WaitArgs;
use super::connect::Connection;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::hubs::HubEnd;
use super::pending::Pending;
use super::session::Session;
use super::wait_loop::{Vigil, is_due};
use crate::hub::observe;
use crate::model::{JobId, ObservedJob};
use crate::plan::{Counts, Selection};
use crate::report::{local_and_utc, zone_of};

/// Waits for the jobs that are due, and judges how they ended.
///
/// # Errors
/// When the project is invalid or the hub cannot be read.
pub(super) async fn run(args: &WaitArgs, session: &Session) -> Result<Exit, Failure> {
    let contexts = session.contexts()?;
    let work =
        async |context, connection: &Connection| wait(args, session, context, connection).await.map(HubEnd::from);
    session.over_hubs(contexts, work).await
}

async fn wait(args: &WaitArgs, session: &Session, context: &Context, connection: &Connection) -> Result<Exit, Failure> {
    let now = connection.now().await?;
    let jobs = session.read(observe(&connection.hub)).await?.jobs;
    let is_due = |job: &ObservedJob| context.own(&job.id).is_some_and(|own| is_due(own.occurrence, now));
    let (mut open, mut starts_later): (Vec<JobId>, bool) = (Vec::new(), false);
    if args.names.is_empty() {
        open.extend(jobs.iter().filter(|job| !job.status.is_terminal() && is_due(job)).map(|job| job.id.clone()));
    }
    for name in &args.names {
        let of_name = context.jobs_of(name, &jobs);
        let due: Vec<_> = of_name.iter().filter(|job| is_due(job)).collect();
        if due.is_empty()
            && let Some(next) = of_name.iter().find(|job| !job.status.is_terminal())
        {
            let own = context.own(&next.id).ok_or_else(|| Failure::ForeignJob(name.clone()))?;
            let zone = context.manifests.iter().find(|manifest| manifest.name == own.name);
            let start = local_and_utc(own.occurrence.start(), zone.and_then(|manifest| zone_of(manifest)));
            session.terminal.note(&format!("`{}` starts {start}; there is nothing to wait for before", own.name));
            starts_later = true;
            continue;
        }
        // Without one that is at work, the newest is what the user asks about.
        let active: Vec<_> = due.iter().filter(|job| !job.status.is_terminal()).collect();
        let newest = due.last().copied().or(of_name.last()).ok_or_else(|| Failure::NoJob(name.clone()))?;
        if context.own(&newest.id).is_none() {
            return Err(Failure::ForeignJob(name.clone()));
        }
        match active.is_empty() {
            true => open.push(newest.id.clone()),
            false => open.extend(active.into_iter().map(|job| job.id.clone())),
        }
    }
    if open.is_empty() {
        if !starts_later {
            session.terminal.note("no job is due");
        }
        return Ok(Exit::Done);
    }
    // It only waits: nothing is applied on the way.
    let inquiry = connection.inquiry(Counts::None, &[]);
    let vigil = Vigil { session, context, connection, timeout: args.timeout, inquiry };
    Ok(vigil.keep(open, Pending::none(&Selection::Everything)).await)
}
