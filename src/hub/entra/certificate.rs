//! Signing in with a certificate: a short token of our own vouches for us.
//!
//! `azure_identity` has this too, but through OpenSSL, which a static binary does without; rustls
//! signs here. [Format of the assertion](https://learn.microsoft.com/entra/identity-platform/certificate-credentials):
//! PS256, with the SHA-256 thumbprint of the certificate.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::pem::{PemObject as _, SectionKind};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer};
use rustls::sign::SigningKey;
use rustls::{SignatureAlgorithm, SignatureScheme};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::carried::carry;
use super::chain::Application;
use super::failure::{FileProblem, Reason};

/// How long an assertion is good for. It is used at once.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// A certificate with its key, ready to vouch for an application.
pub(super) struct Certificate {
    key: Arc<dyn SigningKey>,
    header: Value,
    client: String,
    /// Whom the assertion is for: the address that it is sent to.
    audience: String,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Takes the PEM of a certificate, those that vouch for it, and its key, in any order but that the
    /// certificate itself is the first one.
    pub(super) fn read(
        pem: &[u8],
        sends_chain: bool,
        application: &Application,
        authority_host: &str,
    ) -> Result<Self, FileProblem> {
        let (certificates, key) = sections(pem)?;
        let leaf = certificates.first().ok_or(FileProblem::NoCertificate)?;
        let key = key.ok_or(FileProblem::NoKey)?;
        let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|_| FileProblem::NotRsa)?;
        if key.algorithm() != SignatureAlgorithm::RSA {
            return Err(FileProblem::NotRsa);
        }
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(leaf));
        let mut header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
        if sends_chain {
            header["x5c"] = certificates.iter().map(|der| STANDARD.encode(der)).collect();
        }
        let Application { tenant, client } = application;
        let audience = format!("{authority_host}/{tenant}/oauth2/v2.0/token");
        Ok(Self { key, header, client: client.to_string(), audience })
    }

    fn assertion(&self, now: Timestamp) -> Option<String> {
        let claims = json!({
            "aud": self.audience,
            "iss": self.client,
            "sub": self.client,
            "jti": Uuid::new_v4(),
            "iat": now.as_second(),
            "nbf": now.as_second(),
            "exp": now.as_second() + LIFETIME.as_secs(),
        });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(&self.header), encode(&claims));
        let signer = self.key.choose_scheme(&[SignatureScheme::RSA_PSS_SHA256])?;
        let signature = signer.sign(message.as_bytes()).ok()?;
        Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[async_trait]
impl ClientAssertion for Certificate {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        // Any RSA key that rustls takes signs in this way, so this does not happen.
        let refused = || carry(Reason::File { path: "the certificate".to_owned(), problem: FileProblem::NotRsa });
        self.assertion(Timestamp::now()).ok_or_else(refused)
    }
}

/// The certificates of a PEM file in their order, and its key.
fn sections(pem: &[u8]) -> Result<(Vec<Vec<u8>>, Option<PrivateKeyDer<'static>>), FileProblem> {
    if pem.trim_ascii().is_empty() {
        return Err(FileProblem::Empty);
    }
    let text = std::str::from_utf8(pem).map_err(|_| FileProblem::NotPem)?;
    if text.contains("ENCRYPTED") {
        return Err(FileProblem::Encrypted);
    }
    if !text.contains("-----BEGIN ") {
        return Err(FileProblem::NotPem);
    }
    let (mut certificates, mut key) = (Vec::new(), None);
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
        let (kind, der) = section.map_err(|_| FileProblem::NotPem)?;
        let der = Zeroizing::new(der);
        match kind {
            SectionKind::Certificate => certificates.push(der.to_vec()),
            SectionKind::PrivateKey => key = Some(PrivatePkcs8KeyDer::from(der.to_vec()).into()),
            SectionKind::RsaPrivateKey => key = Some(PrivatePkcs1KeyDer::from(der.to_vec()).into()),
            SectionKind::EcPrivateKey => return Err(FileProblem::NotRsa),
            _ => {}
        }
    }
    Ok((certificates, key))
}
