//! The client of the admin calls: reads and moves the clock of an emulator, and stops it. It may be
//! one in this process or in another one.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::auth::Key;
use super::clock::ModeWord;
use super::exchange::{ExchangeError, ExportOptions};
use super::faults::{FaultReport, FaultSpec};
pub use super::live::Advance;
use crate::model::{ClockMode, JobId};
use crate::net::{Limits, Network, Reach};

/// An admin call ends at once, but for an advance, which ends soon.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A tick waits for connected programs that have a method call to answer, call after call.
const TICK_TIMEOUT: Duration = Duration::from_secs(3_600);
/// A million devices take their time.
const EXPORT_TIMEOUT: Duration = Duration::from_mins(30);

/// What an emulator's clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// Time of the hub.
    pub now: Timestamp,
    /// How the clock goes.
    #[serde(with = "ModeWord")]
    pub mode: ClockMode,
}

/// How far to move a clock on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TickRequest {
    /// By a span.
    By(SignedDuration),
    /// To an instant.
    To(Timestamp),
}

/// Lines of a fault script.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FaultLines {
    pub(super) faults: Vec<String>,
}

/// What a hub is, and how much of it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HubStatus {
    /// Time of the hub.
    pub now: Timestamp,
    /// Pricing tier.
    pub sku: String,
    /// Units of it.
    pub units: NonZeroU32,
    /// Jobs that may exist at once.
    pub lanes: usize,
    /// Jobs that do.
    pub lanes_taken: usize,
    /// Messages of the daily quota that are spent today, UTC.
    pub messages_used: u64,
    /// The daily quota; nothing where throttles are off.
    pub messages_per_day: Option<u64>,
}

/// Which messages of devices somebody wants to see.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventsRequest {
    /// The number of the first; the newest if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Of this device and its modules only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// Messages of devices.
#[derive(Debug, Clone, Deserialize)]
pub struct DeviceEvents {
    /// Each with its number, device, time, properties and body.
    pub events: Vec<serde_json::Value>,
    /// The number to go on from.
    pub next: u64,
}

/// Which jobs somebody waits for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AdvanceRequest {
    pub(super) jobs: Vec<String>,
}

/// Calls the admin side of one emulator.
#[derive(Clone)]
pub struct AdminClient {
    address: SocketAddr,
    key: Key,
    http: reqwest::Client,
}

/// Why an admin call did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The emulator does not answer.
    #[error("the emulator at {address} does not answer: {cause}; is it still running?")]
    Unreachable {
        /// Where it was.
        address: SocketAddr,
        /// What went wrong, in words.
        cause: String,
    },
    /// The emulator refused.
    #[error("the emulator refused: {0}")]
    Refused(String),
}

impl fmt::Debug for AdminClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminClient").field("address", &self.address).finish_non_exhaustive()
    }
}

impl AdminClient {
    /// A client for the emulator at that address.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub(super) fn new(address: SocketAddr, key: Key) -> Result<Self, AdminError> {
        let limits = Limits { request_timeout: TIMEOUT, ..Limits::loopback() };
        let http = Network::default().client(Reach::Local, &limits);
        let http = http.map_err(|error| AdminError::Unreachable { address, cause: error.to_string() })?;
        Ok(Self { address, key, http })
    }

    /// What the clock shows.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn clock(&self) -> Result<ClockReading, AdminError> {
        self.send(self.http.get(self.url("clock"))).await
    }

    /// Moves the clock on by hand.
    ///
    /// # Errors
    /// When the emulator does not answer, or the time lies in the past.
    pub async fn tick(&self, request: TickRequest) -> Result<ClockReading, AdminError> {
        self.send(self.http.post(self.url("tick")).timeout(TICK_TIMEOUT).json(&request)).await
    }

    /// Messages that devices sent, oldest first.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn events(&self, request: &EventsRequest) -> Result<DeviceEvents, AdminError> {
        self.send(self.http.get(self.url("events")).query(request)).await
    }

    /// Lets a clock in mode fast jump to what happens next to these jobs: a slice of their device
    /// results, or their next change of state. Call it until nothing progresses.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn advance(&self, jobs: &[JobId]) -> Result<Advance, AdminError> {
        let request = AdvanceRequest { jobs: jobs.iter().map(|job| job.as_str().to_owned()).collect() };
        self.send(self.http.post(self.url("advance")).json(&request)).await
    }

    /// Writes an image of the hub to `out`, all of it at one instant.
    ///
    /// # Errors
    /// When the emulator does not answer, or `out` cannot be written.
    pub async fn export(&self, options: ExportOptions, out: &mut impl std::io::Write) -> Result<(), ExchangeError> {
        let failed = |error: AdminError| ExchangeError::Read(std::io::Error::other(error));
        let request = self.http.post(self.url("export")).timeout(EXPORT_TIMEOUT).json(&options);
        let mut response = self.respond(request).await.map_err(failed)?;
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(self.unreachable(&error)))? {
            out.write_all(&chunk).map_err(ExchangeError::Write)?;
        }
        out.flush().map_err(ExchangeError::Write)
    }

    /// What the hub is, and how much of it is used.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn status(&self) -> Result<HubStatus, AdminError> {
        self.send(self.http.get(self.url("status"))).await
    }

    /// How far the fault script has come.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn faults(&self) -> Result<Vec<FaultReport>, AdminError> {
        self.send(self.http.get(self.url("faults"))).await
    }

    /// Adds lines behind those of the fault script.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn add_faults(&self, faults: &[FaultSpec]) -> Result<Vec<FaultReport>, AdminError> {
        self.send(self.http.post(self.url("faults")).json(&lines(faults))).await
    }

    /// Puts another fault script in place of the one there is; none ends it.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn replace_faults(&self, faults: &[FaultSpec]) -> Result<Vec<FaultReport>, AdminError> {
        self.send(self.http.put(self.url("faults")).json(&lines(faults))).await
    }

    /// Takes or renews a lease, which keeps the process alive that serves.
    ///
    /// # Errors
    /// When the emulator does not answer, or is about to end.
    pub(super) async fn lease(&self, id: Uuid) -> Result<(), AdminError> {
        self.respond(self.http.put(self.url(&format!("lease/{id}")))).await.map(|_| ())
    }

    /// Ends a lease.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub(super) async fn release(&self, id: Uuid) -> Result<(), AdminError> {
        self.respond(self.http.delete(self.url(&format!("lease/{id}")))).await.map(|_| ())
    }

    /// Ends the emulator, whoever else uses it. It answers before it has ended.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn shutdown(&self) -> Result<(), AdminError> {
        self.respond(self.http.post(self.url("shutdown"))).await.map(|_| ())
    }

    fn url(&self, call: &str) -> String {
        format!("http://{}/$hubjobs/{call}", self.address)
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, AdminError> {
        let response = self.respond(request).await?;
        response.json().await.map_err(|error| self.unreachable(&error))
    }

    async fn respond(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, AdminError> {
        let sent = request.bearer_auth(self.key.expose()).send().await;
        let response = sent.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        let said = serde_json::from_str::<serde_json::Value>(&text).ok();
        let said = said.as_ref().and_then(|body| body["error"].as_str());
        Err(AdminError::Refused(said.map_or_else(|| status.to_string(), str::to_owned)))
    }

    fn unreachable(&self, error: &reqwest::Error) -> AdminError {
        AdminError::Unreachable { address: self.address, cause: in_words(error) }
    }
}

fn lines(faults: &[FaultSpec]) -> FaultLines {
    FaultLines { faults: faults.iter().map(ToString::to_string).collect() }
}

/// The innermost cause says more than "error sending request".
fn in_words(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
