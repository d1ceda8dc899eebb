//! hubjobs runs Azure IoT Hub jobs from YAML manifests: validate, plan, apply.

pub mod model;

pub mod diagnostic;
pub mod query;

pub mod load;

pub mod expand;
pub mod plan;

pub mod hub;
pub mod reconcile;

pub mod emulator;
pub mod run_once;

pub mod report;
