//! The plans of several hubs as one comment, one page, one stream and one log.

use hubjobs::report::{HubPlan, HubsForm, MARKDOWN_LEN_MIN, NoPlan, RenderOptions, render_hubs};

use super::{folder, plan};

/// File of each form.
const FORMS: [(HubsForm, &str); 4] = [
    (HubsForm::Markdown, "plan.md"),
    (HubsForm::Html, "plan.html"),
    (HubsForm::Github, "plan.github"),
    (HubsForm::Sarif, "plan.sarif"),
];

fn hub(name: &str, sample: &str) -> HubPlan {
    HubPlan { hub: name.to_owned(), plan: Ok(plan(sample)) }
}

fn world() -> Vec<HubPlan> {
    let message = "the environment variable `ASIA_HUB` is empty; <b>@all</b>".to_owned();
    let why = NoPlan { message, help: vec!["`export ASIA_HUB='HostName=...'`".to_owned()] };
    vec![
        hub("eu", "twin-values"),
        hub("us", "findings"),
        HubPlan { hub: "asia".to_owned(), plan: Err(why) },
        hub("lab", "deferred-timeline"),
        hub("spare", "nothing-to-do"),
    ]
}

fn rendered(hubs: &[HubPlan], form: HubsForm) -> String {
    let text = render_hubs("prod", hubs, form, &RenderOptions::default());
    text.replace(
        &format!("\"semanticVersion\": \"{}\"", env!("CARGO_PKG_VERSION")),
        "\"semanticVersion\": \"[VERSION]\"",
    )
}

#[test]
fn five_hubs_in_every_form() {
    let is_update = std::env::var_os("HUBJOBS_UPDATE").is_some();
    for (form, file) in FORMS {
        let (path, text) = (folder().join("several-hubs").join(file), rendered(&world(), form));
        if is_update {
            std::fs::create_dir_all(folder().join("several-hubs")).expect("it is writable");
            std::fs::write(&path, &text).expect("it is writable");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("the expected text"), text, "{file}");
    }
}

#[test]
fn a_comment_keeps_to_its_length_and_says_what_it_leaves_out() {
    for count in [1, 3, 12, 400] {
        let samples = ["hostile", "nothing-to-do", "findings", "twin-values"];
        let hubs: Vec<_> = (0..count).map(|n| hub(&format!("hub-{n}"), samples[n % samples.len()])).collect();
        for len_max in [MARKDOWN_LEN_MIN, 20_000, 65_536] {
            let options = RenderOptions { markdown_len_max: len_max, ..RenderOptions::default() };
            let text = render_hubs("prod", &hubs, HubsForm::Markdown, &options);
            assert!(text.len() <= len_max, "{count} hubs: {} of {len_max}", text.len());
            let lines = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
            assert_eq!(lines("<details>"), lines("</details>"));
            assert_eq!(lines("```") % 2, 0);
            let plans = lines("### `hub-");
            assert_eq!(plans < count, text.contains("Left out, for this comment has no more room:** the plans of"));
            assert!(plans > 0 || len_max == MARKDOWN_LEN_MIN, "what has room is shown");
        }
    }
}

#[test]
fn hubs_stand_in_their_order_under_one_verdict() {
    let text = rendered(&world(), HubsForm::Markdown);
    let verdict = text.lines().next().expect("a heading");
    assert!(verdict.starts_with("## 5 hubs: 1 without a plan, 1 refused, "), "{verdict}");
    let headings: Vec<_> = text.lines().filter(|line| line.starts_with("### `")).collect();
    let names: Vec<_> = headings.iter().filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(names, ["eu", "us", "lab", "spare"]);
}

#[test]
fn ids_of_a_page_are_unique_and_links_lead_somewhere() {
    let html = rendered(&world(), HubsForm::Html);
    let mut ids: Vec<_> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for target in html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&target), "{target}");
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert!(count > 20 && !html.contains("<b>@all</b>"));
}

#[test]
fn findings_name_their_hub() {
    let lines = rendered(&world(), HubsForm::Github);
    assert!(lines.contains("hub `us`: ") && lines.contains("hubjobs plan of prod%2C hub asia::"), "{lines}");
    let log: serde_json::Value = serde_json::from_str(&rendered(&world(), HubsForm::Sarif)).expect("JSON");
    assert_eq!(log["runs"].as_array().expect("runs").len(), 1);
    for result in log["runs"][0]["results"].as_array().expect("results") {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        assert!(result["message"]["text"].as_str().expect("a text").starts_with("hub `"));
    }
}
