//! What holds for every project: the search by path, place and time finds what comparing everybody
//! with everybody finds, and no two jobs share a lane.

use std::collections::BTreeSet;

use hubjobs::model::{Manifest, Seconds, Target};
use hubjobs::plan::{Review, Writer};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::Value;

use crate::scenario::{World, at, body, manifest, time};

/// Small worlds, so that paths, times and places meet often.
#[derive(Debug, Clone)]
struct Draft {
    minute: i64,
    length: u64,
    condition: usize,
    patch: usize,
}

const CONDITIONS: [&str; 5] =
    ["*", "tags.site = 'north'", "tags.site = 'south'", "tags.site IN ['north', 'east']", "tags.floor = 3"];

/// By condition: the sites that it may select; nothing is all of them.
const SITES: [&[&str]; 5] = [&[], &["north"], &["south"], &["north", "east"], &[]];

const PATCHES: [&str; 7] = [
    r#"{"tags": {"a": 1}}"#,
    r#"{"tags": {"a": {"x": 1}}}"#,
    r#"{"tags": {"a": {"x": 2, "y": 1}}}"#,
    r#"{"tags": {"a": null, "b": 1}}"#,
    r#"{"tags": {"a": {}}}"#,
    r#"{"desired": {"a": 1}, "tags": {"b": 2}}"#,
    r#"{"desired": {"c": 1}}"#,
];

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let draft = (1..40_i64, 1..20_u64, 0..CONDITIONS.len(), 0..PATCHES.len())
        .prop_map(|(minute, length, condition, patch)| Draft { minute, length, condition, patch });
    prop::collection::vec(draft, 0..10)
}

fn world(drafts: &[Draft]) -> World {
    let mut world = World::default();
    for (index, draft) in drafts.iter().enumerate() {
        let start = time("08:00") + SignedDuration::from_mins(draft.minute);
        let body = body(CONDITIONS[draft.condition], PATCHES[draft.patch], Seconds::new(60 * draft.length));
        world.manifests.push(manifest(&format!("m{index}"), at(start), body));
    }
    world
}

/// Everything that a patch writes: path and value.
fn writes(patch: &Value, path: &str, into: &mut Vec<(String, Value)>) {
    for (name, value) in patch.as_object().expect("an object") {
        let path = format!("{path}/{name}");
        match value.as_object() {
            Some(inner) if !inner.is_empty() => writes(value, &path, into),
            _ => into.push((path, value.clone())),
        }
    }
}

/// Whether two patches meet: at one path, or one replaces or deletes what the other writes below.
fn meet(a: usize, b: usize) -> bool {
    let leaves = |patch: usize| {
        let mut leaves = Vec::new();
        writes(&serde_json::from_str(PATCHES[patch]).expect("JSON"), "", &mut leaves);
        leaves
    };
    let replaces = |above: &(String, Value), below: &(String, Value)| {
        !above.1.is_object() && below.0.strip_prefix(&above.0).is_some_and(|rest| rest.starts_with('/'))
    };
    let (ours, theirs) = (leaves(a), leaves(b));
    ours.iter().any(|a| theirs.iter().any(|b| a.0 == b.0 || replaces(a, b) || replaces(b, a)))
}

fn share_devices(a: usize, b: usize) -> bool {
    let (a, b) = (SITES[a], SITES[b]);
    a.is_empty() || b.is_empty() || a.iter().any(|site| b.contains(site))
}

/// Comparing everybody with everybody.
fn expected(drafts: &[Draft]) -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    for (i, a) in drafts.iter().enumerate() {
        for (j, b) in drafts.iter().enumerate().skip(i + 1) {
            let end = |draft: &Draft| draft.minute + i64::try_from(draft.length).expect("small");
            let overlap = a.minute < end(b) && b.minute < end(a);
            if overlap && meet(a.patch, b.patch) && share_devices(a.condition, b.condition) {
                pairs.insert((format!("m{i}"), format!("m{j}")));
            }
        }
    }
    pairs
}

fn found(review: &Review) -> BTreeSet<(String, String)> {
    let rows = &review.plan().rows;
    let pair = |conflict: &hubjobs::plan::Conflict| {
        let Writer::Row(other) = &conflict.other else { panic!("all have rows: {conflict:?}") };
        let (one, two) = (rows[conflict.row].name.to_string(), rows[*other].name.to_string());
        if one < two { (one, two) } else { (two, one) }
    };
    review.conflicts().iter().map(pair).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_search_finds_what_comparing_all_finds(drafts in drafts()) {
        let (review, _) = world(&drafts).review();
        prop_assert_eq!(found(&review), expected(&drafts));
    }

    #[test]
    fn the_order_of_the_manifests_is_of_no_consequence(drafts in drafts()) {
        let mut world = world(&drafts);
        let (forwards, asked) = world.review();
        world.manifests.reverse();
        let (backwards, asked_backwards) = world.review();
        prop_assert_eq!(forwards, backwards);
        prop_assert_eq!(asked, asked_backwards);
    }

    #[test]
    fn no_two_jobs_share_a_lane(drafts in drafts(), sku in prop::sample::select(vec!["S1", "S2", "S3"])) {
        let mut world = world(&drafts);
        world.sku = hubjobs::model::Sku::parse(sku).expect("a sku");
        let (review, _) = world.review();
        let timeline = review.timeline();
        for pair in timeline.spans.windows(2).filter(|pair| pair[0].lane == pair[1].lane) {
            let until = pair[0].until.expect("all ends are known");
            prop_assert!(until <= pair[1].from, "{:?} and {:?}", pair[0], pair[1]);
        }
        for span in &timeline.spans {
            prop_assert!(span.from <= span.start && span.until.is_none_or(|until| span.start <= until));
        }
        for wait in &timeline.waits {
            let holder = wait.holder.map(|holder| &timeline.spans[holder]);
            prop_assert!(holder.is_none_or(|holder| holder.row != wait.row), "nobody waits for itself");
        }
    }
}

/// All conditions of the properties are those of manifests with this target.
#[test]
fn conditions_are_kept_as_written() {
    for (index, condition) in CONDITIONS.iter().enumerate() {
        let world = world(&[Draft { minute: 1, length: 1, condition: index, patch: 0 }]);
        let manifest: &Manifest = &world.manifests[0];
        assert!(matches!(&manifest.target, Target::Condition(kept) if kept.as_str() == *condition));
    }
}

/// Ten thousand that write one path, each of its own building, are told apart without comparing all.
#[test]
fn ten_thousand_writers_of_one_path_are_no_search_for_days() {
    let mut world = World::default();
    for index in 0..10_000 {
        let condition = format!("tags.building = '{}'", index / 2);
        let patch = format!(r#"{{"tags": {{"a": {index}}}}}"#);
        let body = body(&condition, &patch, Seconds::new(600));
        world.manifests.push(manifest(&format!("m{index:05}"), at(time("12-24T09:00")), body));
    }
    let (review, _) = world.review();
    assert_eq!(review.conflicts().len(), 200, "every building has two; the first two hundred are kept");
    assert!(review.findings().iter().any(|finding| finding.message.starts_with("more twin jobs")));
    assert!(review.conflicts().iter().all(|conflict| conflict.is_certain));
}
