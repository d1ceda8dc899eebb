//! Facts that one request settles: what is sent, and what the emulator answers.

use serde_json::{Value, json};

use super::bench::{Bench, in_short, job_path};
use super::notes::Notes;
use super::readings::{says_168_hours, status_only, whole};
use crate::hub::HubError;
use crate::hub::rest::{RawAnswer, RawBody, RawRequest, Sign, Verb};
use crate::model::JobId;

/// A request, and the answer that the emulator gives.
struct Question {
    /// What it settles.
    fact: &'static str,
    /// What it asks, in words.
    asks: &'static str,
    request: fn(&Bench<'_>) -> RawRequest,
    /// In the words of `reads`.
    expected: &'static str,
    /// What counts of the answer.
    reads: fn(&RawAnswer) -> String,
}

/// Asks all of them. Where one creates a job against expectation, the job is cancelled.
pub(super) async fn ask_all(
    bench: &Bench<'_>,
    notes: &mut Notes,
    pass: &impl AsyncFn(&[JobId]) -> Result<(), HubError>,
) -> Result<(), HubError> {
    for Question { fact, asks, request, expected, reads } in QUESTIONS {
        let request = request(bench);
        match bench.create(&request, pass).await {
            Ok((answer, _)) => {
                notes.compare(fact, asks, expected, &reads(&answer));
                if let Some(id) = request.creates().filter(|_| answer.status == 200) {
                    bench.release(id).await;
                }
            }
            Err(error) => notes.unclear(fact, format!("{asks}: {error}")),
        }
    }
    Ok(())
}

fn query(text: &str) -> RawRequest {
    RawRequest::new(Verb::Post, "/devices/query").with_body(RawBody::Json(json!({"query": text})))
}

fn get(path: &str) -> RawRequest {
    RawRequest::new(Verb::Get, path)
}

/// `deviceId IN ['none', 'none', ...]` of that many members: it matches nobody.
fn in_list(count: usize) -> String {
    format!("deviceId IN [{}]", vec!["'hubjobs-conformance-none'"; count].join(","))
}

fn nested(depth: usize) -> String {
    format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
}

const SECONDS: &str = "maxExecutionTimeInSeconds";

const QUESTIONS: &[Question] = &[
    // Requests for jobs that are refused.
    Question {
        fact: "job-types",
        asks: "create a job of the type `scheduleTwinUpdate`",
        request: |bench| bench.put(|body| body["type"] = json!("scheduleTwinUpdate")),
        expected: "400 GenericBadRequest",
        reads: in_short,
    },
    Question {
        fact: "job-types",
        asks: "create a job of the type `SCHEDULEUPDATETWIN`",
        request: |bench| bench.put(|body| body["type"] = json!("SCHEDULEUPDATETWIN")),
        expected: "200",
        reads: in_short,
    },
    Question {
        fact: "job-id-characters",
        asks: "create a job with `_` in its id",
        request: |bench| bench.put_as(&format!("{}_a", bench.new_id()), |_| {}),
        expected: "400 ArgumentInvalid",
        reads: in_short,
    },
    Question {
        fact: "job-id-characters",
        asks: "create a job with an id of 65 characters",
        request: |bench| bench.put_as(&format!("{:a<65}", bench.new_id()), |_| {}),
        expected: "400 ArgumentInvalid",
        reads: in_short,
    },
    Question {
        fact: "job-id-characters",
        asks: "create a job with an upper-case letter in its id",
        request: |bench| bench.put_as(&format!("{}-A", bench.new_id()), |_| {}),
        expected: "200",
        reads: in_short,
    },
    Question {
        fact: "job-start-168-hours",
        asks: "create a job that starts in 169 h",
        request: |bench| bench.put(|body| body["startTime"] = json!(bench.hours_ahead(169))),
        expected: "400 ArgumentInvalid, `Must be within 168 hours`",
        reads: says_168_hours,
    },
    Question {
        fact: "job-start-168-hours",
        asks: "create a job that starts in 167 h",
        request: |bench| bench.put(|body| body["startTime"] = json!(bench.hours_ahead(167))),
        expected: "200",
        reads: in_short,
    },
    Question {
        fact: "job-execution-bounds",
        asks: "create a job with 0 s to run",
        request: |bench| bench.put(|body| body[SECONDS] = json!(0)),
        expected: "400 ArgumentInvalid",
        reads: in_short,
    },
    Question {
        fact: "job-execution-bounds",
        asks: "create a job with -1 s to run",
        request: |bench| bench.put(|body| body[SECONDS] = json!(-1)),
        expected: "400 ArgumentInvalid",
        reads: in_short,
    },
    Question {
        fact: "job-execution-bounds",
        asks: "create a job with 1 s to run",
        request: |bench| bench.put(|body| body[SECONDS] = json!(1)),
        expected: "200",
        reads: in_short,
    },
    Question {
        fact: "job-execution-bounds",
        asks: "create a job with 2592000 s to run",
        request: |bench| bench.put(|body| body[SECONDS] = json!(2_592_000)),
        expected: "200",
        reads: in_short,
    },
    Question {
        fact: "job-execution-bounds",
        asks: "create a job with 2592001 s to run",
        request: |bench| bench.put(|body| body[SECONDS] = json!(2_592_001)),
        expected: "400 ArgumentInvalid",
        reads: in_short,
    },
    Question {
        fact: "job-condition-required",
        asks: "create a job without a condition",
        request: |bench| {
            bench.put(|body| {
                if let Some(body) = body.as_object_mut() {
                    body.remove("queryCondition");
                }
                // Should a hub take it for all devices, it changes nothing on them.
                body["updateTwin"] = json!({"etag": "*"});
            })
        },
        expected: "400 ArgumentNull",
        reads: in_short,
    },
    Question {
        fact: "job-condition-length",
        asks: "create a job with a condition of more than 8192 characters",
        request: |bench| bench.put(|body| body["queryCondition"] = json!(in_list(320))),
        expected: "412 PreconditionFailed",
        reads: in_short,
    },
    Question {
        fact: "job-desired-place",
        asks: "create a job with desired properties outside of `properties`",
        request: |bench| bench.put(|body| body["updateTwin"] = json!({"etag": "*", "desired": {"a": 1}})),
        expected: "400 ArgumentInvalid",
        reads: in_short,
    },
    Question {
        fact: "job-null-members",
        asks: "create a job with `maxExecutionTimeInSeconds` null",
        request: |bench| bench.put(|body| body[SECONDS] = Value::Null),
        expected: "200",
        reads: in_short,
    },
    Question {
        fact: "job-unknown-members",
        asks: "create a job with a member that nobody knows",
        request: |bench| bench.put(|body| body["hubjobsConformance"] = json!(1)),
        expected: "200",
        reads: in_short,
    },
    Question {
        fact: "job-member-case",
        asks: "create a job with a `MaxExecutionTimeInSeconds` of 0",
        request: |bench| {
            bench.put(|body| {
                if let Some(body) = body.as_object_mut() {
                    body.remove(SECONDS);
                }
                body["MaxExecutionTimeInSeconds"] = json!(0);
            })
        },
        expected: "400 ArgumentInvalid",
        reads: in_short,
    },
    Question {
        fact: "request-depth-64",
        asks: "create a job with a value 70 levels deep",
        request: |bench| bench.put(|body| body["deep"] = serde_json::from_str(&nested(70)).unwrap_or_default()),
        expected: "400",
        reads: status_only,
    },
    Question {
        fact: "request-256-kb",
        asks: "create a job with a body of 300 KB",
        request: |bench| bench.put(|body| body["filler"] = json!("x".repeat(300 * 1_024))),
        expected: "413",
        reads: status_only,
    },
    Question {
        fact: "body-unparsable",
        asks: "create a job with a body that is not JSON",
        request: |bench| {
            let id = bench.new_id();
            RawRequest::new(Verb::Put, job_path(&id, "")).with_body(RawBody::Text("{".to_owned()))
        },
        expected: "400 GenericBadRequest",
        reads: in_short,
    },
    // Calls about jobs that are not there.
    Question {
        fact: "job-get-unknown",
        asks: "get a job that is not there",
        request: |bench| bench.get(&bench.new_id()),
        expected: "200 jobId status=unknown type=unknown",
        reads: whole,
    },
    Question {
        fact: "job-cancel-unknown",
        asks: "cancel a job that is not there",
        request: |bench| bench.cancel(&bench.new_id()),
        expected: "404 JobNotFound",
        reads: in_short,
    },
    Question {
        fact: "job-v1",
        asks: "get an import job that is not there",
        request: |bench| get(&format!("/jobs/{}", bench.new_id())),
        expected: "404 JobNotFound",
        reads: in_short,
    },
    Question {
        fact: "job-list-filters",
        asks: "list jobs of the type `SCHEDULEUPDATETWIN` in the state `COMPLETED`",
        request: |_| get("/jobs/v2/query?jobType=SCHEDULEUPDATETWIN&jobStatus=COMPLETED"),
        expected: "200",
        reads: in_short,
    },
    Question {
        fact: "job-list-filters",
        asks: "list jobs in the state `nonsense`",
        request: |_| get("/jobs/v2/query?jobStatus=nonsense"),
        expected: "400",
        reads: status_only,
    },
    // Queries.
    Question {
        fact: "query-length",
        asks: "a query of more than 8192 characters",
        request: |_| query(&format!("SELECT * FROM devices WHERE {}", in_list(320))),
        expected: "400",
        reads: status_only,
    },
    Question {
        fact: "query-operators",
        asks: "a query that compares strings, divides with rest and lists 250 ids",
        request: |_| {
            let condition = format!("deviceId >= 'hubjobs' AND tags.hubjobs % 2 = 0 AND {}", in_list(250));
            query(&format!("SELECT deviceId FROM devices WHERE {condition}"))
        },
        expected: "200",
        reads: in_short,
    },
    Question {
        fact: "query-refused",
        asks: "a query that does not parse",
        request: |_| query("SELECT * FROM devices WHERE"),
        expected: "400 ArgumentInvalid",
        reads: in_short,
    },
    Question {
        fact: "query-missing",
        asks: "a query without `query`",
        request: |_| RawRequest::new(Verb::Post, "/devices/query").with_body(RawBody::Json(json!({}))),
        expected: "400 ArgumentNull",
        reads: in_short,
    },
    Question {
        fact: "page-continuation",
        asks: "a query with a continuation of another one",
        request: |_| query("SELECT * FROM devices").with_continuation("aHViam9icw=="),
        expected: "400",
        reads: status_only,
    },
    // The rest of the API, reading only.
    Question {
        fact: "protocol-version",
        asks: "list jobs with an api-version of another century",
        request: |_| get("/jobs/v2/query").with_api_version(Some("1999-01-01")),
        expected: "200",
        reads: in_short,
    },
    Question {
        fact: "protocol-version",
        asks: "list jobs with the api-version `latest`",
        request: |_| get("/jobs/v2/query").with_api_version(Some("latest")),
        expected: "400 InvalidProtocolVersion",
        reads: in_short,
    },
    Question {
        fact: "protocol-version",
        asks: "list jobs without an api-version",
        request: |_| get("/jobs/v2/query").with_api_version(None),
        expected: "400 InvalidProtocolVersion",
        reads: in_short,
    },
    Question {
        fact: "method-not-allowed",
        asks: "PATCH of the statistics",
        request: |_| RawRequest::new(Verb::Patch, "/statistics/devices").with_body(RawBody::Json(json!({}))),
        expected: "405",
        reads: status_only,
    },
    Question {
        fact: "resource-not-found",
        asks: "get of a path that leads nowhere",
        request: |_| get("/hubjobs-conformance"),
        expected: "404",
        reads: status_only,
    },
    Question {
        fact: "device-not-found",
        asks: "get a device that is not there",
        request: |bench| get(&format!("/devices/{}", bench.new_id())),
        expected: "404 DeviceNotFound",
        reads: in_short,
    },
    Question {
        fact: "configuration-not-found",
        asks: "get a configuration that is not there",
        request: |bench| get(&format!("/configurations/{}", bench.new_id())),
        expected: "404 ConfigurationNotFound",
        reads: in_short,
    },
    Question {
        fact: "registry-list-top",
        asks: "list identities with a `top` of 0",
        request: |_| get("/devices?top=0"),
        expected: "200",
        reads: in_short,
    },
    // Who gets in.
    Question {
        fact: "unauthorized",
        asks: "list jobs without a token",
        request: |_| get("/jobs/v2/query").signed(Sign::Nobody),
        expected: "401",
        reads: status_only,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::facts::fact;

    #[test]
    fn every_question_is_about_a_fact() {
        for question in QUESTIONS {
            assert!(fact(question.fact).is_some(), "{}: {}", question.fact, question.asks);
        }
    }

    #[test]
    fn conditions_have_the_length_that_they_are_to_have() {
        assert!(in_list(320).len() > 8_192);
        assert!(in_list(250).len() < 8_000);
    }
}
