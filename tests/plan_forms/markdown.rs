//! What a forge makes of a comment: read by a Markdown reader with everything that it knows.

use hubjobs::report::PlanForm;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{PLANS, plan, rendered};

/// Headings that are ours; the first one is the verdict.
const HEADINGS: [&str; 6] = [
    "Waiting for lanes",
    "Findings",
    "Blocked, needs a person",
    "Actions",
    "On the devices",
    "Changes to jobs on the hub",
];

/// Nothing in the text does anything: no link, picture, mention, formula or HTML but our own, no
/// heading but ours; and whatever is opened is closed.
#[track_caller]
pub(super) fn assert_inert(text: &str) {
    let mut heading: Option<String> = None;
    let mut headings = Vec::new();
    let mut in_code = false;
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => headings.extend(heading.take()),
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::FootnoteDefinition(_) | Tag::MetadataBlock(_))
            | Event::FootnoteReference(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::TaskListMarker(_)
            | Event::Rule => panic!("{event:?} in\n{text}"),
            Event::Html(html) | Event::InlineHtml(html) => assert!(is_ours(html.trim()), "{html:?} in\n{text}"),
            Event::Text(words) if !in_code => {
                assert!(!is_live(&words), "{words:?} in\n{text}");
                if let Some(heading) = &mut heading {
                    heading.push_str(&words);
                }
            }
            _ => {}
        }
    }
    assert!(headings[1..].iter().all(|heading| HEADINGS.contains(&heading.as_str())), "{headings:?} in\n{text}");
    assert_closed(text);
}

/// Texts in which a forge finds mentions, issues, addresses and pictures.
fn is_live(words: &str) -> bool {
    let lower = words.to_lowercase();
    let parts: Vec<_> = lower.split(':').collect();
    let is_word = |part: &&str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_numeric());
    let has_picture = parts.len() > 2 && parts[1..parts.len() - 1].iter().any(is_word);
    has_picture || ["@", "://", "www.", "#"].iter().any(|sign| lower.contains(sign))
}

fn is_ours(html: &str) -> bool {
    let is_summary = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ' '));
    match html.strip_prefix("<details><summary>").and_then(|rest| rest.strip_suffix("</summary>")) {
        Some(name) => is_summary(name),
        None => matches!(html, "</details>" | "<br>" | "<sub>" | "</sub>"),
    }
}

/// Fences and foldings come in pairs, and the rows of a table have as many cells as its head.
fn assert_closed(text: &str) {
    let mut in_fence = false;
    let mut folded = 0_i32;
    let mut cells: Option<usize> = None;
    for line in text.lines() {
        if line.starts_with("```") {
            in_fence = !in_fence;
        }
        if in_fence {
            continue;
        }
        folded += i32::from(line.starts_with("<details>")) - i32::from(line.starts_with("</details>"));
        assert!((0..=1).contains(&folded), "{line}");
        match line.starts_with('|') {
            true => assert_eq!(*cells.get_or_insert(line.matches('|').count()), line.matches('|').count(), "{line}"),
            false => cells = None,
        }
    }
    assert!(!in_fence && folded == 0, "{text}");
}

#[test]
fn no_data_comes_alive_in_a_comment() {
    for name in PLANS {
        assert_inert(&rendered(&plan(name), PlanForm::Markdown));
    }
}

#[test]
fn the_reader_sees_what_is_alive() {
    for text in
        ["### a\n\n[x](y)", "### a\n\n<b>", "### a\n\n### b", "### a\n\n@admin", "### a\n\n```\n", "### a\n\n![x](y)"]
    {
        assert!(std::panic::catch_unwind(|| assert_inert(text)).is_err(), "{text}");
    }
}
