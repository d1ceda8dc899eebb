//! `Policy`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::scalar::AnyObject;

/// Rules over what a plan would do, and times at which jobs may run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Policy<'a> {
    /// Version of the manifest format: `hubjobs.dev/v1`.
    #[schemars(required, extend("const" = super::API_VERSION), example = super::API_VERSION)]
    #[expect(dead_code, reason = "checked by the schema")]
    pub(in crate::validate) api_version: Option<&'a str>,
    /// What the document describes: `Policy` stands among the manifests of a project.
    #[schemars(required, extend("const" = "Policy"), example = &"Policy")]
    #[expect(dead_code, reason = "checked by the schema")]
    pub(in crate::validate) kind: Option<&'a str>,
    /// Name of the policy.
    #[schemars(required, example = json!({"name": "guard-rails"}))]
    #[serde(borrow)]
    pub(in crate::validate) metadata: Option<PolicyMetadata<'a>>,
    /// Rules, windows and cases.
    #[schemars(required, example = json!({"rules": [
        {"name": "reboots-are-small", "level": "deny", "when": "action.devices > 500", "message": "too many at once"},
    ]}))]
    #[serde(borrow)]
    pub(in crate::validate) spec: Option<PolicySpec<'a>>,
}

/// Name of a policy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct PolicyMetadata<'a> {
    /// Name of the policy within the project, part of what it says: 1 to 24 of `a-z`, `0-9` and
    /// inner `-`.
    #[schemars(
        required,
        extend("pattern" = "^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$",
            "patternErrorMessage" = "1 to 24 lower-case letters, digits and inner hyphens"),
        example = &"guard-rails"
    )]
    pub(in crate::validate) name: Option<&'a str>,
}

/// What a policy says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct PolicySpec<'a> {
    /// Environments of the project that it is for. Default: all of them.
    #[schemars(length(min = 1), example = json!(["prod"]))]
    #[serde(borrow)]
    pub(in crate::validate) environments: Option<Vec<&'a str>>,
    /// What no action may be like: each is asked about every job that a plan would create, now or later.
    #[schemars(example = json!([
        {"name": "reboots-are-small", "level": "deny", "when": "action.devices > 500", "message": "too many at once"},
    ]))]
    #[serde(borrow)]
    pub(in crate::validate) rules: Option<Vec<Rule<'a>>>,
    /// When jobs may act on devices. Cancelling is always allowed.
    #[schemars(example = json!([{
        "name": "year-end", "kind": "deny",
        "from": "2026-12-20T00:00", "until": "2027-01-02T00:00", "timeZone": "Europe/Berlin",
    }]))]
    #[serde(borrow)]
    pub(in crate::validate) windows: Option<Vec<Window<'a>>>,
    /// Examples of what the policy says, which `hubjobs policy test` goes through.
    #[schemars(example = json!([
        {"name": "a small reboot", "action": {"devices": 12}, "expect": "pass"},
    ]))]
    #[serde(borrow)]
    pub(in crate::validate) cases: Option<Vec<Case<'a>>>,
}

/// A rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Rule<'a> {
    /// Name within the policy: `a-z`, `0-9` and inner `-`.
    #[schemars(required, example = &"reboots-are-small")]
    pub(in crate::validate) name: Option<&'a str>,
    /// `deny` refuses the whole plan, `warn` only says so.
    #[schemars(required, example = &"deny")]
    pub(in crate::validate) level: Option<Level>,
    /// A CEL expression over `action`, `environment`, `hub` and `plan`; the rule applies where it is
    /// true. One that cannot be evaluated counts as true.
    #[schemars(required, example = &"action.kind == 'method' && action.devices > 500")]
    pub(in crate::validate) when: Option<&'a str>,
    /// What is said then; an expression in braces stands for its value.
    #[schemars(required, example = &"{action.name} would call {action.devices} devices at once")]
    pub(in crate::validate) message: Option<&'a str>,
}

/// A time window: weekly with `days`, else once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Window<'a> {
    /// Name within the policy: `a-z`, `0-9` and inner `-`.
    #[schemars(required, example = &"year-end")]
    pub(in crate::validate) name: Option<&'a str>,
    /// `deny`: no job runs within it. `allow`: jobs run only within one of those.
    #[schemars(required, example = &"deny")]
    pub(in crate::validate) kind: Option<WindowKind>,
    /// Days of the week on which a weekly window begins.
    #[schemars(length(min = 1), example = json!(["mon", "tue", "wed", "thu"]))]
    pub(in crate::validate) days: Option<Vec<Day>>,
    /// First minute: a time of the day with `days`, else a local date and time.
    #[schemars(required, example = &"22:00", example = &"2026-12-20T00:00")]
    pub(in crate::validate) from: Option<&'a str>,
    /// The minute after the last. A time of the day that is not later than `from` is on the next day.
    #[schemars(required, example = &"06:00", example = &"2027-01-02T00:00")]
    pub(in crate::validate) until: Option<&'a str>,
    /// IANA name of the time zone of `from` and `until`.
    #[schemars(required, example = &"Europe/Berlin")]
    pub(in crate::validate) time_zone: Option<&'a str>,
}

/// An example.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub(in crate::validate) struct Case<'a> {
    /// What it shows.
    #[schemars(required, length(min = 1), example = &"a reboot of the whole fleet")]
    pub(in crate::validate) name: Option<&'a str>,
    /// The action as expressions see it. What is left out is missing to them.
    #[schemars(required, example = json!({"kind": "method", "devices": 9800}))]
    pub(in crate::validate) action: Option<AnyObject>,
    /// The environment. Default: one that the policy is for.
    #[schemars(example = &"prod")]
    pub(in crate::validate) environment: Option<&'a str>,
    /// When the job starts, with an offset. Without it no window is looked at.
    #[schemars(example = &"2026-12-24T15:00:00+01:00")]
    pub(in crate::validate) at: Option<&'a str>,
    /// What must come of it.
    #[schemars(required, example = &"deny")]
    pub(in crate::validate) expect: Option<Expect>,
    /// The rules and windows that must apply, and no others. Default: any.
    #[schemars(example = json!(["reboots-are-small"]))]
    #[serde(borrow)]
    pub(in crate::validate) rules: Option<Vec<&'a str>>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(in crate::validate) enum Level {
    Deny,
    Warn,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(in crate::validate) enum WindowKind {
    Allow,
    Deny,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(in crate::validate) enum Expect {
    Pass,
    Warn,
    Deny,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(in crate::validate) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}
