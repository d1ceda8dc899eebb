//! Every row of the service's table of endpoints, over HTTP: `tests/cases/endpoints/*.txt`. A line that
//! begins with `>` is a call; the next one says what came back: status, refusal and its envelope,
//! the form of the body, and the headers that clients look at. With `HUBJOBS_UPDATE=1` the answers in the
//! files are written anew.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::fs;
use std::path::Path;

use hubjobs::emulator::StateDir;
use local_hub::{Answer, Caller, config, fleet, serve};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/endpoints");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let actual = play(&text).await;
        if actual != text {
            if std::env::var_os("HUBJOBS_UPDATE").is_some() {
                fs::write(&file, &actual).unwrap();
            } else {
                let pairs = text.lines().zip(actual.lines()).filter(|(expected, actual)| expected != actual);
                let lines: Vec<_> = pairs.map(|(expected, actual)| format!("- {expected}\n+ {actual}")).collect();
                wrong.push(format!("{}\n{}", file.display(), lines.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n(HUBJOBS_UPDATE=1 accepts the answers)", wrong.join("\n"));
}

async fn play(text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let config = hubjobs::emulator::EmulatorConfig { fleet: Some(fleet(3)), ..config() };
    let served = serve(&StateDir::new(dir.path()), &config).await;
    let caller = Caller::new(served.connection_string());
    let mut actual = Vec::new();
    for line in text.lines() {
        let Some(call) = line.strip_prefix("> ") else {
            if line.starts_with('#') || line.is_empty() {
                actual.push(line.to_owned());
            }
            continue;
        };
        actual.push(line.to_owned());
        actual.push(shown(&send(&caller, call).await));
    }
    actual.join("\n") + "\n"
}

/// `METHOD path {body} Header: value; Header: value`, body and headers where there are any.
async fn send(caller: &Caller, call: &str) -> Answer {
    let (call, headers) = call.split_once(" ; ").unwrap_or((call, ""));
    let (method, rest) = call.split_once(' ').unwrap();
    let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut request = caller.request(method.parse().unwrap(), path);
    for header in headers.split(" ; ").filter(|header| !header.is_empty()) {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    if body.is_empty() && matches!(method, "POST" | "PUT" | "PATCH") {
        request = request.header("Content-Length", "0");
    } else if !body.is_empty() {
        request = request.header("Content-Type", "application/json; charset=utf-8").body(body.to_owned());
    }
    Answer::of(request).await
}

fn shown(answer: &Answer) -> String {
    let mut words = vec![answer.status.to_string()];
    assert!(answer.header("x-ms-request-id").is_some(), "{}", answer.text);
    let body: Value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
    if answer.status >= 400 {
        words.push(answer.header("iothub-errorcode").unwrap_or("-").to_owned());
        words.push(envelope(&body, answer.header("iothub-errorcode").unwrap_or_default()).to_owned());
    } else {
        words.push(match &body {
            Value::Array(items) => format!("array of {}", items.len()),
            Value::Object(members) => members.keys().cloned().collect::<Vec<_>>().join(","),
            _ if answer.text.is_empty() => "empty".to_owned(),
            _ => answer.text.clone(),
        });
        if !answer.text.is_empty() {
            assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        }
    }
    if let Some(etag) = answer.header("etag") {
        assert_eq!(etag, format!("\"{}\"", body["etag"].as_str().unwrap()), "quoted in the header, not in the body");
        words.push("etag".to_owned());
    }
    words.extend(answer.header("x-ms-item-type").map(|kind| format!("type {kind}")));
    words.extend(answer.header("x-ms-continuation").map(|_| "more".to_owned()));
    words.join(" | ")
}

/// Which of the hub's envelopes a refusal is in.
fn envelope(body: &Value, code: &str) -> &'static str {
    let message = body["Message"].as_str().unwrap_or_default();
    let inner: Option<Value> = serde_json::from_str(message).ok();
    let is_numbered = |body: &Value| {
        let members = ["errorCode", "message", "trackingId", "timestampUtc", "info"];
        body.as_object().is_some_and(|body| members.iter().all(|name| body.contains_key(*name)))
    };
    match inner {
        Some(inner) if is_numbered(&inner) && body["ExceptionMessage"] == "" => "nested",
        _ if is_numbered(body) => "second",
        _ if message.starts_with(&format!("ErrorCode:{code};")) => {
            assert!(body["ExceptionMessage"].as_str().unwrap().starts_with("Tracking ID:"));
            "first"
        }
        _ if body.get("isSuccessful").is_some() => "bulk",
        _ => "none",
    }
}
