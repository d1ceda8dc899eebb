//! The seam to an IoT Hub: one narrow client trait, its REST implementation, how to sign in with Entra, how to read all
//! jobs and all device results through it, and how to ask it many questions. Knows the model and nothing else of hubjobs.

mod ask;
mod client;
mod device_result;
pub mod entra;
mod members;
mod observe;
pub mod rest;

pub use ask::{AskOutcome, AskProgress, AskTerms, Asked, NotAsked, Wanted, ask};
pub use client::{Continuation, ErrorCode, HubClient, HubError, JobFilter, Page, Principal};
pub use device_result::{DeviceError, DeviceJobStatus, DeviceResult, FailureClass, MethodAnswer};
pub use observe::{Observation, device_results, observe};
