//! An IoT Hub in this process. [`state`] holds every rule and is pure; the skins around it speak
//! protocols and keep files.

mod fleet;
mod in_process;
pub mod state;

pub use in_process::InProcessHub;
