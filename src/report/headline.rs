//! What a tired reader has to know of a plan: whether it is refused, how many devices, from when.

use super::document::{BlockedPart, CreatePart, EffectPart, FindingPart, PlanDocument, RowPart, StepPart, SummaryPart};
use super::when::{counted, grouped};

/// What a plan that was made without a hub leaves open.
pub(super) const OFFLINE: &str =
    "the hub was not asked; its jobs, its lanes and the limits on devices are not looked at";

/// What becomes of a plan, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// A finding stops it.
    Refused,
    /// All that is to be done needs a person first.
    Blocked,
    /// Something is to be done, and nothing stops it.
    Ready,
    /// All that is to be done has to wait.
    Waiting,
    /// Nothing is to be done.
    Idle,
}

/// The first things to say about a plan.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Headline {
    /// What becomes of it.
    pub(super) standing: Standing,
    /// The same in words.
    pub(super) verdict: String,
    /// How many devices the jobs reach that it creates; nothing when it creates none.
    pub(super) reach: Option<Reach>,
    /// When the first of those jobs starts; nothing when there is none.
    pub(super) first_start: Option<String>,
}

/// Devices that the new jobs of a plan reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    /// The number by itself: `9 800`.
    pub(super) figure: String,
    /// What it counts: `devices, 92 % of the hub`.
    pub(super) unit: String,
    /// The number, when any is known.
    pub(super) devices: Option<u64>,
    /// Whether it leaves out devices that nobody counted.
    pub(super) has_uncounted: bool,
}

impl Headline {
    pub(super) fn new(document: &PlanDocument) -> Self {
        let standing = standing(document);
        Self {
            standing,
            verdict: verdict(standing, document),
            reach: reach(document),
            first_start: first_start(document),
        }
    }

    /// All of it in one line.
    pub(super) fn line(&self) -> String {
        let reach = self.reach.as_ref().map(|Reach { figure, unit, .. }| format!("{figure} {unit}"));
        let parts = [Some(self.verdict.clone()), reach, self.first_start.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

fn standing(document: &PlanDocument) -> Standing {
    let SummaryPart { create, replace, cancel, deferred, blocked, .. } = document.summary;
    match (document.is_denied(), create + replace + cancel, blocked, deferred) {
        (true, ..) => Standing::Refused,
        (false, 1.., ..) => Standing::Ready,
        (false, 0, 1.., _) => Standing::Blocked,
        (false, 0, 0, 1..) => Standing::Waiting,
        (false, 0, 0, 0) => Standing::Idle,
    }
}

fn verdict(standing: Standing, document: &PlanDocument) -> String {
    let SummaryPart { deferred, blocked, .. } = document.summary;
    match standing {
        Standing::Refused => {
            let denied = document.findings.iter().filter(|finding| finding.denies()).count();
            format!("Refused: {} must be settled first", counted(denied, "finding"))
        }
        Standing::Ready | Standing::Blocked | Standing::Waiting | Standing::Idle if document.is_offline() => {
            "Nothing is wrong as far as that shows without the hub".to_owned()
        }
        Standing::Ready if blocked > 0 => format!("Ready to apply, but {}", needs_a_person(blocked)),
        Standing::Ready => "Ready to apply".to_owned(),
        Standing::Blocked => format!("Blocked: {}", needs_a_person(blocked)),
        Standing::Waiting => format!("Nothing to do yet: {deferred} deferred"),
        Standing::Idle => "Nothing to do".to_owned(),
    }
}

fn needs_a_person(blocked: usize) -> String {
    format!("{} {} a person", counted(blocked, "slot"), if blocked == 1 { "needs" } else { "need" })
}

/// The rows that create a job, with its part.
pub(super) fn creates(document: &PlanDocument) -> impl Iterator<Item = (&RowPart, &CreatePart)> {
    document.rows.iter().filter_map(|row| match &row.step {
        StepPart::Create(create) | StepPart::Replace(create) => Some((row, create)),
        _ => None,
    })
}

/// Devices that a row reaches, when they were counted.
pub(super) fn devices_of(row: &RowPart) -> Option<u64> {
    row.effect.as_ref()?.devices
}

/// Jobs may share devices, so that the sum over several of them is an upper bound.
fn reach(document: &PlanDocument) -> Option<Reach> {
    let counts: Vec<_> = creates(document).map(|(row, _)| devices_of(row)).collect();
    let known: Vec<u64> = counts.iter().copied().flatten().collect();
    let uncounted = counts.len() - known.len();
    if counts.is_empty() {
        return None;
    }
    if known.is_empty() {
        let (figure, unit) = ("Devices".to_owned(), "not counted".to_owned());
        return Some(Reach { figure, unit, devices: None, has_uncounted: true });
    }
    let in_hub = document.hub.devices;
    let sum = known.iter().fold(0, |sum: u64, devices| sum.saturating_add(*devices)).min(in_hub.unwrap_or(u64::MAX));
    let bound = if known.len() > 1 { "up to " } else { "" };
    let mut unit = if sum == 1 { "device" } else { "devices" }.to_owned();
    if let Some(total) = in_hub.filter(|total| *total > 0) {
        unit.push_str(&format!(", {} of the hub", percent(share(sum, total))));
    }
    if uncounted > 0 {
        unit.push_str(&format!(", and {} not counted", counted(uncounted, "job")));
    }
    let figure = format!("{bound}{}", grouped(sum));
    Some(Reach { figure, unit, devices: Some(sum), has_uncounted: uncounted > 0 })
}

#[expect(clippy::cast_precision_loss, reason = "a share is shown with one digit")]
pub(super) fn share(part: u64, total: u64) -> f64 {
    100.0 * part as f64 / total as f64
}

/// `92 %`, `0.4 %`, `under 0.1 %`.
pub(super) fn percent(share: f64) -> String {
    match share {
        share if share >= 10.0 || share == 0.0 => format!("{share:.0} %"),
        share if share >= 0.1 => format!("{share:.1} %"),
        _ => "under 0.1 %".to_owned(),
    }
}

fn first_start(document: &PlanDocument) -> Option<String> {
    let first = creates(document).min_by_key(|(_, create)| create.start_time)?;
    let (row, CreatePart { start_time, .. }) = first;
    Some(match start_time {
        None => "starts now".to_owned(),
        Some(_) => {
            let generation = format!(", generation {}", row.generation);
            format!("starts {}", row.when.strip_suffix(&generation).unwrap_or(&row.when))
        }
    })
}

/// Findings by what they ask for: those that stop the plan, those to look at, those that pass by
/// consent.
pub(super) fn severity(finding: &FindingPart) -> Severity {
    match (finding.denies(), &finding.acknowledged) {
        (true, _) => Severity::Deny,
        (false, None) => Severity::Warn,
        (false, Some(_)) => Severity::Acknowledged,
    }
}

/// What a finding asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// Nothing is applied until it is settled.
    Deny,
    /// Somebody should look.
    Warn,
    /// It would stop the plan, and somebody consented.
    Acknowledged,
}

/// Rows that need a person.
pub(super) fn blocked_rows(document: &PlanDocument) -> impl Iterator<Item = (&RowPart, &BlockedPart)> {
    document.rows.iter().filter_map(|row| match &row.step {
        StepPart::Blocked(blocked) => Some((row, blocked)),
        _ => None,
    })
}

/// What a message about one of several hubs begins with.
pub(super) fn hub_words(hub: Option<&str>) -> String {
    hub.map_or_else(String::new, |hub| format!("hub `{hub}`: "))
}

/// A finding with its help, in lines.
pub(super) fn finding_words(finding: &FindingPart) -> String {
    let mut text = finding.message.clone();
    if let Some(acknowledged) = &finding.acknowledged {
        text.push_str(&format!("\nnote: passes with `--ack {acknowledged}`"));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    text
}

/// Rows with something to do, those that reach the most devices first.
pub(super) fn by_radius(document: &PlanDocument) -> Vec<&RowPart> {
    let mut rows: Vec<_> = document.rows.iter().filter(|row| row.step.is_action()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(devices_of(row)));
    rows
}

/// What is not due yet and what it would do today, that which reaches the most devices first: a name, a
/// time and an effect.
pub(super) fn coming(document: &PlanDocument) -> Vec<(&str, &str, &EffectPart)> {
    let rows = document.rows.iter().filter(|row| !row.step.is_action());
    let of_rows = rows.filter_map(|row| Some((&*row.name, &*row.when, row.effect.as_ref()?)));
    let of_next = document
        .upcoming
        .iter()
        .filter_map(|next| Some((&*next.name, &*next.starts.first()?.when, next.effect.as_ref()?)));
    let mut coming: Vec<_> = of_rows.chain(of_next).collect();
    coming.sort_by_key(|(.., effect)| std::cmp::Reverse(effect.devices));
    coming
}
