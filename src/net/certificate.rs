//! The certificate that somebody shows, trusted or not. Whether it is trusted is for the clients of this
//! program to say; this only reads it, and sends nothing.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::install_tls;
use super::proxy::Proxy;

/// Longest answer of a proxy to a request for a tunnel.
const TUNNEL_ANSWER_MAX: usize = 16 << 10;

/// What a certificate says of itself. Texts of whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSeen {
    /// Whom it is for.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}

/// The certificate that is shown behind a connection, directly or through a proxy. The caller bounds the
/// time.
///
/// # Errors
/// In words, when no certificate was shown.
pub async fn certificate_of(
    mut stream: TcpStream,
    proxy: Option<&Proxy>,
    host: &str,
    port: u16,
) -> Result<CertificateSeen, String> {
    install_tls();
    if let Some(proxy) = proxy {
        // It is spoken to by the clients alone: its password is not for the wire in the clear.
        if proxy.is_behind_tls {
            return Err("behind a proxy that speaks TLS itself, the certificate is not read".to_owned());
        }
        open_tunnel(&mut stream, proxy, host, port).await?;
    }
    let shown = Arc::new(Shown::default());
    let config =
        ClientConfig::builder().dangerous().with_custom_certificate_verifier(shown.clone()).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|_| "the name cannot be asked for".to_owned())?;
    // Refusing the certificate ends the handshake as soon as it was shown.
    let ended = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let der = shown.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (der, ended) {
        (Some(der), _) => read(&der).ok_or_else(|| "the certificate cannot be read".to_owned()),
        (None, Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err("what listens there does not speak TLS".to_owned())
        }
        (None, _) => Err("the connection was closed before a certificate was shown".to_owned()),
    }
}

async fn open_tunnel(stream: &mut TcpStream, proxy: &Proxy, host: &str, port: u16) -> Result<(), String> {
    let failed = |_| "the proxy closed the connection".to_owned();
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(authorization) = &proxy.authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(failed)?;
    let mut answer = Vec::new();
    // Byte by byte: what comes behind the head is TLS already.
    while !answer.ends_with(b"\r\n\r\n") && answer.len() < TUNNEL_ANSWER_MAX {
        answer.push(stream.read_u8().await.map_err(failed)?);
    }
    let status = answer.split(|byte| *byte == b' ').nth(1).and_then(|status| std::str::from_utf8(status).ok());
    match status {
        Some("200") => Ok(()),
        Some(status) => Err(format!("the proxy answered {}", status.chars().take(3).collect::<String>())),
        None => Err("the proxy did not answer as one does".to_owned()),
    }
}

fn read(der: &[u8]) -> Option<CertificateSeen> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let time = |seconds| Timestamp::from_second(seconds).ok();
    Some(CertificateSeen {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        not_before: time(certificate.validity().not_before.timestamp())?,
        not_after: time(certificate.validity().not_after.timestamp())?,
    })
}

/// Takes the certificate down, and goes no further.
#[derive(Debug, Default)]
struct Shown(Mutex<Option<Vec<u8>>>);

impl ServerCertVerifier for Shown {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.to_vec());
        Err(rustls::Error::General("only its certificate was wanted".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only its certificate was wanted".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only its certificate was wanted".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
