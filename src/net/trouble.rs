//! Trouble on the way to somebody, in words.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// Why an exchange brought no whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// A fragment that fits behind "cannot reach X: ".
    pub words: String,
    /// Whether the request may have arrived.
    pub sent: bool,
    /// Whether trying again is pointless.
    pub lasting: bool,
    /// What is wrong with the other side's certificate, if that is the trouble.
    pub certificate: Option<CertificateTrouble>,
}

/// Why a certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateTrouble {
    /// Nobody whom this machine trusts signed it.
    UnknownIssuer,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotValidYet,
    /// It is for another name.
    OtherName,
    /// Anything else.
    Other,
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        let trouble = Self::of(&error);
        // These words are ours; the original, which may name types of libraries, is for bug reports.
        tracing::debug!(error = format_args!("{:?}", error.without_url()), "no whole answer");
        trouble
    }
}

impl Trouble {
    fn of(error: &reqwest::Error) -> Self {
        let sent = !(error.is_connect() || error.is_builder());
        let say = |words: &str, lasting| Self { words: words.to_owned(), sent, lasting, certificate: None };
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self { certificate: certificate_trouble(tls), ..say(tls_in_words(tls), true) };
        }
        match (error.is_timeout(), sent) {
            (true, true) => return say("no whole answer came in time", false),
            (true, false) => return say("no connection came about in time", false),
            _ => {}
        }
        match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => say("the connection was refused", false),
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => say("the connection was reset", false),
            Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
                say("there is no way to its address", false)
            }
            _ if chain(error).any(|cause| cause.to_string().starts_with("dns error")) => {
                say("its name cannot be resolved", false)
            }
            _ if chain(error).any(|cause| cause.to_string().contains("tunnel")) => {
                say("the proxy did not let the connection through", true)
            }
            _ if error.is_decode() => say("the answer cannot be decoded", false),
            _ if sent => say("the connection was closed before a whole answer came", false),
            _ => say("the connection failed", false),
        }
    }
}

fn certificate_trouble(error: &rustls::Error) -> Option<CertificateTrouble> {
    let rustls::Error::InvalidCertificate(why) = error else { return None };
    Some(match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateTrouble::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => CertificateTrouble::NotValidYet,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateTrouble::OtherName
        }
        CertificateError::UnknownIssuer => CertificateTrouble::UnknownIssuer,
        _ => CertificateTrouble::Other,
    })
}

fn tls_in_words(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another host name"
            }
            CertificateError::UnknownIssuer => "its certificate is not signed by an authority that this system trusts",
            CertificateError::Revoked => "its certificate was revoked",
            _ => "its certificate is not valid",
        },
        rustls::Error::AlertReceived(_) | rustls::Error::PeerIncompatible(_) => "it refused the TLS connection",
        rustls::Error::InvalidMessage(_) => "what listens there does not speak TLS",
        _ => "the TLS handshake failed",
    }
}

/// An error and its causes, outermost first.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // `io::Error::source` skips the error that it wraps and goes on with that one's source.
        Some(wrapper) => wrapper.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

/// The innermost cause of a type.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).filter_map(|cause| cause.downcast_ref()).last()
}
