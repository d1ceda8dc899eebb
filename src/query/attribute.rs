//! What paths mean: the attributes of each collection and their canonical spelling.

use super::ast::Collection;
use super::path::Path;
use super::problem::{Problem, ProblemCode, nearest};

/// What a system attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Primitive,
    Object,
}

/// The top level of a twin. Names are case-insensitive; this is how rows spell them.
const TWIN: [(&str, Holds); 20] = [
    ("deviceId", Holds::Primitive),
    ("moduleId", Holds::Primitive),
    ("etag", Holds::Primitive),
    ("deviceEtag", Holds::Primitive),
    ("status", Holds::Primitive),
    ("statusReason", Holds::Primitive),
    ("statusUpdateTime", Holds::Primitive),
    ("connectionState", Holds::Primitive),
    ("lastActivityTime", Holds::Primitive),
    ("cloudToDeviceMessageCount", Holds::Primitive),
    ("authenticationType", Holds::Primitive),
    ("modelId", Holds::Primitive),
    ("version", Holds::Primitive),
    ("deviceScope", Holds::Primitive),
    ("parentScopes", Holds::Object),
    ("x509Thumbprint", Holds::Object),
    ("tags", Holds::Object),
    ("properties", Holds::Object),
    ("capabilities", Holds::Object),
    ("configurations", Holds::Object),
];

/// The fields of a record of `devices.jobs`.
const DEVICE_JOB: [(&str, Holds); 11] = [
    ("deviceId", Holds::Primitive),
    ("moduleId", Holds::Primitive),
    ("jobId", Holds::Primitive),
    ("jobType", Holds::Primitive),
    ("status", Holds::Primitive),
    ("startTimeUtc", Holds::Primitive),
    ("endTimeUtc", Holds::Primitive),
    ("createdDateTimeUtc", Holds::Primitive),
    ("lastUpdatedDateTimeUtc", Holds::Primitive),
    ("outcome", Holds::Object),
    ("error", Holds::Object),
];

/// The name that Microsoft's own sample query uses for `createdDateTimeUtc`.
const CREATED_ALIAS: &str = "createdTimeUtc";

const SECTIONS: [&str; 2] = ["desired", "reported"];

fn attributes(collection: Collection) -> &'static [(&'static str, Holds)] {
    match collection {
        Collection::Devices | Collection::Modules => &TWIN,
        Collection::DeviceJobs => &DEVICE_JOB,
    }
}

fn attribute(collection: Collection, name: &str) -> Option<(&'static str, Holds)> {
    let alias = collection == Collection::DeviceJobs && name.eq_ignore_ascii_case(CREATED_ALIAS);
    let name = if alias { "createdDateTimeUtc" } else { name };
    attributes(collection).iter().copied().find(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// The names without the `devices.jobs` that paths of that collection begin with.
fn own_names(path: &Path, collection: Collection) -> Option<Vec<&str>> {
    let names: Vec<&str> = path.names().collect();
    if collection != Collection::DeviceJobs {
        return Some(names);
    }
    match names.as_slice() {
        [first, second, own @ ..] if first.eq_ignore_ascii_case("devices") && second.eq_ignore_ascii_case("jobs") => {
            (!own.is_empty()).then(|| own.to_vec())
        }
        _ => None,
    }
}

/// Where to find a value in a document: exact keys, outermost first.
///
/// System attributes are in their canonical spelling, `devices.jobs.` is gone. A path that means
/// nothing keeps its names, and is not found in any document.
pub(super) fn resolve(path: &Path, collection: Collection) -> Vec<Box<str>> {
    let names = own_names(path, collection).unwrap_or_else(|| path.names().collect());
    let canonical = attribute(collection, names[0]).map_or(names[0], |(name, _)| name);
    std::iter::once(canonical).chain(names[1..].iter().copied()).map(Box::from).collect()
}

/// Whether the path is known to hold an object or array, which cannot be compared.
pub(super) fn holds_object(path: &Path, collection: Collection) -> bool {
    let Some(names) = own_names(path, collection) else {
        return false;
    };
    match names.as_slice() {
        [only] => attribute(collection, only).is_some_and(|(_, holds)| holds == Holds::Object),
        [first, second] if first.eq_ignore_ascii_case("properties") => SECTIONS.contains(second),
        [.., last] => *last == "$metadata",
        [] => false,
    }
}

/// Whether the path lies in tags or properties, where `null` means "delete" and is never stored.
pub(super) fn is_never_null(path: &Path, collection: Collection) -> bool {
    let first = path.names().next().unwrap_or_default();
    collection != Collection::DeviceJobs
        && (first.eq_ignore_ascii_case("tags") || first.eq_ignore_ascii_case("properties"))
}

/// Whether a string in quotes looks like a path that was not meant to be quoted.
pub(super) fn looks_like_path(text: &str, collection: Collection) -> bool {
    let mut names = text.split('.');
    let first = names.next().unwrap_or_default();
    let rest = names.count();
    let prefixed = ["tags", "properties", "capabilities", "configurations", "devices"];
    (rest > 0 && prefixed.contains(&first))
        || (rest == 0 && attributes(collection).iter().any(|(name, _)| *name == text))
}

/// Reports a path that no document of the collection has.
pub(super) fn check(path: &Path, collection: Collection) -> Option<Problem> {
    let Some(names) = own_names(path, collection) else {
        return Some(missing_prefix(path));
    };
    let (first, known) = (names[0], attribute(collection, names[0]));
    if known.is_none() {
        return Some(unknown_attribute(path, &names, collection));
    }
    match names.get(1) {
        Some(second) if first.eq_ignore_ascii_case("properties") && !SECTIONS.contains(second) => {
            Some(unknown_section(path, second))
        }
        _ => None,
    }
}

fn missing_prefix(path: &Path) -> Problem {
    Problem::new(
        ProblemCode::MissingPrefix,
        path.span(),
        format!("`{path}` is not a path of `devices.jobs`"),
        "prefix missing",
    )
    .help(format!("write `devices.jobs.{path}`"))
    .note("queries on `devices.jobs` cannot touch twins")
}

fn unknown_attribute(path: &Path, names: &[&str], collection: Collection) -> Problem {
    let segments = path.segments();
    let own = &segments[segments.len() - names.len()];
    let problem = Problem::new(
        ProblemCode::UnknownAttribute,
        own.span.clone(),
        format!("unknown attribute `{}`", names[0]),
        "no document has it",
    );
    let written = path.to_string();
    let rest = written.split_once('.').map(|(_, rest)| rest);
    let problem = problem.did_you_mean(if SECTIONS.contains(&names[0]) {
        Some(format!("properties.{written}"))
    } else if names[0].eq_ignore_ascii_case("devices") {
        rest.map(str::to_owned)
    } else {
        similar_path(path, names, collection)
    });
    match collection {
        Collection::DeviceJobs => problem,
        _ => problem.note("custom values stand under `tags`, `properties.desired` or `properties.reported`"),
    }
}

/// The same path with a first name that exists and, judging by what follows, can be meant.
fn similar_path(path: &Path, names: &[&str], collection: Collection) -> Option<String> {
    let wanted = if names.len() > 1 { Holds::Object } else { Holds::Primitive };
    let candidates = attributes(collection).iter().filter(|(_, holds)| *holds == wanted).map(|(name, _)| *name);
    let meant = nearest(names[0], candidates)?;
    let index = path.segments().len() - names.len();
    Some(with_name(path, index, meant))
}

fn unknown_section(path: &Path, section: &str) -> Problem {
    let meant = nearest(section, SECTIONS).map(|meant| with_name(path, 1, meant));
    Problem::new(
        ProblemCode::UnknownAttribute,
        path.segments()[1].span.clone(),
        format!("`properties` has no `{section}`"),
        "no twin has it",
    )
    .did_you_mean(meant)
    .note("properties stand under `properties.desired` or `properties.reported`; names are case-sensitive")
}

/// The text of the path with another name at `index`.
fn with_name(path: &Path, index: usize, name: &str) -> String {
    let names: Vec<String> = path
        .segments()
        .iter()
        .enumerate()
        .map(|(at, segment)| if at == index { name.to_owned() } else { segment.node.to_string() })
        .collect();
    names.join(".")
}
