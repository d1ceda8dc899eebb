//! Comments of plans that nobody thought of.

use hubjobs::report::{MARKDOWN_LEN_MIN, PlanDocument, PlanForm, RenderOptions, render};
use proptest::prelude::*;
use serde_json::Value;

use super::{markdown, plan};

/// Pieces of text that mean something somewhere.
const PIECES: [&str; 40] = [
    "a",
    "prod",
    " ",
    "\n",
    "\r\n",
    "`",
    "``",
    "```",
    "|",
    "||",
    "\\",
    "\\|",
    "<b>",
    "</details>",
    "<details>",
    "<!--",
    "-->",
    "&lt;",
    "&#64;",
    "@admin",
    "#1",
    "[x](y)",
    "![x](y)",
    "[^1]",
    "*",
    "**",
    "_",
    "~~",
    "$x$",
    "# ",
    "- [ ] ",
    "1. ",
    "> ",
    "https://evil.example",
    "www.evil.example",
    ":tada:",
    "\u{202e}",
    "\u{1b}[2J",
    "{",
    "=== ",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..12).prop_map(|pieces| pieces.concat())
}

/// A plan with some rows of the others, again and again, every text of which may be odd. Words that
/// choose a variant stay.
fn document() -> impl Strategy<Value = PlanDocument> {
    let texts = prop::collection::vec(text(), 1..40);
    let base = prop::sample::select(&["hostile", "twin-values", "replace", "deferred-timeline", "findings"][..]);
    (texts, base, 1..40_usize).prop_map(|(texts, base, times)| {
        let mut document = plan(base);
        document.rows = document.rows.iter().cycle().take(document.rows.len() * times).cloned().collect();
        document.findings = document.findings.iter().cycle().take(document.findings.len() * times).cloned().collect();
        let mut value = serde_json::to_value(&document).expect("a document is JSON");
        let mut next = texts.iter().cycle();
        replace(&mut value, &mut next);
        serde_json::from_value(value).expect("only texts are replaced")
    })
}

fn replace<'a>(value: &mut Value, texts: &mut impl Iterator<Item = &'a String>) {
    const FREE: [&str; 20] = [
        "environment",
        "owner",
        "name",
        "path",
        "message",
        "help",
        "code",
        "condition",
        "label",
        "when",
        "jobId",
        "id",
        "reason",
        "acknowledged",
        "dstMessage",
        "value",
        "to",
        "sku",
        "samples",
        "job",
    ];
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if FREE.contains(&key.as_str()) => {
                        text.clone_from(texts.next().expect("a cycle"))
                    }
                    other => replace(other, texts),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, texts)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn comments_are_inert_and_within_their_limit(document in document(), len_max in MARKDOWN_LEN_MIN..80_000) {
        let options = RenderOptions { markdown_len_max: len_max, ..RenderOptions::default() };
        let text = render(&document, PlanForm::Markdown, &options);
        prop_assert!(text.len() <= len_max, "{} > {len_max}", text.len());
        markdown::assert_inert(&text);
    }
}
