//! The golden exchanges of `tests/cases/wire`, from the emulator's side: it takes each request as
//! it stands there and answers in the same shape. `tests/cases/wire/README.md` says what a case is.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::Path;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hubjobs::emulator::admin::TickRequest;
use hubjobs::emulator::{EmulatorConfig, Served, StateDir};
use hubjobs::model::{EmulatorClock, HubSize, JobId, Sku};
use jiff::{SignedDuration, Timestamp};
use local_hub::{Answer, Caller, config, fleet, serve};
use reqwest::Method;
use serde_json::{Value, json};

const TWIN_JOB: &str = "hj1-bldgx7q-relocate-sensors-t2612010830-u0000-lv5jaq3y";
const METHOD_JOB: &str = "hj1-bldgx7q-lock-doors-t2612010830-u0000-y2nhrmw4";

/// What must have happened before a request gets its reply.
#[derive(Clone, Copy)]
enum Before {
    /// Nothing.
    Nothing,
    /// A job of the golden bodies was created.
    Created(&'static str),
    /// A twin job that failed, because of its condition.
    Failed,
    /// And cancelled.
    Cancelled,
    /// A job started, and some of its devices answered.
    Running(&'static str),
    /// A job ended.
    Ended(&'static str),
    /// Three jobs were created, the golden ones last. The request is changed: it asks for two.
    Three,
    /// Every lane is taken.
    NoLane,
    /// So many calls that the next one is one too many.
    Busy,
    /// The clock shows a time long before the start of the job.
    TooEarly,
    /// The request is changed: the condition becomes too long.
    LongCondition,
    /// The request is changed: its signature is wrong.
    Forged,
    /// The request is changed: its token is of another hub, so it goes without.
    ForeignToken,
}

const CASES: [(&str, Before); 21] = [
    ("cancel_running", Before::Running(TWIN_JOB)),
    ("cancel_scheduled", Before::Created(TWIN_JOB)),
    ("cancel_unknown", Before::Nothing),
    ("create_condition_too_long", Before::LongCondition),
    ("create_exists", Before::Created(TWIN_JOB)),
    ("create_method", Before::Nothing),
    ("create_no_lane", Before::NoLane),
    ("create_start_too_far", Before::TooEarly),
    ("create_tags_only", Before::Nothing),
    ("create_throttled", Before::Busy),
    ("create_twin", Before::Nothing),
    ("get_cancelled", Before::Cancelled),
    ("get_completed", Before::Ended(METHOD_JOB)),
    ("get_failed", Before::Failed),
    ("get_running", Before::Running(METHOD_JOB)),
    ("get_scheduled", Before::Created(TWIN_JOB)),
    ("get_unknown", Before::Nothing),
    ("list_first_page", Before::Three),
    ("list_last_page", Before::ForeignToken),
    ("list_unauthorized", Before::Forged),
    ("query_device_jobs", Before::Ended(METHOD_JOB)),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn golden_exchanges() {
    let cases = golden();
    let bound: Vec<_> = cases.iter().filter(|(_, case)| binds_emulator(case)).map(|(name, _)| name.as_str()).collect();
    assert_eq!(bound, CASES.map(|(name, _)| name), "every case that binds the emulator is tried");
    let mut wrong = Vec::new();
    for (name, before) in CASES {
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::start(folder.path(), before).await;
        hub.prepare(before, &cases).await;
        let mut answer = hub.send(before, &cases[name]["request"]).await;
        if matches!(before, Before::Busy) && answer.status != 429 {
            // On a slow machine the budget grew by one call in between.
            hub.use_up_the_budget().await;
            answer = hub.send(before, &cases[name]["request"]).await;
        }
        wrong.extend(differences(&cases[name]["reply"], &answer).into_iter().map(|text| format!("{name}: {text}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn golden() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/wire");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    json.map(|path| {
        let case = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), case)
    })
    .collect()
}

fn binds_emulator(case: &Value) -> bool {
    case["binds"].as_array().unwrap().contains(&json!("emulator"))
}

struct Hub {
    served: Served,
    caller: Caller,
}

impl Hub {
    /// A hub at the time of the golden exchanges, with `thermo-01`, which answers, and `a'b`, which
    /// never connects.
    async fn start(folder: &Path, before: Before) -> Self {
        let start = match before {
            Before::TooEarly => "2026-11-01T08:00:00Z",
            _ => "2026-12-01T08:00:00Z",
        };
        let sku = match before {
            Before::NoLane | Before::Busy => Sku::S1,
            _ => Sku::S3,
        };
        let config = EmulatorConfig {
            size: HubSize { sku, units: NonZeroU32::MIN },
            clock: EmulatorClock { start: Some(start.parse().unwrap()), ..config().clock },
            fleet: Some(fleet(1)),
            ..config()
        };
        let served = serve(&StateDir::new(folder), &config).await;
        let caller = Caller::new(served.connection_string());
        caller.put("/devices/a%27b", &json!({"deviceId": "a'b"})).await.ok();
        Self { served, caller }
    }

    async fn prepare(&self, before: Before, cases: &BTreeMap<String, Value>) {
        let twin = &cases["create_twin"]["request"]["body"];
        let method = &cases["create_method"]["request"]["body"];
        let body = |job| if job == TWIN_JOB { twin } else { method };
        match before {
            Before::Nothing | Before::TooEarly | Before::LongCondition | Before::Forged | Before::ForeignToken => {}
            Before::Created(job) => self.create(body(job)).await,
            Before::Failed => {
                let mut broken = twin.clone();
                broken["queryCondition"] = json!("SELECT * FROM devices");
                self.create(&broken).await;
                self.finish(TWIN_JOB).await;
            }
            Before::Cancelled => {
                self.create(twin).await;
                self.caller.post_empty(&format!("/jobs/v2/{TWIN_JOB}/cancel")).await.ok();
            }
            Before::Running(job) => {
                let mut waiting = body(job).clone();
                waiting["queryCondition"] = json!("deviceId IN ['thermo-01', 'a\\'b']");
                self.create(&waiting).await;
                self.run_until_first_result(job).await;
            }
            Before::Ended(job) => {
                self.create(body(job)).await;
                self.finish(job).await;
            }
            Before::Three => {
                let mut other = twin.clone();
                other["jobId"] = json!("other");
                self.create(&other).await;
                self.create(method).await;
                self.run_until_first_result(METHOD_JOB).await;
                self.create(twin).await;
                self.tick(SignedDuration::from_secs(5)).await;
            }
            Before::NoLane => self.create(method).await,
            Before::Busy => self.use_up_the_budget().await,
        }
        if matches!(before, Before::Created(_)) {
            self.tick(SignedDuration::from_secs(5)).await;
        }
    }

    /// Calls until one more is refused; those that are delayed meanwhile are not waited for.
    async fn use_up_the_budget(&self) {
        let mut calls: FuturesUnordered<_> = (0..1_000).map(|_| self.caller.get("/jobs/v2/other")).collect();
        for _ in 0..3 {
            while calls.next().await.expect("the budget has an end").status != 429 {}
        }
    }

    async fn create(&self, body: &Value) {
        self.caller.put(&format!("/jobs/v2/{}", body["jobId"].as_str().unwrap()), body).await.ok();
    }

    async fn tick(&self, by: SignedDuration) {
        self.served.admin().tick(TickRequest::By(by)).await.unwrap();
    }

    async fn finish(&self, job: &str) {
        while self.served.admin().advance(&[JobId::new(job)]).await.unwrap().progressed {}
    }

    /// A twin job runs for an instant only: it is stopped at the first moment at which it runs.
    async fn run_until_first_result(&self, job: &str) {
        if job == TWIN_JOB {
            let start: Timestamp = "2026-12-01T08:30:00Z".parse().unwrap();
            self.served.admin().tick(TickRequest::To(start)).await.unwrap();
        }
        for _ in 0..2_000 {
            let found = self.caller.get(&format!("/jobs/v2/{job}")).await.ok();
            let answered = found["deviceJobStatistics"]["succeededCount"] == 1;
            if found["status"] == "running" && (job == TWIN_JOB || answered) {
                return;
            }
            self.tick(SignedDuration::from_millis(10)).await;
        }
        panic!("{job} never runs");
    }

    async fn send(&self, before: Before, request: &Value) -> Answer {
        let method: Method = request["method"].as_str().unwrap().parse().unwrap();
        let path = request["path"].as_str().unwrap();
        let forged = self.caller.with_policy("iothubowner", "c2VjcmV0");
        let caller = if matches!(before, Before::Forged) { &forged } else { &self.caller };
        let mut call = caller.verbatim(method, path);
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            let value = match (name.as_str(), before) {
                ("x-ms-continuation", Before::ForeignToken) => continue,
                ("x-ms-max-item-count", Before::Three) => "2",
                _ => value.as_str().unwrap(),
            };
            call = call.header(name, value);
        }
        if let Some(mut body) = request.get("body").cloned() {
            if matches!(before, Before::LongCondition) {
                body["queryCondition"] = json!("x".repeat(8_200));
            }
            call = call.body(body.to_string());
        }
        Answer::of(call).await
    }
}

/// Where an answer is not of the shape of the golden reply.
fn differences(golden: &Value, answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    if golden["status"] != answer.status {
        return vec![format!("status {} instead of {}: {}", answer.status, golden["status"], answer.text)];
    }
    for (name, value) in golden["headers"].as_object().into_iter().flatten() {
        let exact = !matches!(name.as_str(), "date" | "x-ms-continuation");
        match answer.header(name) {
            None => found.push(format!("no header {name}")),
            Some(header) if exact && value != header => found.push(format!("header {name}: {header}")),
            Some(_) => {}
        }
    }
    if golden["headers"].get("x-ms-continuation").is_none() && answer.header("x-ms-continuation").is_some() {
        found.push("a continuation on the last page".to_owned());
    }
    compare("body", &settled(golden["body"].clone()), &settled(answer.json()), &mut found);
    if !ends_are_right(&answer.json()) {
        found.push(format!("an end that is none: {}", answer.text));
    }
    found
}

/// Brings both into the same form where the sources leave it open: the order of device records, and
/// whether a device that a job waits for is pending or running.
fn settled(mut body: Value) -> Value {
    if let Some(rows) = body.as_array_mut() {
        rows.sort_by_key(|row| row["deviceId"].as_str().map(str::to_owned));
    }
    let jobs = body.as_array_mut().map_or_else(Vec::new, |rows| rows.iter_mut().collect());
    for job in jobs {
        *job = settled(job.take());
    }
    if let Some(counts) = body.get_mut("deviceJobStatistics").and_then(Value::as_object_mut) {
        let open = ["runningCount", "pendingCount"].map(|name| counts.remove(name).and_then(|count| count.as_u64()));
        counts.insert("open".to_owned(), json!(open[0].zip(open[1]).map(|(running, pending)| running + pending)));
    }
    body
}

/// The end of a job that has not ended.
const NO_END: &str = "9999-12-31T23:59:59.9999999Z";

/// Whether every job that has not ended says so in the hub's way.
fn ends_are_right(body: &Value) -> bool {
    let jobs = body.as_array().map_or_else(|| vec![body], |jobs| jobs.iter().collect());
    jobs.into_iter().filter(|job| job.get("endTime").is_some()).all(|job| {
        let open = matches!(job["status"].as_str(), Some("queued" | "scheduled" | "running"));
        open == (job["endTime"] == NO_END)
    })
}

fn compare(at: &str, golden: &Value, answer: &Value, found: &mut Vec<String>) {
    match (golden, answer) {
        (Value::Object(golden), Value::Object(answer)) => {
            for (name, value) in golden {
                match answer.get(name) {
                    Some(other) => compare(&format!("{at}.{name}"), value, other, found),
                    None => found.push(format!("{at} lacks {name}")),
                }
            }
            found.extend(
                answer.keys().filter(|name| !golden.contains_key(*name)).map(|name| format!("{at} has {name}")),
            );
        }
        (Value::Array(golden), Value::Array(answer)) if golden.len() == answer.len() => {
            for (index, (value, other)) in golden.iter().zip(answer).enumerate() {
                compare(&format!("{at}[{index}]"), value, other, found);
            }
        }
        (Value::String(golden), Value::String(answer)) if same_text(golden, answer) => {}
        (golden, answer) if golden == answer => {}
        _ => found.push(format!("{at}: {answer} instead of {golden}")),
    }
}

/// Times and tracking ids are examples, and so are the words behind an error code.
fn same_text(golden: &str, answer: &str) -> bool {
    let is_time = |text: &str| text == NO_END || text.parse::<Timestamp>().is_ok();
    let both_begin = |start: &str| golden.starts_with(start) && answer.starts_with(start);
    let code = |text: &str| text.strip_prefix("ErrorCode:").and_then(|rest| rest.split(';').next()).map(str::to_owned);
    golden == answer
        || (is_time(golden) && is_time(answer))
        || both_begin("Tracking ID:")
        || both_begin("SQL query parse failed")
        || (code(golden).is_some() && code(golden) == code(answer))
}
