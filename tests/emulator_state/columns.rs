//! Queries by columns give what a look at every twin would give, whatever was written in between.

use std::num::NonZeroU32;

use hubjobs::emulator::state::{Entropy, HubEvent, HubOptions, HubState, PageRequest, Reply, Throttling};
use hubjobs::model::{HubSize, Sku};
use hubjobs::query::{Rows, Statement, parse_query};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fleet::fleet;

fn hub(count: usize) -> HubState {
    let mut options = HubOptions::new(HubSize { sku: Sku::S3, units: NonZeroU32::MIN });
    (options.throttling, options.seed) = (Throttling::Off, 7);
    let mut hub = HubState::new(options, "2026-12-01T08:00:00Z".parse().expect("a time"));
    let group = json!({
        "count": count, "offline": 20, "flapping": 30,
        "tags": {"site": ["a", "b", 1, true], "deep": [{"x": 1}, 2, {"x": "b"}]},
        "desired": {"n": [1, 2.5, -0.5, 1024]},
        "reported": {"fw": ["1", "2", "10"], "on": [true, false, "true"]},
    });
    hub.add_fleet(&fleet(7, &group)).expect("a possible fleet");
    hub
}

/// All rows, page by page.
fn rows(hub: &mut HubState, query: &str, size: u64) -> Vec<Value> {
    let (mut rows, mut continuation) = (Vec::new(), None);
    loop {
        let page = PageRequest { max_item_count: Some(size), continuation };
        let now = hub.now();
        match hub.apply(HubEvent::Query { request: json!({"query": query}), page }, now) {
            Ok(Reply::Page { items, next, .. }) => {
                rows.extend(items);
                let Some(next) = next else { return rows };
                continuation = Some(next);
            }
            other => panic!("{query}: {other:?}"),
        }
    }
}

/// What the query says of these documents, one after the other.
fn expected(query: &str, documents: &[Value]) -> Vec<Value> {
    let (parsed, problems) = parse_query(query);
    let statement = Statement::compile(&parsed.unwrap_or_else(|| panic!("{query}: {problems:?}")));
    let mut rows = Rows::new(&statement);
    for document in documents {
        if rows.feed(document).is_break() {
            break;
        }
    }
    rows.finish()
}

fn check(hub: &mut HubState, query: &str) {
    let documents = rows(hub, "SELECT * FROM devices", 100);
    assert_eq!(rows(hub, query, 7), expected(query, &documents), "{query}");
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "tags.site",
        "tags.deep",
        "tags.deep.x",
        "tags.none",
        "tags.late",
        "properties.desired.n",
        "properties.desired.n.m",
        "properties.desired.$version",
        "properties.reported.fw",
        "properties.reported.on",
        "properties.reported.level",
        "deviceId",
        "status",
        "connectionState",
        "version",
        "capabilities.iotEdge",
        "statusReason",
    ])
}

fn literal() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "'a'",
        "'b'",
        "'2'",
        "'device-3'",
        "'device-7'",
        "'enabled'",
        "'Connected'",
        "1",
        "2.5",
        "-0.5",
        "0",
        "true",
        "false",
        "null",
    ])
}

fn test() -> impl Strategy<Value = String> {
    let op = || prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    prop_oneof![
        6 => (path(), op(), literal()).prop_map(|(path, op, literal)| format!("{path} {op} {literal}")),
        1 => (path(), op(), path()).prop_map(|(one, op, two)| format!("{one} {op} {two}")),
        1 => (path(), literal(), literal()).prop_map(|(path, one, two)| format!("{path} IN [{one}, {two}]")),
        1 => path().prop_map(|path| format!("IS_DEFINED({path})")),
        1 => path().prop_map(|path| format!("STARTSWITH({path}, 'device-1')")),
        1 => (path(), path()).prop_map(|(one, two)| format!("{one} + {two} > 2")),
        1 => path().prop_map(str::to_owned),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    test().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("NOT ({one})")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" AND "))),
            prop::collection::vec(inner, 2..4).prop_map(|any| format!("({})", any.join(" OR "))),
        ]
    })
}

/// A condition that the language takes: it refuses comparisons that can never hold.
fn query() -> impl Strategy<Value = String> {
    let select = prop_oneof![
        2 => Just("SELECT COUNT() AS n FROM devices".to_owned()),
        2 => Just("SELECT deviceId, tags.site FROM devices".to_owned()),
        1 => Just("SELECT TOP 3 deviceId FROM devices".to_owned()),
    ];
    let grouped = (path(), path()).prop_map(|(key, of)| {
        format!("SELECT {key} AS k, COUNT() AS n, SUM({of}) AS s, MIN({of}) AS l, MAX({of}) AS g, AVG({of}) AS a FROM devices")
    });
    let plain = (select, prop::option::of(condition())).prop_map(|(select, condition)| match condition {
        Some(condition) => format!("{select} WHERE {condition}"),
        None => select,
    });
    let keyed = (grouped, prop::option::of(condition()), path()).prop_map(|(select, condition, key)| {
        let key = select.split_whitespace().nth(1).unwrap_or(key).to_owned();
        let filter = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
        format!("{select}{filter} GROUP BY {key}")
    });
    prop_oneof![3 => plain, 2 => keyed].prop_filter("one that parses", |query| parse_query(query).0.is_some())
}

fn device() -> impl Strategy<Value = String> {
    (1..12).prop_map(|n| format!("device-{n}"))
}

fn write() -> impl Strategy<Value = HubEvent> {
    let entropy = Entropy::new([3; Entropy::LEN]);
    let value = prop::sample::select(vec![
        json!("a"),
        json!("c"),
        json!(1),
        json!(0.25),
        json!(true),
        json!(null),
        json!({"x": "b"}),
        json!({"x": 7}),
        json!([1]),
    ]);
    let job = (0_u32..9_999, value.clone(), condition()).prop_map(|(number, value, condition)| HubEvent::CreateJob {
        id: format!("job-{number}"),
        request: json!({
            "type": "scheduleUpdateTwin", "queryCondition": condition,
            "updateTwin": {"tags": {"site": value}, "properties": {"desired": {"n": value}}},
        }),
    });
    prop_oneof![
        3 => (device(), value.clone()).prop_map(|(device_id, value)| HubEvent::PatchTwin {
            device_id, module_id: None, patch: json!({"tags": {"site": value, "late": "l"}}), if_match: None,
        }),
        1 => (device(), value.clone()).prop_map(|(device_id, value)| HubEvent::ReplaceTwin {
            device_id, module_id: None, twin: json!({"tags": {"deep": value}, "properties": {"desired": {}}}), if_match: None,
        }),
        2 => (device(), value.clone()).prop_map(|(device_id, value)| HubEvent::ReportProperties {
            device_id, module_id: None, patch: json!({"level": value, "fw": "2"}), version: None,
        }),
        2 => (device(), any::<bool>()).prop_map(move |(device_id, edge)| HubEvent::PutDevice {
            device_id, identity: json!({"capabilities": {"iotEdge": edge}}), if_match: None, entropy,
        }),
        2 => device().prop_map(|device_id| HubEvent::DeleteDevice { device_id, if_match: Some("*".to_owned()) }),
        1 => device().prop_map(|device_id| HubEvent::Connect { device_id, module_id: None }),
        1 => device().prop_map(|device_id| HubEvent::Disconnect { device_id, module_id: None }),
        2 => job,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn columns_and_twins_agree(steps in prop::collection::vec((prop::collection::vec(write(), 0..6), query()), 1..8)) {
        let mut hub = hub(9);
        for (writes, query) in steps {
            for event in writes {
                let at = hub.now() + SignedDuration::from_millis(150);
                // A refusal changes nothing, which the queries will show.
                let _ = hub.apply(event, at);
            }
            check(&mut hub, &query);
        }
    }
}

#[test]
fn many_values_and_many_rows() {
    let mut hub = hub(9_000);
    for query in [
        "SELECT COUNT() AS n FROM devices WHERE tags.site = 'a' AND properties.reported.fw < '2'",
        "SELECT tags.site AS site, COUNT() AS n FROM devices GROUP BY tags.site",
        "SELECT properties.reported.fw AS fw, AVG(properties.desired.n) AS a FROM devices WHERE tags.site != 'b' GROUP BY properties.reported.fw",
    ] {
        check(&mut hub, query);
    }
}

/// Time would not tell on a busy machine; what was read does.
#[test]
fn a_path_is_read_once_and_then_mended() {
    let mut hub = hub(5_000);
    let query = "SELECT COUNT() AS n FROM devices WHERE tags.site = 'a' AND properties.reported.fw < '2'";
    rows(&mut hub, query, 100);
    let first = hub.column_use();
    assert_eq!((first.columns, first.reads, first.mended_rows, first.opened_twins), (2, 2, 0, 0));
    let patch = |tags: Value| HubEvent::PatchTwin {
        device_id: "device-7".to_owned(),
        module_id: None,
        patch: json!({"tags": tags}),
        if_match: None,
    };
    let now = hub.now();
    hub.apply(patch(json!({"other": 1})), now).expect("accepted");
    rows(&mut hub, query, 100);
    assert_eq!(hub.column_use(), first, "nothing of it was written");
    hub.apply(patch(json!({"site": "new"})), now).expect("accepted");
    rows(&mut hub, query, 100);
    assert_eq!((hub.column_use().reads, hub.column_use().mended_rows), (2, 1));
}

#[test]
fn a_job_selects_by_the_same_columns() {
    let mut hub = hub(3_000);
    let condition = "tags.site = 'a' AND properties.reported.fw < '2'";
    rows(&mut hub, &format!("SELECT COUNT() AS n FROM devices WHERE {condition}"), 100);
    let before = hub.column_use();
    let request =
        json!({"type": "scheduleUpdateTwin", "queryCondition": condition, "updateTwin": {"tags": {"wave": 1}}});
    let now = hub.now();
    hub.apply(HubEvent::CreateJob { id: "j".to_owned(), request }, now).expect("accepted");
    hub.advance(now + SignedDuration::from_secs(60));
    assert_eq!(hub.column_use(), before);
    assert_eq!(hub.observed_job("j").map(|job| job.status.as_str().to_owned()).as_deref(), Some("completed"));
}
