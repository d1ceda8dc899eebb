//! A plan as GitHub workflow commands: its findings beside the lines that cause them.

use super::document::{BlockedPart, FindingPart, PlanDocument, SourcePart};
use super::headline::{Headline, Severity, Standing, blocked_rows, finding_words, hub_words, severity};
use super::hubs::{HubPlan, NoPlan};
use super::untrusted::Untrusted;
use crate::diagnostic::workflow_command;

/// One line for each finding and each blocked row, and one that sums up.
#[must_use]
pub(super) fn plan_github(document: &PlanDocument) -> String {
    lines(document, None)
}

/// The same for each of several hubs; each message begins with the name of its hub.
#[must_use]
pub(super) fn hubs_github(environment: &str, hubs: &[HubPlan]) -> String {
    let of_hub = |hub: &HubPlan| match &hub.plan {
        Ok(document) => lines(document, Some(&hub.hub)),
        Err(NoPlan { message, help }) => {
            let help = help.iter().map(|line| format!("\nhelp: {line}"));
            let message = format!("{message}{}", help.collect::<String>());
            command("error", None, &title(environment, Some(&hub.hub)), &message)
        }
    };
    hubs.iter().map(of_hub).collect()
}

fn title(environment: &str, hub: Option<&str>) -> String {
    let hub = hub.map_or_else(String::new, |hub| format!(", hub {hub}"));
    format!("hubjobs plan of {environment}{hub}")
}

fn lines(document: &PlanDocument, hub: Option<&str>) -> String {
    let findings = document.findings.iter().map(|finding| finding_line(finding, hub));
    let blocked = blocked_rows(document).map(|(row, blocked)| {
        let message =
            format!("{}{} ({}): {}\nhelp: {}", hub_words(hub), row.name, row.when, blocked.message, blocked.help);
        let BlockedPart { reason, .. } = blocked;
        command("warning", row.source.as_ref(), reason, &message)
    });
    let headline = Headline::new(document);
    let verdict = match headline.standing {
        Standing::Refused => "error",
        _ => "notice",
    };
    let title = title(&document.environment, hub);
    findings.chain(blocked).chain([command(verdict, None, &title, &headline.line())]).collect()
}

fn finding_line(finding: &FindingPart, hub: Option<&str>) -> String {
    let word = match severity(finding) {
        Severity::Deny => "error",
        Severity::Warn => "warning",
        Severity::Acknowledged => "notice",
    };
    command(word, finding.source.as_ref(), &finding.code, &format!("{}{}", hub_words(hub), finding_words(finding)))
}

fn command(word: &str, source: Option<&SourcePart>, title: &str, message: &str) -> String {
    // Line by line, for a line end is no danger to a command, and everything else is shown escaped.
    let message: Vec<_> = message.lines().map(|line| Untrusted::new(line).cut(2_000).to_string()).collect();
    let title = Untrusted::new(title).to_string();
    let place = source.map(|source| (Untrusted::new(&source.path).cut(1_000).to_string(), source.line.to_string()));
    let mut properties = Vec::new();
    if let Some((file, line)) = &place {
        properties.extend([("file", file.as_str()), ("line", line.as_str())]);
    }
    properties.push(("title", &title));
    workflow_command(word, &properties, &message.join("\n"))
}
