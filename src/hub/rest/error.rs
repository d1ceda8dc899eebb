//! What the hub's refusals look like: a header, two JSON envelopes, either of them nested as text
//! in the other, and HTML from the front end.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::hub::client::{ErrorCode, HubError, Principal};
use crate::hub::members::Members;

/// Longest text of a hub that is kept, in characters.
const TEXT_LEN_MAX: usize = 300;

/// Difference of clocks that the hub forgives when it looks at a token.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Numbers of the codes that decide something; some envelopes give only the number.
const NUMBERED: [(u64, &str); 18] = [
    (400_004, "ArgumentInvalid"),
    (401_002, "IotHubUnauthorizedAccess"),
    (403_001, "IotHubSuspended"),
    (403_002, "IotHubQuotaExceeded"),
    (403_003, "JobQuotaExceeded"),
    (403_010, "OperationNotAvailableInCurrentTier"),
    (404_001, "DeviceNotFound"),
    (404_002, "JobNotFound"),
    (404_103, "DeviceNotOnline"),
    (405_102, "OperationNotAllowedInCurrentState"),
    (409_104, "JobAlreadyExists"),
    (412_001, "PreconditionFailed"),
    (429_001, "ThrottlingException"),
    (429_003, "ThrottlingBacklogTimeout"),
    (429_004, "ThrottlingMaxActiveJobCountExceeded"),
    (500_001, "ServerError"),
    (503_001, "ServiceUnavailable"),
    (503_005, "ServerBusy"),
];

/// Codes of 403 that say nothing about who is asking.
const NOT_ABOUT_RIGHTS: [&str; 4] =
    ["IotHubSuspended", "IotHubQuotaExceeded", "JobQuotaExceeded", "OperationNotAvailableInCurrentTier"];

/// Whether an answer refuses the token, or whom it speaks for, whatever was asked.
#[must_use]
pub fn is_about_rights(status: u16, code: Option<&str>) -> bool {
    match status {
        401 => true,
        403 => !code.is_some_and(|code| NOT_ABOUT_RIGHTS.contains(&code)),
        _ => false,
    }
}

/// An answer other than success, understood as far as possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    /// Symbolic name, if any part of the answer gave one.
    code: Option<String>,
    message: String,
    tracking_id: Option<Box<str>>,
    retry_after: Option<Duration>,
    served_at: Option<Timestamp>,
    /// Whom we signed in as, with Entra.
    principal: Option<Box<Principal>>,
}

/// How an answer other than success is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The hub wants fewer calls; nothing was carried out.
    Throttled,
    /// The hub, or something in front of it, is out of order; a write may have been carried out.
    Unavailable,
    /// The hub understood and said no.
    Final,
    /// Not an answer of a hub at all.
    Foreign,
}

impl Refusal {
    /// Reads an answer. The `iothub-errorcode` header is the surest; then what the body says.
    pub(super) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let header =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
        let found = serde_json::from_slice(body).map_or_else(|_| Envelope::default(), |value| Envelope::read(&value));
        let reason = || format!("{} (the answer gives no reason)", status.canonical_reason().unwrap_or("no success"));
        Self {
            status,
            code: header("iothub-errorcode").and_then(symbol).or(found.code),
            message: found.message.filter(|text| !text.is_empty()).unwrap_or_else(reason),
            tracking_id: found
                .tracking_id
                .or_else(|| header("x-ms-request-id").map(printable))
                .map(String::into_boxed_str),
            retry_after: retry_after(headers),
            served_at: served_at(headers),
            principal: None,
        }
    }

    /// Adds what a bare "unauthorized" does not say: that our clock, which tokens expire by, is wrong.
    pub(super) fn explained_by_clock(mut self, now: Timestamp) -> Self {
        let ahead = self.served_at.map_or(SignedDuration::ZERO, |hub| now.duration_since(hub));
        if self.status == StatusCode::UNAUTHORIZED && ahead.abs() > CLOCK_SKEW {
            let (minutes, side) = (ahead.abs().as_mins(), if ahead.is_positive() { "ahead of" } else { "behind" });
            write!(self.message, "; the clock of this machine is {minutes} min {side} the hub's").expect("a String");
        }
        self
    }

    /// The refusal of a call that was signed in this name.
    pub(super) fn of(self, principal: Option<Principal>) -> Self {
        Self { principal: principal.map(Box::new), ..self }
    }

    /// Whether the token was refused, or whom it speaks for.
    pub(super) fn is_about_rights(&self) -> bool {
        is_about_rights(self.status.as_u16(), self.code.as_deref())
    }

    pub(super) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    pub(super) fn meaning(&self) -> Meaning {
        match self.status.as_u16() {
            429 if self.error_code() == ErrorCode::ThrottlingMaxActiveJobCountExceeded => Meaning::Final,
            429 => Meaning::Throttled,
            408 | 500..=599 => Meaning::Unavailable,
            400..=499 => Meaning::Final,
            _ => Meaning::Foreign,
        }
    }

    /// A fault that tends to pass: 408, 429, 500, 502, 503, 504.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.status.as_u16(), 408 | 429 | 500 | 502..=504) && self.meaning() != Meaning::Final
    }

    pub(super) const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Its symbolic name, and its text.
    pub(super) fn into_words(self) -> (Option<String>, String) {
        (self.code, self.message)
    }

    /// Status, code and text in one line.
    pub(super) fn in_words(&self) -> String {
        let Self { code, message, .. } = self;
        match (self.meaning(), self.status.as_u16(), code) {
            (Meaning::Foreign, status, _) => format!("an answer with status {status}, which a hub does not give"),
            (_, status, Some(code)) => format!("the hub answered {status} {code}: {message}"),
            (_, status, None) => format!("the hub answered {status}: {message}"),
        }
    }

    /// The error of an answer that is certain: throttling, missing rights, any other refusal.
    pub(super) fn into_hub_error(self) -> HubError {
        match (self.meaning(), self.status.as_u16()) {
            (Meaning::Throttled, _) => HubError::Throttled { retry_after: self.retry_after },
            _ if self.is_about_rights() => match self.principal {
                Some(principal) => HubError::RoleMissing { principal: *principal, message: self.message },
                None => HubError::Unauthorized { message: self.message },
            },
            (_, status) => HubError::Refused {
                status,
                code: self.error_code(),
                message: self.message,
                tracking_id: self.tracking_id.map(String::from),
            },
        }
    }

    fn error_code(&self) -> ErrorCode {
        let nameless = || ErrorCode::Other(format!("HTTP {}", self.status.as_u16()));
        self.code.as_deref().map_or_else(nameless, ErrorCode::parse)
    }
}

/// What the body of a refusal holds.
#[derive(Default)]
struct Envelope {
    code: Option<String>,
    message: Option<String>,
    tracking_id: Option<String>,
}

impl Envelope {
    fn read(body: &Value) -> Self {
        let Some(members) = Members::of(body) else { return Self::default() };
        match members.get("errorCode") {
            Some(code) => Self::numbered(code, members),
            None => Self::named(members),
        }
    }

    /// `{"errorCode":409301,"message":"...","trackingId":"..."}`
    fn numbered(code: &Value, members: Members<'_>) -> Self {
        let name = match code {
            Value::Number(number) => symbol(&number.to_string()),
            Value::String(name) => symbol(name),
            _ => None,
        };
        Self {
            code: name,
            message: members.text("message").map(printable),
            tracking_id: members.text("trackingId").map(printable),
        }
    }

    /// `{"Message":"ErrorCode:Name;text","ExceptionMessage":"Tracking ID:..."}`, where `Message` may
    /// be the other envelope as a text.
    fn named(members: Members<'_>) -> Self {
        let message = members.text("Message").unwrap_or_default();
        if let Ok(inner @ Value::Object(_)) = serde_json::from_str(message) {
            return Self::read(&inner);
        }
        let tracking_id = members.text("ExceptionMessage").and_then(|text| text.strip_prefix("Tracking ID:"));
        let (code, text) =
            match message.strip_prefix("ErrorCode:").map(|rest| rest.split_once(';').unwrap_or((rest, ""))) {
                Some((name, text)) => (symbol(name), text),
                None => (None, message),
            };
        Self { code, message: Some(printable(without_nested_envelope(text))), tracking_id: tracking_id.map(printable) }
    }
}

/// The job service's refusal stands within the gateway's: `Error: 429 {"Message":...}`. Both say
/// the same, so the inner one is not shown.
fn without_nested_envelope(text: &str) -> &str {
    text.split_once("{\"").map_or(text, |(outer, _)| outer.trim_end())
}

/// A code by name, or by number when it is one that we know.
fn symbol(text: &str) -> Option<String> {
    let text = text.trim();
    match text.parse::<u64>() {
        Ok(number) => NUMBERED.iter().find(|(known, _)| *known == number).map(|(_, name)| (*name).to_owned()),
        Err(_) => (!text.is_empty()).then(|| printable(text)),
    }
}

/// A text of the hub made fit to print: one line, bounded, without control characters and without
/// those that reorder or hide what stands beside them.
fn printable(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let spaced: String = text.chars().filter(|c| !hidden(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_LEN_MAX) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// `Date`, the hub's clock.
pub(super) fn served_at(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    // Measured on the hub's own clock, so ours need not be right.
    let wait = http_date(text)?.duration_since(served_at(headers)?);
    Some(Duration::try_from(wait).unwrap_or_default())
}

fn http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Refusal {
        let headers = headers.iter().map(|(name, value)| {
            (reqwest::header::HeaderName::from_static(name), reqwest::header::HeaderValue::from_static(value))
        });
        Refusal::read(StatusCode::from_u16(status).expect("a status"), &headers.collect(), body.as_bytes())
    }

    #[test]
    fn the_header_wins_over_the_body() {
        let body = r#"{"Message":"ErrorCode:ArgumentInvalid;BadRequest"}"#;
        assert_eq!(read(400, &[("iothub-errorcode", "ArgumentNull")], body).code.as_deref(), Some("ArgumentNull"));
        assert_eq!(read(400, &[("iothub-errorcode", "400004")], body).code.as_deref(), Some("ArgumentInvalid"));
        assert_eq!(read(400, &[], body).code.as_deref(), Some("ArgumentInvalid"));
    }

    #[test]
    fn a_text_of_the_hub_is_one_short_line_without_tricks() {
        let body = "{\"Message\":\"ErrorCode:X;a\\u001b[31m\\r\\nb\\u202e c\\u0000\\u200bd\"}";
        assert_eq!(read(400, &[], body).message, "a [31m b c d");
        let long = format!("{{\"Message\":\"{}\"}}", "ü".repeat(5_000));
        assert_eq!(read(400, &[], &long).message.chars().count(), TEXT_LEN_MAX + 3);
    }

    #[test]
    fn a_job_of_the_first_api_explains_itself_over_several_lines() {
        let body = r#"{"Message":"ErrorCode:JobQuotaExceeded;Error: 403 ErrorCode: JobQuotaExceeded\nMessage: Job quota has been exceeded\nTracking ID: "}"#;
        let refusal = read(403, &[], body);
        assert_eq!(refusal.code.as_deref(), Some("JobQuotaExceeded"));
        assert!(matches!(refusal.into_hub_error(), HubError::Refused { status: 403, .. }), "not about rights");
    }

    #[test]
    fn what_is_not_json_is_never_shown() {
        for body in ["<html>Microsoft-HTTPAPI/2.0</html>", "", "null", "[1]", "\u{feff}{"] {
            let refusal = read(403, &[("x-ms-request-id", "7f3a")], body);
            assert_eq!(refusal.tracking_id.as_deref(), Some("7f3a"));
            let message = "Forbidden (the answer gives no reason)".to_owned();
            assert_eq!(refusal.into_hub_error(), HubError::Unauthorized { message });
        }
    }

    #[test]
    fn every_status_has_one_meaning() {
        let lanes = r#"{"errorCode":429004,"message":"no lane"}"#;
        for (status, body, meaning, transient) in [
            (100, "", Meaning::Foreign, false),
            (201, "", Meaning::Foreign, false),
            (302, "", Meaning::Foreign, false),
            (400, "", Meaning::Final, false),
            (408, "", Meaning::Unavailable, true),
            (429, "", Meaning::Throttled, true),
            (429, lanes, Meaning::Final, false),
            (500, "", Meaning::Unavailable, true),
            (501, "", Meaning::Unavailable, false),
            (504, "", Meaning::Unavailable, true),
        ] {
            let refusal = read(status, &[], body);
            assert_eq!((refusal.meaning(), refusal.is_transient()), (meaning, transient), "{status} {body}");
        }
    }

    #[test]
    fn a_wrong_clock_explains_a_refusal() {
        let date = ("date", "Tue, 01 Dec 2026 08:00:00 GMT");
        for (status, minutes, note) in [
            (401, -70, "; the clock of this machine is 70 min behind the hub's"),
            (401, 6, "; the clock of this machine is 6 min ahead of the hub's"),
            (401, 5, ""),
            (403, 70, ""),
        ] {
            let now: Timestamp = "2026-12-01T08:00:00Z".parse().expect("a time");
            let refusal = read(status, &[date], "").explained_by_clock(now + SignedDuration::from_mins(minutes));
            assert!(refusal.message.ends_with(&format!("(the answer gives no reason){note}")), "{}", refusal.message);
        }
    }

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        let date = ("date", "Tue, 01 Dec 2026 08:00:02 GMT");
        for (headers, expected) in [
            (vec![("retry-after", "7")], Some(7)),
            (vec![date, ("retry-after", "Tue, 01 Dec 2026 08:00:32 GMT")], Some(30)),
            (vec![date, ("retry-after", "Tue, 01 Dec 2026 07:00:00 GMT")], Some(0)),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "-1")], None),
            (vec![date], None),
        ] {
            assert_eq!(read(429, &headers, "").retry_after(), expected.map(Duration::from_secs), "{headers:?}");
        }
    }
}
