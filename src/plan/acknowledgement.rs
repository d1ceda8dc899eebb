//! `--ack RULE=VALUE`: somebody has seen a number and takes it, for one run and one rule.

use std::fmt;
use std::str::FromStr;

/// Somebody's consent to a number beyond a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Acknowledgement {
    /// Code of the rule.
    pub rule: String,
    /// The limit of the rule for this run, in its own unit.
    pub value: f64,
}

/// A text is no acknowledgement. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no acknowledgement; write one such as `max-devices=6000`")]
pub struct InvalidAcknowledgement(String);

impl FromStr for Acknowledgement {
    type Err = InvalidAcknowledgement;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidAcknowledgement(text.to_owned());
        let (rule, value) = text.split_once('=').ok_or_else(invalid)?;
        let value = value.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0).ok_or_else(invalid)?;
        Ok(Self { rule: rule.to_owned(), value })
    }
}

impl fmt::Display for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.rule, self.value)
    }
}
