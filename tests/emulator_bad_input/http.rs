//! Requests as no client should send them: `tests/cases/bad-input/http.txt`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::hub::{Hub, MB, expand, play};

/// A case that is not answered within this is not answered.
const PATIENCE: Duration = Duration::from_millis(1_500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_as_no_client_should_send_them() {
    let mut hub = Hub::start().await;
    hub.caller.put("/devices/a", &json!({"deviceId": "a"})).await.ok();
    play("http.txt", async |case: &str| {
        let (said, closed) = hub.raw(&request(&hub, case), PATIENCE).await;
        hub.caller.get("/devices/a").await.ok();
        shown(&said, closed)
    })
    .await;
    hub.is_well(200 * MB).await;
    let mut hub = hub.killed_and_started().await;
    hub.is_well(200 * MB).await;
}

/// `METHOD path ; Header: value ; .. | body`: signed, with the length of its body, and closing, unless the
/// case says otherwise. A case that begins with `=` is sent as it stands.
fn request(hub: &Hub, case: &str) -> Vec<u8> {
    if let Some(raw) = case.strip_prefix("= ") {
        return expand(&raw.replace("TOKEN", &hub.caller.token(600)));
    }
    let (head, body) = case.split_once(" | ").unwrap_or((case, ""));
    let mut parts = head.split(" ; ");
    let (method, path) = parts.next().unwrap().split_once(' ').unwrap();
    let body = expand(body);
    let separator = if path.contains('?') { '&' } else { '?' };
    let mut bytes = format!("{method} ").into_bytes();
    bytes.extend(expand(path));
    bytes.extend(format!("{separator}api-version=2021-04-12 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n").as_bytes());
    let (mut has_length, mut has_token) = (false, false);
    for header in parts {
        has_length |= header.starts_with("Content-Length") || header.starts_with("Transfer-Encoding");
        has_token |= header.starts_with("Authorization");
        bytes.extend(expand(header));
        bytes.extend(b"\r\n");
    }
    if !has_length {
        bytes.extend(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    if !has_token {
        bytes.extend(format!("Authorization: {}\r\n", hub.caller.token(600)).as_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// Status and refusal of every answer, and what became of the connection.
fn shown(said: &[u8], closed: bool) -> String {
    let text = String::from_utf8_lossy(said);
    let mut words = Vec::new();
    for answer in text.split("HTTP/1.").skip(1) {
        words.push(answer[2..5].to_owned());
        let code = answer.lines().find_map(|line| line.strip_prefix("iothub-errorcode: "));
        words.extend(code.map(str::to_owned));
    }
    words.push(if closed { "closed" } else { "open" }.to_owned());
    words.join(" ")
}

/// Text that the JSON library would read as one more level, with no more growth than a constant for each
/// level: reading it as the library does ends the process for want of stack.
fn hidden(levels: usize) -> String {
    (0..levels).fold("1".to_owned(), |inner, _| {
        let inner: String = inner
            .chars()
            .map(|c| if "\"\\".contains(c) { format!("\\u{:04x}", u32::from(c)) } else { c.into() })
            .collect();
        format!("{}{{\"$serde_json::private::RawValue\":\"{inner}\"}}{}", "[".repeat(100), "]".repeat(100))
    })
}

/// Wherever a body may nest, it is refused, or it is there after a kill: the journal reads back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn depth_is_refused_or_kept() {
    let hub = Hub::start().await;
    hub.caller.put("/devices/a", &json!({"deviceId": "a"})).await.ok();
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let texts = [nested(10), nested(60), nested(66), nested(120), nested(127), nested(100_000), hidden(90)];
    for (number, text) in texts.iter().enumerate() {
        assert!(text.len() < 250_000);
        let (job, method) = (format!("job-{number}"), format!("method-{number}"));
        for (verb, path, body) in [
            (
                "PUT",
                format!("/jobs/v2/{job}"),
                format!(
                    r#"{{"type":"scheduleUpdateTwin","queryCondition":"*","updateTwin":{{"tags":{{"wave":1}}}},"x":{text}}}"#
                ),
            ),
            (
                "PUT",
                format!("/jobs/v2/{method}"),
                format!(
                    r#"{{"type":"scheduleDeviceMethod","queryCondition":"*","cloudToDeviceMethod":{{"methodName":"m","payload":{text}}}}}"#
                ),
            ),
            ("POST", "/twins/a/methods".to_owned(), format!(r#"{{"methodName":"m","payload":{text}}}"#)),
            ("PATCH", "/twins/a".to_owned(), format!(r#"{{"tags":{{"$metadata":{text}}},"x":{text}}}"#)),
            ("PATCH", "/twins/a".to_owned(), format!(r#"{{"tags":{{"a":{text}}}}}"#)),
            ("PUT", format!("/devices/d{number}"), format!(r#"{{"deviceId":"d{number}","x":{text}}}"#)),
            (
                "PUT",
                format!("/configurations/c{number}"),
                format!(r#"{{"id":"c{number}","content":{{}},"labels":{{"a":{text}}}}}"#),
            ),
            ("POST", "/devices".to_owned(), format!(r#"[{{"id":"e{number}","importMode":"create","x":{text}}}]"#)),
            ("POST", "/devices/query".to_owned(), text.clone()),
        ] {
            let request = hub.caller.request(verb.parse().unwrap(), &path).body(body).send().await.unwrap();
            let status = request.status().as_u16();
            assert!(
                if number < 2 { status < 500 } else { (400..500).contains(&status) },
                "{number} {verb} {path}: {status}"
            );
        }
    }
    let before = everything(&hub).await;
    let mut hub = hub.killed_and_started().await;
    assert_eq!(everything(&hub).await, before);
    hub.is_well(200 * MB).await;
}

async fn everything(hub: &Hub) -> Vec<Value> {
    let mut all = vec![hub.caller.get("/devices").await.ok(), hub.caller.get("/configurations").await.ok()];
    all.push(hub.caller.get("/twins/a").await.ok()["tags"]["a"].clone());
    all
}

/// Many requests at once on one connection are all answered, in order; and a client that takes none of the
/// answers does not fill the memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelines() {
    let mut hub = Hub::start().await;
    hub.caller.put("/devices/a", &json!({"deviceId": "a"})).await.ok();
    let request = |close| {
        let connection = if close { "close" } else { "keep-alive" };
        let head = "GET /devices/a?api-version=2021-04-12 HTTP/1.1\r\nHost: x\r\nConnection";
        format!("{head}: {connection}\r\nAuthorization: {}\r\n\r\n", hub.caller.token(600))
    };
    let (said, closed) =
        hub.raw((request(false).repeat(299) + &request(true)).as_bytes(), Duration::from_secs(20)).await;
    let answers = String::from_utf8(said).unwrap().matches("HTTP/1.1 200").count();
    assert!(closed && answers == 300, "{answers}");
    let mut deaf = Vec::new();
    let bytes = request(false).repeat(2_000);
    for _ in 0..20 {
        let mut stream = TcpStream::connect(hub.http()).await.unwrap();
        let _ = tokio::time::timeout(Duration::from_millis(300), stream.write_all(bytes.as_bytes())).await;
        deaf.push(stream);
    }
    hub.is_well(200 * MB).await;
    let mut byte = [0];
    deaf[0].read_exact(&mut byte).await.unwrap();
}
