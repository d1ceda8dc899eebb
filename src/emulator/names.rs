//! The names under which a hub is known: in certificates, in tokens and in user names of devices.

use std::net::IpAddr;
use std::process::Command;
use std::str::FromStr;

use crate::hub::rest::HostName;

/// A name or an address of a hub, without a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HubName(String);

/// The text cannot be the name of a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a name; expected a host name such as `my-hub.azure-devices.net` or an IP address, without a port")]
pub struct InvalidHubName;

impl HubName {
    /// The name in lower case; an IPv6 address has no brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, if it is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }
}

impl FromStr for HubName {
    type Err = InvalidHubName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        match bare.parse::<IpAddr>() {
            Ok(address) => Ok(Self::from(address)),
            Err(_) => HostName::new(text).map(|name| Self(name.as_str().to_owned())).map_err(|_| InvalidHubName),
        }
    }
}

impl From<IpAddr> for HubName {
    fn from(address: IpAddr) -> Self {
        Self(address.to_string())
    }
}

/// All names of one hub, each once: `localhost` first, then both loopback addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HubNames(Vec<HubName>);

impl HubNames {
    /// The names that every emulator has, the machine's, and those that the caller adds.
    pub(super) fn new(added: impl IntoIterator<Item = HubName>) -> Self {
        let fixed = ["localhost", "127.0.0.1", "::1"].map(|name| HubName(name.to_owned()));
        let mut names = Vec::new();
        for name in fixed.into_iter().chain(machine()).chain(added) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Self(names)
    }

    /// Whether `host`, `host:port` or `[host]:port` is one of them, in whatever case.
    pub(super) fn contain(&self, authority: &str) -> bool {
        let named = |text: &str| text.parse::<HubName>().is_ok_and(|name| self.0.contains(&name));
        named(authority) || without_port(authority).is_some_and(named)
    }

    /// Each of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &HubName> {
        self.0.iter()
    }
}

fn without_port(authority: &str) -> Option<&str> {
    let (host, port) = authority.rsplit_once(':')?;
    port.parse::<u16>().ok().map(|_| host)
}

/// The name of this machine, where the system tells.
fn machine() -> Option<HubName> {
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let variable = || std::env::var("COMPUTERNAME").ok();
    let command = || Some(String::from_utf8_lossy(&Command::new("hostname").output().ok()?.stdout).into_owned());
    kernel().or_else(variable).or_else(command)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_case_do_not_matter() {
        let names = HubNames::new(["My-Hub.azure-devices.net".parse().unwrap()]);
        for known in [
            "localhost",
            "LOCALHOST:8443",
            "127.0.0.1",
            "127.0.0.1:443",
            "::1",
            "[::1]",
            "[::1]:443",
            "my-hub.Azure-Devices.NET",
        ] {
            assert!(names.contain(known), "{known}");
        }
        for unknown in
            ["", "localhost:", "localhost:x", "localhost:99999", "127.0.0.2", "azure-devices.net", "localhost/"]
        {
            assert!(!names.contain(unknown), "{unknown}");
        }
    }

    #[test]
    fn each_name_is_there_once() {
        let names = HubNames::new(["LOCALHOST", "[::1]", "a.b"].map(|name| name.parse().unwrap()));
        let named = |wanted: &str| names.iter().filter(|name| name.as_str() == wanted).count();
        assert_eq!((named("localhost"), named("::1"), named("a.b")), (1, 1, 1));
        assert!("a b".parse::<HubName>().is_err() && "a:1".parse::<HubName>().is_err());
    }
}
