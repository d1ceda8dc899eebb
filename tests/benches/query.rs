//! How long it takes to read a condition, and to try it on many twins.

use divan::counter::ItemsCount;
use hubjobs::query::{Condition, Rows, Statement, parse_condition, parse_query};
use serde_json::{Value, json};

const TWIN_COUNT: usize = 100_000;
const CONDITION: &str = "tags.site = 'paris' AND properties.reported.battery < 50 AND tags.ring != 'canary'";

fn main() {
    divan::main();
}

#[divan::bench]
fn parse(bencher: divan::Bencher<'_, '_>) {
    bencher.bench(|| parse_condition(divan::black_box(CONDITION)));
}

#[divan::bench]
fn parse_list_of_300_devices(bencher: divan::Bencher<'_, '_>) {
    let text = device_list();
    bencher.bench(|| parse_condition(divan::black_box(&text)));
}

#[divan::bench(sample_count = 20)]
fn evaluate(bencher: divan::Bencher<'_, '_>) {
    count_matches(bencher, CONDITION);
}

#[divan::bench(sample_count = 20)]
fn evaluate_list_of_300_devices(bencher: divan::Bencher<'_, '_>) {
    count_matches(bencher, &device_list());
}

/// The lookups of [`evaluate`] alone: what is left is the price of evaluation.
#[divan::bench(sample_count = 20)]
fn lookups_only(bencher: divan::Bencher<'_, '_>) {
    use hubjobs::query::{Document as _, Field};
    let twins = twins();
    let condition = compile(CONDITION);
    let [site, battery, ring] = condition.paths() else { unreachable!("the condition has three paths") };
    bencher.counter(ItemsCount::new(twins.len())).bench(|| {
        let matches = |twin: &&Value| {
            twin.lookup(site) == Field::String("paris")
                && twin.lookup(battery) != Field::Undefined
                && twin.lookup(ring) != Field::Undefined
        };
        twins.iter().filter(matches).count()
    });
}

#[divan::bench(sample_count = 20)]
fn group_and_count(bencher: divan::Bencher<'_, '_>) {
    let twins = twins();
    let (query, _) = parse_query("SELECT tags.site AS site, COUNT() AS n FROM devices GROUP BY tags.site");
    let statement = Statement::compile(&query.expect("the query is valid"));
    bencher.counter(ItemsCount::new(twins.len())).bench(|| {
        let mut rows = Rows::new(&statement);
        for twin in &twins {
            if rows.feed(twin).is_break() {
                break;
            }
        }
        rows.finish()
    });
}

fn count_matches(bencher: divan::Bencher<'_, '_>, condition: &str) {
    let twins = twins();
    let condition = compile(condition);
    bencher
        .counter(ItemsCount::new(twins.len()))
        .bench(|| twins.iter().filter(|twin| condition.matches(*twin)).count());
}

fn compile(condition: &str) -> Condition {
    let (selection, _) = parse_condition(condition);
    Condition::compile(&selection.expect("the condition is valid"))
}

fn device_list() -> String {
    let ids: Vec<String> = (0..300).map(|index| format!("thermo-{:06}", index * 7)).collect();
    hubjobs::query::device_id_in(ids.iter().map(String::as_str)).to_string()
}

fn twins() -> Vec<Value> {
    let sites = ["paris", "berlin", "oslo", "rome"];
    let rings = ["canary", "early", "late"];
    (0..TWIN_COUNT)
        .map(|index| {
            json!({
                "deviceId": format!("thermo-{index:06}"),
                "status": "enabled",
                "connectionState": "Connected",
                "version": index % 9,
                "tags": {"site": sites[index % 4], "ring": rings[index % 3], "floor": index % 7},
                "properties": {
                    "desired": {"report": {"everySeconds": 60}, "$version": 3},
                    "reported": {"fw": "2.1", "battery": index % 100, "$version": 2},
                },
            })
        })
        .collect()
}
