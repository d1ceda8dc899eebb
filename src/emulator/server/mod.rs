//! Opening an emulator, serving it, stopping it; or finding the process that serves it already.

mod exposure;
mod running;
mod served;
mod unserved;

use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::admin::{AdminClient, AdminError};
use super::auth::{Bearers, CustomPolicy, Entra, Guard, InvalidPolicy, Key, Policies, PolicyView, TokenTime};
use super::exchange::ExchangeError;
use super::faults::FaultSpec;
use super::http::{Mishaps, Service, Throttles};
use super::live::LiveHub;
use super::names::HubNames;
use super::saved::{self, Saved};
use super::state::{Fidelity, FleetRefused, Strictness, Throttling};
use super::store::{Endpoint, StateDir, StateLock, Store, StoreError};
use super::tls::{Tls, TlsError};
use crate::model::{EmulatorClock, Fleet, HubSize};
pub use exposure::{Exposure, Ports};
use running::Running;
pub use served::{Served, Stopper};
pub use unserved::Unserved;

/// How long another process may take to see whether a folder is taken.
const GLANCE: Duration = Duration::from_millis(200);

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
    /// Bytes of journal from which on a snapshot is written while the hub runs; later, if the snapshot is
    /// longer than that. Usually [`SNAPSHOT_AFTER`].
    pub snapshot_after: u64,
}

/// A shorter journal is not worth a snapshot while the hub runs.
pub const SNAPSHOT_AFTER: u64 = 16 << 20;

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
    /// There are too many policies.
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
    /// There is no certificate to serve with.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Nothing was exported or imported.
    #[error(transparent)]
    Exchange(Box<ExchangeError>),
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
    strictness: Strictness,
    throttles: Option<Throttles>,
    mishaps: Mishaps,
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
        let hub = Arc::new(LiveHub::new(kept, seq, Arc::clone(&store), clock, config.snapshot_after));
        let throttles = match config.fidelity.throttling {
            Throttling::On => Some(Throttles::new(config.size, Instant::now())),
            Throttling::Off => None,
        };
        Ok(Self {
            hub,
            store,
            policies,
            strictness: config.fidelity.strictness,
            throttles,
            mishaps: Mishaps::default(),
        })
    }

    /// With a fault script from the start.
    #[must_use]
    pub fn with_faults(self, faults: Vec<FaultSpec>) -> Self {
        Self { mishaps: Mishaps::new(faults), ..self }
    }

    /// Serves it over plain HTTP alone, until [`Served::stop`] or an admin's shutdown.
    ///
    /// # Errors
    /// When the address or the folder cannot be used.
    pub async fn serve(self, listener: TcpListener) -> Result<Served, EmulatorError> {
        self.serve_on(Exposure::plain(listener)).await
    }

    /// Serves it until [`Served::stop`] or an admin's shutdown.
    ///
    /// # Errors
    /// When an address, a certificate or the folder cannot be used.
    pub async fn serve_on(mut self, mut exposure: Exposure) -> Result<Served, EmulatorError> {
        self.add_policies(mem::take(&mut exposure.policies))?;
        let bearers = self.bearers(exposure.entra.take());
        let ports = exposure.ports().map_err(EmulatorError::Listen)?;
        let names = exposure.names(&ports);
        let tls = match exposure.needs_tls() {
            true => Some(Tls::open(self.store.lock().dir(), &names, Timestamp::now())?),
            false => None,
        };
        let admin_key = Key::random();
        let owner_key = self.policies.owner_key().map(Key::expose).unwrap_or_default();
        let host_name = ports.https.map(|https| host_for_clients(https, 443));
        let secure = host_name.as_deref().map(|host| connection_string(host, owner_key));
        let endpoint = Endpoint {
            host_name,
            address: ports.http,
            admin_key: admin_key.clone(),
            connection_string: connection_string(&ports.http.to_string(), owner_key),
            pid: std::process::id(),
        };
        let admin = AdminClient::new(ports.http, admin_key.clone())?;
        endpoint.publish(self.store.lock())?;
        let authority = tls.as_ref().map(|_| self.store.lock().dir().authority());
        let (hub, store) = (Arc::clone(&self.hub), Arc::clone(&self.store));
        let service = self.service((names, bearers), exposure.token_time, admin_key);
        let (leases, stop) = (Arc::clone(&service.leases), service.stop.clone());
        let running = Running { hub, store, stop: stop.clone(), tls };
        let task = tokio::spawn(running.run(exposure, Arc::new(service)));
        Ok(Served { endpoint, ports, secure, authority, admin, leases, stop, task })
    }

    /// Takes requests without a socket, under the names that every emulator has.
    #[must_use]
    pub fn unserved(self) -> Unserved {
        let (names, bearers) = (HubNames::new([]), self.bearers(None));
        Unserved::new(self.service((names, bearers), TokenTime::Wall, Key::random()))
    }

    fn bearers(&self, entra: Option<Entra>) -> Bearers {
        match (entra, self.strictness) {
            (Some(entra), _) => Bearers::Entra(entra),
            (None, Strictness::Strict) => Bearers::Refused,
            (None, Strictness::Lenient) => Bearers::Any,
        }
    }

    /// What the protocols call.
    fn service(self, (names, bearers): (HubNames, Bearers), token_time: TokenTime, admin_key: Key) -> Service {
        Service {
            hub: self.hub,
            guard: Guard { policies: self.policies, names, token_time, bearers },
            throttles: self.throttles,
            mishaps: self.mishaps,
            dir: self.store.lock().dir().clone(),
            admin_key,
            leases: Arc::default(),
            stop: watch::Sender::new(false),
        }
    }

    /// Adds policies, or gives those of the same name other rights, and keeps that.
    fn add_policies(&mut self, customs: Vec<CustomPolicy>) -> Result<(), EmulatorError> {
        if customs.is_empty() {
            return Ok(());
        }
        for custom in customs {
            self.policies.put(custom)?;
        }
        Ok(saved::write_policies(self.store.lock().dir(), &self.policies)?)
    }
}

/// The shared access policies of the emulator in this folder; nothing if it was never started.
///
/// # Errors
/// When the file that keeps them cannot be used.
pub fn policies(dir: &StateDir) -> Result<Option<Vec<PolicyView>>, EmulatorError> {
    Ok(saved::read_policies(dir)?.map(|policies| policies.view()))
}

/// The host name for clients of the emulator that serves this folder now over HTTPS, if one does.
///
/// # Errors
/// When the folder cannot be used.
pub fn host_name(dir: &StateDir) -> Result<Option<String>, EmulatorError> {
    if !StateLock::is_taken(dir)? {
        return Ok(None);
    }
    Ok(Endpoint::read(dir)?.and_then(|endpoint| endpoint.host_name))
}

/// In the form that the strictest client reads: this order, and nothing after.
fn connection_string(host: &str, owner_key: &str) -> Key {
    Key::new(format!("HostName={host};SharedAccessKeyName=iothubowner;SharedAccessKey={owner_key}"))
}

/// The host name for clients. One at the usual port has none in it: some clients take no port at all.
fn host_for_clients(address: SocketAddr, usual_port: u16) -> String {
    let ip = address.ip();
    let host = match ip {
        _ if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    if address.port() == usual_port { host } else { format!("{host}:{}", address.port()) }
}
