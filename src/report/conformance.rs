//! How a hub differs from the emulator's facts, ready to be pasted into an issue.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::FORMAT_VERSION;
use super::style::{BLOCKED, CREATE, Painted, WARNING};
use super::untrusted::Untrusted;
use super::when::counted;
use crate::doctor::conformance::{Checked, Difference, Standing};

/// What a hub was asked, and who asked it.
#[derive(Debug, Clone, Copy)]
pub struct ConformanceTitle<'a> {
    /// The hub, with the tier that the project declares; not its name, for issues are public.
    pub hub: &'a str,
    /// Of hubjobs.
    pub version: &'a str,
    /// The day.
    pub day: &'a str,
}

/// The differences first; then what stayed open, what agrees, and what was not tried, by reason.
#[must_use]
pub fn conformance_text(title: &ConformanceTitle<'_>, checked: &[Checked]) -> String {
    let mut text = format!("hubjobs {} against {}, {}\n\n", title.version, title.hub, title.day);
    for Checked { fact, standing } in checked {
        let head = |word: &str, style| {
            format!("{} {} ({})\n    {}\n", Painted(style, word), fact.id, fact.basis, fact.sentence)
        };
        match standing {
            Standing::Differs(differences) => {
                text.push_str(&head("differs", BLOCKED));
                for Difference { asked, expected, found } in differences {
                    let _ = writeln!(text, "    asked:    {asked}");
                    let _ = writeln!(text, "    emulator: {expected}");
                    let _ = writeln!(text, "    hub:      {}", Untrusted::new(found).cut(400));
                }
            }
            Standing::Unclear(why) => {
                text.push_str(&head("unclear", WARNING));
                let _ = writeln!(text, "    because: {}", Untrusted::new(why).cut(400));
            }
            Standing::Agrees(_) | Standing::NotProbed(_) => continue,
        }
        text.push('\n');
    }
    for Checked { fact, standing } in checked {
        if let Standing::Agrees(count) = standing {
            let _ = writeln!(
                text,
                "{} {} ({}): {}",
                Painted(CREATE, "agrees"),
                fact.id,
                fact.basis,
                counted(*count, "answer")
            );
        }
    }
    text.push('\n');
    text.push_str(&not_tried(checked));
    let [differs, unclear, agrees, rest] = tally(checked);
    let _ = writeln!(
        text,
        "{}, {unclear} unclear, {agrees} {}, {rest} not tried",
        counted_differ(differs),
        if agrees == 1 { "agrees" } else { "agree" }
    );
    text
}

fn counted_differ(count: usize) -> String {
    match count {
        0 => "no fact differs".to_owned(),
        1 => "1 fact differs".to_owned(),
        count => format!("{count} facts differ"),
    }
}

/// A line for each reason, with the facts that it keeps from being tried.
fn not_tried(checked: &[Checked]) -> String {
    let mut reasons: Vec<(_, Vec<&str>)> = Vec::new();
    for Checked { fact, standing } in checked {
        if let Standing::NotProbed(why) = standing {
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, facts)) => facts.push(fact.id),
                None => reasons.push((*why, vec![fact.id])),
            }
        }
    }
    let line = |(why, facts): (crate::doctor::conformance::Unprobed, Vec<&str>)| {
        format!("not tried, because {}: {}\n", why.in_words(), facts.join(", "))
    };
    let mut text: String = reasons.into_iter().map(line).collect();
    text.push('\n');
    text
}

/// How many facts differ, are unclear, agree, were not tried.
fn tally(checked: &[Checked]) -> [usize; 4] {
    let mut tally = [0; 4];
    for Checked { standing, .. } in checked {
        tally[match standing {
            Standing::Differs(_) => 0,
            Standing::Unclear(_) => 1,
            Standing::Agrees(_) => 2,
            Standing::NotProbed(_) => 3,
        }] += 1;
    }
    tally
}

/// The same for machines.
#[must_use]
pub fn conformance_json(title: &ConformanceTitle<'_>, checked: &[Checked]) -> Value {
    let facts: Vec<_> = checked.iter().map(checked_json).collect();
    let [differs, unclear, agrees, not_tried] = tally(checked);
    json!({
        "formatVersion": FORMAT_VERSION,
        "version": title.version,
        "hub": title.hub,
        "day": title.day,
        "summary": {"differs": differs, "unclear": unclear, "agrees": agrees, "notTried": not_tried},
        "facts": facts,
    })
}

fn checked_json(Checked { fact, standing }: &Checked) -> Value {
    let (word, details) = match standing {
        Standing::Differs(differences) => {
            let differences: Vec<_> = differences
                .iter()
                .map(
                    |Difference { asked, expected, found }| json!({"asked": asked, "emulator": expected, "hub": found}),
                )
                .collect();
            ("differs", json!({"differences": differences}))
        }
        Standing::Unclear(why) => ("unclear", json!({"because": why})),
        Standing::Agrees(count) => ("agrees", json!({"answers": count})),
        Standing::NotProbed(why) => ("not-tried", json!({"because": why.as_str()})),
    };
    let mut whole = json!({"id": fact.id, "basis": fact.basis.as_str(), "sentence": fact.sentence, "standing": word});
    if let (Some(whole), Value::Object(details)) = (whole.as_object_mut(), details) {
        whole.extend(details);
    }
    whole
}
