//! From a review to its written form.

use std::collections::HashMap;
use std::sync::Arc;

use super::effect::{ChangePart, CurrentPart, EffectPart, ForecastPart, MessagesPart, PathPart};
use super::finding::{ConflictPart, FindingPart, WriterPart};
use super::row::{
    BlockedPart, CancelPart, ChangedField, CreatePart, DeferredPart, IdlePart, OccurrencePart, RowPart, SourcePart,
    StartPart, StepPart, UpcomingPart, WindowPart,
};
use super::timeline::TimelinePart;
use super::{CountsMode, CountsPart, HubPart, LanesPart, PlanDocument};
use crate::model::{Manifest, ManifestName, ManifestSource, OccurrenceKey, OccurrenceKind, Zone};
use crate::plan::{
    Change, Conflict, Counts, Create, CreateReason, Current, Deferral, Effect, FieldChange, Finding, IdleReason,
    Intent, Lateness, PathChange, Plan, Review, Row, Step, Window, Writer,
};
use crate::report::advice::advice;
use crate::report::occurrence::{Upcoming, UpcomingStart, dst_code, dst_words};
use crate::report::reason;
use crate::report::when::{in_words, local_and_utc, occurrence, zone_of};

/// What it takes to write a review down.
#[derive(Debug, Clone, Copy)]
pub struct DocumentSource<'a> {
    /// The review.
    pub review: &'a Review,
    /// The hub in a word: its host name, or `emulator`.
    pub hub: &'a str,
    /// What the plan means to do.
    pub intent: &'a Intent,
    /// For time zones and advice.
    pub manifests: &'a [Arc<Manifest>],
    /// Runs to come that no row is about.
    pub upcoming: &'a [Upcoming],
}

impl PlanDocument {
    /// Writes a review down.
    #[must_use]
    pub fn new(source: &DocumentSource<'_>) -> Self {
        let review = source.review;
        let plan = review.plan();
        let manifests = source.manifests.iter().map(|manifest| (&manifest.name, manifest.as_ref())).collect();
        let rows = plan.rows.iter().zip(review.effects());
        Self {
            format_version: crate::report::FORMAT_VERSION,
            environment: plan.environment.to_string(),
            owner: plan.owner.to_string(),
            hub: HubPart {
                name: source.hub.to_owned(),
                sku: plan.size.sku.to_string(),
                units: plan.size.units.get(),
                devices: review.hub_devices(),
            },
            digest: source.intent.digest(),
            now: plan.now,
            summary: plan.summary().into(),
            counts: CountsPart { mode: counts_mode(review.counts()), queries: review.asked() },
            quota: review.messages().map(|messages| MessagesPart { messages, per_day: plan.size.messages_per_day() }),
            lanes: LanesPart {
                total: plan.lanes.total,
                own: plan.lanes.own_count(),
                foreign: plan.lanes.foreign.iter().map(ToString::to_string).collect(),
                free: plan.lanes.free(),
            },
            findings: review.findings().iter().map(finding_part).collect(),
            rows: rows.map(|(row, effect)| row_part(review, &manifests, row, effect.as_ref())).collect(),
            conflicts: review.conflicts().iter().map(conflict_part).collect(),
            timeline: TimelinePart::new(review.timeline()),
            upcoming: source.upcoming.iter().map(|next| upcoming_part(review, next)).collect(),
        }
    }
}

const fn counts_mode(counts: Counts) -> CountsMode {
    match counts {
        Counts::All => CountsMode::All,
        Counts::None => CountsMode::None,
        Counts::Offline => CountsMode::Offline,
    }
}

type Manifests<'a> = HashMap<&'a ManifestName, &'a Manifest>;

fn row_part(review: &Review, manifests: &Manifests<'_>, row: &Row, effect: Option<&Effect>) -> RowPart {
    let manifest = manifests.get(&row.name).copied();
    let zone = manifest.and_then(zone_of);
    let generation = if row.generation > 0 { format!(", generation {}", row.generation) } else { String::new() };
    RowPart {
        name: row.name.to_string(),
        source: row.source.as_ref().map(source_part),
        occurrence: occurrence_part(row.occurrence),
        generation: row.generation,
        when: format!("{}{generation}", occurrence(row.occurrence, zone)),
        step: step_part(review.plan(), manifest, zone, row),
        effect: effect.map(|effect| effect_part(effect, review.hub_devices())),
    }
}

fn source_part(source: &ManifestSource) -> SourcePart {
    SourcePart { path: source.path.clone(), line: source.line }
}

/// Kind of schedule and nominal start.
pub(in crate::report) fn occurrence_part(occurrence: OccurrenceKey) -> OccurrencePart {
    let start = occurrence.start();
    match occurrence.kind() {
        OccurrenceKind::At => OccurrencePart::At { start },
        OccurrenceKind::Cron => OccurrencePart::Cron { start },
        OccurrenceKind::Asap => OccurrencePart::Asap { not_after: start },
    }
}

fn step_part(plan: &Plan, manifest: Option<&Manifest>, zone: Option<&Zone>, row: &Row) -> StepPart {
    match &row.step {
        Step::Create(create) if create.reason == CreateReason::ReplaceBeforeStart => {
            StepPart::Replace(create_part(row, create))
        }
        Step::Create(create) => StepPart::Create(create_part(row, create)),
        Step::Cancel { id, reason } => StepPart::Cancel(CancelPart {
            reason: reason.as_str().to_owned(),
            message: reason::cancel(*reason).to_owned(),
            job_id: id.to_string(),
        }),
        Step::Deferred(deferral) => StepPart::Deferred(deferred_part(zone, deferral)),
        Step::Blocked { id, reason } => StepPart::Blocked(BlockedPart {
            reason: reason.as_str().to_owned(),
            message: reason::blocked(*reason).to_owned(),
            job_id: id.as_ref().map(ToString::to_string),
            help: advice(row, *reason, manifest, plan.now),
        }),
        Step::Idle { id, reason } => StepPart::None(IdlePart {
            reason: reason.as_str().to_owned(),
            message: reason::idle(reason).to_owned(),
            job_id: id.as_ref().map(ToString::to_string),
            apply_between: match reason {
                IdleReason::NotDue { apply_between } => Some(window_part(*apply_between)),
                _ => None,
            },
            job_status: match reason {
                IdleReason::Done(status) => Some(status.to_string()),
                _ => None,
            },
        }),
    }
}

fn create_part(row: &Row, create: &Create) -> CreatePart {
    CreatePart {
        reason: create.reason.as_str().to_owned(),
        message: create_words(row, create),
        job_id: create.job.id.to_string(),
        start_time: create.job.start,
        lateness_seconds: create.lateness.map(|Lateness(late)| late.get()),
        deadline: create.deadline,
        cancels_first: create.after.iter().map(ToString::to_string).collect(),
        changes: create.changes.iter().map(changed_field).collect(),
        job: create.job.body.to_value(),
    }
}

/// Why a job is created, and when it starts if not at its nominal start.
fn create_words(row: &Row, create: &Create) -> String {
    let why = reason::create(create.reason);
    match create.lateness {
        Some(Lateness(late)) if create.reason == CreateReason::LateWithinDeadline => {
            format!("starts NOW, {} after its nominal time", in_words(late))
        }
        Some(Lateness(late)) => format!("{why}; starts NOW, {} after its nominal time", in_words(late)),
        None if row.occurrence.kind() == OccurrenceKind::Asap => format!("{why}; starts NOW"),
        None => why.to_owned(),
    }
}

fn changed_field(change: &FieldChange) -> ChangedField {
    let FieldChange { path, from, to } = change.clone();
    ChangedField { path, from, to }
}

fn deferred_part(zone: Option<&Zone>, deferral: &Deferral) -> DeferredPart {
    let mut message = reason::deferred(deferral.reason).to_owned();
    if let Some(start) = deferral.expected_start {
        message = format!("{message}; can start {}", local_and_utc(start, zone));
        if start > deferral.apply_between.until {
            message.push_str(", which is after its deadline");
        }
    }
    DeferredPart {
        reason: deferral.reason.as_str().to_owned(),
        message,
        expected_start: deferral.expected_start,
        apply_between: window_part(deferral.apply_between),
        is_due: deferral.is_due,
    }
}

pub(super) const fn window_part(window: Window) -> WindowPart {
    WindowPart { from: window.from, until: window.until }
}

fn effect_part(effect: &Effect, hub_devices: Option<u64>) -> EffectPart {
    let reach = effect.reach.as_ref();
    // Modules are not a share of the devices; whether they are connected is not known either.
    let of_devices = reach.filter(|reach| reach.connected.is_some());
    EffectPart {
        condition: effect.condition.to_string(),
        devices: reach.map(|reach| reach.matched),
        percent_of_hub: of_devices.zip(hub_devices).and_then(|(reach, hub)| percent(reach.matched, hub)),
        connected: reach.and_then(|reach| reach.connected),
        samples: reach.map(|reach| reach.samples.clone()).unwrap_or_default(),
        change: match &effect.change {
            Change::Method { name, payload } => ChangePart::Method { name: name.to_string(), payload: payload.clone() },
            Change::Twin(paths) => ChangePart::Twin { paths: paths.iter().map(path_part).collect() },
        },
        forecast: effect.forecast.map(|forecast| ForecastPart {
            duration_seconds: forecast.duration.get(),
            limit_seconds: forecast.limit.get(),
            messages: forecast.messages,
        }),
    }
}

fn path_part(change: &PathChange) -> PathPart {
    let current = |Current { value, devices }: &Current| CurrentPart { value: value.clone(), devices: *devices };
    PathPart {
        path: change.path.clone(),
        to: change.to.clone().unwrap_or_default(),
        from: change.from.as_ref().map(|from| from.iter().map(current).collect()),
        unlisted: change.unlisted,
        compound: change.compound,
    }
}

/// A share in per cent, to two decimals; nothing of nothing. The answers are of different moments, and
/// a share of more than all is none.
fn percent(part: u64, whole: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "device counts are far below 2^52")]
    let share = part.min(whole) as f64 / whole as f64;
    (whole > 0).then(|| (share * 10_000.0).round() / 100.0)
}

/// A finding, written down.
#[must_use]
pub fn finding_part(finding: &Finding) -> FindingPart {
    FindingPart {
        code: finding.rule.as_str().to_owned(),
        level: finding.level.as_str().to_owned(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        source: finding.source.as_ref().map(source_part),
        row: finding.row,
        acknowledged: finding.acknowledged.as_ref().map(ToString::to_string),
    }
}

fn conflict_part(conflict: &Conflict) -> ConflictPart {
    ConflictPart {
        path: conflict.path.clone(),
        row: conflict.row,
        other: match &conflict.other {
            Writer::Row(row) => WriterPart::Row { row: *row },
            Writer::Occurrence(name) => WriterPart::Occurrence { name: name.clone() },
            Writer::Foreign(id) => WriterPart::ForeignJob { id: id.clone() },
            Writer::Configuration(id) => WriterPart::Configuration { id: id.clone() },
        },
        devices: conflict.devices,
        redundant: conflict.is_redundant,
        certain: conflict.is_certain,
        further_paths: conflict.further,
        value: conflict.ours.clone(),
        other_value: conflict.theirs.clone(),
        from: Some(conflict.from),
        until: conflict.until,
    }
}

fn upcoming_part(review: &Review, upcoming: &Upcoming) -> UpcomingPart {
    let start = |run: &UpcomingStart| StartPart {
        start: run.start,
        local: run.local.clone(),
        when: local_and_utc(run.start, run.zone.as_ref()),
        dst: run.dst.map(|mark| dst_code(mark).to_owned()),
        dst_message: run.dst.map(dst_words),
        apply_between: WindowPart { from: run.apply_between.0, until: run.apply_between.1 },
    };
    UpcomingPart {
        name: upcoming.name.to_string(),
        starts: upcoming.starts.iter().map(start).collect(),
        effect: review.outlook(&upcoming.name).map(|effect| effect_part(effect, review.hub_devices())),
    }
}
