//! One exchange with the hub, bounded in time and in size.

use std::sync::Once;
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Client, Request, Response, StatusCode, redirect};

use super::endpoint::Endpoint;
use super::error::Refusal;
use super::failure::Failure;

/// Bounds of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To come to a connection, TLS included.
    pub connect_timeout: Duration,
    /// From the first byte sent to the last one received. A hub under load delays answers by
    /// seconds before it refuses, so short ones do harm.
    pub request_timeout: Duration,
    /// Greatest body of an answer that is taken in, in bytes, after decompression.
    pub answer_bytes_max: usize,
}

impl Limits {
    /// For a hub in Azure.
    #[must_use]
    pub const fn remote() -> Self {
        Self {
            connect_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(90),
            answer_bytes_max: 16 << 20,
        }
    }

    /// For an emulator on this machine.
    #[must_use]
    pub const fn loopback() -> Self {
        let connect_timeout = Duration::from_secs(2);
        Self { connect_timeout, request_timeout: Duration::from_secs(30), ..Self::remote() }
    }
}

/// A successful answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Builds the HTTP client for an endpoint.
///
/// # Errors
/// When the system's trusted certificates cannot be loaded.
pub(super) fn http_client(endpoint: &Endpoint, limits: &Limits) -> Result<Client, reqwest::Error> {
    static RING: Once = Once::new();
    // reqwest panics when no provider is installed. Whoever installed one before us is welcome.
    RING.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let builder = Client::builder()
        .user_agent(concat!("hubjobs/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect_timeout)
        .timeout(limits.request_timeout)
        // A hub never redirects; whoever does is not to see the token.
        .redirect(redirect::Policy::none())
        // Below the idle limits of load balancers, so that a write is not sent into a dead connection.
        .pool_idle_timeout(Duration::from_secs(30));
    match endpoint.is_loopback() {
        // Plain HTTP: reading the certificates of the system would take longer than most calls.
        true => builder.no_proxy().tls_certs_only([]).build(),
        false => builder.https_only(true).build(),
    }
}

/// Sends a request and takes in the answer.
pub(super) async fn exchange(http: &Client, request: Request, limits: &Limits) -> Result<Answer, Failure> {
    let (method, path, start) = (request.method().clone(), request.url().path().to_owned(), Instant::now());
    let mut response = http.execute(request).await?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let body = take_in(&mut response, limits.answer_bytes_max).await;
    let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(%method, path, status = status.as_u16(), millis, "hub call");
    match status {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(Answer { headers, body: body? }),
        // The status says enough when the body is too long or breaks off.
        _ => Err(Failure::Refused(Refusal::read(status, &headers, &body.unwrap_or_default()))),
    }
}

async fn take_in(response: &mut Response, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > bytes_max {
            return Err(Failure::nonsense(format!("the answer is larger than {bytes_max} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
