//! `hubjobs emulator tick`.

use serde_json::json;

use super::running::with_admin;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::fidelity_args::EmulatorTickArgs;
use crate::cli::session::Session;
use crate::emulator::EmulatorError;
use crate::emulator::admin::TickRequest;
use crate::model::ClockMode;
use crate::report::{FORMAT_VERSION, json_text, utc};

/// Moves the emulator's clock on.
///
/// # Errors
/// When there is no emulator, or the time lies in its past.
pub(in crate::cli) async fn tick(args: &EmulatorTickArgs, session: &Session) -> Result<Exit, Failure> {
    with_admin(session, async |admin| {
        let request = match (args.to, args.by) {
            (Some(time), _) => TickRequest::To(time),
            (None, by) => TickRequest::By(by.map(|by| by.to_signed()).unwrap_or_default()),
        };
        let reading = admin.tick(request).await.map_err(EmulatorError::from)?;
        let (mode, goes) = match reading.mode {
            ClockMode::Real => ("real", "goes on with the machine's"),
            ClockMode::Fast => ("fast", "stands still until somebody waits for a job"),
        };
        let machine = json!({"formatVersion": FORMAT_VERSION, "now": reading.now.to_string(), "mode": mode});
        session.terminal.result(&match session.global.json {
            true => json_text(&machine),
            false => format!("{}\n", utc(reading.now)),
        });
        session.terminal.note(&format!("the clock {goes}"));
        Ok(Exit::Done)
    })
    .await
}
