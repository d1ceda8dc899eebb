//! Why one exchange with the hub brought no usable answer, and what that means for the call.

use std::error::Error;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use rustls::CertificateError;

use super::error::{Meaning, Refusal};
use crate::hub::client::HubError;

/// Whether a call changes the hub. It decides what may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing changes, so it may be repeated at will.
    Read,
    /// It may be repeated only if it certainly was not carried out.
    Write,
}

/// Why one exchange brought no usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection, so nothing was sent.
    NotSent { cause: String, lasting: bool },
    /// Sent, and no whole answer came.
    Lost { cause: String },
    /// An answer that says something other than success.
    Refused(Refusal),
    /// An answer that makes no sense.
    Nonsense { cause: String },
}

/// What kind of trouble to wait out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Too many calls.
    Throttled,
    /// Network or hub out of order.
    Unavailable,
}

impl Failure {
    pub(super) fn nonsense(cause: impl Into<String>) -> Self {
        Self::Nonsense { cause: cause.into() }
    }

    /// Whether and why the same call may be sent again.
    pub(super) fn trouble(&self, effect: Effect) -> Option<Trouble> {
        match (self, effect) {
            (Self::NotSent { lasting, .. }, _) => (!lasting).then_some(Trouble::Unavailable),
            (Self::Lost { .. }, Effect::Read) => Some(Trouble::Unavailable),
            (Self::Refused(refusal), _) if refusal.meaning() == Meaning::Throttled => Some(Trouble::Throttled),
            (Self::Refused(refusal), Effect::Read) => refusal.is_transient().then_some(Trouble::Unavailable),
            _ => None,
        }
    }

    /// Looks for an explanation in the difference between our clock and the hub's.
    pub(super) fn explained_by_clock(self, now: Timestamp) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.explained_by_clock(now)),
            other => other,
        }
    }

    /// How long the hub asked to wait.
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after(),
            _ => None,
        }
    }

    /// What went wrong, in one line.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::NotSent { cause, .. } | Self::Lost { cause } | Self::Nonsense { cause } => cause.clone(),
            Self::Refused(refusal) => refusal.in_words(),
        }
    }

    /// What the caller of the trait gets. An answer to a write that cannot be understood is
    /// ambiguous, not merely unexpected: the hub may stand behind it.
    pub(super) fn into_hub_error(self, effect: Effect) -> HubError {
        let cause = self.in_words();
        let uncertain = |otherwise: fn(String) -> HubError| match effect {
            Effect::Read => otherwise(cause.clone()),
            Effect::Write => HubError::Ambiguous { cause: cause.clone() },
        };
        match self {
            Self::NotSent { cause, .. } => HubError::Unreachable { cause },
            Self::Lost { .. } => uncertain(|cause| HubError::Unreachable { cause }),
            Self::Nonsense { .. } => uncertain(|cause| HubError::Unexpected { cause }),
            Self::Refused(refusal) => match refusal.meaning() {
                Meaning::Unavailable => uncertain(|cause| HubError::Unreachable { cause }),
                Meaning::Foreign => uncertain(|cause| HubError::Unexpected { cause }),
                Meaning::Throttled | Meaning::Final => refusal.into_hub_error(),
            },
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let cause = Cause::of(&error);
        // The words above are ours; the original, which may name types of libraries, is for bug reports.
        tracing::debug!(error = format_args!("{:?}", error.without_url()), "hub call failed");
        match cause.sent {
            false => Self::NotSent { cause: cause.words, lasting: cause.lasting },
            true => Self::Lost { cause: cause.words },
        }
    }
}

/// A transport error in words.
struct Cause {
    words: String,
    sent: bool,
    lasting: bool,
}

impl Cause {
    fn of(error: &reqwest::Error) -> Self {
        let sent = !(error.is_connect() || error.is_builder());
        let say = |words: &str, lasting| Self { words: words.to_owned(), sent, lasting };
        if let Some(tls) = find::<rustls::Error>(error) {
            return say(tls_in_words(tls), true);
        }
        match (error.is_timeout(), sent) {
            (true, true) => return say("no whole answer came in time", false),
            (true, false) => return say("no connection came about in time", false),
            _ => {}
        }
        match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => say("the connection was refused", false),
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => say("the connection was reset", false),
            Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
                say("there is no way to its address", false)
            }
            _ if chain(error).any(|cause| cause.to_string().starts_with("dns error")) => {
                say("its name cannot be resolved", false)
            }
            _ if chain(error).any(|cause| cause.to_string().contains("tunnel")) => {
                say("the proxy did not let the connection through", true)
            }
            _ if error.is_decode() => say("the answer cannot be decoded", false),
            _ if sent => say("the connection was closed before a whole answer came", false),
            _ => say("the connection failed", false),
        }
    }
}

fn tls_in_words(error: &rustls::Error) -> &'static str {
    match error {
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
    }
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
