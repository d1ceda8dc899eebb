//! The frame of the page: head, verdict, and the sections in the order in which a reviewer asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};
use sha2::{Digest as _, Sha256};

use super::{chart, effects, sections};
use crate::report::document::{CountsMode, PlanDocument};
use crate::report::headline::{Headline, OFFLINE, Reach, Standing, by_radius, coming};
use crate::report::hubs::{HubPlan, HubsHeadline};
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

/// Where a plan stands on its page: alone, or as one of several with a number. Headings of the
/// latter are a level deeper, and what has an id has one of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(Option<usize>);

impl Place {
    /// An id on this page.
    pub(super) fn id(self, name: &str) -> String {
        self.0.map_or_else(|| name.to_owned(), |number| format!("hub-{number}-{name}"))
    }

    /// What names a section: its heading, behind that of its hub where there are several.
    pub(super) fn label(self, name: &str) -> String {
        let id = self.id(name);
        self.0.map_or_else(|| id.clone(), |number| format!("hub-{number} {id}"))
    }

    /// The heading of a section, which has its id.
    pub(super) fn heading(self, name: &str, text: &str) -> Markup {
        html! { @if self.0.is_none() { h2 id=(self.id(name)) { (text) } } @else { h3 id=(self.id(name)) { (text) } } }
    }

    /// The heading of a part of a section.
    pub(super) fn part(self, text: &Markup) -> Markup {
        html! { @if self.0.is_none() { h3 { (text) } } @else { h4 { (text) } } }
    }
}

/// The whole page.
#[must_use]
pub(in crate::report) fn plan_html(document: &PlanDocument) -> String {
    let headline = Headline::new(document);
    let place = Place(None);
    let title = format!("{} · plan of {}", headline.verdict, document.environment);
    let main = html! {
        (top(document, &headline, html! { h1 { (Data(&headline.verdict)) } }))
        main #plan tabindex="-1" { (body(document, place)) }
        (foot(document))
    };
    page(&title, &main)
}

/// One page for several hubs.
#[must_use]
pub(in crate::report) fn hubs_html(environment: &str, hubs: &[HubPlan]) -> String {
    let headline = HubsHeadline::new(hubs);
    let title = format!("{} · plan of {environment}", headline.verdict);
    let main = html! {
        header class=(class(headline.standing)) {
            p.quiet { "Plan of " b { (Data(environment)) } }
            h1 { (Data(&headline.verdict)) }
            (figures(headline.reach.as_ref(), None))
            nav aria-label="Hubs" {
                ul {
                    @for (index, hub) in hubs.iter().enumerate() {
                        li { a href=(format!("#hub-{index}")) { (Data(&hub.hub)) } ": " (standing(hub)) }
                    }
                }
            }
        }
        main #plan tabindex="-1" { @for (index, hub) in hubs.iter().enumerate() { (hub_section(hub, index)) } }
    };
    page(&title, &main)
}

/// A hub in a line.
fn standing(hub: &HubPlan) -> Markup {
    html! {
        @match &hub.plan {
            Ok(document) => (Data(&Headline::new(document).line())),
            Err(no_plan) => { "no plan: " (sentence(&no_plan.message)) }
        }
    }
}

fn hub_section(hub: &HubPlan, index: usize) -> Markup {
    let place = Place(Some(index));
    let heading = |verdict: &str| html! { h2 id=(format!("hub-{index}")) { (Data(&hub.hub)) ": " (Data(verdict)) } };
    html! {
        section.hub aria-labelledby=(format!("hub-{index}")) {
            @match &hub.plan {
                Ok(document) => {
                    @let headline = Headline::new(document);
                    (top(document, &headline, heading(&headline.verdict)))
                    (body(document, place))
                    (foot(document))
                }
                Err(no_plan) => header.refused {
                    (heading("no plan"))
                    p { (sentence(&no_plan.message)) }
                    @for line in &no_plan.help { p.next { b { "Help: " } (sentence(line)) } }
                }
            }
        }
    }
}

fn page(title: &str, content: &Markup) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body {
                a.skip href="#plan" { "Skip to the plan" }
                (chart::patterns())
                (content)
            }
        }
    };
    markup.into_string()
}

fn body(document: &PlanDocument, place: Place) -> Markup {
    let actions = by_radius(document);
    html! {
        (sections::findings(&document.findings, place))
        (sections::blocked(document, place))
        (sections::actions(&actions, place))
        (effects::effects(&actions, place))
        (effects::coming(&coming(document), place))
        (chart::timeline(&document.timeline, place))
        (sections::upcoming(&document.upcoming, place))
        (sections::unchanged(document, place))
    }
}

/// Nothing may be loaded, sent or run; the one style is known by its hash.
fn head(title: &str) -> Markup {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            title { (Data(title)) }
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn top(document: &PlanDocument, headline: &Headline, heading: Markup) -> Markup {
    let PlanDocument { environment, owner, hub, now, summary, .. } = document;
    html! {
        header class=(class(headline.standing)) {
            p.quiet {
                "Plan of " b { (Data(environment)) } " on " (Data(&hub.name)) " (" (Data(&hub.sku)) " × " (hub.units)
                "), owner " (Data(owner)) ", as of " (utc(*now))
            }
            (heading)
            (figures(headline.reach.as_ref(), headline.first_start.as_deref()))
            p { (summary_text(summary)) }
            @for step in next_steps(document, headline.standing) {
                p.next { b { "Next: " } (step) }
            }
        }
    }
}

/// The numbers that a tired reader must not overlook.
fn figures(reach: Option<&Reach>, first_start: Option<&str>) -> Markup {
    html! {
        dl.figures {
            @if let Some(reach) = reach {
                div { dt { "Reaches" } dd { (reach.figure) small { (reach.unit) } } }
            }
            @if let Some(start) = first_start {
                div { dt { "First start" } dd { (Data(start.strip_prefix("starts ").unwrap_or(start))) } }
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
        _ if document.is_offline() => {
            html! { (OFFLINE) ". What is listed as new may be on the hub already; somebody who may sign in runs " code { "hubjobs plan -e " (Data(&document.environment)) } "." }
        }
        Standing::Ready => {
            html! { "review the devices and values below, then run " code { "hubjobs apply -e " (Data(&document.environment)) } ", or apply the saved plan." }
        }
        Standing::Blocked => html! { "follow the help of the blocked slots; nothing else is to be done." },
        Standing::Waiting => html! { "nothing now; an apply within the times below does what is deferred." },
        Standing::Idle => html! { "nothing now; the hub has every job that is due." },
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
