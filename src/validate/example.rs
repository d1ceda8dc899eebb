//! A document of each kind to start from.

use serde_json::{Value, json};

use super::kind::Kind;
use super::raw::API_VERSION;
use super::write::to_yaml;

/// A complete document of a kind, as YAML.
#[must_use]
pub fn example(kind: Kind) -> String {
    to_yaml(&value(kind)).expect("the examples are JSON values")
}

fn value(kind: Kind) -> Value {
    let (metadata, spec) = match kind {
        Kind::Project => (json!({"name": "buildings"}), project()),
        Kind::MethodJob => (json!({"name": "lock-doors", "labels": {"team": "facilities"}}), method_job()),
        Kind::TwinJob => (json!({"name": "relocate-sensors"}), twin_job()),
        Kind::Fleet => (json!({"name": "buildings"}), fleet()),
        Kind::Policy => (json!({"name": "guard-rails"}), policy()),
    };
    json!({"apiVersion": API_VERSION, "kind": kind.as_str(), "metadata": metadata, "spec": spec})
}

fn project() -> Value {
    json!({
        "ownerId": "5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10",
        "owner": "bldg",
        "manifests": ["jobs/**/*.yaml"],
        "environments": {
            "local": {
                "hub": {"emulator": {
                    "fleet": "fleet.yaml",
                    "sku": "S3",
                    "units": 1,
                    "clock": {"start": "2026-12-01T08:00:00Z", "mode": "fast"},
                }},
                "prune": "cancelScheduled",
            },
            "prod": {
                "hub": {
                    "hostName": "contoso.azure-devices.net",
                    "auth": {"entra": {
                        "use": ["githubActions", "azurePipelines", "azureCli"],
                        "tenantId": "5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10",
                        "clientId": "0f6a3c1e-8d57-4c8e-b1a4-6f2d9c7b5e30",
                        "cloud": "public",
                        "authorityHost": "https://login.microsoftonline.com",
                        "audience": "https://iothubs.azure.net",
                        "serviceConnectionId": "9a1c7d2e-4b3f-4f6a-8e21-7c5d0b9f3a64",
                    }},
                    "sku": "S1",
                    "units": 2,
                },
                "prune": "never",
                "lookahead": "1h",
                "safety": {"maxDevices": 1000, "maxPercentOfHub": 10, "maxNewJobs": 20, "maxCancelPercent": 30},
                "requireSignedPlan": false,
                "variables": {"intervalSeconds": 60, "site": "north"},
                "patches": [
                    {"kind": "TwinJob", "name": "relocate-sensors", "patch": {"spec": {"maxExecutionTime": "2h"}}},
                ],
            },
            "world": {
                "hubs": {
                    "eu": {
                        "hostName": "contoso-eu.azure-devices.net",
                        "auth": {"connectionStringEnv": "HUB_EU"},
                        "sku": "S2",
                    },
                    "us": {
                        "hostName": "contoso-us.azure-devices.net",
                        "auth": {"connectionStringFile": "/run/secrets/hub-us"},
                        "sku": "S1",
                    },
                },
                "prune": "never",
            },
        },
    })
}

fn method_job() -> Value {
    json!({
        "suspend": false,
        "generation": 0,
        "target": {"condition": "tags.building = '43' AND tags.floor = 3"},
        "schedule": {
            "cron": "0 22 * * 1-5",
            "timeZone": "Europe/Berlin",
            "startingDeadline": "30m",
            "concurrencyPolicy": "Forbid",
        },
        "maxExecutionTime": "10m",
        "method": {
            "name": "lockDoor",
            "payload": {"reason": "night"},
            "responseTimeout": "15s",
            "connectTimeout": "5s",
        },
        "successWhen": {"methodStatus": [200, 202], "minSucceededPercent": 95},
        "expectDevices": {"min": 1, "max": 50},
        "safety": {"maxDevices": 200, "maxPercentOfHub": 5},
    })
}

fn twin_job() -> Value {
    json!({
        "target": {"condition": "tags.site = 'north'"},
        "schedule": {"at": "2026-12-01T09:30", "timeZone": "Europe/Berlin"},
        "maxExecutionTime": "1h",
        "twin": {
            "tags": {"building": "43", "floor": 3},
            "desired": {"telemetry": {"intervalSeconds": 60}, "legacyFlag": null},
        },
        "successWhen": {"minSucceededPercent": 98},
        "expectDevices": {"max": 6000},
        "moved": [{"from": "move-sensors"}],
    })
}

fn policy() -> Value {
    json!({
        "environments": ["prod"],
        "rules": [
            {
                "name": "reboots-are-small",
                "level": "deny",
                "when": "action.kind == 'method' && action.method.name == 'reboot' && action.devices > 500",
                "message": "{action.name} would reboot {action.devices} devices; no more than 500 at once",
            },
            {
                "name": "offline-devices",
                "level": "warn",
                "when": "has(action.connected) && action.connected * 2 < action.devices",
                "message": "only {action.connected} of {action.devices} devices are connected now",
            },
        ],
        "windows": [
            {
                "name": "nights",
                "kind": "allow",
                "days": ["mon", "tue", "wed", "thu"],
                "from": "22:00",
                "until": "05:00",
                "timeZone": "Europe/Berlin",
            },
            {
                "name": "year-end",
                "kind": "deny",
                "from": "2026-12-20T00:00",
                "until": "2027-01-02T00:00",
                "timeZone": "Europe/Berlin",
            },
        ],
        "cases": [
            {
                "name": "a whole fleet is not rebooted at once",
                "action": {"name": "reboot", "kind": "method", "method": {"name": "reboot"}, "devices": 9800},
                "environment": "prod",
                "expect": "deny",
                "rules": ["reboots-are-small"],
            },
            {
                "name": "no job runs into the morning",
                "action": {"kind": "twin", "devices": 12, "maxExecutionSeconds": 7200},
                "at": "2026-12-01T04:00:00+01:00",
                "expect": "deny",
                "rules": ["nights"],
            },
        ],
    })
}

fn fleet() -> Value {
    json!({
        "seed": 43,
        "groups": [{
            "name": "locks",
            "count": 100,
            "idPattern": "lock-{n:05}",
            "tags": {"building": {"$choose": ["42", "43"]}, "floor": {"$range": [1, 12]}},
            "desired": {"telemetry": {"intervalSeconds": 300}},
            "reported": {"firmware": {"$weighted": [{"value": "2.1", "weight": 9}, {"value": "2.0", "weight": 1}]}},
            "connectivity": {"offlinePercent": 5, "flapping": {"percent": 10, "period": "10m"}},
            "reportsDesired": true,
            "methods": {"lockDoor": {
                "status": 200,
                "payload": {"locked": true},
                "latency": {"min": "50ms", "max": "2s"},
                "failPercent": 2,
                "failStatus": 500,
                "noAnswerPercent": 1,
                "reports": {"locked": true},
            }},
        }],
    })
}
