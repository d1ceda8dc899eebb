//! The proxy that the environment names. What the HTTP library reads by itself it also forgives by
//! itself: a proxy that is misspelt would be no proxy, without a word.

use std::env;
use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{NoProxy, Proxy, Url};
use secrecy::{ExposeSecret as _, SecretString};

/// In the order in which they are asked. Plain HTTP is spoken to nobody behind a proxy.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// This machine is not behind a proxy, nor is what answers only on the link.
const ALWAYS_DIRECT: &str = "localhost,127.0.0.0/8,::1,169.254.0.0/16";

/// A proxy that the environment names. Prints as its address, without user and password.
#[derive(Clone)]
pub(super) struct EnvProxy {
    variable: &'static str,
    /// Perhaps with a password.
    url: SecretString,
    address: String,
    has_password: bool,
}

/// A variable holds something else than the address of a proxy. The text is never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}` is not the address of an HTTP proxy; write `http://HOST:PORT`, or unset it")]
pub struct InvalidProxy {
    /// The variable.
    pub variable: &'static str,
}

impl EnvProxy {
    /// The proxy for HTTPS, if the environment names one.
    ///
    /// # Errors
    /// When the variable holds something else.
    pub(super) fn from_env() -> Result<Option<Self>, InvalidProxy> {
        let set = VARIABLES
            .iter()
            .find_map(|name| env::var_os(name).filter(|value| !value.is_empty()).map(|value| (*name, value)));
        let Some((variable, text)) = set else { return Ok(None) };
        let text = text.into_string().map_err(|_| InvalidProxy { variable })?;
        Self::parse(variable, text.trim()).map(Some)
    }

    fn parse(variable: &'static str, text: &str) -> Result<Self, InvalidProxy> {
        let invalid = InvalidProxy { variable };
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&text).map_err(|_| invalid)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(invalid)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid);
        }
        let port = url.port_or_known_default().ok_or(invalid)?;
        let address = format!("{host}:{port}");
        let has_password = !url.username().is_empty() || url.password().is_some();
        Ok(Self { variable, url: SecretString::from(text), address, has_password })
    }

    /// For the HTTP library.
    ///
    /// # Errors
    /// When that cannot use what is an address here.
    pub(super) fn to_proxy(&self) -> Result<Proxy, InvalidProxy> {
        let invalid = |_| InvalidProxy { variable: self.variable };
        Ok(Proxy::https(self.url.expose_secret()).map_err(invalid)?.no_proxy(NoProxy::from_string(&exceptions())))
    }

    /// The same rules for somebody who is no client of that library.
    pub(super) fn to_matcher(&self) -> Matcher {
        Matcher::builder().https(self.url.expose_secret().to_owned()).no(exceptions()).build()
    }

    /// Whether the address has a user or a password in it.
    pub(super) const fn has_password(&self) -> bool {
        self.has_password
    }

    /// Which variable names it.
    pub(super) const fn variable(&self) -> &'static str {
        self.variable
    }
}

/// Hosts that are called without the proxy. Only a `NO_PROXY` that is set and empty sends to it what is for
/// this machine.
fn exceptions() -> String {
    match ["NO_PROXY", "no_proxy"].iter().find_map(|name| env::var(name).ok()) {
        None => ALWAYS_DIRECT.to_owned(),
        Some(hosts) if hosts.is_empty() => String::new(),
        Some(hosts) => format!("{ALWAYS_DIRECT},{hosts}"),
    }
}

impl fmt::Display for EnvProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy `{}` (`{}`)", self.address, self.variable)
    }
}

impl fmt::Debug for EnvProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
