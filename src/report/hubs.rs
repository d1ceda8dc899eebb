//! The plans of several hubs as one text: one verdict over all of them, then each by itself.

use super::document::PlanDocument;
use super::headline::{Headline, Reach, Standing, percent, share};
use super::html::hubs_html;
use super::markdown::hubs_markdown;
use super::plan_github::hubs_github;
use super::plan_sarif::hubs_sarif;
use super::render::RenderOptions;
use super::untrusted::json_text;
use super::when::{counted, grouped};

/// One hub of an environment, and what a run is to do there.
#[derive(Debug, Clone, PartialEq)]
pub struct HubPlan {
    /// Its name in the environment.
    pub hub: String,
    /// Its plan, or why there is none.
    pub plan: Result<PlanDocument, NoPlan>,
}

/// Why a hub has no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPlan {
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub help: Vec<String>,
}

/// How the plans of several hubs are written as one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubsForm {
    /// One comment for a pull request. All hubs together keep to its length.
    Markdown,
    /// One page.
    Html,
    /// GitHub workflow commands; each names its hub.
    Github,
    /// One SARIF log with one run; each result names its hub.
    Sarif,
}

/// The plans of the hubs of an environment as one text. Nothing in it steers its reader.
#[must_use]
pub fn render_hubs(environment: &str, hubs: &[HubPlan], form: HubsForm, options: &RenderOptions) -> String {
    match form {
        HubsForm::Markdown => hubs_markdown(environment, hubs, options.markdown_len_max),
        HubsForm::Html => hubs_html(environment, hubs),
        HubsForm::Github => hubs_github(environment, hubs),
        HubsForm::Sarif => json_text(&hubs_sarif(hubs)),
    }
}

/// The first things to say about several plans.
pub(super) struct HubsHeadline {
    /// What becomes of the worst of them.
    pub(super) standing: Standing,
    /// What becomes of all in one sentence.
    pub(super) verdict: String,
    /// Devices that all of them reach; nothing when they create no job.
    pub(super) reach: Option<Reach>,
}

impl HubsHeadline {
    pub(super) fn new(hubs: &[HubPlan]) -> Self {
        let standings: Vec<_> = hubs.iter().map(|hub| hub.plan.as_ref().ok().map(standing)).collect();
        let parts = [
            (None, "without a plan"),
            (Some(Standing::Refused), "refused"),
            (Some(Standing::Blocked), "blocked"),
            (Some(Standing::Ready), "ready to apply"),
            (Some(Standing::Waiting), "with nothing to do yet"),
            (Some(Standing::Idle), "with nothing to do"),
        ]
        .into_iter()
        .filter_map(|(wanted, words)| {
            let count = standings.iter().filter(|standing| **standing == wanted).count();
            (count > 0).then(|| format!("{count} {words}"))
        });
        let parts: Vec<_> = parts.collect();
        Self {
            standing: standings
                .iter()
                .map(|standing| standing.unwrap_or(Standing::Refused))
                .min()
                .unwrap_or(Standing::Idle),
            verdict: format!("{}: {}", counted(hubs.len(), "hub"), parts.join(", ")),
            reach: reach(hubs),
        }
    }

    /// All of it in one line.
    pub(super) fn line(&self) -> String {
        match &self.reach {
            Some(Reach { figure, unit, .. }) => format!("{} · {figure} {unit}", self.verdict),
            None => self.verdict.clone(),
        }
    }
}

fn standing(document: &PlanDocument) -> Standing {
    Headline::new(document).standing
}

/// No device is on two hubs, so that numbers of hubs add up.
fn reach(hubs: &[HubPlan]) -> Option<Reach> {
    let plans: Vec<_> = hubs.iter().filter_map(|hub| hub.plan.as_ref().ok()).collect();
    let reaches: Vec<_> = plans.iter().filter_map(|plan| Headline::new(plan).reach).collect();
    if reaches.is_empty() {
        return None;
    }
    let known: Vec<_> = reaches.iter().filter_map(|reach| reach.devices).collect();
    if known.is_empty() {
        return reaches.into_iter().next();
    }
    let devices = known.iter().fold(0, |sum: u64, devices| sum.saturating_add(*devices));
    let bound = if reaches.iter().any(|reach| reach.figure.starts_with("up to ")) { "up to " } else { "" };
    let mut unit = if devices == 1 { "device" } else { "devices" }.to_owned();
    let in_hubs: Option<u64> = plans.iter().map(|plan| plan.hub.devices).sum();
    if let Some(total) = in_hubs.filter(|total| *total > 0 && plans.len() == hubs.len()) {
        unit.push_str(&format!(", {} of all hubs", percent(share(devices, total))));
    }
    if reaches.iter().any(|reach| reach.has_uncounted) {
        unit.push_str(", and some not counted");
    }
    Some(Reach { figure: format!("{bound}{}", grouped(devices)), unit, devices: Some(devices), has_uncounted: false })
}
