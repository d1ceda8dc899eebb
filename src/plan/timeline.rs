//! Lanes against time: which job holds which lane, and which waits for one.
//!
//! As far as one can tell now: a deferred job is drawn where the planner expects it, and a job that
//! is not due yet from its start, although it takes its lane earlier, when an apply creates it.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::decide::shift;
use super::review::ReviewInput;
use super::row::{Create, Deferral, DeferredReason, IdleReason, Plan, Row, Step, Window};
use crate::model::{FormerNames, JobId, Manifest, ManifestName, ObservedJob, Schedule};

/// Occurrences to come that are shown of one manifest.
const UPCOMING_MAX: usize = 24;
/// How far a job without a known end is shown after its start.
const OPEN_END: SignedDuration = SignedDuration::from_hours(1);

/// The lanes of a hub from now on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// What is shown; nothing when no job is known.
    pub window: Option<Window>,
    /// Lanes of the sku.
    pub lanes: usize,
    /// Jobs in their lanes, by lane and time. No two of one lane overlap.
    pub spans: Vec<Span>,
    /// Who waits for a lane, and for whom, in the order of the rows; then occurrences to come.
    pub waits: Vec<Wait>,
    /// When every lane is taken, by time. Occurrences to come do not count: they have none yet.
    pub taken: Vec<Stretch>,
    /// Whether a manifest has more occurrences in the window than are shown.
    pub is_cut: bool,
}

/// A job in its lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Lane, from 0; beyond the lanes of the sku when more jobs are there than it has lanes.
    pub lane: usize,
    /// Name of the manifest, or id of a foreign job. The latter is not to be trusted.
    pub label: String,
    /// Whose it is, and whether it exists.
    pub kind: SpanKind,
    /// When it takes the lane: a job that waits for its start holds it from its creation.
    pub from: Timestamp,
    /// When it starts to act on devices.
    pub start: Timestamp,
    /// When it must have ended; nothing when nobody can tell.
    pub until: Option<Timestamp>,
    /// The row of the plan that is about it.
    pub row: Option<usize>,
}

/// Whose a job is, and whether it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanKind {
    /// Ours, on the hub.
    Own,
    /// Of others, on the hub.
    Foreign,
    /// Ours, created by this plan.
    Planned,
    /// Ours, waits for a lane.
    Deferred,
    /// Ours, an occurrence to come.
    Upcoming,
}

/// A job that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Name of its manifest.
    pub name: String,
    /// The row of the plan that is about it; nothing for an occurrence that no row is about.
    pub row: Option<usize>,
    /// Why it waits.
    pub reason: DeferredReason,
    /// The span that it waits for, as far as one can tell which.
    pub holder: Option<usize>,
    /// Until when; nothing when nobody can tell.
    pub until: Option<Timestamp>,
    /// It starts too late then, and so not at all.
    pub misses_deadline: bool,
}

/// A half-open stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// First instant.
    pub from: Timestamp,
    /// First instant after it; nothing when its end is not known.
    pub until: Option<Timestamp>,
}

/// Puts every job that is known into a lane.
pub(super) fn timeline(plan: &Plan, input: &ReviewInput<'_>) -> Timeline {
    let lanes = plan.size.lanes();
    let mut spans = on_hub(plan, input);
    let needs_lane = |row: &Row| matches!(row.step, Step::Create(_) | Step::Deferred(_));
    if spans.is_empty() && !plan.rows.iter().any(needs_lane) {
        return Timeline { lanes, ..Timeline::default() };
    }
    let manifests = input.manifests.iter().map(|manifest| (&manifest.name, manifest.as_ref())).collect();
    spans.extend(plan.rows.iter().enumerate().filter_map(|(index, row)| of_row(plan, &manifests, index, row)));
    let Some(until) = spans.iter().map(shown_until).max() else {
        return Timeline { lanes, waits: waits(plan, &[]), ..Timeline::default() };
    };
    let window = Window { from: plan.now, until: until.max(plan.now) };
    let taken = taken(plan.now, lanes, &spans);
    let is_cut = upcoming(plan, input, &manifests, window, &mut spans);
    into_lanes(&mut spans);
    let mut waits = waits(plan, &spans);
    waits.extend(spans.iter().filter(|span| span.kind == SpanKind::Upcoming).filter_map(|span| crowded(span, &taken)));
    Timeline { window: Some(window), lanes, spans, waits, taken, is_cut }
}

type Manifests<'a> = HashMap<&'a ManifestName, &'a Manifest>;

fn shown_until(span: &Span) -> Timestamp {
    span.until.unwrap_or_else(|| shift(span.start, OPEN_END))
}

/// The jobs that hold a lane and keep it.
fn on_hub(plan: &Plan, input: &ReviewInput<'_>) -> Vec<Span> {
    let alive: Vec<_> = input.observed.iter().filter(|job| !job.status.is_terminal()).collect();
    if alive.is_empty() {
        return Vec::new();
    }
    let mut gone: HashSet<&JobId> = HashSet::new();
    let mut rows: HashMap<&JobId, usize> = HashMap::new();
    for (index, row) in plan.rows.iter().enumerate() {
        match &row.step {
            Step::Create(create) => gone.extend(&create.after),
            Step::Cancel { id, .. } => drop(gone.insert(id)),
            Step::Blocked { id, .. } | Step::Idle { id, .. } => drop(id.as_ref().map(|id| rows.insert(id, index))),
            Step::Deferred(_) => {}
        }
    }
    let former_names = FormerNames::new(input.manifests.iter().map(AsRef::as_ref));
    let span = |job: &ObservedJob| {
        let row = rows.get(&job.id).copied();
        let is_foreign = plan.lanes.foreign.binary_search(&job.id).is_ok();
        let own_name = || job.id.own().map(|own| former_names.current(&own.name).to_string());
        let name = row.map(|row| plan.rows[row].name.to_string()).or_else(own_name).filter(|_| !is_foreign);
        let from = job.created.or(job.start).unwrap_or(plan.now).min(plan.now);
        Span {
            lane: 0,
            label: name.unwrap_or_else(|| job.id.to_string()),
            kind: if is_foreign { SpanKind::Foreign } else { SpanKind::Own },
            from,
            start: job.start.unwrap_or(from).max(from),
            // One that is overdue holds its lane still, and no longer than an instant from now.
            until: job.latest_end().map(|end| end.max(plan.now)),
            row,
        }
    };
    alive.into_iter().filter(|job| !gone.contains(&job.id)).map(span).collect()
}

/// The span of a row that will need a lane.
fn of_row(plan: &Plan, manifests: &Manifests<'_>, index: usize, row: &Row) -> Option<Span> {
    let max_execution = || Some(manifests.get(&row.name)?.max_execution.to_signed());
    let (kind, from, start, until) = match &row.step {
        Step::Create(create) => {
            let Create { job, .. } = create.as_ref();
            let start = job.start.unwrap_or(plan.now);
            let until = shift(start, job.body.max_execution.to_signed());
            (SpanKind::Planned, plan.now, start.max(plan.now), Some(until))
        }
        Step::Deferred(deferral) => {
            let start = deferral.expected_start.filter(|start| *start <= deferral.apply_between.until)?;
            let is_in_line = deferral.reason == DeferredReason::LanesTaken;
            let from = if is_in_line { deferral.apply_between.from.min(start) } else { start };
            (SpanKind::Deferred, from, start, max_execution().map(|length| shift(start, length)))
        }
        Step::Cancel { .. } | Step::Blocked { .. } | Step::Idle { .. } => return None,
    };
    Some(Span { lane: 0, label: row.name.to_string(), kind, from, start, until, row: Some(index) })
}

/// Adds the occurrences to come that start in the window; says whether some were left out.
fn upcoming(
    plan: &Plan,
    input: &ReviewInput<'_>,
    manifests: &Manifests<'_>,
    window: Window,
    spans: &mut Vec<Span>,
) -> bool {
    let rows: HashMap<_, _> =
        plan.rows.iter().enumerate().map(|(index, row)| ((&row.name, row.occurrence), (index, row))).collect();
    let mut examined: HashMap<&ManifestName, Timestamp> = HashMap::new();
    let span = |manifest: &Manifest, start: Timestamp, row| Span {
        lane: 0,
        label: manifest.name.to_string(),
        kind: SpanKind::Upcoming,
        from: start,
        start,
        until: Some(shift(start, manifest.max_execution.to_signed())),
        row,
    };
    for desired in input.desired {
        let Some(start) = desired.nominal_start().filter(|start| *start >= plan.now) else { continue };
        let name = &desired.slot.name;
        let latest = examined.entry(name).or_insert(start);
        *latest = start.max(*latest);
        let row = rows.get(&(name, desired.slot.occurrence));
        let is_to_come = row.is_none_or(|(_, row)| is_not_due(row));
        if is_to_come && start < window.until && !desired.manifest.suspend {
            spans.push(span(&desired.manifest, start, row.map(|(index, _)| *index)));
        }
    }
    let mut is_cut = false;
    for (name, manifest) in manifests.iter().filter(|(_, manifest)| !manifest.suspend) {
        let Schedule::Cron(cron) = &manifest.schedule else { continue };
        let after = examined.get(name).copied().unwrap_or(plan.now);
        let mut starts = cron.after(after).take_while(|start| *start < window.until);
        spans.extend(starts.by_ref().take(UPCOMING_MAX).map(|start| span(manifest, start, None)));
        is_cut |= starts.next().is_some();
    }
    is_cut
}

const fn is_not_due(row: &Row) -> bool {
    matches!(row.step, Step::Idle { reason: IdleReason::NotDue { .. }, .. })
}

/// Gives every span the lowest lane that is free from its start to its end. Jobs on the hub come
/// first, since they have their lanes already.
fn into_lanes(spans: &mut [Span]) {
    spans.sort_by(|a, b| {
        let key = |span: &Span| (span.from, span.kind, span.start, span.until.unwrap_or(Timestamp::MAX));
        key(a).cmp(&key(b)).then_with(|| a.label.cmp(&b.label)).then_with(|| a.row.cmp(&b.row))
    });
    let mut held: BinaryHeap<Reverse<(Timestamp, usize)>> = BinaryHeap::new();
    let (mut free, mut opened) = (BTreeSet::new(), 0);
    for span in spans.iter_mut() {
        while let Some(Reverse((_, lane))) = held.peek().copied().filter(|Reverse((until, _))| *until <= span.from) {
            held.pop();
            free.insert(lane);
        }
        span.lane = free.pop_first().unwrap_or(opened);
        opened = opened.max(span.lane + 1);
        if let Some(until) = span.until {
            held.push(Reverse((until.max(span.from), span.lane)));
        }
    }
    spans.sort_by_key(|span| (span.lane, span.from));
}

/// The stretches in which at least as many jobs as there are lanes hold one.
fn taken(now: Timestamp, lanes: usize, spans: &[Span]) -> Vec<Stretch> {
    let mut turns: Vec<(Timestamp, i64)> = Vec::with_capacity(2 * spans.len());
    for span in spans {
        turns.push((span.from.max(now), 1));
        turns.extend(span.until.map(|until| (until.max(now), -1)));
    }
    turns.sort_unstable();
    let lanes = i64::try_from(lanes).unwrap_or(i64::MAX);
    let (mut load, mut since, mut taken) = (0, None, Vec::new());
    let mut turns = turns.into_iter().peekable();
    while let Some((at, turn)) = turns.next() {
        load += turn;
        if turns.peek().is_some_and(|(next, _)| *next == at) {
            continue;
        }
        match since {
            None if load >= lanes => since = Some(at),
            Some(from) if load < lanes => {
                taken.push(Stretch { from, until: Some(at) });
                since = None;
            }
            _ => {}
        }
    }
    taken.extend(since.map(|from| Stretch { from, until: None }));
    taken
}

/// The deferred rows, and whom each waits for.
fn waits(plan: &Plan, spans: &[Span]) -> Vec<Wait> {
    let mut ending: HashMap<Timestamp, usize> = HashMap::new();
    let mut ending_of: HashMap<(&str, Timestamp), usize> = HashMap::new();
    let mut endless: Option<usize> = None;
    let mut to_come: Option<usize> = None;
    for (index, span) in spans.iter().enumerate() {
        if matches!(span.kind, SpanKind::Upcoming | SpanKind::Deferred)
            && to_come.is_none_or(|first| span.start < spans[first].start)
        {
            to_come = Some(index);
        }
        if span.kind == SpanKind::Upcoming {
            continue;
        }
        let Some(until) = span.until else {
            endless.get_or_insert(index);
            continue;
        };
        ending.entry(until).or_insert(index);
        ending_of.entry((&span.label, until)).or_insert(index);
    }
    let holder = |row: &Row, deferral: &Deferral| {
        let Deferral { expected_start, apply_between, .. } = deferral;
        let until = expected_start.unwrap_or(apply_between.from);
        match deferral.reason {
            DeferredReason::HeldByPrevious => ending_of.get(&(row.name.as_str(), until)).copied(),
            DeferredReason::LanesTaken if expected_start.is_none() => endless,
            DeferredReason::LanesTaken => ending.get(&until).or_else(|| ending.get(&apply_between.from)).copied(),
            DeferredReason::LaneReserved => to_come.filter(|first| spans[*first].start < until),
        }
    };
    let wait = |(index, row): (usize, &Row)| {
        let Step::Deferred(deferral) = &row.step else { return None };
        let holder = holder(row, deferral);
        let until = match deferral.reason {
            DeferredReason::LaneReserved => deferral.expected_start,
            _ => holder.and_then(|holder| spans[holder].until).or(deferral.expected_start),
        };
        Some(Wait {
            name: row.name.to_string(),
            row: Some(index),
            reason: deferral.reason,
            holder: holder.filter(|holder| spans[*holder].row != Some(index)),
            until,
            misses_deadline: deferral.expected_start.is_some_and(|start| start > deferral.apply_between.until),
        })
    };
    plan.rows.iter().enumerate().filter_map(wait).collect()
}

/// An occurrence to come that finds every lane taken at its start.
fn crowded(span: &Span, taken: &[Stretch]) -> Option<Wait> {
    let behind = taken.partition_point(|stretch| stretch.from <= span.start);
    let stretch = taken[..behind].last().filter(|stretch| stretch.until.is_none_or(|until| until > span.start))?;
    Some(Wait {
        name: span.label.clone(),
        row: span.row,
        reason: DeferredReason::LanesTaken,
        holder: None,
        until: stretch.until,
        misses_deadline: false,
    })
}
