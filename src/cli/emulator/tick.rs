//! `hubjobs emulator tick`.

use serde_json::json;

use super::emulated;
use crate::cli::args::EmulatorTickArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::emulator::EmulatorError;
use crate::emulator::admin::TickRequest;
use crate::model::ClockMode;
use crate::report::{FORMAT_VERSION, json_text, utc};

/// Moves the emulator's clock on.
///
/// # Errors
/// As [`start`].
pub(in crate::cli) async fn tick(args: &EmulatorTickArgs, session: &Session) -> Result<Exit, Failure> {
    let (context, _) = emulated(session)?;
    session
        .with_hub(context, async |connection| {
            let by = TickRequest::By(args.by.to_signed());
            let reading = connection.admin()?.tick(by).await.map_err(EmulatorError::from)?;
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
