//! The bounds of an exchange, in time and in size.

use std::time::Duration;

use reqwest::Response;

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
    /// For a service on the network.
    #[must_use]
    pub const fn remote() -> Self {
        Self {
            connect_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(90),
            answer_bytes_max: 16 << 20,
        }
    }

    /// For a service on this machine.
    #[must_use]
    pub const fn loopback() -> Self {
        let connect_timeout = Duration::from_secs(2);
        Self { connect_timeout, request_timeout: Duration::from_secs(30), ..Self::remote() }
    }
}

/// Why a body was not taken in.
#[derive(Debug)]
pub enum TakeInError {
    /// It broke off.
    Broken(reqwest::Error),
    /// It has more bytes than that.
    TooLong(usize),
}

/// Takes in the body of an answer.
///
/// # Errors
/// When it breaks off, or is longer than `bytes_max`.
pub async fn take_in(response: &mut Response, bytes_max: usize) -> Result<Vec<u8>, TakeInError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(TakeInError::Broken)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(TakeInError::TooLong(bytes_max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
