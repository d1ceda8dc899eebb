//! `hubjobs drift`.

use super::connect::Connection;
use super::context::Context;
use super::counting::while_counting;
use super::existing_args::DriftArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::hubs::HubEnd;
use super::plan_args::CountsArg;
use super::session::Session;
use crate::plan::{Counts, Drift, Selection};
use crate::report::{drift_json, drift_text, json_text};
use crate::run_once::drift_once;

/// Shows where the hub is not what the manifests say.
///
/// # Errors
/// When the project is invalid or the hub cannot be read.
pub(super) async fn run(args: &DriftArgs, session: &Session) -> Result<Exit, Failure> {
    let contexts = session.contexts()?;
    let Some(first) = contexts.first() else { return Ok(Exit::Done) };
    let selection = first.select(&args.selection)?;
    if session.global.json && contexts.len() > 1 {
        let work = async |context, connection: &Connection| {
            let drift = look(args, session, context, connection, &selection).await?;
            Ok((exit(args, &drift), drift_json(&drift)))
        };
        return Ok(session.as_one_document(contexts, "drift", work).await);
    }
    let work = async |context: &'static Context, connection: &Connection| {
        let drift = look(args, session, context, connection, &selection).await?;
        match session.global.json {
            true => session.terminal.result(&json_text(&drift_json(&drift))),
            false => session.terminal.result(&drift_text(&drift, &context.manifests)),
        }
        Ok(HubEnd::from(exit(args, &drift)))
    };
    session.over_hubs(contexts, work).await
}

fn exit(args: &DriftArgs, drift: &Drift) -> Exit {
    if args.detailed_exitcode && drift.is_found() { Exit::Differences } else { Exit::Done }
}

async fn look(
    args: &DriftArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
) -> Result<Drift, Failure> {
    connection.now().await?;
    let counts = match args.counts {
        CountsArg::All => Counts::All,
        CountsArg::None => Counts::None,
    };
    let (scope, inquiry) = (context.scope(selection), connection.inquiry(counts, &[]));
    let looking = drift_once(&connection.hub, &scope, &*connection.clock, &inquiry);
    session.read(while_counting(&session.terminal, &connection.asking, looking)).await
}
