//! Where an emulator is served, and under which names.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::emulator::auth::{CustomPolicy, Entra, TokenTime};
use crate::emulator::names::{HubName, HubNames};

/// The listeners of an emulator, already bound, and the names it goes by.
#[derive(Debug)]
pub struct Exposure {
    /// Plain HTTP, for commands of this program on this machine.
    pub http: TcpListener,
    /// HTTPS, on every address it is to have.
    pub https: Vec<TcpListener>,
    /// MQTT over TLS, on every address it is to have.
    pub mqtt: Vec<TcpListener>,
    /// Names beside `localhost`, the loopback addresses and the machine's name.
    pub names: Vec<HubName>,
    /// Which clock says whether a token has expired.
    pub token_time: TokenTime,
    /// Policies to add, or to give other rights to.
    pub policies: Vec<CustomPolicy>,
    /// Whose bearer tokens are taken.
    pub entra: Option<Entra>,
}

/// Where an emulator listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Plain HTTP.
    pub http: SocketAddr,
    /// HTTPS, if it is served; the first of its addresses.
    pub https: Option<SocketAddr>,
    /// MQTT over TLS, if it is served; the first of its addresses.
    pub mqtt: Option<SocketAddr>,
}

impl Exposure {
    /// Plain HTTP alone.
    #[must_use]
    pub const fn plain(http: TcpListener) -> Self {
        Self {
            http,
            https: Vec::new(),
            mqtt: Vec::new(),
            names: Vec::new(),
            token_time: TokenTime::Wall,
            policies: Vec::new(),
            entra: None,
        }
    }

    pub(super) const fn needs_tls(&self) -> bool {
        !self.https.is_empty() || !self.mqtt.is_empty()
    }

    pub(super) fn ports(&self) -> io::Result<Ports> {
        let first = |listeners: &[TcpListener]| listeners.first().map(TcpListener::local_addr).transpose();
        Ok(Ports { http: self.http.local_addr()?, https: first(&self.https)?, mqtt: first(&self.mqtt)? })
    }

    /// The names given, and those addresses it listens on that are not any.
    pub(super) fn names(&self, ports: &Ports) -> HubNames {
        let bound = [Some(ports.http), ports.https, ports.mqtt].into_iter().flatten().map(|address| address.ip());
        let bound = bound.filter(|ip| !ip.is_unspecified()).map(HubName::from);
        HubNames::new(self.names.iter().cloned().chain(bound))
    }
}
