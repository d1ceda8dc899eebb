//! Opening an emulator, serving it, stopping it; or finding the process that serves it already.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::admin::{AdminClient, AdminError};
use super::auth::{Key, Policies};
use super::http::{Service, Throttles, router};
use super::lease::Leases;
use super::live::LiveHub;
use super::saved::{self, Saved};
use super::state::{Fidelity, FleetRefused, Throttling};
use super::store::{Endpoint, StateDir, StateLock, Store, StoreError};
use crate::model::{ClockMode, EmulatorClock, Fleet, HubSize};

/// How long another process may take to see whether a folder is taken.
const GLANCE: Duration = Duration::from_millis(200);
/// How long open connections may take to end at a stop.
const GRACE: Duration = Duration::from_secs(3);
/// How often a clock in mode real lets the hub catch up.
const BREATH: Duration = Duration::from_millis(100);
/// How often to see whether another process still uses an emulator that is to end.
const LOOK: Duration = Duration::from_millis(50);

/// What the caller decides about an emulator. There is no default.
#[derive(Debug, Clone)]
pub struct EmulatorConfig {
    /// Tier and units to imitate.
    pub size: HubSize,
    /// The virtual clock; its start counts at the first start only.
    pub clock: EmulatorClock,
    /// The devices, which are made at the first start only; nothing means none.
    pub fleet: Option<Fleet>,
    /// How close to the hub to be.
    pub fidelity: Fidelity,
}

/// Why there is no emulator.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// The state folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The fleet makes no devices.
    #[error("fleet `{name}`: {refused}")]
    Fleet {
        /// Name of the fleet.
        name: String,
        /// What is wrong with it.
        refused: FleetRefused,
    },
    /// The address cannot be used.
    #[error("cannot serve the emulator: {0}")]
    Listen(#[source] std::io::Error),
    /// The admin side of the emulator does not work.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// Another process holds the state but does not serve it.
    #[error(
        "the emulator state in `{}` is held by a process that does not answer; end that process and try again",
        dir.display()
    )]
    Unresponsive {
        /// The state folder.
        dir: PathBuf,
    },
}

/// An open emulator that is not served yet.
#[derive(Debug)]
pub struct Emulator {
    hub: Arc<LiveHub>,
    store: Arc<Store>,
    policies: Policies,
    throttles: Option<Throttles>,
}

impl Emulator {
    /// Opens the state in a folder, or begins it there. Blocks while it reads the files.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it (see [`super::connect`]), and whatever is wrong
    /// with its files.
    pub fn open(dir: &StateDir, config: &EmulatorConfig) -> Result<Self, EmulatorError> {
        let lock = StateLock::acquire_within(dir, GLANCE)?;
        Endpoint::withdraw(&lock)?;
        let policies = saved::policies(dir)?;
        let Saved { kept, seq, store, clock } = saved::open(lock, config)?;
        let store = Arc::new(store);
        let hub = Arc::new(LiveHub::new(kept, seq, Arc::clone(&store), clock));
        let throttles = match config.fidelity.throttling {
            Throttling::On => Some(Throttles::new(config.size, Instant::now())),
            Throttling::Off => None,
        };
        Ok(Self { hub, store, policies, throttles })
    }

    /// Serves it until [`Served::stop`] or an admin's shutdown.
    ///
    /// # Errors
    /// When the address or the folder cannot be used.
    pub async fn serve(self, listener: TcpListener) -> Result<Served, EmulatorError> {
        let address = listener.local_addr().map_err(EmulatorError::Listen)?;
        let admin_key = Key::random();
        let owner_key = self.policies.owner_key().map(Key::as_str).unwrap_or_default();
        let connection_string =
            format!("HostName={address};SharedAccessKeyName=iothubowner;SharedAccessKey={owner_key}");
        let endpoint =
            Endpoint { address, admin_key: admin_key.as_str().to_owned(), connection_string, pid: std::process::id() };
        let admin = AdminClient::new(address, admin_key.clone())?;
        let stop = watch::Sender::new(false);
        let leases = Arc::new(Leases::default());
        let service = Service {
            hub: Arc::clone(&self.hub),
            policies: self.policies,
            hosts: host_names(address),
            port: address.port(),
            throttles: self.throttles,
            admin_key,
            leases: Arc::clone(&leases),
            stop: stop.clone(),
        };
        endpoint.publish(self.store.lock())?;
        let running = Running { hub: self.hub, store: self.store, stop: stop.clone() };
        let task = tokio::spawn(running.run(listener, Arc::new(service)));
        Ok(Served { endpoint, admin, leases, stop, task })
    }
}

/// The names that tokens for this hub may be made for.
fn host_names(address: SocketAddr) -> Vec<String> {
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()];
    let own = match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    };
    if !hosts.contains(&own) {
        hosts.push(own);
    }
    hosts
}

/// An emulator that is served by this process.
pub struct Served {
    endpoint: Endpoint,
    admin: AdminClient,
    leases: Arc<Leases>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), EmulatorError>>,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Served {
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

/// What the server task owns.
struct Running {
    hub: Arc<LiveHub>,
    store: Arc<Store>,
    stop: watch::Sender<bool>,
}

impl Running {
    async fn run(self, listener: TcpListener, service: Arc<Service>) -> Result<(), EmulatorError> {
        let breathing = (self.hub.mode() == ClockMode::Real).then(|| tokio::spawn(breathe(Arc::clone(&self.hub))));
        let server = axum::serve(listener, router(service)).with_graceful_shutdown(stopped(self.stop.clone()));
        let overdue = async {
            stopped(self.stop.clone()).await;
            tokio::time::sleep(GRACE).await;
        };
        let served = tokio::select! {
            served = server => served.map_err(EmulatorError::Listen),
            () = overdue => Ok(()),
        };
        if let Some(breathing) = breathing {
            breathing.abort();
        }
        let Self { hub, store, .. } = self;
        let closed = tokio::task::spawn_blocking(move || {
            let closed = hub.close();
            Endpoint::withdraw(store.lock())?;
            closed
        });
        let closed = closed.await.map_err(|error| EmulatorError::Listen(std::io::Error::other(error)))?;
        served.and(closed.map_err(EmulatorError::Store))
    }
}

async fn stopped(stop: watch::Sender<bool>) {
    // The sender lives as long as this future, so waiting cannot fail.
    let _ = stop.subscribe().wait_for(|stop| *stop).await;
}

/// Lets the hub go on where time passes by itself, even if nobody asks it anything.
async fn breathe(hub: Arc<LiveHub>) {
    let mut breath = tokio::time::interval(BREATH);
    breath.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        breath.tick().await;
        let hub = Arc::clone(&hub);
        if tokio::task::spawn_blocking(move || hub.breathe()).await.is_err() {
            return;
        }
    }
}
