//! `hubjobs emulator start`.

use std::net::Ipv4Addr;

use serde_json::json;
use tokio::net::TcpListener;

use super::chosen;
use crate::cli::args::EmulatorStartArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::emulator::state::{Fidelity, Throttling};
use crate::emulator::{Emulator, EmulatorConfig, EmulatorError, Served, attach};
use crate::report::{FORMAT_VERSION, json_text};

/// Serves the emulator until Ctrl-C.
///
/// # Errors
/// When the project is invalid, its environment is no emulator, or the emulator fails.
pub(in crate::cli) async fn start(args: &EmulatorStartArgs, session: &Session) -> Result<Exit, Failure> {
    let throttling = if args.no_throttles { Throttling::Off } else { Throttling::On };
    let (dir, config) = chosen(session, Fidelity { throttling, ..Fidelity::default() })?;
    let config = EmulatorConfig { snapshot_after: args.snapshot_after, ..config };
    if let Some(other) = attach(&dir).await? {
        let address = other.address();
        other.leave().await;
        return Err(Failure::ServedAlready(address));
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.map_err(EmulatorError::Listen)?;
    let opened = tokio::task::spawn_blocking(move || Emulator::open(&dir, &config)).await.map_err(Failure::Thread)?;
    let served = opened?.serve(listener).await?;
    let terminal = &session.terminal;
    terminal.note(&format!("serving http://{}; Ctrl-C ends it", served.address()));
    let (url, secret) = (format!("http://{}", served.address()), served.connection_string());
    terminal.result(&match session.global.json {
        true => json_text(&json!({"formatVersion": FORMAT_VERSION, "url": url, "connectionString": secret})),
        false => format!("{secret}\n"),
    });
    until_stopped(served, session).await?;
    Ok(Exit::Done)
}

/// Serves until Ctrl-C, or until another process asks for the end.
async fn until_stopped(served: Served, session: &Session) -> Result<(), EmulatorError> {
    let stopper = served.stopper();
    let ended = served.ended();
    tokio::pin!(ended);
    tokio::select! {
        result = &mut ended => return result,
        _ = session.signals.interrupted() => stopper.stop(),
    }
    ended.await
}
