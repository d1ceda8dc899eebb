//! An IoT Hub in this process. [`state`] holds every rule and is pure; the skins around it speak
//! protocols and keep files.

pub mod facts;
pub mod faults;
pub mod mqtt;
pub mod state;

mod fleet;

mod in_process;

mod clock;
mod exchange;
mod live;
mod live_devices;
mod outbox;
mod saved;
mod store;

pub mod auth;
mod http;
mod names;
mod tls;
pub mod transport;

pub mod admin;
mod attach;
mod lease;
mod server;

pub use attach::{Attached, Session, attach, connect};
pub use exchange::{BadLines, ExchangeError, ExportForm, ExportKeys, ExportOptions, Imported, Replace, export, import};
pub use in_process::InProcessHub;
pub use names::{HubName, InvalidHubName};
pub use saved::read_state;
pub use server::{
    Emulator, EmulatorConfig, EmulatorError, Exposure, Ports, SNAPSHOT_AFTER, Served, Stopper, Unserved, host_name,
    policies,
};
pub use store::{StateDir, StoreError};
pub use tls::TlsError;
