//! What the schema finds, in our words.
//!
//! The schema knows a path and a keyword. From the path comes the place in the file, from the
//! keyword the kind of finding. Keywords about the form of a text, and about which fields go
//! together, stay silent here: lowering knows more about them.

use std::borrow::Cow;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::compose::{FINDINGS_MAX, MORE};
use super::kind::Kind;
use super::not_yet;
use super::raw;
use super::scalar::{Yaml11, yaml11_meaning};
use super::schema::SCHEMA;
use super::schema_walk;
use super::spans::{Document, Node, Style};
use super::suggest::{listed, nearest};
use crate::diagnostic::{Code, Diagnostic, SourceMap};

/// What the schema says about a document.
pub(super) struct Shape<'d> {
    /// The value to go on with: without the fields that have the wrong type, so that the others
    /// are still looked at.
    pub(super) value: Cow<'d, Value>,
    /// A finding that is left to lowering, for the case that lowering has none.
    pub(super) unsaid: Option<Diagnostic>,
}

/// Checks a document against the schema.
pub(super) fn check<'d>(document: &'d Document, sources: &SourceMap, findings: &mut Vec<Diagnostic>) -> Shape<'d> {
    if SCHEMA.validator.is_valid(&document.value) {
        return Shape { value: Cow::Borrowed(&document.value), unsaid: None };
    }
    let checker = Checker { document, sources, kind: kind_of(&document.value) };
    let mut rest = document.value.clone();
    let mut unsaid = None;
    for error in SCHEMA.validator.iter_errors(&document.value) {
        if findings.len() >= FINDINGS_MAX {
            break;
        }
        let said = checker.findings(&error);
        if said.is_empty() {
            unsaid = unsaid.or_else(|| Some(checker.unsaid(&error)));
        }
        for finding in said {
            // The base of the schema and that of the kind say some things twice; the kind knows more.
            findings.retain(|said| said.message != finding.message || said.primary != finding.primary);
            findings.push(finding);
        }
        if is_about_value(error.kind()) {
            prune(&mut rest, error.instance_path().as_str());
        }
    }
    if findings.len() >= FINDINGS_MAX {
        findings.truncate(FINDINGS_MAX);
        findings[FINDINGS_MAX - 1].notes.push(MORE.to_owned());
    }
    Shape { value: Cow::Owned(rest), unsaid }
}

/// Whether the value itself cannot be read on, rather than what is in it or beside it.
const fn is_about_value(kind: &ValidationErrorKind) -> bool {
    use ValidationErrorKind::{Constant, Enum, Maximum, Minimum, Type};
    matches!(kind, Type { .. } | Enum { .. } | Constant { .. } | Minimum { .. } | Maximum { .. })
}

/// The kind of a document, if it is one.
pub(super) fn kind_of(value: &Value) -> Option<Kind> {
    Kind::parse(value.get("kind")?.as_str()?)
}

/// Removes the innermost field on a path.
fn prune(value: &mut Value, path: &str) {
    let tokens: Vec<_> = path.split('/').skip(1).collect();
    for depth in (0..tokens.len()).rev() {
        let parent = tokens[..depth].iter().fold(String::new(), |path, token| format!("{path}/{token}"));
        let key = tokens[depth].replace("~1", "/").replace("~0", "~");
        // A list item leaves with its whole list: the others would change their places.
        if let Some(Value::Object(map)) = value.pointer_mut(&parent) {
            map.shift_remove(&key);
            return;
        }
    }
}

struct Checker<'d> {
    document: &'d Document,
    sources: &'d SourceMap,
    kind: Option<Kind>,
}

impl Checker<'_> {
    fn findings(&self, error: &ValidationError<'_>) -> Vec<Diagnostic> {
        let path = error.instance_path().as_str();
        let node = self.document.nearest(path);
        let schema = error.schema_path().as_str();
        let one = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                return unexpected
                    .iter()
                    .take(FINDINGS_MAX)
                    .filter_map(|name| self.unknown_field(node, path, schema, name))
                    .collect();
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                // A misspelled one is reported with its right name.
                if misspelled(node.value, schema, name) {
                    return Vec::new();
                }
                self.missing_field(node, path, schema, name)
            }
            ValidationErrorKind::Type { kind } => self.wrong_type(node, path, schema, kind),
            ValidationErrorKind::Constant { expected_value } => {
                self.not_one_of(node, path, std::slice::from_ref(expected_value))
            }
            ValidationErrorKind::Enum { options } => {
                self.not_one_of(node, path, options.as_array().map_or(&[], Vec::as_slice))
            }
            ValidationErrorKind::Minimum { limit } => self.out_of_range(node, path, "least", limit),
            ValidationErrorKind::Maximum { limit } => self.out_of_range(node, path, "most", limit),
            ValidationErrorKind::MaxItems { limit } => self.too_many(node, path, *limit),
            ValidationErrorKind::MinItems { .. } | ValidationErrorKind::MinLength { .. } => {
                self.is_empty(node, path, schema)
            }
            // Lowering speaks about these.
            ValidationErrorKind::Pattern { .. }
            | ValidationErrorKind::MinProperties { .. }
            | ValidationErrorKind::MaxProperties { .. }
            | ValidationErrorKind::OneOfNotValid { .. }
            | ValidationErrorKind::OneOfMultipleValid { .. } => return Vec::new(),
            _ => self.unsaid(error),
        };
        vec![self.document.trace(node, one)]
    }

    /// A finding without words of its own.
    fn unsaid(&self, error: &ValidationError<'_>) -> Diagnostic {
        let path = error.instance_path().as_str();
        let span = self.document.value_span(self.document.nearest(path));
        let finding =
            Diagnostic::error(Code::InvalidValue, span, format!("{} does not have the right form", subject(path)));
        match schema_walk::form(error.schema_path().as_str()) {
            Some(form) => finding.help(format!("write {form}")),
            None => finding.note(error.masked().to_string()),
        }
    }

    fn unknown_field(&self, parent: Node<'_>, path: &str, schema: &str, name: &str) -> Option<Diagnostic> {
        let node = self.document.field(parent, name)?;
        if let Some(help) = self.kind.and_then(|kind| not_yet::instead_of(kind, path, name)) {
            return Some(not_yet::field(self.document, node, name, help));
        }
        let place = container(path);
        let known: Vec<_> = schema_walk::fields(schema).collect();
        let finding = Diagnostic::error(
            Code::UnknownField,
            self.document.key_span(node),
            format!("unknown field `{name}` in {place}"),
        )
        .label(format!("not a field of {place}"));
        let known_here = known.iter().map(String::as_str);
        if let Some(near) = nearest(name, known_here.clone()) {
            return Some(finding.help(format!("did you mean `{near}`?")));
        }
        if let Some(home) = self.kind.and_then(|kind| schema_walk::home_of(kind, name)) {
            return Some(finding.help(format!("write it as `{home}`")));
        }
        let here = format!("{}.{name}", path.trim_start_matches('/').replace('/', "."));
        let other = Kind::ALL.into_iter().find(|kind| schema_walk::home_of(*kind, name).as_ref() == Some(&here));
        Some(match other {
            Some(kind) => finding.help(format!("a `{kind}` has it: remove it, or write `kind: {kind}`")),
            None => finding.help(format!("{place} has {}", listed(known_here, "and"))),
        })
    }

    fn missing_field(&self, node: Node<'_>, path: &str, schema: &str, name: &str) -> Diagnostic {
        let place = container(path);
        let finding = Diagnostic::error(
            Code::MissingField,
            self.document.key_span(node),
            format!("missing field `{name}` in {place}"),
        )
        .label(format!("has no `{name}`"));
        match schema_walk::example(schema, name) {
            Some(example) => finding.help(format!("add `{name}: {example}`")),
            None => finding.help(format!("add `{name}`")),
        }
    }

    fn wrong_type(&self, node: Node<'_>, path: &str, schema: &str, kind: &TypeKind) -> Diagnostic {
        let expected = match kind {
            TypeKind::Single(one) => *one,
            TypeKind::Multiple(set) => set.iter().next().unwrap_or(JsonType::Object),
        };
        let span = self.document.value_span(node);
        let is_fraction = expected == JsonType::Integer && node.value.is_number();
        let found = if is_fraction { "a fraction" } else { found(node.value) };
        let message = match (node.value, kind) {
            (Value::Null, _) => format!("{} has no value", subject(path)),
            (_, TypeKind::Multiple(set)) if set.contains(JsonType::Object) => {
                format!("{} must be a text or a map, not {found}", subject(path))
            }
            (_, TypeKind::Multiple(_)) => {
                format!("{} must be a text, a number, a boolean or null, not {found}", subject(path))
            }
            _ => format!("{} must be {}, not {found}", subject(path), words(expected)),
        };
        let finding = Diagnostic::error(Code::WrongType, span, message).label(found);
        let whole = self.document.raw_span(node);
        let raw = self.sources.get(whole.source).text().get(whole.bytes()).unwrap_or_default();
        let is_plain = self.document.style(node) == Style::Plain && !raw.is_empty();
        // A text or a map is a word that is known, or fields: quotes make neither of it.
        let expected = match kind {
            TypeKind::Multiple(set) if set.contains(JsonType::Object) => JsonType::Object,
            _ => expected,
        };
        match (expected, node.value) {
            (JsonType::String, Value::Number(number)) if number.is_u64() && schema_walk::is_duration(schema) => {
                finding.help(format!("add the unit: `{number}s` or `{number}m`"))
            }
            (JsonType::String, Value::Number(_) | Value::Bool(_)) if is_plain => {
                finding.help(format!("put it in quotes: `\"{raw}\"`")).fix(whole, format!("\"{raw}\""))
            }
            (JsonType::String, Value::Number(_) | Value::Bool(_)) if self.document.substituted(node).is_some() => {
                finding.help("put the variable's value in quotes where it is set")
            }
            (JsonType::Boolean, Value::String(word)) => match yaml11_meaning(word) {
                Some(Yaml11::Boolean(meant)) if is_plain => {
                    finding.help(format!("write `{meant}`")).fix(span, meant.to_string())
                }
                _ => finding.help("write `true` or `false`, without quotes"),
            },
            (JsonType::Integer | JsonType::Number, Value::String(word)) if word.parse::<f64>().is_ok() => {
                let number = word.trim_start_matches('0');
                finding.help(format!(
                    "write `{}`, without quotes or leading zeros",
                    if number.is_empty() { "0" } else { number }
                ))
            }
            (JsonType::Array, Value::String(word)) => finding.help(format!("put it in brackets: `[{word:?}]`")),
            _ if path.is_empty() => {
                finding.help(format!("begin with `apiVersion: {}`, `kind: MethodJob` and `metadata`", raw::API_VERSION))
            }
            _ => match (schema_walk::example_at(schema), kind) {
                (Some(example), _) => finding.help(format!("write it like `{example}`")),
                (None, TypeKind::Multiple(_)) => finding.help("write one value"),
                (None, TypeKind::Single(_)) => finding.help(format!("write {}", words(expected))),
            },
        }
    }

    fn not_one_of(&self, node: Node<'_>, path: &str, options: &[impl std::borrow::Borrow<Value>]) -> Diagnostic {
        let words: Vec<_> = options.iter().map(|option| shown(option.borrow())).collect();
        let words = || words.iter().map(String::as_str);
        let span = self.document.value_span(node);
        let value = shown(node.value);
        let (code, message) = match path {
            "/kind" => (Code::UnknownKind, format!("unknown kind `{value}`")),
            _ => (Code::NotOneOf, format!("{} is `{value}`, which is not {}", subject(path), choice(words()))),
        };
        let finding = Diagnostic::error(code, span, message).label(if path == "/kind" {
            "no such kind"
        } else {
            "not known here"
        });
        match nearest(&value, words().collect::<Vec<_>>()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None if path == "/apiVersion" => finding.help(format!("write `apiVersion: {}`", raw::API_VERSION)),
            None => finding.help(format!("write {}", listed(words(), "or"))),
        }
    }

    fn out_of_range(&self, node: Node<'_>, path: &str, word: &str, limit: &Value) -> Diagnostic {
        let value = shown(node.value);
        let message = format!("{} is `{value}`, at {word} {limit} is allowed", subject(path));
        Diagnostic::error(Code::OutOfRange, self.document.value_span(node), message)
            .label(if word == "least" { "too small" } else { "too large" })
            .help(format!("write a number of at {word} {limit}"))
    }

    fn too_many(&self, node: Node<'_>, path: &str, limit: u64) -> Diagnostic {
        let message = format!("{} has more than {limit} items", subject(path));
        Diagnostic::error(Code::OutOfRange, self.document.key_span(node), message)
            .label("too many")
            .help(format!("write at most {limit}"))
    }

    fn is_empty(&self, node: Node<'_>, path: &str, schema: &str) -> Diagnostic {
        let message = format!("{} is empty", subject(path));
        let finding =
            Diagnostic::error(Code::OutOfRange, self.document.value_span(node), message).label("nothing in it");
        match schema_walk::example_at(schema) {
            Some(example) => finding.help(format!("write it like `{example}`")),
            None => finding,
        }
    }
}

/// Whether one of the unknown fields of a map is likely to mean a field.
fn misspelled(map: &Value, schema: &str, name: &str) -> bool {
    let known: Vec<_> = schema_walk::fields(schema).collect();
    let known = || known.iter().map(String::as_str);
    let unknown =
        map.as_object().into_iter().flat_map(|map| map.keys()).filter(|key| known().all(|k| k != key.as_str()));
    unknown.into_iter().any(|key| nearest(key, known().collect::<Vec<_>>()) == Some(name))
}

/// `/spec/target` as `` `spec.target` ``.
fn container(path: &str) -> String {
    if path.is_empty() { "the document".to_owned() } else { subject(path) }
}

fn subject(path: &str) -> String {
    if path.is_empty() {
        return "the document".to_owned();
    }
    let mut text = String::new();
    for token in path.split('/').skip(1) {
        match token.parse::<usize>() {
            Ok(index) if !text.is_empty() => text.push_str(&format!("[{index}]")),
            _ => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&token.replace("~1", "/").replace("~0", "~"));
            }
        }
    }
    format!("`{text}`")
}

const fn words(expected: JsonType) -> &'static str {
    match expected {
        JsonType::String => "a text",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::Boolean => "`true` or `false`",
        JsonType::Object => "a map",
        JsonType::Array => "a list",
        JsonType::Null => "null",
    }
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing here",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn choice<'c>(words: impl ExactSizeIterator<Item = &'c str>) -> String {
    let only = words.len() == 1;
    let listed = listed(words, "or");
    if only { listed } else { format!("one of {listed}") }
}
