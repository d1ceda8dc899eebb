//! What an examination of hubs found, for people and for machines.

use std::collections::HashSet;
use std::fmt::Write as _;

use anstyle::Style;
use serde_json::{Value, json};

use super::FORMAT_VERSION;
use super::style::{BLOCKED, CREATE, DIM, HELP, Painted, STRONG, WARNING};
use super::untrusted::Untrusted;
use super::when::counted;
use crate::doctor::{Check, Examination, Finding, Verdict};

/// Longest finding that is shown, in characters.
const SAID_LEN_MAX: usize = 600;

/// A line for each check, and what to do beneath it. Help is given once, however many checks have it.
#[must_use]
pub fn doctor_text(environment: &str, examinations: &[Examination]) -> String {
    let mut text = String::new();
    for examination in examinations {
        let name = examination.hub_name.as_ref().map_or_else(String::new, |name| format!(" \u{b7} hub `{name}`"));
        let title = format!("{environment}{name} \u{b7} {} \u{b7} {}", examination.label, examination.size);
        let _ = writeln!(text, "{}\n", Painted(STRONG, title));
        let mut told = HashSet::new();
        for finding in &examination.findings {
            write_finding(&mut text, finding, &mut told);
        }
        text.push('\n');
    }
    let count = |verdict| examinations.iter().map(|examination| examination.count(verdict)).sum::<usize>();
    let (problems, warnings) = (count(Verdict::Problem), count(Verdict::Warning));
    let verdict = match (problems, warnings) {
        (0, 0) => "all is well".to_owned(),
        (problems, warnings) => format!("{}, {}", counted(problems, "problem"), counted(warnings, "warning")),
    };
    let _ = writeln!(text, "{verdict}");
    text
}

fn write_finding<'a>(text: &mut String, finding: &'a Finding, told: &mut HashSet<&'a str>) {
    let verdict = finding.verdict();
    let code = match verdict {
        Verdict::Ok | Verdict::Skipped => String::new(),
        Verdict::Warning | Verdict::Problem => format!(" [{}]", finding.code),
    };
    let _ = writeln!(
        text,
        "  {}  {:<width$}  {}{code}",
        Painted(style(verdict), format!("{:<7}", verdict.as_str())),
        finding.check.as_str(),
        Untrusted::new(&finding.said).cut(SAID_LEN_MAX),
        width = width(),
    );
    for help in finding.help.iter().filter(|help| told.insert(help.as_str())) {
        let _ = writeln!(text, "           {} {}", Painted(HELP, "= help:"), Untrusted::new(help).cut(SAID_LEN_MAX));
    }
}

const fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Ok => CREATE,
        Verdict::Skipped => DIM,
        Verdict::Warning => WARNING,
        Verdict::Problem => BLOCKED,
    }
}

fn width() -> usize {
    Check::ALL.iter().map(|check| check.as_str().len()).max().unwrap_or_default()
}

/// The same for machines.
#[must_use]
pub fn doctor_json(environment: &str, examinations: &[Examination]) -> Value {
    let hubs: Vec<_> = examinations
        .iter()
        .map(|examination| {
            let checks: Vec<_> = examination.findings.iter().map(finding_json).collect();
            json!({
                "name": examination.hub_name,
                "hub": examination.label,
                "size": examination.size,
                "problems": examination.count(Verdict::Problem),
                "warnings": examination.count(Verdict::Warning),
                "checks": checks,
            })
        })
        .collect();
    json!({"formatVersion": FORMAT_VERSION, "environment": environment, "hubs": hubs})
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "check": finding.check.as_str(),
        "verdict": finding.verdict().as_str(),
        "code": finding.code.as_str(),
        "message": finding.said,
        "help": finding.help,
    })
}
