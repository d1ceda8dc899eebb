//! Devices with twins of about 1 KB of JSON.

use std::collections::BTreeMap;

use hubjobs::model::{Connectivity, DeviceGroup, Fleet, IdPattern, Percent, Seconds, Shape, Template};
use serde_json::{Value, json};

pub(crate) fn fleet(count: u32) -> Fleet {
    let group = DeviceGroup {
        name: "locks".to_owned(),
        count,
        id_pattern: IdPattern::parse("lock-{n:07}").unwrap(),
        tags: members(vec![
            ("site", choose(json!(["north", "south", "east", "west"]))),
            ("building", Shape::Weighted(vec![("41".into(), 200), ("43".into(), 20), ("44".into(), 780)])),
            ("floor", Shape::Integers { from: 0, to: 40 }),
            ("ring", Shape::Weighted(vec![("canary".into(), 1), ("early".into(), 9), ("rest".into(), 90)])),
            ("owner", constant(json!({"department": "facilities", "contact": "facility-desk@example.com"}))),
        ]),
        desired: members(vec![
            ("telemetry", constant(json!({"intervalSeconds": 60, "level": "information", "batch": 20}))),
            (
                "firmware",
                constant(json!({
                    "version": "2.1.4", "url": "https://updates.example.com/firmware/locks/2.1.4/image.bin",
                    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                })),
            ),
            ("schedule", constant(json!({"lockAt": "22:00", "unlockAt": "06:00", "zone": "Europe/Berlin"}))),
        ]),
        reported: members(vec![
            ("fw", Shape::Weighted(vec![("1.9.0".into(), 5), ("2.0.4".into(), 12), ("2.1.4".into(), 83)])),
            ("battery", Shape::Integers { from: 0, to: 100 }),
            ("temperature", Shape::Decimals { from: 10.0, to: 30.0 }),
            ("uptimeSeconds", Shape::Integers { from: 0, to: 4_000_000 }),
            (
                "network",
                Shape::Object(members(vec![
                    ("ssid", constant(json!("building-devices"))),
                    ("ip", constant(json!("10.20.30.40"))),
                    ("rssi", Shape::Integers { from: -90, to: -30 }),
                    ("mac", constant(json!("00:1b:44:11:3a:b7"))),
                ])),
            ),
            ("locked", choose(json!([true, false]))),
            ("lastError", constant(json!({"code": 0, "text": "none"}))),
        ]),
        connectivity: Connectivity {
            offline: Percent::ZERO,
            flapping: Percent::ZERO,
            flapping_period: Seconds::new(60),
        },
        reports_desired: false,
        methods: BTreeMap::new(),
    };
    Fleet { name: "million".to_owned(), seed: 7, groups: vec![group] }
}

fn members(members: Vec<(&str, Shape)>) -> Vec<(String, Template)> {
    let template = |shape| Template { shape, missing: Percent::ZERO };
    members.into_iter().map(|(name, shape)| (name.to_owned(), template(shape))).collect()
}

const fn constant(value: Value) -> Shape {
    Shape::Constant(value)
}

fn choose(values: Value) -> Shape {
    Shape::Weighted(values.as_array().cloned().unwrap_or_default().into_iter().map(|value| (value, 1)).collect())
}
