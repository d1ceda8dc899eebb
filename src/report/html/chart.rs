//! Lanes against time: a chart for the eye, and the same as a list for everybody.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::page::{Data, Place};
use super::sections::left_out;
use crate::report::document::{SpanPart, SpanWord, TimelinePart, WindowPart};
use crate::report::untrusted::Untrusted;
use crate::report::when::counted;

/// Jobs that are drawn; more of them are no picture any more.
const DRAWN_MAX: usize = 300;
/// Jobs that are listed.
const LISTED_MAX: usize = 1_000;
/// Lanes that are drawn: those of the largest tier, and some that overflow.
const LANES_MAX: usize = 16;
/// All lengths are in units of the drawing.
const WIDTH: i64 = 1_000;
const LEFT: i64 = 64;
const TOP: i64 = 30;
const LANE: i64 = 36;
const BAR: i64 = 26;
/// About what a letter takes.
const LETTER: i64 = 7;
/// Ticks of the time axis, at the most.
const TICKS_MAX: i64 = 8;
const STEPS_MINUTES: [i64; 15] = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080, 20_160, 43_200];

/// The section; nothing when no job is known.
pub(super) fn timeline(timeline: &TimelinePart, place: Place) -> Markup {
    html! {
        @if !timeline.spans.is_empty() || !timeline.waits.is_empty() {
            section aria-labelledby=(place.label("timeline")) {
                (place.heading("timeline", "Lanes and times"))
                @if !timeline.waits.is_empty() || !timeline.taken.is_empty() {
                    ul {
                        @for wait in timeline.waits.iter().take(LISTED_MAX) { li { (Data(&wait.message)) } }
                        @for stretch in timeline.taken.iter().take(LISTED_MAX) { li { (Data(&stretch.message)) } }
                    }
                }
                @if let Some(axis) = timeline.window.and_then(Axis::new) {
                    div.scroll role="group" aria-label="Chart of the lanes" tabindex="0" { (chart(timeline, &axis, place)) }
                    (legend())
                }
                (left_out(timeline.spans.len(), DRAWN_MAX, "jobs in the list below"))
                details {
                    summary { "The chart as a list: " (counted(timeline.spans.len(), "job")) }
                    ul.inside {
                        @for span in timeline.spans.iter().take(LISTED_MAX) {
                            li { b { (Data(&span.label)) } ": " (Data(&span.message)) }
                        }
                    }
                    (left_out(timeline.spans.len(), LISTED_MAX, "jobs"))
                }
            }
        }
    }
}

/// From instants to places.
struct Axis {
    from: Timestamp,
    seconds: i64,
}

impl Axis {
    fn new(window: WindowPart) -> Option<Self> {
        let seconds = window.until.duration_since(window.from).as_secs();
        (seconds > 0).then_some(Self { from: window.from, seconds })
    }

    fn x(&self, instant: Timestamp) -> i64 {
        let after = instant.duration_since(self.from).as_secs().clamp(0, self.seconds);
        LEFT + (i128::from(after) * i128::from(WIDTH - LEFT) / i128::from(self.seconds)) as i64
    }

    /// Places of the ticks, and their times. A new day says its date.
    fn ticks(&self) -> Vec<(i64, String)> {
        let fits = |minutes: &&i64| self.seconds / (**minutes * 60) < TICKS_MAX;
        let step = STEPS_MINUTES.iter().find(fits).map_or(self.seconds / TICKS_MAX, |minutes| minutes * 60).max(60);
        let first = (self.from.as_second().div_euclid(step) + 1) * step;
        let mut date = TimeZone::UTC.to_datetime(self.from).date();
        let mut ticks = Vec::new();
        for instant in (0..=TICKS_MAX).filter_map(|index| Timestamp::from_second(first + index * step).ok()) {
            if instant > self.from + SignedDuration::from_secs(self.seconds) {
                break;
            }
            let time = instant.to_zoned(TimeZone::UTC);
            let format = if time.date() == date { "%H:%MZ" } else { "%a %m-%d %H:%MZ" };
            date = time.date();
            ticks.push((self.x(instant), time.strftime(format).to_string()));
        }
        ticks
    }
}

fn chart(timeline: &TimelinePart, axis: &Axis, place: Place) -> Markup {
    let used = timeline.spans.iter().map(|span| span.lane + 1).max().unwrap_or_default();
    let lanes = used.max(timeline.lanes).min(LANES_MAX);
    let lane_count = i64::try_from(lanes).unwrap_or_default();
    let height = TOP + lane_count * LANE + 4;
    let (title, text) = (place.id("chart-title"), place.id("chart-text"));
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-labelledby=(format!("{title} {text}")) {
            title id=(title) { "Lanes of the hub against time" }
            desc id=(text) { (counted(timeline.spans.len(), "job")) " in " (counted(lanes, "lane")) "; the list below says the same in words" }
            g.tick {
                @for (x, time) in axis.ticks() {
                    line x1=(x) x2=(x) y1=(TOP - 6) y2=(height) {}
                    text x=(x) y=(TOP - 12) text-anchor=(if x > WIDTH - 60 { "end" } else { "middle" }) { (time) }
                }
            }
            @for lane in 0..lane_count {
                text x="0" y=(TOP + lane * LANE + BAR / 2 + 4) { "lane " (lane + 1) }
                line.rule x1="0" x2=(WIDTH) y1=(TOP + lane * LANE + 31) y2=(TOP + lane * LANE + 31) {}
            }
            @for span in timeline.spans.iter().filter(|span| span.lane < LANES_MAX).take(DRAWN_MAX) { (bar(span, axis)) }
        }
    }
}

/// What all charts of a page fill their bars with.
pub(super) fn patterns() -> Markup {
    html! {
        svg.patterns width="0" height="0" aria-hidden="true" {
            defs {
                pattern #hatch width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    path d="M0 0V8" {}
                }
            }
        }
    }
}

/// A job: an outline from when it takes its lane, filled from when it acts.
fn bar(span: &SpanPart, axis: &Axis) -> Markup {
    let y = TOP + i64::try_from(span.lane).unwrap_or_default() * LANE;
    let (from, start) = (axis.x(span.from), axis.x(span.start));
    let until = span.until.map_or(WIDTH, |until| axis.x(until)).max(from + 3);
    let room = usize::try_from((until - from - 8) / LETTER).unwrap_or_default();
    let label = Untrusted::new(&span.label).to_string();
    let open = if span.until.is_none() { " …" } else { "" };
    let shown: String = match label.chars().count() + open.len() {
        len if len <= room => format!("{label}{open}"),
        _ if room > 3 => label.chars().take(room - 1).chain(['…']).collect(),
        _ => String::new(),
    };
    html! {
        g class=(class(span.kind)) {
            title { (Data(&span.label)) ": " (Data(&span.message)) }
            rect.bar x=(from) y=(y) width=(until - from) height=(BAR) rx="3" {}
            rect.act x=(start) y=(y) width=((until - start).max(0)) height=(BAR) rx="3" {}
            @if !shown.is_empty() { text x=(from + 5) y=(y + BAR / 2 + 4) { (shown) } }
        }
    }
}

const fn class(kind: SpanWord) -> &'static str {
    match kind {
        SpanWord::Own => "own",
        SpanWord::Foreign => "foreign",
        SpanWord::Planned => "planned",
        SpanWord::Deferred => "late",
        SpanWord::Upcoming => "coming",
    }
}

fn legend() -> Markup {
    let kinds = [
        (SpanWord::Own, "own job on the hub"),
        (SpanWord::Planned, "created by this plan (thick)"),
        (SpanWord::Deferred, "deferred (dashed)"),
        (SpanWord::Upcoming, "a run to come (dotted)"),
        (SpanWord::Foreign, "job of others (hatched)"),
    ];
    html! {
        ul.legend {
            @for (kind, words) in kinds {
                li {
                    svg viewBox="0 0 28 14" aria-hidden="true" {
                        g class=(class(kind)) {
                            rect.bar x="2" y="2" width="24" height="10" rx="2" {}
                            rect.act x="10" y="2" width="16" height="10" rx="2" {}
                        }
                    }
                    (words)
                }
            }
            li.quiet { "filled from when it acts on devices; before, it only holds the lane" }
        }
    }
}
