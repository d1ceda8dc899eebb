//! The devices of the suite: 24 locks, of which 4 are never online, and 250 lamps.

use std::collections::BTreeMap;

use hubjobs::model::{Connectivity, DeviceGroup, Fleet, IdPattern, MethodBehaviour, Percent, Seconds, Shape, Template};
use serde_json::{Map, json};

pub(crate) fn fleet() -> Fleet {
    let online = Percent::ZERO;
    let never = Percent::whole(100);
    Fleet {
        name: "suite".to_owned(),
        seed: 1,
        groups: vec![
            group("lock", "lock", 20, online),
            group("dark", "lock", 4, never),
            group("lamp", "lamp", 250, online),
        ],
    }
}

fn group(name: &str, role: &str, count: u32, offline: Percent) -> DeviceGroup {
    let constant = |value| Template { shape: Shape::Constant(value), missing: Percent::ZERO };
    let lock_door = MethodBehaviour {
        status: 200,
        payload: json!({"locked": true}),
        latency_min_ms: 10,
        latency_max_ms: 500,
        fail: Percent::ZERO,
        fail_status: 500,
        no_answer: Percent::ZERO,
        reports: Map::new(),
    };
    DeviceGroup {
        name: name.to_owned(),
        count,
        id_pattern: IdPattern::parse(&format!("{name}-{{n:03}}")).expect("a pattern"),
        tags: vec![("role".to_owned(), constant(json!(role)))],
        desired: vec![("old".to_owned(), constant(json!(true)))],
        reported: Vec::new(),
        connectivity: Connectivity { offline, flapping: Percent::ZERO, flapping_period: Seconds::HOUR },
        reports_desired: false,
        methods: BTreeMap::from([("lockDoor".to_owned(), lock_door)]),
    }
}
