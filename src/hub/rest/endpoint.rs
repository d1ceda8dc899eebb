//! Where a hub listens.

use std::fmt;
use std::net::SocketAddr;

/// The name of a hub: a DNS name or an IPv4 address, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostName(String);

/// The text cannot be the name of a host. It is not shown: a key pasted into the wrong place would
/// be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a host name; expected a form like `contoso.azure-devices.net`, without `https://`")]
pub struct InvalidHostName;

impl HostName {
    /// Longest name in the DNS, and longest part between two dots.
    const LEN_MAX: usize = 253;
    const LABEL_LEN_MAX: usize = 63;

    /// # Errors
    /// When the text is not made of labels of letters, digits and inner hyphens.
    pub fn new(text: &str) -> Result<Self, InvalidHostName> {
        let is_label = |label: &str| {
            (1..=Self::LABEL_LEN_MAX).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let plausible = text.len() <= Self::LEN_MAX && text.split('.').all(is_label);
        plausible.then(|| Self(text.to_ascii_lowercase())).ok_or(InvalidHostName)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where a hub listens. Plain HTTP exists only to the emulator on the same machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A hub on the network, with a certificate that the system trusts.
    Https {
        /// Its name.
        host: HostName,
        /// Its port, when not 443.
        port: Option<u16>,
    },
    /// An emulator on this machine. Made by [`Endpoint::loopback`].
    LoopbackHttp(LoopbackAddr),
}

/// An address that no packet leaves the machine for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopbackAddr(SocketAddr);

/// The address is not one of this machine's loopback, so a token would travel in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("plain HTTP is only spoken to this machine, and {0} is not a loopback address")]
pub struct NotLoopback(SocketAddr);

impl Endpoint {
    /// An emulator on this machine, over plain HTTP.
    ///
    /// # Errors
    /// When the address is not of the loopback.
    pub const fn loopback(addr: SocketAddr) -> Result<Self, NotLoopback> {
        match addr.ip().is_loopback() {
            true => Ok(Self::LoopbackHttp(LoopbackAddr(addr))),
            false => Err(NotLoopback(addr)),
        }
    }

    /// Scheme and authority, the beginning of every URL.
    pub(super) fn base(&self) -> String {
        match self {
            Self::Https { host, port: None } => format!("https://{host}"),
            Self::Https { host, port: Some(port) } => format!("https://{host}:{port}"),
            Self::LoopbackHttp(LoopbackAddr(addr)) => format!("http://{addr}"),
        }
    }

    pub(super) const fn is_loopback(&self) -> bool {
        matches!(self, Self::LoopbackHttp(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_lower_case_labels() {
        for (text, name) in [
            ("Contoso-Hub.Azure-Devices.net", "contoso-hub.azure-devices.net"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(HostName::new(text).map(|host| host.0), Ok(name.to_owned()));
        }
        let long = format!("{}.net", "a".repeat(64));
        for text in
            ["", ".", "a..b", "-a.net", "a-.net", "https://a.net", "a.net/", "a b", "a_b", "ü.net", long.as_str()]
        {
            assert_eq!(HostName::new(text), Err(InvalidHostName), "{text}");
        }
    }

    #[test]
    fn plain_http_stays_on_the_machine() {
        assert!(Endpoint::loopback(SocketAddr::from(([127, 0, 0, 9], 8080))).is_ok());
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 80));
        assert_eq!(Endpoint::loopback(elsewhere), Err(NotLoopback(elsewhere)));
    }
}
