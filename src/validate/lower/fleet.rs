//! `Fleet`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::raw;
use super::context::{At, Lowering};
use super::duration::Bounds;
use super::method::invalid_method_name;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{
    Connectivity, DeviceGroup, DeviceId, Fleet, IdPattern, MethodBehaviour, MethodName, Percent, Seconds,
};

const FLAPPING_PERIOD: Bounds = Bounds { min: Seconds::new(1), max: Seconds::DAY, default: Seconds::HOUR };

/// Lowers a fleet.
pub(in crate::validate) fn fleet(cx: &mut Lowering<'_>, raw: &raw::Fleet<'_>) -> Option<Fleet> {
    let raw::Fleet { metadata, spec, .. } = raw;
    let name = metadata.as_ref().and_then(|raw::Metadata { name }| *name);
    let raw::FleetSpec { seed, groups } = spec.as_ref()?;
    let raw::Whole(seed) = seed.unwrap_or(raw::Whole(0));
    let at = At::ROOT.field("spec");
    let groups_at = at.field("groups");
    let lowered: Vec<_> =
        groups.as_ref()?.iter().enumerate().map(|(i, raw)| cx.group(&groups_at.item(i), raw)).collect();
    cx.distinct_groups(&groups_at, &lowered);
    Some(Fleet { name: name?.to_owned(), seed, groups: lowered.into_iter().collect::<Option<_>>()? })
}

impl Lowering<'_> {
    fn group(&mut self, at: &At<'_>, raw: &raw::Group<'_>) -> Option<DeviceGroup> {
        let raw::Group { name, count, id_pattern, tags, desired, reported, connectivity, reports_desired, methods } =
            raw;
        let count = count.and_then(|raw::Whole(count)| u32::try_from(count).ok());
        let id_pattern = id_pattern.and_then(|text| self.id_pattern(&at.field("idPattern"), text, count));
        let mut section = |name: &'static str, present: Option<raw::AnyObject>| match present {
            Some(raw::AnyObject) => self.templates(&at.field(name)),
            None => Some(Vec::new()),
        };
        let (tags, desired) = (section("tags", *tags), section("desired", *desired));
        let reported = section("reported", *reported);
        let connectivity = self.connectivity(&at.field("connectivity"), connectivity.as_ref());
        let methods = self.behaviours(&at.field("methods"), methods.as_ref());
        Some(DeviceGroup {
            name: (*name)?.to_owned(),
            count: count?,
            id_pattern: id_pattern?,
            tags: tags?,
            desired: desired?,
            reported: reported?,
            connectivity: connectivity?,
            reports_desired: reports_desired.unwrap_or(true),
            methods: methods?,
        })
    }

    fn id_pattern(&mut self, at: &At<'_>, text: &str, count: Option<u32>) -> Option<IdPattern> {
        let parsed = IdPattern::parse(text).map_err(|why| why.to_string());
        let checked = parsed.and_then(|pattern| {
            let longest = pattern.render(count.unwrap_or(1));
            DeviceId::new(&longest).map(|_| pattern).map_err(|why| format!("it makes `{longest}`: {why}"))
        });
        match checked {
            Ok(pattern) => Some(pattern),
            Err(why) => {
                self.report(at, |span| {
                    Diagnostic::error(Code::InvalidValue, span, format!("`{text}` is not an id pattern: {why}"))
                        .label("not an id pattern")
                        .help("write it like `lock-{n}` or, with leading zeros, `lock-{n:05}`")
                });
                None
            }
        }
    }

    /// Two groups of one name would draw the same chance, two of one pattern make the same ids.
    fn distinct_groups(&mut self, at: &At<'_>, groups: &[Option<DeviceGroup>]) {
        for (index, group) in groups.iter().enumerate() {
            let Some(group) = group else { continue };
            for (earlier, other) in groups[..index].iter().enumerate() {
                let Some(other) = other else { continue };
                let (field, message) = if other.name == group.name {
                    ("name", format!("two groups are named `{}`", group.name))
                } else if other.id_pattern == group.id_pattern {
                    ("idPattern", format!("the groups `{}` and `{}` make the same ids", other.name, group.name))
                } else {
                    continue;
                };
                let first = self.value_span(&at.item(earlier).field(field));
                self.report(&at.item(index).field(field), |span| {
                    Diagnostic::error(Code::DuplicateGroup, span, message)
                        .label("second one")
                        .also(first, "first one")
                        .help(format!("give it another `{field}`"))
                });
                break;
            }
        }
    }

    fn connectivity(&mut self, at: &At<'_>, raw: Option<&raw::Connectivity<'_>>) -> Option<Connectivity> {
        let (offline, flapping) = match raw {
            Some(raw::Connectivity { offline_percent, flapping }) => (*offline_percent, flapping.as_ref()),
            None => (None, None),
        };
        let (share, period) = match flapping {
            Some(raw::Flapping { percent, period }) => (*percent, *period),
            None => (None, None),
        };
        let period = self.duration(&at.field("flapping").field("period"), period, &FLAPPING_PERIOD);
        Some(Connectivity { offline: percent(offline)?, flapping: percent(share)?, flapping_period: period? })
    }

    fn behaviours(
        &mut self,
        at: &At<'_>,
        raw: Option<&BTreeMap<&str, raw::Behaviour<'_>>>,
    ) -> Option<BTreeMap<String, MethodBehaviour>> {
        let Some(raw) = raw else { return Some(BTreeMap::new()) };
        let mut lowered = BTreeMap::new();
        for (name, behaviour) in raw {
            let at = at.field(name);
            // `*` alone is a method name as well, and means all others here.
            if let Err(why) = MethodName::new(name) {
                self.report_key(&at, |span| invalid_method_name(span, &why));
            } else if let Some(behaviour) = self.behaviour(&at, behaviour) {
                lowered.insert((*name).to_owned(), behaviour);
            }
        }
        (lowered.len() == raw.len()).then_some(lowered)
    }

    fn behaviour(&mut self, at: &At<'_>, raw: &raw::Behaviour<'_>) -> Option<MethodBehaviour> {
        let raw::Behaviour { status, payload, latency, fail_percent, fail_status, no_answer_percent, reports } = raw;
        let latency = match latency {
            Some(latency) => self.latency(&at.field("latency"), latency),
            None => Some((0, 0)),
        };
        let code = |status: Option<raw::Whole>, default: i32| match status {
            Some(raw::Whole(status)) => i32::try_from(status).ok(),
            None => Some(default),
        };
        let payload = payload.and_then(|raw::AnyValue| self.free_value(&at.field("payload")));
        let reports = reports.and_then(|raw::AnyObject| self.free_value(&at.field("reports")));
        let reports = match reports {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let (latency_min_ms, latency_max_ms) = latency?;
        Some(MethodBehaviour {
            status: code(*status, 200)?,
            payload: payload.unwrap_or(Value::Null),
            latency_min_ms,
            latency_max_ms,
            fail: percent(*fail_percent)?,
            fail_status: code(*fail_status, 500)?,
            no_answer: percent(*no_answer_percent)?,
            reports,
        })
    }

    fn free_value(&mut self, at: &At<'_>) -> Option<Value> {
        let node = self.find(at)?;
        self.warn_ambiguous(node);
        Some(node.value.clone())
    }

    fn latency(&mut self, at: &At<'_>, raw: &raw::Latency<'_>) -> Option<(u32, u32)> {
        let raw::Latency { min, max } = raw;
        let (min_at, max_at) = (at.field("min"), at.field("max"));
        let min = min.map_or(Some(0), |text| self.milliseconds(&min_at, text));
        let max = match max {
            Some(text) => self.milliseconds(&max_at, text),
            None => min,
        };
        let (min, max) = (min?, max?);
        if min > max {
            let other = self.value_span(&min_at);
            self.report(&max_at, |span| {
                Diagnostic::error(Code::DurationOutOfRange, span, "the longest latency is shorter than the shortest")
                    .label("shorter")
                    .also(other, "longer")
                    .help("exchange `min` and `max`")
            });
            return None;
        }
        Some((min, max))
    }

    /// Latencies are shorter than what durations measure elsewhere.
    fn milliseconds(&mut self, at: &At<'_>, text: &str) -> Option<u32> {
        let parsed = match text.strip_suffix("ms") {
            Some(digits) => digits.parse().ok(),
            None => Seconds::parse(text).ok().and_then(|s| u32::try_from(s.get().checked_mul(1000)?).ok()),
        };
        if parsed.is_none() {
            self.report(at, |span| {
                Diagnostic::error(Code::InvalidDuration, span, format!("`{at}` is `{text}`: not a duration"))
                    .label("not a duration")
                    .help("write it like `50ms` or `2s`")
            });
        }
        parsed
    }
}

/// The schema holds the number within its bounds.
fn percent(number: Option<f64>) -> Option<Percent> {
    number.map_or(Some(Percent::ZERO), |number| Percent::new(number).ok())
}
