//! What policies make of their example cases.

use serde_json::{Value, json};

use super::FORMAT_VERSION;
use super::style::{BLOCKED, CREATE, DIM, Painted, STRONG};
use super::untrusted::Untrusted;
use super::when::counted;
use crate::model::{Policy, PolicyCase};
use crate::plan::CaseOutcome;

/// A case that was tried.
#[derive(Debug)]
pub struct TriedCase<'a> {
    /// Its policy.
    pub policy: &'a Policy,
    /// The case.
    pub case: &'a PolicyCase,
    /// What became of it.
    pub outcome: CaseOutcome,
}

/// A line a case, more where it is wrong, and how many were right. Empty without cases.
#[must_use]
pub fn cases_text(tried: &[TriedCase<'_>]) -> String {
    let mut text = String::new();
    for TriedCase { policy, case, outcome } in tried {
        let name = Untrusted::new(&case.name);
        if outcome.is_as_expected {
            text.push_str(&format!(
                "{} {}: {name} ({})\n",
                Painted(CREATE, "ok   "),
                policy.name,
                outcome.verdict.as_str()
            ));
            continue;
        }
        text.push_str(&format!("{} {}: {name}\n", Painted(BLOCKED, "WRONG"), policy.name));
        let source = format!("{}", case.source);
        text.push_str(&format!("      {} {}\n", Painted(DIM, "-->"), Untrusted::new(&source)));
        let rules = |names: Vec<&str>| match names.is_empty() {
            true => String::new(),
            false => format!(" by {}", names.join(", ")),
        };
        let wanted = rules(case.rules.iter().flatten().map(String::as_str).collect());
        let found = rules(outcome.applied.keys().map(String::as_str).collect());
        text.push_str(&format!("      expected {}{wanted}\n", case.expect.as_str()));
        text.push_str(&format!("      came to  {}{found}\n", outcome.verdict.as_str()));
        for (rule, message) in &outcome.applied {
            text.push_str(&format!("      {rule}: {}\n", Untrusted::new(message)));
        }
    }
    if !tried.is_empty() {
        let wrong = tried.iter().filter(|tried| !tried.outcome.is_as_expected).count();
        let sum = match wrong {
            0 => format!("{}: all as expected", counted(tried.len(), "case")),
            wrong => format!("{}: {wrong} not as expected", counted(tried.len(), "case")),
        };
        text.push_str(&format!("{}\n", Painted(STRONG, sum)));
    }
    text
}

/// The same as one document.
#[must_use]
pub fn cases_json(tried: &[TriedCase<'_>]) -> Value {
    let case = |TriedCase { policy, case, outcome }: &TriedCase<'_>| {
        json!({
            "policy": policy.name.as_str(),
            "name": case.name,
            "source": {"path": case.source.path, "line": case.source.line},
            "asExpected": outcome.is_as_expected,
            "expected": {"verdict": case.expect.as_str(), "rules": case.rules},
            "found": {"verdict": outcome.verdict.as_str(), "rules": outcome.applied},
        })
    };
    json!({"formatVersion": FORMAT_VERSION, "cases": tried.iter().map(case).collect::<Vec<_>>()})
}
