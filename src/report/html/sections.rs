//! Findings, actions and what is left, as lists and tables.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::page::{Data, Place, sentence};
use crate::report::document::{FindingPart, PlanDocument, RowPart, StepPart, UpcomingPart};
use crate::report::headline::{Severity, blocked_rows, devices_of, percent, severity};
use crate::report::when::{counted, grouped, utc};

/// Findings, blocked slots or runs that are listed; a reader of more wants the JSON.
const LISTED_MAX: usize = 1_000;

/// The rest, in a word.
pub(super) fn left_out(total: usize, shown: usize, noun: &str) -> Markup {
    html! {
        @if total > shown {
            p.quiet { "… and " (grouped((total - shown) as u64)) " more " (noun) "; " code { "-o json" } " has all of them." }
        }
    }
}

/// Rules that the plan breaks or touches.
pub(super) fn findings(findings: &[FindingPart], place: Place) -> Markup {
    html! {
        @if !findings.is_empty() {
            section aria-labelledby=(place.label("findings")) {
                (place.heading("findings", "Findings"))
                ul.notes { @for finding in findings.iter().take(LISTED_MAX) { (note(finding)) } }
                (left_out(findings.len(), LISTED_MAX, "findings"))
            }
        }
    }
}

fn note(finding: &FindingPart) -> Markup {
    let (class, word) = match severity(finding) {
        Severity::Deny => ("deny", "Refused"),
        Severity::Warn => ("warn", "Warning"),
        Severity::Acknowledged => ("acknowledged", "Acknowledged"),
    };
    html! {
        li class=(class) {
            p { span.word { (word) } " " code { (Data(&finding.code)) } ": " (sentence(&finding.message)) }
            @if let Some(acknowledged) = &finding.acknowledged {
                p { "Passes with " code { "--ack " (Data(acknowledged)) } }
            }
            @if let Some(help) = &finding.help { (help_lines(help)) }
            @if let Some(source) = &finding.source {
                p.quiet { (Data(&source.path)) ":" (source.line) }
            }
        }
    }
}

fn help_lines(help: &str) -> Markup {
    html! { @for line in help.lines() { p { b { "Help: " } (sentence(line)) } } }
}

/// Slots that need a person.
pub(super) fn blocked(document: &PlanDocument, place: Place) -> Markup {
    let count = document.summary.blocked;
    html! {
        @if count > 0 {
            section aria-labelledby=(place.label("blocked")) {
                (place.heading("blocked", "Blocked, needs a person"))
                ul.notes {
                    @for (row, blocked) in blocked_rows(document).take(LISTED_MAX) {
                        li.warn {
                            p {
                                span.word { (Data(&row.name)) } " " (Data(&row.when)) " " code { (Data(&blocked.reason)) } ": "
                                (sentence(&blocked.message))
                            }
                            (help_lines(&blocked.help))
                        }
                    }
                }
                (left_out(count, LISTED_MAX, "blocked slots"))
            }
        }
    }
}

/// All that is to be done, the widest first. Terse, for there may be ten thousand.
pub(super) fn actions(actions: &[&RowPart], place: Place) -> Markup {
    html! {
        @if !actions.is_empty() {
            section aria-labelledby=(place.label("actions")) {
                (place.heading("actions", "Actions"))
                div.scroll role="group" aria-label="Table of actions" tabindex="0" {
                    table {
                        caption { (counted(actions.len(), "action")) ", those that reach the most devices first" }
                        thead { tr {
                            th scope="col" { "Action" } th scope="col" { "Manifest" } th scope="col" { "When" }
                            th.n scope="col" { "Devices" } th scope="col" { "Why" }
                        } }
                        tbody { @for row in actions { (action(row)) } }
                    }
                }
            }
        }
    }
}

fn action(row: &RowPart) -> Markup {
    let (reason, message) = row.step.reason();
    let share = row.effect.as_ref().and_then(|effect| effect.percent_of_hub);
    html! {
        tr {
            td.v.(class(&row.step)) { (row.step.verb()) }
            th scope="row" { (Data(&row.name)) }
            td { (Data(&row.when)) }
            td.n {
                @match devices_of(row) {
                    Some(devices) => { (grouped(devices)) @if let Some(share) = share { " (" (percent(share)) ")" } },
                    None if row.effect.is_some() => "not counted",
                    None => "",
                }
            }
            td { code { (Data(reason)) } " " (sentence(message)) }
        }
    }
}

pub(super) const fn class(step: &StepPart) -> &'static str {
    match step {
        StepPart::Create(_) => "create",
        StepPart::Replace(_) => "replace",
        StepPart::Cancel(_) => "cancel",
        StepPart::Deferred(_) => "deferred",
        StepPart::Blocked(_) => "stuck",
        StepPart::None(_) => "same",
    }
}

/// Runs to come.
pub(super) fn upcoming(upcoming: &[UpcomingPart], place: Place) -> Markup {
    let runs: Vec<_> = upcoming.iter().flat_map(|next| next.starts.iter().map(move |run| (&next.name, run))).collect();
    html! {
        @if !runs.is_empty() {
            section aria-labelledby=(place.label("upcoming")) {
                (place.heading("upcoming", "Next runs"))
                details {
                    summary { (counted(runs.len(), "run")) }
                    ul.inside {
                        @for (name, run) in runs.iter().take(LISTED_MAX) {
                            li {
                                b { (Data(name)) } " " (Data(&run.when))
                                @if let Some(dst) = &run.dst_message { ", " (Data(dst)) }
                                span.quiet {
                                    " apply between " (utc(run.apply_between.from)) " and " (utc(run.apply_between.until))
                                }
                            }
                        }
                    }
                    (left_out(runs.len(), LISTED_MAX, "runs"))
                }
            }
        }
    }
}

/// Slots with nothing to do, by their reasons.
pub(super) fn unchanged(document: &PlanDocument, place: Place) -> Markup {
    let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in document.rows.iter().filter(|row| !row.step.is_action()) {
        *reasons.entry(row.step.reason()).or_default() += 1;
    }
    html! {
        @if !reasons.is_empty() {
            section aria-labelledby=(place.label("unchanged")) {
                (place.heading("unchanged", "Nothing to do"))
                ul {
                    @for ((reason, message), count) in reasons {
                        li { (count) " " code { (Data(reason)) } ": " (Data(message)) }
                    }
                }
            }
        }
    }
}
