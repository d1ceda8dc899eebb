//! What a plan says of its effect on a fleet: which queries it asks, what it makes of the answers, and
//! what it says of those that are missing.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod properties;
mod stage;

use hubjobs::hub::HubClient as _;
use hubjobs::model::Sku;
use hubjobs::plan::{Counts, Rule};
use insta::assert_snapshot;
use serde_json::json;
use stage::{Stage, manifest, read};

const TELEMETRY: &str = "desired: {telemetry: {interval: 60}, legacyFlag: null}, tags: {building: \"43\"}";

#[tokio::test]
async fn values_by_path_with_the_devices_that_have_them() {
    let stage = Stage::new(Sku::S3, 12);
    for (n, interval) in [(1, json!(30)), (2, json!(30)), (3, json!(60.0)), (4, json!("60")), (5, json!({"day": 60}))] {
        stage.patch(n, &json!({"properties": {"desired": {"telemetry": {"interval": interval}}}}));
    }
    stage.patch(1, &json!({"properties": {"desired": {"legacyFlag": true}}}));
    stage.patch(2, &json!({"properties": {"desired": {"legacyFlag": {"since": 2019}}}}));
    stage.patch(6, &json!({"properties": {"desired": {"telemetry": 7}}}));
    assert_snapshot!(stage.plan(&[manifest("slow", "tags.role = 'lock'", TELEMETRY)], Counts::All).await);
}

#[tokio::test]
async fn values_of_the_hub_steer_no_terminal() {
    let stage = Stage::new(Sku::S3, 4);
    for (n, name) in [(1, "\u{1b}[2J\u{1b}]0;x\u{7}"), (2, "\u{202e}txt.exe"), (3, "it's \"quoted\" `so` <b>&amp;</b>")]
    {
        stage.patch(n, &json!({"tags": {"odd-n\u{e4}me": name, "group": name}}));
    }
    let twin = "tags: {odd-n\u{e4}me: plain, group: plain, \"odd]]name\": plain}";
    let text = stage.plan(&[manifest("names", "tags.role = 'lock'", twin)], Counts::All).await;
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert_snapshot!(text);
}

#[tokio::test]
async fn many_values_are_cut_and_counted() {
    let stage = Stage::new(Sku::S3, 16);
    for n in 1..=11 {
        stage.patch(n, &json!({"tags": {"serial": format!("s-{}", n.min(9))}}));
    }
    let text = stage.plan(&[manifest("serials", "*", "tags: {serial: s-1}")], Counts::All).await;
    assert_snapshot!(text);
}

#[tokio::test]
async fn objects_and_lists_are_written_and_not_counted() {
    let stage = Stage::new(Sku::S3, 3);
    let text = stage.plan(&[manifest("lists", "*", "desired: {windows: [1, 2], empty: {}}")], Counts::All).await;
    assert_snapshot!(text);
}

#[tokio::test]
async fn a_condition_for_nobody_is_told() {
    let stage = Stage::new(Sku::S3, 3);
    let text = stage.plan(&[manifest("nobody", "tags.buildng = '43'", "tags: {a: 1}")], Counts::All).await;
    assert_snapshot!(text);
}

#[tokio::test]
async fn what_cannot_finish_is_refused_with_the_time_it_takes() {
    let stage = Stage::new(Sku::S1, 1_234);
    let twin = manifest("quick", "*", "tags: {a: 1}").replace("maxExecutionTime: 1h", "maxExecutionTime: 2m");
    assert_snapshot!(stage.plan(&[twin], Counts::All).await);
}

#[tokio::test]
async fn a_free_hub_serves_few_messages_a_day() {
    let stage = Stage::new(Sku::F1, 450);
    let twin = format!("tags: {{note: \"{}\"}}", "x".repeat(4_000));
    let manifests: Vec<_> = (0..3).map(|n| manifest(&format!("long-{n}"), "*", &twin)).collect();
    assert_snapshot!(stage.plan(&manifests, Counts::All).await);
}

#[tokio::test]
async fn without_counts_nothing_is_asked() {
    let stage = Stage::new(Sku::S3, 12);
    let text = stage.plan(&[manifest("slow", "tags.role = 'lock'", TELEMETRY)], Counts::None).await;
    assert_eq!(stage.asked(), [""; 0]);
    assert_snapshot!(text);
}

#[tokio::test]
async fn identical_queries_are_asked_once_the_important_ones_first() {
    let stage = Stage::new(Sku::S3, 12);
    let twin = "tags: {building: \"43\"}";
    let same = "tags.role='lock'";
    let manifests = [manifest("a", "tags.role = 'lock'", twin), manifest("b", same, twin), manifest("c", "*", twin)];
    stage.plan(&manifests, Counts::All).await;
    assert_snapshot!(stage.asked().join("\n"));
}

#[tokio::test]
async fn a_small_hub_is_asked_no_more_than_a_minute_allows() {
    let stage = Stage::new(Sku::S2, 12);
    let manifests: Vec<_> =
        (0..30).map(|n| manifest(&format!("m-{n:02}"), &format!("tags.floor = {n}"), "tags: {a: 1}")).collect();
    let text = stage.plan(&manifests, Counts::All).await;
    assert_eq!(stage.asked().len(), 20);
    let warning = text.lines().skip_while(|line| !line.contains("counts-incomplete")).collect::<Vec<_>>().join("\n");
    assert_snapshot!(warning);
}

/// A page without rows is no answer to a count, and a target of nobody would keep every limit.
#[tokio::test]
async fn a_count_that_was_not_read_to_its_end_is_none() {
    let stage = Stage::new(Sku::S2, 12);
    stage.begin_empty("GROUP BY connectionState");
    let manifests: Vec<_> =
        (0..30).map(|n| manifest(&format!("m-{n:02}"), &format!("deviceId != 'x-{n}'"), "tags: {a: 1}")).collect();
    let review = stage.review(&read(&manifests), Counts::All).await;
    let matched: Vec<_> = review.effects().iter().flatten().map(|effect| effect.reach.as_ref()).collect();
    assert_eq!(matched.len(), 30);
    assert!(matched.iter().flatten().all(|reach| reach.matched == 12), "{matched:?}");
    assert!(matched.contains(&None), "there were not pages enough for all");
    assert!(review.findings().iter().any(|finding| finding.rule == Rule::Uncounted && finding.denies()));

    let few = stage.review(&read(&manifests[..3]), Counts::All).await;
    assert!(few.effects().iter().flatten().all(|effect| effect.reach.as_ref().is_some_and(|it| it.matched == 12)));
}

#[tokio::test]
async fn a_question_that_the_hub_refuses_is_no_failed_plan() {
    let stage = Stage::new(Sku::S3, 12);
    stage.refuse("GROUP BY tags");
    stage.refuse("configurations");
    let text = stage.plan(&[manifest("slow", "*", "tags: {building: \"43\"}")], Counts::All).await;
    assert_snapshot!(text);
}

#[tokio::test]
async fn every_question_is_one_that_the_hub_takes() {
    let stage = Stage::new(Sku::S3, 12);
    let modules = "FROM devices.modules WHERE moduleId = 'thermo'";
    let odd = "desired: {\"select\": {\"a-b\": 1, \"größe\": {\"x\\\"y\": true}}, \"count\": null}";
    let conditions = ["*", "tags.a = 1 OR tags.b = 'it\\'s'", modules, "NOT (deviceId IN ['a', 'b'])"];
    let manifests: Vec<_> = conditions.iter().zip(0..).map(|(c, n)| manifest(&format!("m-{n}"), c, odd)).collect();
    stage.plan(&manifests, Counts::All).await;
    let asked = stage.asked();
    assert!(asked.len() > 15, "{asked:#?}");
    for query in asked {
        stage.hub().query(&query, None).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    }
}
