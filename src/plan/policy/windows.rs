//! Times at which jobs may run.

use jiff::Timestamp;

use super::Subject;
use super::closed::{Closed, Held, Windows};
use super::facts;
use crate::model::{ManifestSource, OccurrenceKind, Policy, Seconds, TimeSpan, Zone};
use crate::plan::finding::{Finding, Level, Rule};
use crate::plan::question::Counts;
use crate::plan::row::{IdleReason, Row, Step};

pub(super) fn check(subject: &Subject<'_>, policies: &[&Policy], found: &mut Vec<Finding>) {
    let windows = Windows::new(policies);
    if windows.is_empty() {
        return;
    }
    let manifests = facts::by_name(subject.manifests);
    for (index, row) in subject.plan.rows.iter().enumerate() {
        let level = match &row.step {
            // A job that starts as soon as possible may have run before, which only the hub knows.
            Step::Create(_) | Step::Deferred(_)
                if subject.counts == Counts::Offline && row.occurrence.kind() == OccurrenceKind::Asap =>
            {
                Level::Warn
            }
            Step::Create(_) | Step::Deferred(_) => Level::Deny,
            // It is on the hub already, and only somebody can say whether it is to be cancelled.
            Step::Idle { reason: IdleReason::InSync, .. } => Level::Warn,
            Step::Cancel { .. } | Step::Blocked { .. } | Step::Idle { .. } => continue,
        };
        let Some(limit) = facts::max_execution(&row.step, manifests.get(&row.name).copied()) else { continue };
        let from = facts::start(subject.plan, index);
        let job = TimeSpan { from, until: from.checked_add(limit.to_signed()).unwrap_or(Timestamp::MAX) };
        if let Some(closed) = windows.closed(job) {
            found.push(finding(row, index, level, &Job { span: job, limit }, closed, &windows));
        }
    }
}

/// When a job acts on devices at the most.
struct Job {
    span: TimeSpan,
    limit: Seconds,
}

fn finding(row: &Row, index: usize, level: Level, job: &Job, closed: Closed<'_>, windows: &Windows<'_>) -> Finding {
    let (zone, source) = place(closed, windows);
    Finding {
        rule: Rule::WindowClosed,
        level,
        message: message(row, job, closed, windows),
        help: Some(help(row, job, closed, windows, &zone)),
        source,
        row: Some(index),
        acknowledged: None,
    }
}

/// The zone to speak in, and the window to point at.
fn place(closed: Closed<'_>, windows: &Windows<'_>) -> (Zone, Option<ManifestSource>) {
    let held = match closed {
        Closed::StartsIn(held) | Closed::RunsInto(held, _) => Some(held),
        Closed::Outside | Closed::Outlasts(_) => windows.allowing().first().copied(),
    };
    held.map_or_else(|| (Zone::utc(), None), |held| (held.window.zone.clone(), Some(held.window.source.clone())))
}

fn message(row: &Row, job: &Job, closed: Closed<'_>, windows: &Windows<'_>) -> String {
    let (zone, _) = place(closed, windows);
    let (name, start, end) = (&row.name, local(job.span.from, &zone), local(job.span.until, &zone));
    match closed {
        Closed::StartsIn(held) => format!("`{name}` would start {start}, within {}", named(held)),
        Closed::RunsInto(held, begins) => {
            format!("`{name}` may run from {start} until {end}, and {} begins {}", named(held), local(begins, &zone))
        }
        Closed::Outside => format!("`{name}` would start {start}, outside every open window ({})", listed(windows)),
        Closed::Outlasts(until) => {
            format!("`{name}` may run from {start} until {end}, and the open window ends {}", local(until, &zone))
        }
    }
}

fn help(row: &Row, job: &Job, closed: Closed<'_>, windows: &Windows<'_>, zone: &Zone) -> String {
    let shorter = match closed {
        Closed::RunsInto(_, end) | Closed::Outlasts(end) => {
            let room = end.duration_since(job.span.from).as_secs().unsigned_abs();
            Some(format!("`maxExecutionTime: {}` would fit", Seconds::new(room)))
        }
        Closed::StartsIn(_) | Closed::Outside => None,
    };
    let next = windows.next_open(job.span.from, job.limit.to_signed()).map(|next| {
        let at = next.to_zoned(zone.rules().clone()).strftime("%Y-%m-%dT%H:%M").to_string();
        let when = local(next, zone);
        match row.occurrence.kind() {
            OccurrenceKind::At => format!("it fits from {when} on: write `at: \"{at}\"` with `timeZone: {zone}`"),
            OccurrenceKind::Cron => format!("it fits from {when} on: move `cron` to such a time"),
            OccurrenceKind::Asap => format!(
                "it fits from {when} on: run `hubjobs apply` then, or write \
                 `schedule: {{at: \"{at}\", timeZone: {zone}}}`"
            ),
        }
    });
    let never = || format!("no window of the next two weeks has room for {}", job.limit);
    let words: Vec<_> = match (shorter, next) {
        (None, None) => vec![never()],
        (shorter, next) => shorter.into_iter().chain(next).collect(),
    };
    match row.step {
        Step::Create(_) | Step::Deferred(_) | Step::Cancel { .. } | Step::Blocked { .. } => words.join("; "),
        Step::Idle { .. } => {
            format!("it waits on the hub already: `hubjobs cancel {}` stops it; {}", row.name, words.join("; "))
        }
    }
}

/// ``the closed window `freeze` of policy `hours` (Fri 12:00 to 00:00 Europe/Berlin)``.
fn named(held: Held<'_>) -> String {
    let Held { policy, window } = held;
    format!("the closed window `{}` of policy `{}` ({window})", window.name, policy.name)
}

fn listed(windows: &Windows<'_>) -> String {
    let each = windows.allowing().iter().map(|held| format!("`{}`: {}", held.window.name, held.window));
    each.collect::<Vec<_>>().join("; ")
}

/// `Fri 2026-12-04 15:00 CET`.
fn local(at: Timestamp, zone: &Zone) -> String {
    at.to_zoned(zone.rules().clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string()
}
