//! Durable creations a second over HTTP and HTTPS, next to what the disk alone would allow; and a large hub.

#![expect(clippy::unwrap_used, reason = "a benchmark ends with the first surprise")]

#[path = "../local_hub/mod.rs"]
mod local_hub;

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use divan::counter::ItemsCount;
use hubjobs::emulator::state::{Fidelity, Lanes, Throttling};
use hubjobs::emulator::{Emulator, EmulatorConfig, Exposure, Served, StateDir};
use hubjobs::model::JobId;
use local_hub::{Caller, config, fleet, serve};
use reqwest::Method;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

const CREATIONS: u64 = 512;

fn main() {
    divan::main();
}

/// A folder on the disk of the build, since temporary files may live in memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// The floor: a record and a sync at a time.
#[divan::bench(sample_count = 20)]
fn disk_alone(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let mut file = File::create(folder.path().join("journal")).unwrap();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        file.write_all(&[b'x'; 250]).unwrap();
        file.sync_data().unwrap();
    });
}

/// Creates identities, each acknowledged only when it is on disk.
#[divan::bench(args = [1, 16, 64], sample_count = 10)]
fn durable_creations(bencher: divan::Bencher<'_, '_>, connections: u64) {
    let folder = folder();
    let runtime = Runtime::new().unwrap();
    let config =
        EmulatorConfig { fidelity: Fidelity { throttling: Throttling::Off, ..Fidelity::default() }, ..config() };
    let served = runtime.block_on(serve(&StateDir::new(folder.path()), &config));
    let caller = Caller::new(served.connection_string());
    let number = AtomicU64::new(0);
    bencher.counter(ItemsCount::new(CREATIONS)).bench_local(|| {
        let tasks: Vec<_> = (0..connections)
            .map(|_| {
                let first = number.fetch_add(CREATIONS / connections, Ordering::Relaxed);
                runtime.spawn(create(caller.clone(), first..first + CREATIONS / connections))
            })
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
    });
    runtime.block_on(served.stop()).unwrap();
}

async fn create(caller: Caller, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let id = format!("device-{number}");
        let request = caller.request(Method::PUT, &format!("/devices/{id}")).json(&json!({"deviceId": id}));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

/// Serves with nothing that holds creations back, over HTTPS too.
fn serve_unlimited(runtime: &Runtime, folder: &TempDir) -> Served {
    let fidelity = Fidelity { throttling: Throttling::Off, lanes: Lanes::Off, ..Fidelity::default() };
    let config = EmulatorConfig { fidelity, ..config() };
    runtime.block_on(async {
        let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let exposure = Exposure { https: vec![bind().await], ..Exposure::plain(bind().await) };
        Emulator::open(&StateDir::new(folder.path()), &config).unwrap().serve_on(exposure).await.unwrap()
    })
}

/// The floor beside the disk: as many exchanges over HTTPS that change nothing.
#[divan::bench(args = [16, 64], sample_count = 10)]
fn https_alone(bencher: divan::Bencher<'_, '_>, connections: u64) {
    exchange_over_https(bencher, connections, |_, head| format!("GET /nothing HTTP/1.1\r\n{head}\r\n"));
}

/// Creates jobs, each acknowledged only when it is on disk.
#[divan::bench(args = [16, 64], sample_count = 10)]
fn durable_jobs_over_https(bencher: divan::Bencher<'_, '_>, connections: u64) {
    exchange_over_https(bencher, connections, |number, head| {
        let body = format!(
            r#"{{"jobId":"job-{number}","type":"scheduleUpdateTwin","queryCondition":"tags.floor = 3",
                "startTime":"2026-12-01T20:00:00Z","maxExecutionTimeInSeconds":300,
                "updateTwin":{{"etag":"*","tags":{{"wave":1}}}}}}"#
        );
        format!(
            "PUT /jobs/v2/job-{number}?api-version=2021-04-12 HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    });
}

/// Sends requests over keep-alive connections, one at a time on each. The client is bare, for it takes
/// its part of the machine.
fn exchange_over_https(
    bencher: divan::Bencher<'_, '_>,
    connections: u64,
    request: impl Fn(u64, &str) -> String + Clone + Send + 'static,
) {
    let folder = folder();
    let runtime = Runtime::new().unwrap();
    let served = serve_unlimited(&runtime, &folder);
    let token = Caller::new(served.secure_connection_string().unwrap()).token(3_600);
    let head = format!("Host: localhost\r\nAuthorization: {token}\r\n");
    let streams = (0..connections).map(|_| runtime.block_on(connect(&served)));
    let mut streams: Vec<_> = streams.map(BufReader::new).collect();
    let number = AtomicU64::new(0);
    bencher.counter(ItemsCount::new(EXCHANGES)).bench_local(|| {
        let each = EXCHANGES / connections;
        let tasks: Vec<_> = streams
            .drain(..)
            .map(|mut stream| {
                let first = number.fetch_add(each, Ordering::Relaxed);
                let (request, head) = (request.clone(), head.clone());
                runtime.spawn(async move {
                    for number in first..first + each {
                        exchange(&mut stream, &request(number, &head)).await;
                    }
                    stream
                })
            })
            .collect();
        streams.extend(tasks.into_iter().map(|task| runtime.block_on(task).unwrap()));
    });
    drop(streams);
    runtime.block_on(served.stop()).unwrap();
}

const EXCHANGES: u64 = 2_048;

type Tls = tokio_rustls::client::TlsStream<TcpStream>;

async fn connect(served: &Served) -> Tls {
    let authority = CertificateDer::from_pem_file(served.authority().unwrap()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(served.ports().https.unwrap()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await.unwrap()
}

/// One request, one response with its body; a job that is not created is a surprise.
async fn exchange(stream: &mut BufReader<Tls>, request: &str) {
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let (mut line, mut len) = (String::new(), 0);
    stream.read_line(&mut line).await.unwrap();
    assert!(line.contains(if request.starts_with("PUT") { " 200 " } else { " 404 " }), "{line}");
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            len = value.trim().parse().unwrap();
        }
    }
    stream.read_exact(&mut vec![0; len]).await.unwrap();
}

const DEVICES: u32 = 10_000;

fn with_devices() -> EmulatorConfig {
    EmulatorConfig { fleet: Some(fleet(DEVICES)), ..config() }
}

/// What every command pays first: the snapshot of a large hub.
#[divan::bench(sample_count = 10)]
fn open_ten_thousand_devices(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let dir = StateDir::new(folder.path());
    drop(Emulator::open(&dir, &with_devices()).unwrap());
    bencher.counter(ItemsCount::new(DEVICES)).bench_local(|| Emulator::open(&dir, &with_devices()).unwrap());
}

/// A job over all of them, throttled as on S3, from its creation to its end in mode fast.
#[divan::bench(sample_count = 5)]
fn job_over_ten_thousand_devices(bencher: divan::Bencher<'_, '_>) {
    let folder = folder();
    let runtime = Runtime::new().unwrap();
    let served = runtime.block_on(serve(&StateDir::new(folder.path()), &with_devices()));
    let caller = Caller::new(served.connection_string());
    let number = AtomicU64::new(0);
    bencher.counter(ItemsCount::new(DEVICES)).bench_local(|| {
        let id = format!("job-{}", number.fetch_add(1, Ordering::Relaxed));
        let job = json!({"jobId": id, "type": "scheduleDeviceMethod", "queryCondition": "*",
                         "cloudToDeviceMethod": {"methodName": "lockDoor"}});
        runtime.block_on(async {
            caller.put(&format!("/jobs/v2/{id}"), &job).await.ok();
            while served.admin().advance(&[JobId::new(id.as_str())]).await.unwrap().progressed {}
            let ended = caller.get(&format!("/jobs/v2/{id}")).await.ok();
            assert_eq!(ended["deviceJobStatistics"]["succeededCount"], DEVICES);
        });
    });
    runtime.block_on(served.stop()).unwrap();
}
