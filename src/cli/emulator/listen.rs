//! Binding the ports of an emulator. Some clients know no ports but the usual ones, so these are tried
//! first.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::cli::failure::Failure;

/// Any free port. More than once, for one that is free on IPv4 may be taken on IPv6.
const ANY_FREE: [u16; 3] = [0; 3];

/// A protocol with a port that clients expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Protocol {
    /// The service API.
    Https,
    /// The device endpoint.
    Mqtt,
    /// The service API, for ourselves.
    Http,
}

impl Protocol {
    /// The option that chooses the port.
    pub(in crate::cli) const fn option(self) -> &'static str {
        match self {
            Self::Https => "--https-port",
            Self::Mqtt => "--mqtt-port",
            Self::Http => "--http-port",
        }
    }

    /// Ports to try when none was asked for.
    const fn candidates(self) -> &'static [u16] {
        match self {
            Self::Https => &[443, 8443, 0, 0, 0],
            Self::Mqtt => &[8883, 0, 0, 0],
            Self::Http => &ANY_FREE,
        }
    }

    /// Who cannot do with another port.
    const fn consequence(self) -> &'static str {
        match self {
            Self::Https => {
                "Node's service SDK and devices over WebSocket know port 443 only; others read the port in the connection string"
            }
            Self::Mqtt | Self::Http => "the device SDK of Python knows port 8883 only",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Https => "HTTPS",
            Self::Mqtt => "MQTT",
            Self::Http => "HTTP",
        })
    }
}

/// The listeners of a protocol, all on one port.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) listeners: Vec<TcpListener>,
    /// What a user has to know about the port.
    pub(super) note: Option<String>,
}

/// Binds the port that was asked for; without one, the first that can be had.
///
/// # Errors
/// When the port that was asked for cannot be had, or none.
pub(super) async fn bind(protocol: Protocol, listen: IpAddr, wanted: Option<u16>) -> Result<Bound, Failure> {
    let candidates = match &wanted {
        None => protocol.candidates(),
        Some(0) => &ANY_FREE,
        Some(port) => std::slice::from_ref(port),
    };
    let mut refused: Option<(u16, io::Error)> = None;
    for &port in candidates {
        match bind_port(listen, port).await {
            Ok(listeners) => {
                let note = refused.filter(|(port, _)| *port != 0).map(|(port, error)| {
                    format!("{protocol} is not on port {port}: {}\n  {}", reason(&error), protocol.consequence())
                });
                return Ok(Bound { listeners, note });
            }
            Err(error) => refused = refused.or(Some((port, error))),
        }
    }
    let (port, source) = refused.expect("there is at least one candidate");
    Err(Failure::Listen { protocol, address: SocketAddr::new(listen, port), source })
}

/// In words that say what to do.
pub(in crate::cli) fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => "the port is taken".to_owned(),
        ErrorKind::PermissionDenied if cfg!(target_os = "linux") => {
            "it needs rights that this user lacks; `sudo sysctl net.ipv4.ip_unprivileged_port_start=443` gives them"
                .to_owned()
        }
        ErrorKind::PermissionDenied => "it needs rights that this user lacks".to_owned(),
        ErrorKind::AddrNotAvailable => "this machine does not have that address".to_owned(),
        _ => error.to_string(),
    }
}

/// That address, and the loopback addresses beside it: `localhost` may mean either.
async fn bind_port(listen: IpAddr, port: u16) -> io::Result<Vec<TcpListener>> {
    let first = TcpListener::bind((listen, port)).await?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    for beside in beside(listen) {
        match TcpListener::bind((beside, port)).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            // A machine without IPv6.
            Err(error) => tracing::debug!("not listening on {beside}: {error}"),
        }
    }
    Ok(listeners)
}

fn beside(listen: IpAddr) -> Vec<IpAddr> {
    let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
    match listen {
        IpAddr::V4(any) if any.is_unspecified() => vec![v6],
        // Takes IPv4 as well on most systems.
        IpAddr::V6(any) if any.is_unspecified() => vec![],
        other => [v4, v6].into_iter().filter(|loopback| *loopback != other).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn a_port_that_was_asked_for_is_had_or_refused() {
        let taken = bind(Protocol::Https, LOCAL, Some(0)).await.unwrap();
        assert!(taken.note.is_none());
        let port = taken.listeners[0].local_addr().unwrap().port();
        for listener in &taken.listeners {
            assert_eq!(listener.local_addr().unwrap().port(), port);
        }
        let refused = bind(Protocol::Https, LOCAL, Some(port)).await.unwrap_err();
        assert!(refused.to_string().contains("the port is taken"), "{refused}");
        assert!(refused.help().concat().contains("--https-port"), "{:?}", refused.help());
    }

    #[test]
    fn localhost_is_served_whatever_else_is() {
        assert_eq!(beside(LOCAL), [IpAddr::V6(Ipv6Addr::LOCALHOST)]);
        assert_eq!(beside("192.0.2.1".parse().unwrap()).len(), 2);
        assert_eq!(beside("0.0.0.0".parse().unwrap()), [IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    }
}
