//! A plan of 10 000 actions as a page, and as a comment.

use std::path::Path;

use divan::Bencher;
use hubjobs::report::{PlanDocument, PlanForm, RenderOptions, render};

const ACTIONS: usize = 10_000;

fn main() {
    divan::main();
}

/// The actions of the sample plans again and again.
fn document() -> PlanDocument {
    let plan = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plans").join(name).join("plan.json");
        let text = std::fs::read_to_string(path).expect("a sample plan");
        serde_json::from_str::<PlanDocument>(&text).expect("a plan")
    };
    let mut document = plan("twin-values");
    let rows: Vec<_> =
        ["method-with-effects", "twin-values", "replace"].iter().flat_map(|name| plan(name).rows).collect();
    document.rows = rows.iter().cycle().take(ACTIONS).cloned().collect();
    document
}

#[divan::bench(args = [PlanForm::Html, PlanForm::Markdown, PlanForm::Text, PlanForm::Json])]
fn ten_thousand_actions(bencher: Bencher<'_, '_>, form: PlanForm) {
    let document = document();
    bencher.bench_local(|| render(&document, form, &RenderOptions::default()).len());
}
