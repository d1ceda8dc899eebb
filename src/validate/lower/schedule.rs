//! When.

use super::super::raw;
use super::context::{At, Lowering};
use super::duration::Bounds;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Asap, At as AtTime, ConcurrencyPolicy, Cron, InvalidAt, Schedule, Seconds, Zone};

impl Lowering<'_> {
    /// Lowers `schedule`, which has exactly one of `at`, `cron` and `asap`.
    pub(super) fn schedule(&mut self, at: &At<'_>, raw: &raw::Schedule<'_>) -> Option<Schedule> {
        let raw::Schedule { at: once, cron, asap, time_zone, starting_deadline, concurrency_policy } = raw;
        let zone = self.zone(at, *time_zone);
        let deadline = self.duration(&at.field("startingDeadline"), *starting_deadline, &deadline_bounds());
        let form = self.exactly_one_of(at, &["at", "cron", "asap"], "at: \"2026-12-01T09:30Z\"")?;
        if form != "cron" && concurrency_policy.is_some() {
            self.field_not_used(&at.field("concurrencyPolicy"), form);
        }
        if form == "asap" && starting_deadline.is_some() {
            self.field_not_used(&at.field("startingDeadline"), form);
        }
        match form {
            "cron" => self.cron(at, (*cron)?, (zone, time_zone.is_some()), deadline, *concurrency_policy),
            "at" => {
                let place = at.field("at");
                let zone = self.zone_for(at, &place, (*once)?, zone?)?;
                let parsed = AtTime::parse((*once)?, zone, deadline?);
                self.time(&place, (*once)?, parsed).map(Schedule::At)
            }
            _ => {
                let asap_at = at.field("asap");
                let (place, text) = (asap_at.field("notAfter"), asap.as_ref()?.not_after?);
                let zone = self.zone_for(at, &place, text, zone?)?;
                let parsed = Asap::parse(text, zone.as_ref());
                self.time(&place, text, parsed).map(Schedule::Asap)
            }
        }
    }

    /// Nothing after a finding; an inner nothing if there is no zone.
    #[expect(clippy::option_option, reason = "a bad zone and no zone must not look alike")]
    pub(super) fn zone(&mut self, at: &At<'_>, name: Option<&str>) -> Option<Option<Zone>> {
        let Some(name) = name else { return Some(None) };
        match Zone::new(name) {
            Ok(zone) => Some(Some(zone)),
            Err(why) => {
                let help =
                    why.help().unwrap_or_else(|| "write an IANA name such as `Europe/Berlin` or `UTC`".to_owned());
                self.report(&at.field("timeZone"), |span| {
                    Diagnostic::error(Code::UnknownTimeZone, span, why.to_string()).label("no such zone").help(help)
                });
                None
            }
        }
    }

    fn cron(
        &mut self,
        at: &At<'_>,
        text: &str,
        (zone, has_zone): (Option<Option<Zone>>, bool),
        deadline: Option<Seconds>,
        concurrency: Option<raw::ConcurrencyPolicy>,
    ) -> Option<Schedule> {
        let place = at.field("cron");
        let expression = match self.memo.cron(text) {
            Ok(expression) => Some(expression),
            Err(why) => {
                let help = why.help.clone().unwrap_or_else(|| {
                    "five fields: minute, hour, day of month, month, day of week, as in `0 22 * * 1-5`".to_owned()
                });
                self.report_part(&place, why.span.clone(), |span| {
                    Diagnostic::error(Code::InvalidCron, span, why.to_string()).label("here").help(help)
                });
                None
            }
        };
        if !has_zone {
            self.report(&place, |span| {
                Diagnostic::error(Code::TimeZoneMissing, span, "`cron` needs `timeZone`")
                    .label("in which time zone?")
                    .help("add `timeZone: Europe/Berlin`, or `timeZone: UTC`")
            });
        }
        let concurrency = match concurrency {
            Some(raw::ConcurrencyPolicy::Allow) => ConcurrencyPolicy::Allow,
            Some(raw::ConcurrencyPolicy::Forbid) | None => ConcurrencyPolicy::Forbid,
        };
        Some(Schedule::Cron(Cron { expression: expression?, zone: zone??, starting_deadline: deadline?, concurrency }))
    }

    /// The zone that a time is read in. A zone beside a time with an offset could contradict it.
    #[expect(clippy::option_option, reason = "a finding and no zone must not look alike")]
    fn zone_for(&mut self, at: &At<'_>, place: &At<'_>, text: &str, zone: Option<Zone>) -> Option<Option<Zone>> {
        if zone.is_none() || !has_offset(text) {
            return Some(zone);
        }
        let time = self.value_span(place);
        let local = text.get(..16).unwrap_or(text).to_owned();
        self.report_key(&at.field("timeZone"), |span| {
            Diagnostic::error(
                Code::TimeZoneUnused,
                span,
                format!("`timeZone` is not used: `{text}` has its own offset"),
            )
            .label("not used")
            .also(time, "has an offset")
            .help(format!("remove `timeZone`, or write the local time, `{local}`"))
        });
        None
    }

    fn time<T>(&mut self, at: &At<'_>, text: &str, parsed: Result<T, InvalidAt>) -> Option<T> {
        let why = match parsed {
            Ok(time) => return Some(time),
            Err(why) => why,
        };
        let (code, label) = match &why {
            InvalidAt::InGap { .. } => (Code::StartInGap, "this local time does not exist"),
            InvalidAt::InOverlap { .. } => (Code::StartAmbiguous, "this local time comes twice"),
            InvalidAt::NoZone(_) => (Code::TimeZoneMissing, "in which time zone?"),
            InvalidAt::NotWholeMinute(_) => (Code::InvalidTime, "has seconds"),
            _ => (Code::InvalidTime, "not a time"),
        };
        let help = why.help().unwrap_or_else(|| match why {
            InvalidAt::NotWholeMinute(_) => format!("write the minute, `{}`", without_seconds(text)),
            InvalidAt::NotInCalendar(_) => "write a day and a minute that exist".to_owned(),
            InvalidAt::Year(_) => "write a year from 2000 to 2099".to_owned(),
            _ => "write `2026-12-01T09:30` with `timeZone`, or `2026-12-01T09:30:00+01:00`".to_owned(),
        });
        self.report(at, |span| Diagnostic::error(code, span, why.to_string()).label(label).help(help));
        None
    }

    fn field_not_used(&mut self, at: &At<'_>, form: &str) {
        let message = format!("`{at}` means nothing with `{form}`");
        self.report_key(at, |span| {
            Diagnostic::error(Code::FieldNotUsed, span, message).label("not used").help("remove it")
        });
    }
}

const fn deadline_bounds() -> Bounds {
    Bounds { min: Seconds::new(60), max: Schedule::STARTING_DEADLINE_MAX, default: Schedule::STARTING_DEADLINE_DEFAULT }
}

/// `2026-12-01T09:30Z` of `2026-12-01T09:30:15Z`.
fn without_seconds(text: &str) -> String {
    let (minute, rest) = text.split_at_checked(16).unwrap_or((text, ""));
    let offset = rest.find(['Z', 'z', '+', '-']).map_or("", |at| &rest[at..]);
    format!("{minute}{offset}")
}

/// Whether a time ends in `Z` or `+01:00`.
fn has_offset(text: &str) -> bool {
    let time = text.split_once(['T', 't', ' ']).map_or("", |(_, time)| time);
    time.contains(['Z', 'z', '+', '-'])
}
