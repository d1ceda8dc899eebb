//! How simulated devices behave: when they are connected and how they answer methods.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::chance::Draw;
use super::keys::Keys;
use super::moment::{MILLISECOND, Moment, SECOND};
use super::patch::Patch;
use crate::model::{DeviceGroup, MethodBehaviour, Percent};

/// What the devices of one group of a fleet have in common.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Behaviour {
    /// Whether connected devices take desired properties over into their reported ones.
    pub(super) reports_desired: bool,
    /// How long a flapping device stays connected, and then away.
    flapping_seconds: u64,
    methods: BTreeMap<String, Answers>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Answers {
    status: i32,
    payload: Value,
    latency_min_ms: u32,
    latency_max_ms: u32,
    fail_percent: f64,
    fail_status: i32,
    no_answer_percent: f64,
    reports: Map<String, Value>,
    #[serde(skip)]
    reports_patch: Patch,
}

/// What a connected device does when a method is invoked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Response<'a> {
    /// It answers.
    Answer { status: i32, payload: &'a Value, latency_ms: u32 },
    /// It never answers.
    Silence,
}

/// The physical link of a simulated device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(in crate::emulator) enum Link {
    /// Never connects by itself.
    Down,
    /// Always connected.
    Up,
    /// Comes and goes, out of step with the others by this.
    Flapping { phase_ms: u64 },
}

/// What a device without a handler answers.
const NOT_IMPLEMENTED: i32 = 501;

impl Behaviour {
    /// The behaviour of a group. All names in it are interned.
    pub(super) fn of(group: &DeviceGroup, keys: &mut Keys) -> Self {
        let methods = group.methods.iter().map(|(name, method)| (name.clone(), Answers::of(method))).collect();
        let mut behaviour = Self {
            reports_desired: group.reports_desired,
            flapping_seconds: group.connectivity.flapping_period.get(),
            methods,
        };
        behaviour.compile(keys);
        behaviour
    }

    /// Prepares what snapshots leave out.
    pub(super) fn compile(&mut self, keys: &mut Keys) {
        for answers in self.methods.values_mut() {
            answers.reports_patch = Patch::compile(&answers.reports, keys);
        }
    }

    /// What a device does when a method is invoked; `draw` is about the device and the call.
    pub(super) fn respond(&self, method: &str, draw: Draw) -> Response<'_> {
        let Some(answers) = self.answers(method) else {
            return Response::Answer { status: NOT_IMPLEMENTED, payload: &Value::Null, latency_ms: 0 };
        };
        if draw.about("no answer").hits(percent(answers.no_answer_percent)) {
            return Response::Silence;
        }
        let spread = u64::from(answers.latency_max_ms.saturating_sub(answers.latency_min_ms)) + 1;
        let extra = u32::try_from(draw.about("latency").below(spread)).unwrap_or_default();
        let latency_ms = answers.latency_min_ms.saturating_add(extra);
        if draw.about("fail").hits(percent(answers.fail_percent)) {
            return Response::Answer { status: answers.fail_status, payload: &Value::Null, latency_ms };
        }
        Response::Answer { status: answers.status, payload: &answers.payload, latency_ms }
    }

    /// What a device reports after it gave this status to the method.
    pub(super) fn reports_after(&self, method: &str, status: i32) -> Option<&Patch> {
        let answers = self.answers(method)?;
        (answers.status == status && !answers.reports_patch.is_empty()).then_some(&answers.reports_patch)
    }

    fn answers(&self, method: &str) -> Option<&Answers> {
        self.methods.get(method).or_else(|| self.methods.get("*"))
    }

    const fn flapping_ticks(&self) -> i64 {
        self.flapping_seconds.cast_signed().saturating_mul(SECOND)
    }
}

impl Answers {
    fn of(method: &MethodBehaviour) -> Self {
        Self {
            status: method.status,
            payload: method.payload.clone(),
            latency_min_ms: method.latency_min_ms,
            latency_max_ms: method.latency_max_ms,
            fail_percent: method.fail.get(),
            fail_status: method.fail_status,
            no_answer_percent: method.no_answer.get(),
            reports: method.reports.clone(),
            reports_patch: Patch::default(),
        }
    }
}

fn percent(number: f64) -> Percent {
    Percent::new(number).unwrap_or(Percent::ZERO)
}

impl Link {
    /// Whether the link is up.
    pub(super) const fn is_up(self, behaviour: Option<&Behaviour>, at: Moment) -> bool {
        match self {
            Self::Down => false,
            Self::Up => true,
            Self::Flapping { .. } => match self.position(behaviour, at) {
                Some((position, period)) => position < period,
                None => true,
            },
        }
    }

    /// When the link next comes up by itself, after `at`.
    pub(super) fn next_up(self, behaviour: Option<&Behaviour>, at: Moment) -> Option<Moment> {
        let (position, period) = self.position(behaviour, at)?;
        Some(at.plus(2 * period - position))
    }

    /// When the link last came up or went down by itself.
    pub(super) fn last_change(self, behaviour: Option<&Behaviour>, at: Moment) -> Option<Moment> {
        let (position, period) = self.position(behaviour, at)?;
        Some(at.plus(-(position % period)))
    }

    /// Where in its double period a flapping link is, and the single period, in ticks.
    const fn position(self, behaviour: Option<&Behaviour>, at: Moment) -> Option<(i64, i64)> {
        let (Self::Flapping { phase_ms }, Some(behaviour)) = (self, behaviour) else { return None };
        let period = behaviour.flapping_ticks();
        if period <= 0 || period > i64::MAX / 4 {
            return None;
        }
        let phase = phase_ms.cast_signed().saturating_mul(MILLISECOND).rem_euclid(2 * period);
        Some(((at.ticks().rem_euclid(2 * period) + phase).rem_euclid(2 * period), period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flapping_link_comes_and_goes() {
        let behaviour = Behaviour { reports_desired: false, flapping_seconds: 60, methods: BTreeMap::new() };
        let behaviour = Some(&behaviour);
        let link = Link::Flapping { phase_ms: 30_000 };
        let at = |second: i64| Moment::EPOCH.plus(second * SECOND);
        assert!(link.is_up(behaviour, at(0)) && link.is_up(behaviour, at(29)));
        assert!(!link.is_up(behaviour, at(30)) && !link.is_up(behaviour, at(89)));
        assert_eq!(link.next_up(behaviour, at(30)), Some(at(90)));
        assert_eq!(link.next_up(behaviour, at(89)), Some(at(90)));
        assert!(link.is_up(behaviour, at(90)));
        assert_eq!(link.last_change(behaviour, at(100)), Some(at(90)));
        assert_eq!(link.last_change(behaviour, at(60)), Some(at(30)));
        assert_eq!(Link::Up.next_up(behaviour, at(0)), None);
    }
}
