//! `Project`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::auth::Auth;
use super::scalar::{AnyObject, Scalar, Whole};

/// A project: whose jobs, on which hubs, under which limits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Project<'a> {
    /// Version of the manifest format: `hubjobs.dev/v1`.
    #[schemars(required, extend("const" = super::API_VERSION), example = super::API_VERSION)]
    #[expect(dead_code, reason = "checked by the schema")]
    pub(in crate::validate) api_version: Option<&'a str>,
    /// What the document describes: `Project` stands in `hubjobs.yaml` at the root of the project.
    #[schemars(required, extend("const" = "Project"), example = &"Project")]
    #[expect(dead_code, reason = "checked by the schema")]
    pub(in crate::validate) kind: Option<&'a str>,
    /// Name of the project.
    #[schemars(required, example = json!({"name": "buildings"}))]
    #[serde(borrow)]
    pub(in crate::validate) metadata: Option<Metadata<'a>>,
    /// Owner, manifests and environments.
    #[schemars(required, example = json!({
        "ownerId": "5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10",
        "owner": "bldg",
        "manifests": ["jobs/**/*.yaml"],
        "environments": {"local": {"hub": {"emulator": {"fleet": "fleet.yaml"}}, "prune": "cancelScheduled"}},
    }))]
    pub(in crate::validate) spec: Option<ProjectSpec<'a>>,
}

/// Name of a project or fleet.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Metadata<'a> {
    /// A name for people; it does not enter job ids.
    #[schemars(required, length(min = 1), example = &"buildings")]
    pub(in crate::validate) name: Option<&'a str>,
}

/// Owner, manifests and environments of a project.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct ProjectSpec<'a> {
    /// Random identity of the project, a UUID made once by `hubjobs init`. Never copy it to another
    /// repository: both would then manage the same jobs.
    #[schemars(
        required,
        extend("pattern" = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
            "patternErrorMessage" = "a UUID; `hubjobs init` makes one"),
        example = &"5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10"
    )]
    pub(in crate::validate) owner_id: Option<&'a str>,
    /// Short word that begins every job id, so that people recognise whose job it is: 1 to 5 of
    /// `a-z` and `0-9`.
    #[schemars(
        required,
        extend("pattern" = "^[a-z0-9]{1,5}$", "patternErrorMessage" = "1 to 5 lower-case letters and digits"),
        example = &"bldg"
    )]
    pub(in crate::validate) owner: Option<&'a str>,
    /// The job manifests: files, folders and patterns, relative to this file. `*` stands for any
    /// part of a name, `**` for any folders.
    #[schemars(required, length(min = 1), example = json!(["jobs/**/*.yaml"]))]
    #[serde(borrow)]
    pub(in crate::validate) manifests: Option<Vec<&'a str>>,
    /// The hubs to run the jobs on, by name (`a-z`, `0-9`, inner `-`). `-e` chooses one; without it
    /// the one named `local`, or else the only one.
    #[schemars(
        required,
        extend("minProperties" = 1),
        example = json!({"local": {"hub": {"emulator": {"fleet": "fleet.yaml"}}, "prune": "cancelScheduled"}})
    )]
    #[serde(borrow)]
    pub(in crate::validate) environments: Option<BTreeMap<&'a str, Environment<'a>>>,
}

/// One hub, or several, and the rules for them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["hub"]}, {"required": ["hubs"]}]))]
pub(in crate::validate) struct Environment<'a> {
    /// The hub: either `emulator`, or `hostName` with `auth` and `sku`.
    #[schemars(example = json!({"emulator": {"fleet": "fleet.yaml", "sku": "S3"}}))]
    #[serde(borrow)]
    pub(in crate::validate) hub: Option<Hub<'a>>,
    /// Several hubs instead of one, by name (`a-z`, `0-9`, inner `-`). Every job goes to each of them;
    /// `--hub` chooses one.
    #[schemars(extend("minProperties" = 1), example = json!({
        "eu": {"hostName": "contoso-eu.azure-devices.net", "auth": {"connectionStringEnv": "HUB_EU"}, "sku": "S2"},
        "us": {"hostName": "contoso-us.azure-devices.net", "auth": {"connectionStringEnv": "HUB_US"}, "sku": "S1"},
    }))]
    #[serde(borrow)]
    pub(in crate::validate) hubs: Option<BTreeMap<&'a str, Hub<'a>>>,
    /// What happens to own jobs that have not started when their manifest is gone. There is no
    /// default: say whether a deleted file may cancel jobs.
    #[schemars(required, example = &"never")]
    pub(in crate::validate) prune: Option<Prune>,
    /// How early an occurrence may be created on the hub, where it occupies a lane until it starts.
    /// At most 7 days. Default: `1h`.
    #[schemars(example = &"1h")]
    pub(in crate::validate) lookahead: Option<&'a str>,
    /// Limits that a plan must keep.
    #[schemars(example = json!({"maxDevices": 1000, "maxPercentOfHub": 10, "maxCancelPercent": 30}))]
    pub(in crate::validate) safety: Option<Safety>,
    /// Whether `hubjobs apply` takes nothing but a saved plan that was signed with the key in
    /// `HUBJOBS_PLAN_KEY`. Default: false.
    #[schemars(example = true)]
    pub(in crate::validate) require_signed_plan: Option<bool>,
    /// Values that manifests name as `${name}`: texts, numbers, booleans or null. A value that is
    /// exactly `${name}` keeps the type; inside a longer text it becomes text; inside a condition it is
    /// a constant, in quotes if it is a text. `$${` stands for the characters `${`.
    #[schemars(example = json!({"intervalSeconds": 60, "site": "north"}))]
    #[serde(borrow)]
    pub(in crate::validate) variables: Option<BTreeMap<&'a str, Scalar>>,
    /// Changes of single manifests in this environment, applied before variables are put in.
    #[schemars(example = json!([{"kind": "TwinJob", "name": "relocate-sensors", "patch": {"spec": {"suspend": true}}}]))]
    #[serde(borrow)]
    pub(in crate::validate) patches: Option<Vec<Patch<'a>>>,
}

/// A change of one manifest.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Patch<'a> {
    /// Kind of the manifest.
    #[schemars(required, example = &"TwinJob")]
    pub(in crate::validate) kind: Option<JobKind>,
    /// Name of the manifest, its `metadata.name`.
    #[schemars(required, example = &"relocate-sensors")]
    pub(in crate::validate) name: Option<&'a str>,
    /// What to merge into the manifest, as a JSON merge patch: maps are merged, all else is replaced,
    /// null removes a field. To write a null into a twin, name a variable that is null.
    #[schemars(required, example = json!({"spec": {"suspend": true}}))]
    pub(in crate::validate) patch: Option<AnyObject>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::validate) enum JobKind {
    MethodJob,
    TwinJob,
}

/// A hub: the emulator, or an IoT Hub.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    deny_unknown_fields,
    extend("if" = {"required": ["emulator"]}, "then" = {"maxProperties": 1}, "else" = {"required": ["hostName", "auth", "sku"]})
)]
pub(in crate::validate) struct Hub<'a> {
    /// The IoT Hub emulator in this program. It needs no Azure account.
    #[schemars(example = json!({"fleet": "fleet.yaml", "sku": "S3", "clock": {"mode": "fast"}}))]
    #[serde(borrow)]
    pub(in crate::validate) emulator: Option<Emulator<'a>>,
    /// Host name of an IoT Hub, with a port (`localhost:8443`) only for emulators and gateways.
    #[schemars(example = &"contoso.azure-devices.net")]
    pub(in crate::validate) host_name: Option<&'a str>,
    /// How to sign in to the IoT Hub: `entra`, which needs no secret in most places, or a map.
    #[schemars(example = &"entra", example = json!({"connectionStringEnv": "IOTHUB_CONNECTION_STRING"}))]
    #[serde(borrow)]
    pub(in crate::validate) auth: Option<Auth<'a>>,
    /// Pricing tier of the IoT Hub. It decides how many jobs may exist at once: 1 on F1 and S1,
    /// 5 on S2, 10 on S3.
    #[schemars(example = &"S1")]
    pub(in crate::validate) sku: Option<Sku>,
    /// Units of the IoT Hub. Default: 1.
    #[schemars(range(min = 1, max = 200), example = 2)]
    pub(in crate::validate) units: Option<Whole>,
}

/// The emulated hub.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Emulator<'a> {
    /// File with a `Fleet` document, relative to this file: the simulated devices. Without it the
    /// hub has none.
    #[schemars(example = &"fleet.yaml")]
    pub(in crate::validate) fleet: Option<&'a str>,
    /// Pricing tier to imitate. Default: `S1`.
    #[schemars(example = &"S3")]
    pub(in crate::validate) sku: Option<Sku>,
    /// Units to imitate. Default: 1.
    #[schemars(range(min = 1, max = 200), example = 1)]
    pub(in crate::validate) units: Option<Whole>,
    /// The hub's virtual clock.
    #[schemars(example = json!({"start": "2026-12-01T08:00:00Z", "mode": "fast"}))]
    pub(in crate::validate) clock: Option<Clock<'a>>,
}

/// A virtual clock.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Clock<'a> {
    /// First reading, with an offset. Default: the time of the machine.
    #[schemars(example = &"2026-12-01T08:00:00Z")]
    pub(in crate::validate) start: Option<&'a str>,
    /// `real` goes at wall speed; `fast` stands still, and jumps while a command waits for jobs.
    /// Default: `real`.
    #[schemars(example = &"fast")]
    pub(in crate::validate) mode: Option<ClockMode>,
}

/// Limits that a plan must keep. One that is not there is not kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Safety {
    /// Most devices that the jobs of one plan may reach together. A target that several jobs share
    /// counts once. Default: no limit.
    #[schemars(example = 1000)]
    pub(in crate::validate) max_devices: Option<Whole>,
    /// Largest share of the hub's devices that the jobs of one plan may reach together, 0 to 100. Not
    /// looked at below 25 devices, where a percentage says nothing. Default: no limit.
    #[schemars(range(min = 0, max = 100), example = 10)]
    pub(in crate::validate) max_percent_of_hub: Option<f64>,
    /// Most jobs that one plan may create. Default: no limit.
    #[schemars(example = 20)]
    pub(in crate::validate) max_new_jobs: Option<Whole>,
    /// Largest share of the own jobs that have not started that pruning may cancel in one run,
    /// 0 to 100. Default: 30.
    #[schemars(range(min = 0, max = 100), example = 30)]
    pub(in crate::validate) max_cancel_percent: Option<f64>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(in crate::validate) enum Prune {
    Never,
    CancelScheduled,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(in crate::validate) enum ClockMode {
    Real,
    Fast,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::validate) enum Sku {
    F1,
    S1,
    S2,
    S3,
}
