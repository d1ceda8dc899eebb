//! `MethodJob` and `TwinJob`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::scalar::{AnyObject, AnyValue, Whole};

/// Invokes a direct method on every device of the target.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct MethodJob<'a> {
    /// Version of the manifest format: `hubjobs.dev/v1`.
    #[schemars(required, extend("const" = super::API_VERSION), example = super::API_VERSION)]
    #[expect(dead_code, reason = "checked by the schema")]
    pub(in crate::validate) api_version: Option<&'a str>,
    /// What the document describes: `MethodJob` invokes a direct method on devices.
    #[schemars(required, extend("const" = "MethodJob"), example = &"MethodJob")]
    #[expect(dead_code, reason = "checked by the schema")]
    pub(in crate::validate) kind: Option<&'a str>,
    /// Name and labels of the job.
    #[schemars(required, example = json!({"name": "lock-doors", "labels": {"team": "facilities"}}))]
    #[serde(borrow)]
    pub(in crate::validate) metadata: Option<JobMetadata<'a>>,
    /// What to invoke, on which devices, and when.
    #[schemars(required, example = json!({
        "target": {"condition": "tags.building = '43'"},
        "schedule": {"cron": "0 22 * * 1-5", "timeZone": "Europe/Berlin"},
        "method": {"name": "lockDoor"},
    }))]
    pub(in crate::validate) spec: Option<MethodJobSpec<'a>>,
}

/// Updates tags and desired properties of every device of the target.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct TwinJob<'a> {
    /// Version of the manifest format: `hubjobs.dev/v1`.
    #[schemars(required, extend("const" = super::API_VERSION), example = super::API_VERSION)]
    #[expect(dead_code, reason = "checked by the schema")]
    pub(in crate::validate) api_version: Option<&'a str>,
    /// What the document describes: `TwinJob` updates device twins.
    #[schemars(required, extend("const" = "TwinJob"), example = &"TwinJob")]
    #[expect(dead_code, reason = "checked by the schema")]
    pub(in crate::validate) kind: Option<&'a str>,
    /// Name and labels of the job.
    #[schemars(required, example = json!({"name": "relocate-sensors"}))]
    #[serde(borrow)]
    pub(in crate::validate) metadata: Option<JobMetadata<'a>>,
    /// What to change, on which devices, and when.
    #[schemars(required, example = json!({
        "target": {"condition": "tags.site = 'north'"},
        "schedule": {"at": "2026-12-01T09:30", "timeZone": "Europe/Berlin"},
        "twin": {"tags": {"building": "43"}},
    }))]
    pub(in crate::validate) spec: Option<TwinJobSpec<'a>>,
}

/// Name and labels of a job manifest.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct JobMetadata<'a> {
    /// Identity of the manifest within the project: 1 to 24 of `a-z`, `0-9` and inner `-`. It is
    /// part of every job id; after a new name, `spec.moved` keeps jobs from running again. Files may
    /// move freely.
    #[schemars(
        required,
        extend("pattern" = "^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$",
            "patternErrorMessage" = "1 to 24 lower-case letters, digits and inner hyphens"),
        example = &"lock-doors"
    )]
    pub(in crate::validate) name: Option<&'a str>,
    /// Free words for people and for selecting manifests with `-l`. They do not reach the hub, and
    /// changing them changes no job.
    #[schemars(example = json!({"team": "facilities", "stage": "prod"}))]
    #[serde(borrow)]
    pub(in crate::validate) labels: Option<BTreeMap<&'a str, &'a str>>,
}

/// A direct method job.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct MethodJobSpec<'a> {
    /// While true, nothing new is created and own jobs that have not started are cancelled.
    /// Default: false.
    #[schemars(example = true)]
    pub(in crate::validate) suspend: Option<bool>,
    /// Raise it to run a slot again that was already used, while its starting deadline lasts.
    /// 0 to 35. Default: 0.
    #[schemars(range(max = 35), example = 1)]
    pub(in crate::validate) generation: Option<Whole>,
    /// Which devices: exactly one of `condition`, `deviceIds` and `all`.
    #[schemars(required, example = json!({"condition": "tags.building = '43' AND tags.floor = 3"}))]
    #[serde(borrow)]
    pub(in crate::validate) target: Option<Target<'a>>,
    /// When: exactly one of `at`, `cron` and `asap`.
    #[schemars(required, example = json!({"cron": "0 22 * * 1-5", "timeZone": "Europe/Berlin"}))]
    #[serde(borrow)]
    pub(in crate::validate) schedule: Option<Schedule<'a>>,
    /// The hub ends the job this long after its start, whatever is still open; devices that are
    /// offline until then fail. At most 30 days. Default: `1h`, as on the hub.
    #[schemars(example = &"10m", example = &"PT1H")]
    pub(in crate::validate) max_execution_time: Option<&'a str>,
    /// The direct method and its arguments.
    #[schemars(required, example = json!({"name": "lockDoor", "payload": {"reason": "night"}, "responseTimeout": "15s"}))]
    pub(in crate::validate) method: Option<Method<'a>>,
    /// When the finished job counts as a success. Without it, devices that fail only cause a warning.
    #[schemars(example = json!({"methodStatus": [200, 202], "minSucceededPercent": 95}))]
    pub(in crate::validate) success_when: Option<MethodSuccess>,
    /// How many devices the target is expected to match. A plan that finds fewer or more is refused:
    /// a tag that was renamed must not turn twelve devices into ten thousand. `target: {all: true}`
    /// needs its `max`.
    #[schemars(example = json!({"min": 1, "max": 50}))]
    pub(in crate::validate) expect_devices: Option<ExpectDevices>,
    /// Limits of this manifest. Those of the environment count as well: the stricter one decides.
    #[schemars(example = json!({"maxDevices": 500}))]
    pub(in crate::validate) safety: Option<JobSafety>,
    /// Names that this manifest had before. Own jobs under them are jobs of this manifest, so that a
    /// new name runs nothing a second time. Keep an entry for 30 days, as long as a hub remembers.
    #[schemars(length(min = 1), example = json!([{"from": "old-name"}]))]
    #[serde(borrow)]
    pub(in crate::validate) moved: Option<Vec<Moved<'a>>>,
    /// The id of a job that somebody else created: it is the run of this manifest, which must have
    /// `schedule.at`. hubjobs neither creates it again nor ever cancels it. `hubjobs import --adopt`
    /// writes it.
    #[schemars(length(min = 1, max = 64), example = &"nightly-import")]
    pub(in crate::validate) adopt: Option<&'a str>,
}

/// A twin update job.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct TwinJobSpec<'a> {
    /// While true, nothing new is created and own jobs that have not started are cancelled.
    /// Default: false.
    #[schemars(example = true)]
    pub(in crate::validate) suspend: Option<bool>,
    /// Raise it to run a slot again that was already used, while its starting deadline lasts.
    /// 0 to 35. Default: 0.
    #[schemars(range(max = 35), example = 1)]
    pub(in crate::validate) generation: Option<Whole>,
    /// Which devices: exactly one of `condition`, `deviceIds` and `all`.
    #[schemars(required, example = json!({"condition": "tags.site = 'north'"}))]
    #[serde(borrow)]
    pub(in crate::validate) target: Option<Target<'a>>,
    /// When: exactly one of `at`, `cron` and `asap`.
    #[schemars(required, example = json!({"at": "2026-12-01T09:30", "timeZone": "Europe/Berlin"}))]
    #[serde(borrow)]
    pub(in crate::validate) schedule: Option<Schedule<'a>>,
    /// The hub ends the job this long after its start, whatever is still open. At most 30 days.
    /// Default: `1h`, as on the hub.
    #[schemars(example = &"1h", example = &"PT1H")]
    pub(in crate::validate) max_execution_time: Option<&'a str>,
    /// The changes of the twin, as JSON merge patches: null deletes a key.
    #[schemars(required, example = json!({"tags": {"building": "43"}, "desired": {"telemetry": {"intervalSeconds": 60}}}))]
    pub(in crate::validate) twin: Option<Twin>,
    /// When the finished job counts as a success. Without it, devices that fail only cause a warning.
    #[schemars(example = json!({"minSucceededPercent": 98}))]
    pub(in crate::validate) success_when: Option<TwinSuccess>,
    /// How many devices the target is expected to match. A plan that finds fewer or more is refused:
    /// a tag that was renamed must not turn twelve devices into ten thousand. `target: {all: true}`
    /// needs its `max`.
    #[schemars(example = json!({"min": 1, "max": 50}))]
    pub(in crate::validate) expect_devices: Option<ExpectDevices>,
    /// Limits of this manifest. Those of the environment count as well: the stricter one decides.
    #[schemars(example = json!({"maxDevices": 500}))]
    pub(in crate::validate) safety: Option<JobSafety>,
    /// Names that this manifest had before. Own jobs under them are jobs of this manifest, so that a
    /// new name runs nothing a second time. Keep an entry for 30 days, as long as a hub remembers.
    #[schemars(length(min = 1), example = json!([{"from": "old-name"}]))]
    #[serde(borrow)]
    pub(in crate::validate) moved: Option<Vec<Moved<'a>>>,
    /// The id of a job that somebody else created: it is the run of this manifest, which must have
    /// `schedule.at`. hubjobs neither creates it again nor ever cancels it. `hubjobs import --adopt`
    /// writes it.
    #[schemars(length(min = 1, max = 64), example = &"nightly-import")]
    pub(in crate::validate) adopt: Option<&'a str>,
}

/// An earlier name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Moved<'a> {
    /// The `metadata.name` that the manifest had.
    #[schemars(
        required,
        extend("pattern" = "^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$",
            "patternErrorMessage" = "1 to 24 lower-case letters, digits and inner hyphens"),
        example = &"old-name"
    )]
    pub(in crate::validate) from: Option<&'a str>,
}

/// Which devices a job is for: exactly one of the fields.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
pub(in crate::validate) struct Target<'a> {
    /// What follows WHERE in an IoT Hub query, at most 8164 characters. Devices are chosen when the
    /// job starts.
    #[schemars(
        example = &"tags.building = '43' AND tags.floor = 3",
        example = &"properties.reported.firmware != '2.1' AND status = 'enabled'"
    )]
    pub(in crate::validate) condition: Option<&'a str>,
    /// The ids of the devices. The list becomes `deviceId IN [...]`, which must not exceed the
    /// 8192 characters of a query.
    #[schemars(length(min = 1), example = json!(["lock-00001", "lock-00002"]))]
    #[serde(borrow)]
    pub(in crate::validate) device_ids: Option<Vec<&'a str>>,
    /// Every device of the hub; only `true` makes sense.
    #[schemars(extend("const" = true), example = true)]
    pub(in crate::validate) all: Option<bool>,
}

/// When a job runs: exactly one of `at`, `cron` and `asap`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    deny_unknown_fields,
    extend("oneOf" = [{"required": ["at"]}, {"required": ["cron"]}, {"required": ["asap"]}])
)]
pub(in crate::validate) struct Schedule<'a> {
    /// Once, at this minute: with an offset, or local time of `timeZone`.
    #[schemars(example = &"2026-12-01T09:30", example = &"2026-12-01T09:30:00+01:00")]
    pub(in crate::validate) at: Option<&'a str>,
    /// Again and again: minute, hour, day of month, month, day of week (0 and 7 are Sunday), in
    /// local time of `timeZone`.
    #[schemars(example = &"0 22 * * 1-5", example = &"*/15 6-18 * * *")]
    pub(in crate::validate) cron: Option<&'a str>,
    /// Once, as soon as possible, but not after a given minute.
    #[schemars(example = json!({"notAfter": "2026-12-01T18:00:00Z"}))]
    pub(in crate::validate) asap: Option<Asap<'a>>,
    /// IANA name of the time zone that local times are in. Required with `cron`, and with times
    /// that have no offset.
    #[schemars(example = &"Europe/Berlin", example = &"UTC")]
    pub(in crate::validate) time_zone: Option<&'a str>,
    /// How late an occurrence may still start, for example because nobody ran `hubjobs apply`.
    /// At most 14 days. Not with `asap`. Default: `1h`.
    #[schemars(example = &"30m")]
    pub(in crate::validate) starting_deadline: Option<&'a str>,
    /// With `cron`: whether an occurrence may start while an earlier one still runs. `Forbid` holds
    /// it back. Default: `Forbid`.
    #[schemars(example = &"Allow")]
    pub(in crate::validate) concurrency_policy: Option<ConcurrencyPolicy>,
}

/// As soon as possible.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Asap<'a> {
    /// The latest minute at which the job may start; it also tells one asap job from the next.
    /// With an offset, or local time of `timeZone`.
    #[schemars(required, example = &"2026-12-01T18:00:00Z")]
    pub(in crate::validate) not_after: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::validate) enum ConcurrencyPolicy {
    Forbid,
    Allow,
}

/// A direct method and its arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Method<'a> {
    /// The method's name: 1 to 64 of `A-Z a-z 0-9 _ . - *`. `component*command` calls a Plug and
    /// Play component.
    #[schemars(
        required,
        extend("pattern" = "^[A-Za-z0-9_.*-]{1,64}$",
            "patternErrorMessage" = "1 to 64 of A-Z a-z 0-9 _ . - *"),
        example = &"lockDoor"
    )]
    pub(in crate::validate) name: Option<&'a str>,
    /// What the method gets: any JSON value, at most 128 KB.
    #[schemars(example = json!({"reason": "night"}))]
    pub(in crate::validate) payload: Option<AnyValue>,
    /// How long a connected device may take to answer: `5s` to `5m`. Default: `30s`.
    #[schemars(example = &"15s")]
    pub(in crate::validate) response_timeout: Option<&'a str>,
    /// How long to wait for a device that is not connected: `0s` to `5m`, at most
    /// `responseTimeout`. Default: `0s`, which fails at once.
    #[schemars(example = &"5s")]
    pub(in crate::validate) connect_timeout: Option<&'a str>,
}

/// The changes of a twin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub(in crate::validate) struct Twin {
    /// Patch of the tags, at most 8 KB; null deletes a key.
    #[schemars(example = json!({"building": "43", "floor": 3}))]
    pub(in crate::validate) tags: Option<AnyObject>,
    /// Patch of the desired properties, at most 32 KB; null deletes a key.
    #[schemars(example = json!({"telemetry": {"intervalSeconds": 60}, "legacyFlag": null}))]
    pub(in crate::validate) desired: Option<AnyObject>,
}

/// When a direct method job counts as a success.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct MethodSuccess {
    /// Statuses of a device's answer that count as success. To the hub every answer is one.
    #[schemars(length(min = 1), example = json!([200, 202]))]
    pub(in crate::validate) method_status: Option<Vec<Whole>>,
    /// Share of the devices that must succeed, 0 to 100.
    #[schemars(range(min = 0, max = 100), example = 95)]
    pub(in crate::validate) min_succeeded_percent: Option<f64>,
}

/// When a twin job counts as a success.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct TwinSuccess {
    /// Share of the devices that must succeed, 0 to 100.
    #[schemars(range(min = 0, max = 100), example = 98)]
    pub(in crate::validate) min_succeeded_percent: Option<f64>,
}

/// How many devices a target is expected to match: `min`, `max` or both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub(in crate::validate) struct ExpectDevices {
    /// The fewest devices.
    #[schemars(example = 1)]
    pub(in crate::validate) min: Option<Whole>,
    /// The most devices.
    #[schemars(example = 50)]
    pub(in crate::validate) max: Option<Whole>,
}

/// Limits of one manifest.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct JobSafety {
    /// Most devices that one job of it may reach.
    #[schemars(example = 500)]
    pub(in crate::validate) max_devices: Option<Whole>,
    /// Largest share of the hub's devices that one job of it may reach, 0 to 100. Not looked at below
    /// 25 devices.
    #[schemars(range(min = 0, max = 100), example = 5)]
    pub(in crate::validate) max_percent_of_hub: Option<f64>,
}
