//! Groups of simulated devices, written as JSON.

use std::collections::BTreeMap;

use hubjobs::model::{Connectivity, DeviceGroup, Fleet, IdPattern, MethodBehaviour, Percent, Seconds, Shape, Template};
use serde_json::{Map, Value};

/// A fleet of one group. Members: `ids`, `count`, `tags`, `desired`, `reported`, `offline` and
/// `flapping` (per cent), `period` (seconds), `reportsDesired`, `methods` (by name: `status`,
/// `payload`, `latency` [min, max] in ms, `fail`, `failStatus`, `noAnswer`, `reports`).
pub(crate) fn fleet(seed: u64, group: &Value) -> Fleet {
    let methods = object(&group["methods"]).into_iter().map(|(name, method)| (name, behaviour(&method)));
    let ids = group["ids"].as_str().unwrap_or("device-{n}");
    let group = DeviceGroup {
        name: "group".to_owned(),
        count: number(&group["count"], 1),
        id_pattern: IdPattern::parse(ids).expect("a pattern"),
        tags: templates(&group["tags"]),
        desired: templates(&group["desired"]),
        reported: templates(&group["reported"]),
        connectivity: Connectivity {
            offline: percent(&group["offline"]),
            flapping: percent(&group["flapping"]),
            flapping_period: Seconds::new(number(&group["period"], 60).into()),
        },
        reports_desired: group["reportsDesired"] == true,
        methods: methods.collect::<BTreeMap<_, _>>(),
    };
    Fleet { name: "fleet".to_owned(), seed, groups: vec![group] }
}

fn behaviour(method: &Value) -> MethodBehaviour {
    let status = |name: &str, default| method[name].as_i64().map_or(default, |n| i32::try_from(n).expect("a status"));
    MethodBehaviour {
        status: status("status", 200),
        payload: method["payload"].clone(),
        latency_min_ms: number(&method["latency"][0], 0),
        latency_max_ms: number(&method["latency"][1], 0),
        fail: percent(&method["fail"]),
        fail_status: status("failStatus", 500),
        no_answer: percent(&method["noAnswer"]),
        reports: object(&method["reports"]),
    }
}

/// Arrays are values in turn; everything else is the same on every device.
fn templates(value: &Value) -> Vec<(String, Template)> {
    let shape = |value: Value| match value {
        Value::Array(values) => Shape::Cycle(values),
        constant => Shape::Constant(constant),
    };
    let template = |value| Template { shape: shape(value), missing: Percent::ZERO };
    object(value).into_iter().map(|(name, value)| (name, template(value))).collect()
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn number(value: &Value, default: u32) -> u32 {
    value.as_u64().map_or(default, |number| u32::try_from(number).expect("a small number"))
}

fn percent(value: &Value) -> Percent {
    Percent::new(value.as_f64().unwrap_or(0.0)).expect("a percentage")
}
