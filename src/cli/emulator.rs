//! `hubjobs emulator`.

use super::args::{EmulatorStartArgs, EmulatorTickArgs};
use std::net::Ipv4Addr;
use std::num::NonZeroU32;

use serde_json::json;
use tokio::net::TcpListener;

use super::connect::{emulator_config, state_dir};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::project::find;
use super::session::Session;
use crate::emulator::admin::TickRequest;
use crate::emulator::state::Throttling;
use crate::emulator::{Emulator, EmulatorConfig, EmulatorError, Served, StateDir, attach};
use crate::hub::HubClient as _;
use crate::load::PROJECT_FILE;
use crate::model::{ClockMode, EmulatorClock, EmulatorHub, Hub, HubSize, Sku};
use crate::report::{FORMAT_VERSION, json_text, utc};

/// Where an emulator without a project keeps its state: not where the environment `local` of a project
/// that is made here later looks for its own, with another clock and other devices.
const DEFAULT_NAME: &str = "no-project";
const DEFAULT_SIZE: HubSize = HubSize { sku: Sku::S3, units: NonZeroU32::MIN };
const DEFAULT_CLOCK: EmulatorClock = EmulatorClock { start: None, mode: ClockMode::Real };

/// A project whose environment is an emulator.
fn emulated(session: &Session) -> Result<(&'static Context, EmulatorHub), Failure> {
    let context = session.context_of_project()?;
    match context.environment.hub.clone() {
        Hub::Emulator(hub) => Ok((context, hub)),
        Hub::Remote(remote) => Err(Failure::NotAnEmulator(remote.host_name)),
    }
}

/// The emulator of the project; without a project, an empty one whose clock is that of the machine.
fn chosen(session: &Session, throttling: Throttling) -> Result<(StateDir, EmulatorConfig), Failure> {
    let start = session.global.start();
    if !find(start).join(PROJECT_FILE).is_file() {
        let hub = EmulatorHub { fleet: None, size: DEFAULT_SIZE, clock: DEFAULT_CLOCK };
        session.terminal.note("no project here: this hub has no devices, and the machine's time");
        return Ok((state_dir(start, DEFAULT_NAME), emulator_config(&hub, None, throttling)));
    }
    let (context, hub) = emulated(session)?;
    let dir = state_dir(&context.dir, context.environment.name.as_str());
    Ok((dir, emulator_config(&hub, context.fleet.clone(), throttling)))
}

/// Serves the emulator until Ctrl-C.
///
/// # Errors
/// When the project is invalid, its environment is no emulator, or the emulator fails.
pub(super) async fn start(args: &EmulatorStartArgs, session: &Session) -> Result<Exit, Failure> {
    let (dir, config) = chosen(session, if args.no_throttles { Throttling::Off } else { Throttling::On })?;
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

/// Begins the emulator's state with the devices of the fleet file, if there is no state yet.
///
/// # Errors
/// As [`start`].
pub(super) async fn seed(session: &Session) -> Result<Exit, Failure> {
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

/// Moves the emulator's clock on.
///
/// # Errors
/// As [`start`].
pub(super) async fn tick(args: &EmulatorTickArgs, session: &Session) -> Result<Exit, Failure> {
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
