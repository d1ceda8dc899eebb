//! Shared access policies: the five that every hub is born with, and those that a user adds.

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::limits::{POLICIES_MAX, SERVICE_POLICIES_MAX};
use super::right::{InvalidRight, Right};

/// The policies every hub is born with, and what they allow.
const BUILT_IN: [(&str, &[Right]); 5] = [
    ("iothubowner", &Right::ALL),
    ("service", &[Right::ServiceConnect]),
    ("device", &[Right::DeviceConnect]),
    ("registryRead", &[Right::RegistryRead]),
    ("registryReadWrite", &[Right::RegistryRead, Right::RegistryWrite]),
];

/// A policy that a user wants, written `NAME=RegistryRead,ServiceConnect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomPolicy {
    name: String,
    rights: Vec<Right>,
}

/// Why a text is not a policy, or why there cannot be one more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// Not `NAME=RIGHT,RIGHT`.
    #[error("write a policy as `NAME=RegistryRead,ServiceConnect`")]
    Form,
    /// A name that connection strings and tokens cannot carry.
    #[error("a policy's name has 1 to 64 letters, digits and `-_.@`")]
    Name,
    /// No such right.
    #[error(transparent)]
    Right(#[from] InvalidRight),
    /// The name of a policy that every hub has.
    #[error("every hub has the policy `{0}`; choose another name")]
    BuiltIn(String),
    /// Too many policies.
    #[error("a hub has at most {POLICIES_MAX} policies, {SERVICE_POLICIES_MAX} of them with ServiceConnect")]
    TooMany,
}

impl std::str::FromStr for CustomPolicy {
    type Err = InvalidPolicy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, rights) = text.split_once('=').ok_or(InvalidPolicy::Form)?;
        let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(is_legal) {
            return Err(InvalidPolicy::Name);
        }
        if BUILT_IN.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Err(InvalidPolicy::BuiltIn(name.to_owned()));
        }
        let rights = rights.split(',').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), rights })
    }
}

/// A shared access policy. Two keys, so that one can be replaced while the other is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) name: String,
    primary_key: Key,
    secondary_key: Key,
    /// Of a policy that a user added; a built-in one has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rights: Option<Vec<Right>>,
}

impl Policy {
    fn random(name: &str, rights: Option<Vec<Right>>) -> Self {
        Self { name: name.to_owned(), primary_key: Key::random(), secondary_key: Key::random(), rights }
    }

    /// Whether one of its keys made the signature.
    pub(super) fn signed(&self, text: &str, signature: &[u8]) -> bool {
        [&self.primary_key, &self.secondary_key].into_iter().any(|key| key.signed(text, signature))
    }

    /// Whether it allows that; writing includes reading.
    pub(super) fn allows(&self, right: Right) -> bool {
        let rights = self.rights();
        rights.contains(&right) || right == Right::RegistryRead && rights.contains(&Right::RegistryWrite)
    }

    fn rights(&self) -> &[Right] {
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == self.name).map_or(&[][..], |(_, rights)| rights);
        self.rights.as_deref().unwrap_or(built_in)
    }
}

/// A policy as a user gets to see it. Holds keys.
#[derive(Clone, PartialEq, Eq)]
pub struct PolicyView {
    /// Its name.
    pub name: String,
    /// What it allows.
    pub rights: Vec<Right>,
    /// Its primary key.
    pub primary_key: String,
    /// Its secondary key.
    pub secondary_key: String,
}

/// The policies of a hub, with their keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::emulator) struct Policies(Vec<Policy>);

impl Policies {
    /// The built-in policies, with new keys.
    pub(in crate::emulator) fn random() -> Self {
        Self(BUILT_IN.map(|(name, _)| Policy::random(name, None)).into())
    }

    /// Adds a policy with new keys; one of that name keeps its keys and gets these rights.
    ///
    /// # Errors
    /// When the hub has too many.
    pub(in crate::emulator) fn put(&mut self, custom: CustomPolicy) -> Result<(), InvalidPolicy> {
        let CustomPolicy { name, rights } = custom;
        match self.0.iter_mut().find(|policy| policy.name == name) {
            Some(policy) => policy.rights = Some(rights),
            None => self.0.push(Policy::random(&name, Some(rights))),
        }
        let services = self.0.iter().filter(|policy| policy.allows(Right::ServiceConnect)).count();
        if self.0.len() > POLICIES_MAX || services > SERVICE_POLICIES_MAX {
            return Err(InvalidPolicy::TooMany);
        }
        Ok(())
    }

    /// Primary key of the policy that may do everything.
    pub(in crate::emulator) fn owner_key(&self) -> Option<&Key> {
        self.find("iothubowner").map(|policy| &policy.primary_key)
    }

    /// All of them, with their keys.
    pub(in crate::emulator) fn view(&self) -> Vec<PolicyView> {
        let view = |policy: &Policy| PolicyView {
            name: policy.name.clone(),
            rights: policy.rights().to_vec(),
            primary_key: policy.primary_key.expose().to_owned(),
            secondary_key: policy.secondary_key.expose().to_owned(),
        };
        self.0.iter().map(view).collect()
    }

    pub(super) fn find(&self, name: &str) -> Option<&Policy> {
        self.0.iter().find(|policy| policy.name == name)
    }

    /// One policy whose primary key is given.
    #[cfg(test)]
    pub(super) fn of_one(name: &str, key: &str) -> Self {
        Self(vec![Policy { primary_key: Key::new(key.to_owned()), ..Policy::random(name, None) }])
    }

    /// One policy that may do everything, whatever its name.
    #[cfg(test)]
    pub(super) fn of_custom(name: &str, key: &str) -> Self {
        let policy = Policy::random(name, Some(Right::ALL.to_vec()));
        Self(vec![Policy { primary_key: Key::new(key.to_owned()), ..policy }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_a_name_and_rights() {
        let parse = |text: &str| text.parse::<CustomPolicy>();
        assert_eq!(
            parse("jobs=RegistryWrite,serviceconnect").unwrap().rights,
            [Right::RegistryWrite, Right::ServiceConnect]
        );
        assert_eq!(parse("jobs"), Err(InvalidPolicy::Form));
        assert_eq!(parse("jobs="), Err(InvalidPolicy::Right(InvalidRight)));
        assert_eq!(parse("a b=RegistryRead"), Err(InvalidPolicy::Name));
        assert_eq!(parse("IotHubOwner=RegistryRead"), Err(InvalidPolicy::BuiltIn("IotHubOwner".to_owned())));
    }

    #[test]
    fn a_policy_keeps_its_keys_when_its_rights_change() {
        let mut policies = Policies::random();
        policies.put("jobs=RegistryWrite".parse().unwrap()).unwrap();
        let before = policies.view().pop().unwrap();
        policies.put("jobs=ServiceConnect".parse().unwrap()).unwrap();
        let after = policies.view().pop().unwrap();
        assert!(after == PolicyView { rights: vec![Right::ServiceConnect], ..before });
        assert_eq!(policies.view().len(), BUILT_IN.len() + 1);
    }

    #[test]
    fn there_are_only_so_many() {
        let fill = |right: &str| {
            let mut policies = Policies::random();
            (0..).take_while(|n| policies.put(format!("p{n}={right}").parse().unwrap()).is_ok()).count()
        };
        assert_eq!(fill("RegistryRead"), POLICIES_MAX - BUILT_IN.len());
        assert_eq!(fill("ServiceConnect"), SERVICE_POLICIES_MAX - 2);
    }

    #[test]
    fn writing_includes_reading() {
        let mut policies = Policies::random();
        policies.put("writer=RegistryWrite".parse().unwrap()).unwrap();
        let writer = policies.find("writer").unwrap();
        assert!(writer.allows(Right::RegistryRead) && !writer.allows(Right::ServiceConnect));
    }
}
