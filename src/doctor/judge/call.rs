//! What became of a call, and what its answer proves.

use crate::hub::rest::is_about_rights;

/// What a hub without a free lane answers: it looks at lanes after it looked at the caller.
const NO_LANE: &str = "ThrottlingMaxActiveJobCountExceeded";

/// What a hub answers to a job call when its tier has no jobs.
pub(super) const NO_JOBS_IN_TIER: &str = "OperationNotAvailableInCurrentTier";

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::doctor) enum CallSeen {
    /// It was carried out.
    Taken,
    /// It was refused.
    Refused {
        /// HTTP status.
        status: u16,
        /// Symbolic reason, if any.
        code: Option<String>,
        /// The hub's words.
        message: String,
    },
    /// No answer, and why.
    Failed(String),
    /// No answer in time.
    TooSlow,
}

impl CallSeen {
    pub(super) fn is_denied(&self) -> bool {
        matches!(self, Self::Refused { status, code, .. } if is_about_rights(*status, code.as_deref()))
    }

    /// Whether a hub refused it for what it asks, so the caller is known and may ask. What names no reason of
    /// a hub's comes from somebody else.
    pub(super) fn is_refused_for_what_it_is(&self) -> bool {
        match self {
            Self::Refused { status: 400 | 404 | 405 | 409 | 412, code: Some(_), .. } => true,
            Self::Refused { status: 429, code: Some(code), .. } => code == NO_LANE,
            _ => false,
        }
    }

    /// Whether the hub knows the caller.
    pub(super) fn is_to_somebody(&self) -> bool {
        *self == Self::Taken || self.is_refused_for_what_it_is() || self.is_beyond_tier()
    }

    /// Why it tells nothing, in words.
    pub(super) fn cause(&self) -> String {
        match self {
            Self::Taken => "it was carried out".to_owned(),
            Self::Refused { status, code, message } => {
                let code = code.as_deref().map_or_else(String::new, |code| format!(" {code}"));
                format!("{status}{code}: {message}")
            }
            Self::Failed(cause) => cause.clone(),
            Self::TooSlow => "no answer in time".to_owned(),
        }
    }

    /// Whether the tier of the hub has no such call.
    pub(in crate::doctor) fn is_beyond_tier(&self) -> bool {
        matches!(self, Self::Refused { code: Some(code), .. } if code == NO_JOBS_IN_TIER)
    }
}
