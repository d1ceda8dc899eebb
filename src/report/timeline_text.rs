//! Lanes against time as a chart of characters, and the same in words below it.

use std::fmt::{self, Write as _};

use anstyle::Style;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::document::{SpanPart, SpanWord, TimelinePart, WindowPart};
use super::plan_text::Detail;
use super::style::{BLOCKED, CREATE, DEFERRED, DIM, Painted};
use super::untrusted::Untrusted;
use super::when::{counted, utc};

/// Lanes that are drawn; no tier has more than ten.
const LANES_DRAWN_MAX: usize = 12;
/// Narrower charts say nothing; the words stand alone then.
const CELLS_MIN: usize = 24;
/// What stands before the cells: the number of the lane.
const MARGIN: usize = 6;
/// Longest label that is shown in the words.
const LABEL_LEN_MAX: usize = 64;

/// Steps of the time axis.
const STEPS: [SignedDuration; 17] = {
    const fn minutes(minutes: i64) -> SignedDuration {
        SignedDuration::from_secs(minutes * 60)
    }
    const DAY: i64 = 24 * 60;
    [
        minutes(1),
        minutes(2),
        minutes(5),
        minutes(10),
        minutes(15),
        minutes(30),
        minutes(60),
        minutes(120),
        minutes(180),
        minutes(360),
        minutes(720),
        minutes(DAY),
        minutes(2 * DAY),
        minutes(7 * DAY),
        minutes(14 * DAY),
        minutes(28 * DAY),
        minutes(84 * DAY),
    ]
};
/// Cells from one tick to the next, at the least: `|08:00` and a gap.
const TICK_CELLS_MIN: i64 = 9;

/// The lanes of the hub from now on, at most `width` characters wide; empty when there is nothing
/// to see: not two jobs, and none that waits.
#[must_use]
pub(super) fn timeline_text(timeline: &TimelinePart, detail: Detail, width: usize) -> String {
    let mut text = String::new();
    let jobs = timeline.spans.iter().filter(|span| span.kind != SpanWord::Upcoming).count();
    if jobs >= 2 || !timeline.waits.is_empty() {
        // Writing into a string cannot fail.
        let _ = Chart { timeline, detail, cells: width.saturating_sub(MARGIN) }.write(&mut text);
    }
    text
}

struct Chart<'a> {
    timeline: &'a TimelinePart,
    detail: Detail,
    /// Characters of the time axis.
    cells: usize,
}

impl Chart<'_> {
    fn write(&self, out: &mut String) -> fmt::Result {
        if let Some(window) = self.timeline.window.filter(|window| window.until > window.from) {
            writeln!(out, "Lanes from {} to {}:", utc(window.from), utc(window.until))?;
            if self.is_drawn() {
                self.draw(out, window)?;
            }
        }
        self.words(out)
    }

    const fn is_drawn(&self) -> bool {
        self.cells >= CELLS_MIN && self.timeline.window.is_some()
    }

    fn draw(&self, out: &mut String, window: WindowPart) -> fmt::Result {
        writeln!(out, "{:MARGIN$}{}", "", Painted(DIM, self.axis(window)))?;
        let mut hidden = 0;
        for lane in self.timeline.spans.chunk_by(|a, b| a.lane == b.lane) {
            let number = lane[0].lane + 1;
            if number > LANES_DRAWN_MAX {
                hidden += lane.len();
                continue;
            }
            if number > self.timeline.lanes {
                write!(out, "{} ", Painted(BLOCKED, format!("{number:>4}!")))?;
            } else {
                write!(out, "{number:>4}  ")?;
            }
            hidden += self.lane(out, window, lane)?;
            writeln!(out)?;
        }
        if hidden > 0 {
            writeln!(out, "  {} of {} not drawn", hidden, counted(self.timeline.spans.len(), "job"))?;
        }
        self.key(out)
    }

    /// What the marks mean that no words below explain.
    fn key(&self, out: &mut String) -> fmt::Result {
        let spans = &self.timeline.spans;
        let has = |kind| spans.iter().any(|span| span.kind == kind);
        let meanings = [
            (has(SpanWord::Planned), "+ this plan"),
            (has(SpanWord::Deferred), "~ deferred"),
            (has(SpanWord::Upcoming), "\u{b7} to come"),
            (has(SpanWord::Own), "= own"),
            (has(SpanWord::Foreign), "# foreign"),
            (spans.iter().any(|span| span.from < span.start), "- not acting yet"),
        ];
        let shown: Vec<_> = meanings.into_iter().filter_map(|(has, words)| has.then_some(words)).collect();
        match shown.is_empty() {
            true => Ok(()),
            false => writeln!(out, "{:MARGIN$}{}", "", Painted(DIM, shown.join("   "))),
        }
    }

    /// One lane; says how many of its jobs found no cell.
    fn lane(&self, out: &mut String, window: WindowPart, spans: &[SpanPart]) -> Result<usize, fmt::Error> {
        let (mut reached, mut hidden) = (0, 0);
        for (index, span) in spans.iter().enumerate() {
            let begin = self.cell(window, span.from).max(reached);
            if begin >= self.cells {
                hidden += 1;
                continue;
            }
            // The next one keeps its first cell, where the mark of its kind stands.
            let next = spans.get(index + 1).map_or(self.cells, |next| self.cell(window, next.from).max(begin + 1));
            let end = span
                .until
                .map_or(self.cells, |until| self.cell(window, until))
                .clamp(begin + 1, next.min(self.cells).max(begin + 1));
            let start = self.cell(window, span.start);
            let (mark, style) = mark(span.kind);
            let mut bar: Vec<char> = (begin..end).map(|cell| if cell < start { '-' } else { mark }).collect();
            inscribe(&mut bar, mark, &span.label);
            if span.until.is_none() && bar.len() > 1 {
                bar.pop();
                bar.push('>');
            }
            write!(out, "{:gap$}{}", "", Painted(style, bar.iter().collect::<String>()), gap = begin - reached)?;
            reached = end;
        }
        Ok(hidden)
    }

    /// `|08:00    |09:00`: a tick stands where its label begins. Midnight shows the day.
    fn axis(&self, window: WindowPart) -> String {
        let length = window.until.duration_since(window.from);
        let cells = i64::try_from(self.cells).unwrap_or(i64::MAX);
        let is_wide = |step: &&SignedDuration| {
            step.as_secs().saturating_mul(cells) >= length.as_secs().saturating_mul(TICK_CELLS_MIN)
        };
        let step = STEPS.iter().find(is_wide).unwrap_or(&STEPS[STEPS.len() - 1]).as_secs();
        let mut axis = String::new();
        let mut tick = window.from.as_second().div_euclid(step) * step;
        while let Ok(at) = Timestamp::from_second(tick) {
            tick += step;
            if at < window.from {
                continue;
            }
            let cell = self.cell(window, at);
            let civil = TimeZone::UTC.to_datetime(at);
            let format = if civil.hour() == 0 && civil.minute() == 0 { "|%m-%d" } else { "|%H:%M" };
            let label = civil.strftime(format).to_string();
            if at > window.until || cell + label.len() > self.cells {
                break;
            }
            let _ = write!(axis, "{:gap$}{label}", "", gap = cell.saturating_sub(axis.len()));
        }
        axis
    }

    fn cell(&self, window: WindowPart, at: Timestamp) -> usize {
        let whole = i128::from(window.until.duration_since(window.from).as_secs().max(1));
        let part = i128::from(at.clamp(window.from, window.until).duration_since(window.from).as_secs());
        usize::try_from(part * self.cells as i128 / whole).unwrap_or(self.cells)
    }

    fn words(&self, out: &mut String) -> fmt::Result {
        let (jobs_max, lines_max) = match self.detail {
            Detail::Brief => (8, 4),
            Detail::Full => (200, 200),
        };
        let TimelinePart { spans, waits, taken, .. } = self.timeline;
        // A row tells of a job that the plan creates, and of runs to come; of the others only this does.
        // Who sees no chart has all of them here.
        let is_told = |span: &&SpanPart| {
            self.detail == Detail::Full
                || !self.is_drawn()
                || !matches!(span.kind, SpanWord::Planned | SpanWord::Upcoming)
        };
        // What happens first stands first.
        let mut listed: Vec<_> = spans.iter().filter(is_told).collect();
        listed.sort_by_key(|span| (span.start, span.lane));
        for span in listed.iter().take(jobs_max) {
            let (mark, style) = mark(span.kind);
            let label = Untrusted::new(&span.label).cut(LABEL_LEN_MAX);
            writeln!(out, "  {} {label}: {}", Painted(style, mark), span.message)?;
        }
        rest(out, listed.len(), jobs_max, "job")?;
        if self.timeline.is_cut {
            writeln!(out, "  there are more runs to come than are shown")?;
        }
        for wait in waits.iter().take(lines_max) {
            writeln!(out, "  {}", Untrusted::new(&wait.message))?;
        }
        rest(out, waits.len(), lines_max, "wait")?;
        for stretch in taken.iter().take(lines_max) {
            writeln!(out, "  {}", stretch.message)?;
        }
        rest(out, taken.len(), lines_max, "time when every lane is taken")
    }
}

fn rest(out: &mut String, count: usize, max: usize, noun: &str) -> fmt::Result {
    if count <= max {
        return Ok(());
    }
    writeln!(out, "  {}", Painted(DIM, format!("and {} more ({noun}; `-v` lists them)", count - max)))
}

const fn mark(kind: SpanWord) -> (char, Style) {
    match kind {
        SpanWord::Own => ('=', Style::new()),
        SpanWord::Foreign => ('#', Style::new()),
        SpanWord::Planned => ('+', CREATE),
        SpanWord::Deferred => ('~', DEFERRED),
        SpanWord::Upcoming => ('\u{b7}', DIM),
    }
}

/// Writes the label into a bar, behind the mark of its kind. What has another width than one cell a
/// character, or would steer the terminal, is only in the words.
fn inscribe(bar: &mut [char], mark: char, label: &str) {
    bar[0] = mark;
    let room = bar.len() - 1;
    let is_plain = label.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if room < 2 || !is_plain {
        return;
    }
    let len = label.len();
    let shown = if len <= room { len } else { room - 1 };
    for (cell, c) in bar[1..].iter_mut().zip(label.chars().take(shown)) {
        *cell = c;
    }
    if len > room {
        bar[room] = '\u{2026}';
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use insta::assert_snapshot;

    use super::*;
    use crate::report::document::{StretchPart, WaitPart};

    fn at(text: &str) -> Timestamp {
        let full = if text.contains('T') { format!("2026-{text}:00Z") } else { format!("2026-12-01T{text}:00Z") };
        full.parse().expect("a time")
    }

    fn span(lane: usize, label: &str, kind: SpanWord, from: &str, start: &str, until: Option<&str>) -> SpanPart {
        let message = format!("{start} to {}", until.unwrap_or("nobody knows"));
        let (from, start, until) = (at(from), at(start), until.map(at));
        SpanPart { lane, label: label.to_owned(), kind, from, start, until, row: None, message }
    }

    fn morning() -> TimelinePart {
        use SpanWord::{Deferred, Foreign, Own, Planned, Upcoming};
        TimelinePart {
            window: Some(WindowPart { from: at("08:00"), until: at("11:00") }),
            lanes: 2,
            spans: vec![
                span(0, "nightly-import", Foreign, "07:00", "07:00", Some("09:30")),
                span(0, "winter-setpoint", Deferred, "09:30", "09:30", Some("10:00")),
                span(0, "lock-doors", Upcoming, "10:10", "10:10", Some("10:12")),
                span(1, "relocate", Planned, "08:00", "09:00", Some("11:00")),
                span(2, "\u{1b}[2J\u{202e}gpj", Own, "07:30", "08:30", None),
            ],
            waits: vec![WaitPart {
                name: "winter-setpoint".to_owned(),
                row: Some(3),
                reason: "lanes-taken".to_owned(),
                waits_for: Some("nightly-import".to_owned()),
                until: Some(at("09:30")),
                message: "winter-setpoint waits for nightly-import until 2026-12-01 09:30Z".to_owned(),
            }],
            taken: vec![StretchPart {
                from: at("08:00"),
                until: None,
                message: "all 2 lanes are taken from 2026-12-01 08:00Z on; nobody can tell until when".to_owned(),
            }],
            is_cut: false,
        }
    }

    fn chart(timeline: &TimelinePart, detail: Detail, width: usize) -> String {
        strip_str(&timeline_text(timeline, detail, width)).to_string()
    }

    #[test]
    fn fits_its_width() {
        for width in [40, 60, 80, 120] {
            let text = chart(&morning(), Detail::Brief, width);
            let drawn: Vec<_> = text.lines().skip(1).take(4).collect();
            assert!(drawn.iter().all(|line| line.chars().count() <= width), "{text}");
            assert_snapshot!(format!("width {width}"), text);
        }
    }

    #[test]
    fn a_terminal_too_narrow_gets_the_words() {
        let text = chart(&morning(), Detail::Brief, 20);
        assert_eq!(text.lines().nth(1), Some("  # nightly-import: 07:00 to 09:30"));
    }

    #[test]
    fn says_nothing_of_one_job_that_nobody_waits_for() {
        let mut alone = morning();
        alone.spans.retain(|span| span.label == "relocate" || span.kind == SpanWord::Upcoming);
        alone.waits.clear();
        assert_eq!(chart(&alone, Detail::Full, 80), "");
    }

    #[test]
    fn a_day_a_week_and_a_quarter_have_ticks() {
        for (until, axis) in [
            ("12-01T08:20", "|08:00       |08:05        |08:10       |08:15"),
            ("12-02T08:00", "         |12:00       |18:00        |12-02"),
            ("12-08T08:00", "            |12-03          |12-05         |12-07"),
            ("12-31T08:00", "   |12-03      |12-10       |12-17      |12-24"),
        ] {
            let window = WindowPart { from: at("08:00"), until: at(until) };
            let chart = Chart { timeline: &morning(), detail: Detail::Brief, cells: 54 };
            assert_eq!(chart.axis(window).trim_end(), axis, "{until}");
        }
    }

    #[test]
    fn of_many_jobs_it_says_how_many_are_not_drawn() {
        let mut many = morning();
        many.lanes = 10;
        many.spans = (0..500)
            .map(|index| {
                let start = format!("{:02}:{:02}", 8 + index / 20 % 3, index % 20);
                span(index / 100, &format!("job-{index}"), SpanWord::Planned, &start, &start, Some("11:00"))
            })
            .collect();
        let text = chart(&many, Detail::Brief, 80);
        assert!(text.contains("of 500 jobs not drawn"), "{text}");
        assert!(text.lines().count() < 30, "{text}");
        let text = chart(&many, Detail::Full, 80);
        assert!(text.contains("and 300 more"), "{text}");
    }
}
