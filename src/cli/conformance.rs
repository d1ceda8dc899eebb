//! `hubjobs doctor conformance`.

use jiff::Timestamp;
use uuid::Uuid;

use super::connect::{Connection, hub_label};
use super::context::Context;
use super::doctor_args::{ConformanceArgs, DoctorFormat};
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use crate::doctor::conformance::{Checked, ConformanceInput, ID_PREFIX, Standing, is_suitable, try_hub};
use crate::hub::{HubError, Observation, observe};
use crate::model::{Hub, JobId};
use crate::reconcile::Tide as _;
use crate::report::{ConformanceTitle, conformance_json, conformance_text, json_text};

/// Tries a hub against the facts of the emulator.
///
/// # Errors
/// When the hub is not the one that was typed out, is in use, or cannot be read.
pub(super) async fn run(args: &ConformanceArgs, session: &Session) -> Result<Exit, Failure> {
    let context = session.one_hub_of_project()?;
    let label = hub_label(&context.environment);
    if !args.on.eq_ignore_ascii_case(&label) {
        return Err(Failure::NotConsented { typed: args.on.clone(), hub: label });
    }
    session.with_hub(context, async |connection| try_one(args, session, context, connection).await).await
}

async fn try_one(
    args: &ConformanceArgs,
    session: &Session,
    context: &Context,
    connection: &Connection,
) -> Result<Exit, Failure> {
    let Observation { jobs, .. } = session.read(observe(&connection.hub)).await?;
    is_suitable(&jobs)?;
    let is_left = |id: &JobId| id.as_str().starts_with(ID_PREFIX);
    let left: Vec<_> =
        jobs.iter().filter(|job| !job.status.is_terminal()).map(|job| job.id.clone()).filter(is_left).collect();
    let size = context.environment.hub.size();
    let run = Uuid::new_v4().simple().to_string()[..8].to_owned();
    let input = ConformanceInput { run, size, now: connection.now().await? };
    session.terminal.warn(&format!(
        "creating jobs for no device on `{}`, with ids `{ID_PREFIX}{}-...`",
        connection.label, input.run
    ));
    let told = |part: &str| session.terminal.note(&format!("trying {part}"));
    let pass = async |jobs: &[JobId]| {
        connection.tide.pass(jobs).await?;
        match session.signals.exit() {
            None => Ok(()),
            Some(_) => Err(HubError::Unreachable { cause: "interrupted; what waited was cancelled".to_owned() }),
        }
    };
    let checked = try_hub(&connection.hub, &input, &left, pass, told).await?;
    let kind = match context.environment.hub {
        Hub::Emulator(_) => format!("the emulator, {size}"),
        Hub::Remote(_) => format!("a hub that is said to be {size}"),
    };
    let title = ConformanceTitle {
        hub: &kind,
        version: env!("CARGO_PKG_VERSION"),
        day: &Timestamp::now().strftime("%Y-%m-%d").to_string(),
    };
    let format = if session.global.json { DoctorFormat::Json } else { args.output };
    session.terminal.result(&match format {
        DoctorFormat::Text => conformance_text(&title, &checked),
        DoctorFormat::Json => json_text(&conformance_json(&title, &checked)),
    });
    let is_open = |checked: &Checked| matches!(checked.standing, Standing::Differs(_) | Standing::Unclear(_));
    Ok(if checked.iter().any(is_open) { Exit::Error } else { Exit::Done })
}
