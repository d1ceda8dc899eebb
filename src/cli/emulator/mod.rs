//! `hubjobs emulator`.

mod events;
mod export;
mod faults;
mod fidelity;
mod import;
mod listen;
mod policies;
mod running;
mod seed;
mod start;
mod status;
mod tick;

use std::num::NonZeroU32;

use super::connect::{emulator_config, hub_state_dir, state_dir};
use super::context::Context;
use super::failure::Failure;
use super::session::Session;
use crate::emulator::state::Fidelity;
use crate::emulator::{EmulatorConfig, StateDir};
use crate::model::{ClockMode, EmulatorClock, EmulatorHub, Hub, HubSize, Sku};

pub(super) use events::events;
pub(super) use export::export;
pub(super) use faults::faults;
pub(super) use import::import;
pub(super) use listen::{Protocol, reason};
pub(super) use policies::policies;
pub(super) use seed::seed;
pub(super) use start::start;
pub(super) use status::status;
pub(super) use tick::tick;

/// Where an emulator without a project keeps its state: not where the environment `local` of a project
/// that is made here later looks for its own, with another clock and other devices.
const DEFAULT_NAME: &str = "no-project";
const DEFAULT_SIZE: HubSize = HubSize { sku: Sku::S3, units: NonZeroU32::MIN };
const DEFAULT_CLOCK: EmulatorClock = EmulatorClock { start: None, mode: ClockMode::Real };

/// A project whose environment is an emulator.
fn emulated(session: &Session) -> Result<(&'static Context, EmulatorHub), Failure> {
    let context = session.one_hub_of_project()?;
    match context.environment.hub.clone() {
        Hub::Emulator(hub) => Ok((context, hub)),
        Hub::Remote(remote) => Err(Failure::NotAnEmulator(remote.host_name)),
    }
}

/// Where an emulator without a project keeps its state. A mistyped folder is not made, and a mistyped
/// place is not passed over: only a project has environments.
fn without_project(session: &Session) -> Result<StateDir, Failure> {
    let start = session.global.start();
    if !start.is_dir() {
        return Err(Failure::NoFolder(start.to_owned()));
    }
    if session.global.environment.is_some() {
        return Err(Failure::NoProject(start.to_owned()));
    }
    Ok(state_dir(start, DEFAULT_NAME))
}

/// The emulator of the project; without a project, an empty one whose clock is that of the machine.
fn chosen(session: &Session, fidelity: Fidelity) -> Result<(StateDir, EmulatorConfig), Failure> {
    if !session.has_project() {
        let hub = EmulatorHub { fleet: None, size: DEFAULT_SIZE, clock: DEFAULT_CLOCK };
        return Ok((without_project(session)?, emulator_config(&hub, None, fidelity)));
    }
    let (context, hub) = emulated(session)?;
    let dir = hub_state_dir(context);
    Ok((dir, emulator_config(&hub, context.fleet.clone(), fidelity)))
}
