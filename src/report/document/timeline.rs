//! Lanes against time, written down.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::build::window_part;
use super::row::WindowPart;
use crate::plan::{DeferredReason, Span, SpanKind, Stretch, Timeline, Wait};
use crate::report::when::utc;

/// The lanes of a hub from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimelinePart {
    /// What is shown; missing when no job is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowPart>,
    /// Lanes of the tier.
    pub lanes: usize,
    /// Jobs in their lanes, by lane and time. No two of one lane overlap.
    pub spans: Vec<SpanPart>,
    /// Who waits for a lane, and for whom.
    #[serde(default)]
    pub waits: Vec<WaitPart>,
    /// When every lane is taken.
    #[serde(default)]
    pub taken: Vec<StretchPart>,
    /// Whether there are more runs to come in the window than are listed.
    #[serde(default)]
    pub is_cut: bool,
}

/// A job in its lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpanPart {
    /// Lane, from 0.
    pub lane: usize,
    /// Manifest, or id of a foreign job. The latter is not to be trusted.
    pub label: String,
    /// Whose it is, and whether it exists.
    pub kind: SpanWord,
    /// When it takes the lane.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// When it starts to act on devices.
    #[schemars(with = "String")]
    pub start: Timestamp,
    /// When it must have ended; missing when nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// Index of the row that is about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// What it does when, in words that stand behind its label.
    #[serde(default)]
    pub message: String,
}

/// A job that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitPart {
    /// Its manifest.
    pub name: String,
    /// Index of the row that is about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// Stable code of the reason.
    pub reason: String,
    /// Label of the job that it waits for, where one can tell which. Not to be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Until when; missing when nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// All of it in words. Holds the label of the other job, so not to be trusted.
    pub message: String,
}

/// A stretch of time in which every lane is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StretchPart {
    /// First instant.
    #[schemars(with = "String")]
    pub from: Timestamp,
    /// First instant after it; missing when nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// All of it in words.
    pub message: String,
}

/// Whose a job is, and whether it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SpanWord {
    /// Ours, on the hub.
    Own,
    /// Of others, on the hub.
    Foreign,
    /// Ours, created by this plan.
    Planned,
    /// Ours, waits for a lane.
    Deferred,
    /// Ours, a run to come.
    Upcoming,
}

impl TimelinePart {
    /// Writes a timeline down.
    #[must_use]
    pub(super) fn new(timeline: &Timeline) -> Self {
        let clock = Clock { today: timeline.window.map(|window| window.from) };
        Self {
            window: timeline.window.map(window_part),
            lanes: timeline.lanes,
            spans: timeline.spans.iter().map(|span| span_part(clock, span)).collect(),
            waits: timeline.waits.iter().map(|wait| wait_part(clock, timeline, wait)).collect(),
            taken: timeline.taken.iter().map(|stretch| stretch_part(clock, timeline.lanes, *stretch)).collect(),
            is_cut: timeline.is_cut,
        }
    }
}

/// Says the time of day of today, and the day of all others.
#[derive(Clone, Copy)]
struct Clock {
    today: Option<Timestamp>,
}

impl Clock {
    fn says(self, instant: Timestamp) -> String {
        let day = |instant| TimeZone::UTC.to_datetime(instant).date();
        let full = utc(instant);
        let is_today = self.today.is_some_and(|today| day(today) == day(instant));
        let time = full.split_once(' ').filter(|_| is_today).map(|(_, time)| time.to_owned());
        time.unwrap_or(full)
    }
}

fn span_part(clock: Clock, span: &Span) -> SpanPart {
    let kind = match span.kind {
        SpanKind::Own => SpanWord::Own,
        SpanKind::Foreign => SpanWord::Foreign,
        SpanKind::Planned => SpanWord::Planned,
        SpanKind::Deferred => SpanWord::Deferred,
        SpanKind::Upcoming => SpanWord::Upcoming,
    };
    let Span { lane, from, start, until, row, .. } = *span;
    SpanPart { lane, label: span.label.clone(), kind, from, start, until, row, message: span_words(clock, span) }
}

fn span_words(clock: Clock, span: &Span) -> String {
    let (lane, start) = (span.lane + 1, clock.says(span.start));
    let end = span.until.map_or_else(
        || "its end is not known".to_owned(),
        |until| format!("until {} at the latest", clock.says(until)),
    );
    match span.kind {
        SpanKind::Own => format!("on the hub in lane {lane}, starts {start}, {end}"),
        SpanKind::Foreign => format!("a job of others in lane {lane}, starts {start}, {end}"),
        SpanKind::Planned if span.start > span.from => {
            format!("holds lane {lane} from its creation, starts {start}, {end}")
        }
        SpanKind::Planned => format!("starts NOW in lane {lane}, {end}"),
        SpanKind::Deferred => format!("expected to start {start} in lane {lane}, {end}"),
        SpanKind::Upcoming => format!("to come {start}, {end}"),
    }
}

fn wait_part(clock: Clock, timeline: &Timeline, wait: &Wait) -> WaitPart {
    let holder = wait.holder.map(|holder| &timeline.spans[holder]);
    let name = &wait.name;
    let mut message = match (wait.reason, holder, wait.until) {
        (DeferredReason::LaneReserved, Some(other), _) => {
            format!("{name} waits until {} has had the lane, which starts {}", other.label, clock.says(other.start))
        }
        (_, Some(other), Some(until)) => format!("{name} waits for {} until {}", other.label, clock.says(until)),
        (_, Some(other), None) => format!("{name} waits for {}, whose end is not known", other.label),
        (DeferredReason::HeldByPrevious, None, Some(until)) => {
            format!("{name} waits for an earlier run of its manifest until {}", clock.says(until))
        }
        (DeferredReason::HeldByPrevious, None, None) => {
            format!("{name} waits for an earlier run of its manifest, nobody can tell until when")
        }
        (_, None, Some(until)) => format!("{name} waits for a lane until {}", clock.says(until)),
        (_, None, None) => format!("{name} waits for a lane, nobody can tell until when"),
    };
    if wait.misses_deadline {
        message.push_str(", which is after its deadline");
    }
    WaitPart {
        name: name.clone(),
        row: wait.row,
        reason: wait.reason.as_str().to_owned(),
        waits_for: holder.map(|span| span.label.clone()),
        until: wait.until,
        message,
    }
}

fn stretch_part(clock: Clock, lanes: usize, stretch: Stretch) -> StretchPart {
    let Stretch { from, until } = stretch;
    let what = if lanes == 1 { "the only lane is".to_owned() } else { format!("all {lanes} lanes are") };
    let message = match until {
        Some(until) => format!("{what} taken from {} to {}", clock.says(from), clock.says(until)),
        None => format!("{what} taken from {} on; nobody can tell until when", clock.says(from)),
    };
    StretchPart { from, until, message }
}
