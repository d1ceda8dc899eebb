//! The plans of several hubs in one comment.

use super::inert::{code, prose};
use super::{MARKDOWN_LEN_MIN, plan_of_hub};
use crate::report::headline::Headline;
use crate::report::hubs::{HubPlan, HubsHeadline, NoPlan};

/// What comes before the plan of a hub.
const RULE: &str = "\n---\n\n";
/// Room for saying which plans were left out.
const LEFT_OUT_LEN_MAX: usize = 1_000;

/// One verdict, a line for each hub, and their plans, in at most `len_max` bytes or
/// [`MARKDOWN_LEN_MIN`] if that is more. Short plans are whole before long ones share what room is left.
#[must_use]
pub(in crate::report) fn hubs_markdown(environment: &str, hubs: &[HubPlan], len_max: usize) -> String {
    let len_max = len_max.max(MARKDOWN_LEN_MIN);
    let mut text = top(environment, hubs, len_max / 3);
    let room = len_max.saturating_sub(text.len() + LEFT_OUT_LEN_MAX);
    let (plans, left_out) = plans(hubs, room);
    for plan in plans {
        text.push_str(RULE);
        text.push_str(&plan);
    }
    if !left_out.is_empty() {
        let named: Vec<_> = left_out.iter().take(6).map(|name| code(name)).collect();
        let more = if left_out.len() > named.len() { " and others" } else { "" };
        text.push_str(&format!(
            "\n> **Left out, for this comment has no more room:** the plans of {}{more}. `-o html` and `-o json` have \
             everything.\n",
            named.join(", ")
        ));
    }
    text
}

fn top(environment: &str, hubs: &[HubPlan], len_max: usize) -> String {
    let mut text = format!("## {}\n\nEnvironment {}:\n\n", prose(&HubsHeadline::new(hubs).line()), code(environment));
    for (index, hub) in hubs.iter().enumerate() {
        let line = format!("- {} {}\n", code(&hub.hub), standing(hub));
        if text.len() + line.len() > len_max {
            text.push_str(&format!("- … and {} more\n", hubs.len() - index));
            break;
        }
        text.push_str(&line);
    }
    text
}

fn standing(hub: &HubPlan) -> String {
    match &hub.plan {
        Ok(document) => prose(&Headline::new(document).line()),
        Err(NoPlan { message, help }) => {
            let help = help.iter().map(|line| format!("<br>**help:** {}", prose(line)));
            format!("**no plan:** {}{}", prose(message), help.collect::<String>())
        }
    }
}

/// The plans that have room, in the order of the hubs, and the names of the hubs whose plans have none.
fn plans(hubs: &[HubPlan], mut room: usize) -> (Vec<String>, Vec<&str>) {
    let render = |hub: &HubPlan, len_max| {
        let document = hub.plan.as_ref().ok()?;
        Some(plan_of_hub(document, Some(&hub.hub), len_max))
    };
    let mut whole: Vec<_> = hubs.iter().filter_map(|hub| Some((hub, render(hub, room)?))).collect();
    let order: Vec<_> = whole.iter().map(|(hub, _)| hub.hub.as_str()).collect();
    whole.sort_by_key(|(_, text)| text.len());
    let (mut fitted, mut left_out) = (Vec::new(), Vec::new());
    let count = whole.len();
    for (index, (hub, text)) in whole.into_iter().enumerate() {
        let share = (room / (count - index)).saturating_sub(RULE.len());
        let text = match text.len() <= share {
            true => Some(text),
            false if share >= MARKDOWN_LEN_MIN => render(hub, share),
            false => None,
        };
        match text {
            Some(text) => {
                room = room.saturating_sub(text.len() + RULE.len());
                fitted.push((hub.hub.as_str(), text));
            }
            None => left_out.push(hub.hub.as_str()),
        }
    }
    fitted.sort_by_key(|(name, _)| order.iter().position(|other| other == name));
    (fitted.into_iter().map(|(_, text)| text).collect(), left_out)
}
