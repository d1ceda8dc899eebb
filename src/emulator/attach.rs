//! Finding the process that serves a state folder already.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::admin::AdminClient;
use super::auth::Key;
use super::server::{Emulator, EmulatorConfig, EmulatorError};
use super::store::{Endpoint, StateDir, StateLock, StoreError};

/// How long to wait for a process that is about to start or to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// An emulator that another process serves.
#[derive(Debug)]
pub struct Attached {
    endpoint: Endpoint,
    admin: AdminClient,
}

impl Attached {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.endpoint.address
    }

    /// Connection string of the policy that may do everything. Holds a key.
    #[must_use]
    pub fn connection_string(&self) -> &str {
        &self.endpoint.connection_string
    }

    /// Its clock and its end.
    #[must_use]
    pub const fn admin(&self) -> &AdminClient {
        &self.admin
    }
}

/// The process that serves the state in this folder, if there is one.
///
/// # Errors
/// When a process holds the folder but does not answer.
pub async fn attach(dir: &StateDir) -> Result<Option<Attached>, EmulatorError> {
    let deadline = Instant::now() + PATIENCE;
    while StateLock::is_taken(dir)? {
        if let Some(attached) = answering(dir).await? {
            return Ok(Some(attached));
        }
        if Instant::now() > deadline {
            return Err(EmulatorError::Unresponsive { dir: dir.path().to_owned() });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(None)
}

/// The emulator of a folder, wherever it runs.
#[derive(Debug)]
pub enum Reached {
    /// This process has it now, and should serve it.
    Opened(Emulator),
    /// Another process serves it.
    Attached(Attached),
}

/// Connects to the process that serves the state in this folder, or opens it if there is none.
///
/// # Errors
/// As [`attach`] and [`Emulator::open`].
pub async fn open_or_attach(dir: &StateDir, config: &EmulatorConfig) -> Result<Reached, EmulatorError> {
    loop {
        if let Some(attached) = attach(dir).await? {
            return Ok(Reached::Attached(attached));
        }
        let (dir, config) = (dir.clone(), config.clone());
        let opened = tokio::task::spawn_blocking(move || Emulator::open(&dir, &config)).await;
        match opened.map_err(|error| EmulatorError::Listen(std::io::Error::other(error)))? {
            // Another process was faster.
            Err(EmulatorError::Store(StoreError::InUse { .. })) => {}
            opened => return opened.map(Reached::Opened),
        }
    }
}

/// What the folder points at, if it answers: a file may be left over from a killed process.
async fn answering(dir: &StateDir) -> Result<Option<Attached>, EmulatorError> {
    let Some(endpoint) = Endpoint::read(dir)? else { return Ok(None) };
    let admin = AdminClient::new(endpoint.address, Key::new(endpoint.admin_key.clone()))?;
    Ok(admin.clock().await.is_ok().then_some(Attached { endpoint, admin }))
}
