//! The REST API of IoT Hub over HTTPS, api-version 2021-04-12.
//!
//! A call passes, from the outside in: `client` (paths, headers, meaning of answers), `retry`
//! (the only place that repeats anything), `pacing` (the only place that holds calls back),
//! `transport` (one exchange, bounded in time and size). `wire` and `configuration` know the JSON, `error` what a
//! refusal looks like, `raw` sends what somebody wrote, `signature`, `sas` and `connection_string` how to sign in;
//! with Entra, that is `hub::entra`.
//!
//! # Guarantees
//! - Every exchange has a time limit, and no answer above a size limit is taken in.
//! - A write is sent again only when the hub certainly did not carry it out.
//! - No key, signature or token appears in a message, a log event or a `Debug` text.

mod client;
mod configuration;
mod connection_string;
mod endpoint;
mod error;
mod failure;
mod identity;
mod pacing;
mod raw;
mod retry;
mod sas;
mod signature;
mod transport;
mod wire;

pub use crate::net::Limits;
pub use client::{API_VERSION, RestConfig, RestHub};
pub use connection_string::{ConnectionString, ConnectionStringError, InvalidConnectionString, Origin, SasCredential};
pub use endpoint::{Endpoint, HostName, InvalidHostName, LoopbackAddr, NotLoopback};
pub use error::is_about_rights;
pub use identity::SignsInAs;
pub use pacing::Pacing;
pub use raw::{RawAnswer, RawBody, RawRequest, Sign, Verb};
pub use retry::{Backoff, RetryPolicy};
pub use sas::{InvalidSasKey, InvalidSasToken, SasKey, SasSigner, SasToken};
pub use signature::Credential;
