//! How this program reaches anything over HTTP: whose certificates it trusts, which proxies it goes
//! through, how long it waits, and what trouble on the way is called.
//!
//! # Guarantees
//! - Every exchange has a time limit, and no answer above a size limit is taken in.
//! - Nothing is redirected: whoever does is not to see what a request carries.
//! - Beyond this machine only HTTPS is spoken.

mod ca_file;
mod certificate;
mod env_proxy;
mod limits;
mod proxy;
mod trouble;
mod verifier;

use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;

pub use ca_file::{BadCaFile, CaFileError};
pub use certificate::{CertificateSeen, certificate_of};
use env_proxy::EnvProxy;
pub use env_proxy::InvalidProxy;
pub use limits::{Limits, TakeInError, take_in};
pub use proxy::{Proxy, proxy_of};
pub use trouble::{CertificateTrouble, Trouble};
use verifier::Verifier;

/// What stands between this machine and the others, the same for all that a process calls. Proxies
/// are those of `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Trusted beside the certificates of the system.
    authorities: Arc<[CertificateDer<'static>]>,
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

/// Why no HTTP client came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoClient {
    /// There is nobody to trust.
    #[error("the certificates that this system trusts cannot be loaded; `--ca-file FILE` names some")]
    NoAuthorities,
    /// There is no proxy where one should be.
    #[error(transparent)]
    Proxy(#[from] InvalidProxy),
    /// For a reason of the HTTP library, which the log has.
    #[error("the HTTP client cannot be built; `-vv` says why")]
    Library,
}

impl Network {
    /// Prepares to call others.
    ///
    /// # Errors
    /// When there are no certificates to trust, or a variable that should name a proxy does not.
    pub fn client(&self, reach: Reach, limits: &Limits) -> Result<Client, NoClient> {
        install_tls();
        let builder = Client::builder()
            .user_agent(concat!("hubjobs/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect_timeout)
            .timeout(limits.request_timeout)
            .redirect(redirect::Policy::none())
            // Below the idle limits of load balancers, so that a write is not sent into a dead connection.
            .pool_idle_timeout(Duration::from_secs(30));
        let builder = match reach {
            Reach::Https => through_proxy(builder)?.https_only(true).tls_backend_preconfigured(self.tls()?),
            Reach::HttpsDirect => builder.no_proxy().https_only(true).tls_backend_preconfigured(self.tls()?),
            // Reading the certificates of the system would take longer than most calls.
            Reach::Local => builder.no_proxy().tls_certs_only([]),
        };
        builder.build().map_err(|error| {
            tracing::debug!(?error, "no HTTP client");
            NoClient::Library
        })
    }

    fn tls(&self) -> Result<ClientConfig, NoClient> {
        let failed = |error| {
            tracing::debug!(?error, "no TLS");
            NoClient::NoAuthorities
        };
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new(self.authorities.iter().cloned(), Arc::clone(&provider)).map_err(failed)?;
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(failed)?;
        let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The proxy of the environment; without one that of the system, where systems have one.
fn through_proxy(builder: ClientBuilder) -> Result<ClientBuilder, InvalidProxy> {
    match EnvProxy::from_env()? {
        Some(proxy) => Ok(builder.proxy(proxy.to_proxy()?)),
        None => Ok(builder),
    }
}

/// reqwest panics when no provider is installed. Whoever installed one before us is welcome.
fn install_tls() {
    static RING: Once = Once::new();
    RING.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}
