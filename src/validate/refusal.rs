//! What is YAML but is not read: findings of composing.

use super::compose::{ALIASED_VALUES_MAX, DEPTH_MAX};
use super::scalar::NotJson;
use crate::diagnostic::{Code, Diagnostic, Span};

pub(super) fn unsupported_tag(span: Span, tag: &str) -> Diagnostic {
    Diagnostic::error(Code::UnsupportedTag, span, format!("the tag `{tag}` is not supported"))
        .label("tagged value")
        .help("leave the tag out")
}

pub(super) fn not_json(span: Span, text: &str, why: NotJson) -> Diagnostic {
    let (code, message, label, help) = match why {
        NotJson::NotFinite => {
            let help = "write a finite number, or a text in quotes";
            (Code::NumberNotFinite, "has no JSON form", "not in JSON", help)
        }
        NotJson::IntegerTooLarge => {
            let message = "is beyond 2^53 - 1, where many JSON readers lose digits";
            (Code::IntegerTooLarge, message, "too large", "write it as a text, in quotes")
        }
    };
    Diagnostic::error(code, span, format!("the number `{text}` {message}")).label(label).help(help)
}

pub(super) fn alias_in_itself(span: Span) -> Diagnostic {
    Diagnostic::error(Code::UnknownAnchor, span, "an alias stands inside its own anchor")
        .label("would never end")
        .help("write the value out")
}

pub(super) fn duplicate_key(again: Span, first: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code::DuplicateKey, again, format!("the key `{name}` is used twice"))
        .label("second use")
        .also(first, "first use")
        .help("remove one of them")
}

pub(super) fn invalid_merge(span: Span) -> Diagnostic {
    Diagnostic::error(Code::InvalidMerge, span, "`<<` merges maps only")
        .label("its value is not a map")
        .help("write `<<: *name` with an anchor on a map; quote the key, `\"<<\"`, if it is data")
}

pub(super) fn key_not_text(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(Code::KeyNotText, span, message)
        .label("not a text")
        .help("write `key: value`; quote a key that begins with `[`, `{` or `*`")
}

pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(Code::TooDeep, span, format!("lists and maps are nested more than {DEPTH_MAX} deep"))
        .label("one level too many")
        .help("a twin has at most 10 levels")
}

pub(super) fn too_many_values(span: Span) -> Diagnostic {
    let message = format!("aliases expand this document to more than {ALIASED_VALUES_MAX} values");
    Diagnostic::error(Code::TooManyNodes, span, message)
        .label("expanding this one")
        .help("write the values out instead of aliases of aliases")
}
