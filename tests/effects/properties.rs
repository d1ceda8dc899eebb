//! What holds for every fleet: no device is lost between what is there and what is told.

use hubjobs::model::Sku;
use hubjobs::plan::{Change, Counts};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

use crate::stage::{Stage, manifest, read};

const DEVICES: usize = 24;

fn value() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        (0..12_i64).prop_map(|n| Some(json!(n))),
        (0..3_i64).prop_map(|n| Some(json!(n.to_string()))),
        any::<bool>().prop_map(|b| Some(json!(b))),
        Just(Some(json!({"deep": 1}))),
        Just(Some(json!([1, 2]))),
    ]
}

fn target() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["*", "tags.role = 'lock'", "connectionState = 'Connected'", "tags.role = 'none'"][..])
}

proptest! {
    #![proptest_config(Config { cases: 64, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_device_is_somewhere(
        values in prop::collection::vec(value(), 18),
        condition in target(),
        to in prop::sample::select(&["3", "null", "\"1\"", "true"][..]),
    ) {
        let stage = Stage::new(Sku::S3, DEVICES);
        for (n, value) in values.iter().enumerate() {
            if let Some(value) = value {
                stage.patch(n + 1, &json!({"properties": {"desired": {"a": value}}}));
            }
        }
        let manifests = read(&[manifest("any", condition, &format!("desired: {{a: {to}}}"))]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let review = runtime.block_on(stage.review(&manifests, Counts::All));
        let effect = review.effects()[0].as_ref().expect("a job to create");
        let reach = effect.reach.as_ref().expect("counted");
        prop_assert!(reach.connected.unwrap() <= reach.matched && reach.matched <= DEVICES as u64);
        prop_assert_eq!(reach.samples.len() as u64, reach.matched.min(5));
        let Change::Twin(paths) = &effect.change else { panic!("a twin job") };
        let path = &paths[0];
        let from = path.from.as_ref().expect("counted");
        let listed: u64 = from.iter().map(|current| current.devices).sum();
        prop_assert_eq!(listed + path.unlisted + path.compound, reach.matched);
        prop_assert!(from.iter().all(|current| current.devices > 0));
        if condition == "*" {
            let is = |wanted: fn(&Value) -> bool| values.iter().flatten().filter(|value| wanted(value)).count() as u64;
            prop_assert_eq!(path.compound, is(|value| value.is_object() || value.is_array()));
            let wanted: Value = serde_json::from_str(to).unwrap();
            let same = values.iter().flatten().filter(|value| **value == wanted).count() as u64;
            let told = from.iter().find(|current| current.value.as_ref() == Some(&wanted));
            prop_assert_eq!(told.map_or(0, |current| current.devices), same, "what is there already is always listed");
        }
    }
}
