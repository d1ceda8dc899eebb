//! How this program reaches anything over HTTP: whose certificates it trusts, which proxies it goes
//! through, how long it waits, and what trouble on the way is called.
//!
//! # Guarantees
//! - Every exchange has a time limit, and no answer above a size limit is taken in.
//! - Nothing is redirected: whoever does is not to see what a request carries.
//! - Beyond this machine only HTTPS is spoken.

mod ca_file;
mod certificate;
mod limits;
mod proxy;
mod trouble;

use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::{Certificate, Client, redirect};

pub use ca_file::CaFileError;
pub use certificate::{CertificateSeen, certificate_of};
pub use limits::{Limits, TakeInError, take_in};
pub use proxy::{Proxy, proxy_of};
pub use trouble::{CertificateTrouble, Trouble};

/// What stands between this machine and the others, the same for all that a process calls. Proxies
/// are those of `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Trusted beside the certificates of the system.
    authorities: Arc<[Certificate]>,
}

/// Where somebody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// On the network, with a certificate that is trusted. Through a proxy if there is one.
    Https,
    /// On the network, with a certificate that is trusted, never through a proxy.
    HttpsDirect,
    /// On this machine or the link, over plain HTTP, and never through a proxy.
    Local,
}

/// No HTTP client came about: the certificates that the system trusts cannot be loaded, or a proxy's
/// address is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the certificates that this system trusts cannot be loaded")]
pub struct NoClient;

impl Network {
    /// Prepares to call others.
    ///
    /// # Errors
    /// When the system has no certificates to trust.
    pub fn client(&self, reach: Reach, limits: &Limits) -> Result<Client, NoClient> {
        install_tls();
        let builder = Client::builder()
            .user_agent(concat!("hubjobs/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect_timeout)
            .timeout(limits.request_timeout)
            .redirect(redirect::Policy::none())
            // Below the idle limits of load balancers, so that a write is not sent into a dead connection.
            .pool_idle_timeout(Duration::from_secs(30));
        let authorities = self.authorities.iter().cloned();
        let client = match reach {
            Reach::Https => builder.https_only(true).tls_certs_merge(authorities).build(),
            Reach::HttpsDirect => builder.https_only(true).tls_certs_merge(authorities).no_proxy().build(),
            // Reading the certificates of the system would take longer than most calls.
            Reach::Local => builder.no_proxy().tls_certs_only([]).build(),
        };
        client.map_err(|error| {
            tracing::debug!(?error, "no HTTP client");
            NoClient
        })
    }
}

/// reqwest panics when no provider is installed. Whoever installed one before us is welcome.
fn install_tls() {
    static RING: Once = Once::new();
    RING.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}
