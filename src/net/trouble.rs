//! Trouble on the way to somebody, in words.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use super::env_proxy::EnvProxy;
use super::proxy::proxy_of;
use super::verifier::UntrustedIssuer;

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
        let Reason { words, lasting } = match tunnel_fault(error) {
            Some(fault) => of_proxy(&fault, error),
            None => of_server(error, sent),
        };
        let certificate = find::<rustls::Error>(error).and_then(certificate_trouble);
        Self { words, sent, lasting, certificate }
    }
}

/// Why it did not work, and whether it never will.
struct Reason {
    words: String,
    lasting: bool,
}

fn say(words: impl Into<String>, lasting: bool) -> Reason {
    Reason { words: words.into(), lasting }
}

fn of_server(error: &reqwest::Error, sent: bool) -> Reason {
    if let Some(tls) = find::<rustls::Error>(error) {
        return say(tls_in_words(tls), true);
    }
    match (error.is_timeout(), sent) {
        (true, true) => return say("no whole answer came in time", false),
        (true, false) => return say(format!("no connection came about in time{}", perhaps_by_proxy(error)), false),
        _ => {}
    }
    match network_in_words(error) {
        Some(words) => say(words, false),
        None if error.is_decode() => say("the answer cannot be decoded", false),
        None if sent => say("the connection was closed before a whole answer came", false),
        None => say("the connection failed", false),
    }
}

fn network_in_words(error: &reqwest::Error) -> Option<&'static str> {
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => Some("the connection was refused"),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Some("the connection was reset"),
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            Some("there is no way to its address")
        }
        _ => chain(error)
            .any(|cause| cause.to_string().starts_with("dns error"))
            .then_some("its name cannot be resolved"),
    }
}

/// What the HTTP library says of a proxy. Its type is its own, so there are only its words.
fn tunnel_fault(error: &reqwest::Error) -> Option<String> {
    chain(error).find_map(|cause| cause.to_string().strip_prefix("tunnel error: ").map(str::to_owned))
}

fn of_proxy(fault: &str, error: &reqwest::Error) -> Reason {
    let proxy = EnvProxy::from_env().ok().flatten();
    let name = proxy.as_ref().map_or_else(|| "the proxy".to_owned(), ToString::to_string);
    match fault {
        "proxy authorization required" => match proxy.filter(EnvProxy::has_password) {
            Some(proxy) => say(format!("{name} does not take the user and password in `{}`", proxy.variable()), true),
            None => say(format!("{name} asks for a user and a password; write `http://USER:PASSWORD@HOST:PORT`"), true),
        },
        "failed to create underlying connection" => match find::<rustls::Error>(error) {
            Some(tls) => say(format!("{name} cannot be reached: {}", tls_in_words(tls)), true),
            None => {
                let words = network_in_words(error).unwrap_or("the connection failed");
                say(format!("{name} cannot be reached: {words}"), false)
            }
        },
        "unexpected end of file" | "io error establishing tunnel" => {
            say(format!("{name} closed the connection"), false)
        }
        _ => say(format!("{name} did not let the connection through"), true),
    }
}

/// A proxy that says nothing looks like a server that does not listen.
fn perhaps_by_proxy(error: &reqwest::Error) -> String {
    let target = error.url().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    let is_behind = target.is_some_and(|(host, port)| proxy_of(host, port).is_some());
    let proxy = EnvProxy::from_env().ok().flatten().filter(|_| is_behind);
    proxy.map(|proxy| format!(" through {proxy}")).unwrap_or_default()
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
        CertificateError::Other(other) if other.0.is::<UntrustedIssuer>() => CertificateTrouble::UnknownIssuer,
        _ => CertificateTrouble::Other,
    })
}

fn tls_in_words(error: &rustls::Error) -> String {
    if let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = error
        && let Some(UntrustedIssuer { issuer }) = other.0.downcast_ref()
    {
        return format!(
            "its certificate is signed by `{issuer}`, whom this system does not trust; if that is your company's \
             proxy, `--ca-file FILE` names its certificate"
        );
    }
    let words = match error {
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
    };
    words.to_owned()
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
