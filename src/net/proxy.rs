//! Which proxy stands between here and a host.

use reqwest::header::HeaderValue;

use super::env_proxy::EnvProxy;

/// A proxy for HTTPS. `Debug` hides its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is itself spoken to over TLS (`https://HOST:PORT`).
    pub(super) is_behind_tls: bool,
    /// What it wants to see first; marked as sensitive.
    pub(super) authorization: Option<HeaderValue>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

/// The proxy that HTTPS to a host goes through, by the rules of every client of this program:
/// `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either case. This machine is behind none,
/// unless `NO_PROXY` is set and empty. A variable that names no proxy is for the clients to report.
#[must_use]
pub fn proxy_of(host: &str, port: u16) -> Option<Proxy> {
    let target = format!("https://{host}:{port}/").parse().ok()?;
    let found = EnvProxy::from_env().ok()??.to_matcher().intercept(&target)?;
    let uri = found.uri();
    let is_behind_tls = uri.scheme_str() == Some("https");
    let default = if is_behind_tls { 443 } else { 80 };
    let authorization = found.basic_auth().cloned().map(|mut value| {
        value.set_sensitive(true);
        value
    });
    Some(Proxy { host: uri.host()?.to_owned(), port: uri.port_u16().unwrap_or(default), is_behind_tls, authorization })
}
