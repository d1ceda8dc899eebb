//! A plan as a comment on a pull request: GitHub's Markdown, safe in a place where comments are
//! trusted, and within the length that a forge takes.

mod failure;
mod hubs;
mod inert;
mod page;
mod parts;

pub use failure::failure_markdown;
pub(super) use hubs::hubs_markdown;
use page::Page;

use super::document::PlanDocument;
use super::headline::{Headline, Standing, blocked_rows, by_radius, coming};

/// Longest comment that GitHub takes, in bytes; it counts characters, which are never more.
pub const MARKDOWN_LEN_MAX: usize = 65_536;
/// Shortest limit in which a verdict, and what to do next, always have room.
pub const MARKDOWN_LEN_MIN: usize = 8_192;

/// The plan in at most `len_max` bytes, or [`MARKDOWN_LEN_MIN`] if that is more. What has no room is
/// left out in whole items, those that reach the fewest devices first, and the text says so.
#[must_use]
pub(super) fn plan_markdown(document: &PlanDocument, len_max: usize) -> String {
    plan_of_hub(document, None, len_max)
}

/// The same; one of several hubs is named in the heading.
fn plan_of_hub(document: &PlanDocument, hub: Option<&str>, len_max: usize) -> String {
    let headline = Headline::new(document);
    let top = parts::top(document, hub, &headline);
    let mut page = Page::new(len_max.max(MARKDOWN_LEN_MIN), top, parts::foot(document));
    page.section(parts::FINDINGS, document.findings.iter().map(parts::finding));
    page.section(parts::BLOCKED, blocked_rows(document).map(|(row, blocked)| parts::blocked(row, blocked)));
    let actions = by_radius(document);
    page.section(parts::ACTIONS, actions.iter().map(|row| parts::action(row)));
    page.section(parts::EFFECTS, actions.iter().filter_map(|row| parts::effect(row)));
    page.section(parts::COMING, coming(document).into_iter().map(parts::coming));
    page.section(parts::CHANGES, actions.iter().filter_map(|row| parts::changes(row)));
    let timeline = &document.timeline;
    let waits = timeline.waits.iter().map(|wait| &wait.message);
    let waits = waits.chain(timeline.taken.iter().map(|stretch| &stretch.message));
    page.section(parts::WAITS, waits.map(|message| parts::wait(message)));
    page.section(parts::TIMELINE, timeline.spans.iter().map(parts::span));
    page.section(parts::UPCOMING, document.upcoming.iter().flat_map(parts::upcoming));
    if headline.standing != Standing::Idle {
        page.section(parts::JOBS, actions.iter().filter_map(|row| parts::job(row)));
    }
    page.finish()
}
