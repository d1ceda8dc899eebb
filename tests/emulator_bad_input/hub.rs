//! The real program, its memory, and whether it still does its work.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hubjobs::emulator::{StateDir, attach};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::device::{Device, token};
use crate::local_hub::Caller;
use crate::wire::Hello;

pub(crate) const MB: u64 = 1 << 20;

pub(crate) struct Hub {
    folder: TempDir,
    child: Child,
    printed: Value,
    pub(crate) caller: Caller,
    lanes: usize,
    /// Job ids that were used, over restarts too.
    lanes_probed: AtomicUsize,
}

impl Hub {
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), 0).await
    }

    async fn start_in(folder: TempDir, jobs_before: usize) -> Self {
        let log = File::options().create(true).append(true).open(folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.arg("-C").arg(folder.path()).args(["emulator", "start", "--json", "--no-throttles"]);
        command.args(["--https-port=0", "--mqtt-port=0"]).env_remove("HUBJOBS_LOG");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let printed = printed(&mut child).unwrap_or_else(|| panic!("it did not start: {}", log_of(folder.path())));
        let state = StateDir::new(folder.path().join(".hubjobs/no-project"));
        let attached = attach(&state).await.unwrap().unwrap();
        let caller = Caller::new(attached.connection_string());
        attached.leave().await;
        let lanes_probed = AtomicUsize::new(jobs_before);
        let mut hub = Self { folder, child, printed, caller, lanes: 0, lanes_probed };
        hub.lanes = hub.free_lanes().await;
        assert!(hub.lanes > 0);
        hub
    }

    /// Kills it and starts it again, so that it has nothing but its journal.
    pub(crate) async fn killed_and_started(mut self) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        let jobs_before = self.lanes_probed.load(Ordering::Relaxed);
        drop(self);
        Self::start_in(folder, jobs_before).await
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.caller.host().parse().unwrap()
    }

    /// Its HTTPS port.
    pub(crate) fn https(&self) -> SocketAddr {
        self.port("https")
    }

    pub(crate) fn mqtt(&self) -> SocketAddr {
        self.port("mqtt")
    }

    fn port(&self, name: &str) -> SocketAddr {
        let url = self.printed["endpoints"][name].as_str().unwrap();
        SocketAddr::from(([127, 0, 0, 1], url.rsplit_once(':').unwrap().1.parse().unwrap()))
    }

    /// Memory that it has, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1_024
    }

    /// A device on which nothing was said yet.
    pub(crate) async fn dial(&self) -> Device {
        Device::over(self.tls().await)
    }

    /// A TLS connection to the MQTT port.
    pub(crate) async fn tls(&self) -> TlsStream<TcpStream> {
        let authority = self.printed["authority"].as_str().unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(self.mqtt()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }

    /// Registers a device; what it says first.
    pub(crate) async fn hello(&self, id: &str) -> Hello {
        let identity = self.caller.put(&format!("/devices/{id}"), &json!({"deviceId": id})).await.ok();
        let key = identity["authentication"]["symmetricKey"]["primaryKey"].as_str().unwrap().to_owned();
        let expiry = jiff::Timestamp::now().as_second() + 3_600;
        Hello::new(id, &token(&key, &format!("localhost/devices/{id}"), expiry, None))
    }

    /// Sends bytes as they are; what comes back until the connection is closed, or nothing comes for a while.
    pub(crate) async fn raw(&self, bytes: &[u8], patience: Duration) -> (Vec<u8>, bool) {
        let mut stream = TcpStream::connect(self.http()).await.unwrap();
        // Who is refused may see the connection closed before all is sent.
        let _ = timeout(patience, stream.write_all(bytes)).await;
        let mut said = Vec::new();
        let closed = timeout(patience, stream.read_to_end(&mut said)).await.is_ok();
        (said, closed)
    }

    /// It answers, its lanes are free, and a job runs to its end. Its memory is below so many bytes.
    pub(crate) async fn is_well(&mut self, memory_max: u64) {
        assert_eq!(self.child.try_wait().unwrap(), None, "it ended: {}", log_of(self.folder.path()));
        let start = Instant::now();
        self.caller.get("/statistics/devices").await.ok();
        assert_eq!(self.free_lanes().await, self.lanes, "lanes are stuck");
        let id = format!("well-{}", self.lanes_probed.fetch_add(1, Ordering::Relaxed));
        self.caller.put(&format!("/jobs/v2/{id}"), &job(&id, "")).await.ok();
        self.finished(&id).await;
        assert!(start.elapsed() < Duration::from_secs(15), "it is slow: {:?}", start.elapsed());
        let memory = self.memory();
        assert!(memory < memory_max, "{} MB", memory / MB);
        let log = log_of(self.folder.path());
        assert!(!log.contains("panicked"), "{log}");
    }

    /// How many jobs it takes at once.
    async fn free_lanes(&self) -> usize {
        let later = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(2)).to_string();
        let mut taken = Vec::new();
        loop {
            let id = format!("lane-{}", self.lanes_probed.fetch_add(1, Ordering::Relaxed));
            match self.caller.put(&format!("/jobs/v2/{id}"), &job(&id, &later)).await.status {
                200 => taken.push(id),
                429 => break,
                other => panic!("{other}"),
            }
        }
        for id in &taken {
            self.caller.post_empty(&format!("/jobs/v2/{id}/cancel")).await.ok();
        }
        taken.len()
    }

    async fn finished(&self, id: &str) {
        for _ in 0..400 {
            if self.caller.get(&format!("/jobs/v2/{id}")).await.ok()["status"] == "completed" {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("job {id} never ends");
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn job(id: &str, start: &str) -> Value {
    let mut job = json!({"jobId": id, "type": "scheduleUpdateTwin", "queryCondition": "deviceId = 'none'",
        "maxExecutionTimeInSeconds": 60, "updateTwin": {"etag": "*", "tags": {"wave": 1}}});
    if !start.is_empty() {
        job["startTime"] = start.into();
    }
    job
}

fn printed(child: &mut Child) -> Option<Value> {
    let (mut text, mut part) = (Vec::new(), [0; 1_024]);
    let stdout = child.stdout.as_mut().unwrap();
    loop {
        let len = stdout.read(&mut part).unwrap();
        text.extend_from_slice(&part[..len]);
        match serde_json::from_slice(&text) {
            Ok(value) => return Some(value),
            Err(_) if len == 0 => return None,
            Err(_) => {}
        }
    }
}

fn log_of(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap()
}

/// The text with `{{text*count}}` written out and `\xNN` as bytes.
pub(crate) fn expand(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        if let Some((inner, after)) = rest.strip_prefix("{{").and_then(|rest| rest.split_once("}}")) {
            let (part, count) = inner.rsplit_once('*').unwrap();
            bytes.extend(expand(part).repeat(count.parse().unwrap()));
            rest = after;
        } else if let Some(code) = rest.strip_prefix("\\x") {
            bytes.push(u8::from_str_radix(&code[..2], 16).unwrap());
            rest = &code[2..];
        } else {
            let len = rest.chars().next().unwrap().len_utf8();
            bytes.extend(&rest.as_bytes()[..len]);
            rest = &rest[len..];
        }
    }
    bytes
}

/// Plays a file of cases: after a line that begins with `>` comes what happened. With `HUBJOBS_UPDATE=1` that is
/// written anew.
pub(crate) async fn play(file: &str, mut case: impl AsyncFnMut(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/bad-input").join(file);
    let text = fs::read_to_string(&path).unwrap();
    let mut actual = String::new();
    for line in text.lines() {
        if let Some(input) = line.strip_prefix("> ") {
            actual += &format!("{line}\n{}\n", case(input).await);
        } else if line.starts_with('#') || line.is_empty() {
            actual += &format!("{line}\n");
        }
    }
    if actual != text && std::env::var_os("HUBJOBS_UPDATE").is_some() {
        fs::write(&path, &actual).unwrap();
        return;
    }
    let pairs = text.lines().zip(actual.lines()).filter(|(expected, actual)| expected != actual);
    let wrong: Vec<_> = pairs.map(|(expected, actual)| format!("- {expected}\n+ {actual}")).collect();
    assert!(actual == text, "{}\n(HUBJOBS_UPDATE=1 accepts the answers)", wrong.join("\n"));
}
