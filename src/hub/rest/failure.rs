//! Why one exchange with the hub brought no usable answer, and what that means for the call.

use std::time::Duration;

use jiff::Timestamp;

use super::error::{Meaning, Refusal};
use crate::hub::client::HubError;
use crate::hub::entra::SignInFailure;
use crate::net;

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
    /// There is no token, so nothing was sent.
    NoToken(SignInFailure),
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
            (Self::NoToken(failure), _) => failure.is_transient().then_some(Trouble::Unavailable),
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
            Self::NoToken(failure) => failure.to_string(),
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
            Self::NoToken(failure) => HubError::SignIn(failure),
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

impl From<SignInFailure> for Failure {
    fn from(failure: SignInFailure) -> Self {
        Self::NoToken(failure)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let net::Trouble { words, sent, lasting, .. } = error.into();
        match sent {
            false => Self::NotSent { cause: words, lasting },
            true => Self::Lost { cause: words },
        }
    }
}
