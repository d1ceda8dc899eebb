//! What the emulator does, and how anybody knows that the hub does the same. Every fault and every
//! number among the rules names its entry; a test holds them to it.

mod auth;
mod clock;
mod configurations;
mod durability;
mod faults;
mod job_requests;
mod jobs;
mod methods;
mod modules;
mod mqtt;
mod queries;
mod records;
mod registry;
mod service;
mod simulation;
mod throttles;
mod transport;
mod twins;

use std::fmt;

/// One behaviour of the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// Stable name.
    pub id: &'static str,
    /// What the emulator does, in one sentence.
    pub sentence: &'static str,
    /// How sure it is.
    pub basis: Basis,
    /// Where it is from; for an assumption, what speaks for it.
    pub source: &'static str,
}

/// How sure it is that the hub does the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Microsoft says so.
    Documented,
    /// Somebody saw a hub do so.
    Observed,
    /// Nobody says anything, or sources disagree.
    Assumed,
}

impl Basis {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Observed => "observed",
            Self::Assumed => "assumed",
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The entry of that name.
#[must_use]
pub fn fact(id: &str) -> Option<&'static Fact> {
    all().find(|fact| fact.id == id)
}

/// The facts of one topic.
macro_rules! facts {
    ($($id:literal, $basis:ident, $source:literal, $sentence:literal;)+) => {
        pub(super) const FACTS: &[Fact] = &[
            $(Fact { id: $id, sentence: $sentence, basis: Basis::$basis, source: $source },)+
        ];
    };
}
use facts;

/// All of them, topic by topic.
const TOPICS: &[&[Fact]] = &[
    job_requests::FACTS,
    jobs::FACTS,
    records::FACTS,
    twins::FACTS,
    registry::FACTS,
    modules::FACTS,
    configurations::FACTS,
    methods::FACTS,
    mqtt::FACTS,
    queries::FACTS,
    simulation::FACTS,
    service::FACTS,
    durability::FACTS,
    auth::FACTS,
    throttles::FACTS,
    clock::FACTS,
    faults::FACTS,
    transport::FACTS,
];

/// All of them, by topic.
pub fn all() -> impl Iterator<Item = &'static Fact> {
    TOPICS.iter().copied().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::faults::{Mishap, OPERATIONS};
    use super::super::state::{FaultKind, rules};
    use super::super::transport::limits;
    use super::*;

    #[test]
    fn every_rule_and_every_fault_has_its_fact() {
        for (rule, id) in rules::ALL
            .iter()
            .chain(limits::ALL)
            .chain(super::super::mqtt::rules::ALL)
            .chain(super::super::auth::limits::ALL)
        {
            assert!(fact(id).is_some(), "rule {rule}: no fact {id}");
        }
        for kind in FaultKind::ALL {
            assert!(fact(kind.fact()).is_some(), "fault {kind}: no fact {}", kind.fact());
        }
        for (operation, _, id) in OPERATIONS {
            assert!(fact(id).is_some(), "operation {operation}: no fact {id}");
        }
        for (kind, id) in Mishap::KINDS {
            assert!(fact(id).is_some(), "scripted fault {kind}: no fact {id}");
        }
    }

    #[test]
    fn facts_are_well_formed() {
        let ids: BTreeSet<_> = all().map(|fact| fact.id).collect();
        assert_eq!(ids.len(), all().count(), "an id is there twice");
        for Fact { id, sentence, source, .. } in all() {
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
            assert!(sentence.ends_with('.') && !source.is_empty() && !source.ends_with('.'), "{id}");
        }
    }
}
