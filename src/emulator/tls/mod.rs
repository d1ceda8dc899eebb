//! TLS: a certificate authority of this hub's own, a certificate for its names, and what its
//! listeners offer. TLS 1.2 is on because the Python device SDK knows no other.

mod authority;
mod client_certificate;
mod kept;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::names::HubNames;
use super::store::{StateDir, StoreError};
use authority::Identity;
use client_certificate::AnyClientCertificate;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file with the keys cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A certificate or key does not work.
    #[error("the certificate in `{}` cannot be used: {reason}; remove that file to have a new one made", path.display())]
    Unusable {
        /// Where it is kept.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// What the listeners of one hub offer.
pub(super) struct Tls {
    /// Of HTTPS: the server proves who it is.
    pub(super) https: Arc<ServerConfig>,
    /// Of MQTT: clients may show a certificate too.
    pub(super) mqtt: Arc<ServerConfig>,
}

impl Tls {
    /// Opens what the folder keeps, and makes what is missing, too old or for other names. The folder
    /// is held by the caller.
    ///
    /// # Errors
    /// When the files cannot be used.
    pub(super) fn open(dir: &StateDir, names: &HubNames, now: Timestamp) -> Result<Self, TlsError> {
        let kept = kept::open(dir, names, now)?;
        let config = |asks_clients| {
            server_config(&kept.server.identity, asks_clients)
                .map_err(|reason| TlsError::Unusable { path: dir.tls(), reason })
        };
        Ok(Self { https: Arc::new(config(None)?), mqtt: Arc::new(config(Some(AnyClientCertificate::new()))?) })
    }
}

/// One certificate whatever name the client asks for: with an IP address it asks for none.
fn server_config(identity: &Identity, clients: Option<AnyClientCertificate>) -> Result<ServerConfig, String> {
    let asks_clients = clients.is_some();
    let chain = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).map_err(|error| error.to_string())?;
    // The text of the error could quote the key.
    let key =
        PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes()).map_err(|_| "the key is not PEM".to_owned())?;
    let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| error.to_string())?;
    let builder = match clients {
        Some(verifier) => versions.with_client_cert_verifier(Arc::new(verifier)),
        None => versions.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(vec![chain], key).map_err(|error| error.to_string())?;
    if !asks_clients {
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
    }
    Ok(config)
}
