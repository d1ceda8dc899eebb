//! `Fleet`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::project::Metadata;
use super::scalar::{AnyObject, AnyValue, Whole};

/// Simulated devices for the emulator.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Fleet<'a> {
    /// Version of the manifest format: `hubjobs.dev/v1`.
    #[schemars(required, extend("const" = super::API_VERSION), example = super::API_VERSION)]
    #[expect(dead_code, reason = "checked by the schema")]
    pub(in crate::validate) api_version: Option<&'a str>,
    /// What the document describes: `Fleet` stands in the file that `emulator.fleet` names.
    #[schemars(required, extend("const" = "Fleet"), example = &"Fleet")]
    #[expect(dead_code, reason = "checked by the schema")]
    pub(in crate::validate) kind: Option<&'a str>,
    /// Name of the fleet.
    #[schemars(required, example = json!({"name": "buildings"}))]
    #[serde(borrow)]
    pub(in crate::validate) metadata: Option<Metadata<'a>>,
    /// The devices.
    #[schemars(required, example = json!({
        "seed": 43,
        "groups": [{"name": "locks", "count": 100, "idPattern": "lock-{n:05}"}],
    }))]
    pub(in crate::validate) spec: Option<FleetSpec<'a>>,
}

/// The devices of a fleet.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct FleetSpec<'a> {
    /// Start of all chance in the fleet: the same file and seed make the same devices. Default: 0.
    #[schemars(example = 43)]
    pub(in crate::validate) seed: Option<Whole>,
    /// Groups of devices that are alike but for chance, at most 1000.
    #[schemars(required, length(min = 1, max = 1000), example = json!([{"name": "locks", "count": 100, "idPattern": "lock-{n:05}"}]))]
    #[serde(borrow)]
    pub(in crate::validate) groups: Option<Vec<Group<'a>>>,
}

/// A number of devices that are alike but for chance.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Group<'a> {
    /// Name of the group, unique in the fleet. Renaming a group draws its devices anew.
    #[schemars(required, length(min = 1), example = &"locks")]
    pub(in crate::validate) name: Option<&'a str>,
    /// Number of devices, 1 to 1000000.
    #[schemars(required, range(min = 1, max = 1_000_000), example = 100)]
    pub(in crate::validate) count: Option<Whole>,
    /// Their ids: a text with one counter, `{n}` or zero-padded `{n:05}`, which starts at 1.
    #[schemars(required, extend("pattern" = "\\{n(:[0-9]+)?\\}"), example = &"lock-{n:05}")]
    pub(in crate::validate) id_pattern: Option<&'a str>,
    /// Their tags. A plain value is the same on every device; a map of `$` keys is made anew for
    /// each: `{$choose: [a, b]}`, `{$weighted: [{value: a, weight: 3}]}`, `{$cycle: [a, b]}`,
    /// `{$range: [1, 12]}`, `{$pattern: "room-{n:03}"}`, any with `$missingPercent: 5`.
    #[schemars(example = json!({"building": "43", "floor": {"$range": [1, 12]}}))]
    pub(in crate::validate) tags: Option<AnyObject>,
    /// Their desired properties, in the form of `tags`.
    #[schemars(example = json!({"telemetry": {"intervalSeconds": 300}}))]
    pub(in crate::validate) desired: Option<AnyObject>,
    /// Their reported properties, in the form of `tags`.
    #[schemars(example = json!({"firmware": {"$choose": ["2.0", "2.1"]}}))]
    pub(in crate::validate) reported: Option<AnyObject>,
    /// How reliably they are connected. Default: always.
    #[schemars(example = json!({"offlinePercent": 5, "flapping": {"percent": 10, "period": "10m"}}))]
    #[serde(borrow)]
    pub(in crate::validate) connectivity: Option<Connectivity<'a>>,
    /// Whether a connected device takes desired properties over into its reported ones, as most
    /// firmware does. Default: true.
    #[schemars(example = true)]
    pub(in crate::validate) reports_desired: Option<bool>,
    /// How the devices answer direct methods, by name; `*` is for all others. Without an entry a
    /// device answers 501.
    #[schemars(example = json!({"lockDoor": {"status": 200, "latency": {"min": "50ms", "max": "2s"}}}))]
    #[serde(borrow)]
    pub(in crate::validate) methods: Option<BTreeMap<&'a str, Behaviour<'a>>>,
}

/// How reliably devices are connected.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Connectivity<'a> {
    /// Share that never connects, 0 to 100. Default: 0.
    #[schemars(range(min = 0, max = 100), example = 5)]
    pub(in crate::validate) offline_percent: Option<f64>,
    /// Devices that come and go.
    #[schemars(example = json!({"percent": 10, "period": "10m"}))]
    #[serde(borrow)]
    pub(in crate::validate) flapping: Option<Flapping<'a>>,
}

/// Devices that come and go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Flapping<'a> {
    /// Share of the devices, 0 to 100.
    #[schemars(required, range(min = 0, max = 100), example = 10)]
    pub(in crate::validate) percent: Option<f64>,
    /// How long such a device stays connected, and then away.
    #[schemars(required, example = &"10m")]
    pub(in crate::validate) period: Option<&'a str>,
}

/// How a device answers a direct method.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Behaviour<'a> {
    /// Status of a good answer. Default: 200.
    #[schemars(example = 200)]
    pub(in crate::validate) status: Option<Whole>,
    /// Payload of a good answer. Default: null.
    #[schemars(example = json!({"locked": true}))]
    pub(in crate::validate) payload: Option<AnyValue>,
    /// How long the device takes to answer. Default: at once.
    #[schemars(example = json!({"min": "50ms", "max": "2s"}))]
    #[serde(borrow)]
    pub(in crate::validate) latency: Option<Latency<'a>>,
    /// Share of the devices that answer `failStatus`, 0 to 100. Default: 0.
    #[schemars(range(min = 0, max = 100), example = 2)]
    pub(in crate::validate) fail_percent: Option<f64>,
    /// Status of a bad answer. Default: 500.
    #[schemars(example = 500)]
    pub(in crate::validate) fail_status: Option<Whole>,
    /// Share of the devices that never answer, 0 to 100. Default: 0.
    #[schemars(range(min = 0, max = 100), example = 1)]
    pub(in crate::validate) no_answer_percent: Option<f64>,
    /// Changes of the reported properties after a good answer; null deletes a key.
    #[schemars(example = json!({"locked": true}))]
    pub(in crate::validate) reports: Option<AnyObject>,
}

/// Bounds of the time to answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Latency<'a> {
    /// Shortest: `50ms`, `2s`. Default: `0ms`.
    #[schemars(example = &"50ms")]
    pub(in crate::validate) min: Option<&'a str>,
    /// Longest. Default: as `min`.
    #[schemars(example = &"2s")]
    pub(in crate::validate) max: Option<&'a str>,
}
