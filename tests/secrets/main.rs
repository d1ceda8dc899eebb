//! No secret is ever written: every command, at its most talkative, with marked secrets wherever people
//! and hubs can put them, against hubs that answer well and hubs that send back what they were sent.
//! Everything that is written is searched: streams, files, what other processes can see.

#![expect(clippy::unwrap_used, reason = "a test ends with the first surprise")]

mod exposure;
#[path = "../middlebox/mod.rs"]
mod middlebox;
mod stage;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use hubjobs::emulator::state::Fidelity;
use hubjobs::emulator::{Emulator, EmulatorConfig, Exposure, Served, StateDir};
use hubjobs::model::{ClockMode, EmulatorClock, HubSize, Sku};
use middlebox::{Manner, Middlebox, answering};
use stage::{Stage, connection_string, marked, marked_key, proxy_url};
use tokio::net::TcpListener;

const HOST: &str = "marked-hub.azure-devices.net";
const PATIENCE: Duration = Duration::from_secs(60);

/// Every command, as it is tried: without a hub or with that of the default environment. `{plan}` is a
/// saved plan.
const COMMANDS: &[&[&str]] = &[
    &["init", "--owner", "x"],
    &["validate"],
    &["validate", "-o", "json"],
    &["validate", "-o", "github"],
    &["validate", "-o", "sarif"],
    &["render"],
    &["render", "--json"],
    &["policy", "test"],
    &["schema"],
    &["explain", "secret-in-manifest"],
    &["plan"],
    &["plan", "-o", "json"],
    &["plan", "-o", "markdown"],
    &["plan", "-o", "html"],
    &["plan", "-o", "github"],
    &["plan", "-o", "sarif"],
    &["plan", "--json"],
    &["plan", "--out", "plan.json"],
    &["show", "plan.json"],
    &["show", "plan.json", "-o", "html"],
    &["show", "plan.json", "-o", "json"],
    &["apply", "plan.json", "--json"],
    &["apply", "--auto-approve", "--wait"],
    &["wait", "--json"],
    &["status", "--all", "-o", "yaml"],
    &["results", "leak", "-o", "json"],
    &["results", "leak", "-o", "csv"],
    &["drift"],
    &["drift", "--json"],
    &["doctor"],
    &["doctor", "-o", "json"],
    &["doctor", "conformance", "--on", "another.example"],
    &["import", "--all"],
    &["cancel", "leak", "--auto-approve"],
    &["emulator", "seed"],
    &["emulator", "tick", "1h"],
    &["emulator", "status"],
    &["emulator", "policies"],
    &["emulator", "facts"],
    &["emulator", "faults", "add", "cancelJob: 429 x3"],
    &["emulator", "faults", "list"],
    &["emulator", "faults", "load", "nothing.txt"],
    &["emulator", "faults", "clear"],
    &["emulator", "events"],
    &["emulator", "import", "nothing.jsonl"],
    &["ci", "comment", "plan.json", "--dry-run", "--forge", "github", "--repo", "o/n"],
    &["ci", "reviewed", "--forge", "github", "--repo", "o/n"],
    &["completions", "bash"],
    &["manual", "pages"],
];

/// Commands that are tried in another way: one shows a key because it is asked to, the other one is a true
/// copy of what an emulated hub holds, and its payloads are part of that.
const ELSEWHERE: &[&str] = &["emulator start", "emulator export"];

/// Commands that speak to a hub.
const ONLINE: &[&[&str]] = &[
    &["plan"],
    &["plan", "--json"],
    &["apply", "--auto-approve"],
    &["wait"],
    &["status"],
    &["results", "leak"],
    &["cancel", "leak", "--auto-approve"],
    &["drift"],
    &["import", "--all"],
    &["doctor"],
];

fn project() -> String {
    format!(
        "apiVersion: hubjobs.dev/v1\nkind: Project\nmetadata: {{name: p}}\nspec:\n  \
         ownerId: 2c9f2f0e-5d06-4c3a-a1ff-6c4b3a1f7d20\n  owner: p\n  manifests: [\"jobs/*.yaml\"]\n  \
         environments:\n    local:\n      \
         hub: {{emulator: {{fleet: fleet.yaml, sku: S3, clock: {{start: \"2026-12-01T08:00:00Z\", mode: fast}}}}}}\n      \
         prune: cancelScheduled\n    prod:\n      \
         hub: {{hostName: {HOST}, auth: {{connectionStringEnv: MARKED_HUB}}, sku: S1}}\n      prune: never\n"
    )
}

/// Secrets where people put them by mistake: in a payload, in a condition, in a comment.
fn manifest() -> String {
    format!(
        "# ghp_{token}\napiVersion: hubjobs.dev/v1\nkind: MethodJob\nmetadata: {{name: leak}}\nspec:\n  \
         target: {{condition: \"tags.building = '43' AND tags.x != 'SharedAccessKey={token}'\"}}\n  \
         expectDevices: {{max: 1000}}\n  schedule: {{asap: {{notAfter: \"2026-12-04T22:00:00Z\"}}}}\n  \
         maxExecutionTime: 10m\n  \
         method: {{name: lockDoor, payload: {{url: \"https://me:{token}@h/x\", accessToken: \"{token}\"}}}}\n",
        token = marked("manifest")
    )
}

fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.write("hubjobs.yaml", &project());
    stage.write("jobs/leak.yaml", &manifest());
    let fleet = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cli/apply.in/fleet.yaml");
    stage.write("fleet.yaml", &std::fs::read_to_string(fleet).unwrap());
    for variable in [
        "AZURE_CLIENT_SECRET",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "SYSTEM_ACCESSTOKEN",
        "IDENTITY_HEADER",
        "GITHUB_TOKEN",
        "GITLAB_TOKEN",
        "CI_JOB_TOKEN",
        "BITBUCKET_TOKEN",
    ] {
        stage.set_secret(variable);
    }
    let (key, plan_key) = (marked_key("hub"), marked_key("plan"));
    stage.set("MARKED_HUB", &connection_string(HOST, &key));
    stage.set("HUBJOBS_PLAN_KEY", &plan_key);
    stage.guard(&key);
    stage.guard(&plan_key);
    stage.guard(&format!("proxyuser:{}", marked("proxy")));
    stage
}

/// The manifests were written with secrets in them, and an emulated hub keeps the jobs made of them.
fn may_hold_secrets(file: &str) -> bool {
    file.starts_with("project/jobs/") || file.starts_with("project/.hubjobs/")
}

/// A hub that is served over plain HTTP, for the far side of a middlebox.
async fn serve(folder: &std::path::Path) -> Served {
    let config = EmulatorConfig {
        size: HubSize { sku: Sku::S1, units: NonZeroU32::MIN },
        clock: EmulatorClock { start: None, mode: ClockMode::Real },
        fleet: None,
        fidelity: Fidelity::default(),
        snapshot_after: hubjobs::emulator::SNAPSHOT_AFTER,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let exposure = Exposure { names: vec![HOST.parse().unwrap()], ..Exposure::plain(listener) };
    Emulator::open(&StateDir::new(folder), &config).unwrap().serve_on(exposure).await.unwrap()
}

#[test]
fn every_command_is_tried() {
    let known: BTreeSet<String> = hubjobs::cli::commands().into_iter().collect();
    let is_of = |words: &[&str], command: &str| format!("{} ", words.join(" ")).starts_with(&format!("{command} "));
    let tried = known.iter().filter(|command| COMMANDS.iter().any(|words| is_of(words, command)));
    let tried: BTreeSet<String> = tried.cloned().chain(ELSEWHERE.iter().map(|name| (*name).to_owned())).collect();
    assert_eq!(tried, known, "a command has no case among `COMMANDS`");
}

#[test]
fn no_command_shows_a_secret() {
    let stage = stage();
    let mut did = String::new();
    for words in COMMANDS {
        let shown = stage.run(words, PATIENCE);
        stage.check_text(&shown.words, &shown.text);
        stage.check_files(may_hold_secrets);
        assert!(!shown.text.contains("unexpected argument"), "{shown:?}");
        did.push_str(&shown.text);
    }
    for work in ["secret-in-manifest", "SharedAccessKey=****", "created", "is therefore no input"] {
        assert!(did.contains(work), "the commands did not come to `{work}`");
    }
    assert!(std::fs::read_to_string(stage.path("plan.json")).unwrap().contains("***"), "the payload is in the plan");
}

/// Answers of hubs that send back what they were sent. `{auth}` is the header of the request.
const ECHOES: &[(&str, &str, &str)] = &[
    (
        "401 Unauthorized",
        "iothub-errorcode: IotHubUnauthorizedAccess\r\nx-ms-request-id: {auth}\r\n",
        r#"{"Message":"ErrorCode:IotHubUnauthorizedAccess;no {auth}","ExceptionMessage":"Tracking ID:{auth}"}"#,
    ),
    ("403 Forbidden", "", r#"{"errorCode":403002,"message":"no {auth}","trackingId":"{auth}"}"#),
    ("400 Bad Request", "iothub-errorcode: {auth}\r\n", r#"{"errorCode":"{auth}","message":"{auth}"}"#),
    ("302 Found", "Location: https://elsewhere.example/{auth}\r\n", "<html>{auth}</html>"),
    ("200 OK", "x-ms-continuation: {auth}\r\n", r#"{"jobId":"{auth}"}"#),
    (
        "200 OK",
        "x-ms-continuation: {auth}\r\n",
        r#"[{"jobId":"{auth}","type":"scheduleDeviceMethod","status":"failed","failureReason":"{auth}","deviceId":"{auth}"}]"#,
    ),
];

fn echo((status, headers, body): (&str, &str, &str), head: &str) -> String {
    let auth = header(head, "authorization").or_else(|| header(head, "private-token")).unwrap_or_default();
    let [headers, body] = [headers, body].map(|text| text.replace("{auth}", auth));
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let of_name = |line: &'a str| line.split_once(": ").filter(|(known, _)| known.eq_ignore_ascii_case(name));
    head.lines().find_map(of_name).map(|(_, value)| value)
}

/// Puts a middlebox that asks for the marked password between the stage and a hub.
async fn between(stage: &mut Stage, upstream: SocketAddr) -> Middlebox {
    let password: &'static str = marked("proxy").leak();
    let middlebox = Middlebox::start(Manner::InspectAfterPassword("proxyuser", password), upstream).await;
    stage.write("ca.pem", &middlebox.authority.pem);
    let ca = stage.path("ca.pem").to_string_lossy().into_owned();
    stage.set("HUBJOBS_CA_FILE", &ca);
    stage.set("HTTPS_PROXY", &proxy_url(middlebox.address));
    middlebox
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_shown_of_a_hub_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let served = serve(folder.path()).await;
    let mut stage = stage();
    let key = served.connection_string().rsplit("SharedAccessKey=").next().unwrap().to_owned();
    stage.set("MARKED_HUB", &connection_string(HOST, &key));
    stage.guard(&key);
    let middlebox = between(&mut stage, served.address()).await;
    for words in ONLINE {
        let words: Vec<&str> = words.iter().copied().chain(["-e", "prod"]).collect();
        let shown = stage.run(&words, PATIENCE);
        assert!(shown.text.contains("hub call"), "it did not come to the hub: {shown:?}");
        stage.check_text(&shown.words, &shown.text);
        stage.check_files(may_hold_secrets);
    }
    assert!(!middlebox.heads().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_shown_of_a_hub_that_sends_it_back() {
    for (number, answer) in ECHOES.iter().copied().enumerate() {
        let sent = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = std::sync::Arc::clone(&sent);
        let upstream = answering(move |head| {
            seen.lock().unwrap().extend(header(head, "authorization").map(str::to_owned));
            echo(answer, head)
        })
        .await;
        let mut stage = stage();
        let _middlebox = between(&mut stage, upstream).await;
        // Each answer is tried with a part of the commands: together, each command gets each kind.
        for words in ONLINE.iter().skip(number % 3).step_by(3) {
            let words: Vec<&str> = words.iter().copied().chain(["-e", "prod"]).collect();
            let shown = stage.run(&words, Duration::from_secs(10));
            for token in sent.lock().unwrap().drain(..) {
                let signature = token.split("sig=").nth(1).and_then(|rest| rest.split('&').next()).unwrap();
                stage.guard(&signature.replace("%3D", ""));
                stage.guard(&signature.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/"));
            }
            assert!(shown.text.contains("hub call"), "it did not come to the hub: {shown:?}");
            stage.check_text(&shown.words, &shown.text);
            stage.check_files(may_hold_secrets);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_shown_of_a_forge_that_sends_it_back() {
    for (answer, forge) in ECHOES.iter().copied().zip(["github", "gitlab", "azure", "bitbucket", "gitlab", "github"]) {
        let upstream = answering(move |head| echo(answer, head)).await;
        let mut stage = stage();
        let repo = if forge == "azure" { "p/n" } else { "o/n" };
        let place =
            ["--forge", forge, "--repo", repo, "--api-url", "https://forge.invalid/o", "--commit", "0123456789abcdef"];
        assert_eq!(stage.run(&["plan", "--out", "plan.json"], PATIENCE).code, Some(0));
        let middlebox = between(&mut stage, upstream).await;
        for words in [&["ci", "comment", "plan.json", "--pr", "1"][..], &["ci", "reviewed"]] {
            let words: Vec<&str> = words.iter().copied().chain(place).collect();
            let shown = stage.run(&words, Duration::from_secs(10));
            stage.check_text(&shown.words, &shown.text);
            stage.check_files(may_hold_secrets);
        }
        assert!(!middlebox.heads().is_empty(), "{forge} was not asked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_shown_of_a_proxy_that_refuses() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    for manner in [Manner::Refuse, Manner::HangUp, Manner::Nonsense, Manner::InspectAfterPassword("other", "other")] {
        let mut stage = stage();
        let middlebox = Middlebox::start(manner, nowhere).await;
        stage.set("HTTPS_PROXY", &proxy_url(middlebox.address));
        let shown = stage.run(&["status", "-e", "prod"], Duration::from_secs(5));
        stage.check_text(&shown.words, &shown.text);
        assert!(!middlebox.heads().is_empty(), "{shown:?}");
    }
    for url in
        ["http://proxyuser:{}@[", "proxyuser:{}@proxy", "htp://proxyuser:{}@127.0.0.1:9", "http://u:{}@127.0.0.1:9"]
    {
        let mut stage = stage();
        stage.set("HTTPS_PROXY", &url.replace("{}", &marked("proxy")));
        let shown = stage.run(&["status", "-e", "prod"], Duration::from_secs(5));
        stage.check_text(&shown.words, &shown.text);
    }
}

/// A secret that was pasted into the wrong place of a command line is not repeated.
#[test]
fn a_secret_on_the_command_line_is_not_repeated() {
    let stage = stage();
    let secret = connection_string(HOST, &marked_key("hub"));
    for words in [
        &["plan", &secret][..],
        &["-e", &secret, "plan"],
        &["plan", "--hub", &secret],
        &[&secret],
        &["plan", "-l", &secret],
    ] {
        let shown = stage.run(words, PATIENCE);
        assert_eq!(shown.code, Some(1), "{shown:?}");
        stage.check_text("a wrong word", &shown.text);
    }
}

/// No option takes a secret: other users of a machine can list the words of a command.
#[test]
fn no_option_takes_a_secret() {
    let names = ["key", "secret", "token", "password", "credential", "connection"];
    let known = ["--show-keys", "--without-keys", "--virtual-token-time"];
    for command in hubjobs::cli::commands() {
        let stage = Stage::new();
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = stage.run(&words, PATIENCE).text;
        let options = help.split_whitespace().filter(|word| word.starts_with("--"));
        let options: BTreeSet<&str> = options.map(|word| word.trim_end_matches([',', '.', ';', ')', '`'])).collect();
        let suspects = options.iter().filter(|option| names.iter().any(|name| option.contains(name)));
        let unknown: Vec<_> = suspects.filter(|option| !known.contains(option)).collect();
        assert!(unknown.is_empty(), "`{command}` has {unknown:?}");
    }
}

#[cfg(target_os = "linux")]
mod process {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
    use std::os::unix::process::CommandExt as _;

    use super::*;

    /// Other processes of the user read neither the memory nor the environment, and there is no core file.
    #[test]
    fn the_memory_of_the_process_is_its_own() {
        let stage = stage();
        let mut command = stage.command(&["emulator", "start", "--https-port", "0", "--mqtt-port", "0"]);
        // Files of a process belong to its user, unless its memory is its own: then to root. Who is root
        // cannot tell, so the process is somebody else's.
        let folder = tempfile::tempdir().unwrap();
        let is_root = std::fs::metadata(folder.path()).unwrap().uid() == 0;
        if is_root {
            std::fs::set_permissions(stage.path("").parent().unwrap(), PermissionsExt::from_mode(0o777)).unwrap();
            std::fs::set_permissions(stage.path(""), PermissionsExt::from_mode(0o777)).unwrap();
            command.uid(65534);
        }
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let of_process = |file: &str| format!("/proc/{}/{file}", child.id());
        let (limits, words) =
            (std::fs::read_to_string(of_process("limits")), std::fs::read(of_process("cmdline")).unwrap());
        let owner = std::fs::metadata(of_process("environ")).unwrap().uid();
        child.kill().unwrap();
        let mut errors = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut errors).unwrap();
        child.wait().unwrap();
        assert!(line.starts_with("HostName="), "it serves: {line}{errors}");
        assert_eq!(owner, 0, "its memory can be read");
        let limits = limits.unwrap();
        let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(cores.split_whitespace().collect::<Vec<_>>()[4..], ["0", "0", "bytes"]);
        stage.check_text("the list of processes", &String::from_utf8_lossy(&words));
        stage.check_text("its log", &errors);
    }

    /// What holds the keys of an emulator is for its owner alone, and is nowhere else.
    #[test]
    fn keys_of_the_emulator_stay_in_its_own_files() {
        let mut stage = stage();
        stage.write("jobs/leak.yaml", &manifest().replace(&marked("manifest"), "nothing"));
        stage.run(&["apply", "--auto-approve", "--wait"], PATIENCE);
        let keys = std::fs::read_to_string(stage.path(".hubjobs/local/keys.json")).unwrap();
        let keys: Vec<_> = keys.split('"').filter(|word| word.len() >= 40).map(str::to_owned).collect();
        assert!(keys.len() >= 10, "two keys for each policy");
        keys.iter().for_each(|key| stage.guard(key));
        let mut with_keys = BTreeSet::new();
        for file in stage.files("") {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            if keys.iter().any(|key| text.contains(key)) {
                let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{}", file.display());
                with_keys.insert(file.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
        let may = |file: &str| file == "keys.json" || file == "endpoint.json";
        assert!(with_keys.iter().all(|file| may(file)), "{with_keys:?}");
        let without: &[&[&str]] = &[&["emulator", "export", "--without-keys"], &["emulator", "policies"], &["status"]];
        for words in without {
            let shown = stage.run(words, PATIENCE);
            assert_eq!(shown.code, Some(0), "{shown:?}");
            stage.check_text(&shown.words, &shown.text);
        }
    }
}
