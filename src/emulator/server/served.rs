//! An emulator that runs in this process.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{EmulatorError, Ports};
use crate::emulator::admin::AdminClient;
use crate::emulator::auth::Key;
use crate::emulator::lease::Leases;
use crate::emulator::store::Endpoint;

/// How often to see whether another process still uses an emulator that is to end.
const LOOK: Duration = Duration::from_millis(50);

/// An emulator that is served by this process.
pub struct Served {
    pub(super) endpoint: Endpoint,
    pub(super) ports: Ports,
    /// Connection string for HTTPS. Holds a key.
    pub(super) secure: Option<Key>,
    pub(super) authority: Option<PathBuf>,
    pub(super) admin: AdminClient,
    pub(super) leases: Arc<Leases>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) task: JoinHandle<Result<(), EmulatorError>>,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Served {
    /// Where it listens for plain HTTP.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.endpoint.address
    }

    /// Connection string of the policy that may do everything. Holds a key.
    #[must_use]
    pub fn connection_string(&self) -> &str {
        self.endpoint.connection_string.expose()
    }

    /// All the places where it listens.
    #[must_use]
    pub const fn ports(&self) -> Ports {
        self.ports
    }

    /// Connection string of the policy that may do everything, for clients that use HTTPS. Holds a key.
    #[must_use]
    pub fn secure_connection_string(&self) -> Option<&str> {
        self.secure.as_ref().map(Key::expose)
    }

    /// The certificate that clients have to trust, if TLS is served.
    #[must_use]
    pub fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    /// Its clock and its end.
    #[must_use]
    pub const fn admin(&self) -> &AdminClient {
        &self.admin
    }

    /// How many sessions of other processes use it.
    #[must_use]
    pub fn others(&self) -> usize {
        self.leases.count(Instant::now())
    }

    /// Waits until no other process uses it, serving on, or until somebody ends it all the same.
    /// Nobody can attach to it after that.
    pub async fn unused(&self) {
        while !*self.stop.borrow() && !self.task.is_finished() && !self.leases.close_if_none(Instant::now()) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends it at once, whoever else uses it: open requests are answered, a snapshot is taken, the folder is let go.
    ///
    /// # Errors
    /// When the snapshot cannot be written. Nothing is lost then.
    pub async fn stop(self) -> Result<(), EmulatorError> {
        self.stop.send_replace(true);
        self.ended().await
    }

    /// Waits until somebody else ends it.
    ///
    /// # Errors
    /// As [`Self::stop`].
    pub async fn ended(self) -> Result<(), EmulatorError> {
        self.task.await.unwrap_or_else(|error| Err(EmulatorError::Listen(std::io::Error::other(error))))
    }

    /// Asks for its end without waiting for it; [`Self::ended`] then returns.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }
}

/// Ends an emulator from somewhere else, such as a signal handler.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Asks for the end.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}
