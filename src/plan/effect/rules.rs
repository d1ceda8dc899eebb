//! Rules about what a plan does to the fleet, and about what it does not know of that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::absent::absent_in_words;
use super::{Change, Effect};
use crate::model::{HubSize, Manifest, ManifestName, Seconds};
use crate::plan::finding::{Finding, Level, Rule};
use crate::plan::question::{Answer, Answers, Unasked};
use crate::plan::review::Configurations;
use crate::plan::row::Plan;
use crate::plan::words::grouped;

/// The manifests that no row is about, each with what its next run does.
pub(in crate::plan) type Outlook<'a> = Vec<(&'a Arc<Manifest>, &'a Option<Effect>)>;

/// What a reviewer has to know of the effects of a plan.
pub(in crate::plan) fn effect_findings(
    plan: &Plan,
    effects: &[Option<Effect>],
    outlook: &Outlook<'_>,
    answers: &Answers,
    configurations: Configurations<'_>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, (row, effect)) in plan.rows.iter().zip(effects).enumerate() {
        let Some(effect) = effect else { continue };
        let about = |finding: Finding| Finding { row: Some(index), source: row.source.clone(), ..finding };
        // What is not due yet stops nothing today.
        let level = if row.step.starts_job() { Level::Deny } else { Level::Warn };
        found.extend(cannot_finish(&row.name, effect, plan.size, level).map(about));
        found.extend(no_devices(&row.name, effect, answers).map(about));
    }
    for (manifest, effect) in outlook {
        let Some(effect) = effect else { continue };
        let about = |finding: Finding| Finding { source: Some(manifest.source.clone()), ..finding };
        found.extend(cannot_finish(&manifest.name, effect, plan.size, Level::Warn).map(about));
        found.extend(no_devices(&manifest.name, effect, answers).map(about));
    }
    found.extend(daily_quota(plan, effects));
    found.extend(not_counted(effects, answers, plan.size));
    found.extend(not_looked_at(configurations));
    found
}

fn finding(rule: Rule, level: Level, message: String, help: String) -> Finding {
    Finding { rule, level, message, help: Some(help), source: None, row: None, acknowledged: None }
}

/// Devices that are still waiting when a job ends are failed by the hub.
fn cannot_finish(name: &ManifestName, effect: &Effect, size: HubSize, level: Level) -> Option<Finding> {
    let (forecast, reach) = (effect.forecast?, effect.reach.as_ref()?);
    if forecast.fits() {
        return None;
    }
    let rate = size.job_device_operations_per_second();
    let (devices, which) = match effect.change {
        Change::Twin(_) => (reach.matched, ""),
        Change::Method { .. } => (reach.connected.unwrap_or(reach.matched), "connected "),
    };
    let minutes = Seconds::new(forecast.duration.get().div_ceil(60) * 60);
    Some(finding(
        Rule::CannotFinish,
        level,
        format!(
            "`{name}` cannot finish: {} {which}devices at {rate} a second, the rate of {size}, take {}, \
             and the hub ends the job after {}",
            grouped(devices),
            forecast.duration,
            forecast.limit
        ),
        format!("write `maxExecutionTime: {minutes}`, or a condition that matches fewer devices"),
    ))
}

fn no_devices(name: &ManifestName, effect: &Effect, answers: &Answers) -> Option<Finding> {
    let reach = effect.reach.as_ref()?;
    let absent = absent_in_words(&effect.condition, answers).map(|words| format!("; {words}")).unwrap_or_default();
    (reach.matched == 0).then(|| {
        finding(
            Rule::NoDevices,
            Level::Warn,
            format!("`{name}` matches no device now, and selects anew when it starts{absent}"),
            "compare the condition with the twin of a device that it should match; names and values are case-sensitive"
                .to_owned(),
        )
    })
}

/// About how many messages of the daily quota the counted jobs of a plan take; nothing when none was
/// counted.
pub(in crate::plan) fn messages(plan: &Plan, effects: &[Option<Effect>]) -> Option<u64> {
    let of_rows = plan.rows.iter().zip(effects).filter(|(row, _)| row.step.starts_job());
    of_rows
        .filter_map(|(_, effect)| effect.as_ref()?.forecast)
        .map(|forecast| forecast.messages)
        .reduce(u64::saturating_add)
}

fn daily_quota(plan: &Plan, effects: &[Option<Effect>]) -> Option<Finding> {
    let size = plan.size;
    let (messages, quota) = (messages(plan, effects)?, size.messages_per_day());
    (messages > quota).then(|| {
        finding(
            Rule::DailyQuota,
            Level::Warn,
            format!(
                "the jobs of this plan take about {} messages, and {size} serves {} a day",
                grouped(messages),
                grouped(quota)
            ),
            "spread the jobs over several days, or buy units for the day".to_owned(),
        )
    })
}

/// Numbers that are missing, and why.
fn not_counted(effects: &[Option<Effect>], answers: &Answers, size: HubSize) -> Option<Finding> {
    let mut reasons: BTreeMap<Missing<'_>, usize> = BTreeMap::new();
    for (_, answer) in answers.iter() {
        if let Some(missing) = Missing::of(answer) {
            *reasons.entry(missing).or_default() += 1;
        }
    }
    if reasons.is_empty() {
        return None;
    }
    let words: Vec<_> = reasons.iter().map(|(missing, count)| missing.in_words(*count, size)).collect();
    let uncounted = effects.iter().flatten().filter(|effect| effect.reach.is_none()).count();
    let actions = match uncounted {
        0 => "the devices of every action are counted, but not everything else is".to_owned(),
        1 => "the devices of one action are not counted".to_owned(),
        count => format!("the devices of {count} actions are not counted"),
    };
    let help = match reasons.contains_key(&Missing::Open(Unasked::BudgetSpent)) {
        true => "plan a part of the project with `--target NAME` or `-l SELECTOR`, or do without with `--counts none`",
        false => "plan again, or do without with `--counts none`",
    };
    Some(finding(Rule::CountsIncomplete, Level::Warn, format!("{actions}: {}", words.join("; ")), help.to_owned()))
}

/// Why a number is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Missing<'a> {
    Open(Unasked),
    Failed(&'a str),
}

impl<'a> Missing<'a> {
    fn of(answer: &'a Answer) -> Option<Self> {
        match answer {
            Answer::Rows(_) | Answer::Part(_) => None,
            Answer::Failed(why) => Some(Self::Failed(why)),
            Answer::Open(why) => Some(Self::Open(*why)),
        }
    }

    fn in_words(self, count: usize, size: HubSize) -> String {
        let queries = if count == 1 { "1 query was".to_owned() } else { format!("{count} queries were") };
        match self {
            Self::Open(Unasked::BudgetSpent) => {
                let most = size.queries_per_minute();
                format!(
                    "{queries} not answered, because a plan takes {most} at the most, those of one minute of {size}"
                )
            }
            Self::Open(Unasked::TooLong) => format!("{queries} longer than the hub allows"),
            Self::Open(Unasked::TimeOver) => format!("{queries} not answered in time"),
            Self::Open(Unasked::InVain) => format!("{queries} not asked after that"),
            Self::Failed(why) => format!("{queries} refused ({why})"),
        }
    }
}

fn not_looked_at(configurations: Configurations<'_>) -> Option<Finding> {
    let Configurations::Refused(why) = configurations else { return None };
    Some(finding(
        Rule::ConfigurationsUnread,
        Level::Warn,
        format!(
            "the automatic device configurations could not be read ({why}); \
             whether they write the same properties is not known"
        ),
        "let the policy read the registry (`RegistryRead`)".to_owned(),
    ))
}
