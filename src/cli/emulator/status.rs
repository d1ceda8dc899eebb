//! `hubjobs emulator status`.

use serde_json::json;

use super::running::with_admin;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::emulator::EmulatorError;
use crate::emulator::admin::HubStatus;
use crate::report::{FORMAT_VERSION, json_text, utc};

/// Shows what the emulated hub is, and how much of it is used.
///
/// # Errors
/// When there is no emulator, or it does not answer.
pub(in crate::cli) async fn status(session: &Session) -> Result<Exit, Failure> {
    with_admin(session, async |admin| {
        let status = admin.status().await.map_err(EmulatorError::from)?;
        session.terminal.result(&match session.global.json {
            true => json_text(&json!({"formatVersion": FORMAT_VERSION, "hub": status})),
            false => in_words(&status),
        });
        Ok(Exit::Done)
    })
    .await
}

fn in_words(status: &HubStatus) -> String {
    let HubStatus { now, sku, units, lanes, lanes_taken, messages_used, messages_per_day } = status;
    let messages = match messages_per_day {
        Some(limit) => format!("{messages_used} of {limit} today"),
        None => "not counted: throttles are off".to_owned(),
    };
    format!(
        "time       {}\ntier       {sku}\u{d7}{units}\njobs       {lanes_taken} of {lanes} lanes taken\nmessages   {messages}\n",
        utc(*now)
    )
}
