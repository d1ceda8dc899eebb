//! The frame of the page: head, verdict, and the sections in the order in which a reviewer asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use sha2::{Digest as _, Sha256};

use super::{chart, effects, sections};
use crate::report::document::{CountsMode, PlanDocument};
use crate::report::headline::{Headline, Standing, by_radius, coming};
use crate::report::plan_text::summary_text;
use crate::report::untrusted::Untrusted;
use crate::report::when::utc;

const STYLE: &str = include_str!("plan.css");

/// Data of others, which cannot reorder or hide what stands around it; markup in it is text.
pub(super) struct Data<'a>(pub(super) &'a str);

/// Longest piece of data that is shown, in characters.
const DATA_LEN_MAX: usize = 600;

impl Render for Data<'_> {
    fn render_to(&self, buffer: &mut String) {
        Untrusted::new(self.0).cut(DATA_LEN_MAX).to_string().render_to(buffer);
    }
}

/// Sentences with data in them: what stands between backticks is code.
pub(super) fn sentence(text: &str) -> Markup {
    html! {
        @for (index, segment) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (Data(segment)) } } @else { (Data(segment)) }
        }
    }
}

/// The whole page.
#[must_use]
pub(in crate::report) fn plan_html(document: &PlanDocument) -> String {
    let headline = Headline::new(document);
    let actions = by_radius(document);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head(document, &headline))
            body {
                a.skip href="#plan" { "Skip to the plan" }
                (top(document, &headline))
                main #plan tabindex="-1" {
                    (sections::findings(&document.findings))
                    (sections::blocked(document))
                    (sections::actions(&actions))
                    (effects::effects(&actions))
                    (effects::coming(&coming(document)))
                    (chart::timeline(&document.timeline))
                    (sections::upcoming(&document.upcoming))
                    (sections::unchanged(document))
                }
                (foot(document))
            }
        }
    };
    markup.into_string()
}

/// Nothing may be loaded, sent or run; the one style is known by its hash.
fn head(document: &PlanDocument, headline: &Headline) -> Markup {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            title { (Data(&headline.verdict)) " · plan of " (Data(&document.environment)) }
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn top(document: &PlanDocument, headline: &Headline) -> Markup {
    let PlanDocument { environment, owner, hub, now, summary, .. } = document;
    html! {
        header class=(class(headline.standing)) {
            p.quiet {
                "Plan of " b { (Data(environment)) } " on " (Data(&hub.name)) " (" (Data(&hub.sku)) " × " (hub.units)
                "), owner " (Data(owner)) ", as of " (utc(*now))
            }
            h1 { (Data(&headline.verdict)) }
            dl.figures {
                @if let Some(reach) = &headline.reach {
                    div { dt { "Reaches" } dd { (reach.figure) small { (reach.unit) } } }
                }
                @if let Some(start) = &headline.first_start {
                    div { dt { "First start" } dd { (Data(start.strip_prefix("starts ").unwrap_or(start))) } }
                }
            }
            p { (summary_text(summary)) }
            @for step in next_steps(document, headline.standing) {
                p.next { b { "Next: " } (step) }
            }
        }
    }
}

const fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Refused => "refused",
        Standing::Ready => "ready",
        Standing::Blocked => "blocked",
        Standing::Waiting => "waiting",
        Standing::Idle => "idle",
    }
}

/// What to do next.
fn next_steps(document: &PlanDocument, standing: Standing) -> Vec<Markup> {
    let mut steps = vec![match standing {
        Standing::Refused => {
            html! { "nothing is applied as long as a finding below refuses it. Its help says what would let it pass; then plan again." }
        }
        Standing::Ready => {
            html! { "review the devices and values below, then run " code { "hubjobs apply -e " (Data(&document.environment)) } ", or apply the saved plan." }
        }
        Standing::Blocked => html! { "follow the help of the blocked slots; nothing else is to be done." },
        Standing::Waiting => html! { "nothing now; an apply within the times below does what is deferred." },
        Standing::Idle => html! { "nothing; the hub has every job that git wants." },
    }];
    if document.counts.mode == CountsMode::None && standing != Standing::Idle {
        steps.push(html! { "devices were not counted; plan with " code { "--counts all" } " to see how many each job reaches." });
    }
    steps
}

fn foot(document: &PlanDocument) -> Markup {
    html! {
        footer.quiet {
            @if !document.digest.is_empty() {
                p { "Digest " code { (Data(&document.digest)) } }
            }
            p {
                "Times are local to the manifest, and UTC. Devices as counted at " (utc(document.now))
                "; a job chooses its devices when it starts. Written by hubjobs."
            }
        }
    }
}
