//! Lenient reading of the hub's JSON. The hub leaves members out, writes null for them, and its
//! parts disagree about case; a member of the wrong type must cost that member, not the page.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// The members of a JSON object, found whatever their case. Null counts as absent.
#[derive(Clone, Copy)]
pub(super) struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        let in_any_case = || self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        self.0.get(name).or_else(in_any_case).filter(|value| !value.is_null())
    }

    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str()
    }

    pub(super) fn object(self, name: &str) -> Option<Self> {
        Self::of(self.get(name)?)
    }

    pub(super) fn map(self, name: &str) -> Option<&'a Map<String, Value>> {
        self.get(name)?.as_object()
    }

    pub(super) fn count(self, name: &str) -> Option<u64> {
        self.get(name)?.as_u64()
    }

    pub(super) fn time(self, name: &str) -> Option<Timestamp> {
        read_time(self.text(name)?)
    }
}

/// A time of the hub: any number of fractional digits, and UTC when no zone is given. The years 1
/// and 9999 stand for "never" (.NET's `MinValue` and `MaxValue`) and read as nothing.
fn read_time(text: &str) -> Option<Timestamp> {
    if text.starts_with("0001-") || text.starts_with("9999-") {
        return None;
    }
    let civil_utc = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse::<Timestamp>().ok().or_else(civil_utc)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_every_form_of_time_that_the_hub_writes() {
        for (text, expected) in [
            ("2026-09-01T22:00:00Z", Some("2026-09-01T22:00:00Z")),
            ("2026-08-30T21:44:00.8884134Z", Some("2026-08-30T21:44:00.8884134Z")),
            ("2026-09-01T22:00:00.0052", Some("2026-09-01T22:00:00.0052Z")),
            ("2026-09-01T22:00:00+02:00", Some("2026-09-01T20:00:00Z")),
            ("0001-01-01T00:00:00", None),
            ("0001-01-01T00:00:00Z", None),
            ("9999-12-31T23:59:59.9999999Z", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(read_time(text).map(|time| time.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn finds_members_in_any_case_and_takes_null_for_absent() {
        let value = json!({"JobId": "a", "status": null, "jobid": "b", "count": "7"});
        let members = Members::of(&value).expect("an object");
        assert_eq!(members.text("jobId"), Some("a"));
        assert_eq!(members.text("jobid"), Some("b"));
        assert_eq!(members.get("status"), None);
        assert_eq!(members.count("count"), None);
    }
}
