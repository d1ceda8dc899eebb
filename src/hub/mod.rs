//! The seam to an IoT Hub: one narrow client trait, and how to read all jobs through it.

mod client;

pub use client::{Continuation, ErrorCode, HubClient, HubError, JobFilter, Page};
