//! One exchange with the hub, bounded in time and in size.

use std::time::Instant;

use reqwest::header::HeaderMap;
use reqwest::{Client, Request, StatusCode};

use super::error::Refusal;
use super::failure::Failure;
use crate::net::{Limits, TakeInError, take_in};

/// A successful answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// An answer of whatever status.
#[derive(Debug)]
pub(super) struct AnyAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The body, or why it is not whole.
    pub(super) body: Result<Vec<u8>, Failure>,
}

/// Sends a request and takes in the answer of a success.
pub(super) async fn exchange(http: &Client, request: Request, limits: &Limits) -> Result<Answer, Failure> {
    let AnyAnswer { status, headers, body } = send(http, request, limits).await?;
    match status {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(Answer { headers, body: body? }),
        // The status says enough when the body is too long or breaks off.
        _ => Err(Failure::Refused(Refusal::read(status, &headers, &body.unwrap_or_default()))),
    }
}

/// Sends a request and takes in the answer.
pub(super) async fn send(http: &Client, request: Request, limits: &Limits) -> Result<AnyAnswer, Failure> {
    let (method, path, start) = (request.method().clone(), request.url().path().to_owned(), Instant::now());
    let mut response = http.execute(request).await?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let body = take_in(&mut response, limits.answer_bytes_max).await.map_err(Failure::from);
    let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(%method, path, status = status.as_u16(), millis, "hub call");
    Ok(AnyAnswer { status, headers, body })
}

impl From<TakeInError> for Failure {
    fn from(error: TakeInError) -> Self {
        match error {
            TakeInError::Broken(error) => error.into(),
            TakeInError::TooLong(bytes_max) => Self::nonsense(format!("the answer is larger than {bytes_max} bytes")),
        }
    }
}
