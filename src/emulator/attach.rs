//! Finding the process that serves a state folder already, or becoming it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use super::admin::AdminClient;
use super::lease::Lease;
use super::server::{Emulator, EmulatorConfig, EmulatorError, Served};
use super::store::{Endpoint, StateDir, StateLock, StoreError};

/// How long to wait for a process that is about to start or to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// An emulator that another process serves. That process does not end of itself while this lives.
#[derive(Debug)]
pub struct Attached {
    endpoint: Endpoint,
    admin: AdminClient,
    lease: Lease,
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
        self.endpoint.connection_string.expose()
    }

    /// Its clock and its end.
    #[must_use]
    pub const fn admin(&self) -> &AdminClient {
        &self.admin
    }

    /// Lets go of it, so that the process that serves it may end. A drop does the same, but does not
    /// wait until that process knows.
    pub async fn leave(self) {
        self.lease.release().await;
    }
}

/// The process that serves the state in this folder, if there is one. One that is about to end is
/// waited for.
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
pub enum Session {
    /// This process serves it, on a port of its own choice.
    Own(Served),
    /// Another process serves it.
    Other(Attached),
}

/// Connects to the process that serves the state in this folder; if there is none, serves it in
/// this process, to this machine alone.
///
/// # Errors
/// As [`attach`], [`Emulator::open`] and [`Emulator::serve`].
pub async fn connect(dir: &StateDir, config: &EmulatorConfig) -> Result<Session, EmulatorError> {
    loop {
        if let Some(attached) = attach(dir).await? {
            return Ok(Session::Other(attached));
        }
        let (dir, config) = (dir.clone(), config.clone());
        let opened = tokio::task::spawn_blocking(move || Emulator::open(&dir, &config)).await;
        match opened.map_err(|error| EmulatorError::Listen(std::io::Error::other(error)))? {
            // Another process was faster.
            Err(EmulatorError::Store(StoreError::InUse { .. })) => {}
            opened => {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(EmulatorError::Listen)?;
                return opened?.serve(listener).await.map(Session::Own);
            }
        }
    }
}

impl Session {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        match self {
            Self::Own(served) => served.address(),
            Self::Other(attached) => attached.address(),
        }
    }

    /// Connection string of the policy that may do everything. Holds a key.
    #[must_use]
    pub fn connection_string(&self) -> &str {
        match self {
            Self::Own(served) => served.connection_string(),
            Self::Other(attached) => attached.connection_string(),
        }
    }

    /// Its clock and its end.
    #[must_use]
    pub const fn admin(&self) -> &AdminClient {
        match self {
            Self::Own(served) => served.admin(),
            Self::Other(attached) => attached.admin(),
        }
    }

    /// How many sessions of other processes hold up [`Self::close`]: those that use what this process
    /// serves.
    #[must_use]
    pub fn others(&self) -> usize {
        match self {
            Self::Own(served) => served.others(),
            Self::Other(_) => 0,
        }
    }

    /// Leaves it; one that this process serves is stopped as soon as no other process uses it.
    ///
    /// # Errors
    /// As [`Served::stop`].
    pub async fn close(self) -> Result<(), EmulatorError> {
        match self {
            Self::Own(served) => {
                served.unused().await;
                served.stop().await
            }
            Self::Other(attached) => {
                attached.leave().await;
                Ok(())
            }
        }
    }
}

/// What the folder points at, if it answers: a file may be left over from a killed process.
async fn answering(dir: &StateDir) -> Result<Option<Attached>, EmulatorError> {
    let Some(endpoint) = Endpoint::read(dir)? else { return Ok(None) };
    let admin = AdminClient::new(endpoint.address, endpoint.admin_key.clone())?;
    let lease = Lease::take(admin.clone()).await.ok();
    Ok(lease.map(|lease| Attached { endpoint, admin, lease }))
}
