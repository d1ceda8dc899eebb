//! Facts that take several requests: the life of a job, the lanes, jobs that run.

use serde_json::{Value, json};

use super::bench::{Bench, NO_LANE, in_short};
use super::notes::Notes;
use super::{ID_PREFIX, NOBODY};
use crate::hub::HubError;
use crate::hub::rest::{RawAnswer, RawRequest, Sign, Verb};
use crate::model::JobId;

/// Looks at a job until it has ended; a job for nobody ends within seconds.
const LOOKS_MAX: usize = 60;

/// More lanes than any tier has.
const LANES_MAX: usize = 12;

/// The end of a job that has not ended.
const NEVER: &str = "9999-12-31T23:59:59.9999999Z";

fn body(answer: &RawAnswer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The life of a job that waits: its first answer, a second PUT, what GET and the list say, its cancel.
pub(super) async fn waiting_job(
    bench: &Bench<'_>,
    notes: &mut Notes,
    pass: &impl AsyncFn(&[JobId]) -> Result<(), HubError>,
) -> Result<(), HubError> {
    let id = bench.new_id();
    let put = bench.put_as(&id, |_| {});
    let created = match bench.create(&put, pass).await {
        Ok((answer, _)) if answer.status == 200 => answer,
        Ok((answer, _)) => {
            notes.unclear("job-created-reply", format!("the job was not created: {}", in_short(&answer)));
            return Ok(());
        }
        Err(error) => {
            notes.unclear("job-created-reply", error.to_string());
            return Ok(());
        }
    };
    let reply = body(&created);
    let mut members: Vec<_> = reply.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    members.sort_unstable();
    let found = format!("{}, status {}", members.join(" "), text(&reply["status"]));
    notes.compare("job-created-reply", "create a job that starts later", "jobId status type, status queued", &found);
    step(
        bench,
        notes,
        "job-read-own-write",
        "get a job at once after its PUT",
        "200, a known job",
        &bench.get(&id),
        |answer| {
            let known = body(answer)["status"].as_str().is_some_and(|status| status != "unknown");
            format!("{}, {}", in_short(answer), if known { "a known job" } else { "an unknown job" })
        },
    )
    .await;
    let list = RawRequest::new(Verb::Get, "/jobs/v2/query");
    step(bench, notes, "job-read-own-write", "list jobs at once after a PUT", "200, with the job", &list, |answer| {
        let listed = body(answer).as_array().is_some_and(|jobs| jobs.iter().any(|job| job["jobId"] == json!(id)));
        format!("{}, {}", in_short(answer), if listed { "with the job" } else { "without the job" })
    })
    .await;
    step(bench, notes, "job-end-time", "the endTime of a job that waits", NEVER, &bench.get(&id), |answer| {
        text(&body(answer)["endTime"])
    })
    .await;
    step(bench, notes, "job-id-unique", "the same PUT again", "409 JobAlreadyExists", &put, in_short).await;
    step(
        bench,
        notes,
        "job-cancel-waiting",
        "cancel a job that waits",
        "200, cancelled",
        &bench.cancel(&id),
        |answer| format!("{}, {}", in_short(answer), text(&body(answer)["status"])),
    )
    .await;
    step(bench, notes, "job-id-unique", "the PUT of a job that was cancelled", "409 JobAlreadyExists", &put, in_short)
        .await;
    let ended = "405 OperationNotAllowedInCurrentState";
    step(bench, notes, "job-cancel-running", "cancel a job that was cancelled", ended, &bench.cancel(&id), in_short)
        .await;
    tokens(bench, notes).await;
    Ok(())
}

/// How long after its expiry a token is taken. Only whoever has a key can make one that has expired.
async fn tokens(bench: &Bench<'_>, notes: &mut Notes) {
    if !bench.has_key().await {
        return;
    }
    let list = |sign| RawRequest::new(Verb::Get, "/jobs/v2/query").signed(sign);
    let fact = "sas-skew-300-s";
    for (seconds, asked, expected) in [
        (240, "list jobs with a token that expired 240 s ago", "200"),
        (420, "list jobs with a token that expired 420 s ago", "401 IotHubUnauthorizedAccess"),
    ] {
        step(bench, notes, fact, asked, expected, &list(Sign::ExpiredFor { seconds }), in_short).await;
    }
}

/// What a hub gives back of what it was sent.
pub(super) async fn echo(
    bench: &Bench<'_>,
    notes: &mut Notes,
    pass: &impl AsyncFn(&[JobId]) -> Result<(), HubError>,
) -> Result<(), HubError> {
    let twin = bench.new_id();
    let patch = json!({"etag": "*", "tags": {"a": "b"}, "properties": {"desired": {"c": {"d": 1}}}});
    let put = bench.put_as(&twin, |body| {
        body["updateTwin"] = patch.clone();
        if let Some(body) = body.as_object_mut() {
            body.remove("maxExecutionTimeInSeconds");
        }
    });
    if created(bench, notes, "job-echo", &put, pass).await {
        let get = bench.get(&twin);
        step(bench, notes, "job-echo", "the condition of a job", NOBODY, &get, |answer| {
            text(&body(answer)["queryCondition"])
        })
        .await;
        let sent = json!({"tags": patch["tags"], "properties": patch["properties"]}).to_string();
        step(bench, notes, "job-echo", "the patch of a job", &sent, &get, |answer| {
            let seen = &body(answer)["updateTwin"];
            json!({"tags": seen["tags"], "properties": {"desired": seen["properties"]["desired"]}}).to_string()
        })
        .await;
        let default = "job-execution-default";
        step(bench, notes, default, "maxExecutionTimeInSeconds that was not sent", "3600", &get, |answer| {
            text(&body(answer)["maxExecutionTimeInSeconds"])
        })
        .await;
        bench.release(&twin).await;
    }
    let method = bench.new_id();
    let put = bench.put_as(&method, |body| {
        body["type"] = json!("scheduleDeviceMethod");
        body["cloudToDeviceMethod"] =
            json!({"methodName": "none", "payload": {"a": 1}, "responseTimeoutInSeconds": 5, "connectTimeoutInSeconds": 0});
        if let Some(body) = body.as_object_mut() {
            body.remove("updateTwin");
        }
    });
    if created(bench, notes, "job-payload-bytes", &put, pass).await {
        let bytes = json!(br#"{"a":1}"#).to_string();
        let get = bench.get(&method);
        step(bench, notes, "job-payload-bytes", "the payload `{\"a\":1}` of a method job", &bytes, &get, |answer| {
            text(&body(answer)["cloudToDeviceMethod"]["payload"])
        })
        .await;
        bench.release(&method).await;
    }
    Ok(())
}

/// Takes every lane, and gives them all back.
pub(super) async fn lanes(
    bench: &Bench<'_>,
    notes: &mut Notes,
    pass: &impl AsyncFn(&[JobId]) -> Result<(), HubError>,
) -> Result<(), HubError> {
    let mut taken: Vec<(String, RawRequest)> = Vec::new();
    let mut refusal = None;
    while refusal.is_none() && taken.len() < LANES_MAX {
        let id = bench.new_id();
        let put = bench.put_as(&id, |_| {});
        // The first may have to wait for a lane that a probe before it gave back.
        let answer = if taken.is_empty() {
            bench.create(&put, pass).await.map(|(answer, _)| answer)
        } else {
            bench.send(&put).await
        };
        match answer {
            Ok(answer) if answer.status == 200 => taken.push((id, put)),
            Ok(answer) => refusal = Some(in_short(&answer)),
            Err(error) => {
                notes.unclear("job-lanes", error.to_string());
                refusal = Some(String::new());
            }
        }
    }
    let lanes = bench.size.lanes();
    let found = format!("{} jobs, then {}", taken.len(), refusal.as_deref().unwrap_or("no refusal"));
    let asked = format!("create jobs that start later, until one is refused (declared: {})", bench.size);
    if refusal.as_deref() != Some("") {
        notes.compare("job-lanes", &asked, &format!("{lanes} jobs, then {NO_LANE}"), &found);
    }
    if let Some((_, put)) = taken.first().filter(|_| refusal.as_deref() == Some(NO_LANE)) {
        let asked = "the same PUT again when no lane is free";
        step(bench, notes, "job-refusal-order", asked, "409 JobAlreadyExists", put, in_short).await;
    }
    order_of_list(bench, notes, &taken).await;
    if let Some((first, _)) = taken.first().cloned() {
        bench.release(&first).await;
        let id = bench.new_id();
        let put = bench.put_as(&id, |_| {});
        if refusal.as_deref() == Some(NO_LANE) {
            let found = match bench.create(&put, pass).await {
                Ok((answer, 0)) => in_short(&answer),
                Ok((answer, again)) => format!("{} when asked for the {}th time", in_short(&answer), again + 1),
                Err(error) => error.to_string(),
            };
            notes.compare("job-cancel-waiting", "create a job in the lane of one that was cancelled", "200", &found);
        }
        taken.push((id, put));
    }
    for (id, _) in &taken {
        bench.release(id).await;
    }
    Ok(())
}

/// In which order jobs are listed; one job tells nothing.
async fn order_of_list(bench: &Bench<'_>, notes: &mut Notes, taken: &[(String, RawRequest)]) {
    if taken.len() < 2 {
        return;
    }
    let newest_first = taken.iter().rev().map(|(id, _)| id.as_str()).collect::<Vec<_>>();
    let list = RawRequest::new(Verb::Get, "/jobs/v2/query");
    let asked = format!("the order of {} jobs in the list", taken.len());
    step(bench, notes, "job-list-order", &asked, "newest first", &list, |answer| {
        let jobs = body(answer);
        let listed = jobs.as_array().into_iter().flatten().filter_map(|job| job["jobId"].as_str());
        let ours: Vec<_> = listed.filter(|id| id.starts_with(ID_PREFIX) && newest_first.contains(id)).collect();
        let oldest_first = newest_first.iter().rev().copied().collect::<Vec<_>>();
        match ours {
            ours if ours == newest_first => "newest first".to_owned(),
            ours if ours == oldest_first => "oldest first".to_owned(),
            ours => format!("neither newest nor oldest first, {} of them", ours.len()),
        }
    })
    .await;
}

/// Jobs that start at once.
pub(super) async fn running(
    bench: &Bench<'_>,
    notes: &mut Notes,
    pass: &impl AsyncFn(&[JobId]) -> Result<(), HubError>,
) -> Result<(), HubError> {
    let now = |body: &mut Value| {
        if let Some(body) = body.as_object_mut() {
            body.remove("startTime");
        }
    };
    let nobody = bench.new_id();
    if created(bench, notes, "job-no-device", &bench.put_as(&nobody, now), pass).await {
        let ended = ending(bench, &nobody, pass).await?;
        notes.compare("job-no-device", "how a job for no device ends", "completed, 0 devices", &ended.in_words());
        notes.compare("job-statistics", "the counts of a job that has ended", "0 = 0 + 0 + 0 + 0", &ended.sum());
        let asked = "cancel a job that is completed";
        let expected = "405 OperationNotAllowedInCurrentState";
        step(bench, notes, "job-cancel-running", asked, expected, &bench.cancel(&nobody), in_short).await;
        let again = bench.put_as(&nobody, now);
        let asked = "the PUT of a job that is completed";
        step(bench, notes, "job-id-unique", asked, "409 JobAlreadyExists", &again, in_short).await;
    }
    let broken = bench.new_id();
    let put = bench.put_as(&broken, |body| {
        now(body);
        // A whole query is no condition; should a hub take it for one, it is still for nobody.
        body["queryCondition"] = json!(format!("SELECT * FROM devices WHERE {NOBODY}"));
    });
    if created(bench, notes, "job-condition-checked-late", &put, pass).await {
        let ended = ending(bench, &broken, pass).await?;
        let says = ended.reason.contains("SQL query parse failed");
        let found = format!("{}{}", ended.status, if says { ", `SQL query parse failed`" } else { "" });
        let asked = "how a job with a condition that does not parse ends";
        notes.compare("job-condition-checked-late", asked, "failed, `SQL query parse failed`", &found);
    }
    let late = bench.new_id();
    let put = bench.put_as(&late, |body| {
        body["startTime"] = json!(bench.hours_ahead(-2));
        body["maxExecutionTimeInSeconds"] = json!(14_400);
    });
    if created(bench, notes, "job-start-past", &put, pass).await {
        let ended = ending(bench, &late, pass).await?;
        let asked = "how a job for no device ends that started two hours ago";
        notes.compare("job-start-past", asked, "completed, 0 devices", &ended.in_words());
    }
    Ok(())
}

/// How a job ended.
struct Ending {
    status: String,
    reason: String,
    statistics: Value,
}

impl Ending {
    fn count(&self, name: &str) -> String {
        text(&self.statistics[name])
    }

    fn in_words(&self) -> String {
        format!("{}, {} devices", self.status, self.count("deviceCount"))
    }

    fn sum(&self) -> String {
        let parts = ["failedCount", "succeededCount", "runningCount", "pendingCount"].map(|name| self.count(name));
        format!("{} = {}", self.count("deviceCount"), parts.join(" + "))
    }
}

/// Waits until a job has ended, and reads it.
async fn ending(
    bench: &Bench<'_>,
    id: &str,
    pass: &impl AsyncFn(&[JobId]) -> Result<(), HubError>,
) -> Result<Ending, HubError> {
    let mut ending = Ending { status: "no answer".to_owned(), reason: String::new(), statistics: Value::Null };
    for _ in 0..LOOKS_MAX {
        if let Ok(answer) = bench.send(&bench.get(id)).await {
            let job = body(&answer);
            ending = Ending {
                status: text(&job["status"]),
                reason: text(&job["failureReason"]),
                statistics: job["deviceJobStatistics"].clone(),
            };
            if matches!(ending.status.as_str(), "completed" | "failed" | "cancelled") {
                return Ok(ending);
            }
        }
        pass(&[JobId::new(id)]).await?;
    }
    Ok(ending)
}

/// Creates a job that a scene is about; if it cannot, the fact stays open.
async fn created(
    bench: &Bench<'_>,
    notes: &mut Notes,
    fact: &'static str,
    put: &RawRequest,
    pass: &impl AsyncFn(&[JobId]) -> Result<(), HubError>,
) -> bool {
    match bench.create(put, pass).await {
        Ok((answer, _)) if answer.status == 200 => return true,
        Ok((answer, _)) => notes.unclear(fact, format!("the job was not created: {}", in_short(&answer))),
        Err(error) => notes.unclear(fact, error.to_string()),
    }
    false
}

/// Makes one request of a scene, and compares what counts of its answer.
async fn step(
    bench: &Bench<'_>,
    notes: &mut Notes,
    fact: &'static str,
    asked: &str,
    expected: &str,
    request: &RawRequest,
    reads: impl Fn(&RawAnswer) -> String,
) {
    match bench.send(request).await {
        Ok(answer) => notes.compare(fact, asked, expected, &reads(&answer)),
        Err(error) => notes.unclear(fact, format!("{asked}: {error}")),
    }
}
