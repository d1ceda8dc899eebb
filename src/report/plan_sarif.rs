//! A plan as SARIF: its findings and blocked rows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::document::{PlanDocument, SourcePart};
use super::headline::{Severity, blocked_rows, finding_words, hub_words, severity};
use super::hubs::{HubPlan, NoPlan};
use crate::diagnostic::{sarif_log, sarif_uri};

struct Result<'a> {
    code: &'a str,
    level: &'static str,
    text: String,
    source: Option<&'a SourcePart>,
    /// Somebody consented.
    suppression: Option<&'a str>,
}

/// A complete SARIF log.
#[must_use]
pub(super) fn plan_sarif(document: &PlanDocument) -> Value {
    log(&results(document, None).collect::<Vec<_>>())
}

/// One log with one run for several hubs, for code scanning takes one run of a program at a time.
#[must_use]
pub(super) fn hubs_sarif(hubs: &[HubPlan]) -> Value {
    log(&hubs.iter().flat_map(results_of).collect::<Vec<_>>())
}

fn results_of(hub: &HubPlan) -> Vec<Result<'_>> {
    match &hub.plan {
        Ok(document) => results(document, Some(&hub.hub)).collect(),
        Err(NoPlan { message, help }) => {
            let help = help.iter().map(|line| format!("\nhelp: {line}"));
            let text = format!("{}{message}{}", hub_words(Some(&hub.hub)), help.collect::<String>());
            vec![Result { code: "no-plan", level: "error", text, source: None, suppression: None }]
        }
    }
}

fn results<'a>(document: &'a PlanDocument, hub: Option<&'a str>) -> impl Iterator<Item = Result<'a>> {
    let findings = document.findings.iter().map(move |finding| Result {
        code: &finding.code,
        level: match severity(finding) {
            Severity::Deny | Severity::Acknowledged => "error",
            Severity::Warn => "warning",
        },
        text: format!("{}{}", hub_words(hub), finding_words(finding)),
        source: finding.source.as_ref(),
        suppression: finding.acknowledged.as_deref(),
    });
    let blocked = blocked_rows(document).map(move |(row, blocked)| Result {
        code: &blocked.reason,
        level: "warning",
        text: format!("{}{} ({}): {}\nhelp: {}", hub_words(hub), row.name, row.when, blocked.message, blocked.help),
        source: row.source.as_ref(),
        suppression: None,
    });
    findings.chain(blocked)
}

fn log(results: &[Result<'_>]) -> Value {
    let mut index: BTreeMap<&str, usize> = results.iter().map(|result| (result.code, 0)).collect();
    for (place, number) in index.values_mut().zip(0..) {
        *place = number;
    }
    let rules = index.keys().map(|code| json!({"id": code, "shortDescription": {"text": code.replace('-', " ")}}));
    let rules = rules.collect();
    sarif_log(
        env!("CARGO_PKG_VERSION"),
        rules,
        results.iter().map(|result| result.to_value(index[result.code])).collect(),
    )
}

impl Result<'_> {
    fn to_value(&self, rule_index: usize) -> Value {
        let mut value = json!({
            "ruleId": self.code,
            "ruleIndex": rule_index,
            "level": self.level,
            "message": {"text": self.text},
        });
        if let Some(SourcePart { path, line }) = self.source {
            value["locations"] = json!([{"physicalLocation": {
                "artifactLocation": {"uri": sarif_uri(path)},
                "region": {"startLine": line},
            }}]);
        }
        if let Some(acknowledged) = self.suppression {
            value["suppressions"] = json!([{"kind": "external", "justification": format!("--ack {acknowledged}")}]);
        }
        value
    }
}
