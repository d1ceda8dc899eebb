//! Policies: rules over what a plan would do, written by those who answer for the fleet.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::change_window::ChangeWindow;
use super::expression::Expression;
use super::manifest::ManifestSource;
use super::message_template::MessageTemplate;
use super::name::{EnvironmentName, ManifestName};

/// One policy document.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Name within the project.
    pub name: ManifestName,
    /// Where it stands.
    pub source: ManifestSource,
    /// Environments that it is for; nothing means all of them.
    pub environments: Option<BTreeSet<EnvironmentName>>,
    /// What no action may be like.
    pub rules: Vec<PolicyRule>,
    /// When jobs may run.
    pub windows: Vec<ChangeWindow>,
    /// Examples of what it says, kept beside it.
    pub cases: Vec<PolicyCase>,
}

impl Policy {
    /// Whether it holds in an environment.
    #[must_use]
    pub fn holds_in(&self, environment: &EnvironmentName) -> bool {
        self.environments.as_ref().is_none_or(|environments| environments.contains(environment))
    }
}

/// How grave it is when a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyLevel {
    /// Nothing of the plan is applied.
    Deny,
    /// Somebody should look.
    Warn,
}

/// What no action may be like.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyRule {
    /// Name within its policy.
    pub name: String,
    /// How grave it is.
    pub level: PolicyLevel,
    /// It applies to an action for which this is true.
    pub when: Expression,
    /// What is said then.
    pub message: MessageTemplate,
    /// Where it stands.
    pub source: ManifestSource,
}

/// What a case expects of its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyVerdict {
    /// Neither stops nor warns.
    Pass,
    /// Warns.
    Warn,
    /// Stops the plan.
    Deny,
}

/// An example of what a policy says.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyCase {
    /// Name within its policy.
    pub name: String,
    /// The action as expressions see it; what is left out is missing to them.
    pub action: Map<String, Value>,
    /// The environment.
    pub environment: Option<EnvironmentName>,
    /// When its job starts; without it no window is looked at.
    pub at: Option<Timestamp>,
    /// What must come of it.
    pub expect: PolicyVerdict,
    /// The rules and windows that must have applied, all of them; nothing means any.
    pub rules: Option<BTreeSet<String>>,
    /// Where it stands.
    pub source: ManifestSource,
}

impl PolicyVerdict {
    /// Stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}
