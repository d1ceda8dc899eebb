//! `hubjobs drift`.

use super::connect::Connection;
use super::context::Context;
use super::counting::while_counting;
use super::existing_args::DriftArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::plan_args::CountsArg;
use super::session::Session;
use crate::plan::{Counts, Selection};
use crate::report::{drift_json, drift_text, json_text};
use crate::run_once::drift_once;

/// Shows where the hub is not what the manifests say.
///
/// # Errors
/// When the project is invalid or the hub cannot be read.
pub(super) async fn run(args: &DriftArgs, session: &Session) -> Result<Exit, Failure> {
    let context = session.context()?;
    let selection = context.select(&args.selection)?;
    session.with_hub(context, async |connection| drift(args, session, context, connection, &selection).await).await
}

async fn drift(
    args: &DriftArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
    selection: &Selection,
) -> Result<Exit, Failure> {
    connection.now().await?;
    let counts = match args.counts {
        CountsArg::All => Counts::All,
        CountsArg::None => Counts::None,
    };
    let (scope, inquiry) = (context.scope(selection), connection.inquiry(counts, &[]));
    let looking = drift_once(&connection.hub, &scope, &*connection.clock, &inquiry);
    let drift = session.read(while_counting(&session.terminal, &connection.asking, looking)).await?;
    match session.global.json {
        true => session.terminal.result(&json_text(&drift_json(&drift))),
        false => session.terminal.result(&drift_text(&drift, &context.manifests)),
    }
    Ok(if args.detailed_exitcode && drift.is_found() { Exit::Differences } else { Exit::Done })
}
