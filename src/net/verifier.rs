//! Verifies servers as the platform does, and says who signed what it refuses.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// The certificates that a server presents lead to nobody who is trusted here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UntrustedIssuer {
    /// Who signed the last of them, such as `CN=Contoso Inspection CA`. The server's words: untrusted.
    pub(super) issuer: String,
}

impl fmt::Display for UntrustedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signed by `{}`, who is not trusted", self.issuer)
    }
}

impl std::error::Error for UntrustedIssuer {}

/// Decides as the platform's verifier does. Of that one's errors, the one that people can cure does not
/// say who the unknown authority is; here it does.
#[derive(Debug)]
pub(super) struct Verifier(rustls_platform_verifier::Verifier);

impl Verifier {
    /// Trusts the authorities of the system, and these.
    ///
    /// # Errors
    /// When there is none at all, or one is malformed.
    pub(super) fn new(
        authorities: impl IntoIterator<Item = CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        rustls_platform_verifier::Verifier::new_with_extra_roots(authorities, provider).map(Self)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verified.map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                let last = intermediates.last().unwrap_or(end_entity);
                let named = issuer(last)
                    .map(|issuer| CertificateError::Other(OtherError(Arc::new(UntrustedIssuer { issuer }))));
                Error::InvalidCertificate(named.unwrap_or(CertificateError::UnknownIssuer))
            }
            error => error,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn issuer(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(parsed.issuer().to_string()).filter(|issuer| !issuer.is_empty())
}
