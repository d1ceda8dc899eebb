//! `hubjobs emulator seed`.

use serde_json::json;

use super::emulated;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::hub::HubClient as _;
use crate::report::{FORMAT_VERSION, json_text};

/// Begins the emulator's state with the devices of the fleet file, if there is no state yet.
///
/// # Errors
/// As [`start`](super::start()).
pub(in crate::cli) async fn seed(session: &Session) -> Result<Exit, Failure> {
    let (context, _) = emulated(session)?;
    session
        .with_hub(context, async |connection| {
            // Opening the state for the first time makes the devices.
            let page = connection.hub.query("SELECT COUNT() AS n FROM devices", None).await?;
            let count = page.items.first().and_then(|row| row["n"].as_u64()).unwrap_or_default();
            let machine = json!({"formatVersion": FORMAT_VERSION, "devices": count});
            session.terminal.result(&match session.global.json {
                true => json_text(&machine),
                false => format!("{count} devices\n"),
            });
            Ok(Exit::Done)
        })
        .await
}
