//! The way to a hub, step by step: its name, its port, its certificate, its clock. Nothing secret is sent.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::judge::{ClockSeen, DnsSeen, TcpSeen, TlsSeen};
use crate::hub::rest::API_VERSION;
use crate::net::{CertificateSeen, Limits, Network, Proxy, Reach, Trouble, certificate_of, proxy_of};

/// A resolver asks several servers, some seconds each.
const DNS_TIME_MAX: Duration = Duration::from_secs(10);
/// As long as a few lost packets take to be sent again.
const TCP_TIME_MAX: Duration = Duration::from_secs(7);
/// A handshake is two round trips, and one through a proxy a few more.
const TLS_TIME_MAX: Duration = Duration::from_secs(10);
/// Addresses that are tried.
const ADDRESSES_MAX: usize = 3;

/// A host to be reached, and how.
#[derive(Debug)]
pub(super) struct Route<'a> {
    host: &'a str,
    port: u16,
    network: &'a Network,
    proxy: Option<Proxy>,
    /// Of the host, if no proxy looks it up.
    addresses: Vec<IpAddr>,
    /// What answered.
    address: Option<SocketAddr>,
}

impl<'a> Route<'a> {
    pub(super) fn to(host: &'a str, port: u16, network: &'a Network) -> Self {
        Self { host, port, network, proxy: proxy_of(host, port), addresses: Vec::new(), address: None }
    }

    /// Looks up the addresses of the name.
    pub(super) async fn look_at_dns(&mut self) -> DnsSeen {
        if self.proxy.is_some() {
            return DnsSeen::LeftToProxy;
        }
        self.addresses = addresses(self.host, self.port).await;
        match self.addresses.as_slice() {
            [] => DnsSeen::Unresolved,
            addresses => DnsSeen::Addresses(addresses.iter().map(ToString::to_string).collect()),
        }
    }

    /// Connects to the first address that answers, of the host or of the proxy before it.
    pub(super) async fn look_at_tcp(&mut self) -> TcpSeen {
        let Some(proxy) = &self.proxy else {
            return match connect(&self.addresses, self.port).await {
                Ok((address, took)) => {
                    self.address = Some(address);
                    TcpSeen::Connected { address: address.to_string(), took }
                }
                Err(cause) => TcpSeen::Failed(cause),
            };
        };
        let name = format!("{}:{}", proxy.host, proxy.port);
        match connect(&addresses(&proxy.host, proxy.port).await, proxy.port).await {
            Ok((address, took)) => {
                self.address = Some(address);
                TcpSeen::ToProxy { proxy: name, took }
            }
            Err(cause) => TcpSeen::FailedToProxy { proxy: name, cause },
        }
    }

    /// Reads the certificate; whether it is trusted says the client that makes all other calls. It asks
    /// without a token, and whatever a hub answers, it says what time it is.
    pub(super) async fn look_at_tls(&self, clock: &impl Fn() -> Timestamp) -> (TlsSeen, ClockSeen) {
        let limits = Limits { connect_timeout: TLS_TIME_MAX, request_timeout: 2 * TLS_TIME_MAX, ..Limits::remote() };
        let client = match self.network.client(Reach::Https, &limits) {
            Ok(client) => client,
            Err(error) => return (TlsSeen::Failed(error.to_string()), ClockSeen::Silent),
        };
        let Self { host, port, .. } = self;
        let url = format!("https://{host}:{port}/jobs/v2/query?api-version={API_VERSION}");
        let asking = async {
            let asked = clock();
            let answered = client.get(url).send().await;
            // A hub says what time it is about when half of the time has gone.
            (answered, asked + clock().duration_since(asked) / 2)
        };
        let (shown, (answered, ours)) = tokio::join!(self.certificate(), asking);
        let answer = match answered.map_err(Trouble::from) {
            Ok(answer) => answer,
            Err(Trouble { certificate: Some(trouble), .. }) => {
                return (TlsSeen::Refused { certificate: shown.ok(), trouble }, ClockSeen::Silent);
            }
            Err(trouble) => {
                // The handshake says more than the exchange.
                let cause = shown.err().unwrap_or(trouble.words);
                return (TlsSeen::Failed(cause), ClockSeen::Silent);
            }
        };
        let headers = answer.headers();
        let date = headers.get("date").and_then(|date| date.to_str().ok());
        let seen = match date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok()) {
            // A hub refuses whoever has no token, and names the reason.
            Some(hub) => ClockSeen::Read { hub, ours, is_a_hub: headers.contains_key("iothub-errorcode") },
            None => ClockSeen::Silent,
        };
        match shown {
            Ok(certificate) => (TlsSeen::Trusted(certificate), seen),
            Err(cause) => {
                tracing::debug!(cause, "no certificate");
                (TlsSeen::TrustedUnread, seen)
            }
        }
    }

    async fn certificate(&self) -> Result<CertificateSeen, String> {
        let address = self.address.ok_or_else(|| "there is no connection".to_owned())?;
        let shown = async {
            let stream = TcpStream::connect(address).await.map_err(|error| in_words(&error).to_owned())?;
            certificate_of(stream, self.proxy.as_ref(), self.host, self.port).await
        };
        let too_slow = || format!("no certificate was shown within {} s", TLS_TIME_MAX.as_secs());
        timeout(TLS_TIME_MAX, shown).await.unwrap_or_else(|_| Err(too_slow()))
    }
}

/// Every address of a name, in the resolver's order.
async fn addresses(host: &str, port: u16) -> Vec<IpAddr> {
    match timeout(DNS_TIME_MAX, lookup_host((host, port))).await {
        Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
        Ok(Err(error)) => {
            tracing::debug!(%error, "no address");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// The first address that answers, and after how long; or why the last one did not.
async fn connect(addresses: &[IpAddr], port: u16) -> Result<(SocketAddr, Duration), String> {
    let mut cause = "it has no address".to_owned();
    for address in addresses.iter().take(ADDRESSES_MAX).map(|ip| SocketAddr::new(*ip, port)) {
        let begun = Instant::now();
        match timeout(TCP_TIME_MAX, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok((address, begun.elapsed())),
            Ok(Err(error)) => cause = in_words(&error).to_owned(),
            Err(_) => cause = format!("no connection came about in {} s", TCP_TIME_MAX.as_secs()),
        }
    }
    Err(cause)
}

/// Operating systems word their errors differently.
fn in_words(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "the connection was refused",
        std::io::ErrorKind::ConnectionReset => "the connection was reset",
        std::io::ErrorKind::NetworkUnreachable | std::io::ErrorKind::HostUnreachable => {
            "there is no way to its address"
        }
        _ => "the connection failed",
    }
}
