//! Time windows of a policy.

use std::collections::BTreeMap;

use jiff::civil::{DateTime, Time, Weekday};

use super::super::raw;
use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{ChangeWindow, WindowKind, WindowTimes};

impl Lowering<'_> {
    pub(super) fn window<'r>(
        &mut self,
        at: &At<'_>,
        raw: &raw::Window<'r>,
        names: &mut BTreeMap<&'r str, String>,
    ) -> Option<ChangeWindow> {
        let raw::Window { name, kind, days, from, until, time_zone } = raw;
        let source = self.place(&at.field("name"));
        let name = self.part_name(at, *name, names);
        let zone = self.zone(at, *time_zone);
        let times = match days {
            Some(days) => self.weekly(at, days, (*from)?, (*until)?),
            None => self.once(at, (*from)?, (*until)?),
        };
        let kind = match (*kind)? {
            raw::WindowKind::Allow => WindowKind::Allow,
            raw::WindowKind::Deny => WindowKind::Deny,
        };
        Some(ChangeWindow { name: name?, kind, times: times?, zone: zone??, source })
    }

    fn weekly(&mut self, at: &At<'_>, days: &[raw::Day], from: &str, until: &str) -> Option<WindowTimes> {
        let from = self.time_of_day(&at.field("from"), from);
        let until = self.time_of_day(&at.field("until"), until);
        let mut days: Vec<_> = days.iter().map(|day| weekday(*day)).collect();
        days.sort_by_key(|day| day.to_monday_zero_offset());
        days.dedup();
        Some(WindowTimes::Weekly { days, from: from?, until: until? })
    }

    fn time_of_day(&mut self, at: &At<'_>, text: &str) -> Option<Time> {
        let is_form = text.len() == 5 && text.as_bytes()[2] == b':';
        let time = is_form.then(|| Time::strptime("%H:%M", text).ok()).flatten();
        if time.is_none() {
            self.report(at, |span| {
                Diagnostic::error(Code::InvalidTime, span, format!("`{text}` is not a time of the day"))
                    .label("with `days`, only hours and minutes")
                    .help("write it like `\"22:00\"`, in quotes; `\"00:00\"` is midnight")
            });
        }
        time
    }

    fn once(&mut self, at: &At<'_>, from: &str, until: &str) -> Option<WindowTimes> {
        let first = self.local_time(&at.field("from"), from);
        let end = self.local_time(&at.field("until"), until);
        let (first, end) = (first?, end?);
        if first < end {
            return Some(WindowTimes::Once { from: first, until: end });
        }
        let begin = self.value_span(&at.field("from"));
        self.report(&at.field("until"), |span| {
            Diagnostic::error(Code::InvalidTime, span, "the window ends before it begins")
                .label("not later")
                .also(begin, "than this")
                .help("write a later time, or `days` for a window of every week")
        });
        None
    }

    fn local_time(&mut self, at: &At<'_>, text: &str) -> Option<DateTime> {
        let is_form = text.len() == 16 && matches!(text.as_bytes()[10], b'T' | b' ');
        let time = is_form.then(|| text.parse::<DateTime>().ok()).flatten();
        if time.is_none() {
            self.report(at, |span| {
                Diagnostic::error(Code::InvalidTime, span, format!("`{text}` is not a local date and time"))
                    .label("a window of one time")
                    .note("its zone is `timeZone`")
                    .help("write it like `2026-12-20T00:00`, or add `days: [mon, tue]` for a window of every week")
            });
        }
        time
    }
}

const fn weekday(day: raw::Day) -> Weekday {
    match day {
        raw::Day::Mon => Weekday::Monday,
        raw::Day::Tue => Weekday::Tuesday,
        raw::Day::Wed => Weekday::Wednesday,
        raw::Day::Thu => Weekday::Thursday,
        raw::Day::Fri => Weekday::Friday,
        raw::Day::Sat => Weekday::Saturday,
        raw::Day::Sun => Weekday::Sunday,
    }
}
