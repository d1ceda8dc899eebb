//! `hubjobs emulator events`.

use std::time::Duration;

use serde_json::{Value, json};

use super::running::with_admin;
use crate::cli::events_args::EmulatorEventsArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::emulator::EmulatorError;
use crate::emulator::admin::{AdminClient, DeviceEvents, EventsRequest};
use crate::report::{FORMAT_VERSION, Untrusted, json_line, json_text};

/// How often to ask for new ones.
const LOOK: Duration = Duration::from_millis(250);
/// Longest line, in characters; `--json` has it whole.
const LINE_LEN_MAX: usize = 1_000;

/// Shows the messages that devices sent.
///
/// # Errors
/// When there is no emulator.
pub(in crate::cli) async fn events(args: &EmulatorEventsArgs, session: &Session) -> Result<Exit, Failure> {
    with_admin(session, async |admin| {
        let first = read(admin, None, args).await?;
        if first.events.is_empty() {
            session.terminal.note(if args.follow { "no messages yet; waiting for some" } else { "no messages yet" });
        }
        if !args.follow {
            session.terminal.result(&match session.global.json {
                true => json_text(&json!({"formatVersion": FORMAT_VERSION, "events": first.events})),
                false => first.events.iter().map(line).collect(),
            });
            return Ok(Exit::Done);
        }
        let mut batch = first;
        loop {
            for event in &batch.events {
                let text = if session.global.json { format!("{}\n", json_line(event)) } else { line(event) };
                session.terminal.result(&text);
            }
            tokio::select! {
                _ = session.signals.interrupted() => return Ok(Exit::Done),
                () = tokio::time::sleep(LOOK) => {}
            }
            batch = read(admin, Some(batch.next), args).await?;
        }
    })
    .await
}

async fn read(admin: &AdminClient, from: Option<u64>, args: &EmulatorEventsArgs) -> Result<DeviceEvents, Failure> {
    let count = if from.is_none() { Some(args.count) } else { None };
    let request = EventsRequest { from, device_id: args.device.clone(), count };
    Ok(admin.events(&request).await.map_err(EmulatorError::from)?)
}

/// Time, device, properties and body of a message.
fn line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let module = event["moduleId"].as_str().map(|module| format!("/{module}")).unwrap_or_default();
    let properties = |name: &str| {
        let members = event[name].as_object().into_iter().flatten();
        members.map(|(name, value)| format!(" {name}={}", value.as_str().unwrap_or_default())).collect::<String>()
    };
    // Text as it was sent; JSON and base64 can be told by their look.
    let body = match (event["bodyForm"].as_str(), event["body"].as_str()) {
        (Some("text" | "base64"), Some(body)) => body.to_owned(),
        _ => event["body"].to_string(),
    };
    let (system, own) = (properties("systemProperties"), properties("properties"));
    let line = format!("{} {}{module}{system}{own} {body}", text("enqueuedTime"), text("deviceId"));
    format!("{}\n", Untrusted::new(&line).cut(LINE_LEN_MAX))
}
