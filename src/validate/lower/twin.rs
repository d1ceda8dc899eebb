//! What a twin job changes, within the limits of "Understand and use device twins in IoT Hub".

use serde_json::{Map, Value};

use super::super::raw;
use super::super::spans::Node;
use super::context::{At, Lowering};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::TwinPatch;

const KEY_BYTES_MAX: usize = 1024;
const STRING_BYTES_MAX: usize = 4096;
const DEPTH_MAX: usize = 10;
const INTEGER_MIN: i64 = -4_503_599_627_370_496;
const INTEGER_MAX: i64 = 4_503_599_627_370_495;

/// A part of a twin and the room it has.
#[derive(Clone, Copy)]
struct Section {
    name: &'static str,
    size_max: usize,
}

const TAGS: Section = Section { name: "tags", size_max: 8 * 1024 };
const DESIRED: Section = Section { name: "desired", size_max: 32 * 1024 };

impl<'d> Lowering<'d> {
    /// Lowers `twin`.
    pub(super) fn twin(&mut self, at: &At<'_>, raw: &raw::Twin) -> Option<TwinPatch> {
        let raw::Twin { tags, desired } = raw;
        let part = |cx: &mut Self, section: Section, present| match present {
            Some(raw::AnyObject) => cx.section(&at.field(section.name), section),
            None => Some(Map::new()),
        };
        let patch_tags = part(self, TAGS, *tags);
        let patch_desired = part(self, DESIRED, *desired);
        let patch = TwinPatch { tags: patch_tags?, desired: patch_desired? };
        // A section of the wrong type was reported and is not here.
        let written = self.find(at)?.value.as_object()?;
        let is_empty = patch.tags.is_empty() && patch.desired.is_empty();
        if is_empty && written.values().all(|section| section.as_object().is_some_and(Map::is_empty)) {
            self.report_key(at, |span| {
                Diagnostic::error(Code::EmptyTwin, span, format!("`{at}` changes nothing"))
                    .label("neither tags nor desired properties")
                    .help("add what to change, such as `tags: {floor: 3}`")
            });
            return None;
        }
        Some(patch)
    }

    fn section(&mut self, at: &At<'_>, section: Section) -> Option<Map<String, Value>> {
        let node = self.find(at)?;
        let size = self.twin_value(node, section, 0);
        self.warn_ambiguous(node);
        if size > section.size_max {
            let message = format!("`{at}` counts {size} bytes, at most {} are allowed", section.size_max);
            self.report_key(at, |span| {
                Diagnostic::error(Code::TwinSize, span, message)
                    .label("too large")
                    .note("what counts: keys and texts by their length, 8 for a number, 4 for a boolean")
                    .help("keep large data elsewhere, and put its URL or version in the twin")
            });
        }
        node.value.as_object().cloned()
    }

    /// Checks one value; gives its size as the hub counts it.
    fn twin_value(&mut self, node: Node<'d>, section: Section, depth: usize) -> usize {
        match node.value {
            Value::Object(_) => self.twin_object(node, section, depth),
            Value::Array(_) => self.twin_array(node, section, depth),
            Value::String(text) => self.twin_string(node, text),
            Value::Number(number) => {
                let fits = number.as_i64().is_none_or(|n| (INTEGER_MIN..=INTEGER_MAX).contains(&n));
                if !fits || number.is_u64() && number.as_i64().is_none() {
                    self.twin_integer(node, &number.to_string());
                }
                8
            }
            Value::Bool(_) => 4,
            Value::Null => 0,
        }
    }

    fn twin_object(&mut self, node: Node<'d>, section: Section, depth: usize) -> usize {
        if depth > DEPTH_MAX {
            let message = format!("more than {DEPTH_MAX} levels of objects below `{}`", section.name);
            let span = self.document().key_span(node);
            let finding = Diagnostic::error(Code::TwinDepth, span, message).label("one level too many");
            self.push(node, finding.help("nest less deeply; a list does not count as a level"));
            return 0;
        }
        let document = self.document();
        let mut size = 0;
        for (key, child) in document.children(node) {
            self.twin_key(key, child);
            size += key.chars().filter(|c| !c.is_control()).count() + self.twin_value(child, section, depth + 1);
        }
        size
    }

    fn twin_array(&mut self, node: Node<'d>, section: Section, depth: usize) -> usize {
        let document = self.document();
        let mut size = 0;
        for (_, child) in document.children(node) {
            if child.value.is_null() {
                let span = document.value_span(child);
                let finding = Diagnostic::error(Code::TwinNullInArray, span, "a list in a twin cannot hold null")
                    .label("nothing to delete here")
                    .help("leave it out; the list is replaced as a whole");
                self.push(child, finding);
            }
            size += self.twin_value(child, section, depth);
        }
        size
    }

    fn twin_string(&mut self, node: Node<'d>, text: &str) -> usize {
        if text.len() > STRING_BYTES_MAX {
            let message = format!("the text has {} bytes, a twin takes at most {STRING_BYTES_MAX}", text.len());
            let span = self.document().key_span(node);
            let finding = Diagnostic::error(Code::TwinString, span, message).label("too long");
            self.push(node, finding.help("shorten it, or put a URL in its place"));
        }
        text.chars().filter(|c| !c.is_control()).count()
    }

    fn twin_integer(&mut self, node: Node<'d>, shown: &str) {
        let message = format!("`{shown}` is outside the whole numbers of a twin, {INTEGER_MIN} to {INTEGER_MAX}");
        let finding = Diagnostic::error(Code::TwinInteger, self.document().value_span(node), message);
        self.push(node, finding.label("too large").help(format!("write it as a text: `\"{shown}\"`")));
    }

    fn twin_key(&mut self, key: &str, node: Node<'d>) {
        let bad = key.chars().find(|c| c.is_control() || matches!(c, '.' | '$' | '#' | ' '));
        let (message, label) = if let Some(bad) = bad {
            let shown = if bad == ' ' { "a space".to_owned() } else { format!("`{}`", bad.escape_default()) };
            (
                format!("the twin key `{}` holds {shown}, which IoT Hub refuses", key.escape_debug()),
                "not allowed in a key",
            )
        } else if key.len() > KEY_BYTES_MAX {
            (format!("a twin key has {} bytes, at most {KEY_BYTES_MAX} are allowed", key.len()), "too long")
        } else {
            return;
        };
        let finding = Diagnostic::error(Code::TwinKey, self.document().key_span(node), message).label(label);
        self.push(node, finding.help("use letters, digits, `-` and `_`; nest maps instead of writing dots"));
    }
}
