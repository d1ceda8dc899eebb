//! `hubjobs doctor` as people run it: a project, a hub behind TLS, and one thing wrong with either.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod local_hub;

use std::path::Path;
use std::process::Command;

use hubjobs::emulator::{Emulator, EmulatorConfig, Exposure, Served, StateDir, policies};
use hubjobs::model::{ClockMode, EmulatorClock, HubSize, Sku};
use jiff::{SignedDuration, Timestamp};
use local_hub::{Caller, config, fleet};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A hub behind TLS, as Azure's are.
struct Hub {
    served: Served,
    folder: TempDir,
}

impl Hub {
    async fn begin(config: &EmulatorConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bind = || TcpListener::bind("127.0.0.1:0");
        let exposure = Exposure { https: vec![bind().await.unwrap()], ..Exposure::plain(bind().await.unwrap()) };
        let emulator = Emulator::open(&StateDir::new(folder.path()), config).unwrap();
        Self { served: emulator.serve_on(exposure).await.unwrap(), folder }
    }

    fn port(&self) -> u16 {
        self.served.ports().https.unwrap().port()
    }

    fn authority(&self) -> &Path {
        self.served.authority().unwrap()
    }

    /// Connection string of a policy, for HTTPS.
    fn policy(&self, name: &str) -> String {
        let all = policies(&StateDir::new(self.folder.path())).unwrap().unwrap();
        let policy = all.into_iter().find(|policy| policy.name == name).unwrap();
        let port = self.port();
        format!("HostName=localhost:{port};SharedAccessKeyName={name};SharedAccessKey={}", policy.primary_key)
    }
}

fn size(sku: Sku) -> HubSize {
    HubSize { sku, units: std::num::NonZeroU32::MIN }
}

/// A hub whose clock is off by so much, with three devices.
fn hub_config(sku: Sku, off: SignedDuration) -> EmulatorConfig {
    let clock = EmulatorClock { start: Some(Timestamp::now() + off), mode: ClockMode::Real };
    EmulatorConfig { size: size(sku), clock, fleet: Some(fleet(3)), ..config() }
}

/// A project with one manifest.
struct Project(TempDir);

impl Project {
    /// `hubs` is the `hub:` or `hubs:` member of the environment.
    fn new(hubs: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = format!(
            "apiVersion: hubjobs.dev/v1\nkind: Project\nmetadata: {{name: buildings}}\nspec:\n  \
             ownerId: 5b0d2f7e-3f0b-4a3e-9c55-2f3a4f1f6a10\n  owner: bldg\n  manifests: [\"jobs/*.yaml\"]\n  \
             environments:\n    prod:\n      {hubs}\n      prune: never\n"
        );
        let manifest = "apiVersion: hubjobs.dev/v1\nkind: TwinJob\nmetadata: {name: set-interval}\nspec:\n  \
                        target: {condition: \"tags.building = '43'\"}\n  \
                        schedule: {cron: \"* * * * *\", timeZone: UTC, startingDeadline: 30m}\n  \
                        maxExecutionTime: 1m\n  twin: {desired: {interval: 60}}\n";
        std::fs::write(folder.path().join("hubjobs.yaml"), project).unwrap();
        std::fs::create_dir(folder.path().join("jobs")).unwrap();
        std::fs::write(folder.path().join("jobs/set-interval.yaml"), manifest).unwrap();
        Self(folder)
    }

    /// One hub on this machine.
    fn on(port: u16, sku: &str) -> Self {
        Self::new(&format!("hub: {{hostName: \"localhost:{port}\", auth: {{connectionStringEnv: HUB}}, sku: {sku}}}"))
    }

    fn doctor(&self) -> Doctor {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubjobs"));
        command.arg("-C").arg(self.0.path()).arg("doctor").env_remove("HUBJOBS_LOG").env_remove("HUBJOBS_ENV");
        for proxy in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            command.env_remove(proxy);
        }
        Doctor(command)
    }
}

struct Doctor(Command);

impl Doctor {
    fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    fn trusting(mut self, authority: &Path) -> Self {
        self.0.arg("--ca-file").arg(authority);
        self
    }

    fn args(mut self, args: &[&str]) -> Self {
        self.0.args(args);
        self
    }

    /// Exit code and stdout, without what changes from run to run.
    fn run(mut self) -> String {
        let output = self.0.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        format!("exit {}\n{text}", output.status.code().unwrap())
    }
}

/// Compares a report with the one that is kept under a name in `tests/cases/doctor`.
#[track_caller]
fn assert_report(name: &str, report: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("cases/doctor");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (changing, shown) in [
        (r"localhost:\d+", "localhost:[port]"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
        (r"port \d+", "port [port]"),
        (r"in \d+ ms", "in [n] ms"),
        (r"`localhost` is [^\n]*", "`localhost` is [addresses]"),
        (r"emulator [0-9a-f]{8}", "emulator [id]"),
        (r"this machine is \d+m(\d+s)? ", "this machine is [n] "),
        (r"the clock of this machine is \d+s (ahead of|behind) the hub's", "agrees with the hub's"),
        (r"\d{4}-\d\d-\d\d( \d\d:\d\dZ)?", "[time]"),
    ] {
        settings.add_filter(changing, shown);
    }
    settings.bind(|| insta::assert_snapshot!(name, report));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well() {
    let hub = Hub::begin(&hub_config(Sku::S1, SignedDuration::ZERO)).await;
    let project = Project::on(hub.port(), "S1");
    let doctor = || project.doctor().env("HUB", &hub.policy("iothubowner")).trusting(hub.authority());
    assert_report("all-is-well", &doctor().run());
    let json = doctor().args(&["-o", "json"]).run();
    let json: serde_json::Value = serde_json::from_str(json.strip_prefix("exit 0\n").unwrap()).unwrap();
    let checks = json["hubs"][0]["checks"].as_array().unwrap();
    assert_eq!(checks.len(), hubjobs::doctor::Check::ALL.len());
    assert!(checks.iter().all(|check| check["verdict"] == json!("ok") && check["code"] == json!("as-it-should-be")));
    // Nothing was changed.
    let caller = Caller::new(hub.served.connection_string());
    assert_eq!(caller.get("/jobs/v2/query").await.ok(), json!([]));
}

#[test]
fn a_name_without_an_address() {
    let project = Project::new("hub: {hostName: nonexistent.invalid, auth: {connectionStringEnv: HUB}, sku: S1}");
    let string = "HostName=nonexistent.invalid;SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0";
    assert_report("no-address", &project.doctor().env("HUB", string).run());
}

#[tokio::test]
async fn a_port_that_nobody_listens_on() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let string = format!("HostName=localhost:{port};SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0");
    assert_report("nobody-listens", &Project::on(port, "S1").doctor().env("HUB", &string).run());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_nobody_knows() {
    let hub = Hub::begin(&hub_config(Sku::S1, SignedDuration::ZERO)).await;
    let project = Project::on(hub.port(), "S1");
    let doctor = project.doctor().env("HUB", &hub.policy("iothubowner"));
    assert_report("unknown-authority", &doctor.run());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_ten_minutes_off() {
    let hub = Hub::begin(&hub_config(Sku::S1, SignedDuration::from_mins(-10))).await;
    let project = Project::on(hub.port(), "S1");
    let doctor = project.doctor().env("HUB", &hub.policy("iothubowner")).trusting(hub.authority());
    assert_report("clock-off", &doctor.run());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_with_too_few_rights() {
    let hub = Hub::begin(&hub_config(Sku::S1, SignedDuration::ZERO)).await;
    let project = Project::on(hub.port(), "S1");
    let doctor = |policy| project.doctor().env("HUB", &hub.policy(policy)).trusting(hub.authority());
    assert_report("policy-service", &doctor("service").run());
    assert_report("policy-registry-read", &doctor("registryRead").run());
    assert_report("policy-device", &doctor("device").run());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_expired() {
    let hub = Hub::begin(&hub_config(Sku::S1, SignedDuration::ZERO)).await;
    let project = Project::on(hub.port(), "S1");
    let token = Caller::new(hub.served.connection_string()).token(-3_600);
    let string = format!("HostName=localhost:{};SharedAccessSignature={token}", hub.port());
    assert_report("token-expired", &project.doctor().env("HUB", &string).trusting(hub.authority()).run());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credential_at_all() {
    let hub = Hub::begin(&hub_config(Sku::S1, SignedDuration::ZERO)).await;
    let project = Project::on(hub.port(), "S1");
    assert_report("no-credential", &project.doctor().trusting(hub.authority()).run());
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_full_of_the_jobs_of_others() {
    let hub = Hub::begin(&hub_config(Sku::S1, SignedDuration::ZERO)).await;
    let caller = Caller::new(hub.served.connection_string());
    let start = (Timestamp::now() + SignedDuration::from_hours(48)).to_string();
    let job = json!({"jobId": "nightly-import", "type": "scheduleUpdateTwin", "queryCondition": "*",
        "updateTwin": {"etag": "*"}, "startTime": start});
    caller.put("/jobs/v2/nightly-import", &job).await.ok();
    let project = Project::on(hub.port(), "S1");
    let doctor = project.doctor().env("HUB", &hub.policy("iothubowner")).trusting(hub.authority());
    assert_report("lanes-full", &doctor.run());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_jobs_than_the_declared_tier_has_lanes_for() {
    let hub = Hub::begin(&hub_config(Sku::S2, SignedDuration::ZERO)).await;
    let caller = Caller::new(hub.served.connection_string());
    let start = (Timestamp::now() + SignedDuration::from_hours(48)).to_string();
    for id in ["one", "two"] {
        let job = json!({"jobId": id, "type": "scheduleUpdateTwin", "queryCondition": "*",
            "updateTwin": {"etag": "*"}, "startTime": start});
        caller.put(&format!("/jobs/v2/{id}"), &job).await.ok();
    }
    let project = Project::on(hub.port(), "S1");
    let report = project.doctor().env("HUB", &hub.policy("iothubowner")).trusting(hub.authority()).run();
    assert!(report.contains("2 jobs hold lanes, and S1\u{d7}1 has 1 [size-too-small]"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_hubs_is_down() {
    let hub = Hub::begin(&hub_config(Sku::S1, SignedDuration::ZERO)).await;
    let down = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let project = Project::new(&format!(
        "hubs:\n        east: {{hostName: \"localhost:{}\", auth: {{connectionStringEnv: EAST}}, sku: S1}}\n        \
         west: {{hostName: \"localhost:{down}\", auth: {{connectionStringEnv: WEST}}, sku: S1}}",
        hub.port()
    ));
    let string = format!("HostName=localhost:{down};SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0");
    let doctor = project.doctor().env("EAST", &hub.policy("iothubowner")).env("WEST", &string);
    assert_report("one-of-two-down", &doctor.trusting(hub.authority()).run());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_with_errors_leaves_the_hub_to_be_examined() {
    let hub = Hub::begin(&hub_config(Sku::S1, SignedDuration::ZERO)).await;
    let project = Project::on(hub.port(), "S1");
    std::fs::write(project.0.path().join("jobs/broken.yaml"), "kind: TwinJob\n").unwrap();
    let report = project.doctor().env("HUB", &hub.policy("iothubowner")).trusting(hub.authority()).run();
    assert!(report.starts_with("exit 1\n"), "{report}");
    assert!(report.contains("some manifests have errors [configuration-invalid]"), "{report}");
    assert!(report.contains("skipped  query-budget"), "{report}");
    assert!(report.contains("ok       create-jobs"), "{report}");
}

/// What does not answer is given up, and no check waits for it twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_never_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let string = format!("HostName=localhost:{port};SharedAccessKeyName=iothubowner;SharedAccessKey=c2VjcmV0");
    let begun = std::time::Instant::now();
    let report = Project::on(port, "S1").doctor().env("HUB", &string).run();
    assert!(report.contains("problem  tls"), "{report}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(40), "{report}");
}

#[test]
fn an_emulator_has_no_way_to_it() {
    let project = Project::new("hub: {emulator: {sku: S1, clock: {start: \"2026-12-01T08:00:00Z\", mode: fast}}}");
    assert_report("emulator", &project.doctor().run());
}

/// A proxy that opens tunnels.
async fn proxy() -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await?);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let to = head.split(' ').nth(1).unwrap_or_default();
                let mut hub = tokio::net::TcpStream::connect(to).await?;
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                tokio::io::copy_bidirectional(&mut stream, &mut hub).await
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_stands_between() {
    let hub = Hub::begin(&hub_config(Sku::S1, SignedDuration::ZERO)).await;
    let project = Project::on(hub.port(), "S1");
    let doctor = |port: u16| {
        let doctor = project.doctor().env("HUB", &hub.policy("iothubowner"));
        doctor.env("HTTPS_PROXY", &format!("http://user:secret@127.0.0.1:{port}")).env("NO_PROXY", "")
    };
    let proxy = proxy().await;
    assert_report("proxy", &doctor(proxy).trusting(hub.authority()).run());
    // Behind a proxy, too, the one who signed is named.
    let report = doctor(proxy).run();
    assert!(report.contains("signed by CN=hubjobs emulator") && report.contains("[tls-intercepted]"), "{report}");
    let down = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let report = doctor(down).trusting(hub.authority()).run();
    assert!(
        report.contains(&format!("the proxy 127.0.0.1:{down}: the connection was refused [no-connection]")),
        "{report}"
    );
    assert!(!report.contains("secret"), "{report}");
}

/// The password of a proxy that speaks TLS itself is not sent to it in the clear.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_speaks_tls_is_told_nothing_in_the_clear() {
    use tokio::io::AsyncReadExt as _;
    const CLIENT_HELLO: u8 = 0x16;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, mut first) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // A connection alone, as the look at the port makes it, says nothing.
            if let Ok(byte) = stream.read_u8().await {
                heard.send(byte).unwrap();
            }
        }
    });
    let project = Project::on(1, "S1");
    let secret = "HostName=localhost:1;SharedAccessKeyName=service;SharedAccessKey=c2VjcmV0";
    let proxy = format!("https://user:secret@127.0.0.1:{port}");
    let report = project.doctor().env("HUB", secret).env("HTTPS_PROXY", &proxy).env("NO_PROXY", "").run();
    assert!(report.contains("problem  tls") && !report.contains("secret"), "{report}");
    first.close();
    let mut said = Vec::new();
    while let Some(byte) = first.recv().await {
        said.push(byte);
    }
    assert!(!said.is_empty() && said.iter().all(|byte| *byte == CLIENT_HELLO), "{said:?}");
}

#[test]
fn conformance_needs_the_name_of_the_hub_and_then_agrees() {
    let project = Project::new("hub: {emulator: {sku: S2, clock: {start: \"2026-12-01T08:00:00Z\", mode: fast}}}");
    let conformance = |on: &str| project.doctor().args(&["conformance", "--on", on]);
    let refused = conformance("contoso.azure-devices.net").0.output().unwrap();
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nothing was created"), "{refused:?}");
    assert_report("conformance", &conformance("emulator").run());
    let json = conformance("emulator").args(&["-o", "json"]).run();
    let json: serde_json::Value = serde_json::from_str(json.strip_prefix("exit 0\n").unwrap()).unwrap();
    assert_eq!(json["summary"]["differs"], json!(0));
    assert_eq!(json["summary"]["unclear"], json!(0));
    assert_eq!(json["facts"].as_array().unwrap().len(), hubjobs::emulator::facts::all().count());
}
