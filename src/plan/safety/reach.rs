//! How many devices a plan may reach.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::Subject;
use super::growth::{LastRun, is_set_by_people, last_runs};
use super::ruling::{Broken, Ruling};
use crate::model::{ExpectedDevices, Limit, Manifest, ManifestName, ManifestSource, Percent, TargetCondition};
use crate::plan::acknowledgement::Acknowledgeable;
use crate::plan::effect::{Effect, Outlook, absent_in_words};
use crate::plan::finding::{Finding, Level, Rule};
use crate::plan::question::Answers;
use crate::plan::words::{grouped, percent_up};

/// Below this many devices a share of the hub says nothing: half of a hub of ten is five.
const PERCENT_FROM: u64 = 25;
/// Manifests that are named when a plan as a whole reaches too far.
const NAMED: usize = 3;

/// A job that is sent to devices, now or later.
struct Reaching<'a> {
    /// Row; nothing for a manifest that no row is about.
    index: Option<usize>,
    name: &'a ManifestName,
    condition: &'a TargetCondition,
    /// Nothing when they were not counted.
    devices: Option<u64>,
}

pub(super) fn check(subject: &Subject<'_>, ruling: &mut Ruling<'_>) {
    let rows: Vec<_> = reaching(subject).collect();
    of_manifests(subject, &rows, ruling);
    of_plan(subject, &rows, &Whole::Plan, ruling);
}

/// The limits that jobs which are not due yet will break when they are: each alone, since nobody knows
/// what else will be due with it. What was not counted is said elsewhere.
pub(super) fn check_coming(subject: &Subject<'_>, outlook: &Outlook<'_>, ruling: &mut Ruling<'_>) {
    let mut seen: HashSet<_> = reaching(subject).map(|row| row.name).collect();
    let rows = subject.plan.rows.iter().zip(subject.effects).enumerate();
    let of_rows = rows.map(|(index, (row, effect))| (Some(index), &row.name, effect));
    let of_outlook = outlook.iter().map(|(manifest, effect)| (None, &manifest.name, *effect));
    let coming: Vec<_> = of_rows
        .chain(of_outlook)
        .filter_map(|(index, name, effect)| Some(Reaching::new(index, name, effect.as_ref()?)))
        .filter(|row| row.devices.is_some() && seen.insert(row.name))
        .collect();
    of_manifests(subject, &coming, ruling);
    for row in &coming {
        of_plan(subject, std::slice::from_ref(row), &Whole::Job(row), ruling);
    }
}

/// What the limits of an environment are held against.
enum Whole<'a> {
    Plan,
    /// A single job.
    Job(&'a Reaching<'a>),
}

impl Whole<'_> {
    /// What it is, with its largest parts, and its row.
    fn in_words(&self, rows: &[Reaching<'_>]) -> (String, String, Option<usize>) {
        match self {
            Self::Plan => ("this plan".to_owned(), largest(rows), None),
            Self::Job(row) => (format!("`{}`", row.name), String::new(), row.index),
        }
    }
}

fn reaching<'a>(subject: &Subject<'a>) -> impl Iterator<Item = Reaching<'a>> {
    let rows = subject.plan.rows.iter().zip(subject.effects).enumerate();
    let starting = rows.filter(|(_, (row, _))| row.step.starts_job());
    starting.filter_map(|(index, (row, effect))| Some(Reaching::new(Some(index), &row.name, effect.as_ref()?)))
}

impl<'a> Reaching<'a> {
    fn new(index: Option<usize>, name: &'a ManifestName, effect: &'a Effect) -> Self {
        let devices = effect.reach.as_ref().map(|reach| reach.matched);
        Self { index, name, condition: &effect.condition, devices }
    }
}

/// What manifests say of themselves: one finding a rule and manifest, however many occurrences it has.
fn of_manifests(subject: &Subject<'_>, rows: &[Reaching<'_>], ruling: &mut Ruling<'_>) {
    if rows.is_empty() {
        return;
    }
    let last_runs =
        last_runs(&subject.plan.owner, subject.manifests, subject.observed, rows.iter().map(|row| row.name));
    let manifests: HashMap<_, _> = subject.manifests.iter().map(|manifest| (&manifest.name, &**manifest)).collect();
    let mut seen = BTreeSet::new();
    for row in rows.iter().filter(|row| seen.insert(row.name)) {
        let Some(manifest) = manifests.get(row.name) else { continue };
        let Some(devices) = row.devices else {
            uncounted_manifest(subject.answers, manifest, row, ruling);
            continue;
        };
        let last = last_runs.get(row.name).copied().filter(|last| last.is_outgrown_by(devices));
        if let Some(expected) = &manifest.expect_devices {
            let before = last.map(|last| format!(", and {}", last.in_words())).unwrap_or_default();
            let absent = absent_in_words(row.condition, subject.answers).map(|words| format!("; {words}"));
            expectation(row, devices, expected, &(before + &absent.unwrap_or_default()), ruling);
        }
        if let (Some(last), None) = (last, manifest.expect_devices.as_ref().and_then(|limit| limit.value.max())) {
            growth(row, devices, last, manifest, subject.answers, ruling);
        }
        if let Some(limit) = &manifest.limits.max_devices
            && devices > limit.value
        {
            ruling.broken(Broken {
                rule: Rule::MaxDevices,
                by: Acknowledgeable::MaxDevices(Some(row.name.clone())),
                found: real(devices),
                message: format!(
                    "`{}` would reach {}; its own limit is {} (`maxDevices`)",
                    row.name,
                    devices_in_words(devices),
                    grouped(limit.value),
                ),
                line: format!("`maxDevices: {devices}`"),
                source: limit.source.clone(),
                row: row.index,
            });
        }
        if let Some(limit) = &manifest.limits.max_percent_of_hub {
            let by = Acknowledgeable::MaxPercentOfHub(Some(row.name.clone()));
            let who = (format!("`{}` would reach", row.name), "its own limit is".to_owned());
            percent_of_hub(subject, devices, limit, (by, who, row.index), ruling);
        }
    }
}

fn expectation(
    row: &Reaching<'_>,
    devices: u64,
    expected: &Limit<ExpectedDevices>,
    context: &str,
    ruling: &mut Ruling<'_>,
) {
    let (min, max) = (expected.value.min(), expected.value.max());
    let broken = |wanted: String, line: String| Broken {
        rule: Rule::ExpectDevices,
        by: Acknowledgeable::ExpectDevices(row.name.clone()),
        found: real(devices),
        message: format!("`{}` would reach {}; it expects {wanted}{context}", row.name, devices_in_words(devices)),
        line,
        source: expected.source.clone(),
        row: row.index,
    };
    match (min, max) {
        (_, Some(max)) if devices > max => {
            let floor = min.map(|min| format!("min: {min}, ")).unwrap_or_default();
            let line = format!("`expectDevices: {{{floor}max: {devices}}}`");
            ruling.broken(broken(format!("at most {}", grouped(max)), line));
        }
        (Some(min), _) if devices < min => {
            let ceiling = max.map(|max| format!(", max: {max}")).unwrap_or_default();
            let line = format!("`expectDevices: {{min: {devices}{ceiling}}}`");
            ruling.missed(broken(format!("at least {}", grouped(min)), line));
        }
        _ => {}
    }
}

/// A manifest that says how many devices it expects at the most has been thought about, and that number
/// decides. For all others, what they reached before is what somebody has seen.
fn growth(
    row: &Reaching<'_>,
    devices: u64,
    last: LastRun,
    manifest: &Manifest,
    answers: &Answers,
    ruling: &mut Ruling<'_>,
) {
    let absent = absent_in_words(row.condition, answers);
    let grown = Broken {
        rule: Rule::TargetGrew,
        by: Acknowledgeable::TargetGrew(row.name.clone()),
        found: real(devices),
        message: format!(
            "`{}` would reach {}, and {}; its condition is the same, {}",
            row.name,
            devices_in_words(devices),
            last.in_words(),
            absent.map_or_else(
                || "so tags or properties of devices have changed".to_owned(),
                |absent| format!("but {absent}")
            ),
        ),
        line: format!("`expectDevices: {{max: {devices}}}`"),
        source: Some(manifest.source.clone()),
        row: row.index,
    };
    if is_set_by_people(row.condition) { ruling.broken(grown) } else { ruling.noted(grown) }
}

/// What the environment allows to the plan as a whole.
fn of_plan(subject: &Subject<'_>, rows: &[Reaching<'_>], whole: &Whole<'_>, ruling: &mut Ruling<'_>) {
    let limits = subject.limits;
    if limits.max_devices.is_none() && limits.max_percent_of_hub.is_none() {
        return;
    }
    let Some(devices) = together(rows, subject.hub_devices) else {
        uncounted_plan(subject, rows, ruling);
        return;
    };
    let environment = &subject.plan.environment;
    let (what, parts, row) = whole.in_words(rows);
    if let Some(limit) = &limits.max_devices
        && devices > limit.value
    {
        ruling.broken(Broken {
            rule: Rule::MaxDevices,
            by: Acknowledgeable::MaxDevices(None),
            found: real(devices),
            message: format!(
                "{what} would reach {}{parts}; environment `{environment}` allows at most {} (`maxDevices`)",
                devices_in_words(devices),
                grouped(limit.value),
            ),
            line: format!("`maxDevices: {devices}`"),
            source: limit.source.clone(),
            row,
        });
    }
    if let Some(limit) = &limits.max_percent_of_hub {
        let who = (format!("{what}{parts} would reach"), format!("environment `{environment}` allows at most"));
        percent_of_hub(subject, devices, limit, (Acknowledgeable::MaxPercentOfHub(None), who, row), ruling);
    }
}

type Whose = (Acknowledgeable, (String, String), Option<usize>);

fn percent_of_hub(
    subject: &Subject<'_>,
    devices: u64,
    limit: &Limit<Percent>,
    (by, (who, bound), row): Whose,
    ruling: &mut Ruling<'_>,
) {
    if devices < PERCENT_FROM {
        return;
    }
    let Some(hub_devices) = subject.hub_devices else {
        ruling.unchecked(
            &[by],
            uncounted(
                subject.answers,
                "the devices of the hub were not counted",
                "`maxPercentOfHub`",
                &limit.source,
                row,
            ),
        );
        return;
    };
    // The two were counted one after the other; devices may have come in between.
    let whole = hub_devices.max(devices);
    if !limit.value.is_exceeded_by(devices, whole) {
        return;
    }
    let found = percent_up(devices, whole);
    ruling.broken(Broken {
        rule: Rule::MaxPercentOfHub,
        by,
        found,
        message: format!(
            "{who} {}, {found} % of the hub; {bound} {} (`maxPercentOfHub`)",
            devices_in_words(devices),
            limit.value
        ),
        line: format!("`maxPercentOfHub: {found}`"),
        source: limit.source.clone(),
        row,
    });
}

/// The most devices that the rows can reach together: each distinct target once, at most the hub.
fn together(rows: &[Reaching<'_>], hub_devices: Option<u64>) -> Option<u64> {
    let targets = rows.iter().map(|row| Some((row.condition, row.devices?))).collect::<Option<BTreeMap<_, _>>>()?;
    let sum = targets.values().fold(0_u64, |sum, devices| sum.saturating_add(*devices));
    let largest = targets.values().max().copied().unwrap_or_default();
    Some(hub_devices.map_or(sum, |hub| sum.min(hub.max(largest))))
}

/// ` (reboot-controllers 9 800, lock-doors 12 and 3 more)`; nothing for a single manifest.
fn largest(rows: &[Reaching<'_>]) -> String {
    let mut of_names: BTreeMap<_, u64> = BTreeMap::new();
    for row in rows {
        let most = of_names.entry(row.name).or_default();
        *most = (*most).max(row.devices.unwrap_or_default());
    }
    let mut of_names: Vec<_> = of_names.into_iter().collect();
    of_names.sort_by_key(|(_, devices)| std::cmp::Reverse(*devices));
    let named: Vec<_> =
        of_names.iter().take(NAMED).map(|(name, devices)| format!("{name} {}", grouped(*devices))).collect();
    match of_names.len().saturating_sub(NAMED) {
        0 => format!(" ({})", named.join(", ")),
        more => format!(" ({} and {more} more)", named.join(", ")),
    }
}

fn uncounted_manifest(answers: &Answers, manifest: &Manifest, row: &Reaching<'_>, ruling: &mut Ruling<'_>) {
    let Manifest { name, expect_devices, limits, .. } = manifest;
    let set = [
        expect_devices.as_ref().map(|limit| ("its `expectDevices`", &limit.source)),
        limits.max_devices.as_ref().map(|limit| ("its `maxDevices`", &limit.source)),
        limits.max_percent_of_hub.as_ref().map(|limit| ("its `maxPercentOfHub`", &limit.source)),
    ];
    let Some((limit, source)) = set.into_iter().flatten().next() else { return };
    let about = [
        Acknowledgeable::ExpectDevices(name.clone()),
        Acknowledgeable::MaxDevices(Some(name.clone())),
        Acknowledgeable::MaxPercentOfHub(Some(name.clone())),
    ];
    let what = format!("the devices of `{name}` were not counted");
    ruling.unchecked(&about, uncounted(answers, &what, limit, source, row.index));
}

fn uncounted_plan(subject: &Subject<'_>, rows: &[Reaching<'_>], ruling: &mut Ruling<'_>) {
    let missing: BTreeSet<_> = rows.iter().filter(|row| row.devices.is_none()).map(|row| row.name).collect();
    let what = match (missing.len(), missing.first()) {
        (1, Some(name)) => format!("the devices of `{name}` were not counted"),
        (count, _) => format!("the devices of {count} manifests were not counted"),
    };
    let limits = subject.limits;
    let set = [
        limits.max_devices.as_ref().map(|limit| ("maxDevices", &limit.source)),
        limits.max_percent_of_hub.as_ref().map(|limit| ("maxPercentOfHub", &limit.source)),
    ];
    let Some((limit, source)) = set.into_iter().flatten().next() else { return };
    let limit = format!("`{limit}` of environment `{}`", subject.plan.environment);
    let about = [Acknowledgeable::MaxDevices(None), Acknowledgeable::MaxPercentOfHub(None)];
    ruling.unchecked(&about, uncounted(subject.answers, &what, &limit, source, None));
}

fn uncounted(
    answers: &Answers,
    what: &str,
    limit: &str,
    source: &Option<ManifestSource>,
    row: Option<usize>,
) -> Finding {
    let help = match answers.is_empty() {
        true => "plan with `--counts all`",
        // One plan asks what the tier answers in a minute, and a query may have been refused.
        false => "plan fewer manifests at a time, with `--target NAME` or `-l SELECTOR`; `-vv` shows every query",
    };
    Finding {
        rule: Rule::Uncounted,
        level: Level::Deny,
        message: format!("{what}, so {limit} cannot be checked"),
        help: Some(help.to_owned()),
        source: source.clone(),
        row,
        acknowledged: None,
    }
}

fn devices_in_words(count: u64) -> String {
    if count == 1 { "1 device".to_owned() } else { format!("{} devices", grouped(count)) }
}

#[expect(clippy::cast_precision_loss, reason = "device counts are far below 2^52")]
const fn real(count: u64) -> f64 {
    count as f64
}
