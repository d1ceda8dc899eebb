//! The commands of `hubjobs emulator`.

use clap::Subcommand;

use super::emulator_args::EmulatorPoliciesArgs;
use super::emulator_args::{EmulatorExportArgs, EmulatorImportArgs, EmulatorStartArgs};
use super::events_args::EmulatorEventsArgs;
use super::fidelity_args::{EmulatorFaultsArgs, EmulatorTickArgs};

/// `hubjobs emulator`.
#[derive(Debug, Subcommand)]
pub(super) enum EmulatorCommand {
    /// Serve the emulated hub until Ctrl-C, and print its connection string; without a project, an
    /// empty hub
    Start(Box<EmulatorStartArgs>),
    /// Make the devices of the fleet file, if the emulator has no state yet
    Seed,
    /// Move the emulator's clock forward
    Tick(EmulatorTickArgs),
    /// List the shared access policies of the emulated hub
    Policies(EmulatorPoliciesArgs),
    /// Show what the emulated hub is, and how much of its tier is used
    Status,
    /// List or change the faults that befall callers of a running emulator
    Faults(EmulatorFaultsArgs),
    /// Write the emulator's state as lines of JSON, also while it is served
    Export(EmulatorExportArgs),
    /// Begin the emulator's state from an export, or from devices of `az iot hub device-identity export`
    Import(EmulatorImportArgs),
    /// Show messages that devices sent to the emulated hub
    Events(EmulatorEventsArgs),
    /// List every rule of the emulated hub, and how sure each is
    Facts,
}
