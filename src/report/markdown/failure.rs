//! Why there is no plan, as a comment: made from what `validate --json`, `plan --json` or a log said.

use serde_json::Value;

use super::MARKDOWN_LEN_MIN;
use super::inert::{code, prose};
use super::page::{Page, Section};
use crate::report::untrusted::Untrusted;
use crate::report::when::counted;

const FINDINGS: Section = Section { opening: "\n#### Findings\n\n", closing: "", noun: "findings", share: 100 };
/// Longest line of a log that is shown, in characters.
const LINE_LEN_MAX: usize = 500;
/// Room for the frame of a log.
const FRAME_LEN_MAX: usize = 200;

/// A comment that says that there is no plan, in at most `len_max` bytes or [`MARKDOWN_LEN_MIN`] if that is
/// more. `said` is the output of a command: JSON as `hubjobs validate` and `hubjobs plan` print it, else
/// any text, of which the end is shown.
#[must_use]
pub fn failure_markdown(environment: &str, said: &str, len_max: usize) -> String {
    let len_max = len_max.max(MARKDOWN_LEN_MIN);
    let mut entries = entries(said);
    // The last word of a command only sums up what it found.
    if entries.iter().any(|entry| text(entry, "/type") != Some("error")) {
        entries.retain(|entry| text(entry, "/type") != Some("error"));
    }
    let (errors, warnings): (Vec<&Value>, Vec<_>) = entries.iter().partition(|entry| is_error(entry));
    let what = match errors.len() {
        0 => "There is no plan".to_owned(),
        count => format!("There is no plan: {}", counted(count, "error")),
    };
    let top = format!(
        "### {what}\n\nEnvironment {}.\n\n- **Next:** mend what is named below, then push again; nothing is applied \
         before that.\n",
        code(environment)
    );
    if entries.is_empty() {
        return log(top, said, len_max);
    }
    let mut page = Page::new(len_max, top, String::new());
    page.section(FINDINGS, errors.into_iter().chain(warnings).map(item));
    page.finish()
}

/// Findings of a document, or of a stream with one event a line.
fn entries(said: &str) -> Vec<Value> {
    let is_entry = |value: &Value| matches!(text(value, "/type"), Some("diagnostic" | "error" | "finding"));
    match serde_json::from_str::<Value>(said) {
        Ok(document) if document.get("diagnostics").is_some_and(Value::is_array) => {
            document.get("diagnostics").and_then(Value::as_array).cloned().unwrap_or_default()
        }
        _ => said.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(is_entry).collect(),
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

fn is_error(entry: &Value) -> bool {
    match text(entry, "/type") {
        Some("finding") => text(entry, "/finding/level") != Some("warn"),
        Some("error") => true,
        _ => text(entry, "/severity") == Some("error"),
    }
}

/// A finding, whichever command said it.
fn item(entry: &Value) -> String {
    let entry = entry.get("finding").unwrap_or(entry);
    let word = if is_error(entry) { "error" } else { "warning" };
    let code_word = text(entry, "/code").map(|word| format!(" {}", code(word))).unwrap_or_default();
    let mut item = format!("- **{word}**{code_word}: {}", prose(text(entry, "/message").unwrap_or("(no message)")));
    let line = |pointer: &str| entry.pointer(pointer).and_then(Value::as_u64);
    let place = text(entry, "/primary/path").zip(line("/primary/start/line"));
    let place = place.or_else(|| text(entry, "/source/path").zip(line("/source/line")));
    if let Some((path, line)) = place {
        item.push_str(&format!(" ({})", code(&format!("{path}:{line}"))));
    }
    for help in help(entry.get("help")) {
        item.push_str(&format!("<br>**help:** {}", prose(help)));
    }
    item.push('\n');
    item
}

fn help(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(line)) => vec![line],
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The end of a log. Each line is indented, so that none can close the fence or be a command of a forge.
fn log(top: String, said: &str, len_max: usize) -> String {
    let mut room = len_max.saturating_sub(top.len() + FRAME_LEN_MAX);
    let mut lines = Vec::new();
    let mut rest = said.lines().rev().filter(|line| !line.trim().is_empty());
    let left_out = loop {
        let Some(line) = rest.next() else { break false };
        let line = format!("  {}\n", Untrusted::new(&without_styles(line)).cut(LINE_LEN_MAX)).replace('`', "'");
        if line.len() > room {
            break true;
        }
        room -= line.len();
        lines.push(line);
    };
    if lines.is_empty() {
        return top + "\nNothing was said about why; the log of the pipeline has more.\n";
    }
    lines.reverse();
    let note = if left_out { "\n> Only the end of the log has room here.\n" } else { "" };
    format!("{top}{note}\n```text\n{}```\n", lines.concat())
}

/// A line without the sequences that colour it.
fn without_styles(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut parts = line.split("\u{1b}[");
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        text.push_str(&part[end..]);
    }
    text
}
