//! The least that any validator must do: read the files, parse each into a value with the places
//! of its parts, and ask the schema whether it fits.

use std::path::{Path, PathBuf};

use granit_parser::{Event, Parser, ScalarStyle};
use rayon::prelude::*;
use serde_json::{Map, Value};

/// What is kept of each document below `jobs/` that fits the schema.
pub(crate) fn validate<T: Send>(
    dir: &Path,
    validator: &jsonschema::Validator,
    keep: impl Fn(Value) -> T + Send + Sync,
) -> Vec<T> {
    let mut files = Vec::new();
    list(&dir.join("jobs"), &mut files);
    let valid = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).expect("a readable file");
        let (value, places) = parse(&text);
        (validator.is_valid(&value) && !places.is_empty()).then(|| keep(value))
    };
    files.par_iter().filter_map(valid).collect()
}

fn list(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a readable folder") {
        let entry = entry.expect("a readable entry");
        if entry.file_type().expect("a type").is_dir() {
            list(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}

/// The plainest way from events to a value: no anchors, tags or limits, and no look at a key that
/// is there already.
fn parse(text: &str) -> (Value, Vec<(usize, usize)>) {
    enum Frame {
        List(Vec<Value>),
        Map(Map<String, Value>, Option<String>),
    }
    let mut frames: Vec<Frame> = Vec::new();
    let mut places = Vec::new();
    let mut root = Value::Null;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.expect("the files are YAML");
        let value = match event {
            Event::MappingStart(..) => {
                frames.push(Frame::Map(Map::new(), None));
                continue;
            }
            Event::SequenceStart(..) => {
                frames.push(Frame::List(Vec::new()));
                continue;
            }
            Event::Scalar(text, style, ..) => {
                if let Some(Frame::Map(_, key @ None)) = frames.last_mut() {
                    *key = Some(text.into_owned());
                    continue;
                }
                match text.as_bytes().first() {
                    Some(b'0'..=b'9' | b'-' | b't' | b'f' | b'n') if style == ScalarStyle::Plain => {
                        serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
                    }
                    _ => Value::String(text.into_owned()),
                }
            }
            Event::MappingEnd | Event::SequenceEnd => match frames.pop() {
                Some(Frame::List(items)) => Value::Array(items),
                Some(Frame::Map(map, _)) => Value::Object(map),
                None => continue,
            },
            _ => continue,
        };
        places.push((span.start.index(), span.end.index()));
        match frames.last_mut() {
            Some(Frame::List(items)) => items.push(value),
            Some(Frame::Map(map, key)) => {
                map.insert(key.take().unwrap_or_default(), value);
            }
            None => root = value,
        }
    }
    (root, places)
}
