//! What a job did on each device.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::FORMAT_VERSION;
use super::table::{table, text};
use super::untrusted::Untrusted;
use super::verdict::FailureCount;
use super::when::utc;
use crate::model::JobId;

/// The record of one device in one job, as its manifest judges it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceRow {
    /// Device.
    pub device_id: String,
    /// Its module, for jobs over modules.
    pub module_id: Option<String>,
    /// The hub's word.
    pub status: String,
    /// Status that the device answered a method with.
    pub method_status: Option<i32>,
    /// What the device answered a method with.
    pub payload: Option<Value>,
    /// Why it counts as failed; nothing when it does not.
    pub failure: Option<DeviceFailure>,
    /// When the record last changed.
    pub last_updated: Option<Timestamp>,
}

/// Why a device counts as failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceFailure {
    /// Kind of failure.
    pub class: String,
    /// The hub's symbolic name, perhaps empty.
    pub code: String,
    /// The hub's text, perhaps empty.
    pub description: String,
}

/// Longest answer of a device that is shown in a table.
const PAYLOAD_LEN_MAX: usize = 60;

/// A line for each device.
#[must_use]
pub fn devices_text(rows: &[DeviceRow]) -> String {
    let columns = [text("DEVICE"), text("STATUS"), text("RESULT"), text("UPDATED"), text("DETAIL")];
    table(&columns, rows.iter().map(cells))
}

fn cells(row: &DeviceRow) -> Vec<String> {
    let result = match (&row.failure, row.method_status) {
        (Some(failure), _) => Untrusted::new(&failure.class).to_string(),
        (None, Some(status)) => format!("answered {status}"),
        (None, None) => "-".to_owned(),
    };
    let detail = match (&row.failure, &row.payload) {
        (Some(failure), _) if !failure.description.is_empty() => {
            Untrusted::new(&failure.description).cut(100).to_string()
        }
        (Some(failure), None) => Untrusted::new(&failure.code).to_string(),
        (_, Some(payload)) if !payload.is_null() => {
            Untrusted::new(&payload.to_string()).cut(PAYLOAD_LEN_MAX).to_string()
        }
        _ => String::new(),
    };
    vec![
        name(row),
        Untrusted::new(&row.status).cut(20).to_string(),
        result,
        row.last_updated.map_or_else(|| "-".to_owned(), utc),
        detail,
    ]
}

fn name(row: &DeviceRow) -> String {
    let device = Untrusted::new(&row.device_id);
    row.module_id.as_deref().map_or_else(|| device.to_string(), |module| format!("{device}/{}", Untrusted::new(module)))
}

/// One document.
#[must_use]
pub fn devices_json(job: &JobId, rows: &[DeviceRow], failures: &[FailureCount]) -> Value {
    let classes: Vec<_> = failures.iter().map(|f| json!({"class": f.class, "count": f.count})).collect();
    json!({
        "formatVersion": FORMAT_VERSION,
        "jobId": job.as_str(),
        "failures": classes,
        "devices": rows.iter().map(device_json).collect::<Vec<_>>(),
    })
}

fn device_json(row: &DeviceRow) -> Value {
    json!({
        "deviceId": row.device_id,
        "moduleId": row.module_id,
        "status": row.status,
        "methodStatus": row.method_status,
        "payload": row.payload,
        "failure": row.failure.as_ref().map(|failure| json!({
            "class": failure.class,
            "code": failure.code,
            "description": failure.description,
        })),
        "lastUpdated": row.last_updated.map(|time| time.to_string()),
    })
}

/// RFC 4180, with a heading. A text that a spreadsheet would take for a formula gets an apostrophe
/// before it: answers of devices are not to be trusted.
#[must_use]
pub fn devices_csv(rows: &[DeviceRow]) -> String {
    let mut csv = "deviceId,moduleId,status,methodStatus,failure,code,description,payload,lastUpdated\r\n".to_owned();
    for row in rows {
        let failure = row.failure.as_ref();
        let fields = [
            row.device_id.clone(),
            row.module_id.clone().unwrap_or_default(),
            row.status.clone(),
            row.method_status.map(|status| status.to_string()).unwrap_or_default(),
            failure.map(|failure| failure.class.clone()).unwrap_or_default(),
            failure.map(|failure| failure.code.clone()).unwrap_or_default(),
            failure.map(|failure| failure.description.clone()).unwrap_or_default(),
            row.payload.as_ref().map(Value::to_string).unwrap_or_default(),
            row.last_updated.map(|time| time.to_string()).unwrap_or_default(),
        ];
        let fields: Vec<_> = fields.iter().map(|field| csv_field(field)).collect();
        csv.push_str(&fields.join(","));
        csv.push_str("\r\n");
    }
    csv
}

/// Without control characters, but for those that text has.
fn disarm(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\n' | '\r' | '\t') {
            plain.extend(c.escape_unicode());
        } else {
            plain.push(c);
        }
    }
    plain
}

fn csv_field(text: &str) -> String {
    let text = disarm(text);
    let is_number = text.parse::<f64>().is_ok();
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number;
    let text = if is_formula { format!("'{text}") } else { text };
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_fields_are_quoted_and_disarmed() {
        for (text, field) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("-5", "-5"),
            ("-cmd", "'-cmd"),
            ("two\nlines", "\"two\nlines\""),
            ("\u{1b}[2J", "\\u{1b}[2J"),
        ] {
            assert_eq!(csv_field(text), field);
        }
    }
}
