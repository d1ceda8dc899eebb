//! `hubjobs doctor`.

use std::time::Duration;

use indicatif::ProgressBar;
use jiff::Timestamp;
use uuid::Uuid;

use super::connect::{connect, hub_label};
use super::context::Context;
use super::doctor_args::{DoctorArgs, DoctorCommand, DoctorFormat};
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use super::{conformance, hubs};
use crate::doctor::{Check, Configuration, Examination, Patient, Place, Unusable, Verdict, examine};
use crate::hub::Observation;
use crate::model::Hub;
use crate::plan::Selection;
use crate::report::{doctor_json, doctor_text, json_text};
use crate::run_once::query_count;

/// Between two turns of the spinner.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// Examines each hub of an environment. A hub that fails does not stop the others.
///
/// # Errors
/// When there is no valid project file, or no such environment or hub.
pub(super) async fn run(args: &DoctorArgs, session: &Session) -> Result<Exit, Failure> {
    if let Some(DoctorCommand::Conformance(args)) = &args.command {
        return conformance::run(args, session).await;
    }
    let contexts = session.hubs_of_project()?;
    let mut examinations = Vec::new();
    for context in contexts {
        examinations.push(session.read(examine_one(session, context)).await?);
    }
    let environment = contexts.first().map_or("", |context| context.environment.name.as_str());
    let format = if session.global.json { DoctorFormat::Json } else { args.output };
    session.terminal.result(&match format {
        DoctorFormat::Text => doctor_text(environment, &examinations),
        DoctorFormat::Json => json_text(&doctor_json(environment, &examinations)),
    });
    let has_problems = examinations.iter().any(|examination| examination.count(Verdict::Problem) > 0);
    Ok(if has_problems { Exit::Error } else { Exit::Done })
}

async fn examine_one(session: &Session, context: &'static Context) -> Result<Examination, Failure> {
    let environment = &context.environment;
    let connection = connect(context, &session.global, &session.signals.interrupt()).await;
    let unusable =
        connection.as_ref().err().map(|failure| Unusable { said: failure.to_string(), help: failure.help() });
    let none = Unusable { said: "there is no client".to_owned(), help: Vec::new() };
    let network = session.global.network()?;
    let place = match &environment.hub {
        Hub::Emulator(_) => Place::Emulator,
        Hub::Remote(remote) => {
            Place::Remote { host: &remote.host_name, port: remote.port.unwrap_or(443), network: &network }
        }
    };
    let label = hub_label(environment);
    let patient = Patient {
        hub_name: environment.hub_name.as_ref().map(|_| hubs::hub_name(environment)),
        label: &label,
        size: environment.hub.size(),
        owner: &context.owner,
        place,
        configuration: match context.is_valid {
            true => Configuration::Valid { manifests: context.manifests.len() },
            false => Configuration::Invalid,
        },
        hub: connection.as_ref().map(|connection| &connection.hub).map_err(|_| unusable.as_ref().unwrap_or(&none)),
        probe_id: &format!("hubjobs-doctor-{}", Uuid::new_v4().simple()),
    };
    let now = || connection.as_ref().map_or_else(|_| Timestamp::now(), |connection| connection.clock.read());
    let selection = Selection::Everything;
    let queries = |observation: &Observation, now| query_count(&context.scope(&selection), observation, now);
    let bar = session.terminal.draws_bars().then(|| session.terminal.bars().add(ProgressBar::new_spinner()));
    let told = |check: Check| match &bar {
        Some(bar) => {
            bar.set_message(format!("{label}: {check}"));
            bar.enable_steady_tick(DRAWN_EVERY);
        }
        None => session.terminal.detail(&format!("{label}: {check}")),
    };
    let examination = examine(&patient, now, Timestamp::now, queries, told).await;
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    if let Ok(connection) = connection {
        connection.close().await?;
    }
    Ok(examination)
}
