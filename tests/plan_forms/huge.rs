//! The tenth plan: 10 000 actions.

use hubjobs::report::document::StepPart;
use hubjobs::report::{MARKDOWN_LEN_MAX, PlanDocument, PlanForm};

use super::{markdown, plan, rendered};

/// Every action of the other plans again and again, until there are so many; the last ones reach the
/// most devices.
pub(super) fn huge(actions: usize) -> PlanDocument {
    let mut document = plan("method-with-effects");
    let samples: Vec<_> = ["method-with-effects", "twin-values", "replace", "deferred-timeline", "blocked"]
        .iter()
        .flat_map(|name| plan(name).rows)
        .filter(|row| row.step.is_action())
        .collect();
    document.rows = samples.iter().cycle().take(actions).cloned().collect();
    for (row, number) in document.rows.iter_mut().zip(0..) {
        row.name = format!("job-{number:05}");
        if let Some(effect) = &mut row.effect {
            effect.devices = Some(number);
        }
    }
    let spans = plan("deferred-timeline").timeline.spans;
    document.timeline.spans = spans.iter().cycle().take(actions).cloned().collect();
    document.findings = plan("findings").findings.iter().cycle().take(actions / 10).cloned().collect();
    document.summary.create = document.rows.iter().filter(|row| matches!(row.step, StepPart::Create(_))).count();
    document
}

#[test]
fn a_comment_shows_the_largest_actions_and_says_what_it_leaves_out() {
    let document = huge(10_000);
    let text = rendered(&document, PlanForm::Markdown);
    assert!(text.len() <= MARKDOWN_LEN_MAX, "{}", text.len());
    assert!(text.len() > MARKDOWN_LEN_MAX / 2, "{} bytes leave room for more", text.len());
    markdown::assert_inert(&text);
    let largest = document.rows.iter().rfind(|row| row.effect.is_some()).expect("a row with an effect");
    let table = text.split("#### Actions").nth(1).expect("a table of actions");
    let first = table.lines().find(|line| line.contains("`job-")).expect("a row of the table");
    assert!(first.contains(&largest.name), "{first} comes before {}", largest.name);
    assert!(text.contains("Left out") && text.contains(" actions") && text.contains("-o html"));
    assert!(text.starts_with("### Refused: "), "the verdict comes first");
}

#[test]
fn a_page_of_ten_thousand_actions_is_small() {
    let document = huge(10_000);
    let page = rendered(&document, PlanForm::Html);
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    let (_, table) = page.split_once("<tbody>").expect("a table");
    let (table, _) = table.split_once("</tbody>").expect("it ends");
    assert_eq!(table.matches(">job-").count(), document.rows.len(), "every action is in the table");
    assert!(page.contains("more actions"), "and it says what is not unfolded");
}
