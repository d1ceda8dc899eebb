//! hubjobs runs Azure IoT Hub jobs from YAML manifests: validate, plan, apply.

pub mod hub;
pub mod model;
