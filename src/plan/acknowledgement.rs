//! `--ack RULE=VALUE`: somebody has seen a number and takes it, for one run and one rule.

use std::fmt;
use std::str::FromStr;

use crate::model::ManifestName;

/// No hub has more devices or jobs: whoever writes more consents to anything.
const VALUE_MAX: f64 = 1e9;

/// A rule with a number, which somebody may move for one run. Rules that guard against mistakes of
/// loading have no number, and nobody can consent to them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Acknowledgeable {
    /// Most devices: of a plan, or of the jobs of one manifest.
    MaxDevices(Option<ManifestName>),
    /// Largest share of the hub: of a plan, or of the jobs of one manifest.
    MaxPercentOfHub(Option<ManifestName>),
    /// Most jobs that a plan creates.
    MaxNewJobs,
    /// Largest share of the own waiting jobs that a prune cancels.
    MaxCancelPercent,
    /// Devices that a manifest expects.
    ExpectDevices(ManifestName),
    /// Devices that match a condition which matched far fewer at its last run.
    TargetGrew(ManifestName),
}

impl Acknowledgeable {
    /// All of them, as one types them.
    const FORMS: &'static str = "`max-devices`, `max-percent-of-hub`, `max-new-jobs`, `max-cancel-percent`, \
                                 `expect-devices/MANIFEST`, `target-grew/MANIFEST`, `max-devices/MANIFEST` and \
                                 `max-percent-of-hub/MANIFEST`";

    fn parse(text: &str) -> Option<Self> {
        let (rule, name) = match text.split_once('/') {
            Some((rule, name)) => (rule, Some(ManifestName::new(name).ok()?)),
            None => (text, None),
        };
        match (rule, name) {
            ("max-devices", name) => Some(Self::MaxDevices(name)),
            ("max-percent-of-hub", name) => Some(Self::MaxPercentOfHub(name)),
            ("max-new-jobs", None) => Some(Self::MaxNewJobs),
            ("max-cancel-percent", None) => Some(Self::MaxCancelPercent),
            ("expect-devices", Some(name)) => Some(Self::ExpectDevices(name)),
            ("target-grew", Some(name)) => Some(Self::TargetGrew(name)),
            _ => None,
        }
    }
}

/// As one types it: `max-devices`, `expect-devices/reboot-controllers`.
impl fmt::Display for Acknowledgeable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rule, name) = match self {
            Self::MaxDevices(name) => ("max-devices", name.as_ref()),
            Self::MaxPercentOfHub(name) => ("max-percent-of-hub", name.as_ref()),
            Self::MaxNewJobs => ("max-new-jobs", None),
            Self::MaxCancelPercent => ("max-cancel-percent", None),
            Self::ExpectDevices(name) => ("expect-devices", Some(name)),
            Self::TargetGrew(name) => ("target-grew", Some(name)),
        };
        match name {
            Some(name) => write!(f, "{rule}/{name}"),
            None => f.write_str(rule),
        }
    }
}

/// Somebody's consent to a number beyond a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Acknowledgement {
    /// The rule.
    pub rule: Acknowledgeable,
    /// The limit of the rule for this run, in its own unit.
    pub value: f64,
}

/// A text is no acknowledgement. `Display` is a fragment that fits behind "error: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAcknowledgement {
    /// It has another form.
    #[error("`{0}` is no acknowledgement; write one such as `max-devices=6000`")]
    Form(String),
    /// It is about no rule that one can consent to.
    #[error("`{0}` cannot be acknowledged; what can: {forms}", forms = Acknowledgeable::FORMS)]
    Rule(String),
    /// What follows the rule is no number from 0.
    #[error("`{0}` is not a number; write what the plan found, as in `max-devices=6000`")]
    Value(String),
}

impl FromStr for Acknowledgement {
    type Err = InvalidAcknowledgement;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rule, number) = text.split_once('=').ok_or_else(|| InvalidAcknowledgement::Form(text.to_owned()))?;
        let rule = Acknowledgeable::parse(rule).ok_or_else(|| InvalidAcknowledgement::Rule(rule.to_owned()))?;
        let value = number.parse::<f64>().ok().filter(|value| (0.0..=VALUE_MAX).contains(value));
        let value = value.ok_or_else(|| InvalidAcknowledgement::Value(number.to_owned()))?;
        Ok(Self { rule, value })
    }
}

impl fmt::Display for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.rule, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        for text in [
            "max-devices=6000",
            "max-percent-of-hub=12.5",
            "max-new-jobs=30",
            "max-cancel-percent=60",
            "expect-devices/reboot-controllers=9800",
            "target-grew/reboot-canaries=9800",
            "max-devices/lock-doors=7",
        ] {
            assert_eq!(text.parse::<Acknowledgement>().map(|read| read.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn nothing_else_is_one() {
        let refused = |text: &str| text.parse::<Acknowledgement>().expect_err(text);
        assert!(matches!(refused("max-devices"), InvalidAcknowledgement::Form(_)));
        for rule in ["*=1", "max-devicess=1", "prune-on-partial-view=1", "expect-devices=9", "max-new-jobs/a=1", "=1"] {
            assert!(matches!(refused(rule), InvalidAcknowledgement::Rule(_)), "{rule}");
        }
        for number in ["max-devices=", "max-devices=-1", "max-devices=inf", "max-devices=NaN", "max-devices=9 800"] {
            assert!(matches!(refused(number), InvalidAcknowledgement::Value(_)), "{number}");
        }
    }
}
