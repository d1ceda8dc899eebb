//! A plan as SARIF: its findings and blocked rows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::document::{PlanDocument, SourcePart};
use super::headline::{Severity, blocked_rows, finding_words, severity};
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
    let findings = document.findings.iter().map(|finding| Result {
        code: &finding.code,
        level: match severity(finding) {
            Severity::Deny | Severity::Acknowledged => "error",
            Severity::Warn => "warning",
        },
        text: finding_words(finding),
        source: finding.source.as_ref(),
        suppression: finding.acknowledged.as_deref(),
    });
    let blocked = blocked_rows(document).map(|(row, blocked)| Result {
        code: &blocked.reason,
        level: "warning",
        text: format!("{} ({}): {}\nhelp: {}", row.name, row.when, blocked.message, blocked.help),
        source: row.source.as_ref(),
        suppression: None,
    });
    let results: Vec<_> = findings.chain(blocked).collect();
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
