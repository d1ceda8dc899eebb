//! Every code that people meet, with what it means.

use super::super::exit::Exit;
use crate::diagnostic::{Code, Example};
use crate::doctor;
use crate::hub::entra::SignInFailure;
use crate::model::Explained;
use crate::plan::{
    BlockedReason, CancelReason, CreateReason, DeferredReason, DepartureKind, IdleReason, JobDriftKind, Rule,
};
use crate::reconcile::Settled;

/// Where one meets a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    /// Stable word.
    pub(super) name: &'static str,
    /// In words.
    pub(super) heading: &'static str,
}

/// A code, explained.
#[derive(Debug, Clone, Copy)]
pub(super) struct Topic {
    /// Where one meets it.
    pub(super) group: Group,
    /// The code.
    pub(super) code: &'static str,
    /// What it means.
    pub(super) meaning: &'static str,
    /// When one meets it, as a line of a plan or as a situation.
    pub(super) occasion: Option<&'static str>,
    /// What to do, with what causes it and what does not.
    pub(super) example: Example,
}

const FINDING: Group = Group { name: "finding", heading: "Findings in manifests" };
const RULE: Group = Group { name: "rule", heading: "Rules that a plan breaks or touches" };
const CREATE: Group = Group { name: "create", heading: "Why a job is created" };
const CANCEL: Group = Group { name: "cancel", heading: "Why a job is cancelled" };
const DEFERRED: Group = Group { name: "deferred", heading: "Why something is left for later" };
const BLOCKED: Group = Group { name: "blocked", heading: "Why something needs a person" };
const IDLE: Group = Group { name: "idle", heading: "Why there is nothing to do" };
const OUTCOME: Group = Group { name: "outcome", heading: "What became of a step of apply" };
const DEPARTURE: Group = Group { name: "departure", heading: "What moved since a plan was reviewed" };
const DRIFT: Group = Group { name: "drift", heading: "What drift finds in jobs" };
const DOCTOR: Group = Group { name: "doctor", heading: "What doctor finds" };
const SIGN_IN: Group = Group { name: "sign-in", heading: "Why signing in gives no token" };
const EXIT: Group = Group { name: "exit", heading: "Exit codes" };

/// All of them, group by group.
pub(super) fn topics() -> Vec<Topic> {
    let findings = Code::ALL.iter().map(|code| Topic {
        group: FINDING,
        code: code.as_str(),
        meaning: code.explain(),
        occasion: None,
        example: code.example(),
    });
    let checks = doctor::Code::ALL.iter().map(|code| Topic {
        group: DOCTOR,
        code: code.as_str(),
        meaning: code.meaning(),
        occasion: None,
        example: Example { wrong: None, mend: "`hubjobs doctor` prints beside it what to type.", right: None },
    });
    let tables = [
        (RULE, Rule::EXPLAINED),
        (CREATE, CreateReason::EXPLAINED),
        (CANCEL, CancelReason::EXPLAINED),
        (DEFERRED, DeferredReason::EXPLAINED),
        (BLOCKED, BlockedReason::EXPLAINED),
        (IDLE, IdleReason::EXPLAINED),
        (OUTCOME, Settled::EXPLAINED),
        (DEPARTURE, DepartureKind::EXPLAINED),
        (DRIFT, JobDriftKind::EXPLAINED),
        (EXIT, Exit::EXPLAINED),
    ];
    let rows = tables.into_iter().flat_map(|(group, table)| table.iter().map(move |row| of_row(group, row)));
    let sign_in = SignInFailure::explained().map(|row| of_row(SIGN_IN, row));
    findings.chain(rows).chain(sign_in).chain(checks).collect()
}

fn of_row(group: Group, row: &'static Explained) -> Topic {
    let example = Example { wrong: None, mend: row.mend, right: None };
    Topic { group, code: row.code, meaning: row.meaning, occasion: Some(row.example), example }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_is_explained() {
        for topic in topics() {
            let code = topic.code;
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{code}");
            assert!(topic.meaning.ends_with('.') && topic.meaning.len() > 20, "{code}: {}", topic.meaning);
            assert!(topic.example.mend.ends_with('.'), "{code}: {}", topic.example.mend);
            assert!(topic.occasion.is_none_or(|line| line.len() > 15), "{code}");
        }
    }

    #[test]
    fn a_code_means_one_thing_in_its_group() {
        let mut seen = Vec::new();
        for topic in topics() {
            let key = (topic.group.name, topic.code);
            assert!(!seen.contains(&key), "{key:?}");
            seen.push(key);
        }
    }
}
